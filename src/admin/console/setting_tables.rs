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
                "Lifetime",
                "10 seconds to 365 days; an application, policy or MCP server may have a shorter one.",
                Kind::Duration,
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

/// The settings of a domain about who gets an account, and how long a login lasts.
pub const LOGIN: &[Group] = &[
    Group {
        id: "registration",
        title: "User registration",
        note: "",
        settings: &[
            risky(
                "sign_up",
                "User registration",
                "People make an account by themselves, by a link on the login page. Off: by your invitation only.",
                "Anybody who reaches the login page can make an account.",
            ),
            plain(
                "sign_up_email_hosts",
                "Only addresses at these hosts",
                "One in each line, such as example.com. Empty: any.",
                Kind::Lines,
            ),
            plain(
                "verify_email",
                "Confirm the e-mail address first",
                "A mail with a link is sent, and following it goes on. The server needs to be able to send mail.",
                Kind::Switch,
            ),
        ],
    },
    Group {
        id: "lifetimes",
        title: "How long a login lasts",
        note: "",
        settings: &[
            plain(
                "session_idle_lifetime",
                "A browser's session, without being used",
                "After this the person signs in again.",
                Kind::Duration,
            ),
            plain(
                "session_lifetime",
                "A browser's session, at the most",
                "Also if it is used all the time.",
                Kind::Duration,
            ),
            plain(
                "refresh_token_idle_lifetime",
                "An application's access, without being used",
                "How long a refresh token lives.",
                Kind::Duration,
            ),
            plain(
                "refresh_token_lifetime",
                "An application's access, at the most",
                "After this the person is asked again, however often it was refreshed.",
                Kind::Duration,
            ),
        ],
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

/// A new initial access token.
pub const TOKEN: &[Group] = &[Group {
    id: "token",
    title: "The token",
    note: "",
    settings: &[
        plain("label", "Label", "What it is for, so that you know it again.", Kind::Text),
        plain("policy", "Policy", "Binds what it registers.", Kind::Policy),
        plain("max_uses", "Registrations it allows", "Empty: any number.", Kind::Number),
        plain("lifetime", "Lifetime", "Empty: without end.", Kind::Duration),
    ],
}];
