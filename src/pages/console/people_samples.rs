//! The pages about users and the login settings, with what strangers may put into them.

use super::tests::{HOSTILE, Sample, at, frame};
use super::*;
use crate::model::administrator::Role;

fn users(role: Role) -> Users {
    let row = |id: &str, username: &str, kind| UserRow {
        id: id.to_owned(),
        username: username.into(),
        name: HOSTILE.into(),
        email: "ada@example.com".into(),
        state: Badge::new(kind, "Active"),
        created: at(1_790_000_000),
    };
    Users {
        frame: ConsoleFrame::new("ada", role, Section::Users).in_domain("main"),
        search: String::new(),
        states: vec![Choice::new("", "all", true), Choice::new("disabled", "disabled", false)],
        rows: vec![row("u1", "ada", BadgeKind::Good), row("u2", "bob", BadgeKind::Bad)],
        pager: Pager { total: Some(Total::Exactly(2)), ..Pager::default() },
    }
}

fn user_form() -> UserForm {
    UserForm {
        username: "ada".to_owned(),
        name: "Ada Lovelace".to_owned(),
        email: "ada@example.com".to_owned(),
        email_verified: true,
        claims: "locale=en-GB".to_owned(),
        errors: UserErrors::default(),
    }
}

fn user_errors() -> UserErrors {
    let told = |text: &str| Some(text.to_owned());
    UserErrors {
        form: told("The user is disabled; enable it first."),
        username: told("Another user logs in as ada."),
        email: told("An e-mail address has the form name@host."),
        claims: told("Each line has the form name=value."),
        password: told("It must have at least 12 characters."),
        confirm: told("This is not the user name."),
    }
}

fn link() -> ShownLink {
    ShownLink {
        link: "https://id.example.com/main/password/reset?token=x".to_owned(),
        expires: at(1_790_003_600),
        mail: Some("It was mailed as well.".to_owned()),
    }
}

fn user(role: Role) -> User {
    User {
        frame: ConsoleFrame::new("ada", role, Section::Users).in_domain("main").at("ada"),
        action: "/console/domains/main/users/u1".into(),
        id: "u1".to_owned(),
        version: 2,
        title: HOSTILE.into(),
        username: "ada".into(),
        enabled: true,
        has_password: true,
        created: at(1_790_000_000),
        updated: at(1_790_000_000),
        form: user_form(),
        mail_hint: "You see the link in any case.".to_owned(),
        link: None,
        sessions: vec![UserSession {
            id: "s1".to_owned(),
            device: HOSTILE.into(),
            address: "192.0.2.7".into(),
            since: at(1_790_000_000),
            last_seen: at(1_790_000_100),
        }],
        applications: vec![UserApplication {
            client_id: "c1".to_owned(),
            href: "/console/domains/main/applications/c1".into(),
            name: HOSTILE.into(),
            allowed: vec![HOSTILE.into()],
            last_used: None,
        }],
    }
}

fn login_settings(role: Role) -> LoginSettings {
    LoginSettings {
        frame: ConsoleFrame::new("ada", role, Section::Login).in_domain("main"),
        action: "/console/domains/main/login".into(),
        preview_action: "/console/domains/main/login#look".into(),
        logo_action: "/console/domains/main/login/logo".into(),
        version: 4,
        groups: vec![FormGroup {
            id: "lifetimes",
            title: "How long a login lasts",
            note: "",
            fields: vec![FormField {
                id: "session_lifetime",
                title: "A browser's session, at the most",
                hint: "Also if it is used all the time.",
                risk: "",
                error: Some("Is not a whole number.".to_owned()),
                input: FormInput::Duration(DurationInput {
                    number: "30".to_owned(),
                    units: vec![Choice::new("days", "days", true)],
                }),
            }],
            link: None,
        }],
        display_name: "Retail".to_owned(),
        accent_color: "#cc0000".to_owned(),
        errors: LoginErrors {
            form: Some("That cannot be.".to_owned()),
            display_name: Some("It has 1 to 64 visible characters.".to_owned()),
            accent_color: Some("It is a colour as #rrggbb.".to_owned()),
            logo: Some("It is none of PNG, JPEG and WebP.".to_owned()),
        },
        preview: LookPreview {
            stylesheet: Some("/console/domains/main/login/preview.css?accent=%23cc0000".into()),
            logo: Some("/main/logo?v=x".into()),
            name: HOSTILE.into(),
            sign_up: true,
        },
    }
}

fn invite(link: Option<ShownLink>) -> Invite {
    Invite {
        frame: frame(Section::Users).at("Invite"),
        action: "/console/domains/main/users/invite".into(),
        email: "new@example.com".to_owned(),
        lifetimes: vec![Choice::new("604800", "seven days", true)],
        send: true,
        mail_hint: "You see the link in any case.".to_owned(),
        error: Some("A user of the domain has this address already.".to_owned()),
        link,
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let (owner, auditor) = (Role::Owner, Role::Auditor);
    vec![
        ("users", Box::new(users(owner))),
        ("users-empty", Box::new(Users { rows: Vec::new(), ..users(auditor) })),
        (
            "new-user",
            Box::new(NewUser {
                frame: frame(Section::Users).at("New user"),
                action: "/console/domains/main/users/new".into(),
                form: UserForm { errors: user_errors(), ..user_form() },
                password: OwnSecret { wanted: true, error: user_errors().password },
            }),
        ),
        ("invite", Box::new(invite(None))),
        ("invited", Box::new(invite(Some(link())))),
        ("user", Box::new(user(owner))),
        (
            "user-wrong",
            Box::new(User {
                form: UserForm { errors: user_errors(), ..user_form() },
                link: Some(link()),
                enabled: false,
                ..user(owner)
            }),
        ),
        ("user-auditor", Box::new(user(auditor))),
        ("login-settings", Box::new(login_settings(owner))),
        ("login-settings-auditor", Box::new(login_settings(auditor))),
    ]
}
