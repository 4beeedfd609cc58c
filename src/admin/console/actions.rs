//! The actions of the audit log in words.

/// An action, what it is once done, and what it is called where it was refused.
type Worded = (&'static str, &'static str, &'static str);

/// Kinds of things: the action that stands for all on one, and its name.
const KINDS: [(&str, &str); 14] = [
    ("client.", "Applications"),
    ("client_secret.", "Secrets"),
    ("client_document.", "Client metadata documents"),
    ("user.", "Users"),
    ("session.", "Sessions"),
    ("consent.", "Consents"),
    ("resource.", "MCP servers"),
    ("domain.", "The domain"),
    ("policy.", "Policies"),
    ("scope.", "Scopes"),
    ("signing_key.", "Keys"),
    ("initial_access_token.", "Initial access tokens"),
    ("access_token.", "Access tokens"),
    ("refresh_token.", "Refresh tokens"),
];

/// The same above domains.
const KINDS_OF_SERVER: [(&str, &str); 3] =
    [("administrator.", "Administrators"), ("administrator_session.", "Their sessions"), ("api_token.", "API tokens")];

#[rustfmt::skip]
const ACTIONS: &[Worded] = &[
    ("client.register", "Application registered", "Registration of an application"),
    ("client.create", "Application created", "Creation of an application"),
    ("client.read", "Application read", "Reading of an application"),
    ("client.update", "Application changed", "Change of an application"),
    ("client.delete", "Application deleted", "Deletion of an application"),
    ("client.restore", "Application restored", "Restoring of an application"),
    ("client.remove", "Application removed for good", "Removal of an application"),
    ("client.suspend", "Application suspended", "Suspension of an application"),
    ("client.resume", "Application resumed", "Resuming of an application"),
    ("client.approve", "Application approved", "Approval of an application"),
    ("client.reassign", "Application given to another registrant", "Reassignment of an application"),
    ("client.disconnect", "Application disconnected from people", "Disconnection of an application"),
    ("client_secret.renew", "Secret renewed", "Renewal of a secret"),
    ("client_secret.set", "Secret set", "Setting of a secret"),
    ("client_secret.end", "Secret ended", "Ending of a secret"),
    ("client_document.change", "Metadata document changed", "Change of a metadata document"),
    ("client_document.remove", "Metadata document forgotten", "Removal of a metadata document"),
    ("user.login", "Logged in", "Login"),
    ("user.logout", "Logged out", "Logout"),
    ("user.sign_up", "Signed up", "Sign-up"),
    ("user.create", "User created", "Creation of a user"),
    ("user.update", "User changed", "Change of a user"),
    ("user.delete", "User deleted", "Deletion of a user"),
    ("user.enable", "User enabled", "Enabling of a user"),
    ("user.disable", "User disabled", "Disabling of a user"),
    ("user.invite", "User invited", "Invitation of a user"),
    ("user.password", "Password changed", "Change of a password"),
    ("user.reset_password", "Password reset begun", "Reset of a password"),
    ("user.verify_email", "E-mail address verified", "Verification of an e-mail address"),
    ("session.end", "Session ended", "Ending of a session"),
    ("consent.allow", "Application allowed by a person", "Consent"),
    ("consent.revoke", "Consent taken back", "Revocation of a consent"),
    ("resource.create", "MCP server added", "Adding of an MCP server"),
    ("resource.update", "MCP server changed", "Change of an MCP server"),
    ("resource.delete", "MCP server deleted", "Deletion of an MCP server"),
    ("resource.test", "MCP server tested", "Test of an MCP server"),
    ("resource.grant", "Application let in at an MCP server", "Letting in at an MCP server"),
    ("resource.revoke_grant", "Application kept out of an MCP server", "Keeping out of an MCP server"),
    ("domain.create", "Domain created", "Creation of a domain"),
    ("domain.update", "Settings changed", "Change of settings"),
    ("domain.delete", "Domain deleted", "Deletion of a domain"),
    ("domain.set_logo", "Logo set", "Setting of the logo"),
    ("domain.remove_logo", "Logo removed", "Removal of the logo"),
    ("policy.create", "Policy created", "Creation of a policy"),
    ("policy.update", "Policy changed", "Change of a policy"),
    ("policy.delete", "Policy deleted", "Deletion of a policy"),
    ("scope.create", "Scope created", "Creation of a scope"),
    ("scope.update", "Scope changed", "Change of a scope"),
    ("scope.delete", "Scope deleted", "Deletion of a scope"),
    ("signing_key.rotate", "Keys rotated", "Rotation of keys"),
    ("signing_key.revoke", "Key revoked", "Revocation of a key"),
    ("initial_access_token.create", "Initial access token created", "Creation of an initial access token"),
    ("initial_access_token.revoke", "Initial access token revoked", "Revocation of an initial access token"),
    ("access_token.revoke", "Access token revoked", "Revocation of an access token"),
    ("refresh_token.revoke", "Refresh token revoked", "Revocation of a refresh token"),
    ("refresh_token.replay", "Refresh token used twice: login ended", "Second use of a refresh token"),
    ("authorization_code.replay", "Code used twice: login ended", "Second use of a code"),
];

#[rustfmt::skip]
const ACTIONS_OF_SERVER: &[Worded] = &[
    ("administrator.login", "Administrator logged in", "Login of an administrator"),
    ("administrator.logout", "Administrator logged out", "Logout of an administrator"),
    ("administrator.create", "Administrator created", "Creation of an administrator"),
    ("administrator.update", "Administrator changed", "Change of an administrator"),
    ("administrator.enable", "Administrator enabled", "Enabling of an administrator"),
    ("administrator.disable", "Administrator disabled", "Disabling of an administrator"),
    ("administrator.delete", "Administrator deleted", "Deletion of an administrator"),
    ("administrator.add_second_factor", "Second factor added", "Adding of a second factor"),
    ("administrator.remove_second_factor", "Second factor removed", "Removal of a second factor"),
    ("administrator_session.end", "Administrator's session ended", "Ending of an administrator's session"),
    ("api_token.create", "API token created", "Creation of an API token"),
    ("api_token.revoke", "API token revoked", "Revocation of an API token"),
];

/// What happened, or what was refused. An action that is not known here is its own name.
pub fn words(action: &str, refused: bool) -> String {
    let known = ACTIONS.iter().chain(ACTIONS_OF_SERVER).find(|(name, ..)| *name == action);
    match (known, refused) {
        (Some((_, done, _)), false) => (*done).to_owned(),
        (Some((.., what)), true) => format!("{what} refused"),
        (None, false) => action.to_owned(),
        (None, true) => format!("{action} refused"),
    }
}

/// What a log can be narrowed to: all on one kind of thing, and single actions, with their words.
pub fn choices(of_server: bool) -> impl Iterator<Item = (&'static str, String)> {
    let (kinds, actions) = if of_server { (&KINDS_OF_SERVER[..], ACTIONS_OF_SERVER) } else { (&KINDS[..], ACTIONS) };
    let all = kinds.iter().map(|(action, kind)| (*action, format!("{kind}: everything")));
    all.chain(actions.iter().map(|(action, done, _)| (*action, (*done).to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_of_a_kind_and_stands_once() {
        let kind = |action: &str| format!("{}.", action.split('.').next().unwrap());
        for (kinds, actions) in [(&KINDS[..], ACTIONS), (&KINDS_OF_SERVER[..], ACTIONS_OF_SERVER)] {
            for (number, (action, ..)) in actions.iter().enumerate() {
                let known = kinds.iter().any(|(known, _)| *known == kind(action));
                assert!(known || *action == "authorization_code.replay", "{action}");
                assert!(actions[..number].iter().all(|(other, ..)| other != action), "{action}");
            }
        }
        assert_eq!(words("client.register", false), "Application registered");
        assert_eq!(words("user.login", true), "Login refused");
        assert_eq!(words("sample.make", true), "sample.make refused");
    }
}
