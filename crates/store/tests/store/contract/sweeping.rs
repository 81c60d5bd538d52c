//! Sweeping: what is past its retention goes, what is not stays, and no place is ever given again.
//!
//! Events here lie days apart, so that a keeper which removes whole stretches of time can show what it does too.

use super::directory::settings;
use crate::deed::{EVERY_STREAM, deed, enterprise, event_id, unseen};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, every_line, feed_in, feed_of, history, of_enterprise, of_user, streaming, window};
use feed::directory::Effect;
use feed::event::FeedKind;
use feed::position::Place;
use feed::retention::Days;
use feed::time::Second;

const DAY_S: u32 = 86_400;
const SHORT: Days = Days { user: 14, streaming: 7, history: 20, events: 30 };
/// Longer than anything is kept.
const AGES_S: u32 = 3_000 * DAY_S;

/// Enterprise 1 keeps for short; all others as long as is usual.
async fn short_of_memory<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [unseen([Effect::EnterpriseSet(settings("1", SHORT))])]).await;
    trial
}

/// Sweeps until nothing more waits.
pub(crate) async fn sweep<K: Keeper>(trial: &Trial<K>, now: u32) -> u64 {
    let mut renderings = 0;
    loop {
        let swept = trial.ledger().sweep(Second(now)).await.unwrap();
        renderings += swept.renderings;
        if !swept.more {
            return renderings;
        }
    }
}

async fn lines<K: Keeper>(trial: &Trial<K>) -> Vec<String> {
    let mut all = Vec::new();
    for line in every_line() {
        all.push(trial.read(line).await.join(" "));
    }
    all
}

pub(crate) async fn what_is_past_its_retention_goes_and_nothing_else<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    for day in [1, 20, 40] {
        let id = format!("day-{day}");
        trial.publish(NOW + day * DAY_S, [deed(&id)]).await;
        trial.publish_in("9", NOW + day * DAY_S, [deed(&id).by("70")]).await;
    }
    let now = NOW + 41 * DAY_S;
    assert_eq!(sweep(&trial, now).await, 3, "of day 1 both renderings, of day 20 that of user feeds");
    assert_eq!(sweep(&trial, now).await, 0, "all is done");
    let days = ["day-1", "day-20", "day-40"];
    assert_eq!(trial.read(feed_of("7")).await, days[2..]);
    for line in [streaming(), history(), window()] {
        assert_eq!(trial.read(line.clone()).await, days[1..], "{line:?}");
    }
    let kept = async |kind, id| trial.find(kind, id).await.is_some();
    for (id, user, enterprise) in [(days[0], false, false), (days[1], false, true), (days[2], true, true)] {
        assert_eq!((kept(FeedKind::User, id).await, kept(FeedKind::Enterprise, id).await), (user, enterprise), "{id}");
    }
    assert_eq!(trial.read(feed_in("9", "70", EVERY_STREAM)).await, days);
    let trial = trial.reopened().await;
    assert_eq!(trial.read(feed_of("7")).await, days[2..]);
    assert_eq!(trial.read(streaming()).await, days[1..]);
}

pub(crate) async fn what_is_just_inside_its_retention_stays<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.publish(NOW, [deed("a").created(NOW - 50 * DAY_S)]).await;
    trial.publish(NOW + 99 * DAY_S, [deed("b")]).await;
    sweep(&trial, NOW + SHORT.user * DAY_S).await;
    assert_eq!(lines(&trial).await, ["a b", "a b", "a b", "a b"]);
    sweep(&trial, NOW + SHORT.events * DAY_S).await;
    assert_eq!(lines(&trial).await, ["b", "a b", "a b", "a b"]);
}

pub(crate) async fn swept_ids_are_free_again<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.publish(NOW, [deed("a").created(NOW)]).await;
    trial.publish(NOW + 20 * DAY_S, [deed("b")]).await;
    sweep(&trial, NOW + 21 * DAY_S).await;
    let [receipt] = trial.publish(NOW + 21 * DAY_S, [deed("a").created(NOW)]).await;
    assert!(!of_user(&receipt).duplicate, "its rendering for user feeds was swept");
    assert!(of_enterprise(&receipt).duplicate, "its rendering for the enterprise feed was not");
    assert_eq!(lines(&trial).await, ["b a", "a b", "a b", "a b"]);
}

/// A reader may stand at the last place of each line. What is published after everything was swept, and the clock put
/// back, must still come after it.
pub(crate) async fn no_place_is_given_again_after_everything_was_swept<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.publish(NOW, [deed("a"), deed("b").created(NOW - 2)]).await;
    let mut stood = Vec::new();
    for line in [feed_of("7"), streaming(), history()] {
        let (_, place) = trial.places(line.clone()).await.pop().unwrap();
        stood.push((line, place));
    }
    assert_eq!(sweep(&trial, NOW + AGES_S).await, 4);
    assert_eq!(lines(&trial).await, [""; 4]);
    for (line, place) in &stood {
        let ends = trial.ends(line).await;
        assert_eq!((ends.shown, ends.stored), (Place::START, *place), "{line:?}");
    }
    trial.frontier(NOW + 10).await;
    trial.publish(NOW - 1, [deed("c")]).await;
    let trial = trial.reopened().await;
    for (line, place) in &stood {
        let now_at = trial.places(line.clone()).await.pop().unwrap().1;
        assert!(*place < now_at, "{now_at:?} is not after {place:?} in {line:?}");
    }
}

pub(crate) async fn no_place_is_given_again_after_a_restart_either<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    let [a] = trial.publish(NOW, [deed("a")]).await;
    sweep(&trial, NOW + AGES_S).await;
    let before = trial.frontier(0).await;
    let trial = trial.reopened().await;
    let frontier = trial.frontier(0).await;
    // Nobody stands beyond what was shown; of a frontier worked out again nobody knows how far it had been.
    let stood = if K::KEEPS_FRONTIER { Place::at(before) } else { Place { second: Second(NOW), ordinal: 1 } };
    assert!(stood.second <= frontier, "below a history second that was given out");
    let [b] = trial.publish(NOW - 1, [deed("b").created(NOW - 30)]).await;
    assert!(of_user(&a).place < of_user(&b).place);
    assert!(stood < trial.places(history()).await[0].1, "where a reader of the first may stand");
}

/// Ranks are not counted again among what is left, or a reader within the second would skip it.
pub(crate) async fn sweeping_moves_no_rank<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.publish(NOW, [deed("a").created(50), deed("b").created(50)]).await;
    trial.publish(NOW + 40 * DAY_S, [deed("c").created(50)]).await;
    assert_eq!(sweep(&trial, NOW + 41 * DAY_S).await, 4);
    let trial = trial.reopened().await;
    let rank = |ordinal| Place { second: Second(50), ordinal };
    assert_eq!(trial.places(window()).await, [("c".to_owned(), rank(3))]);
    trial.publish(NOW + 41 * DAY_S, [deed("d").created(50)]).await;
    assert_eq!(trial.places(window()).await, [("c".to_owned(), rank(3)), ("d".to_owned(), rank(4))]);
}

/// Enterprise 9 heard of an event with the id of one of its own; when the first goes, the other must stay known.
pub(crate) async fn sweeping_what_was_relayed_leaves_the_id_of_an_own_event<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.publish_in("9", NOW, [unseen([Effect::EnterpriseSet(settings("9", SHORT))]), deed("x").by("70")]).await;
    trial.publish_in("1", NOW, [deed("a").by("7").heard_by(["70"])]).await;
    trial.publish_in("9", NOW + 20 * DAY_S, [deed("a").by("70").saying("own")]).await;
    sweep(&trial, NOW + 21 * DAY_S).await;
    let theirs = feed_in("9", "70", EVERY_STREAM);
    assert_eq!(trial.read(theirs.clone()).await, ["a"]);
    assert!(trial.ledger().find(&enterprise("9"), FeedKind::User, &event_id("a")).await.unwrap().is_some());
    let [again] = trial.publish_in("9", NOW + 21 * DAY_S, [deed("a").by("70").saying("own")]).await;
    assert!(of_user(&again).duplicate);
    assert_eq!(trial.read(theirs).await, ["a"]);
}

pub(crate) async fn the_directory_outlives_the_events_it_came_from<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.publish(NOW, [deed("a").by("7")]).await;
    let before = trial.stores().directory.user(&crate::deed::user("7")).await.unwrap();
    assert!(before.is_some());
    sweep(&trial, NOW + AGES_S).await;
    let trial = trial.reopened().await;
    assert_eq!(trial.stores().directory.user(&crate::deed::user("7")).await.unwrap(), before);
    assert_eq!(trial.stores().directory.enterprises().await.unwrap(), [settings("1", SHORT)]);
}
