"""The Model Context Protocol: every operation as a tool, for hosts on this machine (stdio) and elsewhere (HTTP)."""

from dot_ai_lifecycle.faces.mcp.http import serve_http
from dot_ai_lifecycle.faces.mcp.stdio import serve_stdio

__all__ = ["serve_http", "serve_stdio"]
