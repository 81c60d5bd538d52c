//! How header names are spelt, `Date`, keep-alive, and how a server stops.

use super::{Listening, answer, ask, check, get};
use crate::deeds::upload;
use crate::spoiled::{Ill, Illness, Part, Spoiled};
use crate::world::World;
use std::sync::Arc;
use store::ledger::Unavailable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn header_names_are_in_title_case_and_every_answer_has_a_date() {
    let illness = Arc::new(Illness::default());
    let world = World::over(&["--rate-limit", "12"], |stores| Spoiled::around(stores, illness.clone())).await;
    world.publish([upload("u")]).await;
    let listening = Listening::new(world).await;
    let mut stream = listening.connect().await;
    let mut seen = Vec::new();
    let requests = [
        (get("/2.0/events"), "200 OK"),
        (get("/2.0/events").replace("Host", "Accept-Encoding: gzip, br, deflate\r\nHost"), "200 OK"),
        (get("/2.0/events?limit=x"), "400 Bad Request"),
        (get("/2.0/events").replace("Bearer token", "Bearer no-token"), "401 Unauthorized"),
        (get("/2.0/events?stream_type=admin_logs"), "403 Forbidden"),
        (get("/2.0/nothing"), "404 Not Found"),
        (get("/2.0/events").replace("GET", "POST"), "405 Method Not Allowed"),
        (get("/2.0/events").replace("GET", "OPTIONS"), "200 OK"),
    ];
    // One connection for all of them: errors do not end it.
    for (request, status) in &requests {
        let raw = ask(&mut stream, request).await;
        check(&raw, status);
        seen.push(raw);
    }
    illness.strike(Part::Ledger, Ill::Unavailable(Unavailable::Full));
    seen.push(ask(&mut stream, &get("/2.0/events")).await);
    check(seen.last().unwrap(), "503 Service Unavailable");
    illness.strike(Part::Ledger, Ill::Panics);
    seen.push(ask(&mut stream, &get("/2.0/events")).await);
    check(seen.last().unwrap(), "500 Internal Server Error");
    illness.heal();
    for _ in 0..12 {
        seen.push(ask(&mut stream, &get("/2.0/users/me")).await);
    }
    check(seen.last().unwrap(), "429 Too Many Requests");
    let mut names: Vec<&str> = seen.iter().flat_map(|raw| raw.head.lines().skip(1)).collect();
    names = names.into_iter().filter_map(|line| line.split_once(": ").map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    insta::assert_snapshot!(names.join(" "), @"Allow Box-Request-Id Content-Length Content-Type Date Retry-After Www-Authenticate");
}

#[tokio::test]
async fn a_body_that_is_refused_unread_does_not_confuse_what_follows() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let body = "x".repeat(20_000);
    let request = format!("POST /api/v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let raw = ask(&mut stream, &request).await;
    check(&raw, "401 Unauthorized");
    if raw.header("Connection") != Some("close") {
        check(&ask(&mut stream, &get("/2.0/users/me")).await, "200 OK");
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_hurts_nobody_else() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let raw = ask(&mut stream, "rubbish\r\n\r\n").await;
    assert!(raw.head.starts_with("HTTP/1.1 400"), "{raw:?}");
    let mut stream = listening.connect().await;
    let huge = get("/2.0/events").replace("Host", &format!("X-Huge: {}\r\nHost", "x".repeat(300_000)));
    let raw = ask(&mut stream, &huge).await;
    assert!(raw.head.starts_with("HTTP/1.1 431"), "{raw:?}");
    check(&ask(&mut listening.connect().await, &get("/2.0/users/me")).await, "200 OK");
}

#[tokio::test]
async fn stopping_answers_who_waits_and_takes_nobody_new() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let opened = ask(&mut stream, &get("/2.0/events").replace("GET", "OPTIONS")).await;
    let body: serde_json::Value = serde_json::from_str(&opened.body).unwrap();
    let url = body["entries"][0]["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    let mut idle = listening.connect().await;
    check(&ask(&mut idle, &get("/2.0/users/me")).await, "200 OK");
    stream.write_all(get(&format!("{url}&stream_position=now")).as_bytes()).await.unwrap();
    while listening.world.services.bell.readers_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    listening.stop.send(()).unwrap();
    let raw = answer(&mut stream).await;
    check(&raw, "200 OK");
    assert_eq!(raw.body, r#"{"version":1,"message":"reconnect"}"#);
    listening.serving.await.unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "idle connections are closed");
    assert!(TcpStream::connect(listening.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_hangs_up_waits_no_more() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let opened = ask(&mut stream, &get("/2.0/events").replace("GET", "OPTIONS")).await;
    let body: serde_json::Value = serde_json::from_str(&opened.body).unwrap();
    let url = body["entries"][0]["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    stream.write_all(get(url).as_bytes()).await.unwrap();
    let bell = &listening.world.services.bell;
    while bell.readers_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while bell.readers_waiting() != 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(listening.world.services.metrics.readers_waiting.get(), 0);
}
