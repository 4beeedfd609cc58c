//! What people may type about themselves, with what they are told if they may not.

use crate::pages::texts;
use crate::people::password::{MAX_PASSWORD, MIN_PASSWORD, PasswordProblem, check_password};

/// The longest full name, in characters.
const MAX_NAME: usize = 200;

/// What is wrong with a full name.
pub fn check_name(name: &str) -> Option<String> {
    let bad = name.chars().count() > MAX_NAME || name.chars().any(char::is_control);
    bad.then(|| texts::name_too_long(MAX_NAME))
}

/// What is wrong with a new password of somebody with these names.
pub fn password_problem(password: &str, names: &[&str]) -> Option<String> {
    Some(match check_password(password, names).err()? {
        PasswordProblem::TooShort => texts::password_too_short(MIN_PASSWORD),
        PasswordProblem::TooLong => texts::password_too_long(MAX_PASSWORD),
        PasswordProblem::IsName => texts::PASSWORD_IS_NAME.to_owned(),
        PasswordProblem::Common => texts::PASSWORD_COMMON.to_owned(),
    })
}
