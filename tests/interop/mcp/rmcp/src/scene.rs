//! The scene that the checks are run in: what it can be asked for, and what the server was asked meanwhile.

use serde_json::{Value, json};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Fails with both values unless they are equal.
pub fn expect<T: PartialEq<W> + std::fmt::Debug, W: std::fmt::Debug>(actual: T, wanted: W) -> Result<(), Failure> {
    if actual == wanted { Ok(()) } else { Err(format!("got {actual:?}, wanted {wanted:?}").into()) }
}

/// The connection to the scene.
pub struct Scene {
    http: reqwest::Client,
    control: String,
    facts: Value,
}

impl Scene {
    pub async fn open() -> Result<Self, Failure> {
        let mut scene =
            Self { http: reqwest::Client::new(), control: std::env::var("INTEROP_CONTROL")?, facts: Value::Null };
        scene.facts = scene.ask("scene", json!({})).await?;
        Ok(scene)
    }

    pub fn fact(&self, pointer: &str) -> &str {
        self.facts.pointer(pointer).and_then(Value::as_str).expect("the scene has it")
    }

    /// Asks for a deed, such as opening an authorization URL in a person's browser.
    pub async fn ask(&self, deed: &str, options: Value) -> Result<Value, Failure> {
        let answer = self.http.post(format!("{}/{deed}", self.control)).body(options.to_string()).send().await?;
        let status = answer.status();
        let body: Value = serde_json::from_str(&answer.text().await?)?;
        if status.is_success() { Ok(body) } else { Err(body["error"].to_string().into()) }
    }

    /// A request by hand to one of the server's endpoints, as discovery names it.
    pub async fn post(&self, endpoint: &str, media_type: &str, body: String) -> Result<(u16, Value), Failure> {
        let discovery = format!("{}/.well-known/openid-configuration", self.fact("/issuer"));
        let metadata: Value = serde_json::from_str(&self.http.get(discovery).send().await?.text().await?)?;
        let url = metadata[endpoint].as_str().ok_or("an endpoint that is not advertised")?;
        let answer = self.http.post(url).header("content-type", media_type).body(body).send().await?;
        Ok((answer.status().as_u16(), serde_json::from_str(&answer.text().await?)?))
    }

    pub async fn watch(&self) -> Result<Watch<'_>, Failure> {
        Ok(Watch { scene: self, since: self.ask("mark", json!({})).await? })
    }
}

/// What the server is asked from here on.
pub struct Watch<'a> {
    scene: &'a Scene,
    since: Value,
}

impl Watch<'_> {
    /// The requests so far of one method to paths with this end.
    pub async fn seen(&self, method: &str, path: &str) -> Result<Vec<Value>, Failure> {
        let exchanges = self.scene.ask("exchanges", json!({ "since": self.since })).await?;
        let all = exchanges.as_array().cloned().unwrap_or_default();
        let to = |each: &Value| each["method"] == method && each["path"].as_str().is_some_and(|p| p.ends_with(path));
        Ok(all.into_iter().filter(to).collect())
    }

    pub async fn registrations(&self) -> Result<Vec<Value>, Failure> {
        self.seen("POST", "/oidc/register").await
    }

    pub async fn tokens(&self) -> Result<Vec<Value>, Failure> {
        self.seen("POST", "/oauth/token").await
    }

    /// The first requests of flows: the later ones resume and name no client.
    pub async fn authorizations(&self) -> Result<Vec<Value>, Failure> {
        let all = self.seen("GET", "/oauth/authorize").await?;
        Ok(all.into_iter().filter(|each| each["sent"].get("client_id").is_some()).collect())
    }
}
