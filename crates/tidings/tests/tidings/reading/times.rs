//! Time bounds of `admin_logs` (protocol, section 7; design, section 4 "Time bounds").

use crate::deeds::login;
use crate::world::{ADMIN, World};

/// Deeds at 09:00:00, :01, :02 … of 2025-05-14, a month before the clock; each named by its second.
async fn with_deeds(seconds: &[u32]) -> World {
    let world = World::new().await;
    let nine = 1_747_213_200;
    world.publish(seconds.iter().map(|second| login(&format!("s{second}")).at(nine + second))).await;
    world.settle();
    world
}

async fn check(world: &World, query: &str, expected: &[&str]) {
    assert_eq!(world.page(ADMIN, &format!("stream_type=admin_logs&{query}")).await.ids(), expected, "{query}");
}

#[tokio::test]
async fn after_is_inclusive_and_before_is_exclusive() {
    let world = with_deeds(&[0, 1, 2, 3]).await;
    for (query, expected) in [
        ("created_after=2025-05-14T09:00:01Z", &["s1", "s2", "s3"][..]),
        ("created_before=2025-05-14T09:00:01Z", &["s0"]),
        ("created_after=2025-05-14T09:00:01Z&created_before=2025-05-14T09:00:03Z", &["s1", "s2"]),
        ("created_after=2025-05-14T09:00:01Z&created_before=2025-05-14T09:00:02Z", &["s1"]),
        ("created_after=2025-05-14T09:00:02Z&created_before=2025-05-14T09:00:02Z", &[]),
        ("created_after=2025-05-14T09:00:03Z&created_before=2025-05-14T09:00:00Z", &[]),
        ("created_after=2030-01-01", &[]),
        ("created_before=2020-01-01", &[]),
        ("created_after=1970-01-01", &["s0", "s1", "s2", "s3"]),
        ("created_before=2105-01-01", &["s0", "s1", "s2", "s3"]),
        ("created_after=&created_before=", &["s0", "s1", "s2", "s3"]),
        ("created_after=2030-01-01&created_after=2025-05-14T09:00:03Z", &["s3"]),
    ] {
        check(&world, query, expected).await;
    }
}

#[tokio::test]
async fn every_form_that_clients_send() {
    let world = with_deeds(&[0, 1, 2]).await;
    for one in [
        "2025-05-14T09:00:01Z",
        "2025-05-14t09:00:01z",
        "2025-05-14T09:00:01.000Z",
        "2025-05-14T09:00:01.000000Z",
        "2025-05-14T09:00:00.001Z",
        "2025-05-14T09:00:00.999999Z",
        "2025-05-14T09:00:01%2B00:00",
        "2025-05-14T09:00:01-00:00",
        // A plus that was not escaped reaches the server as a blank.
        "2025-05-14T09:00:01+00:00",
        "2025-05-14T09:00:01%2000:00",
        "2025-05-14T02:00:01-07:00",
        "2025-05-14T14:30:01%2B05:30",
        "2025-05-14T14:30:01+05:30",
        "2025-05-14T09:00:01",
        "2025-05-14T09:00:01.000",
        "2025-05-14%2009:00:01",
        "%202025-05-14T09:00:01Z%20",
    ] {
        check(&world, &format!("created_after={one}"), &["s1", "s2"]).await;
        check(&world, &format!("created_before={one}"), &["s0"]).await;
    }
    check(&world, "created_after=2025-05-14&created_before=2025-05-15", &["s0", "s1", "s2"]).await;
    check(&world, "created_after=2025-05-15", &[]).await;
}

#[tokio::test]
async fn what_is_no_time_is_refused() {
    let world = with_deeds(&[0]).await;
    for wrong in [
        "yesterday",
        "now",
        "0",
        "1747213200",
        "2025-13-01",
        "2025-02-30",
        "2025-05-14T25:00:00Z",
        "2025-05-14T09:00:00%2B99:00",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "09:00:00",
        "2025-05",
        "%C3%A9",
    ] {
        for bound in ["created_after", "created_before"] {
            let answer = world.get(ADMIN, &format!("/2.0/events?stream_type=admin_logs&{bound}={wrong}")).await;
            assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{bound} {wrong}");
            assert!(answer.message().starts_with(bound), "the message names the parameter");
        }
    }
}

#[tokio::test]
async fn adjoining_windows_neither_overlap_nor_leave_gaps() {
    let world = with_deeds(&[0, 1, 2, 3, 4, 5, 6, 7]).await;
    for edge in ["09:00:04", "09:00:03.001", "09:00:03.5", "09:00:04.000"] {
        let below = world.drain(ADMIN, &format!("stream_type=admin_logs&created_before=2025-05-14T{edge}Z")).await;
        let above = world.drain(ADMIN, &format!("stream_type=admin_logs&created_after=2025-05-14T{edge}Z")).await;
        assert_eq!((below.len(), above.len()), (4, 4), "{edge}");
    }
}

#[tokio::test]
async fn a_closed_window_is_in_the_order_of_deeds_and_late_events_stand_in_their_place() {
    let world = with_deeds(&[2, 0]).await;
    let query = "stream_type=admin_logs&created_after=2025-05-14T09:00:00Z&created_before=2025-05-14T09:01:00Z";
    let first = world.page(ADMIN, &format!("{query}&limit=1")).await;
    assert_eq!(first.ids(), ["s0"]);
    // A month late; ahead of the reader, so the reader meets it; and in the very second the reader is in.
    world.publish([login("late1").at(1_747_213_201), login("late0").at(1_747_213_200)]).await;
    let rest = world.drain(ADMIN, &format!("{query}&limit=1&stream_position={}", first.position())).await;
    assert_eq!(rest, ["late0", "late1", "s2"]);
    assert_eq!(world.drain(ADMIN, query).await, ["s0", "late0", "late1", "s2"]);
}

#[tokio::test]
async fn a_follower_loses_nothing_that_is_late() {
    let world = World::new().await;
    world.publish([login("e0")]).await;
    world.settle();
    for query in ["stream_type=admin_logs", "stream_type=admin_logs&created_after=2025-06-01"] {
        let end = world.page(ADMIN, query).await;
        let id = format!("late after {}", query.len()).replace(' ', "-");
        world.publish([login(&id).at(1_749_500_000)]).await;
        world.settle();
        let page = world.page(ADMIN, &format!("{query}&stream_position={}", end.position())).await;
        assert_eq!(page.ids(), [id], "{query}");
    }
}

#[tokio::test]
async fn a_window_that_reaches_into_the_present_is_followed() {
    let world = World::new().await;
    let now = world.services.clock.now().0;
    let query = "stream_type=admin_logs&created_after=2025-06-15T15:00:00Z&created_before=2025-06-15T15:10:00Z";
    world.publish([login("first"), login("outside").at(now - 3_600), login("at-the-bound").at(now + 200)]).await;
    let end = world.page(ADMIN, query).await;
    assert!(end.entries.is_empty(), "not settled yet");
    world.settle();
    let page = world.page(ADMIN, &format!("{query}&stream_position={}", end.position())).await;
    assert_eq!(page.ids(), ["first"]);
    // The window closes while its reader is in it; a late event still reaches that reader.
    world.advance(3_600);
    world.publish([login("late").at(now + 10)]).await;
    world.settle();
    let page = world.page(ADMIN, &format!("{query}&stream_position={}", page.position())).await;
    assert_eq!(page.ids(), ["late"]);
}

#[tokio::test]
async fn early_deeds_are_found_by_their_own_time() {
    let world = World::new().await;
    let now = world.services.clock.now().0;
    world.publish([login("early").at(now + 300)]).await;
    world.settle();
    let after = "stream_type=admin_logs&created_after=2025-06-15T15:11:40Z";
    assert_eq!(world.page(ADMIN, after).await.ids(), ["early"], "shown when it is settled, not when it is time");
    let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &login("beyond").at(now + 307).0).await;
    assert_eq!(answer.error(), (400, "bad_request".to_owned()));
}
