//! When a poll is told of a change: level-triggered, and only of what a fetch would return.

use crate::deeds::{comment, login, sync, upload};
use crate::world::{ADMIN, MARA, TOMAS, World};

const CHANGE: &str = "new_change";

#[tokio::test]
async fn what_happened_between_opening_and_polling_is_told_at_once() {
    let world = World::new().await;
    world.publish([upload("u0")]).await;
    let channel = world.channel(MARA, "").await;
    let end = world.page(MARA, "").await.position();
    world.publish([upload("u1")]).await;
    world.poll(&format!("{channel}&stream_position={end}")).is_told(CHANGE);
    // Told again and again until the reader has moved: some clients fetch one page for each change.
    world.poll(&format!("{channel}&stream_position={end}")).is_told(CHANGE);
    let moved = world.page(MARA, &format!("stream_position={end}")).await;
    assert_eq!(moved.ids(), ["u1"]);
    world.poll(&format!("{channel}&stream_position={}", moved.position())).waits();
}

#[tokio::test]
async fn a_poll_waits_until_something_happens() {
    let world = World::new().await;
    let channel = world.channel(MARA, "").await;
    let end = world.page(MARA, "stream_position=now").await.position();
    let mut poll = world.poll(&format!("{channel}&stream_position={end}"));
    poll.waits();
    world.publish([upload("for-tomas").by(TOMAS).heard_by([TOMAS]), login("e")]).await;
    poll.waits();
    world.publish([upload("u")]).await;
    poll.is_told(CHANGE);
    assert_eq!(world.page(MARA, &format!("stream_position={end}")).await.ids(), ["u"]);
    // The channel is not used up.
    let mut again = world.poll(&format!("{channel}&stream_position={}", world.page(MARA, "").await.position()));
    again.waits();
    world.publish([comment("c")]).await;
    again.is_told(CHANGE);
}

#[tokio::test]
async fn each_stream_is_woken_by_what_it_shows() {
    let world = World::new().await;
    world.publish([sync("s")]).await;
    let other = || upload("x").with("source", serde_json::Value::Null);
    for (stream, woken_by) in
        [("all", [true, true, true]), ("changes", [false, true, true]), ("sync", [false, false, true])]
    {
        for (n, woken) in woken_by.into_iter().enumerate() {
            let channel = world.channel(MARA, &format!("stream_type={stream}")).await;
            let id = format!("{stream}{n}");
            let end = world.page(MARA, &format!("stream_type={stream}&stream_position=now")).await.position();
            let mut polls = [
                world.poll(&channel),
                world.poll(&format!("{channel}&stream_position={end}")),
                world.poll(&format!("{channel}&stream_position=now")),
            ];
            polls.iter_mut().for_each(super::Waiting::waits);
            let draft = [comment(&id), other().with("event_id", id.as_str()), upload(&id)][n].clone();
            world.publish([draft]).await;
            for poll in &mut polls {
                assert_eq!(poll.message().as_deref(), Some(CHANGE).filter(|_| woken), "{stream} by draft {n}");
            }
            let fetched = world.page(MARA, &format!("stream_type={stream}&stream_position={end}")).await;
            assert_eq!(fetched.entries.len(), usize::from(woken), "told if and only if there is something to fetch");
        }
    }
}

#[tokio::test]
async fn a_poll_on_changes_looks_past_what_it_does_not_show() {
    let world = World::new().await;
    let channel = world.channel(MARA, "stream_type=changes").await;
    let start = world.page(MARA, "stream_type=changes").await.position();
    let mut poll = world.poll(&format!("{channel}&stream_position={start}"));
    for n in 0..20 {
        world.publish([comment(&format!("c{n}"))]).await;
        poll.waits();
    }
    world.publish([upload("u")]).await;
    poll.is_told(CHANGE);
}

#[tokio::test]
async fn everybody_who_waits_is_woken() {
    let world = World::new().await;
    let (first, second) = (world.channel(MARA, "").await, world.channel(MARA, "").await);
    let toms = world.channel(TOMAS, "").await;
    let mut polls: Vec<_> = [&first, &first, &first, &second, &second].map(|channel| world.poll(channel)).into();
    let mut others = world.poll(&toms);
    polls.iter_mut().for_each(super::Waiting::waits);
    others.waits();
    assert_eq!(world.services.bell.readers_waiting(), 6);
    world.publish([upload("u")]).await;
    polls.iter_mut().for_each(|poll| poll.is_told(CHANGE));
    others.waits();
    drop(polls);
    assert_eq!(world.services.bell.readers_waiting(), 1);
    drop(others);
    assert_eq!(world.services.bell.readers_waiting(), 0);
}

#[tokio::test]
async fn a_client_that_sends_no_position_does_not_spin() {
    let world = World::new().await;
    world.publish([upload("before")]).await;
    let channel = world.channel(MARA, "").await;
    world.poll(&channel).waits();
    world.publish([upload("u1"), upload("u2")]).await;
    world.poll(&channel).is_told(CHANGE);
    // It was told once; what it fetches then is its own affair.
    let mut second = world.poll(&channel);
    second.waits();
    world.publish([upload("u3")]).await;
    second.is_told(CHANGE);
    world.poll(&channel).waits();
    // Another channel has a memory of its own.
    world.publish([upload("u4")]).await;
    let other = world.channel(MARA, "").await;
    world.poll(&other).waits();
    world.poll(&channel).is_told(CHANGE);
}

#[tokio::test]
async fn now_is_the_moment_of_arrival() {
    let world = World::new().await;
    let channel = world.channel(MARA, "").await;
    world.publish([upload("u1")]).await;
    let mut poll = world.poll(&format!("{channel}&stream_position=now"));
    poll.waits();
    world.publish([upload("u2")]).await;
    poll.is_told(CHANGE);
}

#[tokio::test]
async fn odd_positions_are_told_the_truth_and_never_an_error() {
    let world = World::new().await;
    let empty = world.channel(MARA, "").await;
    for position in ["0", "null", "1", "9007199254740991"] {
        world.poll(&format!("{empty}&stream_position={position}")).waits();
    }
    world.publish([upload("u")]).await;
    let channel = world.channel(MARA, "").await;
    for (position, told) in [
        ("0", true),
        ("null", true),
        ("41207", true),
        ("1", true),
        // As good as none: the channel's own beginning.
        ("", false),
        ("-1", false),
        ("word", false),
        ("1.5", false),
        ("99999999999999999999", false),
        // Beyond the end: to be told at once would be a loop.
        ("9007199254740991", false),
        ("1152923112629260788", false),
        // Of a user, who may not read enterprise streams: the user's own feed is meant.
        ("2", true),
        ("3", true),
        ("4", true),
    ] {
        let mut poll = world.poll(&format!("{channel}&stream_position={position}"));
        assert_eq!(poll.message().as_deref(), Some(CHANGE).filter(|_| told), "{position}");
    }
    // The last of repeated ones counts, as everywhere.
    world.poll(&format!("{channel}&stream_position=now&stream_position=0")).is_told(CHANGE);
}

#[tokio::test]
async fn the_stream_is_the_channels_own_whatever_the_url_says() {
    let world = World::new().await;
    let channel = world.channel(MARA, "stream_type=changes").await;
    let forged = channel.replace("stream_type=changes", "stream_type=all");
    assert_ne!(forged, channel);
    let mut poll = world.poll(&forged);
    poll.waits();
    world.publish([comment("c")]).await;
    poll.waits();
}

#[tokio::test]
async fn acting_for_another_user_watches_that_users_feed() {
    let world = World::new().await;
    let request = crate::world::by(ADMIN, "OPTIONS", "/2.0/events").header("as-user", MARA).header("host", "h");
    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    let url = answer.json()["entries"][0]["url"].as_str().unwrap().replace("http://h", "");
    let mut poll = world.poll(&url);
    poll.waits();
    world.publish([upload("admins").by(ADMIN).heard_by([ADMIN])]).await;
    poll.waits();
    world.publish([upload("maras")]).await;
    poll.is_told(CHANGE);
}
