//! Registration and its management (RFC 7591, RFC 7592).

mod access;
mod audit;
mod content_addressed;
mod documents;
mod initial_access_tokens;
mod metadata;
mod policies;
mod secrets;
mod statements;
mod templates;
mod updates;
