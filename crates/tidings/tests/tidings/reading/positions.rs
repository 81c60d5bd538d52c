//! Positions that go in: words, odd numbers, those of other streams, and those of nowhere (protocol, section 6).

use crate::deeds::{login, logins, upload, uploads};
use crate::world::{ADMIN, MARA, RIVAL_ADMIN, World};
use serde_json::Value;

/// All five, with whether they are enterprise streams.
pub(super) const STREAMS: [(&str, bool); 5] =
    [("all", false), ("changes", false), ("sync", false), ("admin_logs", true), ("admin_logs_streaming", true)];

/// A world in which the admin has read and settled feeds of so many events.
async fn with_events(count: usize) -> World {
    let world = World::new().await;
    world.publish([crate::deeds::sync("s").by(ADMIN)]).await;
    world.publish(uploads("u", count).into_iter().map(|draft| draft.by(ADMIN))).await;
    world.publish(logins("e", count)).await;
    world.settle();
    world
}

/// How many entries the admin gets on this page, which must have a position of the right JSON type.
async fn count(world: &World, stream: &str, enterprise: bool, position: &str) -> usize {
    let page = world.page(ADMIN, &format!("stream_type={stream}&stream_position={position}")).await;
    assert_eq!(page.next.is_string(), enterprise, "{stream} {position}: {}", page.next);
    assert_eq!(page.next.is_number(), !enterprise, "{stream} {position}: {}", page.next);
    page.entries.len()
}

#[tokio::test]
async fn words_and_numbers_in_every_spelling() {
    let world = with_events(3).await;
    for (stream, enterprise) in STREAMS {
        let whole = if enterprise { 3 } else { 4 };
        for oldest in ["", "0", "null", "%220%22", "0.0", "0e5", "00", "%20", "1&stream_position=0"] {
            assert_eq!(count(&world, stream, enterprise, oldest).await, whole, "{stream} {oldest}");
        }
        assert_eq!(count(&world, stream, enterprise, "now").await, 0, "{stream}");
        // The position after the first entry, as pipelines print it.
        let first = world.page(ADMIN, &format!("stream_type={stream}&limit=1")).await.number();
        let digits = first.to_string();
        let (head, tail) = digits.split_at(1);
        let exponent = tail.len();
        for spelt in [
            digits.clone(),
            format!("00{digits}"),
            format!("%22{digits}%22"),
            format!("%20{digits}%20"),
            format!("{digits}.0"),
            format!("{head}.{tail}e{exponent}"),
            format!("{head}.{tail}E%2B{exponent}"),
            // The plus of an exponent reaches the server as a blank unless it is escaped; so it is no number.
        ] {
            assert_eq!(count(&world, stream, enterprise, &spelt).await, whole - 1, "{stream} {spelt}");
        }
    }
}

#[tokio::test]
async fn what_is_no_position_is_refused() {
    let world = with_events(1).await;
    for (stream, _) in STREAMS {
        for wrong in [
            "-1",
            "%2B1",
            "NOW",
            "Null",
            "1.5",
            "1e",
            "e5",
            "1e-3",
            "1e999",
            "0x10",
            "1_000",
            "true",
            "undefined",
            "NaN",
            "%D9%A3",
            "9223372036854775808",
            "99999999999999999999999999",
            "2025-05-14T09:00:00Z",
            "1%3B6f1d8a0c",
        ] {
            let answer = world.get(ADMIN, &format!("/2.0/events?stream_type={stream}&stream_position={wrong}")).await;
            assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{stream} {wrong}");
        }
    }
    let answer = world.get(ADMIN, "/2.0/events?stream_position=a%0A%22b").await;
    insta::assert_snapshot!(answer.message(), @r#"stream_position 'a\n\"b' is not a position: send back a next_stream_position, or 'now', or '0'"#);
    let long = "x".repeat(3_000);
    let answer = world.get(ADMIN, &format!("/2.0/events?stream_position={long}")).await;
    assert!(answer.message().len() < 300, "a long value is not repeated whole");
}

#[tokio::test]
async fn beyond_the_end_is_answered_with_the_true_end() {
    let world = with_events(3).await;
    for (stream, _) in STREAMS {
        let end = world.page(ADMIN, &format!("stream_type={stream}&stream_position=now")).await;
        // The largest position, one of the real service, and tomorrow.
        for beyond in [
            "9007199254740991",
            "1152923112629260788",
            "9223372036854775807",
            &(end.number() + (86_400 << 21)).to_string(),
        ] {
            let page = world.page(ADMIN, &format!("stream_type={stream}&stream_position={beyond}")).await;
            assert_eq!(page, end, "{stream} {beyond}");
        }
    }
}

#[tokio::test]
async fn a_position_of_another_stream_rereads_rather_than_skips() {
    let world = World::new().await;
    // Some in time, some late, some early; so that the orders differ.
    for (n, offset) in [0_i64, -3, 200, -100, 0, -7_200, 299, -1, 0, -20].into_iter().enumerate() {
        world.advance(2);
        let now = i64::from(world.services.clock.now().0);
        let created = u32::try_from(now + offset).unwrap();
        world.publish([login(&format!("e{n}")).at(created), upload(&format!("u{n}")).by(ADMIN).at(created)]).await;
    }
    world.advance(400);
    // A window that holds them all and is closed: it ends six minutes after the start, below the frontier.
    let windows = "&created_after=2020-01-01&created_before=2025-06-15T15:13:00Z";
    let enterprise = [
        "stream_type=admin_logs".to_owned(),
        "stream_type=admin_logs_streaming".to_owned(),
        format!("stream_type=admin_logs{windows}"),
    ];
    for from in &enterprise {
        for to in &enterprise {
            check_change(&world, from, to, 10).await;
        }
    }
    for from in ["all", "changes"] {
        for to in ["all", "changes"] {
            check_change(&world, &format!("stream_type={from}"), &format!("stream_type={to}"), 10).await;
        }
    }
}

/// Reads some of one stream and goes on in another: between them nothing is missing, wherever the change is.
async fn check_change(world: &World, from: &str, to: &str, whole: usize) {
    for read in 1..=whole {
        let before = world.page(ADMIN, &format!("{from}&limit={read}")).await;
        let after = world.drain(ADMIN, &format!("{to}&limit=3&stream_position={}", before.position())).await;
        let mut seen: Vec<&str> = before.ids();
        seen.extend(after.iter().map(String::as_str));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), whole, "{read} of {from}, then {to}");
        let mut once = after.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), after.len(), "the second stream repeated an entry: {read} of {from}, then {to}");
        if from == to {
            assert_eq!(after.len(), whole - read, "{read} of {from}");
        }
    }
}

#[tokio::test]
async fn positions_of_user_and_enterprise_feeds_may_be_mixed_up() {
    let world = with_events(3).await;
    for (from, from_enterprise) in STREAMS {
        for (to, to_enterprise) in STREAMS {
            if from_enterprise == to_enterprise {
                continue;
            }
            // What was published before is not promised either way; what comes now is.
            let end = world.page(ADMIN, &format!("stream_type={from}&stream_position=now")).await.position();
            let (u, e) = (format!("u-{from}-{to}"), format!("e-{from}-{to}"));
            world.publish([upload(&u).by(ADMIN), login(&e)]).await;
            world.settle();
            let ids = world.drain(ADMIN, &format!("stream_type={to}&stream_position={end}")).await;
            assert!(ids.contains(if to_enterprise { &e } else { &u }), "{from} to {to}: {ids:?}");
        }
    }
}

#[tokio::test]
async fn positions_of_another_enterprise_mean_nothing_but_their_time() {
    let world = World::new().await;
    world.publish_as(RIVAL_ADMIN, logins("r", 5)).await;
    world.advance(1);
    world.publish([login("e")]).await;
    world.settle();
    for stream in ["admin_logs", "admin_logs_streaming"] {
        let theirs = world.page(RIVAL_ADMIN, &format!("stream_type={stream}")).await;
        let ours = world.page(ADMIN, &format!("stream_type={stream}&stream_position={}", theirs.position())).await;
        assert_eq!(ours.ids(), ["e"], "{stream}");
    }
}

#[tokio::test]
async fn a_position_can_be_made_of_a_time() {
    let world = World::new().await;
    world.publish([login("before"), upload("earlier")]).await;
    world.advance(10);
    let since = u64::from(world.services.clock.now().0) << 21;
    world.publish([login("after"), upload("later")]).await;
    world.settle();
    for (user, query, family, expected) in [
        (MARA, "stream_type=all", 1, "later"),
        (ADMIN, "stream_type=admin_logs_streaming", 2, "after"),
        (ADMIN, "stream_type=admin_logs", 3, "after"),
    ] {
        let page = world.page(user, &format!("{query}&stream_position={}", since | family)).await;
        assert_eq!(page.ids(), [expected], "{query}");
    }
}

#[tokio::test]
async fn a_position_older_than_everything_kept_starts_at_the_oldest() {
    let world = with_events(3).await;
    for (stream, enterprise) in STREAMS {
        for old in ["1", "2", "3", "4", "41207", "2097153", "1408838928446360"] {
            let whole = if enterprise { 3 } else { 4 };
            assert_eq!(count(&world, stream, enterprise, old).await, whole, "{stream} {old}");
        }
    }
}

#[tokio::test]
async fn the_types_of_positions_never_change() {
    let world = World::new().await;
    for (stream, enterprise) in STREAMS {
        for position in ["", "0", "now", "9007199254740991", "7"] {
            assert_eq!(count(&world, stream, enterprise, position).await, 0, "nothing there yet");
        }
    }
    let page: Value = world.get(ADMIN, "/2.0/events?stream_type=admin_logs").await.json();
    insta::assert_snapshot!(page, @r#"{"chunk_size":0,"entries":[],"next_stream_position":"3"}"#);
}
