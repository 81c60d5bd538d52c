//! `OPTIONS /2.0/events`: where to poll.

use crate::answer::Answer;
use crate::world::{ADMIN, MARA, World, by};
use axum::body::Body;
use http::Request;

async fn open(world: &World, query: &str, headers: &[(&str, &str)]) -> Answer {
    let request = by(MARA, "OPTIONS", &format!("/2.0/events{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    world.send(request.body(Body::empty()).unwrap()).await
}

fn url(answer: &Answer) -> String {
    answer.json()["entries"][0]["url"].as_str().unwrap().to_owned()
}

fn channel(url: &str) -> &str {
    url.split_once("channel=").unwrap().1.split_once('&').unwrap().0
}

#[tokio::test]
async fn the_whole_answer_with_the_json_types_that_parsers_insist_on() {
    let world = World::new().await;
    let answer = open(&world, "", &[("host", "localhost:8080")]).await;
    let url = url(&answer);
    insta::assert_snapshot!(answer.text().replace(channel(&url), "[channel]"), @r#"{"chunk_size":1,"entries":[{"max_retries":"10","retry_timeout":610,"ttl":"10","type":"realtime_server","url":"http://localhost:8080/realtime/subscribe?channel=[channel]&stream_type=all"}]}"#);
    let entry = &answer.json()["entries"][0];
    assert!(entry["ttl"].is_string() && entry["max_retries"].is_string(), "strict SDKs throw on numbers");
    assert!(entry["retry_timeout"].is_u64());
}

#[tokio::test]
async fn only_user_streams_have_one() {
    let world = World::new().await;
    for (query, expected) in [
        ("", Some("all")),
        ("?stream_type=", Some("all")),
        ("?stream_type=all", Some("all")),
        ("?stream_type=changes", Some("changes")),
        ("?stream_type=sync", Some("sync")),
        ("?stream_type=admin_logs", None),
        ("?stream_type=admin_logs_streaming", None),
        ("?stream_type=nonsense", None),
    ] {
        let answer = open(&world, query, &[]).await;
        match expected {
            Some(stream) => assert!(url(&answer).ends_with(&format!("&stream_type={stream}")), "{query}"),
            None => assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{query}"),
        }
    }
    let answer = world.send(by(ADMIN, "OPTIONS", "/2.0/events?stream_type=admin_logs").body(Body::empty()).unwrap());
    insta::assert_snapshot!(answer.await.message(), @"Long polling is for the user streams all, changes and sync.");
}

#[tokio::test]
async fn the_url_is_built_as_the_client_sees_the_server() {
    let world = World::set(&["--trusted-proxies", "192.0.2.0/24"]).await;
    for (headers, expected) in [
        (&[("host", "localhost:8080")][..], "http://localhost:8080"),
        (&[], "http://localhost"),
        (&[("host", "events.example"), ("x-forwarded-proto", "https")], "https://events.example"),
        (&[("host", "events.example"), ("x-forwarded-proto", "HTTPS")], "https://events.example"),
        (&[("host", "events.example"), ("x-forwarded-proto", "http")], "http://events.example"),
        (&[("host", "events.example"), ("x-forwarded-proto", "javascript")], "http://events.example"),
        (&[("host", "10.0.0.7:80"), ("x-forwarded-host", "events.example")], "http://events.example"),
        (&[("host", "events.example"), ("x-forwarded-host", "")], "http://events.example"),
        // Each proxy of a chain appends; the first is the one the client spoke to.
        (
            &[("host", "inner"), ("x-forwarded-proto", "https, http"), ("x-forwarded-host", "events.example, inner")],
            "https://events.example",
        ),
        (&[("host", "[::1]:8080")], "http://[::1]:8080"),
    ] {
        let url = url(&open(&world, "", headers).await);
        let (base, _) = url.split_once("/realtime/").unwrap();
        assert_eq!(base, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn nobody_but_a_configured_proxy_says_where_the_server_is() {
    let headers = [("host", "events.example"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")];
    for proxies in ["", "192.0.2.2,10.0.0.0/8"] {
        let world = World::set(&["--trusted-proxies", proxies]).await;
        let url = url(&open(&world, "", &headers).await);
        assert_eq!(url.split_once("/realtime/").unwrap().0, "http://events.example");
    }
}

#[tokio::test]
async fn a_configured_base_url_goes_before_what_requests_say() {
    for (flag, expected) in [
        ("https://events.example", "https://events.example"),
        ("https://events.example/", "https://events.example"),
        ("https://example.com/tidings", "https://example.com/tidings"),
    ] {
        let world = World::set(&["--public-url", flag]).await;
        let headers = [("host", "localhost"), ("x-forwarded-host", "elsewhere"), ("x-forwarded-proto", "http")];
        let url = url(&open(&world, "", &headers).await);
        assert_eq!(url.split_once("/realtime/").unwrap().0, expected);
    }
}

#[tokio::test]
async fn a_channel_is_plain_in_a_url_and_each_is_its_own() {
    let world = World::new().await;
    let (one, two) = (url(&open(&world, "", &[]).await), url(&open(&world, "", &[]).await));
    assert_ne!(channel(&one), channel(&two));
    assert!(channel(&one).bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{one}");
    // Legacy Java adds its position blindly.
    assert!(one.contains('?') && !one.ends_with(['?', '&']), "{one}");
    assert!(one.len() < 1_000, "it must fit every client and proxy");
    assert!(!one.contains(MARA), "it does not show whose it is");
}

#[tokio::test]
async fn only_a_preflight_is_answered_as_one() {
    let world = World::new().await;
    let (origin, method) = (("origin", "https://app.example"), ("access-control-request-method", "GET"));
    let without_token = async |headers: &[(&str, &str)]| {
        let request = Request::builder().method("OPTIONS").uri("/2.0/events");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        world.send(request.body(Body::empty()).unwrap()).await
    };
    let preflight = without_token(&[origin, method]).await;
    insta::assert_snapshot!(preflight.shown(), @r"
    204
    box-request-id: [request id]
    content-length: 0
    ");
    for headers in [&[][..], &[origin], &[method]] {
        assert_eq!(without_token(headers).await.status.as_u16(), 401, "{headers:?}");
        assert_eq!(open(&world, "", headers).await.json()["entries"][0]["type"], "realtime_server", "{headers:?}");
    }
}
