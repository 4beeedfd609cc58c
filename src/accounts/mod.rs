//! What a person does in a browser: log in, sign up, decide about a client, look after their account.
//!
//! # Design
//! A page knows nothing of the protocol: it notes in the interaction what the person did, and sends the browser back
//! to the authorization endpoint. Every error is an [`OAuthError`](crate::model::oauth_error::OAuthError), which the
//! edge shows as a page.

pub mod account;
mod applications;
mod arrive;
mod asking;
pub mod consent;
mod form;
pub mod login;
pub mod look;
mod mail;
pub mod password;
mod profile;
mod respond;
pub mod sign_up;
pub mod verify;
