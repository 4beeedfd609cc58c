//! Samples of the pages of applications, with what strangers may say in every place where it is shown.

use super::secret_samples::secrets;
use super::tests::{HOSTILE, Sample, at, frame};
use super::*;

const PATH: &str = "/console/domains/main/applications/c1";

fn row(client_id: &str, name: &str, state: Badge) -> ApplicationRow {
    ApplicationRow {
        client_id: client_id.to_owned(),
        name: name.into(),
        kind: "Backend to backend",
        origin: "Gateway",
        registrant: HOSTILE.into(),
        created: at(1_790_000_000),
        last_used: (name != HOSTILE).then(|| at(1_795_000_000)),
        state,
    }
}

fn list() -> Applications {
    Applications {
        frame: frame(Section::Applications),
        search: "wiki".to_owned(),
        filters: vec![("origin", "Origin", vec![Choice::new("gateway", "Gateway", true)])],
        action: "/console/domains/main/applications?q=wiki".into(),
        table: ApplicationsTable {
            list: "/console/domains/main/applications".into(),
            refresh: "/console/domains/main/applications?q=wiki&fragment=1".into(),
            narrowed: true,
            may_edit: true,
            rows: vec![
                row("c1", "Project wiki", Badge::new(BadgeKind::Good, "Active")),
                row("c2", HOSTILE, Badge::new(BadgeKind::Bad, "Suspended")),
            ],
            pager: Pager {
                total: Some(Total::AtLeast(10_000)),
                examined: Some((20_000, "/console/domains/main/applications?cursor=x".into())),
                ..Pager::default()
            },
        },
    }
}

fn empty_list() -> Applications {
    let table = ApplicationsTable { rows: Vec::new(), pager: Pager::default(), narrowed: false, ..list().table };
    Applications { table, filters: Vec::new(), search: String::new(), ..list() }
}

pub(super) fn head(current: usize) -> ApplicationHead {
    let pages = ["General", "Endpoints", "Scopes", "Secrets", "Registration", "Activity"];
    let tab = |(index, text): (usize, &&str)| Tab {
        text: (*text).to_owned(),
        href: format!("{PATH}/{}", text.to_lowercase()).into(),
        current: index == current,
        count: None,
    };
    ApplicationHead {
        name: HOSTILE.into(),
        client_id: "Zk3vQ0m9T2yF4bqLr8sXwA".to_owned(),
        badges: vec![Badge::new(BadgeKind::Quiet, "Web"), Badge::new(BadgeKind::Good, "Active")],
        tabs: pages.iter().enumerate().map(tab).collect(),
        at: PATH.into(),
        version: 7,
    }
}

pub(super) fn of_application(page: &str) -> ConsoleFrame {
    frame(Section::Applications).below(HOSTILE, PATH).at(page)
}

fn general() -> ApplicationGeneral {
    ApplicationGeneral {
        frame: frame(Section::Applications).at(HOSTILE),
        head: head(0),
        origin: HOSTILE.into(),
        created: at(1_790_000_000),
        updated: at(1_795_000_000),
        last_used: None,
        deleted: false,
        steps: vec![("approve", "Approve", ""), ("suspend", "Suspend", "Suspend this application?")],
        form: ApplicationForm {
            metadata: true,
            name: "Project wiki".to_owned(),
            redirect_uris: "https://wiki.example/cb\nhttps://wiki.example/silent".to_owned(),
            grants: vec![
                Choice::new("authorization_code", "Signs people in", true),
                Choice::new("client_credentials", "Acts for itself", false),
            ],
            methods: vec![Choice::new("none", "Nothing: a public client", true)],
            registrar_policies: vec![Choice::new("", "The domain's", true), Choice::new("mcp", "mcp", false)],
            errors: FieldErrors(vec![
                ("redirect_uris", "Redirect_uris: must be https.".to_owned()),
                ("", "Something else is wrong.".to_owned()),
            ]),
            ..ApplicationForm::default()
        },
        others: vec![(HOSTILE.into(), HOSTILE.into()), ("tos_uri".into(), "https://wiki.example/tos".into())],
        registrars: vec![Choice::new("g1", "API gateway (g1)", true), Choice::new("g2", HOSTILE, false)],
    }
}

fn deleted() -> ApplicationGeneral {
    let form = ApplicationForm { metadata: false, errors: FieldErrors::default(), ..general().form };
    ApplicationGeneral { deleted: true, steps: vec![("restore", "Lift the block", "")], form, ..general() }
}

fn endpoints() -> ApplicationEndpoints {
    let url = "https://id.example.com/main/oidc/register/{#client_id}/renew_secret";
    ApplicationEndpoints {
        frame: of_application("Endpoints"),
        head: head(1),
        groups: vec![("endpoints-registration", "Registration", vec![Copyable::new("renew-secret", "Renewal", url)])],
    }
}

fn scopes() -> ApplicationScopes {
    let choice = Choice {
        description: HOSTILE.into(),
        risk: Some("full control of the clients it registers".into()),
        ..Choice::new("dcr_admin", "Client registration administration", true)
    };
    ApplicationScopes {
        frame: of_application("Scopes"),
        head: head(2),
        scopes: vec![
            ScopeRow { choice, default: true },
            ScopeRow { choice: Choice::new("openid", HOSTILE, false), default: false },
        ],
        registered: vec![("orders:read".into(), true), (HOSTILE.into(), false)],
        error: Some("It is not a scope of this domain.".to_owned()),
    }
}

fn registration() -> ApplicationRegistration {
    let drift = |member: &str, because| DriftRow {
        member: member.to_owned(),
        name: member.into(),
        sent: HOSTILE.into(),
        in_force: "–".into(),
        because,
        served: true,
    };
    ApplicationRegistration {
        frame: of_application("Registration"),
        head: head(4),
        origin: "Gateway: API gateway".into(),
        policy: "gateway".to_owned(),
        registered: Some(at(1_790_000_000)),
        updated: None,
        refused_today: true,
        drift: vec![drift("client_name", Badge::new(BadgeKind::Warn, "Administrator"))],
        findings: vec![(HOSTILE.into(), Badge::new(BadgeKind::Quiet, "dropped"), HOSTILE.into())],
        asked: vec![(HOSTILE.into(), HOSTILE.into())],
        may_take: true,
    }
}

fn activity() -> ApplicationActivity {
    ApplicationActivity {
        frame: of_application("Activity"),
        head: head(5),
        events: vec![ActivityEvent {
            at: at(1_795_000_000),
            what: "Change of an application refused".into(),
            action: "client.update".to_owned(),
            kind: "bad",
            actor: Named { name: HOSTILE.into(), kind: "administrator", ..Named::default() },
            from: HOSTILE.into(),
            reason: HOSTILE.into(),
            changes: vec![(HOSTILE.into(), HOSTILE.into(), HOSTILE.into())],
        }],
        pager: Pager { older: Some(format!("{PATH}/activity?cursor=x").into()), ..Pager::default() },
    }
}

fn new_application() -> NewApplication {
    NewApplication {
        frame: frame(Section::Applications).at("New application"),
        action: "/console/domains/main/applications/new".into(),
        kinds: vec![
            Choice { description: "Runs on a server.".into(), ..Choice::new("web", "Web application", true) },
            Choice::new("gateway-registrar", "APIM registration provider", false),
        ],
        details: None,
    }
}

fn new_details() -> NewApplication {
    let details = NewApplicationDetails {
        kind: "web".to_owned(),
        kind_name: "Web application",
        brings: vec!["Authenticates with a secret, by HTTP Basic."],
        redirect_hint: Some("One in each line."),
        has_secret: true,
        name: "Project wiki".to_owned(),
        client_id_error: Some("It is taken.".to_owned()),
        redirect_error: Some("Must be https.".to_owned()),
        secret: OwnSecret { wanted: true, error: Some("Type it again.".to_owned()) },
        ..NewApplicationDetails::default()
    };
    NewApplication { details: Some(details), ..new_application() }
}

fn made() -> ApplicationMade {
    ApplicationMade {
        frame: frame(Section::Applications).at(HOSTILE),
        title: format!("{HOSTILE} is ready").into(),
        wizard: true,
        remarks: vec!["A remark.".to_owned()],
        client_id: "Zk3vQ0m9T2yF4bqLr8sXwA".to_owned(),
        secret: Some("sec_Zk3vQ0m9T2yF4bqLr8sXwA".to_owned()),
        values: vec![Copyable::new("issuer", "Issuer", "https://id.example.com/main/oidc")],
        provider: Vec::new(),
        href: PATH.into(),
    }
}

fn made_provider() -> ApplicationMade {
    let provider = vec![
        Copyable::new("provider-client-id", "Client ID", "Zk3vQ0m9T2yF4bqLr8sXwA"),
        Copyable::new("provider-secret", "Client Secret", "sec_Zk3vQ0m9T2yF4bqLr8sXwA"),
        Copyable::new(
            "provider-renewal",
            "Endpoint",
            "https://id.example.com/main/oidc/register/{#client_id}/renew_secret",
        ),
    ];
    ApplicationMade { provider, remarks: Vec::new(), ..made() }
}

fn outcome() -> ApplicationsOutcome {
    ApplicationsOutcome {
        frame: frame(Section::Applications).at("Suspend 3 applications"),
        title: "Suspend 3 applications".to_owned(),
        done: 2,
        refused: vec![(HOSTILE.into(), "There is no such client in this domain.".to_owned())],
        back: "/console/domains/main/applications".into(),
    }
}

/// Every page of applications.
pub(super) fn samples() -> Vec<Sample> {
    vec![
        ("applications", Box::new(list())),
        ("applications-empty", Box::new(empty_list())),
        ("applications-outcome", Box::new(outcome())),
        ("new-application", Box::new(new_application())),
        ("new-application-details", Box::new(new_details())),
        ("application-made", Box::new(made())),
        ("application-made-provider", Box::new(made_provider())),
        ("application", Box::new(general())),
        ("application-deleted", Box::new(deleted())),
        ("application-endpoints", Box::new(endpoints())),
        ("application-scopes", Box::new(scopes())),
        ("application-secrets", Box::new(secrets())),
        ("application-registration", Box::new(registration())),
        ("application-activity", Box::new(activity())),
    ]
}

#[test]
fn an_auditor_is_offered_nothing_to_change_of_an_application() {
    let frame = ConsoleFrame { may_edit: false, ..frame(Section::Applications) };
    let pages: [Box<dyn Page>; 4] = [
        Box::new(ApplicationGeneral { frame: frame.clone(), ..general() }),
        Box::new(ApplicationScopes { frame: frame.clone(), ..scopes() }),
        Box::new(ApplicationSecrets { frame: frame.clone(), ..secrets() }),
        Box::new(ApplicationRegistration { frame, may_take: false, ..registration() }),
    ];
    for page in pages {
        let html = page.html();
        let main = html.split("<main").nth(1).unwrap();
        assert!(!main.contains("type=\"submit\"") && !main.contains("/delete\""), "{main}");
    }
}
