//! No token, channel, query or body is ever logged, at whatever level.

use crate::console::{Browser, sign_in_code};
use crate::deeds::{login, upload};
use crate::oauth::consent::authorized;
use crate::oauth::jwt::{Sdk, ask, claims as claims_of};
use crate::oauth::{CLIENT, SECRET, application, by_credentials, call, form, token, word};
use crate::provider::{Idp, Key};
use crate::spoiled::{Ill, Illness, Part, Spoiled};
use crate::world::{ADMIN, HALDEN, MARA, NOW, SERVICE, World, by, token_of};
use axum::body::Body;
use http::Request;
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex};
use store::ledger::Unavailable;
use tracing_subscriber::fmt::MakeWriter;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// Lets every line through that is written so far. A test that ran at the same moment may have settled, for all of them,
/// that nobody wants one: while it was first written, and nobody did.
async fn let_through(world: &World) {
    world.get(MARA, "/2.0/users/me").await.ok();
    tracing::callsite::rebuild_interest_cache();
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let here = tracing::subscriber::set_default(subscriber);
    let mut secrets: Vec<String> =
        ["bad-token", "mark-of-a-body", "mark-of-a-query", "mark-of-a-login"].map(str::to_owned).to_vec();
    secrets.extend([token_of(ADMIN), token_of(MARA)]);

    let illness = Arc::new(Illness::default());
    let world = World::over(&["--rate-limit", "30"], |stores| Spoiled::around(stores, illness.clone())).await;
    let_through(&world).await;
    // Good ways.
    world.publish([login("e").with("ip_address", "mark-of-a-body"), upload("u")]).await;
    world.page(MARA, "stream_position=9007199254740991&x=mark-of-a-query").await;
    let wish = json!({"user": MARA, "note": "mark-of-a-body"});
    let made = world.send_json(ADMIN, "POST", "/api/v1/tokens", &wish).await.ok().json();
    secrets.push(made["access_token"].as_str().unwrap().to_owned());
    let opened = world.send(by(MARA, "OPTIONS", "/2.0/events").body(Body::empty()).unwrap()).await.json();
    let url = opened["entries"][0]["url"].as_str().unwrap().replace("http://localhost", "");
    secrets.push(url.split_once("channel=").unwrap().1.split_once('&').unwrap().0.to_owned());
    world.publish([upload("u2")]).await;
    world.send(Request::get(&url).body(Body::empty()).unwrap()).await.ok();
    // Bad ways.
    for (method, path, token, body) in [
        ("GET", "/2.0/events?access_token=bad-token", "bad-token", ""),
        ("GET", "/2.0/events?stream_position=mark-of-a-query", &token_of(MARA), ""),
        ("POST", "/api/v1/events", &token_of(ADMIN), "{\"mark-of-a-body\""),
        ("POST", "/api/v1/users", &token_of(ADMIN), "{\"login\":\"mark-of-a-login\"}"),
        ("POST", "/api/v1/tokens", &token_of(ADMIN), "{\"user\":\"mark-of-a-login\"}"),
        ("GET", "/2.0/nothing?mark-of-a-query", &token_of(ADMIN), "mark-of-a-body"),
    ] {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let answer = world.send(request.body(Body::from(body)).unwrap()).await;
        assert!(answer.status.is_client_error(), "{method} {path}");
    }
    // Signing in, well and badly.
    world.services.stores.access.add(application(HALDEN, SERVICE)).await.unwrap();
    let service = by_credentials(&world).await.ok().json();
    secrets.extend([SECRET.to_owned(), service["access_token"].as_str().unwrap().to_owned()]);
    let path = format!("/api/v1/users/{MARA}/sign-in-codes");
    let code = world.send_json(ADMIN, "POST", &path, &json!({})).await.ok().json();
    secrets.push(code["code"].as_str().unwrap().to_owned());
    for (name, kind) in [
        ("client_secret", "client_credentials"),
        ("assertion", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("code", "authorization_code"),
        ("refresh_token", "refresh_token"),
    ] {
        let pairs = [("client_id", CLIENT), ("client_secret", SECRET), ("grant_type", kind), (name, "mark-of-a-body")];
        assert_eq!(form(&world, "/oauth2/token?x=mark-of-a-query", &pairs).await.status, 400);
        assert_eq!(
            form(&world, "/oauth2/revoke", &[("client_id", CLIENT), (name, "mark-of-a-body")]).await.status,
            400
        );
    }
    for ill in [Ill::Panics, Ill::Unavailable(Unavailable::Full)] {
        for part in [Part::Ledger, Part::Directory, Part::Tokens] {
            illness.strike(part, ill.clone());
            for (method, path) in [("GET", "/2.0/events?mark-of-a-query"), ("OPTIONS", "/2.0/events"), ("GET", &url)] {
                let answer = world.send(by(ADMIN, method, path).body(Body::empty()).unwrap()).await;
                assert!(answer.status.is_server_error(), "{method} {path}");
            }
            let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &login("mark-of-a-body").0).await;
            assert!(answer.status.is_server_error());
        }
    }
    drop(here);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("answered") && text.contains("a request failed"), "{text}");
    for secret in secrets {
        let found: Vec<&str> = text.lines().filter(|line| line.contains(&secret)).collect();
        assert!(found.is_empty(), "{secret} is in the log: {found:#?}");
    }
}

#[tokio::test]
async fn no_way_to_a_token_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let here = tracing::subscriber::set_default(subscriber);
    let (key, stranger) = (Key::new("k1"), Key::new("k1"));
    let idp = Idp::new(&[&key]).await;
    let world = idp.world(&[]).await;
    world.services.stores.access.add(application(HALDEN, SERVICE)).await.unwrap();
    let_through(&world).await;
    let mut secrets = Vec::new();
    // The provider's tokens, good and bad.
    let claims = idp.claims("mara");
    for (token, status) in [(key.sign(&claims), 200), (stranger.sign(&claims), 401)] {
        assert_eq!(call(&world, &token, "/2.0/users/me").await.status, status);
        secrets.push(token);
    }
    // Assertions, fresh and spent.
    let sdk = Sdk::new(&world).await;
    let assertion = sdk.sign(&claims_of("1", "enterprise", HALDEN, NOW + 30));
    let service = ask(&world, &assertion).await.ok();
    assert_eq!(ask(&world, &assertion).await.status, 400);
    secrets.extend([assertion, word(&service, "access_token")]);
    // A code, the tokens it gives, the next ones, and all of them once more.
    let code = authorized(&world).await;
    let pairs = [("grant_type", "authorization_code"), ("code", &code)];
    let first = token(&world, &pairs).await.ok();
    let refresh = word(&first, "refresh_token");
    let second = token(&world, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await.ok();
    assert_eq!(token(&world, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await.status, 400);
    assert_eq!(token(&world, &pairs).await.status, 400);
    secrets.extend([word(&first, "access_token"), word(&second, "access_token"), word(&second, "refresh_token")]);
    secrets.extend([code, refresh]);
    drop(here);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("answered"), "{text}");
    for secret in secrets {
        // Neither whole nor the part that makes it one: a signature, say.
        for part in [secret.as_str(), secret.rsplit('.').next().unwrap()] {
            let found: Vec<&str> = text.lines().filter(|line| line.contains(part)).collect();
            assert!(found.is_empty(), "{part} is in the log: {found:#?}");
        }
    }
}

/// What a browser holds and sends at the console: cookies, keys of forms, codes and what is typed; and what pages show once.
#[tokio::test]
async fn nothing_secret_of_the_console_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let here = tracing::subscriber::set_default(subscriber);
    let illness = Arc::new(Illness::default());
    let world = World::over(&[], |stores| Spoiled::around(stores, illness.clone())).await;
    world.services.stores.access.add(application(HALDEN, SERVICE)).await.unwrap();
    let_through(&world).await;
    let mut secrets: Vec<String> = ["mark-of-a-field", "mark-of-a-query"].map(str::to_owned).to_vec();
    // Signing in by code, badly and well: the form's cookie and key, the code, the session's cookie and key.
    let mut browser = Browser::new(&world);
    browser.get("/console/sign-in?next=/console/live%3Ftext=mark-of-a-query").await.ok();
    secrets.extend(browser.held());
    let code = sign_in_code(&world, ADMIN).await;
    let bad = [("login", "mark-of-a-field"), ("sign_in_code", "mark-of-a-field")];
    assert!(browser.submit("/console/sign-in", &bad).await.status.is_client_error());
    let login = login_of(&world, ADMIN).await;
    let good = [("login", login.as_str()), ("sign_in_code", &code)];
    assert_eq!(browser.submit("/console/sign-in", &good).await.status, 303);
    secrets.extend(browser.held());
    secrets.push(code);
    // By token, and all that is sent afterwards.
    let mut browser = Browser::of(&world, ADMIN).await;
    browser.get("/console/search?text=mark-of-a-query").await.ok();
    secrets.extend(browser.held());
    secrets.push(token_of(ADMIN));
    let once = |page: &str| page.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let application = format!("/console/applications/{CLIENT}");
    secrets.push(once(browser.submit(&format!("{application}/secrets"), &[]).await.ok().text()));
    secrets.push(once(browser.submit("/console/tokens", &[("user", MARA)]).await.ok().text()));
    let pair = [("make", "pair"), ("client_secret", "mark-of-a-field")];
    let made = browser.submit(&format!("{application}/keys"), &pair).await.ok();
    secrets.push(made.text().split("base64,").nth(1).unwrap().split('"').next().unwrap().to_owned());
    let passphrase = made.text().split("passphrase").nth(1).unwrap();
    secrets.push(passphrase.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 48).unwrap().to_owned());
    let wish = [("format", "csv"), ("text", "mark-of-a-field")];
    assert_eq!(browser.submit("/console/reports", &wish).await.status, 303);
    // Refused, broken, and out again.
    assert_eq!(browser.submit_with("/console/holds", &[("form_key", "mark-of-a-field")]).await.status, 403);
    for ill in [Ill::Panics, Ill::Unavailable(Unavailable::Full)] {
        illness.strike(Part::Directory, ill);
        let answer = browser.get("/console/people?q=mark-of-a-query").await;
        assert!(answer.status.is_server_error());
    }
    illness.heal();
    assert_eq!(browser.submit("/console/sign-out", &[]).await.status, 303);
    drop(here);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("answered") && text.contains("a request failed"), "{text}");
    assert!(secrets.len() > 12 && secrets.iter().all(|it| it.len() > 7), "{secrets:?}");
    for secret in secrets {
        let found: Vec<&str> = text.lines().filter(|line| line.contains(&secret)).collect();
        assert!(found.is_empty(), "{secret} is in the log: {found:#?}");
    }
}

async fn login_of(world: &World, user: &str) -> String {
    let shown = world.get(ADMIN, &format!("/api/v1/users/{user}")).await.ok().json();
    shown["login"].as_str().unwrap().to_owned()
}
