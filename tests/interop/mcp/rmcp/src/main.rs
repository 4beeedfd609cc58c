//! The Rust SDK against the real server: each check is reported as `ok …` or `not ok …`.

mod application;
mod scene;

use application::Application;
use rmcp::transport::auth::AuthorizationRequest;
use scene::{Failure, Scene, expect};
use serde_json::{Value, json};
use std::process::ExitCode;

const LOOPBACK: &str = "http://127.0.0.1:49155/callback";
const REMOTE: &str = "https://app.example.com/callback";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let scene = match Scene::open().await {
        Ok(scene) => scene,
        Err(error) => {
            println!("not ok rmcp: finds its scene: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcomes = [
        report("first login, by registration", first_login(&scene).await),
        report("a second run with the stored client: no registration, no login", second_run(&scene).await),
        report("an https redirect with remembered consent is a single redirect", single_redirect(&scene).await),
        report("an expired token is refreshed without the person", refresh(&scene).await),
        report("a refresh token replayed at once gives the same successor", replay(&scene).await),
        report("a token is good at its own server only", foreign(&scene).await),
        report("a server at its origin, without a slash in its metadata", at_origin(&scene, "origin").await),
        report("a server at its origin, with a slash in its metadata", at_origin(&scene, "slash").await),
        report("a tool that needs more asks for more", step_up(&scene).await),
        report("a client with a secret, registered beforehand", with_secret(&scene).await),
        report("a deleted client is not registered anew: an error", deleted(&scene).await),
        report("a client that is a metadata document", document(&scene).await),
    ];
    ExitCode::from(u8::from(outcomes.contains(&false)))
}

fn report(name: &str, outcome: Result<(), Failure>) -> bool {
    match &outcome {
        Ok(()) => println!("ok rmcp: {name}"),
        Err(error) => println!("not ok rmcp: {name}: {}", error.to_string().replace('\n', " ")),
    }
    outcome.is_ok()
}

fn named(name: &str) -> AuthorizationRequest {
    AuthorizationRequest::new(LOOPBACK).with_client_name(format!("Interop {name}rmcp")).with_initial_scope_selection()
}

async fn connect<'a>(scene: &'a Scene, request: AuthorizationRequest) -> Result<Application<'a>, Failure> {
    Application::connect(scene, scene.fact("/servers/files/url"), request, json!({})).await
}

fn scopes(claims: &Value) -> Vec<&str> {
    claims["scope"].as_str().unwrap_or_default().split(' ').collect()
}

async fn first_login(scene: &Scene) -> Result<(), Failure> {
    let watch = scene.watch().await?;
    let url = scene.fact("/servers/files/url");
    let application = Application::connect(scene, url, named(""), json!({ "fresh": true })).await?;
    expect(application.tools().await?, ["whoami", "erase"])?;
    let claims = application.claims("whoami").await?;
    expect(&claims["aud"], scene.fact("/servers/files/identifier"))?;
    expect(&claims["iss"], scene.fact("/issuer"))?;
    expect(&claims["client_id"], application.stored().await?.client_id.as_str())?;
    expect(scopes(&claims).contains(&"tools:read"), true)?;
    expect(&application.pages, &json!(["login", "consent"]))?;
    let statuses: Vec<Value> = watch.registrations().await?.iter().map(|each| each["status"].clone()).collect();
    expect(statuses, [201])?;
    for each in watch.authorizations().await?.iter().chain(&watch.tokens().await?) {
        expect(&each["sent"]["resource"], scene.fact("/servers/files/resource"))?;
    }
    application.token("refresh_token").await?;
    Ok(())
}

async fn second_run(scene: &Scene) -> Result<(), Failure> {
    let client = connect(scene, named("")).await?.stored().await?.client_id;
    let watch = scene.watch().await?;
    let application = connect(scene, named("").with_preregistered_client(&client)).await?;
    expect(&application.claims("whoami").await?["client_id"], client.as_str())?;
    expect(watch.registrations().await?.len(), 0)?;
    // A loopback redirect says nothing about who listens there: the person is asked again.
    expect(&application.pages, &json!(["consent"]))
}

async fn single_redirect(scene: &Scene) -> Result<(), Failure> {
    let mut request = named("remote ").with_application_type("web");
    request.redirect_uri = REMOTE.to_owned();
    let client = connect(scene, request.clone()).await?.stored().await?.client_id;
    let watch = scene.watch().await?;
    let application = connect(scene, request.with_preregistered_client(client)).await?;
    expect(&application.pages, &json!([]))?;
    expect(watch.seen("GET", "/oauth/authorize").await?.len(), 1)?;
    expect(watch.seen("GET", "/login").await?.len() + watch.seen("GET", "/consent").await?.len(), 0)
}

async fn refresh(scene: &Scene) -> Result<(), Failure> {
    let application = connect(scene, named("")).await?;
    let before = application.token("refresh_token").await?;
    application.expire().await?;
    let watch = scene.watch().await?;
    expect(&application.claims("whoami").await?["aud"], scene.fact("/servers/files/identifier"))?;
    let tokens = watch.tokens().await?;
    expect(tokens.len(), 1)?;
    expect(&tokens[0]["sent"]["grant_type"], "refresh_token")?;
    expect(&tokens[0]["sent"]["resource"], scene.fact("/servers/files/resource"))?;
    expect(watch.authorizations().await?.len(), 0)?;
    expect(application.token("refresh_token").await? == before, false)
}

async fn replay(scene: &Scene) -> Result<(), Failure> {
    let application = connect(scene, named("")).await?;
    let used = application.token("refresh_token").await?;
    application.expire().await?;
    application.claims("whoami").await?;
    let successor = application.token("refresh_token").await?;
    let client = application.stored().await?.client_id;
    let form = |token: &str| format!("grant_type=refresh_token&client_id={client}&refresh_token={token}");
    let (status, answer) = scene.post("token_endpoint", "application/x-www-form-urlencoded", form(&used)).await?;
    expect(status, 200)?;
    expect(&answer["refresh_token"], successor.as_str())?;
    let (status, answer) = scene.post("token_endpoint", "application/x-www-form-urlencoded", form(&successor)).await?;
    expect(status, 200)?;
    expect(answer["refresh_token"] == successor.as_str(), false)
}

async fn foreign(scene: &Scene) -> Result<(), Failure> {
    let application = connect(scene, named("")).await?;
    let verdicts = scene.ask("verdicts", json!({ "token": application.token("access_token").await? })).await?;
    for (name, verdict) in verdicts.as_object().ok_or("no verdicts")? {
        let own = name == "files";
        expect((name, &verdict["valid"], &verdict["active"]), (name, &json!(own), &json!(own)))?;
    }
    Ok(())
}

async fn at_origin(scene: &Scene, name: &str) -> Result<(), Failure> {
    let identifier = scene.fact(&format!("/servers/{name}/identifier"));
    let url = scene.fact(&format!("/servers/{name}/url"));
    let application = Application::connect(scene, url, named(""), json!({})).await?;
    expect(&application.claims("whoami").await?["aud"], identifier)?;
    application.expire().await?;
    expect(&application.claims("whoami").await?["aud"], identifier)
}

async fn step_up(scene: &Scene) -> Result<(), Failure> {
    let application = connect(scene, named("")).await?;
    let Err(refused) = application.claims("erase").await else {
        return Err("the narrow token was enough".into());
    };
    expect(refused.to_string().to_lowercase().contains("scope"), true)?;
    application.widen("tools:write").await?;
    let claims = application.claims("erase").await?;
    expect(["tools:read", "tools:write"].map(|scope| scopes(&claims).contains(&scope)), [true, true])
}

async fn with_secret(scene: &Scene) -> Result<(), Failure> {
    let metadata = json!({
        "client_name": "Interop secret rmcp",
        "redirect_uris": [LOOPBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let (status, record) = scene.post("registration_endpoint", "application/json", metadata.to_string()).await?;
    expect(status, 201)?;
    let [id, secret] = ["client_id", "client_secret"].map(|name| record[name].as_str().unwrap_or_default());
    let watch = scene.watch().await?;
    let request = named("").with_preregistered_client(id).with_client_secret(secret);
    let application = connect(scene, request).await?;
    application.expire().await?;
    expect(&application.claims("whoami").await?["client_id"], id)?;
    for each in watch.tokens().await? {
        expect((&each["authentication"], &each["status"]), (&json!("basic"), &json!(200)))?;
    }
    Ok(())
}

async fn deleted(scene: &Scene) -> Result<(), Failure> {
    let application = connect(scene, named("deleted ")).await?;
    let client = application.stored().await?.client_id;
    scene.ask("registrar", json!({ "options": ["client", "delete", "main", client] })).await?;
    application.expire().await?;
    let watch = scene.watch().await?;
    let Err(refused) = application.claims("whoami").await else {
        return Err("a deleted client got a token".into());
    };
    let tokens = watch.tokens().await?;
    expect((&tokens[0]["status"], &tokens[0]["answer"]["error"]), (&json!(401), &json!("invalid_client")))?;
    expect(watch.registrations().await?.len(), 0)?;
    expect(refused.to_string().is_empty(), false)
}

async fn document(scene: &Scene) -> Result<(), Failure> {
    let id = scene.fact("/document");
    let watch = scene.watch().await?;
    let application = connect(scene, named("").with_client_metadata_url(id)).await?;
    application.expire().await?;
    expect(&application.claims("whoami").await?["client_id"], id)?;
    expect(watch.registrations().await?.len(), 0)?;
    let grants: Vec<Value> = watch.tokens().await?.iter().map(|each| each["sent"]["grant_type"].clone()).collect();
    expect(grants, ["authorization_code", "refresh_token"])
}
