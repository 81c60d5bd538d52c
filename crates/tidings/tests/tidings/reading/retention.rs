//! How long each stream shows an event (design, section 7): the clock is moved to either side of the cut.

use crate::deeds::{login, upload};
use crate::world::{ADMIN, DAY_S, World};

/// Publishes, lets so many days pass less and then exactly, and looks from the beginning each time.
async fn check(stream: &str, days: u32, swept: bool) {
    let world = World::new().await;
    world.publish([upload("u").by(ADMIN), login("e")]).await;
    world.settle();
    let query = format!("stream_type={stream}");
    let end = world.page(ADMIN, &query).await;
    assert_eq!(end.entries.len(), 1, "{stream}");
    // The event is as old as the period: still there. A second more, and it is gone.
    world.clock.set(feed::time::Second(crate::world::NOW + days * DAY_S));
    let sweep = async || {
        if swept {
            world.services.stores.ledger.sweep(world.services.clock.now()).await.unwrap();
        }
    };
    sweep().await;
    assert_eq!(world.page(ADMIN, &query).await.entries.len(), 1, "{stream} at {days} days");
    world.advance(1);
    sweep().await;
    for start in ["", "&stream_position=0", "&stream_position=41207", "&created_after=2025-06-01"] {
        let page = world.page(ADMIN, &format!("{query}{start}")).await;
        assert!(page.entries.is_empty(), "{stream}{start} after {days} days");
    }
    // A cursor from before still works: it starts at the oldest kept.
    world.publish([upload("u2").by(ADMIN), login("e2")]).await;
    world.settle();
    for old in [end.position(), "0".to_owned(), "7".to_owned()] {
        let page = world.page(ADMIN, &format!("{query}&stream_position={old}")).await;
        assert_eq!(page.entries.len(), 1, "{stream} from {old}");
        assert!(page.ids()[0].ends_with('2'));
    }
}

#[tokio::test]
async fn each_stream_cuts_off_by_its_own_period() {
    for (stream, days) in [("all", 60), ("changes", 60), ("admin_logs_streaming", 14), ("admin_logs", 365)] {
        check(stream, days, false).await;
        check(stream, days, true).await;
    }
}

#[tokio::test]
async fn events_age_by_when_they_were_recorded() {
    let world = World::new().await;
    let now = world.services.clock.now().0;
    world.publish([login("old").at(now - 3_000 * DAY_S)]).await;
    world.settle();
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs").await.ids(), ["old"]);
    let window = "stream_type=admin_logs&created_before=2020-01-01";
    assert_eq!(world.page(ADMIN, window).await.ids(), ["old"]);
    world.advance(366 * DAY_S);
    assert!(world.page(ADMIN, window).await.entries.is_empty());
}

#[tokio::test]
async fn what_one_stream_no_longer_shows_another_still_does() {
    let world = World::new().await;
    world.publish([login("e")]).await;
    world.advance(20 * DAY_S);
    assert!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries.is_empty());
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs").await.ids(), ["e"]);
}
