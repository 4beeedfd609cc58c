//! What each setting of a domain is called on the pages, and what it opens.

use super::settings_form::{Group, Kind, plain, risky};

/// The settings of a domain that are not about registration.
pub const DOMAIN: &[Group] = &[
    Group {
        id: "access-tokens",
        title: "Access tokens",
        note: "",
        settings: &[
            plain(
                "access_token_lifetime",
                "Lifetime in seconds",
                "Between 10 and 31536000; an application, policy or MCP server may have a shorter one.",
                Kind::Number,
            ),
            plain(
                "access_token_algorithm",
                "Signed with",
                "RS256 is understood by every gateway and library.",
                Kind::OneOf(&[("RS256", "RS256"), ("ES256", "ES256")]),
            ),
            plain(
                "client_token_type",
                "Type of tokens for the application itself",
                "Gateways' plugins take JWT; at+jwt is RFC 9068.",
                Kind::OneOf(&[("JWT", "JWT"), ("at+jwt", "at+jwt")]),
            ),
            plain(
                "resource_token_type",
                "Type of tokens for MCP servers and other resources",
                "at+jwt keeps an access token from being taken for another kind of token.",
                Kind::OneOf(&[("at+jwt", "at+jwt"), ("JWT", "JWT")]),
            ),
            plain(
                "default_resource",
                "Default resource",
                "What tokens of openly registered applications are for when a request names nothing: an identifier of an MCP server here.",
                Kind::Line,
            ),
        ],
    },
    Group {
        id: "logins",
        title: "Sessions and refresh tokens",
        note: "All in seconds.",
        settings: &[
            plain("session_idle_lifetime", "A browser session ends unused after", "86400 is one day.", Kind::Number),
            plain(
                "session_lifetime",
                "A browser session ends at the latest after",
                "2592000 is 30 days.",
                Kind::Number,
            ),
            plain(
                "refresh_token_idle_lifetime",
                "A refresh token ends unused after",
                "7776000 is 90 days.",
                Kind::Number,
            ),
            plain(
                "refresh_token_lifetime",
                "A login in an application ends at the latest after",
                "However often it is refreshed. 31536000 is one year.",
                Kind::Number,
            ),
        ],
    },
    Group {
        id: "secrets",
        title: "Secrets and introspection",
        note: "",
        settings: &[
            plain(
                "client_secret_hash",
                "Generated secrets are kept as",
                "Generated secrets have 256 random bits: a keyed hash is enough, and fast. Choose Argon2id where rules demand it.",
                Kind::OneOf(&[("hmac-sha256", "Keyed hash (HMAC-SHA-256)"), ("argon2id", "Argon2id")]),
            ),
            risky(
                "introspection_by_get",
                "Introspection answers GET",
                "For gateway plugins that know nothing else.",
                "Tokens then stand in URLs, and URLs in logs.",
            ),
        ],
    },
    Group {
        id: "statements",
        title: "Software statements",
        note: "Whose signed statements about software are believed (RFC 7591 section 2.3).",
        settings: &[plain(
            "software_statement_issuers",
            "Issuers",
            "A JSON list: [{\"issuer\": \"https://...\", \"jwks_uri\": \"https://...\"}]. Instead of jwks_uri, jwks holds the public keys.",
            Kind::Json,
        )],
    },
];

/// The settings of a domain about who may register, and what.
pub const REGISTRATION: &[Group] = &[
    Group {
        id: "who",
        title: "Who may register",
        note: "",
        settings: &[
            plain(
                "registration",
                "Client registration",
                "API gateways and holders of initial access tokens register applications here (RFC 7591). This one switch is all that Gravitee APIM needs.",
                Kind::Switch,
            ),
            risky(
                "open_registration",
                "Open registration",
                "Anybody may register, without a token. MCP clients need this or client ID metadata documents.",
                "Strangers make applications here; the policy below bounds what they get.",
            ),
            risky(
                "registrars_manage_all",
                "Gateways manage each other's applications",
                "A gateway registrar reaches every application that a gateway or an initial access token registered, not only its own.",
                "One stolen gateway secret reaches the applications of all.",
            ),
            risky(
                "quick_start",
                "Quick start",
                "Open registration, metadata documents and unregistered resources, while only this machine reaches the server.",
                "Does nothing on a server that others reach.",
            ),
            risky(
                "allow_unregistered_resources",
                "Unregistered resources",
                "Tokens may be for MCP servers that nobody registered, while only this machine reaches the server.",
                "Whoever runs a resource on this machine can have tokens for it.",
            ),
        ],
    },
    Group {
        id: "policies",
        title: "Under which policy",
        note: "A policy says what may be asked for: grants, scopes, redirect URIs, http to this machine.",
        settings: &[
            plain(
                "gateway_policy",
                "API gateways and initial access tokens",
                "Unless the gateway registrar or the token names another.",
                Kind::Policy,
            ),
            plain("open_policy", "Open registration and metadata documents", "", Kind::Policy),
        ],
    },
    Group {
        id: "documents",
        title: "Client ID metadata documents",
        note: "A URL stands for the application; its metadata is fetched from there.",
        settings: &[
            risky(
                "client_documents",
                "Take metadata documents",
                "MCP clients that publish one need not register.",
                "The server fetches documents from addresses that strangers name; allow and deny lists narrow it.",
            ),
            plain(
                "client_document_allowed_hosts",
                "Only from these hosts",
                "One in each line; none: from all. *.example.com is everything below.",
                Kind::Lines,
            ),
            plain("client_document_denied_hosts", "Never from these hosts or URLs", "One in each line.", Kind::Lines),
        ],
    },
    Group {
        id: "blocked",
        title: "Blocked redirect hosts",
        note: "Counts at once, for applications that are registered already as well.",
        settings: &[plain(
            "blocked_redirect_hosts",
            "No answer ever goes to",
            "One host in each line; .example.com is everything below.",
            Kind::Lines,
        )],
    },
];

const METHODS: &[(&str, &str)] = &[
    ("client_secret_basic", "secret, in the Authorization header"),
    ("client_secret_post", "secret, in the form"),
    ("private_key_jwt", "signed by the application's key"),
    ("client_secret_jwt", "signed with the secret"),
    ("tls_client_auth", "certificate of an authority"),
    ("self_signed_tls_client_auth", "certificate of its own"),
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
                    ("authorization_code", "a person logs in"),
                    ("refresh_token", "stays logged in"),
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
        note: "In seconds; empty: without end or limit.",
        settings: &[
            plain("access_token_lifetime", "Access tokens live", "Empty: as the domain says.", Kind::Number),
            plain("secret_lifetime", "Secrets live", "", Kind::Number),
            plain(
                "secret_grace",
                "A superseded secret works on for",
                "86400 is one day, 0 ends it at once.",
                Kind::Number,
            ),
            plain(
                "remove_unused_after",
                "An application never used is removed after",
                "2592000 is 30 days.",
                Kind::Number,
            ),
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

/// What a scope is.
pub const SCOPE: &[Group] = &[Group {
    id: "scope",
    title: "The scope",
    note: "",
    settings: &[
        plain("label", "Label", "A short name for people.", Kind::Line),
        plain("description", "Description", "What it allows: the consent page says it to people.", Kind::Text),
        plain("self_registrable", "May be asked for in a registration", "", Kind::Switch),
        plain("hidden", "Hidden", "Never listed in discovery.", Kind::Switch),
        plain("reserved", "Reserved", "Granted by an administrator only; no registration gets it.", Kind::Switch),
    ],
}];

/// The name of a new thing.
pub const NAME: Group = Group {
    id: "name-card",
    title: "Name",
    note: "",
    settings: &[plain("name", "Name", "It cannot be changed later.", Kind::Text)],
};

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

/// A new initial access token.
pub const TOKEN: &[Group] = &[Group {
    id: "token",
    title: "The token",
    note: "",
    settings: &[
        plain("label", "Label", "What it is for, so that you know it again.", Kind::Text),
        plain("policy", "Policy", "Binds what it registers.", Kind::Policy),
        plain("max_uses", "Registrations it allows", "Empty: any number.", Kind::Number),
        plain("lifetime", "Lifetime in seconds", "Empty: without end. 604800 is a week.", Kind::Number),
    ],
}];
