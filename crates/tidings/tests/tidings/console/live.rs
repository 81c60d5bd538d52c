//! The live view: what its stream says, and when it ends.

use super::Browser;
use crate::answer::Answer;
use crate::deeds::{login, logins};
use crate::world::{ADMIN, IDLE, MARA, REPORTER, TOMAS, World};
use axum::body::{Body, BodyDataStream};
use feed::limits::{LIVE_ENTRIES_MAX, LIVE_SILENCE_S_MAX, LIVE_VIEWS_PER_SESSION_MAX, SESSION_IDLE_S_MAX};
use futures_util::StreamExt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tower::ServiceExt;

/// A stream that somebody listens to.
struct Stream(BodyDataStream);

impl Stream {
    /// Opens one; `came_back` is the last id that the browser saw.
    async fn open(world: &World, browser: &Browser<'_>, path: &str, came_back: Option<&str>) -> Self {
        let mut request = browser.request("GET", path);
        if let Some(id) = came_back {
            request = request.header("last-event-id", id);
        }
        let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut stream = Stream(response.into_body().into_data_stream());
        assert!(stream.message().await.unwrap().starts_with("retry: "));
        if came_back.is_none() && !path.contains("after=") {
            assert!(stream.message().await.unwrap().starts_with("id: "), "it begins now");
        }
        stream
    }

    /// The next message; `None` at the end.
    async fn message(&mut self) -> Option<String> {
        let bytes = self.0.next().await?.unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The next message with events: its id and theirs.
    async fn events(&mut self) -> (String, Vec<String>) {
        loop {
            let message = self.message().await.expect("the stream goes on");
            if message.contains("event: events\n") {
                return (id_of(&message), ids(&message));
            }
        }
    }
}

/// Looks once whether something is there.
fn once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn id_of(message: &str) -> String {
    message.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned()
}

/// The ids of the events in some HTML, in their order.
fn ids(html: &str) -> Vec<String> {
    let links = html.split("href=\"/console/events/").skip(1);
    links.map(|it| it.split('"').next().unwrap().to_owned()).collect()
}

/// Where a page says its stream is.
fn stream_of(page: &Answer) -> String {
    page.text().split("data-stream=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&")
}

#[tokio::test]
async fn page_and_stream_together_show_each_event_once() {
    let world = World::new().await;
    world.publish(logins("a", 3)).await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let page = browser.get("/console/live").await.ok();
    assert_eq!(ids(page.text())[1..], ["a2", "a1", "a0"], "newest first; before them stands the sign-in");
    // What comes between the page and its stream is not lost.
    world.publish(logins("b", 2)).await;
    let path = stream_of(&page);
    let mut stream = Stream::open(&world, &browser, &path, None).await;
    let (id, first) = stream.events().await;
    assert_eq!(first, ["b0", "b1"]);
    world.publish(logins("c", 2)).await;
    assert_eq!(stream.events().await.1, ["c0", "c1"]);
    // Cut off after the first message, the browser says which was its last.
    drop(stream);
    let mut stream = Stream::open(&world, &browser, &path, Some(&id)).await;
    assert_eq!(stream.events().await.1, ["c0", "c1"]);
}

#[tokio::test]
async fn filters_hold_in_page_and_stream() {
    let world = World::new().await;
    let drafts = |n: usize| {
        vec![
            login(&format!("l{n}")),
            login(&format!("f{n}")).typed("FAILED_LOGIN"),
            login(&format!("t{n}")).by(TOMAS),
            login(&format!("x{n}")).with("ip_address", "203.0.113.77"),
        ]
    };
    world.publish(drafts(0)).await;
    let mut browser = Browser::of(&world, REPORTER).await;
    for (query, expected) in [
        ("type=failed_login", vec!["f0"]),
        ("actor=tomas", vec!["t0"]),
        ("text=203.0.113.77", vec!["x0"]),
        ("type=LOGIN&actor=mara", vec!["x0", "l0"]),
    ] {
        let page = browser.get(&format!("/console/live?{query}")).await.ok();
        assert_eq!(ids(page.text()), expected, "{query}");
    }
    let page = browser.get("/console/live?actor=tomas").await.ok();
    let mut stream = Stream::open(&world, &browser, &stream_of(&page), None).await;
    world.publish(logins("skipped", 2)).await;
    // Nothing of it is wanted, but the position moves on.
    let message = stream.message().await.unwrap();
    assert!(message.starts_with("id: ") && !message.contains("data:"), "{message}");
    world.publish(drafts(1)).await;
    assert_eq!(stream.events().await.1, ["t1"]);
}

#[tokio::test]
async fn a_flood_comes_in_bounded_messages() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let page = browser.get("/console/live").await.ok();
    let mut stream = Stream::open(&world, &browser, &stream_of(&page), None).await;
    world.publish(logins("e", LIVE_ENTRIES_MAX + 1)).await;
    assert_eq!(stream.events().await.1.len(), LIVE_ENTRIES_MAX);
    assert_eq!(stream.events().await.1, [format!("e{LIVE_ENTRIES_MAX}")]);
    let page = browser.get("/console/live").await.ok();
    assert_eq!(ids(page.text()).len(), LIVE_ENTRIES_MAX, "the newest only");
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_there_and_ends_with_its_session() {
    let world = World::new().await;
    let browser = Browser::of(&world, REPORTER).await;
    let mut stream = Stream::open(&world, &browser, "/console/live/stream", None).await;
    let mut spoken = 0;
    let ended = loop {
        let mut message = Box::pin(stream.message());
        let told = match once(message.as_mut()) {
            Poll::Ready(told) => told,
            // It waits, and time moves on.
            Poll::Pending => {
                world.advance(LIVE_SILENCE_S_MAX);
                message.await
            }
        };
        match told {
            Some(message) if message.starts_with(':') => spoken += 1,
            other => break other.unwrap(),
        }
    };
    assert!(ended.starts_with("event: ended\n"), "{ended}");
    // Listening is not use.
    assert!((1..=SESSION_IDLE_S_MAX / LIVE_SILENCE_S_MAX).contains(&spoken), "{spoken}");
    assert_eq!(stream.message().await, None);
    assert_eq!(world.services.live_views.count(), 0);
}

#[tokio::test]
async fn whoever_signs_out_or_loses_the_right_is_told_nothing_more() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let mut stream = Stream::open(&world, &browser, "/console/live/stream", None).await;
    let role = serde_json::json!({"role": "user"});
    let mut message = Box::pin(stream.message());
    assert!(once(message.as_mut()).is_pending());
    world.send_json(ADMIN, "PATCH", &format!("/api/v1/users/{REPORTER}"), &role).await.ok();
    assert!(message.await.unwrap().starts_with("event: ended\n"));
    assert_eq!(browser.get("/console/live").await.status, 403);
}

#[tokio::test]
async fn streams_are_for_readers_of_the_enterprise_feed_and_bounded() {
    let world = World::new().await;
    for user in [MARA, IDLE] {
        let mut browser = Browser::of(&world, user).await;
        assert_eq!(browser.get("/console/live/stream").await.status, 403);
    }
    let mut browser = Browser::of(&world, REPORTER).await;
    let mut held = Vec::new();
    for _ in 0..LIVE_VIEWS_PER_SESSION_MAX {
        held.push(Stream::open(&world, &browser, "/console/live/stream", None).await);
    }
    assert_eq!(browser.get("/console/live/stream").await.status, 429);
    drop(held);
    Stream::open(&world, &browser, "/console/live/stream", None).await;
}

#[tokio::test]
async fn streams_end_when_the_server_closes() {
    let world = World::new().await;
    let browser = Browser::of(&world, REPORTER).await;
    let mut stream = Stream::open(&world, &browser, "/console/live/stream", None).await;
    world.services.bell.close();
    assert!(stream.message().await.unwrap().starts_with(':'));
    assert_eq!(stream.message().await, None);
}
