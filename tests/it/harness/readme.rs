use registrar::harness::Harness;
use serde_json::Value;

#[tokio::test]
async fn a_token_ends_with_its_hour() -> anyhow::Result<()> {
    let server = Harness::start().await?;
    let (id, secret) = server.gateway().await?;
    let ask = async |path: &str, form: String| -> anyhow::Result<Value> {
        let request = reqwest::Client::new().post(server.url("main", path)).basic_auth(&id, Some(&secret));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        Ok(request.send().await?.json().await?)
    };
    let told = ask("/oauth/token", "grant_type=client_credentials".to_owned()).await?;
    let check = format!("token={}", told["access_token"].as_str().unwrap_or_default());
    assert_eq!(ask("/oauth/introspect", check.clone()).await?["active"], true);
    server.clock().advance(3_600);
    assert_eq!(ask("/oauth/introspect", check).await?["active"], false);
    Ok(())
}
