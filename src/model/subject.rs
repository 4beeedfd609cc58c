//! By which name a client knows a person: everywhere the same, or one per sector (OpenID Connect Core §8).

use super::client::Client;
use super::redirect_uri::RedirectUri;

/// The sector of a client with pairwise subjects: the host of its sector document, else of its redirect URIs (OIDC Core
/// §8.1). `None`: the client takes public subjects, which is the default.
pub fn sector(client: &Client) -> Option<String> {
    let metadata = &client.metadata;
    if metadata.subject_type.as_deref() != Some("pairwise") {
        return None;
    }
    let host = |uri: &String| RedirectUri::parse(uri).map(|uri| uri.host().unwrap_or(uri.as_str()).to_owned()).ok();
    let document = metadata.sector_identifier_uri.as_ref().and_then(host);
    // The first by the alphabet: another order of the URIs makes nobody a stranger.
    let redirect = || metadata.redirects().iter().filter_map(host).min();
    Some(document.or_else(redirect).unwrap_or_else(|| client.client_id.0.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::client::{ClientSettings, ClientStatus, Origin, Registration};
    use crate::model::id::{ClientId, DomainId};
    use crate::model::time::{Clock, UnixTime};

    fn sector_of(metadata: Value) -> Option<String> {
        let clock = Clock::manual(UnixTime(1));
        sector(&Client {
            domain_id: DomainId::new(&clock),
            client_id: ClientId("c".to_owned()),
            origin: Origin::Open,
            status: ClientStatus::Active,
            registrant: None,
            policy_id: None,
            metadata: serde_json::from_value(metadata).unwrap(),
            settings: ClientSettings::default(),
            registration: Registration::default(),
            registration_token: None,
            previous_registration_token: None,
            tokens_not_before: UnixTime(0),
            version: 1,
            created_at: clock.now(),
            updated_at: clock.now(),
        })
    }

    #[test]
    fn the_sector_is_the_host_of_the_document_else_of_the_redirect_uris() {
        let uris = json!(["https://b.example/cb", "https://a.example:8443/cb"]);
        assert_eq!(sector_of(json!({"redirect_uris": uris})), None);
        assert_eq!(sector_of(json!({"redirect_uris": uris, "subject_type": "public"})), None);
        let pairwise = |uris: Value, document: Value| {
            sector_of(json!({"redirect_uris": uris, "subject_type": "pairwise", "sector_identifier_uri": document}))
        };
        assert_eq!(pairwise(uris.clone(), json!("https://s.example/x")).as_deref(), Some("s.example"));
        assert_eq!(pairwise(uris, json!(null)).as_deref(), Some("a.example"));
        assert_eq!(pairwise(json!(["com.app:/cb"]), json!(null)).as_deref(), Some("com.app:/cb"));
        assert_eq!(pairwise(json!([]), json!(null)).as_deref(), Some("c"));
    }
}
