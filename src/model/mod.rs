//! The nouns: plain data and pure rules. No I/O and no HTTP here.

pub mod audit_event;
pub mod authorization;
pub mod client;
pub mod client_id_document;
pub mod client_metadata;
pub mod consent;
pub mod domain;
pub mod id;
pub mod interaction;
pub mod json;
pub mod known_client_documents;
pub mod known_clients;
pub mod oauth_error;
pub mod pkce;
pub mod protected_resource;
pub mod random;
pub mod redirect_uri;
pub mod registration;
pub mod resource;
pub mod scope;
pub mod secret;
pub mod session;
pub mod signing_key;
pub mod subject;
pub mod time;
pub mod user;
