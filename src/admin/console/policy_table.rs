//! What each rule of a policy is called on the pages.

use super::settings_form::{Group, Kind, plain};

/// What discovery names as served, and what it is called here.
const METHODS: &[(&str, &str)] = &[
    ("client_secret_basic", "secret, in the Authorization header"),
    ("client_secret_post", "secret, in the form"),
    ("private_key_jwt", "signed by the application's key"),
    ("client_secret_jwt", "signed with the secret"),
    ("none", "public application, nothing to keep secret"),
];

/// The rules of a policy.
pub const POLICY: &[Group] = &[
    Group {
        id: "of-grants",
        title: "Grants and authentication",
        note: "What is not allowed is left out of a registration, and the answer says so.",
        settings: &[
            plain(
                "grant_types",
                "Grants",
                "",
                Kind::SomeOf(&[
                    ("authorization_code", "a person signs in"),
                    ("refresh_token", "stays signed in"),
                    ("client_credentials", "acts for itself"),
                ]),
            ),
            plain("auth_methods", "Authentication methods", "", Kind::SomeOf(METHODS)),
            plain(
                "default_auth_method",
                "An application that names no method gets",
                "",
                Kind::DefaultMethod(&[
                    ("by_application_type", "none for browser and native types, else a secret"),
                    ("by_redirect_kind", "none for redirects on the device, else a secret"),
                    ("none", "none"),
                    ("client_secret_basic", "client_secret_basic"),
                    ("client_secret_post", "client_secret_post"),
                    ("private_key_jwt", "private_key_jwt"),
                ]),
            ),
            plain(
                "require_pkce",
                "PKCE (S256) is required of",
                "",
                Kind::OneOf(&[
                    ("public_clients", "applications without a secret or key"),
                    ("all_clients", "every application"),
                    ("none", "none"),
                ]),
            ),
        ],
    },
    Group {
        id: "of-scopes",
        title: "Scopes and resources",
        note: "",
        settings: &[
            plain(
                "scopes",
                "Allowed scopes",
                "With blanks between; none: those flagged as self-registrable. Reserved scopes are never allowed.",
                Kind::ScopeRule,
            ),
            plain(
                "default_scope",
                "Default scopes",
                "For an application that ends with none. With blanks between.",
                Kind::Text,
            ),
            plain("scope_is_ceiling", "The registered scopes are the most it can ask for later", "", Kind::Switch),
            plain(
                "resources",
                "Resources granted for client credentials",
                "Identifiers, one in each line.",
                Kind::Lines,
            ),
        ],
    },
    Group {
        id: "of-redirects",
        title: "Redirect URIs",
        note: "",
        settings: &[
            plain(
                "redirect_kinds",
                "Kinds",
                "",
                Kind::SomeOf(&[
                    ("https", "https"),
                    ("loopback", "http to localhost, 127.0.0.1 or [::1]"),
                    ("private_use", "a scheme of an application on a device"),
                ]),
            ),
            plain(
                "allowed_redirect_hosts",
                "Only these https hosts",
                "One in each line; none: all. .example.com is everything below.",
                Kind::Lines,
            ),
            plain("denied_redirect_hosts", "Never these https hosts", "One in each line.", Kind::Lines),
        ],
    },
    Group {
        id: "of-lifetimes",
        title: "Lifetimes and limits",
        note: "Empty: without end or limit.",
        settings: &[
            plain("access_token_lifetime", "Access tokens live", "Empty: as the domain says.", Kind::Duration),
            plain("secret_lifetime", "Secrets live", "", Kind::Duration),
            plain("secret_grace", "A superseded secret works on for", "0 ends it at once.", Kind::Duration),
            plain("remove_unused_after", "An application never used is removed after", "", Kind::Duration),
            plain(
                "quota",
                "Applications of one registrant",
                "For open registration: never-used ones from one address.",
                Kind::Number,
            ),
            plain(
                "max_record_length",
                "Longest record in characters",
                "APIM stores 4000; longer ones would be lost there.",
                Kind::Number,
            ),
        ],
    },
    Group {
        id: "of-state",
        title: "What applications are born with",
        note: "",
        settings: &[
            plain(
                "initial_status",
                "State",
                "",
                Kind::OneOf(&[("active", "active at once"), ("pending", "waits for an administrator's approval")]),
            ),
            plain("client_id_prefix", "Client ids begin with", "", Kind::Line),
            plain("templates", "Templates that may be named in software_id", "One in each line.", Kind::Lines),
            plain("rotate_registration_token", "Each update gives a new registration access token", "", Kind::Switch),
            plain("require_software_statement", "Only with a software statement", "", Kind::Switch),
            plain("defaults", "Supplied where left open", "A JSON object of metadata members.", Kind::Json),
            plain("fixed", "Always so, whatever is asked for", "A JSON object of metadata members.", Kind::Json),
        ],
    },
];

/// Where a new policy starts.
pub const START: Group = Group {
    id: "start",
    title: "It starts from",
    note: "You change the rules on the next page.",
    settings: &[
        plain("name", "Name", "Letters, digits, '-', '_' and '.'. It cannot be changed later.", Kind::Text),
        plain("preset", "Preset", "", Kind::OneOf(&[("gateway", "API gateway (APIM)"), ("mcp", "MCP clients")])),
        plain("copy_of", "Or a copy of the policy", "Its name; empty: the preset.", Kind::Line),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client_auth::METHOD_NAMES;

    #[test]
    fn what_is_served_is_offered_and_nothing_else() {
        assert_eq!(METHODS.iter().map(|(method, _)| *method).collect::<Vec<_>>(), METHOD_NAMES);
        let settings = POLICY.iter().flat_map(|group| group.settings);
        let kinds = settings.filter(|setting| setting.name == "default_auth_method").map(|setting| setting.kind);
        for kind in kinds {
            let Kind::DefaultMethod(options) = kind else { panic!("{kind:?}") };
            let methods = options.iter().filter(|(method, _)| !method.starts_with("by_"));
            assert!(methods.clone().count() > 0 && methods.clone().all(|(method, _)| METHOD_NAMES.contains(method)));
        }
    }
}
