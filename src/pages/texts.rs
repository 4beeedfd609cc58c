//! Sentences that depend on what happened; all others stand in the templates (WCAG 2.2 §3.3.1, §3.3.3: say what is wrong and how to mend it).

/// Shown for an application's name in which nothing is visible.
pub const NO_NAME: &str = "an application without a name";

/// Shown for a browser that does not say what it is.
pub const NO_BROWSER: &str = "an unknown browser";

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

/// The new password is the one there is.
pub const PASSWORD_SAME: &str = "This is the password you have. Choose another one.";

/// Changing the address.
pub const PASSWORD_FOR_ADDRESS: &str = "To change the e-mail address, enter your current password.";

/// A stored request that is over.
pub const INTERACTION_GONE: &str =
    "This sign-in has expired or was already finished. Go back to the application and start again.";

/// Sign-up: the address belongs to an account, in a domain that does not send mails to verify it.
pub const EMAIL_TAKEN: &str = "There is an account with this address. Sign in, or ask for a new password.";

/// A link that would verify an address that somebody else has by now.
pub const EMAIL_TAKEN_MEANWHILE: &str = "Another account has this e-mail address by now.";

/// Sign-up: not a user name.
pub const USERNAME_INVALID: &str =
    "A user name has at most 64 characters: letters, digits, dots, hyphens, underscores and plus signs.";

/// Choosing a password: it is the user name or the e-mail address.
pub const PASSWORD_IS_NAME: &str = "This is your user name or e-mail address. Choose another password.";

/// Sign-up in a domain that allows none.
pub const SIGN_UP_OFF: &str = "Accounts are created by invitation here. Ask the administrator for one.";

/// An invitation that is used up or over.
pub const INVITATION_GONE: &str = "This invitation has expired or was already used. Ask for another one.";

/// A verification link that is used up or over.
pub const VERIFICATION_GONE: &str =
    "This link has expired or was already used. Sign in, and another one is sent if it is still needed.";

/// A link for a new password that is used up or over.
pub const RESET_GONE: &str = "This link has expired or was already used. Ask for another one.";

/// Heading after a mail was sent.
pub const CHECK_MAIL_TITLE: &str = "Look into your mail";

/// After a sign-up, and after a login of somebody whose address is not verified.
pub const CHECK_MAIL: &str = "We have sent you a mail with a link. Follow it to confirm your address and go on.";

/// After somebody asked for a new password, whether or not there is such an account.
pub const RESET_MAIL: &str =
    "If there is an account with this address, we have sent a mail with a link to choose a new password.";

/// Heading after a verification link.
pub const VERIFIED_TITLE: &str = "Your address is confirmed";

/// After a verification link.
pub const VERIFIED: &str = "Thank you. You can go on now.";

/// Heading after a new password was chosen.
pub const PASSWORD_SET_TITLE: &str = "Your new password is set";

/// After a new password was chosen by a link.
pub const PASSWORD_SET: &str =
    "All sessions and the access of all applications have ended. Sign in with the new password.";

/// After a change of the password.
pub const PASSWORD_CHANGED: &str = "Your password is changed, and all other sessions have ended.";

/// After a change of the profile.
pub const PROFILE_SAVED: &str = "Your profile is saved.";

/// After a change of the address that has to be confirmed.
pub const CONFIRM_NEW_ADDRESS: &str =
    "We have sent a mail to the new address. It counts once you follow the link in it.";

/// After sessions were ended.
pub const SESSIONS_ENDED: &str = "Signed out there.";

/// After a client was disconnected.
pub const DISCONNECTED: &str = "The application has no access any more.";

/// Heading after an account was deleted.
pub const DELETED_TITLE: &str = "Your account is deleted";

/// After an account was deleted.
pub const DELETED: &str = "Your sessions and the access of all applications have ended.";

/// A link to the login page.
pub const TO_LOGIN: &str = "Sign in";

/// A link to the account page.
pub const TO_ACCOUNT: &str = "Go to your account";

/// Sign-up: an address at another host than those allowed.
pub fn email_host(hosts: &[String]) -> String {
    format!("Accounts are for addresses at {} only.", hosts.join(", "))
}

/// A full name that is too long.
pub fn name_too_long(most: usize) -> String {
    format!("This name is too long. Use at most {most} characters, on one line.")
}

/// Choosing a password: too long.
pub fn password_too_long(most: usize) -> String {
    format!("This password is too long. Use at most {most} characters.")
}

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
