//! Metadata documents of widely used MCP clients, reconstructed from how these clients behave.
//!
//! Their servers turn some servers away (bot filters) or fail at times. Where such a document cannot be fetched and
//! none is stored, this copy stands for it. It holds no secret and no key: redirect URIs are what protects a client,
//! and a document that can be fetched always wins.

use serde_json::{Value, json};

/// One reconstructed document.
#[derive(Debug, Clone, Copy)]
struct KnownDocument {
    client_id: &'static str,
    client_name: &'static str,
    redirect_uris: &'static [&'static str],
    /// Where its keys are, for a client that proves one.
    jwks_uri: Option<&'static str>,
}

/// Only clients whose redirect URIs are known are listed.
const KNOWN: &[KnownDocument] = &[
    KnownDocument {
        client_id: "https://vscode.dev/oauth/client-metadata.json",
        client_name: "Visual Studio Code",
        redirect_uris: &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
        jwks_uri: None,
    },
    KnownDocument {
        client_id: "https://claude.ai/oauth/claude-code-client-metadata",
        client_name: "Claude Code",
        redirect_uris: &["http://localhost/callback", "http://127.0.0.1/callback"],
        jwks_uri: None,
    },
    KnownDocument {
        client_id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
        client_name: "Claude",
        redirect_uris: &["https://claude.ai/api/mcp/auth_callback"],
        jwks_uri: None,
    },
    KnownDocument {
        client_id: "https://chatgpt.com/oauth/client.json",
        client_name: "ChatGPT",
        redirect_uris: &["https://chatgpt.com/connector_platform_oauth_redirect"],
        jwks_uri: Some("https://chatgpt.com/oauth/jwks.json"),
    },
    KnownDocument {
        client_id: "https://zed.dev/oauth/client-metadata.json",
        client_name: "Zed",
        redirect_uris: &["http://127.0.0.1/callback"],
        jwks_uri: None,
    },
];

/// The built-in copy of a document, as its server would send it.
pub fn built_in(client_id: &str) -> Option<Value> {
    let known = KNOWN.iter().find(|known| known.client_id == client_id)?;
    let mut document = json!({
        "client_id": known.client_id,
        "client_name": known.client_name,
        "redirect_uris": known.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    if let Some(uri) = known.jwks_uri {
        document["token_endpoint_auth_method"] = "private_key_jwt".into();
        document["token_endpoint_auth_methods_supported"] = json!(["none", "private_key_jwt"]);
        document["token_endpoint_auth_signing_alg"] = "RS256".into();
        document["jwks_uri"] = uri.into();
    }
    Some(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client_id_document::{is_document_id, read_document};
    use crate::model::registration::normalize::normalize;
    use crate::model::registration::policy::{Policy, PolicyInput, apply};
    use crate::model::registration::rules::{check, testing::CONTEXT};

    #[test]
    fn every_copy_is_a_document_that_the_preset_for_mcp_clients_takes() {
        for known in KNOWN {
            assert!(is_document_id(known.client_id), "{known:?}");
            let members = read_document(known.client_id, built_in(known.client_id).unwrap()).unwrap();
            let verified = check(normalize(members).unwrap().metadata, &CONTEXT).unwrap();
            let input = PolicyInput { verified, context: &CONTEXT, scopes: &[], current: None };
            let metadata = apply(&Policy::mcp(), input).unwrap().metadata;
            assert_eq!(metadata.redirects(), known.redirect_uris);
        }
        assert_eq!(built_in("https://vscode.dev/oauth/other.json"), None);
    }
}
