//! Client assertions (RFC 7523 §3) and the keys that sign them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use registrar::model::random;
use registrar::model::time::UnixTime;
use serde_json::{Value, json};

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key pair of a client.
pub struct ClientKey {
    pub kid: String,
    pub algorithm: Algorithm,
    key: EncodingKey,
    public: Value,
}

impl ClientKey {
    /// A new key; of RSA there is only one, which nobody has to wait for.
    pub fn new(algorithm: Algorithm, kid: &str) -> Self {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (key, public) = match algorithm {
            Algorithm::ES256 => {
                let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
                let (x, y) = pair.public_key_raw()[1..].split_at(32);
                let public = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
                (EncodingKey::from_ec_der(&pair.serialize_der()), public)
            }
            Algorithm::EdDSA => {
                let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
                let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key_raw()) });
                (EncodingKey::from_ed_der(&pair.serialize_der()), public)
            }
            _ => {
                let der = STANDARD.encode(include_bytes!("../../fixtures/keys/rsa.pk8"));
                let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
                let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
                let public = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
                (key, json!({ "kty": "RSA", "n": public["n"], "e": public["e"] }))
            }
        };
        Self { kid: kid.to_owned(), algorithm, key, public }
    }

    /// An HMAC key.
    pub fn of_secret(secret: &[u8]) -> Self {
        let key = EncodingKey::from_secret(secret);
        Self { kid: String::new(), algorithm: Algorithm::HS256, key, public: Value::Null }
    }

    /// The same key, which its assertions do not name.
    pub fn nameless(self) -> Self {
        Self { kid: String::new(), ..self }
    }

    /// Its public part with its name.
    pub fn jwk(&self) -> Value {
        let mut key = self.public.clone();
        key["kid"] = json!(self.kid);
        key
    }

    /// A key set of it alone.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// Signs claims; an empty name is left out of the header.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.algorithm, claims)
    }

    /// Signs with another algorithm that the key can be used with.
    pub fn sign_as(&self, algorithm: Algorithm, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = Some(self.kid.clone()).filter(|kid| !kid.is_empty());
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

/// The claims of a good assertion, with others; null removes one.
pub fn claims(client_id: &str, aud: &str, now: UnixTime, changes: &Value) -> Value {
    let now = now.seconds();
    let mut claims = json!({
        "iss": client_id, "sub": client_id, "aud": aud, "exp": now + 60, "iat": now, "jti": random::identifier(),
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// The parameters that present an assertion.
pub fn assertion_form(assertion: &str) -> String {
    format!("client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}")
}
