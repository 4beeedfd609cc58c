//! Keys: the master key, the data keys it wraps, and the signing keys of each domain.
//!
//! # Design
//! The master key only wraps. What hashes and seals are random data keys kept in the database under it, so that the
//! master key can be replaced in one transaction and a copy of the database alone reveals nothing.

pub mod argon2_pool;
pub mod data_keys;
pub mod generate;
pub mod jwks;
pub mod master_key;
pub mod rotation;
pub mod signer;
