//! The end of a stream is a fixed point: an empty page whose position answers the same again, and from which nothing
//! that comes later is missed (protocol, section 6 "At the end of a stream").

use super::positions::STREAMS;
use crate::answer::Page;
use crate::deeds::{comment, login, logins, sync, upload, uploads};
use crate::world::{ADMIN, World};

/// Every way to look at a stream from which an empty page may come.
const VIEWS: [&str; 12] = [
    "stream_type=all",
    "stream_type=changes",
    "stream_type=sync",
    "stream_type=admin_logs",
    "stream_type=admin_logs_streaming",
    "stream_type=admin_logs&event_type=NO_SUCH_TYPE",
    "stream_type=admin_logs_streaming&event_type=NO_SUCH_TYPE",
    "stream_type=admin_logs&created_after=2020-01-01",
    "stream_type=admin_logs&created_after=2100-01-01",
    "stream_type=admin_logs&created_before=2100-01-01",
    "stream_type=admin_logs&created_after=2020-01-01&created_before=2021-01-01",
    "stream_type=admin_logs&created_after=2100-01-01&created_before=2020-01-01",
];

/// Reads to the end, and asks again: same position, same JSON type, nothing there. Answers that page.
async fn check_end(world: &World, query: &str) -> Page {
    let mut page = world.page(ADMIN, query).await;
    // Each page moves on, so this ends.
    while !page.entries.is_empty() {
        let next = world.page(ADMIN, &format!("{query}&stream_position={}", page.position())).await;
        let moved =
            if next.entries.is_empty() { page.number() <= next.number() } else { page.number() < next.number() };
        assert!(moved, "{query}: {} after {}", next.number(), page.number());
        page = next;
    }
    for _ in 0..3 {
        let again = world.page(ADMIN, &format!("{query}&stream_position={}", page.position())).await;
        assert_eq!(again, page, "{query}");
    }
    page
}

#[tokio::test]
async fn on_an_empty_server() {
    let world = World::new().await;
    for view in VIEWS {
        for start in ["", "&stream_position=now", "&stream_position=0", "&limit=0", "&stream_position=9007199254740991"]
        {
            check_end(&world, &format!("{view}{start}")).await;
        }
    }
}

#[tokio::test]
async fn behind_entries_whether_they_match_or_not() {
    let world = World::new().await;
    world.publish([sync("s").by(ADMIN), upload("u").by(ADMIN), login("e"), comment("c").by(ADMIN)]).await;
    for settled in [false, true] {
        for view in VIEWS {
            for start in ["", "&stream_position=now", "&limit=1", "&limit=0", "&stream_position=9007199254740991"] {
                check_end(&world, &format!("{view}{start}")).await;
            }
        }
        if !settled {
            world.settle();
        }
    }
}

#[tokio::test]
async fn it_lies_beyond_what_does_not_match() {
    let world = World::new().await;
    world.publish(logins("e", 3)).await;
    world.publish([upload("u").by(ADMIN), comment("c1").by(ADMIN), comment("c2").by(ADMIN)]).await;
    world.settle();
    for (view, whole) in [
        ("stream_type=changes", "stream_type=all"),
        ("stream_type=sync", "stream_type=all"),
        ("stream_type=admin_logs&event_type=NO_SUCH_TYPE", "stream_type=admin_logs"),
        ("stream_type=admin_logs_streaming&event_type=NO_SUCH_TYPE", "stream_type=admin_logs_streaming"),
        ("stream_type=admin_logs&created_before=2020-01-01&stream_position=3", "stream_type=admin_logs"),
    ] {
        let end = check_end(&world, view).await;
        assert_eq!(end.number(), check_end(&world, whole).await.number(), "{view}");
    }
}

#[tokio::test]
async fn limit_zero_answers_where_the_reader_stands() {
    let world = World::new().await;
    world.publish(uploads("u", 3).into_iter().map(|draft| draft.by(ADMIN))).await;
    world.publish(logins("e", 3)).await;
    world.settle();
    for (stream, _) in STREAMS {
        let now = world.page(ADMIN, &format!("stream_type={stream}&stream_position=now")).await;
        let zero = world.page(ADMIN, &format!("stream_type={stream}&limit=0&stream_position=now")).await;
        assert_eq!(zero, now, "{stream}");
        let first = world.page(ADMIN, &format!("stream_type={stream}&limit=1")).await;
        let echo =
            world.page(ADMIN, &format!("stream_type={stream}&limit=0&stream_position={}", first.position())).await;
        assert_eq!(echo, Page { entries: Vec::new(), ..first }, "{stream}");
        // From the beginning it is a position before everything, not the end.
        let start = world.page(ADMIN, &format!("stream_type={stream}&limit=0")).await;
        let ids = world.drain(ADMIN, &format!("stream_type={stream}&stream_position={}", start.position())).await;
        assert_eq!(ids, world.drain(ADMIN, &format!("stream_type={stream}")).await, "{stream}");
    }
}

#[tokio::test]
async fn nothing_that_comes_later_is_missed_from_any_end() {
    let world = World::new().await;
    world.publish([sync("s").by(ADMIN)]).await;
    let mut ends: Vec<(&str, Page)> = Vec::new();
    for (round, created) in [0, 250, -40, 0, -9_000, 3].into_iter().enumerate() {
        for (stream, _) in STREAMS {
            for start in ["", "&stream_position=now", "&stream_position=9007199254740991"] {
                ends.push((stream, check_end(&world, &format!("stream_type={stream}{start}")).await));
            }
        }
        let now = i64::from(world.services.clock.now().0);
        let at = u32::try_from(now + created).unwrap();
        let (u, e) = (format!("u{round}"), format!("e{round}"));
        world.publish([upload(&u).by(ADMIN).at(at), login(&e).at(at)]).await;
        if round % 2 == 1 {
            world.settle();
        }
    }
    world.advance(400);
    for (stream, end) in ends {
        let query = format!("stream_type={stream}&stream_position={}", end.position());
        let ids = world.drain(ADMIN, &query).await;
        let whole = world.drain(ADMIN, &format!("stream_type={stream}")).await;
        // The rest of the stream, whole and in order: what was shown before the end is not shown again.
        assert_eq!(ids, whole[whole.len() - ids.len()..], "{query}");
        let last = if stream.starts_with("admin") { "e5" } else { "u5" };
        assert!(ids.iter().any(|id| id == last), "{query}: {ids:?}");
    }
}

#[tokio::test]
async fn a_window_in_the_past_ends_within_itself() {
    let world = World::new().await;
    world.publish([login("in").at(1_749_000_010), login("edge").at(1_749_000_020)]).await;
    world.settle();
    let query = "stream_type=admin_logs&created_after=2025-06-04T01:20:00Z&created_before=2025-06-04T01:20:20Z";
    let end = check_end(&world, query).await;
    world.publish(logins("e", 5)).await;
    world.settle();
    assert_eq!(world.page(ADMIN, &format!("{query}&stream_position={}", end.position())).await, end);
    // Read on without its end, the same position goes on to what came behind it.
    let ids = world.drain(ADMIN, &format!("stream_type=admin_logs&stream_position={}", end.position())).await;
    assert_eq!(ids.len(), 7, "nothing is skipped: {ids:?}");
}
