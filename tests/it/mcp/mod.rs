//! MCP clients from discovery to the answer of a protected server, and what each of them needs on the way.

mod clients;
mod consequences;
mod specification;
mod tutorial;
