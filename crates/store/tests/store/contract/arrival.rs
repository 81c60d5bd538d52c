//! Arrival order: positions are given at the commit point and only ever grow.

use crate::deed::deed;
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, feed_of, history, of_enterprise, of_user, streaming, whole};
use feed::position::Place;
use feed::time::Second;
use store::ledger::{Line, Scan};

/// Clocks that stand still, run, step back by seconds or by years, and come back.
const ODD_CLOCK: [u32; 9] = [NOW, NOW, NOW + 1, NOW - 1, NOW - 100_000_000, NOW, NOW + 60, NOW + 59, NOW + 61];

pub(crate) async fn positions_grow_whatever_the_clock_does<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let mut last = Place::START;
    for (n, now) in ODD_CLOCK.into_iter().enumerate() {
        let [a, b] = trial.publish(now, [deed(&format!("a{n}")), deed(&format!("b{n}"))]).await;
        for place in [of_user(&a).place, of_user(&b).place] {
            assert!(last < place, "{place:?} at {now} after {last:?}");
            last = place;
        }
    }
}

pub(crate) async fn positions_go_on_after_a_restart<K: Keeper>() {
    let mut trial = Trial::<K>::open().await;
    let mut last = Place::START;
    for (n, now) in ODD_CLOCK.into_iter().enumerate() {
        let [receipt] = trial.publish(now, [deed(&n.to_string())]).await;
        assert!(last < of_user(&receipt).place, "at {now} after {last:?}");
        last = of_user(&receipt).place;
        trial = trial.reopened().await;
    }
    assert_eq!(trial.read(streaming()).await.len(), ODD_CLOCK.len());
}

pub(crate) async fn a_position_begins_with_the_second_of_its_recording<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [late] = trial.publish(NOW, [deed("late").created(NOW - 500)]).await;
    let [next, third] = trial.publish(NOW + 7, [deed("next"), deed("third").created(NOW + 99)]).await;
    let places = [&late, &next, &third].map(|receipt| of_enterprise(receipt).place);
    let at = |second, ordinal| Place { second: Second(second), ordinal };
    assert_eq!(places, [at(NOW, 1), at(NOW + 7, 1), at(NOW + 7, 2)]);
}

pub(crate) async fn both_renderings_of_a_deed_stand_at_one_place<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [receipt] = trial.publish(NOW, [deed("u").enterprise_id("e")]).await;
    let place = of_user(&receipt).place;
    assert_eq!(of_enterprise(&receipt).place, place);
    assert_eq!(trial.places(feed_of("7")).await, [("u".to_owned(), place)]);
    assert_eq!(trial.places(streaming()).await, [("e".to_owned(), place)]);
}

pub(crate) async fn each_enterprise_has_its_own_line_of_positions<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [ours] = trial.publish_in("1", NOW, [deed("a").by("7")]).await;
    let [theirs] = trial.publish_in("9", NOW - 50, [deed("a").by("70")]).await;
    let second = |receipt| of_enterprise(receipt).place.second;
    // The clock of the second batch is behind, and nothing in its own line is ahead of it.
    assert_eq!((second(&ours), second(&theirs)), (Second(NOW), Second(NOW - 50)));
}

/// Nothing is lost behind a cursor: whatever place a line gave out, all that is published afterwards is read after it.
/// Closed windows are the stated exception.
pub(crate) async fn what_comes_later_lies_after_every_place_given_out<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for (n, now) in ODD_CLOCK.into_iter().enumerate() {
        let mut stood = Vec::new();
        let frontier = Place::at(trial.frontier(now).await);
        for line in [feed_of("7"), streaming(), history()] {
            let below = if matches!(line, Line::History(_)) { frontier } else { Place::END };
            let shown = trial.ledger().ends(&line, below).await.unwrap().shown;
            let seen = trial.page(Scan { below, ..whole(line.clone()) }).await.last.unwrap_or_default();
            assert_eq!(shown, seen, "two ways to the end of {line:?}");
            stood.push((line, seen));
        }
        let (on_time, late) = (n.to_string(), format!("{n}-late"));
        trial.publish(now, [deed(&on_time), deed(&late).created(now - 30)]).await;
        for (line, after) in stood {
            let came = trial.scan(Scan { after, ..whole(line.clone()) }).await;
            let came = |id: &String| came.contains(id);
            assert!(came(&on_time) && came(&late), "a loss after {after:?} of {line:?} at {now}");
        }
    }
}
