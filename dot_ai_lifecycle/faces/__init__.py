"""How people and programs reach the operations: MCP and the command line."""
