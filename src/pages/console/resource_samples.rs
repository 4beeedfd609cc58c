//! The pages about MCP servers, with what strangers may put into them.

use super::secret_samples::graces;
use super::tests::{HOSTILE, Sample, at, frame};
use super::*;
use crate::model::administrator::Role;

fn choices() -> Vec<Choice> {
    vec![Choice::new("orders.read", "Read orders", true), Choice::new("orders.write", HOSTILE, false)]
}

fn form() -> McpServerForm {
    McpServerForm {
        name: "Orders".to_owned(),
        identifiers: "https://orders.example/mcp".to_owned(),
        prefix_match: true,
        scopes: choices(),
        algorithms: vec![Choice::new("", "as the domain says (RS256)", true)],
        lifetime: DurationInput { number: "5".to_owned(), units: vec![Choice::new("minutes", "minutes", true)] },
        errors: McpServerErrors::default(),
    }
}

fn wrong() -> McpServerErrors {
    let told = |text: &str| Some(text.to_owned());
    McpServerErrors {
        form: told("That cannot be."),
        name: told("The domain has an MCP server Orders already."),
        identifiers: told("orders is no URL; begin it with https://."),
        scopes: told("It is not a scope of this domain."),
        lifetime: told("Is not a whole number."),
    }
}

fn documents() -> Vec<ServedDocument> {
    vec![
        ServedDocument {
            number: 0,
            identifier: "https://orders.example/mcp".into(),
            url: Some("https://orders.example/.well-known/oauth-protected-resource/mcp".to_owned()),
            document: format!("{{\n  \"resource_name\": {HOSTILE:?}\n}}"),
            challenge: Some("Bearer resource_metadata=\"https://orders.example/x\"".to_owned()),
        },
        ServedDocument { number: 1, identifier: HOSTILE.into(), url: None, document: "{}".to_owned(), challenge: None },
    ]
}

fn gateway() -> Vec<Copyable> {
    vec![Copyable::new("gateway-server", "Server URL", "https://id.example.com")]
}

fn new_mcp_server(made: bool) -> NewMcpServer {
    NewMcpServer {
        frame: frame(Section::McpServers).at("New MCP server"),
        action: "/console/domains/main/mcp-servers/new".into(),
        form: McpServerForm { errors: wrong(), ..form() },
        credentials: true,
        made: made.then(|| MadeMcpServer {
            href: "/console/domains/main/mcp-servers/r1".into(),
            name: HOSTILE.into(),
            secret: Some(NewSecret { client_id: "c1".to_owned(), secret: "sec_1".to_owned() }),
            documents: documents(),
            gateway: gateway(),
        }),
    }
}

fn mcp_servers(role: Role) -> McpServers {
    let row = McpServerRow {
        id: "r1".to_owned(),
        name: HOSTILE.into(),
        identifiers: vec!["https://orders.example/mcp".into(), HOSTILE.into()],
        scopes: "orders.read".into(),
        introspects: true,
        created: at(1_790_000_000),
    };
    let other = McpServerRow { id: "r2".to_owned(), introspects: false, scopes: "".into(), ..row.clone() };
    let domain = ConsoleFrame::new("ada", role, Section::McpServers).in_domain("main");
    McpServers { frame: domain, search: String::new(), rows: vec![row, other] }
}

fn mcp_server(role: Role, view: McpServerView) -> McpServer {
    let tab = |text: &str, current| Tab {
        text: text.to_owned(),
        href: "/console/domains/main/mcp-servers/r1".into(),
        current,
        count: None,
    };
    McpServer {
        frame: ConsoleFrame::new("ada", role, Section::McpServers).in_domain("main").at("Orders"),
        name: HOSTILE.into(),
        lead: "https://orders.example/mcp".into(),
        tabs: vec![tab("General", true), tab("Test", false)],
        action: "/console/domains/main/mcp-servers/r1".into(),
        view,
    }
}

fn general() -> McpServerView {
    McpServerView::General {
        version: 3,
        form: form(),
        id: "r1".to_owned(),
        created: at(1_790_000_000),
        delete_error: Some("This is not its name.".to_owned()),
    }
}

fn credentials(known: bool, secret: bool) -> McpServerView {
    McpServerView::Credentials {
        client_id: known.then(|| "c1".to_owned()),
        href: "/console/domains/main/applications/c1".into(),
        secret: secret.then(|| NewSecret { client_id: "c1".to_owned(), secret: "sec_1".to_owned() }),
        introspection: "https://id.example.com/main/oauth/introspect".to_owned(),
        overlaps: graces(),
        error: (!secret).then(|| "It must be a whole number of seconds.".to_owned()),
    }
}

fn connections() -> McpServerView {
    McpServerView::Connections {
        machines: vec![ConnectedMachine {
            client_id: "c1".to_owned(),
            href: "/console/domains/main/applications/c1".into(),
            name: HOSTILE.into(),
        }],
        people: vec![ConnectedPerson {
            client_id: "c2".to_owned(),
            client: HOSTILE.into(),
            user_id: "u1".to_owned(),
            href: "/console/domains/main/users/u1".into(),
            username: "ada".into(),
            scope: "orders.read".into(),
            granted: at(1_790_000_000),
            last_used: at(1_790_000_100),
        }],
        older: Some("/console/domains/main/mcp-servers/r1/connections?cursor=x".into()),
        error: Some("The domain has no client x.".to_owned()),
    }
}

fn no_connections() -> McpServerView {
    McpServerView::Connections { machines: Vec::new(), people: Vec::new(), older: None, error: None }
}

fn tested() -> McpServerView {
    let step = |outcome, remedy: Option<&str>| TestedStep {
        title: "Its metadata leads here",
        outcome,
        seen: HOSTILE.into(),
        remedy: remedy.map(Into::into),
    };
    McpServerView::Test {
        steps: vec![
            step(Outcome::Done, None),
            step(Outcome::Warned, Some("Name this server first.")),
            step(Outcome::Failed, Some(HOSTILE)),
        ],
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let (owner, auditor) = (Role::Owner, Role::Auditor);
    vec![
        ("mcp-servers", Box::new(mcp_servers(owner))),
        ("mcp-servers-empty", Box::new(McpServers { rows: Vec::new(), ..mcp_servers(owner) })),
        ("mcp-servers-auditor", Box::new(mcp_servers(auditor))),
        ("new-mcp-server", Box::new(new_mcp_server(false))),
        ("new-mcp-server-made", Box::new(new_mcp_server(true))),
        ("mcp-server", Box::new(mcp_server(owner, general()))),
        ("mcp-server-auditor", Box::new(mcp_server(auditor, general()))),
        ("mcp-server-credentials", Box::new(mcp_server(owner, credentials(true, false)))),
        ("mcp-server-new-secret", Box::new(mcp_server(owner, credentials(true, true)))),
        ("mcp-server-no-credentials", Box::new(mcp_server(auditor, credentials(false, false)))),
        ("mcp-server-connections", Box::new(mcp_server(owner, connections()))),
        ("mcp-server-connections-auditor", Box::new(mcp_server(auditor, connections()))),
        ("mcp-server-no-connections", Box::new(mcp_server(owner, no_connections()))),
        (
            "mcp-server-metadata",
            Box::new(mcp_server(owner, McpServerView::Metadata { documents: documents(), gateway: gateway() })),
        ),
        ("mcp-server-test", Box::new(mcp_server(owner, McpServerView::Test { steps: Vec::new() }))),
        ("mcp-server-tested", Box::new(mcp_server(owner, tested()))),
    ]
}

#[test]
fn an_auditor_sees_everything_and_is_offered_nothing() {
    let all = samples().into_iter().chain(people_samples::samples());
    for (name, page) in all.filter(|(name, _)| name.ends_with("-auditor")) {
        let html = page.html();
        for form in html.split("<form").skip(1).map(|form| form.split('>').next().unwrap()) {
            let harmless = ["role=\"search\"", "/console/logout"].iter().any(|part| form.contains(part));
            // What is shown in fields cannot be sent.
            let unarmed = ["id=\"mcp-server\"", "id=\"profile-form\"", "id=\"login-settings\""];
            assert!(harmless || unarmed.iter().any(|part| form.contains(part)), "{name}: {form}");
        }
        for button in ["value=\"save\"", "value=\"delete\"", "value=\"disable\"", "value=\"grant\"", "data-confirm"] {
            assert!(!html.contains(button), "{name}: {button}");
        }
    }
}
