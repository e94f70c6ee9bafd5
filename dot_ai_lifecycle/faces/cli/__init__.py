"""The command line: a face of the same operations as MCP, for people at a terminal and for scripts."""
