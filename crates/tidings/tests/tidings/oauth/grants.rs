//! Tokens by client credentials, by refresh and by exchange, and what is refused.

use super::{CLIENT, SECRET, by_credentials, call, form, refusal, token, word, world};
use crate::world::{HALDEN, MARA, NOBODY, RIVAL, RIVAL_USER, SERVICE, TOMAS, World, by};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::json;
use store::access_store::{AccessKey, AccessRecord, ActsAs, ApplicationRecord};

/// Changes the usual application behind the services' back.
async fn change(world: &World, change: impl FnOnce(&mut ApplicationRecord)) {
    let access = &world.services.stores.access;
    let old = access.get(&AccessKey::application(CLIENT)).await.unwrap().unwrap();
    let AccessRecord::Application(mut new) = old.clone() else { panic!("{old:?}") };
    change(&mut new);
    assert!(access.replace(&old, AccessRecord::Application(new)).await.unwrap());
}

#[tokio::test]
async fn client_credentials_give_the_service_account() {
    let world = world(&[]).await;
    let answer = by_credentials(&world).await.ok();
    let body = answer.json();
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["restricted_to"], json!([]));
    assert_eq!(body.as_object().unwrap().len(), 4, "no refresh token: {body}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let access_token = word(&answer, "access_token");
    assert_eq!(word(&call(&world, &access_token, "/2.0/users/me").await.ok(), "id"), SERVICE);
    call(&world, &access_token, "/2.0/events?stream_type=admin_logs").await.ok();
    world.advance(3_600);
    assert_eq!(call(&world, &access_token, "/2.0/users/me").await.status, 401);
}

#[tokio::test]
async fn every_spelling_of_the_call_is_taken() {
    let world = world(&["--token-lifetime", "60"]).await;
    let all = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("box_subject_type", "user"),
        ("box_subject_id", MARA),
        ("box_device_id", "0"),
    ];
    for path in ["/oauth2/token", "/oauth2/token/", "/api/oauth2/token", "/api/oauth2/token/"] {
        let answer = form(&world, path, &all).await.ok();
        assert_eq!(answer.json()["expires_in"], 60);
        assert_eq!(word(&call(&world, &word(&answer, "access_token"), "/2.0/users/me").await, "id"), MARA);
    }
    // Subject in the query, client in Basic, a charset behind the media type.
    let coded = STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let path = format!("/oauth2/token?box_subject_type=enterprise&box_subject_id={HALDEN}");
    let request = Request::post(path)
        .header("authorization", format!("Basic {coded}"))
        .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    world.send(request.body(Body::from("grant_type=client_credentials")).unwrap()).await.ok();
}

#[tokio::test]
async fn errors_have_the_words_that_clients_look_for() {
    let world = world(&[]).await;
    let ccg = ("grant_type", "client_credentials");
    let subject = [("box_subject_type", "enterprise"), ("box_subject_id", HALDEN)];
    let invalid_client = (400, "invalid_client".to_owned(), "The client credentials are invalid".to_owned());
    for (id, secret) in [(CLIENT, "wrong"), ("unknown", SECRET), ("", "")] {
        let pairs = [&[ccg, ("client_id", id), ("client_secret", secret)][..], &subject].concat();
        let refused = refusal(&form(&world, "/oauth2/token", &pairs).await);
        if id.is_empty() {
            assert_eq!((refused.0, refused.1.as_str()), (400, "invalid_request"));
        } else {
            assert_eq!(refused, invalid_client);
        }
    }
    assert_eq!(refusal(&token(&world, &[("grant_type", "password")]).await).1, "unsupported_grant_type");
    assert_eq!(refusal(&token(&world, &[]).await).1, "invalid_request");
    assert_eq!(refusal(&token(&world, &[ccg]).await).1, "invalid_request");
    // Nobody there, nobody's, another enterprise's: all look the same.
    for (kind, id) in [("user", NOBODY), ("user", RIVAL_USER), ("user", "2"), ("enterprise", RIVAL), ("x", "y")] {
        let refused = refusal(&token(&world, &[ccg, ("box_subject_type", kind), ("box_subject_id", id)]).await);
        assert_eq!(refused, (400, "invalid_grant".to_owned(), "Grant credentials are invalid".to_owned()), "{id}");
    }
    change(&world, |it| it.enabled = false).await;
    assert_eq!(refusal(&by_credentials(&world).await).1, "unauthorized_client");
    let huge = Request::post("/oauth2/token").body(Body::from("x".repeat(100_000))).unwrap();
    assert_eq!(world.send(huge).await.status, 413);
}

#[tokio::test]
async fn an_application_acts_only_for_whom_it_may() {
    let world = world(&[]).await;
    let service = word(&by_credentials(&world).await.ok(), "access_token");
    let as_tomas = |token: &str| {
        let request = Request::get("/2.0/users/me").header("authorization", format!("Bearer {token}"));
        request.header("as-user", TOMAS).body(Body::empty()).unwrap()
    };
    world.send(as_tomas(&service)).await.ok();
    change(&world, |it| it.acts_as = ActsAs::Users(vec![MARA.parse_id()])).await;
    let user = |id| [("grant_type", "client_credentials"), ("box_subject_type", "user"), ("box_subject_id", id)];
    token(&world, &user(MARA)).await.ok();
    assert_eq!(refusal(&token(&world, &user(TOMAS)).await).1, "invalid_grant");
    assert_eq!(world.send(as_tomas(&service)).await.status, 403, "also with a token made before");
}

#[tokio::test]
async fn what_an_application_loses_its_tokens_lose() {
    let world = world(&[]).await;
    let service = word(&by_credentials(&world).await.ok(), "access_token");
    change(&world, |it| it.scopes = feed::permission::Scopes::NONE).await;
    let audit = "/2.0/events?stream_type=admin_logs";
    assert_eq!(call(&world, &service, audit).await.error(), (403, "insufficient_scope".to_owned()));
    change(&world, |it| it.enabled = false).await;
    assert_eq!(call(&world, &service, audit).await.status, 401);
    change(&world, |it| it.enabled = true).await;
    assert_eq!(call(&world, &service, audit).await.status, 403);
}

#[tokio::test]
async fn revoking_ends_a_token_and_tells_nothing_of_others() {
    let world = world(&[]).await;
    let service = word(&by_credentials(&world).await.ok(), "access_token");
    let revoke = async |path: &str, id: &str, secret: &str, token: &str| {
        form(&world, path, &[("client_id", id), ("client_secret", secret), ("token", token)]).await
    };
    assert_eq!(refusal(&revoke("/oauth2/revoke", CLIENT, "wrong", &service).await).1, "invalid_client");
    call(&world, &service, "/2.0/users/me").await.ok();
    let gone = revoke("/oauth2/revoke", CLIENT, SECRET, &service).await.ok();
    assert!(gone.body.is_empty());
    assert_eq!(call(&world, &service, "/2.0/users/me").await.status, 401);
    for unknown in [service.as_str(), "unknown", "a.b", &crate::world::token_of(MARA)] {
        assert!(revoke("/api/oauth2/revoke/", CLIENT, SECRET, unknown).await.ok().body.is_empty());
    }
    world.send(by(MARA, "GET", "/2.0/users/me").body(Body::empty()).unwrap()).await.ok();
}

#[tokio::test]
async fn an_exchanged_token_is_never_stronger() {
    let world = world(&[]).await;
    let service = word(&by_credentials(&world).await.ok(), "access_token");
    let exchange = async |token: &str, scope: &str| {
        let kind = "urn:ietf:params:oauth:grant-type:token-exchange";
        let pairs = [("grant_type", kind), ("subject_token", token), ("scope", scope)];
        form(&world, "/oauth2/token", &pairs).await
    };
    world.advance(600);
    let weak = exchange(&service, "base_preview administer").await.ok();
    assert_eq!(weak.json()["expires_in"], 3_000, "it ends with the token it is made of");
    assert!(weak.json()["issued_token_type"].is_string());
    let weak = word(&weak, "access_token");
    call(&world, &weak, "/2.0/users/me").await.ok();
    assert_eq!(call(&world, &weak, "/2.0/events?stream_type=admin_logs").await.status, 403);
    let again = word(&exchange(&weak, "manage_enterprise_properties").await.ok(), "access_token");
    assert_eq!(call(&world, &again, "/2.0/events?stream_type=admin_logs").await.status, 403);
    let same = word(&exchange(&service, "manage_enterprise_properties").await.ok(), "access_token");
    call(&world, &same, "/2.0/events?stream_type=admin_logs").await.ok();
    assert_eq!(refusal(&exchange("unknown", "").await).1, "invalid_grant");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = world(&[]).await;
    let wrong = [("grant_type", "client_credentials"), ("client_id", CLIENT), ("client_secret", "guess")];
    let mut answers = 0;
    let limited = loop {
        let answer = form(&world, "/oauth2/token", &wrong).await;
        if answer.status != 400 {
            break answer;
        }
        answers += 1;
    };
    assert_eq!((limited.status.as_u16(), answers), (429, feed::limits::SIGN_IN_FAILURES_PER_MINUTE));
    let wait: u32 = limited.header("retry-after").unwrap().parse().unwrap();
    world.advance(wait);
    by_credentials(&world).await.ok();
}

#[tokio::test]
async fn an_application_has_a_limit_of_its_own() {
    let world = world(&["--rate-limit-application", "4"]).await;
    let user = |id| [("grant_type", "client_credentials"), ("box_subject_type", "user"), ("box_subject_id", id)];
    let tokens = [
        word(&token(&world, &user(MARA)).await.ok(), "access_token"),
        word(&token(&world, &user(TOMAS)).await.ok(), "access_token"),
    ];
    for call_by in tokens.iter().chain(&tokens) {
        call(&world, call_by, "/2.0/users/me").await.ok();
    }
    let limited = call(&world, &tokens[0], "/2.0/users/me").await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, Some("15")));
    world.get(MARA, "/2.0/users/me").await.ok();
}

trait ParseId {
    fn parse_id(&self) -> feed::id::UserId;
}

impl ParseId for str {
    fn parse_id(&self) -> feed::id::UserId {
        feed::id::UserId::new(self).unwrap()
    }
}
