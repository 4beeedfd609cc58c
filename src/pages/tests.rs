//! What holds for every page and mail: ids that others rely on, escaping, no code (OWASP ASVS §1.2).

use super::*;
use crate::model::redirect_uri::RedirectUri;
use crate::model::time::UnixTime;

/// Text that would break out of an attribute, an element or a line.
const HOSTILE: &str = "\"><script>alert(1)</script>'&\u{202e}\u{200b}\r\nBcc: x";

/// A page by the name of the file it is written to.
type Sample = (&'static str, Box<dyn Page>);

fn frame() -> Frame {
    Frame::new("Example & Sons")
}

fn returns_to(uri: &str) -> ReturnsTo {
    ReturnsTo::of(&RedirectUri::parse(uri).unwrap())
}

fn client() -> AskingClient {
    AskingClient { name: "Claude".into(), returns_to: returns_to("https://claude.ai/api/mcp/auth_callback") }
}

fn at(seconds: i64) -> Moment {
    UnixTime(seconds).into()
}

fn login() -> Login {
    Login {
        frame: frame(),
        action: "/main/login".into(),
        interaction: Some("int-1".to_owned()),
        client: Some(client()),
        username: String::new(),
        error: None,
        sign_up: Some("/main/register?interaction=int-1".into()),
        forgot: Some("/main/forgot".into()),
    }
}

fn login_again() -> Login {
    Login {
        username: "ada".to_owned(),
        error: Some(texts::WRONG_CREDENTIALS.to_owned()),
        frame: frame().with_notice("Your new password is set."),
        client: Some(AskingClient {
            name: "MCP Inspector".into(),
            returns_to: ReturnsTo::Loopback("localhost".into()),
        }),
        ..login()
    }
}

fn sign_up() -> SignUp {
    SignUp {
        frame: frame(),
        action: "/main/register".into(),
        interaction: Some("int-1".to_owned()),
        invite: None,
        client: Some(client()),
        username: String::new(),
        email: String::new(),
        name: String::new(),
        password_min: 12,
        errors: SignUpErrors::default(),
        login: Some("/main/login?interaction=int-1".into()),
    }
}

fn sign_up_again() -> SignUp {
    SignUp {
        invite: Some("inv-1".to_owned()),
        client: None,
        username: "ada".to_owned(),
        email: "ada@".to_owned(),
        errors: SignUpErrors {
            form: Some("Three fields need your attention.".to_owned()),
            username: Some(texts::USERNAME_TAKEN.to_owned()),
            email: Some(texts::EMAIL_INVALID.to_owned()),
            name: None,
            password: Some(texts::password_too_short(12)),
        },
        ..sign_up()
    }
}

fn scope(name: &str, label: &str, description: &str) -> ConsentScope {
    ConsentScope { name: name.to_owned(), label: label.into(), description: Claimed::long(description) }
}

fn consent() -> Consent {
    Consent {
        frame: frame(),
        action: "/main/consent".into(),
        interaction: "int-1".to_owned(),
        asked: "ask-1".to_owned(),
        client_name: "Claude".into(),
        standing: ClientStanding::Document { host: "claude.ai".into(), built_in: true },
        impersonates: None,
        logo: Some("/main/clients/c1/logo".into()),
        client_uri: Href::web("https://claude.ai"),
        policy_uri: Href::web("https://claude.ai/privacy"),
        tos_uri: Href::web("https://claude.ai/terms"),
        returns_to: returns_to("https://claude.ai/api/mcp/auth_callback"),
        resources: vec![ConsentResource {
            name: "Project wiki".into(),
            identifiers: vec!["https://wiki.example.com/mcp".into()],
        }],
        scopes: vec![
            scope("openid", "Sign in", "Know who you are"),
            scope("wiki:read", "Read pages", "See every page of the wiki that you can see"),
            scope("offline_access", "Offline access", "Stay signed in when you are away"),
        ],
        signed_in_as: "Ada Lovelace (ada)".into(),
    }
}

fn consent_loopback() -> Consent {
    Consent {
        client_name: "Visual Studio Code".into(),
        standing: ClientStanding::SelfRegistered,
        logo: None,
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
        returns_to: returns_to("http://127.0.0.1:33418/"),
        ..consent()
    }
}

fn consent_private_use() -> Consent {
    Consent {
        client_name: "Cursor".into(),
        returns_to: returns_to("cursor://anysphere.cursor-mcp/oauth/callback"),
        ..consent_loopback()
    }
}

fn consent_impersonation() -> Consent {
    Consent {
        impersonates: Some("Claude".into()),
        client_name: "Claude for Enterprise, the official connector with a name that does not want to end".into(),
        returns_to: returns_to("https://claude-ai.a-rather-long-host-name.accounts.evil.example/callback"),
        resources: vec![
            ConsentResource { name: "Project wiki".into(), identifiers: vec!["https://wiki.example.com/mcp".into()] },
            ConsentResource {
                name: "Payroll".into(),
                identifiers: vec![
                    "https://payroll.example.com/a/very/long/path/that/never/seems/to/end/mcp".into(),
                    "https://payroll.internal.example.com/mcp".into(),
                ],
            },
        ],
        ..consent_loopback()
    }
}

fn consent_hostile() -> Consent {
    Consent {
        client_name: HOSTILE.into(),
        standing: ClientStanding::Document { host: HOSTILE.into(), built_in: false },
        impersonates: Some(HOSTILE.into()),
        logo: Some(HOSTILE.into()),
        resources: vec![ConsentResource { name: HOSTILE.into(), identifiers: vec![Claimed::long(HOSTILE)] }],
        scopes: vec![scope("\"><script>alert(1)</script>", HOSTILE, HOSTILE)],
        signed_in_as: HOSTILE.into(),
        interaction: "\"><script>alert(1)</script>".to_owned(),
        ..consent()
    }
}

fn error_page() -> ErrorPage {
    ErrorPage {
        frame: frame(),
        title: "This request cannot be answered".to_owned(),
        explanation: "The application asked for the answer to be sent to an address that it has not registered."
            .to_owned(),
        technical: Some("The parameter redirect_uri is not one that this application has registered.".to_owned()),
        remedies: vec![
            "Go back to the application and start again.".to_owned(),
            "If you develop it: register the redirect URI exactly as the request names it.".to_owned(),
        ],
        code: "invalid_request".to_owned(),
        trace_id: Some("0190-7f3a-51c2".to_owned()),
    }
}

fn unknown_client() -> UnknownClient {
    UnknownClient {
        frame: frame(),
        client_id: "Zk3vQ0m9T2yF4bqLr8sXwA".into(),
        reason: "It used a client id that is not known here, or not any more.".to_owned(),
        likely: Product::of_redirect_uri("cursor://anysphere.cursor-mcp/oauth/callback"),
        trace_id: Some("0190-7f3a-51c2".to_owned()),
    }
}

fn form_post() -> FormPost {
    FormPost {
        frame: frame(),
        redirect_uri: Href::web("https://client.example/callback?x=1&y=2").unwrap(),
        parameters: vec![("code".to_owned(), "ac_1".to_owned()), ("state".to_owned(), HOSTILE.to_owned())],
    }
}

fn account() -> Account {
    let session = |id: &str, device: &str, address: &str, current| AccountSession {
        id: id.to_owned(),
        device: device.into(),
        address: address.into(),
        last_seen: at(1_795_320_000),
        current,
    };
    let application = |id: &str, name: &str, last_used| AccountApplication {
        client_id: id.to_owned(),
        name: name.into(),
        resources: vec!["Project wiki".into()],
        scopes: vec!["Sign in".into(), "Read pages".into(), "Offline access".into()],
        since: at(1_790_000_000),
        last_used,
    };
    Account {
        frame: frame().with_notice("Your name is saved."),
        action: "/main/account".into(),
        logout: "/main/account/logout".into(),
        username: "ada".into(),
        name: "Ada Lovelace".to_owned(),
        email: "ada@example.com".into(),
        email_verified: false,
        may_send_verification: true,
        sessions: vec![
            session("s1", "Firefox on Linux", "192.0.2.7", true),
            session("s2", "Safari on iPhone", "2001:db8:85a3::8a2e:370:7334", false),
        ],
        applications: vec![application("c1", "Claude", Some(at(1_795_300_000))), application("c2", HOSTILE, None)],
        password_min: 12,
        errors: AccountErrors::default(),
    }
}

fn account_with_errors() -> Account {
    Account {
        frame: frame(),
        email_verified: true,
        sessions: account().sessions[..1].to_vec(),
        applications: Vec::new(),
        errors: AccountErrors {
            profile: Some("This name is too long. Use at most 200 characters.".to_owned()),
            current_password: Some(texts::PASSWORD_WRONG.to_owned()),
            new_password: Some(texts::PASSWORD_COMMON.to_owned()),
            delete_account: Some(texts::PASSWORD_WRONG.to_owned()),
        },
        ..account()
    }
}

fn forgot() -> ForgotPassword {
    ForgotPassword {
        frame: frame(),
        action: "/main/forgot".into(),
        email: String::new(),
        error: None,
        login: Some("/main/login".into()),
    }
}

fn reset() -> ResetPassword {
    ResetPassword {
        frame: frame(),
        action: "/main/reset".into(),
        username: Some("ada".to_owned()),
        token: "tok".to_owned(),
        password_min: 12,
        error: Some(texts::password_too_short(12)),
    }
}

fn confirm_address() -> ConfirmAddress {
    ConfirmAddress {
        frame: frame(),
        action: "/main/verify".into(),
        token: "tok".to_owned(),
        address: format!("ada@example.com{HOSTILE}").into(),
        username: "ada".into(),
    }
}

fn notice() -> Notice {
    Notice {
        frame: frame(),
        title: "Check your mail".to_owned(),
        text: "If there is an account with that address, we have sent a link to it.".to_owned(),
        link: Some(Link { href: "/main/login".into(), text: "Back to sign in".to_owned() }),
    }
}

fn logout_confirm() -> LogoutConfirm {
    LogoutConfirm {
        frame: frame(),
        action: "/main/oidc/logout".into(),
        parameters: vec![("state".to_owned(), HOSTILE.to_owned())],
        client: Some("Project wiki".into()),
        signed_in_as: Some("ada".into()),
        account: Some("/main/account".into()),
    }
}

fn samples() -> Vec<Sample> {
    vec![
        ("login", Box::new(login())),
        ("login-again", Box::new(login_again())),
        ("sign-up", Box::new(sign_up())),
        ("sign-up-again", Box::new(sign_up_again())),
        ("consent", Box::new(consent())),
        ("consent-loopback", Box::new(consent_loopback())),
        ("consent-private-use", Box::new(consent_private_use())),
        ("consent-impersonation", Box::new(consent_impersonation())),
        ("consent-hostile", Box::new(consent_hostile())),
        ("error", Box::new(error_page())),
        ("unknown-client", Box::new(unknown_client())),
        ("form-post", Box::new(form_post())),
        ("forgot", Box::new(forgot())),
        ("reset", Box::new(reset())),
        ("confirm-address", Box::new(confirm_address())),
        ("notice", Box::new(notice())),
        ("logout", Box::new(logout_confirm())),
        ("logged-out", Box::new(LoggedOut { frame: frame(), login: Some("/main/login".into()) })),
        ("account", Box::new(account())),
        ("account-with-errors", Box::new(account_with_errors())),
    ]
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
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        holds(&html, &["<meta name=\"viewport\"", "<meta name=\"robots\" content=\"noindex\">", "color-scheme"]);
        holds(&html, &[&format!("<link rel=\"stylesheet\" href=\"{STYLESHEET_PATH}\">"), "Example &#38; Sons</title>"]);
        for once in ["<main", "<h1", "id=\"title\"", "<title>"] {
            assert_eq!(html.matches(once).count(), 1, "{name}: {once}");
        }
    }
}

#[test]
fn no_id_stands_twice_on_a_page_and_every_reference_leads_to_one() {
    let values = |html: &str, attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        let parts = html.split(&start).skip(1);
        parts
            .flat_map(|rest| rest.split('"').next().unwrap().split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    for (name, page) in samples() {
        let html = page.html();
        let mut ids = values(&html, "id");
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}: {ids:?}");
        for attribute in ["for", "aria-describedby", "aria-labelledby"] {
            for target in values(&html, attribute) {
                assert!(ids.contains(&target), "{name}: {attribute} {target}");
            }
        }
    }
}

#[test]
fn nothing_a_stranger_chose_becomes_markup() {
    for (name, page) in samples() {
        let html = page.html();
        lacks(&html, &["<script>alert", "javascript:", " style=", " onclick"]);
        // These two carry parameters on, which must not be changed; nobody sees them.
        if !matches!(name, "form-post" | "logout") {
            lacks(&html, &["\u{202e}", "\u{200b}"]);
        }
        let scripts = usize::from(name == "form-post");
        assert_eq!(html.matches("<script").count(), scripts, "{name}");
    }
    let html = consent_hostile().html();
    let name =
        "id=\"client-name\" class=\"claimed\">&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#39;&#38; Bcc: x<";
    holds(&html, &[name, "id=\"client-logo\" src=\"#\""]);
}

#[test]
fn every_form_posts_and_every_button_says_what_it_does() {
    for (name, page) in samples() {
        let html = page.html();
        for form in html.split("<form").skip(1) {
            let tag = form.split('>').next().unwrap();
            assert!(tag.contains("method=\"post\"") && tag.contains("action=\""), "{name}: {tag}");
        }
        for button in html.split("<button").skip(1) {
            assert!(button.split('>').next().unwrap().contains("type=\"submit\""), "{name}: {button}");
        }
    }
}

#[test]
fn the_login_asks_for_a_name_and_a_password() {
    let html = login().html();
    holds(&html, &["<form id=\"login\" method=\"post\" action=\"/main/login\">"]);
    holds(&html, &["<input type=\"hidden\" name=\"interaction\" value=\"int-1\">", "id=\"submit-login\""]);
    holds(&html, &["<label for=\"username\">User name or e-mail</label>", "autocomplete=\"username\""]);
    holds(&html, &["id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\""]);
    holds(&html, &["id=\"cancel\" type=\"submit\" name=\"decision\" value=\"cancel\" formnovalidate"]);
    holds(&html, &["to continue to <strong class=\"claimed\">Claude</strong>", "class=\"host\">claude.ai</span>"]);
    holds(&html, &["id=\"sign-up-link\" href=\"/main/register?interaction=int-1\"", "id=\"forgot-link\""]);
    lacks(&html, &["id=\"error\"", "id=\"notice\""]);
    let again = login_again().html();
    holds(&again, &["<div id=\"error\" class=\"callout bad\" role=\"alert\">", "value=\"ada\"", "id=\"notice\""]);
    holds(&again, &["a program on this computer"]);
    let bare = Login { interaction: None, client: None, sign_up: None, forgot: None, ..login() }.html();
    lacks(&bare, &["interaction", "id=\"cancel\"", "id=\"context\"", "id=\"sign-up-link\"", "id=\"forgot-link\""]);
}

#[test]
fn the_sign_up_ties_errors_to_their_fields() {
    let html = sign_up().html();
    holds(&html, &["<form id=\"sign-up\" method=\"post\"", "id=\"username\"", "id=\"email\"", "id=\"name\""]);
    holds(&html, &["autocomplete=\"new-password\" minlength=\"12\"", "id=\"submit-sign-up\"", "id=\"login-link\""]);
    lacks(&html, &["aria-invalid", "name=\"invite\"", "-error\""]);
    let again = sign_up_again().html();
    holds(&again, &["required aria-invalid=\"true\" aria-describedby=\"username-error\">"]);
    holds(
        &again,
        &["<p id=\"username-error\" class=\"field-error\">", "aria-describedby=\"password-error password-hint\""],
    );
    holds(&again, &["<input type=\"hidden\" name=\"invite\" value=\"inv-1\">", "id=\"error\"", "value=\"ada@\""]);
}

#[test]
fn the_consent_says_who_asks_where_the_answer_goes_and_what_for() {
    let html = consent().html();
    holds(
        &html,
        &["<form id=\"consent\" method=\"post\" action=\"/main/consent\">", "name=\"interaction\" value=\"int-1\""],
    );
    holds(&html, &["id=\"client-name\" class=\"claimed\">Claude<", "id=\"redirect-host\" class=\"host\">claude.ai<"]);
    holds(&html, &["id=\"client-host\" class=\"host\">claude.ai<", "id=\"built-in-document\""]);
    holds(&html, &["<dd id=\"resource\">", "Project wiki", "https://wiki.example.com/mcp", "<ul id=\"scopes\""]);
    holds(&html, &["<li data-scope=\"wiki:read\">", "Read pages", "See every page of the wiki that you can see"]);
    holds(&html, &["id=\"client-link\" href=\"https://claude.ai\"", "id=\"policy-link\"", "id=\"tos-link\""]);
    holds(
        &html,
        &[
            "id=\"signed-in-as\"",
            "id=\"switch-account\" class=\"quiet\" type=\"submit\" name=\"decision\" value=\"switch\"",
        ],
    );
    holds(&html, &["id=\"allow\" class=\"primary\" type=\"submit\" name=\"decision\" value=\"allow\""]);
    holds(&html, &["id=\"cancel\" type=\"submit\" name=\"decision\" value=\"cancel\""]);
    lacks(&html, &["id=\"self-registered\"", "id=\"impersonation\"", "id=\"loopback-warning\""]);
}

#[test]
fn the_consent_warns_where_only_the_person_can_know() {
    let html = consent_loopback().html();
    holds(
        &html,
        &["id=\"self-registered\">It registered itself; nobody has checked this name.", "id=\"loopback-warning\""],
    );
    holds(&html, &["id=\"redirect-host\" class=\"host\">a program on this computer (127.0.0.1)<"]);
    lacks(&html, &["id=\"client-host\"", "id=\"client-logo\"", "class=\"client-links\""]);
    let html = consent_private_use().html();
    holds(&html, &["id=\"redirect-host\" class=\"host\">an app on this device that answers to cursor:<"]);
    holds(&html, &["id=\"private-use-warning\""]);
    lacks(&html, &["id=\"loopback-warning\""]);
    holds(
        &consent_impersonation().html(),
        &["<div id=\"impersonation\" class=\"callout bad\">", "This may not be Claude."],
    );
    let registered = Consent { standing: ClientStanding::Registered, ..consent() }.html();
    lacks(&registered, &["id=\"self-registered\"", "id=\"client-host\""]);
}

#[test]
fn an_error_names_code_attempt_and_remedies() {
    let html = error_page().html();
    holds(
        &html,
        &["<h1 id=\"title\">This request cannot be answered</h1>", "id=\"explanation\"", "<ul id=\"remedies\">"],
    );
    holds(&html, &["<code id=\"error-code\">invalid_request</code>", "<code id=\"trace-id\">0190-7f3a-51c2</code>"]);
    holds(&html, &["<span id=\"technical\">The parameter redirect_uri is not one"]);
    let bare = ErrorPage { remedies: Vec::new(), technical: None, trace_id: None, ..error_page() }.html();
    lacks(&bare, &["id=\"remedies\"", "id=\"technical\"", "id=\"trace-id\""]);
}

#[test]
fn an_unknown_client_is_told_how_to_reconnect_the_likely_product_first() {
    let html = unknown_client().html();
    holds(&html, &["<code id=\"client-id\">Zk3vQ0m9T2yF4bqLr8sXwA</code>", "<ul id=\"reconnect\""]);
    let order: Vec<&str> = html.split("data-product=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(order.len(), Product::ALL.len());
    assert_eq!(order[..2], ["cursor", "vscode"]);
    assert_eq!(html.matches("Probably yours").count(), 1);
    let unsure = UnknownClient { likely: None, ..unknown_client() }.html();
    lacks(&unsure, &["Probably yours"]);
}

#[test]
fn the_form_post_page_posts_itself_and_has_a_button() {
    let html = form_post().html();
    holds(&html, &["<form id=\"respond\" method=\"post\" action=\"https://client.example/callback?x=1&#38;y=2\">"]);
    holds(&html, &["<input type=\"hidden\" name=\"code\" value=\"ac_1\">", "id=\"continue\""]);
    holds(&html, &[&format!("<script>{FORM_POST_SCRIPT}</script>")]);
    // The state goes back as it came, invisible characters and all; only markup is escaped.
    let state = HOSTILE.replace('&', "&#38;").replace('"', "&#34;").replace('\'', "&#39;");
    let state = state.replace('<', "&#60;").replace('>', "&#62;");
    holds(&html, &[&format!("name=\"state\" value=\"{state}\"")]);
}

#[test]
fn passwords_are_forgotten_and_reset_by_form() {
    holds(&forgot().html(), &["<form id=\"forgot\" method=\"post\" action=\"/main/forgot\">", "id=\"email\""]);
    let html = reset().html();
    holds(&html, &["<form id=\"reset\" method=\"post\"", "<input type=\"hidden\" name=\"token\" value=\"tok\">"]);
    holds(&html, &["aria-describedby=\"password-error password-hint\""]);
    holds(&notice().html(), &["id=\"explanation\"", "<a id=\"next\" class=\"button\" href=\"/main/login\">"]);
}

#[test]
fn logging_out_is_asked_and_told() {
    let html = logout_confirm().html();
    holds(&html, &["<form id=\"logout\" method=\"post\" action=\"/main/oidc/logout\">", "id=\"confirm-logout\""]);
    holds(&html, &["<input type=\"hidden\" name=\"state\""]);
}

#[test]
fn the_account_page_has_a_form_for_each_thing() {
    let html = account().html();
    holds(&html, &["<section id=\"sessions\"", "<section id=\"applications\"", "id=\"logout\""]);
    holds(&html, &["name=\"session\" value=\"s2\"><button type=\"submit\" name=\"action\" value=\"end_session\">"]);
    holds(&html, &["name=\"client_id\" value=\"c1\"><button type=\"submit\" name=\"action\" value=\"revoke\">"]);
    holds(&html, &["<time datetime=\"2026-11-22T04:00:00Z\">22 Nov 2026, 04:00 UTC</time>", "data-current"]);
    for action in ["end_other_sessions", "profile", "change_password", "delete_account", "send_verification"] {
        holds(&html, &[&format!("name=\"action\" value=\"{action}\"")]);
    }
    for id in
        ["change-password", "current-password", "new-password", "profile", "name", "delete-account", "delete-password"]
    {
        holds(&html, &[&format!("id=\"{id}\"")]);
    }
    let html = account_with_errors().html();
    lacks(&html, &["end_other_sessions", "send_verification", "value=\"revoke\""]);
    holds(&html, &["id=\"email-verified\"", "id=\"current-password-error\"", "id=\"delete-password-error\""]);
    holds(&html, &["id=\"profile-error\"", "aria-describedby=\"new-password-error new-password-hint\""]);
}

#[test]
fn mails_are_plain_text_with_a_subject_of_one_line() {
    let domain_name = Claimed::from("Example & Sons\r\nBcc: everybody@example.com");
    let link = "https://id.example/main/verify?token=a&b=c".to_owned();
    let mails = [
        VerifyAddressMail { domain_name: domain_name.clone(), link: link.clone(), lifetime: 86_400 }.mail(),
        ResetPasswordMail { domain_name: domain_name.clone(), link: link.clone(), lifetime: 1_800 }.mail(),
        InvitationMail { domain_name: domain_name.clone(), link: link.clone(), lifetime: 604_800 }.mail(),
        SignUpAttemptMail { domain_name, login: link.clone(), forgot: link.clone() }.mail(),
    ];
    for mail in &mails {
        assert!(!mail.subject.contains(['\r', '\n']) && !mail.subject.is_empty(), "{}", mail.subject);
        assert!(mail.subject.contains("Example & Sons Bcc: everybody@example.com"), "{}", mail.subject);
        assert!(mail.text.lines().any(|line| line == link), "{}", mail.text);
    }
    holds(&mails[0].text, &["within 24 hours"]);
    holds(&mails[1].text, &["within 30 minutes"]);
    holds(&mails[2].text, &["within 7 days"]);
}

/// Writes every page, to be looked at: `REGISTRAR_PAGES=dir cargo test --lib pages -- --ignored`.
#[test]
#[ignore = "writes files, for people to look at"]
fn pages_are_written_to_a_folder() {
    let folder = std::path::PathBuf::from(std::env::var("REGISTRAR_PAGES").expect("REGISTRAR_PAGES names a folder"));
    let stylesheet = folder.join(STYLESHEET_PATH.trim_start_matches('/'));
    std::fs::create_dir_all(stylesheet.parent().unwrap()).unwrap();
    std::fs::write(stylesheet, STYLESHEET).unwrap();
    for (name, page) in samples() {
        let html = page.html().replace(STYLESHEET_PATH, &STYLESHEET_PATH[1..]);
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
    }
}
