//! Passwords: which may be chosen (NIST SP 800-63B §3.1.1.2), and how they are kept and checked (RFC 9106).

use super::People;
use crate::keys::argon2_pool::{Argon2Pool, PoolError};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::fold;

/// How many characters a password has at least.
pub const MIN_PASSWORD: usize = 8;

/// How many characters a password has at most.
pub const MAX_PASSWORD: usize = 256;

/// How many bytes a password has at most.
const MAX_BYTES: usize = 1_024;

/// The form in which nobody's password is kept: what is checked against it takes as long as any other check.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The passwords that are tried first, of those that are long enough; in lower case.
#[rustfmt::skip]
const COMMONEST: &[&str] = &[
    "00000000", "0123456789", "11111111", "111111111", "1111111111", "11223344", "12121212", "12341234", "123123123",
    "12344321", "12345678", "123456789", "1234567890", "123456789a", "12345679", "1234qwer", "123qweasd", "147258369",
    "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "1qazxsw2", "22222222", "66666666", "77777777", "87654321", "88888888",
    "987654321", "99999999", "a1234567", "a12345678", "aa123456", "aaaaaaaa", "abc12345", "abcd1234", "abcdefgh",
    "adminadmin", "administrator", "admin123", "admin1234", "admin12345", "alexander", "asdasdasd", "asdf1234",
    "asdfasdf", "asdfghjk", "asdfghjkl", "baseball", "basketball", "blink182", "changeme", "charlie1", "chocolate",
    "computer", "corvette", "danielle", "football", "football1", "garfield", "hallo123", "helloworld", "iloveyou",
    "iloveyou1", "internet", "jennifer", "jonathan", "letmein1", "liverpool", "maverick", "mercedes", "michelle",
    "midnight", "minecraft", "mustang1", "p@ssw0rd", "p@ssword", "pa$$word", "pass1234", "passw0rd", "password",
    "password!", "password0", "password01", "password1", "password1!", "password12", "password123", "password1234",
    "password2", "princess", "princess1", "q1w2e3r4", "q1w2e3r4t5", "qazwsxedc", "qwer1234", "qwerqwer", "qwert123",
    "qwerty12", "qwerty123", "qwerty1234", "qwertyui", "qwertyuiop", "samantha", "starwars", "steelers", "sunshine",
    "sunshine1", "superman", "superman1", "test1234", "testtest", "trustno1", "victoria", "welcome1", "welcome123",
    "whatever", "zaq12wsx", "zxcvbnm1", "zxcvbnm123",
];

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordProblem {
    /// It has fewer than [`MIN_PASSWORD`] characters.
    TooShort,
    /// It has more than [`MAX_PASSWORD`] characters.
    TooLong,
    /// It is the user name or the e-mail address.
    IsName,
    /// It is one of those that are tried first.
    Common,
}

/// Whether a password may be chosen by somebody with these names: user name, e-mail address.
pub fn check_password(password: &str, names: &[&str]) -> Result<(), PasswordProblem> {
    let length = password.chars().count();
    if length < MIN_PASSWORD {
        return Err(PasswordProblem::TooShort);
    }
    if length > MAX_PASSWORD || password.len() > MAX_BYTES {
        return Err(PasswordProblem::TooLong);
    }
    let folded = fold(password);
    if names.iter().any(|name| !name.is_empty() && fold(name) == folded) {
        return Err(PasswordProblem::IsName);
    }
    if COMMONEST.contains(&folded.as_str()) {
        return Err(PasswordProblem::Common);
    }
    Ok(())
}

/// What is wrong with a password that was chosen, in words; `shortest`: how many characters it has at least.
pub fn in_words(problem: PasswordProblem, shortest: usize) -> String {
    match problem {
        PasswordProblem::TooShort => format!("must have at least {shortest} characters"),
        PasswordProblem::TooLong => format!("must have at most {MAX_PASSWORD} characters"),
        PasswordProblem::IsName => "must not be the user name or the e-mail address".to_owned(),
        PasswordProblem::Common => "is one of those that are tried first; choose another".to_owned(),
    }
}

impl People {
    /// The form in which a password is kept.
    pub async fn hash_password(&self, password: Secret) -> Result<String, OAuthError> {
        hash_password(&self.argon2, password).await
    }

    /// Whether a password is the one that is kept. It takes as long where none is kept.
    pub async fn verify_password(&self, password: Secret, kept: Option<&str>) -> Result<bool, OAuthError> {
        verify_password(&self.argon2, password, kept).await
    }
}

/// The form in which a password is kept.
pub async fn hash_password(pool: &Argon2Pool, password: Secret) -> Result<String, OAuthError> {
    pool.hash(password).await.map_err(busy)
}

/// Whether a password is the one that is kept. It takes as long where none is kept.
pub async fn verify_password(pool: &Argon2Pool, password: Secret, kept: Option<&str>) -> Result<bool, OAuthError> {
    // What nobody could have chosen is not worth the computation.
    if password.expose().len() > MAX_BYTES {
        return Ok(false);
    }
    let right = pool.verify(password, kept.unwrap_or(NOBODYS).to_owned()).await.map_err(busy)?;
    Ok(right && kept.is_some())
}

fn busy(error: PoolError) -> OAuthError {
    match error {
        PoolError::Busy => {
            OAuthError::temporarily_unavailable("too many passwords are being checked; try again shortly")
        }
        failed @ PoolError::Failed(_) => OAuthError::server_error(anyhow::Error::new(failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_enough_not_too_long_not_common_and_not_a_name() {
        let check = |password: &str| check_password(password, &["ada.lovelace", "ada@example.com"]);
        assert_eq!(check("1234567"), Err(PasswordProblem::TooShort));
        assert_eq!(check("\u{e9}\u{e9}\u{e9}\u{e9}"), Err(PasswordProblem::TooShort), "characters count, not bytes");
        assert_eq!(check(&"x".repeat(257)), Err(PasswordProblem::TooLong));
        assert_eq!(check(&"x".repeat(256)), Ok(()));
        assert_eq!(check(&"\u{1f600}".repeat(256)), Ok(()));
        assert_eq!(check("Ada.Lovelace"), Err(PasswordProblem::IsName));
        assert_eq!(check("ADA@example.com"), Err(PasswordProblem::IsName));
        assert_eq!(check("Password1"), Err(PasswordProblem::Common));
        assert_eq!(check("correct horse"), Ok(()));
    }

    #[test]
    fn the_commonest_are_listed_as_they_are_compared() {
        for password in COMMONEST {
            assert_eq!(check_password(password, &[]), Err(PasswordProblem::Common), "{password}");
        }
    }

    #[tokio::test]
    async fn nobodys_form_is_one_that_can_be_checked() {
        let outcome = Argon2Pool::new(1, 0).verify(Secret::new("anything"), NOBODYS.to_owned()).await;
        assert!(matches!(outcome, Ok(false)), "{outcome:?}");
    }
}
