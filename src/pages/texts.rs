//! Sentences that depend on what happened; all others stand in the templates (WCAG 2.2 §3.3.1, §3.3.3: say what is wrong and how to mend it).

/// Shown for a name in which nothing is visible.
pub const NO_NAME: &str = "an application without a name";

/// The same for an unknown name and a wrong password: a login page does not say who has an account.
pub const WRONG_CREDENTIALS: &str =
    "That user name or e-mail address and password do not match. Check both and try again.";

/// A field that has to be filled in.
pub const REQUIRED: &str = "Fill this in.";

/// Sign-up: the name belongs to somebody.
pub const USERNAME_TAKEN: &str = "This user name is taken. Choose another one.";

/// Sign-up: not an address.
pub const EMAIL_INVALID: &str = "This is not an e-mail address. It looks like name@example.com.";

/// Choosing a password: too common or leaked.
pub const PASSWORD_COMMON: &str = "This password is one of those that are tried first. Choose another one.";

/// Changing a password or deleting the account.
pub const PASSWORD_WRONG: &str = "This is not your current password.";

/// A stored request that is over.
pub const INTERACTION_GONE: &str =
    "This sign-in has expired or was already finished. Go back to the application and start again.";

/// Choosing a password: too short.
pub fn password_too_short(least: usize) -> String {
    format!("This password is too short. Use at least {least} characters.")
}

/// Throttled.
pub fn too_many_attempts(seconds: i64) -> String {
    format!("There were too many attempts. Wait {} and try again.", duration(seconds))
}

/// A duration in words, rounded up to the unit that fits.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(1);
    let (count, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..7_200 => ((seconds + 59) / 60, "minute"),
        7_200..172_800 => ((seconds + 3_599) / 3_600, "hour"),
        _ => ((seconds + 86_399) / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up() {
        for (seconds, words) in [
            (-5, "1 second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (3_600, "60 minutes"),
            (86_400, "24 hours"),
            (604_800, "7 days"),
        ] {
            assert_eq!(duration(seconds), words);
        }
    }
}
