//! What holds for every page of the console, and what others rely on in each.

use super::*;
use crate::model::administrator::Role;
use crate::model::time::UnixTime;
use crate::pages::{CONSOLE_SCRIPT_PATH, CONSOLE_STYLESHEET_PATH, Claimed, Link, Moment};

/// Text that would break out of an attribute, an element or a line.
pub(super) const HOSTILE: &str = "\"><script>alert(1)</script>'&\u{202e}\u{200b}\r\nBcc: x";

/// A page by the name of the file it is written to.
pub(super) type Sample = (&'static str, Box<dyn Page>);

pub(super) fn frame(section: Section) -> ConsoleFrame {
    let domains = ["main", "staging", "partners-europe", "a-rather-long-name-of-a-domain-that-somebody-chose"];
    let frame = ConsoleFrame::new("ada", Role::Owner, section).with_domains(domains.map(str::to_owned).to_vec());
    if section.is_of_a_domain() { frame.in_domain("main") } else { frame }
}

pub(super) fn at(seconds: i64) -> Moment {
    UnixTime(seconds).into()
}

fn long() -> String {
    "Pneumonoultramicroscopicsilicovolcanoconiosis".repeat(3)
}

fn login() -> Login {
    Login {
        action: "/console/login".into(),
        next: Some("/console/domains/main/keys".to_owned()),
        username: String::new(),
        notice: None,
        error: None,
    }
}

fn login_again() -> Login {
    Login {
        next: Some(HOSTILE.to_owned()),
        username: HOSTILE.to_owned(),
        notice: Some("Your session has ended. Sign in to go on.".to_owned()),
        error: Some("User name or password is not right.".to_owned()),
        ..login()
    }
}

fn second_factor() -> SecondFactor {
    SecondFactor { action: "/console/second-factor".into(), next: None, logout: "/console/logout".into(), error: None }
}

fn session(id: &str, device: &str, address: &str, current: bool) -> Session {
    Session {
        id: id.to_owned(),
        device: device.into(),
        address: address.into(),
        since: at(1_795_200_000),
        last_seen: at(1_795_320_000),
        current,
    }
}

fn account() -> Account {
    Account {
        frame: frame(Section::Account).with_notice(NoticeKind::Done, "The other sessions have ended."),
        action: "/console/account".into(),
        password_min: 12,
        second_factor: SecondFactorState::Off,
        sessions: vec![
            session("s1", "Firefox on Linux", "192.0.2.7", true),
            session("s2", HOSTILE, "2001:db8:85a3::8a2e:370:7334", false),
        ],
        errors: AccountErrors::default(),
    }
}

fn account_enrolling() -> Account {
    let address = "otpauth://totp/Registrar:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Registrar";
    Account {
        frame: frame(Section::Account),
        second_factor: SecondFactorState::Enrolling(Enrolment {
            qr: QrCode::of(address),
            secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP".to_owned(),
            sealed: "c2VhbGVk".to_owned(),
        }),
        errors: AccountErrors {
            current_password: Some("This is not your password.".to_owned()),
            new_password: Some("This password is too short. Use at least 12 characters.".to_owned()),
            second_factor_password: None,
            code: Some("This code is not right, or was used already. Wait for the next one.".to_owned()),
        },
        ..account()
    }
}

fn account_secured() -> Account {
    Account {
        frame: ConsoleFrame::new(long(), Role::Auditor, Section::Account),
        second_factor: SecondFactorState::On,
        sessions: account().sessions[..1].to_vec(),
        errors: AccountErrors {
            second_factor_password: Some("This is not your password.".to_owned()),
            ..AccountErrors::default()
        },
        ..account()
    }
}

fn domain_row(name: &str, applications: &str, registration: &[&'static str]) -> DomainRow {
    DomainRow {
        name: name.to_owned(),
        issuer: Claimed::long(&format!("https://id.example.com/{name}/oidc")),
        applications: applications.to_owned(),
        users: "86".to_owned(),
        mcp_servers: "4".to_owned(),
        registration: registration.to_vec(),
        created: at(1_790_000_000),
    }
}

fn domains() -> Domains {
    Domains {
        frame: frame(Section::Domains),
        search: String::new(),
        rows: vec![
            domain_row("main", "1,204", &["gateway", "open"]),
            domain_row("staging", "17", &["gateway"]),
            domain_row("a-rather-long-name-of-a-domain-that-somebody-chose", "0", &[]),
        ],
    }
}

fn new_domain() -> NewDomain {
    NewDomain {
        frame: frame(Section::Domains).at("New domain"),
        action: "/console/domains/new".into(),
        name: "Partners Europe".to_owned(),
        presets: vec![
            Choice::new("gateway", "API gateway (APIM)", true),
            Choice { description: HOSTILE.into(), ..Choice::new("empty", "Empty", false) },
        ],
        name_error: Some("A name holds small letters, digits and hyphens: partners-europe would do.".to_owned()),
        preview: None,
    }
}

fn new_domain_checked() -> NewDomain {
    let base = "https://id.example.com/partners/oidc";
    NewDomain {
        name: "partners".to_owned(),
        name_error: None,
        preview: Some(DomainPreview {
            issuer: base.to_owned(),
            discovery: format!("{base}/.well-known/openid-configuration"),
            registration: format!("{base}/register"),
            apim: vec![
                ("OpenID Connect Discovery Endpoint", format!("{base}/.well-known/openid-configuration")),
                ("Scopes", "dcr_admin".to_owned()),
                ("Renew client_secret endpoint", format!("{base}/register/{{#client_id}}/renew_secret")),
            ],
        }),
        ..new_domain()
    }
}

fn field(id: &'static str, error: bool, input: FormInput) -> FormField {
    FormField {
        id,
        title: "Lifetime",
        hint: "10 seconds to 365 days.",
        risk: if matches!(input, FormInput::Switch(_)) { "Strangers make applications here." } else { "" },
        error: error.then(|| "Must be between 10 seconds and 365 days.".to_owned()),
        input,
    }
}

fn form_page() -> FormPage {
    let choices = || vec![Choice::new("RS256", "RS256", true), Choice::new("ES256", HOSTILE, false)];
    let fields = vec![
        field("open_registration", false, FormInput::Switch(true)),
        field("default_resource", true, FormInput::Line(HOSTILE.to_owned())),
        field("quota", true, FormInput::Number("5".to_owned())),
        field(
            "access_token_lifetime",
            true,
            FormInput::Duration(DurationInput { number: HOSTILE.to_owned(), units: choices() }),
        ),
        field("blocked_redirect_hosts", true, FormInput::Lines(format!("a.example\n{HOSTILE}"))),
        field("access_token_algorithm", false, FormInput::Choice(choices())),
        field("grant_types", true, FormInput::Checks(choices())),
    ];
    let link = Some(("/console/domains/main/login".into(), "Login settings"));
    let card = |name, title, on| PresetCard {
        name,
        title,
        text: "Clients such as editors begin by themselves.",
        switches: &["Client registration", "Open registration"],
        on,
        now: (!on).then(|| "In force now through quick start: open registration.".to_owned()),
    };
    FormPage {
        frame: frame(Section::Registration),
        title: "Registration".to_owned(),
        lead: "Who may register applications here, and what they get.".to_owned(),
        tabs: vec![Tab { text: "Settings".to_owned(), href: "/console/x".into(), current: true, count: None }],
        action: "/console/domains/main/registration".into(),
        version: 7,
        presets: vec![card("gateway", "API gateway (APIM)", true), card("mcp", "MCP clients", false)],
        groups: vec![FormGroup { id: "who", title: "Who may register", note: "Counts at once.", fields, link }],
        error: Some(HOSTILE.to_owned()),
        submit: "Save",
        cancel: Some("/console/domains/main".into()),
        delete: Some(("/console/domains/main/delete".into(), "Delete domain")),
    }
}

fn form_page_of_an_auditor() -> FormPage {
    let auditor = ConsoleFrame::new("eve", Role::Auditor, Section::Registration).in_domain("main");
    FormPage { frame: auditor, error: None, ..form_page() }
}

fn table_page() -> TablePage {
    let row = |key: &str, name: &str, button| TableRow {
        key: key.to_owned(),
        href: Some("/console/domains/main/scopes/x".into()),
        name: name.into(),
        below: HOSTILE.into(),
        cells: vec![
            Cell::Text(HOSTILE.into()),
            Cell::Code("tpl-batch".into()),
            Cell::Badges(vec![Badge::new(BadgeKind::Warn, "full control of the clients it registers")]),
            Cell::Day(at(1_795_200_000)),
        ],
        button,
    };
    let revoke = RowButton {
        action: "/console/domains/main/registration/tokens".into(),
        parameter: ("revoke", "t1".to_owned()),
        text: "Revoke",
        question: "Revoke this token?",
    };
    TablePage {
        frame: frame(Section::Scopes),
        title: "Scopes".to_owned(),
        lead: "What tokens allow.".to_owned(),
        tabs: Vec::new(),
        headings: &["Scope", "Label", "Id", "Flags", "Created", "Revoke"],
        rows: vec![row("a", HOSTILE, Some(revoke)), row("b", &long(), None)],
        new: Some(("/console/domains/main/scopes/new".into(), "New scope")),
        empty: ("No scope yet", "Make one."),
    }
}

fn token_made() -> TokenMade {
    TokenMade {
        frame: frame(Section::Registration).at("New token"),
        label: HOSTILE.into(),
        token: "iat_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG".to_owned(),
        registration_url: "https://id.example.com/main/oidc/register".to_owned(),
        facts: vec![("Policy", "mcp".into()), ("Expires", HOSTILE.into())],
        back: "/console/domains/main/registration/tokens".into(),
    }
}

fn dry_run() -> DryRun {
    DryRun {
        frame: frame(Section::Registration).at("Try a registration"),
        tabs: form_page().tabs,
        action: "/console/domains/main/registration/dry-run".into(),
        who: vec![Choice::new("open", "Anybody, without a token", true), Choice::new("policy:x", HOSTILE, false)],
        who_error: None,
        body: HOSTILE.to_owned(),
        body_error: Some("The body is not acceptable JSON.".to_owned()),
        answer: Some(Foretold {
            accepted: true,
            summary: "Accepted under the policy mcp: 201".into(),
            error: Some(HOSTILE.into()),
            steps: vec![
                (Outcome::Warned, "scope narrowed (rule scope-registrable)".into(), HOSTILE.into()),
                (Outcome::Failed, HOSTILE.into(), "is refused".into()),
            ],
            record: vec![("client_name".into(), HOSTILE.into()), (HOSTILE.into(), "x".into())],
            generated: "client_id, client_secret".to_owned(),
        }),
    }
}

fn confirm() -> Confirm {
    Confirm {
        frame: frame(Section::Applications)
            .below(HOSTILE, "/console/domains/main/applications/c1")
            .at("Delete")
            .with_notice(NoticeKind::Risk, "This application was used an hour ago."),
        title: "Delete this application?".to_owned(),
        what: HOSTILE.into(),
        items: Vec::new(),
        consequences: vec![
            "Its tokens stop working at once, and nobody can sign in with it.".to_owned(),
            "Its client id is never given to anybody else. This cannot be undone.".to_owned(),
        ],
        word: Some("project-wiki".into()),
        parameters: vec![("version".to_owned(), "7".to_owned()), (HOSTILE.to_owned(), HOSTILE.to_owned())],
        action: "/console/domains/main/applications/c1/delete".into(),
        button: "Delete application".to_owned(),
        cancel: "/console/domains/main/applications/c1".into(),
        error: Some("Type the name exactly as it stands above.".to_owned()),
    }
}

fn confirm_plainly() -> Confirm {
    let items = vec![(HOSTILE.into(), "Zk3vQ0m9T2yF4bqLr8sXwA".into()), ("Project wiki".into(), HOSTILE.into())];
    Confirm { items, word: None, parameters: Vec::new(), consequences: Vec::new(), ..confirm() }
}

fn problem() -> Problem {
    Problem {
        frame: frame(Section::Keys).with_notice(NoticeKind::Error, "The key was not rotated."),
        title: "You may not change this".to_owned(),
        explanation: "Your role is auditor: you see everything in this domain and change nothing.".to_owned(),
        links: vec![Link { href: "/console/domains/main/keys".into(), text: "Back to the keys".to_owned() }],
        reference: Some("0190-7f3a-51c2".to_owned()),
    }
}

fn conflict() -> Conflict {
    Conflict {
        frame: frame(Section::Settings),
        what: "Settings of main".into(),
        reload: "/console/domains/main/settings".into(),
        action: Some("/console/domains/main/settings".into()),
        parameters: vec![("version".to_owned(), "8".to_owned()), ("name".to_owned(), HOSTILE.to_owned())],
        differences: vec![("Access token lifetime".to_owned(), "600 seconds".into(), HOSTILE.into())],
    }
}

fn series(name: &str, factor: u64) -> Series {
    Series { name: name.into(), values: (0..30).map(|day| factor * ((day * 7 + 3) % 11) + day % 5).collect() }
}

fn chart(id: &'static str, title: &str, shape: Shape, series: Vec<Series>) -> Chart {
    Chart { id, title: title.to_owned(), shape, series, buckets: (1..=30).map(|day| format!("{day} Nov")).collect() }
}

fn overview() -> Overview {
    let base = "https://id.example.com/main/oidc";
    let under = |path: &str| format!("/console/domains/main/{path}");
    let origin =
        |name, count, share| Origin { name, count, share, href: under(&format!("applications?origin={name}")).into() };
    let expiring = |what: &str, left: &str, kind| Expiring {
        what: what.into(),
        at: at(1_795_600_000),
        left: left.to_owned(),
        kind,
        href: "/console/domains/main/keys".into(),
    };
    let refusal = |code: Option<&str>, reason: &str, count| Refusal {
        code: code.map(str::to_owned),
        reason: reason.into(),
        count,
    };
    Overview {
        frame: frame(Section::Overview),
        stats: vec![
            Stat::new("Applications", Total::Exactly(1_204)).to(under("applications")).noting("12 in the last day"),
            Stat::new("Users", Total::AtLeast(10_000)).to(under("users")).noting("3 waiting for approval"),
            Stat::new("MCP servers", Total::Exactly(4)).to(under("mcp-servers")),
            Stat::new("Tokens", Total::Exactly(48_310)).noting("in the last day"),
            Stat::new("Refusals", Total::Exactly(57))
                .to(under("audit"))
                .noting("in the last day")
                .meant(BadgeKind::Warn),
        ],
        charts: vec![
            chart(
                "registrations",
                "Registrations per day",
                Shape::Bars,
                vec![series("Gateway", 1), series("MCP clients", 3), series(HOSTILE, 1)],
            ),
            chart("tokens", "Tokens per day", Shape::Lines, vec![series("Issued", 170), series("Refused", 12)]),
        ],
        origins: vec![origin("MCP clients", 870, 72), origin("Gateway", 301, 25), origin("By hand", 33, 3)],
        expiring: vec![
            expiring("Secret of Project wiki", "in 3 days", BadgeKind::Warn),
            expiring(HOSTILE, "ended", BadgeKind::Bad),
        ],
        refusals: vec![
            refusal(Some("invalid_redirect_uri"), "A redirect URI names a host that the policy blocks", 31),
            refusal(Some("invalid_client"), &long(), 26),
            refusal(None, "Other reasons", 2),
        ],
        refusal_links: vec![("Refused registrations in the audit log", "/console/domains/main/audit".into())],
        window: "In the last 24 hours.".to_owned(),
        next_steps: Vec::new(),
        addresses: vec![
            Copyable::new("issuer", "Issuer", base),
            Copyable::new("discovery", "Discovery", format!("{base}/.well-known/openid-configuration")),
        ],
    }
}

fn overview_empty() -> Overview {
    let step = |title, text, link, done| NextStep { title, text, link, done, href: "/console/domains/main".into() };
    Overview {
        stats: vec![
            Stat::new("Applications", Total::Exactly(0)).to("/console/domains/main/applications"),
            Stat::new("Users", Total::Exactly(0)).to("/console/domains/main/users"),
        ],
        charts: vec![chart("registrations", "Registrations per day", Shape::Bars, Vec::new())],
        origins: Vec::new(),
        expiring: Vec::new(),
        refusals: Vec::new(),
        next_steps: vec![
            step("Create the domain", "", "", true),
            step(
                "Connect Gravitee APIM",
                "Create a gateway registrar: APIM then registers applications by itself.",
                "New gateway registrar",
                false,
            ),
            step("Add an MCP server", "MCP clients ask for tokens for it.", "New MCP server", false),
        ],
        ..overview()
    }
}

/// Every part of `parts.html`, so that each is compiled, looked at and checked.
#[derive(askama::Template)]
#[template(path = "console/parts_sample.html")]
struct Parts {
    frame: ConsoleFrame,
    hostile: Claimed,
    error: Option<String>,
    columns: Vec<Column>,
    tabs: Vec<Tab>,
    steps: Vec<WizardStep>,
    choices: Vec<Choice>,
    pager: Pager,
    badge: Badge,
    at: Moment,
}

impl Page for Parts {
    fn html(&self) -> String {
        rendered(self)
    }
}

fn parts() -> Parts {
    let tab = |text: &str, current, count| Tab { text: text.to_owned(), href: "/console".into(), current, count };
    let choice = |value: &str, label: &str, description: &str| Choice {
        description: Claimed::long(description),
        ..Choice::new(value, label, value == "openid")
    };
    Parts {
        frame: frame(Section::Applications)
            .below(long(), "/console/domains/main/applications/c1")
            .at(HOSTILE)
            .with_notice(NoticeKind::Info, "You may look at everything here."),
        hostile: HOSTILE.into(),
        error: Some("This is not right; do that.".to_owned()),
        columns: vec![
            Column::new("Name").sorted("/console?sort=name", Order::Ascending),
            Column::new("Origin"),
            Column::new("Last used").sorted("/console?sort=used", Order::None),
            Column::number("Tokens").sorted("/console?sort=tokens", Order::Descending),
        ],
        tabs: vec![tab("General", true, None), tab("Secrets", false, Some(2)), tab("Scopes", false, Some(1_204))],
        steps: WizardStep::all(&["Kind", "Details", "Check"], 1),
        choices: vec![
            choice("openid", "Sign in", "Know who you are"),
            choice("wiki:read", "Read pages", HOSTILE),
            Choice {
                risk: Some("full control of the clients it registers".into()),
                disabled: true,
                ..choice("dcr_admin", "Client registration administration", "Registers and changes applications")
            },
        ],
        pager: Pager {
            newer: Some("/console?before=1".into()),
            older: Some("/console?after=1".into()),
            total: Some(Total::AtLeast(10_000)),
            examined: Some((20_000, "/console?from=1".into())),
        },
        badge: Badge::new(BadgeKind::Bad, HOSTILE),
        at: at(1_795_320_000),
    }
}

fn administrators() -> Administrators {
    let row = |username: &str, second_factor, last_login| AdministratorRow {
        href: "/console/administrators/0190".into(),
        username: username.into(),
        role: "editor".to_owned(),
        domains: "main, staging".into(),
        second_factor,
        last_login,
        state: Badge::new(BadgeKind::Good, "Active"),
    };
    let rows = vec![row("ada", true, Some(at(1_795_200_000))), row(HOSTILE, false, None), row(&long(), false, None)];
    Administrators { frame: frame(Section::Administrators), rows }
}

/// What a person typed comes back as it was.
const TYPED: &str = "\"><script>alert(1)</script>'&";

fn administrator_form() -> AdministratorForm {
    AdministratorForm {
        username: TYPED.to_owned(),
        roles: vec![Choice::new("editor", "Editor", true), Choice::new("owner", "Owner", false)],
        all_domains: false,
        domains: vec![Choice::new("main", "main", true), Choice::new("staging", "staging", false)],
        error: Some("At least one owner stays.".to_owned()),
        username_error: Some("This name is taken.".to_owned()),
        password_error: Some("This password is too short.".to_owned()),
        domains_error: Some("An owner reaches every domain.".to_owned()),
    }
}

fn new_administrator() -> NewAdministrator {
    NewAdministrator {
        frame: frame(Section::Administrators).at("New administrator"),
        form: administrator_form(),
        password_hint: "At least 12 characters.".to_owned(),
    }
}

fn administrator() -> AdministratorPage {
    AdministratorPage {
        frame: frame(Section::Administrators).at(HOSTILE),
        action: "/console/administrators/0190".into(),
        username: HOSTILE.into(),
        version: 7,
        enabled: true,
        second_factor: true,
        oneself: false,
        created: at(1_795_200_000),
        last_login: Some(at(1_795_320_000)),
        form: administrator_form(),
        password_hint: "At least 12 characters.".to_owned(),
        sessions: vec![(HOSTILE.into(), "192.0.2.7".into(), at(1_795_320_000))],
        confirm_error: Some("This is not the user name.".to_owned()),
    }
}

fn api_tokens() -> ApiTokens {
    let row = |label: &str, revocable| ApiTokenRow {
        id: "01900000-0000-7000-8000-000000000000".to_owned(),
        label: label.into(),
        role: "auditor".to_owned(),
        domain: "all".into(),
        created: at(1_795_200_000),
        ends: Some(at(1_799_200_000)),
        last_used: None,
        state: Badge::new(BadgeKind::Good, "Active"),
        revocable,
    };
    ApiTokens {
        frame: frame(Section::ApiTokens),
        reference: "/api/v1".into(),
        rows: vec![row(HOSTILE, true), row(&long(), false)],
        made: None,
        label: TYPED.to_owned(),
        roles: vec![Choice::new("auditor", "Auditor: reads", true)],
        domains: vec![Choice::new("", "All domains", true), Choice::new("main", "main", false)],
        lifetimes: vec![Choice::new("86400", "1 day", true)],
        label_error: Some("Say what it is for.".to_owned()),
        domain_error: Some("An owner reaches every domain.".to_owned()),
    }
}

fn api_token_made() -> ApiTokens {
    ApiTokens { made: Some((HOSTILE.into(), "adm_example".to_owned())), rows: Vec::new(), ..api_tokens() }
}

pub(super) fn samples() -> Vec<Sample> {
    let mut all: Vec<Sample> = vec![
        ("login", Box::new(login())),
        ("login-again", Box::new(login_again())),
        ("second-factor", Box::new(second_factor())),
        (
            "second-factor-again",
            Box::new(SecondFactor {
                next: Some("/console".to_owned()),
                error: Some("This code is not right, or was used already.".to_owned()),
                ..second_factor()
            }),
        ),
        ("account", Box::new(account())),
        ("account-enrolling", Box::new(account_enrolling())),
        ("account-secured", Box::new(account_secured())),
        ("administrators", Box::new(administrators())),
        ("new-administrator", Box::new(new_administrator())),
        ("administrator", Box::new(administrator())),
        ("administrator-oneself", Box::new(AdministratorPage { oneself: true, ..administrator() })),
        ("api-tokens", Box::new(api_tokens())),
        ("api-tokens-made", Box::new(api_token_made())),
        ("domains", Box::new(domains())),
        ("domains-not-found", Box::new(Domains { search: HOSTILE.to_owned(), rows: Vec::new(), ..domains() })),
        (
            "domains-empty",
            Box::new(Domains {
                frame: ConsoleFrame::new("ada", Role::Owner, Section::Domains),
                rows: Vec::new(),
                ..domains()
            }),
        ),
        ("new-domain", Box::new(new_domain())),
        ("new-domain-checked", Box::new(new_domain_checked())),
        ("form-page", Box::new(form_page())),
        ("form-page-auditor", Box::new(form_page_of_an_auditor())),
        ("table-page", Box::new(table_page())),
        ("table-page-empty", Box::new(TablePage { rows: Vec::new(), ..table_page() })),
        ("token-made", Box::new(token_made())),
        ("dry-run", Box::new(dry_run())),
        ("confirm", Box::new(confirm())),
        ("confirm-plainly", Box::new(confirm_plainly())),
        ("problem", Box::new(problem())),
        ("conflict", Box::new(conflict())),
        ("conflict-plain", Box::new(Conflict { action: None, differences: Vec::new(), ..conflict() })),
        ("overview", Box::new(overview())),
        ("overview-empty", Box::new(overview_empty())),
        ("parts", Box::new(parts())),
    ];
    all.extend(application_samples::samples());
    all.extend(resource_samples::samples());
    all.extend(people_samples::samples());
    all
}

#[track_caller]
fn holds(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is missing in\n{html}");
    }
}

#[track_caller]
fn lacks(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(!html.contains(part), "{part} should not be in\n{html}");
    }
}

#[test]
fn every_page_is_a_whole_document_in_the_same_frame() {
    for (name, page) in samples() {
        let html = page.html();
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}: {html}");
        holds(&html, &["<meta name=\"viewport\"", "<meta name=\"robots\" content=\"noindex\">", "color-scheme"]);
        holds(&html, &[&format!("<link rel=\"stylesheet\" href=\"{CONSOLE_STYLESHEET_PATH}\">")]);
        holds(&html, &[&format!("<script src=\"{CONSOLE_SCRIPT_PATH}\" defer></script>"), "id=\"live\""]);
        for once in ["<main", "<h1", "id=\"page-title\"", "<title>"] {
            // Drawings have titles of their own.
            let count = html.split("<body").nth(usize::from(once != "<title>")).unwrap().matches(once).count();
            assert_eq!(count, 1, "{name}: {once}");
        }
    }
}

#[test]
fn no_id_stands_twice_on_a_page_and_every_reference_leads_to_one() {
    let values = |html: &str, attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        let parts = html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap());
        parts.flat_map(str::split_whitespace).map(|id| id.trim_start_matches('#').to_owned()).collect()
    };
    for (name, page) in samples() {
        let html = page.html();
        let mut ids = values(&html, "id");
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}: {ids:?}");
        for attribute in ["for", "aria-describedby", "aria-labelledby", "popovertarget", "data-copy", "data-filter"] {
            for target in values(&html, attribute) {
                assert!(ids.contains(&target), "{name}: {attribute} {target}");
            }
        }
    }
}

#[test]
fn nothing_a_stranger_chose_becomes_markup_and_nothing_is_inline() {
    for (name, page) in samples() {
        let html = page.html();
        lacks(&html, &["<script>", "javascript:", " style=", "<style", " onclick", " onsubmit"]);
        assert_eq!(html.matches("<script").count(), 1, "{name}: only the console's own script");
        // Carried along or typed by this person, these come back as they were.
        if !matches!(
            name,
            "login-again"
                | "new-domain"
                | "new-domain-checked"
                | "form-page"
                | "form-page-auditor"
                | "dry-run"
                | "confirm"
                | "conflict"
                | "conflict-plain"
                | "domains-not-found"
        ) {
            lacks(&html, &["\u{202e}", "\u{200b}"]);
        }
    }
}

#[test]
fn forms_post_or_search_and_buttons_say_what_they_do() {
    for (name, page) in samples() {
        let html = page.html();
        for form in html.split("<form").skip(1) {
            let tag = form.split('>').next().unwrap();
            let kind = if tag.contains("role=\"search\"") { "method=\"get\"" } else { "method=\"post\"" };
            assert!(tag.contains(kind) && tag.contains("action=\"/console"), "{name}: {tag}");
        }
        for button in html.split("<button").skip(1) {
            let tag = button.split('>').next().unwrap();
            let scripted = tag.contains("data-copy") || tag.contains("popovertarget");
            assert!(tag.contains(if scripted { "type=\"button\"" } else { "type=\"submit\"" }), "{name}: {tag}");
        }
    }
}

#[test]
fn what_needs_script_is_hidden_until_the_script_shows_it() {
    for (name, page) in samples() {
        for attribute in [" data-copy=", " data-select-all=", " data-filter="] {
            for tag in page.html().split(attribute).skip(1) {
                assert!(tag.split('>').next().unwrap().ends_with(" hidden"), "{name}: {attribute}");
            }
        }
    }
}

#[test]
fn the_navigation_marks_where_one_is() {
    let html = overview().html();
    holds(&html, &["<a href=\"/console/domains/main\" aria-current=\"page\">", "popovertarget=\"navigation\""]);
    holds(&html, &["<a class=\"skip\" href=\"#main\">", "<form method=\"post\" action=\"/console/logout\">"]);
    holds(&html, &["<a href=\"/console/domains/main\" aria-current=\"true\">main</a>", ">staging</a>"]);
    holds(&html, &["href=\"/console/administrators\"", "href=\"/console/api-tokens\"", "href=\"/console/audit\""]);
    let html = confirm().html();
    holds(&html, &["<a href=\"/console/domains/main/applications\" aria-current=\"true\">"]);
    holds(&html, &["<a href=\"/console/domains/staging/applications\">staging</a>"]);
    holds(&html, &["<span class=\"claimed\" aria-current=\"page\">Delete</span>"]);
    let html = account_secured().html();
    lacks(&html, &["/console/administrators", "class=\"switcher\"", "data-select-all", "value=\"end_other_sessions\""]);
    holds(&html, &["<a class=\"who-name\" href=\"/console/account\" aria-current=\"page\">"]);
}

#[test]
fn one_logs_in_with_a_name_a_password_and_a_code() {
    let html = login().html();
    holds(&html, &["<form id=\"login\" class=\"stack\" method=\"post\" action=\"/console/login\">"]);
    holds(&html, &["name=\"next\" value=\"/console/domains/main/keys\"", "name=\"username\"", "name=\"password\""]);
    holds(&html, &["autocomplete=\"username\"", "autocomplete=\"current-password\""]);
    holds(&login_again().html(), &["id=\"form-error\" class=\"callout error\" role=\"alert\"", "id=\"notice\""]);
    let html = second_factor().html();
    holds(&html, &["<form id=\"second-factor\"", "name=\"code\"", "autocomplete=\"one-time-code\"", "id=\"logout\""]);
    lacks(&html, &["name=\"next\"", "aria-invalid"]);
}

#[test]
fn the_account_page_has_a_form_for_each_thing() {
    let html = account().html();
    for action in ["change_password", "begin_second_factor", "end_session", "end_other_sessions"] {
        holds(&html, &[&format!("name=\"action\" value=\"{action}\"")]);
    }
    holds(&html, &["name=\"session\" value=\"s2\"", "At least 12 characters."]);
    lacks(&html, &["confirm_second_factor", "remove_second_factor", "name=\"session\" value=\"s1\""]);
    let html = account_enrolling().html();
    holds(&html, &["id=\"qr\" class=\"qr\"", "JBSW Y3DP", "value=\"confirm_second_factor\"", "name=\"sealed\""]);
    holds(&html, &["aria-describedby=\"code-error\"", "aria-describedby=\"new_password-error new_password-hint\""]);
    holds(&account_secured().html(), &["value=\"remove_second_factor\"", "id=\"second-factor-password-error\""]);
}

#[test]
fn a_domain_is_named_checked_and_made() {
    let html = new_domain().html();
    holds(&html, &["<form id=\"name-domain\"", "value=\"Partners Europe\"", "name=\"step\" value=\"check\""]);
    holds(&html, &["id=\"name-error\"", "aria-invalid=\"true\" aria-describedby=\"name-error name-hint\""]);
    holds(&html, &["type=\"radio\" name=\"preset\" value=\"gateway\" checked", "value=\"empty\""]);
    let html = new_domain_checked().html();
    holds(&html, &["API gateway (APIM)", "<input type=\"hidden\" name=\"preset\" value=\"gateway\">"]);
    holds(&html, &["<input type=\"hidden\" name=\"name\" value=\"partners\">", "name=\"step\" value=\"create\""]);
    holds(&html, &["https://id.example.com/partners/oidc/.well-known/openid-configuration", "{#client_id}"]);
    let html = domains().html();
    holds(&html, &["<a id=\"new-domain\"", "<a class=\"row-link\" href=\"/console/domains/staging\">staging</a>"]);
    let foreign = Domains { frame: ConsoleFrame::new("eve", Role::Editor, Section::Domains), ..domains() }.html();
    lacks(&foreign, &["/console/domains/new"]);
}

#[test]
fn what_a_part_calls_its_arguments_hides_no_field_of_a_page() {
    let parts = include_str!("../../../templates/console/parts.html");
    for line in parts.lines().filter_map(|line| line.strip_prefix("{%- macro ")) {
        let arguments = line.split_once('(').unwrap().1.split_once(") ").unwrap().0;
        for argument in arguments.split(", ").filter(|argument| !argument.is_empty() && !argument.contains('=')) {
            assert!(argument.starts_with("p_"), "{argument} of {line}");
        }
    }
}

#[test]
fn an_auditor_sees_every_setting_and_no_button() {
    let html = form_page().html();
    holds(&html, &["name=\"version\" value=\"7\"", "id=\"save\"", "id=\"delete\"", "id=\"preset-mcp\""]);
    lacks(&html, &["id=\"preset-gateway\"", "<fieldset class=\"whole\" disabled>"]);
    let html = form_page_of_an_auditor().html();
    holds(&html, &["<fieldset class=\"whole\" disabled>", "name=\"open_registration\"", "Strangers make applications"]);
    lacks(&html, &["id=\"save\"", "id=\"delete\"", "id=\"preset-mcp\""]);
    let auditor = TablePage { frame: form_page_of_an_auditor().frame, ..table_page() }.html();
    lacks(&auditor, &["id=\"new\"", "name=\"revoke\""]);
    holds(&table_page().html(), &["id=\"new\"", "name=\"revoke\" value=\"t1\"", "data-confirm=\"Revoke this token?\""]);
}

#[test]
fn dangerous_things_are_confirmed_by_typing() {
    let html = confirm().html();
    holds(&html, &["<form id=\"confirm-form\"", "id=\"confirm\" name=\"confirm\"", "id=\"confirm-error\""]);
    holds(&html, &["name=\"version\" value=\"7\"", "Type <code class=\"claimed\">project-wiki</code> to confirm"]);
    let html = confirm_plainly().html();
    lacks(&html, &["name=\"confirm\""]);
    holds(&html, &["id=\"do-it\" class=\"danger\""]);
}

#[test]
fn a_lost_update_keeps_what_was_typed() {
    let html = conflict().html();
    holds(&html, &["id=\"reload\"", "id=\"save-anyway\"", "name=\"version\" value=\"8\"", "600 seconds"]);
    let html = Conflict { action: None, ..conflict() }.html();
    lacks(&html, &["<form id=\"save-anyway\""]);
}

#[test]
fn the_overview_shows_numbers_and_what_to_do() {
    let html = overview().html();
    holds(&html, &["10,000+", "<figure id=\"registrations\" class=\"chart\">", "<polyline class=\"tone2\""]);
    holds(&html, &["72 %", "<code>invalid_redirect_uri</code>", "in 3 days", "<td class=\"number\">"]);
    lacks(&html, &["id=\"next-steps\""]);
    let html = overview_empty().html();
    holds(&html, &["id=\"next-steps\"", "New gateway registrar", "Nothing in this time.", "Nothing was refused."]);
}

#[test]
fn an_auditor_is_offered_nothing_to_change() {
    let frame = ConsoleFrame { may_edit: false, ..frame(Section::Overview) };
    lacks(&Overview { frame, ..overview() }.html(), &["applications/new"]);
}
