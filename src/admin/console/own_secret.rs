//! Passwords and secrets that a form may leave out. They are never sent back, so a form that has to be corrected asks
//! for them again: nobody who chose one gets an account or an application without it by mistake.

use super::fields::Fields;
use crate::model::secret::Secret;
use crate::pages::console::OwnSecret;

/// What a form says of one.
#[derive(Debug)]
pub struct Chosen {
    /// The secret, if one was typed.
    pub secret: Option<Secret>,
    wanted: bool,
}

impl Chosen {
    /// What the form says of the secret in this field.
    pub fn of(form: &Fields, field: &str) -> Self {
        let secret = Some(form.field(field)).filter(|text| !text.is_empty()).map(Secret::new);
        let said = |what: &str| form.ticked(&format!("{field}_{what}"));
        Self { wanted: secret.is_some() || (said("wanted") && !said("waived")), secret }
    }

    /// Whether one was typed before, and neither typed again nor given up.
    pub fn is_missing(&self) -> bool {
        self.wanted && self.secret.is_none()
    }

    /// The field in a form that comes back; `error`: what is wrong with what was typed.
    pub fn again(&self, error: Option<String>) -> OwnSecret {
        let lost = || self.wanted.then(|| "Type it again: it is not kept while the form is corrected.".to_owned());
        OwnSecret { wanted: self.wanted, error: error.or_else(lost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_once_is_typed_again_or_given_up() {
        for (form, missing, asked) in [
            ("password=", false, false),
            ("password=x", false, true),
            ("password=&password_wanted=on", true, true),
            ("password=x&password_wanted=on&password_waived=on", false, true),
            ("password=&password_wanted=on&password_waived=on", false, false),
        ] {
            let chosen = Chosen::of(&Fields::parse(form.as_bytes()), "password");
            let field = chosen.again(None);
            assert_eq!((chosen.is_missing(), field.wanted, field.error.is_some()), (missing, asked, asked), "{form}");
        }
        let wrong = Chosen::of(&Fields::parse(b"password=x"), "password").again(Some("Too short.".to_owned()));
        assert_eq!(wrong.error.as_deref(), Some("Too short."));
    }
}
