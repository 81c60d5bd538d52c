//! Clients that take their time, and clients that take every place: they give it up, and others are served meanwhile.

use super::{Listening, answer, ask, check, get};
use crate::deeds::upload;
use crate::world::{ADMIN, World, token_of};
use feed::limits::HEADERS_MAX;
use std::time::Duration;
use tidings::http::deadlines::{ANSWER_PAUSE, BODY_PAUSE, HEAD_TIME};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Waits until so many waits are under way.
async fn waits(listening: &Listening, count: usize) {
    while listening.world.clock.waiting() < count {
        tokio::task::yield_now().await;
    }
}

fn publish(length: usize) -> String {
    let token = token_of(ADMIN);
    format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_slow_head_ends_the_connection() {
    for begun in ["", "GET /2.0/events HTTP/1.1\r\nHost: h\r\nX-Slow: "] {
        let listening = Listening::new(World::new().await).await;
        let mut slow = listening.connect().await;
        slow.write_all(begun.as_bytes()).await.unwrap();
        waits(&listening, 1).await;
        listening.world.clock.advance(HEAD_TIME - Duration::from_secs(1));
        // Somebody else's connection has its own time.
        let mut other = listening.connect().await;
        check(&ask(&mut other, &get("/2.0/users/me")).await, "200 OK");
        drop(slow.write_all(b"x").await);
        listening.world.clock.advance(Duration::from_secs(1));
        assert_eq!(slow.read(&mut [0]).await.unwrap_or_default(), 0, "{begun:?}");
        check(&ask(&mut other, &get("/2.0/users/me")).await, "200 OK");
    }
}

#[tokio::test]
async fn a_body_may_pause_only_so_long() {
    let listening = Listening::new(World::new().await).await;
    let mut slow = listening.connect().await;
    slow.write_all(publish(1_000).as_bytes()).await.unwrap();
    slow.write_all(b"[{\"event_type\":").await.unwrap();
    waits(&listening, 2).await;
    listening.world.clock.advance(BODY_PAUSE);
    let raw = answer(&mut slow).await;
    check(&raw, "408 Request Timeout");
    assert!(raw.body.contains("\"code\":\"request_timeout\""), "{}", raw.body);
    assert_eq!(slow.read(&mut [0]).await.unwrap_or_default(), 0, "what comes later is no request");
    assert_eq!(listening.world.drain(ADMIN, "stream_type=admin_logs_streaming").await.len(), 0);
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_let_go() {
    let world = World::new().await;
    for n in 0..40 {
        let name = "x".repeat(60_000);
        world.publish([upload(&format!("u{n}")).with("note", name)]).await;
    }
    let listening = Listening::new(world).await;
    let mut greedy = listening.connect().await;
    // Far more than the sockets hold.
    let request = get("/2.0/events?limit=500");
    for _ in 0..20 {
        greedy.write_all(request.as_bytes()).await.unwrap();
    }
    // It has begun to answer; the only wait from now on is for this client to take more, beside the one for the head, which
    // is kept for the next.
    greedy.read_exact(&mut [0; 16]).await.unwrap();
    waits(&listening, 2).await;
    listening.world.clock.advance(ANSWER_PAUSE);
    let mut taken = Vec::new();
    let ended = greedy.read_to_end(&mut taken).await;
    let whole = 20 * 40 * 60_000;
    assert!(ended.is_err() || taken.len() < whole, "all {} bytes came", taken.len());
}

#[tokio::test]
async fn a_head_has_only_so_many_headers() {
    let listening = Listening::new(World::new().await).await;
    let with = |count: usize| {
        let more: String = (0..count).map(|n| format!("X-{n}: y\r\n")).collect();
        get("/2.0/users/me").replace("Host", &format!("{more}Host"))
    };
    let raw = ask(&mut listening.connect().await, &with(HEADERS_MAX - 2)).await;
    check(&raw, "200 OK");
    let raw = ask(&mut listening.connect().await, &with(HEADERS_MAX - 1)).await;
    assert!(raw.head.starts_with("HTTP/1.1 431"), "{raw:?}");
}
