//! Legal holds: what they keep, when they end; and what is foretold of a sweep.

use super::directory::settings;
use super::sweeping::sweep;
use crate::deed::{deed, enterprise, unseen};
use crate::keeper::Keeper;
use crate::trial::{HOME, NOW, Trial, feed_of, history, window};
use feed::directory::Effect;
use feed::hold::{Hold, Release, Scope};
use feed::id::UserId;
use feed::retention::{Days, Retention};
use feed::time::Second;
use store::retention_store::Expired;

const DAY_S: u32 = 86_400;
const SHORT: Days = Days { user: 14, streaming: 7, history: 20, events: 30 };

fn hold(id: &str, of: &str) -> Hold {
    Hold {
        id: id.to_owned(),
        enterprise: enterprise(of),
        name: format!("Case {id}"),
        why: "Asked for by counsel".to_owned(),
        scope: Scope::default(),
        placed_by: UserId::new("7").unwrap(),
        placed_at: Second(NOW),
        until: None,
        released: None,
    }
}

fn released(hold: &Hold, at: u32) -> Hold {
    Hold { released: Some(Release { at: Second(at), by: UserId::new("7").unwrap() }), ..hold.clone() }
}

/// A deed on each of these days, in enterprises 1 and 9, which both keep for short.
async fn days<K: Keeper>(days: &[u32]) -> Trial<K> {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [unseen([Effect::EnterpriseSet(settings("1", SHORT))])]).await;
    trial.publish_in("9", NOW, [unseen([Effect::EnterpriseSet(settings("9", SHORT))])]).await;
    for day in days {
        let id = format!("day-{day}");
        trial.publish(NOW + day * DAY_S, [deed(&id)]).await;
        trial.publish_in("9", NOW + day * DAY_S, [deed(&id).by("70")]).await;
    }
    trial
}

pub(crate) async fn a_hold_keeps_what_is_past_its_period_until_it_is_released<K: Keeper>() {
    let trial = days::<K>(&[1, 40]).await;
    let now = NOW + 41 * DAY_S;
    let placed = hold("h", HOME);
    assert!(trial.retention().add_hold(placed.clone()).await.unwrap());
    assert_eq!(sweep(&trial, now).await, 2, "only what is enterprise 9's");
    for line in [feed_of("7"), history(), window()] {
        assert_eq!(trial.read(line.clone()).await, ["day-1", "day-40"], "{line:?}");
    }
    let trial = trial.reopened().await;
    assert_eq!(sweep(&trial, now).await, 0, "it is kept across restarts");
    assert!(trial.retention().replace_hold(&placed, released(&placed, now)).await.unwrap());
    assert_eq!(sweep(&trial, now).await, 2);
    assert_eq!(trial.read(window()).await, ["day-40"]);
}

pub(crate) async fn a_hold_ends_by_the_clock<K: Keeper>() {
    let trial = days::<K>(&[1, 40]).await;
    let until = NOW + 50 * DAY_S;
    trial.retention().add_hold(Hold { until: Some(Second(until)), ..hold("h", HOME) }).await.unwrap();
    trial.retention().add_hold(hold("other", "9")).await.unwrap();
    assert_eq!(sweep(&trial, until - 1).await, 0);
    assert_eq!(sweep(&trial, until).await, 2);
    assert_eq!(trial.read(window()).await, ["day-40"]);
}

pub(crate) async fn while_one_hold_is_left_it_keeps<K: Keeper>() {
    let trial = days::<K>(&[1, 40]).await;
    let now = NOW + 41 * DAY_S;
    for id in ["a", "b"] {
        trial.retention().add_hold(hold(id, HOME)).await.unwrap();
    }
    assert!(trial.retention().forget_hold(&enterprise(HOME), "a").await.unwrap());
    assert!(!trial.retention().forget_hold(&enterprise(HOME), "a").await.unwrap());
    assert!(!trial.retention().forget_hold(&enterprise("9"), "b").await.unwrap(), "another enterprise's");
    assert_eq!(sweep(&trial, now).await, 2);
    assert_eq!(trial.read(window()).await, ["day-1", "day-40"]);
}

/// A keeper may keep more than a window says, but days that lie far from it go.
pub(crate) async fn a_hold_with_a_window_keeps_what_was_done_in_it<K: Keeper>() {
    let trial = days::<K>(&[1, 5, 10, 15, 80]).await;
    let day = |day: u32| Some(Second(NOW + day * DAY_S));
    let scope = Scope { created_from: day(5), created_before: day(15) };
    trial.retention().add_hold(Hold { scope, ..hold("h", HOME) }).await.unwrap();
    sweep(&trial, NOW + 81 * DAY_S).await;
    assert_eq!(trial.read(window()).await, ["day-5", "day-10", "day-80"]);
    assert_eq!(trial.read(feed_of("7")).await, ["day-5", "day-10", "day-80"]);
}

pub(crate) async fn a_late_deed_is_held_by_the_time_it_was_done<K: Keeper>() {
    let trial = days::<K>(&[]).await;
    trial.publish(NOW + 20 * DAY_S, [deed("late").created(NOW + DAY_S)]).await;
    trial.publish(NOW + 80 * DAY_S, [deed("new")]).await;
    let scope = Scope { created_from: Some(Second(NOW)), created_before: Some(Second(NOW + 2 * DAY_S)) };
    trial.retention().add_hold(Hold { scope, ..hold("h", HOME) }).await.unwrap();
    sweep(&trial, NOW + 81 * DAY_S).await;
    assert_eq!(trial.read(window()).await, ["late", "new"]);
}

pub(crate) async fn holds_are_listed_and_changed_only_as_they_were_seen<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let store = trial.retention();
    let (first, later) = (hold("b", HOME), Hold { placed_at: Second(NOW + 1), ..hold("a", HOME) });
    for it in [&later, &first, &hold("c", "9")] {
        assert!(store.add_hold(it.clone()).await.unwrap());
    }
    assert!(!store.add_hold(Hold { name: "Another".to_owned(), ..first.clone() }).await.unwrap());
    assert_eq!(store.holds(&enterprise(HOME)).await.unwrap(), [first.clone(), later.clone()]);
    let longer = Hold { until: Some(Second(NOW + 5)), ..first.clone() };
    assert!(store.replace_hold(&first, longer.clone()).await.unwrap());
    assert!(!store.replace_hold(&first, later.clone()).await.unwrap(), "it is not as it was any more");
    assert!(!store.replace_hold(&longer, Hold { enterprise: enterprise("9"), ..longer.clone() }).await.unwrap());
    let trial = trial.reopened().await;
    assert_eq!(trial.retention().holds(&enterprise(HOME)).await.unwrap(), [longer, later]);
}

pub(crate) async fn what_a_sweep_takes_is_foretold<K: Keeper>() {
    let trial = days::<K>(&[1, 20, 40]).await;
    let now = NOW + 41 * DAY_S;
    let keep = |days| Retention::try_from(days).unwrap();
    let foretold = async |trial: &Trial<K>, days| {
        let store = trial.retention();
        store.forecast(&enterprise(HOME), keep(days), Second(now)).await.unwrap()
    };
    let counts = |it: Expired| (it.renderings, it.held);
    let day = |day: u32| Some(Second(NOW + day * DAY_S));
    // The partition being written is put away at the turn of its day, which every sweep begins with.
    sweep(&trial, NOW + 30 * DAY_S).await;
    let forecast = foretold(&trial, SHORT).await;
    assert_eq!((counts(forecast.user), counts(forecast.events)), ((1, 0), (1, 0)), "{forecast:?}");
    assert!(forecast.events.bytes > 0 && !forecast.more);
    assert_eq!((forecast.events.oldest, forecast.events.oldest_left), (day(1), day(20)));
    assert_eq!((forecast.user.oldest, forecast.user.oldest_left), (day(20), day(40)));
    let longer = foretold(&trial, Days { events: 2_000, ..SHORT }).await;
    assert_eq!((counts(longer.events), longer.events.oldest_left), ((0, 0), day(1)));
    trial.retention().add_hold(hold("h", HOME)).await.unwrap();
    let forecast = foretold(&trial, SHORT).await;
    assert_eq!((counts(forecast.events), forecast.events.bytes), ((0, 1), 0));
    assert_eq!(forecast.events.oldest_left, day(1));
    trial.retention().forget_hold(&enterprise(HOME), "h").await.unwrap();
    assert_eq!(sweep(&trial, now).await, 4, "as many again are of enterprise 9");
    assert_eq!(counts(foretold(&trial, SHORT).await.events), (0, 0));
    let none = trial.retention().forecast(&enterprise("5"), keep(SHORT), Second(now)).await.unwrap();
    assert_eq!(none, Default::default());
}
