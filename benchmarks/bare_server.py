"""The least an MCP server in Python can be: the SDK and one tool. What ours costs is measured against it.

`bare_server.py` speaks on stdin and stdout, `bare_server.py PORT` over streamable HTTP without sessions.
"""

import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("bare", log_level="WARNING")


@server.tool()
def double(x: int) -> str:
    """Twice the number."""
    return str(2 * x)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), stateless_http=True)
    else:
        server.run("stdio")
