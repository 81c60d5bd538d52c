//! Positions of enterprise streams on a channel: some run a live client over `admin_logs_streaming` (protocol, section 9,
//! rule 7; design, section 4 "Edges").

use crate::deeds::{login, upload};
use crate::world::{ADMIN, MARA, REPORTER, World, person_of};
use serde_json::json;

const CHANGE: &str = "new_change";

#[tokio::test]
async fn a_streaming_position_watches_the_enterprise_for_those_who_may_read_it() {
    let world = World::new().await;
    let end = world.page(ADMIN, "stream_type=admin_logs_streaming").await.position();
    let (admins, maras) = (world.channel(ADMIN, "").await, world.channel(MARA, "").await);
    let mut waiting =
        [world.poll(&format!("{admins}&stream_position={end}")), world.poll(&format!("{maras}&stream_position={end}"))];
    waiting.iter_mut().for_each(super::Waiting::waits);
    world.publish([login("e")]).await;
    waiting[0].is_told(CHANGE);
    waiting[1].waits();
    // There already: at once, for the one who may.
    world.poll(&format!("{admins}&stream_position={end}")).is_told(CHANGE);
    world.poll(&format!("{maras}&stream_position={end}")).waits();
    // For the user it is a position of the user's own feed.
    world.publish([upload("u")]).await;
    waiting[1].is_told(CHANGE);
    let moved = world.page(ADMIN, &format!("stream_type=admin_logs_streaming&stream_position={end}")).await;
    world.poll(&format!("{admins}&stream_position={}", moved.position())).waits();
}

#[tokio::test]
async fn a_history_position_is_told_when_the_frontier_has_passed() {
    let world = World::new().await;
    let end = world.page(ADMIN, "stream_type=admin_logs").await.position();
    let channel = world.channel(REPORTER, "").await;
    let mut poll = world.poll(&format!("{channel}&stream_position={end}"));
    poll.waits();
    world.publish([login("e")]).await;
    poll.waits();
    for _ in 0..5 {
        world.advance(1);
        poll.waits();
        assert!(world.page(ADMIN, &format!("stream_type=admin_logs&stream_position={end}")).await.entries.is_empty());
    }
    world.advance(1);
    poll.is_told(CHANGE);
    assert_eq!(world.page(ADMIN, &format!("stream_type=admin_logs&stream_position={end}")).await.ids(), ["e"]);
}

#[tokio::test]
async fn a_window_position_is_followed_as_history() {
    let world = World::new().await;
    world.publish([login("old").at(1_740_000_000)]).await;
    world.settle();
    let window = "stream_type=admin_logs&created_before=2025-03-01";
    let end = world.page(ADMIN, window).await;
    assert_eq!(end.ids(), ["old"]);
    let channel = world.channel(ADMIN, "").await;
    // Between the deed and its recording lie months; a follower from there has something to fetch.
    world.poll(&format!("{channel}&stream_position={}", end.position())).is_told(CHANGE);
    assert_eq!(
        world.page(ADMIN, &format!("stream_type=admin_logs&stream_position={}", end.position())).await.ids(),
        ["old"]
    );
}

#[tokio::test]
async fn a_right_taken_away_during_the_wait_is_gone() {
    let world = World::new().await;
    let end = world.page(REPORTER, "stream_type=admin_logs_streaming").await.position();
    let channel = world.channel(REPORTER, "").await;
    let mut poll = world.poll(&format!("{channel}&stream_position={end}"));
    poll.waits();
    let demoted = login("demoted").typed("CHANGE_ADMIN_ROLE").with("source", person_of(REPORTER));
    world.publish([demoted.with("additional_details", json!({"role": "user"}))]).await;
    poll.waits();
    world.publish([login("e")]).await;
    poll.waits();
    assert_eq!(world.get(REPORTER, "/2.0/events?stream_type=admin_logs_streaming").await.status.as_u16(), 403);
    world.advance(50);
    poll.is_told("reconnect");
}
