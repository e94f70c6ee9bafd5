"""Clients nobody here wrote: the protocol's own conformance suite, and the MCP Inspector's command line."""
