//! Tokens by signed assertion, with a key pair that the server made.

use super::{CLIENT, form, refusal, word, world};
use crate::world::{ADMIN, HALDEN, MARA, NOW, World};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};

/// What an SDK makes of a JWT configuration file.
pub(crate) struct Sdk {
    key_id: String,
    key: EncodingKey,
}

impl Sdk {
    pub(crate) async fn new(world: &World) -> Self {
        let wish = json!({ "client_secret": super::SECRET });
        let path = format!("/api/v1/applications/{CLIENT}/keys");
        let answer = world.send_json(ADMIN, "POST", &path, &wish).await.ok().json();
        let settings = &answer["jwt_config"]["boxAppSettings"];
        assert_eq!(settings["clientID"], CLIENT);
        assert_eq!(settings["clientSecret"], super::SECRET);
        assert_eq!(answer["jwt_config"]["enterpriseID"], HALDEN);
        let text = |name: &str| settings["appAuth"][name].as_str().unwrap();
        let private = RsaPrivateKey::from_pkcs8_encrypted_pem(text("privateKey"), text("passphrase")).unwrap();
        let key = EncodingKey::from_rsa_der(private.to_pkcs1_der().unwrap().as_bytes());
        Sdk { key_id: text("publicKeyID").to_owned(), key }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        encode(&header, claims, &self.key).unwrap()
    }
}

pub(crate) fn claims(id: &str, subject_type: &str, subject: &str, ends: u32) -> Value {
    json!({
        "iss": CLIENT, "sub": subject, "box_sub_type": subject_type, "jti": format!("{id}-0123456789abcdef"),
        "aud": "https://api.box.com/oauth2/token", "exp": ends,
    })
}

pub(crate) async fn ask(world: &World, assertion: &str) -> crate::answer::Answer {
    let kind = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    super::token(world, &[("grant_type", kind), ("assertion", assertion)]).await
}

#[tokio::test]
async fn an_assertion_is_good_for_one_token() {
    let world = world(&[]).await;
    let sdk = Sdk::new(&world).await;
    let first = sdk.sign(&claims("1", "enterprise", HALDEN, NOW + 30));
    let answer = ask(&world, &first).await.ok();
    super::call(&world, &word(&answer, "access_token"), "/2.0/events?stream_type=admin_logs").await.ok();
    let again = refusal(&ask(&world, &first).await);
    assert_eq!((again.0, again.1.as_str()), (400, "invalid_grant"));
    assert!(again.2.contains("A unique 'jti' value is required"), "{}", again.2);
    let user = ask(&world, &sdk.sign(&claims("2", "user", MARA, NOW + 60))).await.ok();
    assert_eq!(word(&super::call(&world, &word(&user, "access_token"), "/2.0/users/me").await, "id"), MARA);
    let late = refusal(&ask(&world, &sdk.sign(&claims("3", "enterprise", HALDEN, NOW - 31))).await);
    assert!(late.2.contains("'exp' claim"), "{}", late.2);
    assert!(ask(&world, &late.2).await.header("content-type") == Some("application/json"));
    // The memory of ids ends when the assertions are out of date anyway.
    world.advance(200);
    let store = &world.services.stores.access;
    assert_eq!(store.forget_expired(feed::time::Second(NOW + 200)).await.unwrap(), 2);
    assert!(refusal(&ask(&world, &first).await).2.contains("'exp' claim"));
}

#[tokio::test]
async fn a_removed_key_signs_nothing_more() {
    let world = world(&[]).await;
    let sdk = Sdk::new(&world).await;
    let path = format!("/api/v1/applications/{CLIENT}/keys/{}", sdk.key_id);
    world.send_json(ADMIN, "DELETE", &path, &Value::Null).await.ok();
    let refused = refusal(&ask(&world, &sdk.sign(&claims("1", "enterprise", HALDEN, NOW + 30))).await);
    assert_eq!(refused.1, "invalid_grant");
    assert_eq!(world.send_json(ADMIN, "DELETE", &path, &Value::Null).await.status, 404);
    // The client must show its secret, too.
    let kind = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let bare = [("grant_type", kind), ("client_id", CLIENT), ("assertion", "a.b.c")];
    assert_eq!(refusal(&form(&world, "/oauth2/token", &bare).await).1, "invalid_request");
}
