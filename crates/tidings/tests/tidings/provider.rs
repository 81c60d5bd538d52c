//! Sign-in with one's own identity provider: a provider on the loopback address, its keys, and what it may go wrong with.

use crate::answer::Answer;
use crate::deeds::upload;
use crate::world::{ADMIN, MARA, NOW, RIVAL_ADMIN, World, login_of};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, StatusCode};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What tokens for the server have in `aud`.
const AUDIENCE: &str = "https://feeds.example";
/// The flag that gives all scopes to who has them in their token.
const SCOPES: &str = "manage_enterprise_properties manage_managed_users publish";

/// A key of the provider.
pub(crate) struct Key {
    id: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Key {
    /// A fresh elliptic-curve key.
    pub(crate) fn new(id: &str) -> Self {
        let key = EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der());
        Key { id: id.to_owned(), algorithm: Algorithm::ES256, key }
    }

    fn rsa(id: &str) -> Self {
        use rsa::pkcs1::EncodeRsaPrivateKey;
        let key = rsa::RsaPrivateKey::new(&mut tidings::entropy::SystemRandom, 2048).unwrap();
        let key = EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes());
        Key { id: id.to_owned(), algorithm: Algorithm::RS256, key }
    }

    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.clone());
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }
}

/// What the provider answers.
#[derive(Default)]
struct Provided {
    url: String,
    keys: Vec<Value>,
    down: bool,
    asked: usize,
}

/// An identity provider.
#[derive(Clone)]
pub(crate) struct Idp(Arc<Mutex<Provided>>);

impl Idp {
    /// One with these keys.
    pub(crate) async fn new(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let idp = Idp(Arc::new(Mutex::new(Provided { url, ..Provided::default() })));
        idp.rotate(keys);
        let discovery = async |State(idp): State<Idp>| {
            let provided = idp.0.lock().unwrap();
            json!({"issuer": provided.url, "jwks_uri": format!("{}/keys", provided.url)}).to_string()
        };
        let keys = async |State(idp): State<Idp>| {
            let mut provided = idp.0.lock().unwrap();
            provided.asked += 1;
            let keys = json!({ "keys": provided.keys }).to_string();
            if provided.down { Err(StatusCode::SERVICE_UNAVAILABLE) } else { Ok(keys) }
        };
        let routes = Router::new().route("/.well-known/openid-configuration", get(discovery)).route("/keys", get(keys));
        let serving = axum::serve(listener, routes.with_state(idp.clone()));
        tokio::spawn(async move { serving.await.unwrap() });
        idp
    }

    /// From now on these are its keys.
    fn rotate(&self, keys: &[&Key]) {
        self.0.lock().unwrap().keys = keys.iter().map(|key| key.public()).collect();
    }

    fn set_down(&self, down: bool) {
        self.0.lock().unwrap().down = down;
    }

    /// How often its keys were asked for.
    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }

    pub(crate) fn url(&self) -> String {
        self.0.lock().unwrap().url.clone()
    }

    /// A server that believes it.
    pub(crate) async fn world(&self, more: &[&str]) -> World {
        let url = self.url();
        let flags = ["--enterprise-id", crate::world::HALDEN, "--oidc-issuer", &url, "--oidc-audience", AUDIENCE];
        World::set(&[&flags[..], &["--oidc-scopes", SCOPES], more].concat()).await
    }

    /// Good claims about somebody.
    pub(crate) fn claims(&self, name: &str) -> Value {
        json!({
            "iss": self.url(), "aud": AUDIENCE, "sub": "f3a1", "email": login_of(name), "email_verified": true,
            "iat": NOW, "exp": NOW + 600, "scope": "openid manage_enterprise_properties",
        })
    }
}

async fn call(world: &World, token: &str, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn me(world: &World, token: &str) -> (u16, Value) {
    let answer = call(world, token, "GET", "/2.0/users/me").await;
    let status = answer.status.as_u16();
    (status, if status == 200 { answer.json()["id"].take() } else { Value::Null })
}

fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

#[tokio::test]
async fn a_token_of_the_provider_is_its_user_within_role_and_scope() {
    let (key, rsa) = (Key::new("k1"), Key::rsa("k2"));
    let idp = Idp::new(&[&key, &rsa]).await;
    let world = idp.world(&[]).await;
    let mara = key.sign(&idp.claims("mara"));
    assert_eq!(me(&world, &mara).await, (200, json!(MARA)));
    assert_eq!(me(&world, &rsa.sign(&idp.claims("MARA"))).await, (200, json!(MARA)));
    // The user's role and the token's scope count as ever.
    let logs = "/2.0/events?stream_type=admin_logs";
    let denied = call(&world, &mara, "GET", logs).await;
    assert_eq!(
        (denied.status.as_u16(), &denied.json()["code"]),
        (403, &json!("access_denied_insufficient_permissions"))
    );
    let admin = idp.claims("solveig");
    call(&world, &key.sign(&admin), "GET", logs).await.ok();
    for other in ["openid", "administer", ""] {
        let denied = call(&world, &key.sign(&with(admin.clone(), "scope", other)), "GET", logs).await;
        assert_eq!(denied.json()["code"], "insufficient_scope", "{other}");
    }
    let listed = with(with(admin.clone(), "scope", Value::Null), "scp", json!(["manage_enterprise_properties", "x"]));
    call(&world, &key.sign(&listed), "GET", logs).await.ok();
    // One that is not configured is not given, whatever the token says.
    let too_much = key.sign(&with(admin.clone(), "scope", "administer"));
    assert_eq!(call(&world, &too_much, "GET", "/api/v1/users").await.json()["code"], "insufficient_scope");
    // One or more audiences.
    let many = with(admin, "aud", json!(["https://elsewhere.example", AUDIENCE]));
    assert_eq!(me(&world, &key.sign(&many)).await, (200, json!(ADMIN)));
    assert_eq!(idp.asked(), 1);
}

#[tokio::test]
async fn what_is_not_for_this_server_now_is_refused() {
    let (key, stranger) = (Key::new("k1"), Key::new("k1"));
    let idp = Idp::new(&[&key]).await;
    let world = idp.world(&[]).await;
    let good = idp.claims("mara");
    assert_eq!(me(&world, &key.sign(&good)).await.0, 200);
    let mut without_end = good.clone();
    without_end.as_object_mut().unwrap().remove("exp");
    let refused = [
        ("issuer", with(good.clone(), "iss", format!("{}/", idp.url()))),
        ("audience", with(good.clone(), "aud", "https://elsewhere.example")),
        ("no audience", with(good.clone(), "aud", json!([]))),
        ("expired", with(good.clone(), "exp", NOW - 30)),
        ("no number", with(good.clone(), "exp", "tomorrow")),
        ("no end", without_end),
        ("not yet", with(good.clone(), "nbf", NOW + 31)),
        ("from the future", with(good.clone(), "iat", NOW + 31)),
        ("nobody", with(good.clone(), "email", "nobody@halden.example")),
        ("empty", with(good.clone(), "email", " ")),
        ("no user", with(good.clone(), "email", json!(["mara@halden.example"]))),
        ("another enterprise's", with(good.clone(), "email", login_of("rhea"))),
        ("another enterprise's, by id", with(good.clone(), "email", RIVAL_ADMIN)),
        ("not verified", with(good.clone(), "email_verified", false)),
    ];
    for (what, claims) in refused {
        let answer = call(&world, &key.sign(&claims), "GET", "/2.0/users/me").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (401, ""), "{what}");
    }
    for (what, claims) in [
        ("within the skew", with(good.clone(), "exp", NOW - 29)),
        ("just begun", with(good.clone(), "nbf", NOW + 30)),
        ("by id", with(good.clone(), "email", MARA)),
    ] {
        assert_eq!(me(&world, &key.sign(&claims)).await.0, 200, "{what}");
    }
    // Signatures: another's key of the same name, none, and the public key as if it were a secret.
    assert_eq!(me(&world, &stranger.sign(&good)).await.0, 401);
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let body = part(&good);
    for alg in ["none", "None", "NONE"] {
        let unsigned = format!("{}.{body}.", part(&json!({"alg": alg, "kid": "k1"})));
        assert_eq!(me(&world, &unsigned).await.0, 401, "{alg}");
    }
    let secret = URL_SAFE_NO_PAD.decode(key.public()["x"].as_str().unwrap()).unwrap();
    let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&header, &good, &EncodingKey::from_secret(&secret)).unwrap();
    assert_eq!(me(&world, &confused).await.0, 401);
    let header =
        Header { kid: Some("k1".to_owned()), crit: Some(vec!["x".to_owned()]), ..Header::new(Algorithm::ES256) };
    assert_eq!(me(&world, &encode(&header, &good, &key.key).unwrap()).await.0, 401, "crit");
    for rubbish in ["..", "a.b.c", &format!("{body}.{body}.{body}"), &"x.".repeat(9_000)] {
        assert_eq!(me(&world, rubbish).await.0, 401);
    }
    // One that was believed ends when it says, and a user who is deleted is nobody.
    let short = key.sign(&with(good.clone(), "exp", NOW + 10));
    assert_eq!(me(&world, &short).await.0, 200);
    world.advance(40);
    assert_eq!(me(&world, &short).await.0, 401);
    assert_eq!(me(&world, &key.sign(&good)).await.0, 200);
    world.send_json(ADMIN, "DELETE", &format!("/api/v1/users/{MARA}"), &Value::Null).await.ok();
    assert_eq!(me(&world, &key.sign(&good)).await.0, 401);
}

#[tokio::test]
async fn keys_rotate_and_strangers_cannot_make_the_server_ask() {
    let [first, second, never] = ["k1", "k2", "k3"].map(Key::new);
    let idp = Idp::new(&[&first]).await;
    let world = idp.world(&[]).await;
    let long = |name: &str| with(idp.claims(name), "exp", NOW + 86_400);
    let old = first.sign(&long("mara"));
    assert_eq!(me(&world, &old).await.0, 200);
    idp.rotate(&[&first, &second]);
    let new = second.sign(&long("mara"));
    assert_eq!(me(&world, &new).await.0, 401, "asked a moment ago");
    world.advance(10);
    assert_eq!(me(&world, &new).await.0, 200, "a new key is fetched");
    assert_eq!(idp.asked(), 2);
    for _ in 0..50 {
        assert_eq!(me(&world, &never.sign(&long("mara"))).await.0, 401);
    }
    assert_eq!(idp.asked(), 2, "not once more within ten seconds");
    world.advance(10);
    assert_eq!(me(&world, &never.sign(&long("mara"))).await.0, 401);
    assert_eq!(idp.asked(), 3);
    // A key that is taken back ends what it signed, at the latest when the keys are an hour old.
    idp.rotate(&[&second]);
    assert_eq!(me(&world, &old).await.0, 200, "nobody has asked yet");
    world.advance(3_600);
    assert_eq!(me(&world, &old).await.0, 401);
    assert_eq!(me(&world, &new).await.0, 200);
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_to_be_and_known_keys_go_on() {
    let key = Key::new("k1");
    let idp = Idp::new(&[&key]).await;
    let world = idp.world(&[]).await;
    let token = key.sign(&with(idp.claims("mara"), "exp", NOW + 200_000));
    idp.set_down(true);
    let answer = call(&world, &token, "GET", "/2.0/users/me").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("10")));
    assert!(answer.text().contains("identity provider"), "{}", answer.text());
    // Our own tokens need no provider.
    assert_eq!(me(&world, &crate::world::token_of(MARA)).await.0, 200);
    idp.set_down(false);
    assert_eq!(me(&world, &token).await.0, 503, "asked a moment ago");
    world.advance(10);
    assert_eq!(me(&world, &token).await.0, 200);
    idp.set_down(true);
    world.advance(3_600);
    assert_eq!(me(&world, &token).await.0, 200, "the keys are old, and the newest there are");
    world.advance(86_400);
    assert_eq!(me(&world, &token).await.0, 503, "a day is enough");
    // One that lies about who it is is not believed either.
    let liar = Idp::new(&[&key]).await;
    let true_url = liar.url();
    liar.0.lock().unwrap().url = "https://login.example".to_owned();
    let world = World::set(&["--oidc-issuer", &true_url, "--oidc-audience", AUDIENCE]).await;
    assert_eq!(me(&world, &key.sign(&with(liar.claims("mara"), "iss", true_url))).await.0, 503);
}

#[tokio::test]
async fn a_channel_lives_as_long_as_the_token_and_the_sign_in_is_recorded_once() {
    let key = Key::new("k1");
    let idp = Idp::new(&[&key]).await;
    let world = idp.world(&["--oidc-user-claim", "upn"]).await;
    let token = key.sign(&with(idp.claims("nobody"), "upn", login_of("mara")));
    for number in 0..3 {
        let opened = call(&world, &token, "OPTIONS", "/2.0/events").await.ok().json();
        let url = opened["entries"][0]["url"].as_str().unwrap().replace("http://localhost", "");
        world.publish([upload(&format!("u{number}"))]).await;
        let woken = world.send(Request::get(&url).body(Body::empty()).unwrap()).await;
        assert!(woken.text().contains("new_change"), "{}", woken.text());
    }
    let logins = crate::oauth::recorded(&world, "LOGIN").await;
    assert_eq!(logins.len(), 1, "{logins:?}");
    assert_eq!((&logins[0]["created_by"]["id"], &logins[0]["ip_address"]), (&json!(MARA), &json!("192.0.2.1")));
    assert_eq!(logins[0]["additional_details"]["issuer"], idp.url());
    assert!(!logins[0].to_string().contains(&token));
}
