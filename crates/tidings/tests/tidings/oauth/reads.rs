//! Reading the audit log is in the audit log when it is wanted, and keeps nobody awake.

use super::recorded;
use crate::deeds::login;
use crate::world::{ADMIN, MARA, REPORTER, World};
use axum::body::Body;
use http::Request;
use serde_json::json;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[tokio::test]
async fn reads_of_an_hour_are_one_event_and_reading_that_is_none() {
    let world = World::set(&["--audit-reads", "on"]).await;
    world.publish([login("e1"), login("e2")]).await;
    for _ in 0..5 {
        world.page(ADMIN, "stream_type=admin_logs_streaming").await;
        world.page(MARA, "stream_type=all").await;
    }
    world.page(REPORTER, "stream_type=admin_logs_streaming").await;
    // A client that reads until there is nothing more comes to an end.
    assert_eq!(world.drain(ADMIN, "stream_type=admin_logs_streaming").await.len(), 4);
    world.advance(3_600);
    world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let events = world.page(ADMIN, "stream_type=admin_logs_streaming&event_type=EVENTS_READ").await.entries;
    let told: Vec<String> = events
        .iter()
        .map(|it| {
            assert_eq!((&it["ip_address"], &it["source"]["type"]), (&json!("192.0.2.1"), &json!("user")));
            format!("{} {}", it["created_by"]["id"].as_str().unwrap(), it["additional_details"]["reads"])
        })
        .collect();
    assert_eq!(told, [format!("{ADMIN} 1"), format!("{REPORTER} 1"), format!("{ADMIN} 6")]);
}

#[tokio::test]
async fn nobody_is_woken_by_reading() {
    let world = World::set(&["--audit-reads", "on"]).await;
    world.publish([login("e1")]).await;
    let opened =
        world.send(crate::world::by(ADMIN, "OPTIONS", "/2.0/events").body(Body::empty()).unwrap()).await.json();
    let url = opened["entries"][0]["url"].as_str().unwrap().replace("http://localhost", "");
    let first = world.page(ADMIN, "stream_type=admin_logs_streaming&stream_position=0").await;
    assert_eq!(first.entries.len(), 1);
    // The read was recorded behind the reader, who waits there now; another reader reads meanwhile.
    let request = Request::get(format!("{url}&stream_position={}", first.position())).body(Body::empty()).unwrap();
    let mut waiting = pin!(world.send(request));
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending(), "woken by their own read");
    world.page(REPORTER, "stream_type=admin_logs_streaming&stream_position=0").await;
    assert!(waiting.as_mut().poll(&mut context).is_pending(), "woken by another's read");
    world.publish([login("e2")]).await;
    let Poll::Ready(answer) = waiting.as_mut().poll(&mut context) else { panic!("not woken by an event") };
    assert!(answer.text().contains("new_change"));
    // What was recorded is there for who fetches.
    let query = format!("stream_type=admin_logs_streaming&stream_position={}", first.position());
    let types: Vec<String> =
        world.page(ADMIN, &query).await.entries.iter().map(|it| it["event_type"].to_string()).collect();
    assert_eq!(types, ["\"EVENTS_READ\"", "\"EVENTS_READ\"", "\"LOGIN\""]);
}

#[tokio::test]
async fn without_the_setting_reading_leaves_no_trace() {
    let world = World::new().await;
    world.publish([login("e1")]).await;
    world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    assert_eq!(recorded(&world, "EVENTS_READ").await.len(), 0);
}
