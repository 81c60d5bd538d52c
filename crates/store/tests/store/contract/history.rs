//! History order: an enterprise's feed by the second of the deed, raised to a frontier that never falls back.

use crate::deed::{Deed, deed};
use crate::keeper::Keeper;
use crate::trial::{DELAY_S, NOW, Trial, history};
use feed::position::Place;
use feed::time::Second;

fn at(second: u32, ordinal: u32) -> Place {
    Place { second: Second(second), ordinal }
}

/// Publishes a deed created at this second for each of them, each in a batch of its own.
async fn publish_created<K: Keeper>(trial: &Trial<K>, now: u32, created: &[u32]) {
    for second in created {
        let id = format!("{now}-{second}").replace(&NOW.to_string()[..6], "");
        trial.publish(now, [deed(&id).created(*second)]).await;
    }
}

async fn seconds<K: Keeper>(trial: &Trial<K>) -> Vec<Place> {
    trial.places(history()).await.into_iter().map(|(_, place)| place).collect()
}

pub(crate) async fn it_follows_created_at_within_the_settling_delay<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds = [deed("a").created(NOW - 1), deed("b").created(NOW - 5), deed("c").created(NOW - 1), deed("d")];
    trial.publish(NOW, deeds).await;
    let wanted = [("b", at(NOW - 5, 1)), ("a", at(NOW - 1, 1)), ("c", at(NOW - 1, 2)), ("d", at(NOW, 1))];
    assert_eq!(trial.places(history()).await, wanted.map(|(id, place)| (id.to_owned(), place)));
}

pub(crate) async fn late_deeds_stand_at_the_frontier<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    publish_created(&trial, NOW, &[NOW - 6, NOW - 100_000, 1, NOW - 5]).await;
    let frontier = NOW - DELAY_S;
    assert_eq!(seconds(&trial).await, [at(frontier, 1), at(frontier, 2), at(frontier, 3), at(frontier, 4)]);
}

pub(crate) async fn no_deed_stands_beyond_its_recording<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    publish_created(&trial, NOW, &[NOW + 1, NOW + 300]).await;
    assert_eq!(seconds(&trial).await, [at(NOW, 1), at(NOW, 2)]);
}

pub(crate) async fn the_frontier_moves_with_events_and_with_time<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let nothing_moved = 0;
    publish_created(&trial, NOW, &[NOW]).await;
    assert_eq!(trial.frontier(nothing_moved).await, Second(NOW - DELAY_S));
    assert_eq!(trial.frontier(NOW + 2).await, Second(NOW + 2 - DELAY_S));
    publish_created(&trial, NOW + 20, &[NOW]).await;
    assert_eq!(trial.frontier(nothing_moved).await, Second(NOW + 20 - DELAY_S));
    // Moved by time, it raises late deeds just as if an event had moved it.
    assert_eq!(trial.frontier(NOW + 105).await, Second(NOW + 100));
    publish_created(&trial, NOW + 104, &[NOW + 50]).await;
    assert_eq!(seconds(&trial).await.last(), Some(&at(NOW + 100, 1)));
}

pub(crate) async fn the_frontier_never_falls<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let mut last = Second(0);
    for now in [NOW, NOW - 1, NOW + 50, NOW - 100_000_000, NOW + 49, NOW + 51, NOW + 50] {
        let frontier = trial.frontier(now).await;
        assert!(last <= frontier, "{frontier} at {now} after {last}");
        last = frontier;
        publish_created(&trial, now, &[now - 30]).await;
        assert!(last <= trial.frontier(0).await, "an event at {now} moved it back");
        last = trial.frontier(0).await;
    }
}

pub(crate) async fn deeds_after_the_clock_went_back_lie_behind_what_was_shown<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a")]).await;
    let (seen, stood) = trial.follow(Place::START, NOW + 1_000).await;
    assert_eq!(seen, ["a"]);
    trial.publish(NOW - 500, [deed("b"), deed("c").created(NOW - 400)]).await;
    let (seen, stood) = trial.follow(stood, NOW - 499).await;
    assert_eq!(seen, ["b", "c"]);
    trial.publish(NOW + 1, [deed("d").created(NOW - 3)]).await;
    assert_eq!(trial.follow(stood, NOW + 7).await.0, ["d"]);
}

/// A follower reads between any two of these moments, and sees everything once in the order of history seconds.
pub(crate) async fn followers_lose_nothing_across_restarts_and_changed_delays<K: Keeper>() {
    let mut trial = Trial::<K>::open().await;
    let (mut stood, mut seen) = (Place::START, Vec::new());
    let mut published = Vec::new();
    for (n, delay_s) in [5, 30, 0, 300, 1, 5].into_iter().enumerate() {
        let now = NOW + 3 * u32::try_from(n).unwrap();
        let deeds: [Deed; 3] = [0, 20, 2].map(|ago| deed(&format!("{n}-{ago}")).created(now - ago));
        published.extend(deeds.iter().map(|deed| deed.user.clone().unwrap()));
        trial.publish(now, deeds).await;
        let before = stood;
        let (came, after) = trial.follow(stood, now + 5).await;
        (stood, seen) = (after, [seen, came].concat());
        assert!(before <= stood);
        trial = trial.reopened_settling(delay_s).await;
    }
    let (came, _) = trial.follow(stood, NOW + 1_000).await;
    seen.extend(came);
    seen.sort();
    published.sort();
    assert_eq!(seen, published);
}

pub(crate) async fn a_restart_does_not_open_what_was_shown<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a")]).await;
    let (_, stood) = trial.follow(Place::START, NOW + 10).await;
    assert_eq!(stood, at(NOW, 1));
    // The delay is longer now, so that time alone would leave the frontier below what was shown.
    let trial = trial.reopened_settling(60).await;
    assert!(Second(NOW) <= trial.frontier(0).await, "below the largest history second stored");
    trial.publish(NOW + 1, [deed("late").created(NOW - 20)]).await;
    assert_eq!(trial.follow(stood, NOW + 100).await.0, ["late"]);
}

pub(crate) async fn the_settling_delay_is_that_of_the_last_start<K: Keeper>() {
    let trial = Trial::<K>::settling(5).await.reopened_settling(60).await;
    assert_eq!(trial.frontier(NOW).await, Second(NOW - 60));
    trial.publish(NOW, [deed("a").created(NOW - 59)]).await;
    assert_eq!(seconds(&trial).await, [at(NOW - 59, 1)]);
}
