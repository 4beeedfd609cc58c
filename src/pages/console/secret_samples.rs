//! Samples of where secrets are renewed.

use super::application_samples::{head, of_application};
use super::tests::at;
use super::*;

/// How long the secrets before a new one may live on.
pub(super) fn graces() -> Vec<Choice> {
    let at_once = Choice { risk: Some("End them at once?".into()), ..Choice::new("0", "End at once", false) };
    vec![at_once, Choice::new("86400", "Work for a day", true)]
}

/// The secrets of an application.
pub(super) fn secrets() -> ApplicationSecrets {
    let row = |id: &str, state, expires| SecretRow {
        id: id.to_owned(),
        state,
        created: at(1_790_000_000),
        expires,
        last_used: None,
    };
    ApplicationSecrets {
        frame: of_application("Secrets"),
        head: head(3),
        has_secret: true,
        rows: vec![
            row("01995f00-0000-7000-8000-000000000001", Badge::new(BadgeKind::Good, "Current"), None),
            row(
                "01995f00-0000-7000-8000-000000000002",
                Badge::new(BadgeKind::Warn, "Superseded"),
                Some(at(1_796_000_000)),
            ),
        ],
        graces: graces(),
        own_secret: OwnSecret { wanted: true, error: Some("Must be longer.".to_owned()) },
        error: None,
    }
}
