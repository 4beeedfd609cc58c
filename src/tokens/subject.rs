//! The `sub` by which a client knows a person (OpenID Connect Core §8.1).

use crate::keys::data_keys::{DataKeys, HashPurpose};
use crate::model::client::Client;
use crate::model::id::UserId;
use crate::model::random;
use crate::model::subject::sector;

/// The subject: the user's id, or a keyed hash of it and the client's sector, so that two sectors cannot tell that they
/// know the same person.
pub fn subject(keys: &DataKeys, client: &Client, user_id: UserId) -> String {
    match sector(client) {
        None => user_id.to_string(),
        // A host holds no blank.
        Some(sector) => random::encode(&keys.hash(HashPurpose::PairwiseSubject, &format!("{sector} {user_id}"))),
    }
}
