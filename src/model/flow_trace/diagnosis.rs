//! What probably went wrong with a login attempt, in plain words, by its timeline (RFC 6749 §4.1).

use super::{Outcome, Step, TraceStep};
use crate::model::interaction::INTERACTION_LIFETIME;
use crate::model::time::UnixTime;

/// A client that is well redeems its code within so many seconds.
const TOKEN_PATIENCE: i64 = 10;

/// The step that the timeline waits for and that never came.
pub fn awaited(steps: &[TraceStep]) -> Option<Step> {
    let last = last(steps)?;
    match (last.step, last.outcome) {
        (Step::LoginPage, _) | (Step::Login | Step::SignUp, Outcome::Refused) => Some(Step::Login),
        (Step::Login | Step::SignUp, _) | (Step::Consent, Outcome::Done) => Some(Step::Authorize),
        (Step::ConsentPage, _) => Some(Step::Consent),
        (Step::Code, _) => Some(Step::Token),
        _ => None,
    }
}

/// What probably went wrong, the likeliest first; empty where nothing did.
pub fn diagnose(steps: &[TraceStep], now: UnixTime) -> Vec<String> {
    let Some(last) = last(steps) else { return Vec::new() };
    if matches!(last.code.as_deref(), Some("server_error" | "temporarily_unavailable")) {
        return vec!["This server failed, not the client: its log has the cause, at the time of this step.".to_owned()];
    }
    let age = now.since(last.at);
    match (last.step, last.outcome) {
        (Step::Authorize, Outcome::Refused) => authorize(last),
        (Step::LoginPage, _) => login_page(age),
        (Step::Login | Step::SignUp, Outcome::Refused) => vec![format!(
            "Nobody got in: {} refused {}, the last one because {}. An administrator can look at the account among the users.",
            if last.step == Step::Login { "logins were" } else { "sign-ups were" },
            times(steps.iter().filter(|step| step.step == last.step && step.outcome == Outcome::Refused).count()),
            reason(last),
        )],
        (Step::Login | Step::SignUp, _) | (Step::Consent, Outcome::Done) => vec![
            "The browser did not come back to the authorization endpoint after the page: the window was closed, or something between browser and server (a proxy, an extension) swallows the redirect or the session cookie.".to_owned(),
        ],
        (Step::ConsentPage, _) => vec![format!(
            "The person never decided on the consent page; {}. They closed the window, or did not recognise the application.",
            still_open(age)
        )],
        (Step::Consent, Outcome::Refused) => vec!["The person cancelled; the application was told access_denied.".to_owned()],
        (Step::Code, _) => no_token(steps, last, age),
        (Step::Token, Outcome::Refused) => token(steps, last),
        (Step::Token, _) => for_no_resource(steps, last),
        (Step::Refresh, Outcome::Refused) => refresh(last),
        _ => Vec::new(),
    }
}

/// What came of it, in a few words: with what was refused on the way, where it went on all the same.
pub fn summary(steps: &[TraceStep]) -> String {
    let Some(last) = last(steps) else { return "Nothing came".to_owned() };
    let end = match (last.step, last.outcome) {
        (_, Outcome::Refused) => return format!("Ended with {}", things(last, 1)),
        (Step::Token | Step::Refresh, Outcome::Done) => "Succeeded",
        _ => "Not finished",
    };
    let refused: Vec<&TraceStep> = steps.iter().filter(|step| step.outcome == Outcome::Refused).collect();
    let mut told: Vec<String> = Vec::new();
    for step in &refused {
        let count = refused.iter().filter(|other| things(other, 1) == things(step, 1)).count();
        let words = things(step, count);
        if !told.contains(&words) {
            told.push(words);
        }
    }
    if told.is_empty() { end.to_owned() } else { format!("{end}, after {}", told.join(" and ")) }
}

/// What was refused, so many times.
fn things(step: &TraceStep, count: usize) -> String {
    let (one, many) = match step.step {
        Step::Login if says(step, "password is wrong") => ("one wrong password", "wrong passwords"),
        Step::Login => ("one refused login", "refused logins"),
        Step::SignUp => ("one refused sign-up", "refused sign-ups"),
        Step::Consent => ("one refused consent", "refused consents"),
        Step::Token => ("one refused token request", "refused token requests"),
        Step::Refresh => ("one refused refresh", "refused refreshes"),
        _ => ("one refused authorization request", "refused authorization requests"),
    };
    if count == 1 { one.to_owned() } else { format!("{count} {many}") }
}

/// The last step of the attempt itself, or a token request that probably belongs to it.
fn last(steps: &[TraceStep]) -> Option<&TraceStep> {
    steps.iter().rfind(|step| !step.is_probable() || step.step == Step::Token)
}

fn reason(step: &TraceStep) -> &str {
    step.reason.as_deref().unwrap_or("no reason was noted")
}

fn says(step: &TraceStep, text: &str) -> bool {
    reason(step).contains(text)
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn still_open(age: i64) -> String {
    let left = INTERACTION_LIFETIME - age;
    if left > 0 { format!("it is open for {} minutes more", (left + 59) / 60) } else { "it is over by now".to_owned() }
}

fn authorize(step: &TraceStep) -> Vec<String> {
    let refusal = format!("The authorization request was refused with {}: {}.", code(step), reason(step));
    let said = match step.code.as_deref() {
        Some("invalid_client") => return unknown_client(step),
        Some("access_denied") => return vec!["The person cancelled; the application was told access_denied.".to_owned()],
        Some("invalid_target") => {
            "The client asked for a token for a resource that this domain does not have: register the MCP server under exactly the URL the client uses, or let its name stand for what is below it (prefix match).".to_owned()
        }
        Some("login_required" | "consent_required") => {
            "The client asked silently (prompt=none); it has to ask again without that, so that the person sees a page.".to_owned()
        }
        _ if step.detail.contains_key("registered") => mismatch(step),
        _ if says(step, "code_challenge") => {
            "The client does not do PKCE as it must; it needs a newer version, or another library.".to_owned()
        }
        _ if step.detail.contains_key("over") => {
            "The page was used after it was over: it waited too long, or the login was finished in another window.".to_owned()
        }
        _ => return vec![refusal],
    };
    vec![said, refusal]
}

fn code(step: &TraceStep) -> &str {
    step.code.as_deref().unwrap_or("an error")
}

fn unknown_client(step: &TraceStep) -> Vec<String> {
    vec![format!(
        "The client uses an id that this server does not know ({}): it keeps one from an earlier registration, from another server, or from a database that was replaced since. Remove the connection in the application and add it again, so that it registers anew. If it registers and is refused, that is told below the list of login attempts.",
        step.client_id.as_deref().unwrap_or("none was sent")
    )]
}

fn mismatch(step: &TraceStep) -> String {
    let registered = step.texts("registered");
    let registered = if registered.is_empty() { "none".to_owned() } else { registered.join(", ") };
    format!(
        "The client wants its answer at {}, and has registered: {registered}. They are compared character by character, only the port of a loopback address is free. It has to register again with what it uses now.",
        step.text("redirect_uri").unwrap_or("an address it did not name"),
    )
}

fn login_page(age: i64) -> Vec<String> {
    vec![format!(
        "The login page was opened and never submitted; {}. The person gave up or has no account here, or the browser was opened where nobody sees it.",
        still_open(age)
    )]
}

/// A code was sent to the client, and no token request came.
fn no_token(steps: &[TraceStep], code: &TraceStep, age: i64) -> Vec<String> {
    if age < TOKEN_PATIENCE {
        return vec!["The code was sent just now; the token request may still come.".to_owned()];
    }
    let redirect = code.text("redirect_uri").unwrap_or("its redirect URI");
    let mut causes = match code.text("redirect_kind") {
        Some("loopback") => vec![
            format!("The browser was sent to {redirect}, and nobody listened there any more: the client had ended or had stopped waiting before the person was done."),
            "Or the browser runs on another machine than the client (SSH, a container, WSL): 127.0.0.1 is then the wrong machine; forward the port, or paste the address from the browser where the client offers that.".to_owned(),
        ],
        Some("private_use") => vec![format!(
            "The operating system did not hand {redirect} to the application: it is not installed where the browser runs, its scheme is not registered, or the person declined to open it."
        )],
        _ => vec![
            format!("The client runs at a host of its own ({redirect}) and could not call the token endpoint of this server: a firewall, bot protection or WAF rule in front of it blocks requests that are no browser's. Let the client's addresses pass to the token endpoint, and look into the log of what stands in front."),
            format!("Or {redirect} was not reached or failed at the client's side."),
        ],
    };
    if !steps.iter().any(|step| matches!(step.step, Step::Discovery | Step::Registration)) {
        causes.push("No discovery or registration from this client was seen either in the minutes before: it went on from what it remembers.".to_owned());
    }
    causes
}

fn token(steps: &[TraceStep], step: &TraceStep) -> Vec<String> {
    let refusal = format!("The token request was refused with {}: {}.", code(step), reason(step));
    let earlier = steps.iter().any(|step| step.step == Step::Token && step.outcome == Outcome::Done);
    let said = match step.code.as_deref() {
        _ if says(step, "used before") || earlier => {
            "The client sent the same code a second time, after it had worked; everything issued from it ended. Two instances of the client share one login, or something between repeats requests."
        }
        _ if says(step, "code_verifier") => {
            "PKCE failed: the verifier is not the one that the challenge was made from. The client mixes up two logins that run at once, or lost its verifier in a restart or behind a load balancer between the steps."
        }
        _ if says(step, "redirect_uri") => {
            "The token request names another redirect_uri than the authorization request; often only a trailing slash or the port differs."
        }
        Some("invalid_grant") if says(step, "expired") => {
            "The client came too late: a code lasts one minute. Its clock does not matter; its callback is slow, or waits for somebody."
        }
        Some("invalid_client") => {
            "The client could not prove who it is: it keeps the secret of an earlier registration, or the id of a client that is gone. Remove the connection in the application and add it again."
        }
        Some("invalid_target") => {
            "The token request names a resource that the authorization request did not; it must be the same."
        }
        _ => return vec![refusal],
    };
    vec![said.to_owned(), refusal]
}

/// Everything went well, but the token is for nobody's resource.
fn for_no_resource(steps: &[TraceStep], token: &TraceStep) -> Vec<String> {
    let named = steps.iter().any(|step| step.step == Step::Authorize && !step.texts("resource").is_empty());
    let audience = token.texts("audience");
    let for_itself = audience.len() == 1 && audience.first().copied() == token.client_id.as_deref();
    if named || !for_itself {
        return Vec::new();
    }
    vec!["The token is for the client itself, because the authorization request named no resource (RFC 8707). If an MCP server refuses it: name that server's URL as the domain's default_resource, or use a client that sends the parameter resource.".to_owned()]
}

fn refresh(step: &TraceStep) -> Vec<String> {
    let refusal = format!("The refresh was refused with {}: {}.", code(step), reason(step));
    if says(step, "used before") {
        return vec![
            "An old refresh token came again more than a minute after its successor was given out, so the login was ended: two processes or machines share one stored login, or an older copy of the client's store was restored.".to_owned(),
            refusal,
        ];
    }
    if step.code.as_deref() == Some("invalid_grant") {
        return vec!["The login has ended: it was not used for too long, was ended by the person or an administrator, or the account was closed. The person has to log in again.".to_owned(), refusal];
    }
    vec![refusal]
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::id::{AttemptId, DomainId};

    const NOW: UnixTime = UnixTime(1_000_000);

    /// Steps of one attempt, ten minutes ago.
    fn flow(steps: Vec<TraceStep>) -> Vec<TraceStep> {
        let number = |(number, mut step): (usize, TraceStep)| {
            step.id = Uuid::from_u128(number as u128);
            step.at = NOW.plus(-600);
            step
        };
        steps.into_iter().enumerate().map(number).collect()
    }

    fn probable(step: Step, outcome: Outcome) -> TraceStep {
        TraceStep::new(DomainId(Uuid::nil()), step, outcome).by(Some("c"))
    }

    fn own(step: Step, outcome: Outcome) -> TraceStep {
        probable(step, outcome).of(Some(&AttemptId("a".to_owned())))
    }

    fn done(step: Step) -> TraceStep {
        own(step, Outcome::Done)
    }

    fn code(kind: &str, uri: &str) -> TraceStep {
        done(Step::Code).with("redirect_kind", kind).with("redirect_uri", uri)
    }

    #[track_caller]
    fn says(steps: Vec<TraceStep>, awaits: Option<Step>, expected: &[&str]) {
        let steps = flow(steps);
        let told = diagnose(&steps, NOW);
        assert_eq!(awaited(&steps), awaits, "{told:?}");
        let all = told.join("\n");
        for text in expected {
            assert!(all.contains(text), "{text:?} is not in {all}");
        }
        assert_eq!(told.is_empty(), expected.is_empty(), "{told:?}");
        assert!(told.iter().all(|text| text.ends_with('.') && !text.contains("  ")), "{told:?}");
    }

    #[test]
    fn a_code_that_nobody_redeems_is_explained_by_where_it_was_sent() {
        let token = Some(Step::Token);
        let hosted = code("https", "https://claude.ai/api/mcp/auth_callback");
        says(vec![done(Step::Authorize), hosted], token, &["claude.ai", "WAF", "No discovery or registration"]);
        let cli = code("loopback", "http://127.0.0.1:33418/");
        says(vec![probable(Step::Discovery, Outcome::Done), cli], token, &["33418", "nobody listened", "SSH"]);
        says(vec![code("private_use", "app:/cb")], token, &["operating system", "app:/cb"]);
        let mut fresh = flow(vec![code("https", "https://claude.ai/cb")]);
        fresh[0].at = NOW.plus(-3);
        assert_eq!(diagnose(&fresh, NOW), ["The code was sent just now; the token request may still come."]);
    }

    #[test]
    fn a_refused_token_request_names_what_differs() {
        let refused =
            |code: &str, reason: &str| vec![done(Step::Code), own(Step::Token, Outcome::Refused).refused(code, reason)];
        for (code, reason, expected) in [
            ("invalid_grant", "code_verifier does not belong to the code_challenge; send the one", "PKCE failed"),
            ("invalid_grant", "redirect_uri is not the one of the authorization request", "trailing slash"),
            ("invalid_grant", "the code has expired; send the person through login again", "one minute"),
            ("invalid_grant", "the code was used before, so everything issued from it", "second time"),
            ("invalid_target", "resource x: was not granted", "must be the same"),
            ("unauthorized_client", "this client is not registered for it", "refused with unauthorized_client"),
            ("server_error", "the server failed to answer", "This server failed"),
        ] {
            says(refused(code, reason), None, &[expected]);
        }
        let lost = probable(Step::Token, Outcome::Refused).refused("invalid_client", "its secret is wrong");
        says(vec![done(Step::Code), lost], None, &["could not prove who it is", "its secret is wrong"]);
        let mut again = vec![done(Step::Code), done(Step::Token)];
        again.push(own(Step::Token, Outcome::Refused).refused("invalid_grant", "the code has ended"));
        says(again, None, &["second time"]);
    }

    #[test]
    fn a_refused_authorization_request_names_the_remedy() {
        let refused = |code: &str, reason: &str| own(Step::Authorize, Outcome::Refused).refused(code, reason);
        let mismatch = refused("invalid_request", "redirect_uri is not one that this application has registered")
            .with("redirect_uri", "http://127.0.0.1:1/callback")
            .with("registered", vec!["https://claude.ai/cb", "http://localhost/cb"]);
        says(vec![mismatch], None, &["at http://127.0.0.1:1/callback", "https://claude.ai/cb, http://localhost/cb"]);
        says(vec![refused("invalid_client", "unknown").by(Some("old-id"))], None, &["old-id", "earlier registration"]);
        let target = refused("invalid_target", "resource https://a: is not a resource of this domain");
        says(vec![target], None, &["register the MCP server", "https://a"]);
        says(vec![refused("invalid_request", "the parameter code_challenge is missing")], None, &["PKCE"]);
        says(vec![refused("login_required", "nobody is logged in")], None, &["prompt=none"]);
        says(vec![refused("access_denied", "the person cancelled")], None, &["cancelled"]);
        says(vec![refused("invalid_request", "it is over").with("over", true)], None, &["another window"]);
        says(vec![refused("invalid_scope", "scope: none")], None, &["refused with invalid_scope: scope: none."]);
    }

    #[test]
    fn what_a_person_did_not_do_is_said() {
        let page = own(Step::LoginPage, Outcome::Waiting);
        says(vec![done(Step::Authorize), page.clone()], Some(Step::Login), &["never submitted", "20 minutes more"]);
        let wrong = own(Step::Login, Outcome::Refused).refused("access_denied", "the password is wrong");
        let tried = vec![page.clone(), wrong.clone(), wrong];
        says(tried, Some(Step::Login), &["logins were refused 2 times", "the password is wrong"]);
        says(vec![page, done(Step::Login)], Some(Step::Authorize), &["did not come back"]);
        says(vec![own(Step::ConsentPage, Outcome::Waiting)], Some(Step::Consent), &["never decided"]);
        says(vec![own(Step::Consent, Outcome::Refused)], None, &["cancelled"]);
        let late = flow(vec![own(Step::ConsentPage, Outcome::Waiting)]);
        assert!(diagnose(&late, NOW.plus(1_800))[0].contains("it is over by now"));
    }

    #[test]
    fn a_summary_says_what_was_refused_on_the_way() {
        let wrong = || own(Step::Login, Outcome::Refused).refused("access_denied", "the password is wrong");
        let (unknown, token) = (own(Step::Login, Outcome::Refused).refused("x", "no such user"), done(Step::Token));
        let page = own(Step::LoginPage, Outcome::Waiting);
        for (steps, told) in [
            (vec![token.clone()], "Succeeded"),
            (vec![wrong(), token.clone()], "Succeeded, after one wrong password"),
            (
                vec![wrong(), unknown, wrong(), token.clone(), done(Step::Refresh)],
                "Succeeded, after 2 wrong passwords and one refused login",
            ),
            (vec![wrong(), page.clone()], "Not finished, after one wrong password"),
            (vec![page], "Not finished"),
            (vec![done(Step::Code), own(Step::Token, Outcome::Refused)], "Ended with one refused token request"),
            (Vec::new(), "Nothing came"),
        ] {
            assert_eq!(summary(&flow(steps)), told);
        }
    }

    #[test]
    fn a_token_for_no_resource_is_pointed_out() {
        let token = |audience: &str| done(Step::Token).with("audience", vec![audience]);
        says(vec![done(Step::Authorize), token("c")], None, &["default_resource"]);
        let named = done(Step::Authorize).with("resource", vec!["https://mcp.example"]);
        says(vec![named, token("https://mcp.example")], None, &[]);
        says(vec![done(Step::Authorize), token("https://mcp.example")], None, &[]);
    }

    #[test]
    fn a_refused_refresh_is_told_apart_from_a_healthy_one() {
        let refused = |code: &str, reason: &str| {
            vec![done(Step::Token), own(Step::Refresh, Outcome::Refused).refused(code, reason)]
        };
        says(refused("invalid_grant", "the refresh token was used before, so"), None, &["two processes"]);
        says(refused("invalid_grant", "the refresh token has ended"), None, &["log in again"]);
        says(refused("invalid_scope", "scope: more than granted"), None, &["refused with invalid_scope"]);
        says(vec![done(Step::Token), done(Step::Refresh)], None, &[]);
        says(Vec::new(), None, &[]);
    }
}
