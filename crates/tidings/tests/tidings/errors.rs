//! Every error as it goes over the wire (protocol, section 17). Bodies and headers are compared byte for byte.

use crate::answer::Answer;
use crate::deeds::{login, upload};
use crate::spoiled::{Ill, Illness, Part, Spoiled};
use crate::world::{ADMIN, HALDEN, MARA, NOW, TOMAS, World, by, person_of, token_of};
use axum::body::Body;
use feed::limits::{BODY_BYTES_MAX, PUBLISH_BYTES_MAX};
use feed::permission::Scopes;
use feed::time::Second;
use http::Request;
use serde_json::json;
use std::sync::Arc;
use store::ledger::Unavailable;

async fn with_authorization(world: &World, value: &str) -> Answer {
    let request = Request::get("/2.0/events").header("authorization", value);
    world.send(request.body(Body::empty()).unwrap()).await
}

/// What must hold of every error but a 401.
#[track_caller]
fn check_form(answer: &Answer) {
    let body = answer.json();
    assert_eq!(body["type"], "error");
    assert_eq!(body["status"], answer.status.as_u16());
    assert_eq!(body["request_id"], answer.header("box-request-id").unwrap());
    assert!(body["context_info"].is_null() || body["context_info"].is_object());
    assert!(body["code"].is_string() && body["message"].is_string() && body["help_url"].is_string());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(body.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn unauthorized_has_an_empty_body_and_says_why_in_a_header() {
    let world = World::new().await;
    let nobody = world.send(Request::get("/2.0/events").body(Body::empty()).unwrap()).await;
    insta::assert_snapshot!(nobody.shown(), @r#"
    401
    box-request-id: [request id]
    content-length: 0
    www-authenticate: Bearer realm="Service"
    "#);
    insta::assert_snapshot!(with_authorization(&world, "Bearer unknown").await.shown(), @r#"
    401
    box-request-id: [request id]
    content-length: 0
    www-authenticate: Bearer realm="Service", error="invalid_token", error_description="The access token provided is invalid or expired (expired_token)."
    "#);
}

#[tokio::test]
async fn which_tokens_are_no_good() {
    let world = World::new().await;
    world.give_token(HALDEN, MARA, Scopes::NONE, "short", Some(Second(NOW + 60))).await;
    let good = format!("Bearer {}", token_of(MARA));
    for (value, expected) in [
        (good.as_str(), 200),
        ("Bearer short", 200),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Basic dXNlcjpwYXNz", 401),
        (&token_of(MARA), 401),
        (&format!("Bearer {} x", token_of(MARA)), 401),
        (&format!("Bearer {}", token_of(MARA).to_uppercase()), 401),
        (&format!("Bearer {}", "x".repeat(10_000)), 401),
        ("Bearer \u{e9}", 401),
    ] {
        assert_eq!(with_authorization(&world, value).await.status.as_u16(), expected, "{value}");
    }
    world.advance(59);
    assert_eq!(with_authorization(&world, "Bearer short").await.status.as_u16(), 200);
    world.advance(1);
    let expired = with_authorization(&world, "Bearer short").await;
    assert_eq!(expired.status.as_u16(), 401);
    // Unknown, expired, revoked, or of a deleted user: which of them is not told.
    let path = format!("/api/v1/tokens/id-of-{}", token_of(TOMAS));
    world.send(by(ADMIN, "DELETE", &path).body(Body::empty()).unwrap()).await.ok();
    world.publish([login("gone").typed("DELETE_USER").with("source", person_of(MARA))]).await;
    let unknown = with_authorization(&world, "Bearer unknown").await.shown();
    assert_eq!(expired.shown(), unknown);
    for gone in [TOMAS, MARA] {
        assert_eq!(world.get(gone, "/2.0/events").await.shown(), unknown);
    }
}

#[tokio::test]
async fn forbidden_tells_a_missing_scope_from_a_missing_right() {
    let world = World::new().await;
    world.give_token(HALDEN, ADMIN, Scopes::NONE, "no-scope", None).await;
    let request = by(ADMIN, "GET", "/2.0/events?stream_type=admin_logs");
    let mut request = request.body(Body::empty()).unwrap();
    request.headers_mut().insert("authorization", "Bearer no-scope".parse().unwrap());
    let scope = world.send(request).await;
    check_form(&scope);
    insta::assert_snapshot!(scope.shown(), @r#"
    403
    box-request-id: [request id]
    content-length: 241
    content-type: application/json
    www-authenticate: Bearer realm="Service", error="insufficient_scope", error_description="The request requires higher privileges than provided by the access token."

    {"code":"insufficient_scope","context_info":null,"help_url":"/errors","message":"Access denied - insufficient permission. The token lacks the scope 'manage_enterprise_properties'.","request_id":"[request id]","status":403,"type":"error"}
    "#);
    let right = world.get(MARA, "/2.0/events?stream_type=admin_logs").await;
    check_form(&right);
    insta::assert_snapshot!(right.shown(), @r#"
    403
    box-request-id: [request id]
    content-length: 294
    content-type: application/json

    {"code":"access_denied_insufficient_permissions","context_info":null,"help_url":"/errors","message":"Access denied - insufficient permission. The user is neither an admin nor a co-admin with the permission to run and access reports.","request_id":"[request id]","status":403,"type":"error"}
    "#);
    let head = by(MARA, "HEAD", "/2.0/events?stream_type=admin_logs").body(Body::empty()).unwrap();
    let head = world.send(head).await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.text()), (403, Some("294"), ""));
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let world = World::new().await;
    insta::assert_snapshot!(world.get(MARA, "/2.0/nothing").await.shown(), @r#"
    404
    box-request-id: [request id]
    content-length: 164
    content-type: application/json

    {"code":"not_found","context_info":null,"help_url":"/errors","message":"There is nothing at this path.","request_id":"[request id]","status":404,"type":"error"}
    "#);
    insta::assert_snapshot!(world.send_json(MARA, "POST", "/2.0/events", &json!({})).await.shown(), @r#"
    405
    allow: GET,HEAD,OPTIONS
    box-request-id: [request id]
    content-length: 179
    content-type: application/json

    {"code":"method_not_allowed","context_info":null,"help_url":"/errors","message":"This path does not take this method.","request_id":"[request id]","status":405,"type":"error"}
    "#);
    for (method, path, status) in [
        ("GET", "/2.0", 404),
        ("GET", "/2.0/events/1", 404),
        ("GET", "//2.0/nothing", 404),
        ("GET", "/api/v1", 404),
        ("DELETE", "/2.0/events", 405),
        ("POST", "/2.0/users/me", 405),
        ("GET", "/api/v1/events", 405),
        ("PUT", "/api/v1/users/1", 405),
        ("POST", "/realtime/subscribe", 405),
        ("BREW", "/", 405),
    ] {
        let answer = world.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        check_form(&answer);
    }
}

#[tokio::test]
async fn bodies_have_bounds_and_media_types() {
    let world = World::new().await;
    let post = async |path: &str, media: Option<&str>, body: Vec<u8>| {
        let request = by(ADMIN, "POST", path);
        let request = match media {
            Some(media) => request.header("content-type", media),
            None => request,
        };
        let answer = world.send(request.body(Body::from(body)).unwrap()).await;
        if !answer.status.is_success() {
            check_form(&answer);
        }
        answer
    };
    let json = Some("application/json");
    insta::assert_snapshot!(post("/api/v1/users", json, vec![b' '; BODY_BYTES_MAX + 1]).await.shown(), @r#"
    413
    box-request-id: [request id]
    content-length: 198
    content-type: application/json

    {"code":"payload_too_large","context_info":null,"help_url":"/errors","message":"The body is larger than 1048576 bytes; send it in parts.","request_id":"[request id]","status":413,"type":"error"}
    "#);
    assert_eq!(post("/api/v1/users", json, vec![b' '; BODY_BYTES_MAX]).await.error().0, 400);
    assert_eq!(post("/api/v1/events", json, vec![b' '; PUBLISH_BYTES_MAX + 1]).await.error().0, 413);
    assert_eq!(post("/api/v1/events", json, vec![b' '; PUBLISH_BYTES_MAX]).await.status.as_u16(), 200);
    insta::assert_snapshot!(post("/api/v1/events", Some("text/csv"), b"a,b".to_vec()).await.shown(), @r#"
    415
    box-request-id: [request id]
    content-length: 216
    content-type: application/json

    {"code":"unsupported_media_type","context_info":null,"help_url":"/errors","message":"Send application/json, or application/x-ndjson with one draft a line.","request_id":"[request id]","status":415,"type":"error"}
    "#);
    for wrong in ["text/json", "multipart/form-data", "", ";", "application/json5"] {
        assert_eq!(post("/api/v1/events", Some(wrong), b"[]".to_vec()).await.error().0, 415, "{wrong}");
    }
}

#[tokio::test]
async fn the_rate_limit_counts_by_user_and_tells_whole_seconds() {
    let world = World::set(&["--rate-limit", "4"]).await;
    for n in 0..4 {
        assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 200, "call {n}");
    }
    let limited = world.get(MARA, "/2.0/events").await;
    check_form(&limited);
    insta::assert_snapshot!(limited.shown(), @r#"
    429
    box-request-id: [request id]
    content-length: 191
    content-type: application/json
    retry-after: 15

    {"code":"rate_limit_exceeded","context_info":null,"help_url":"/errors","message":"Request rate limit exceeded; try again in 15 s.","request_id":"[request id]","status":429,"type":"error"}
    "#);
    assert_eq!(world.get(TOMAS, "/2.0/events").await.status.as_u16(), 200, "others may still call");
    // By the token's user, whoever is acted for; and on every call that needs a token.
    for n in 0..4 {
        let request = by(ADMIN, "GET", "/2.0/users/me").header("as-user", TOMAS);
        assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.status.as_u16(), 200, "call {n}");
    }
    assert_eq!(world.get(ADMIN, "/api/v1/users").await.status.as_u16(), 429);
    assert_eq!(world.send_json(ADMIN, "POST", "/api/v1/events", &json!([])).await.status.as_u16(), 429);
    assert_eq!(world.get(ADMIN, "/health/live").await.status.as_u16(), 200);
    // Waiting as told is enough, and for one call only.
    let wait: u32 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    world.advance(wait - 1);
    assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 429);
    world.advance(1);
    assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 200);
    assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 429);
    world.advance(3_600);
    for n in 0..4 {
        assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 200, "call {n} an hour later");
    }
}

#[tokio::test]
async fn a_bad_token_is_not_counted_and_no_limit_is_the_default() {
    let world = World::set(&["--rate-limit", "1"]).await;
    for _ in 0..5 {
        assert_eq!(with_authorization(&world, "Bearer unknown").await.status.as_u16(), 401);
    }
    let unlimited = World::new().await;
    for _ in 0..300 {
        unlimited.get(MARA, "/2.0/users/me").await.ok();
    }
}

/// A world whose keeper can fall ill.
async fn fragile() -> (World, Arc<Illness>) {
    let illness = Arc::new(Illness::default());
    let world = World::over(&[], |stores| Spoiled::around(stores, illness.clone())).await;
    (world, illness)
}

#[tokio::test]
async fn a_store_that_cannot_serve_is_said_to_be_away() {
    let (world, illness) = fragile().await;
    let failed = || Ill::Unavailable(Unavailable::Failed("sync of segment 7".to_owned()));
    illness.strike(Part::Ledger, failed());
    insta::assert_snapshot!(world.get(MARA, "/2.0/events").await.shown(), @r#"
    503
    box-request-id: [request id]
    content-length: 219
    content-type: application/json
    retry-after: 5

    {"code":"unavailable","context_info":null,"help_url":"/errors","message":"The store cannot serve this now: the store takes no more writes: sync of segment 7.","request_id":"[request id]","status":503,"type":"error"}
    "#);
    for why in [Unavailable::Full, Unavailable::Damaged("segment 7 at 4096".to_owned()), Unavailable::Closing] {
        illness.strike(Part::Ledger, Ill::Unavailable(why.clone()));
        let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &json!([upload("u").0])).await;
        check_form(&answer);
        assert_eq!((answer.error().0, answer.header("retry-after")), (503, Some("5")), "{why}");
        assert!(answer.message().contains(&why.to_string()), "{}", answer.message());
    }
    for part in [Part::Directory, Part::Tokens] {
        illness.strike(part, failed());
        for (method, path) in [("GET", "/2.0/events"), ("OPTIONS", "/2.0/events"), ("GET", "/api/v1/tokens")] {
            let answer = world.send(by(ADMIN, method, path).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.error(), (503, "unavailable".to_owned()), "{method} {path} {part:?}");
        }
    }
    illness.strike(Part::Directory, failed());
    assert_eq!(world.get(ADMIN, "/health/ready").await.status.as_u16(), 503);
    assert_eq!(world.get(ADMIN, "/health/live").await.status.as_u16(), 200);
    illness.heal();
    assert_eq!(world.get(ADMIN, "/health/ready").await.status.as_u16(), 200);
    assert!(world.page(MARA, "").await.entries.is_empty(), "what was refused is not there");
}

#[tokio::test]
async fn a_second_that_is_full_is_the_publishers_to_mend() {
    let (world, illness) = fragile().await;
    illness.strike(Part::Ledger, Ill::SecondFull);
    let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &json!([login("e").0])).await;
    check_form(&answer);
    assert_eq!(answer.error(), (400, "bad_request".to_owned()));
    assert!(answer.message().starts_with("draft 0: the second 2025-06-15T15:06:40+00:00"), "{}", answer.message());
}

#[tokio::test]
async fn a_bug_is_answered_and_the_server_goes_on() {
    let (world, illness) = fragile().await;
    illness.strike(Part::Ledger, Ill::Panics);
    let answer = world.get(MARA, "/2.0/events").await;
    check_form(&answer);
    insta::assert_snapshot!(answer.shown(), @r#"
    500
    box-request-id: [request id]
    content-length: 209
    content-type: application/json

    {"code":"internal_server_error","context_info":null,"help_url":"/errors","message":"The server has a fault; its log says more under the request id.","request_id":"[request id]","status":500,"type":"error"}
    "#);
    illness.heal();
    assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 200);
    let metrics = world.get(MARA, "/metrics").await;
    assert!(metrics.text().contains("tidings_requests_failed_total 1\n"), "{}", metrics.text());
}
