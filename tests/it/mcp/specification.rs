//! What the MCP specification asks of an authorization server, row by row (revision 2026-07-28, authorization).
