//! Importing: history from elsewhere stands at its true time, once, for as long as its age allows, and in no other line.

use super::directory::settings;
use super::sweeping::sweep;
use crate::deed::EVERY_STREAM;
use crate::deed::{Deed, deed, enterprise, unseen};
use crate::keeper::Keeper;
use crate::trial::{HOME, NOW, Trial, every_line, feed_in, feed_of, history, of_user, streaming, whole, window};
use feed::directory::Effect;
use feed::event::FeedKind;
use feed::filter::TypeFilter;
use feed::hold::{Hold, Scope};
use feed::id::UserId;
use feed::position::{Family, Place};
use feed::retention::{Days, Retention};
use feed::time::Second;
use store::import::Brought::{self, Known, New};
use store::ledger::{Line, Outcome, Scan};

const DAY_S: u32 = 86_400;
const SHORT: Days = Days { user: 14, streaming: 7, history: 20, events: 30 };
const SAME: Brought = Known { differs: false };
const OTHER: Brought = Known { differs: true };

fn past(id: &str, created: u32) -> Deed {
    deed(id).enterprise_only().created(created)
}

async fn short_of_memory<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [unseen([Effect::EnterpriseSet(settings("1", SHORT))])]).await;
    trial
}

pub(crate) async fn what_is_imported_stands_at_its_true_time_and_nowhere_else<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(NOW - 100), deed("b")]).await;
    let mut before = Vec::new();
    for line in every_line() {
        before.push((trial.read(line.clone()).await, trial.ends(&line).await));
    }
    let frontier = trial.frontier(0).await;
    let brought = trial.import(NOW + 5, &[past("z", NOW - 50), past("x", 1_000), past("y", NOW - 200)]).await;
    assert_eq!(brought, [New, New, New]);
    assert_eq!(trial.read(window()).await, ["x", "y", "a", "z", "b"]);
    assert_eq!(trial.frontier(0).await, frontier);
    for (line, before) in every_line().into_iter().zip(before) {
        if !matches!(line, Line::Window(_)) {
            assert_eq!((trial.read(line.clone()).await, trial.ends(&line).await), before, "{line:?}");
        }
    }
    assert_eq!(trial.ends(&window()).await.stored.second, Second(NOW));
    trial.publish(NOW + 9, [deed("c")]).await;
    for line in [streaming(), history(), feed_of("7")] {
        assert_eq!(trial.read(line.clone()).await, ["a", "b", "c"], "{line:?}");
    }
}

pub(crate) async fn imported_twice_is_stored_once<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let (x, y) = (past("x", 1_000), past("y", 2_000));
    assert_eq!(
        trial.import(NOW, &[x.clone(), y.clone(), x.clone(), x.clone().saying("else")]).await,
        [New, New, SAME, OTHER]
    );
    assert_eq!(
        trial.import(NOW + 1, &[y.clone(), past("z", 1_500), x.clone().saying("else")]).await,
        [SAME, New, OTHER]
    );
    let trial = trial.reopened().await;
    assert_eq!(trial.import(NOW + 2, &[x, y]).await, [SAME, SAME]);
    assert_eq!(trial.read(window()).await, ["x", "z", "y"]);
    assert_eq!(trial.import(NOW, &[]).await, []);
}

pub(crate) async fn what_was_published_is_known_when_it_is_imported<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(NOW - 40 * DAY_S), deed("b").created(NOW - 10)]).await;
    // 40 days later it is known by its created_at.
    let now = NOW + 40 * DAY_S;
    let wanted = [past("a", NOW - 40 * DAY_S), past("b", NOW - 10), past("b", NOW - 10).saying("else"), past("c", NOW)];
    assert_eq!(trial.import(now, &wanted).await, [SAME, SAME, OTHER, New]);
    assert_eq!(trial.read(window()).await, ["a", "b", "c"]);
}

pub(crate) async fn what_was_imported_is_known_when_it_is_published<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let created = NOW - 400 * DAY_S;
    trial.import(NOW, &[past("a", created)]).await;
    for trial in [trial, Trial::<K>::open().await] {
        trial.import(NOW, &[past("a", created)]).await;
        let trial = trial.reopened().await;
        let [receipt] = trial.publish(NOW + 5, [deed("a").created(created)]).await;
        let Some(Outcome::Recorded { position, duplicate, differs, .. }) = &receipt.enterprise else {
            panic!("{receipt:?}")
        };
        assert_eq!((*duplicate, *differs), (true, false));
        assert_eq!((position.family(), position.place()), (Family::Window, rank(created, 1)));
        assert!(!of_user(&receipt).duplicate, "the id of a user feed is another");
        assert_eq!(trial.read(feed_of("7")).await, ["a"]);
        assert_eq!(trial.read(streaming()).await, Vec::<String>::new());
        assert_eq!(trial.read(window()).await, ["a"]);
    }
}

fn rank(second: u32, ordinal: u32) -> Place {
    Place { second: Second(second), ordinal }
}

pub(crate) async fn ranks_are_given_after_those_that_are_there<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(500), deed("b").created(500)]).await;
    trial.import(NOW, &[past("y", 500), past("x", 499), past("z", 500)]).await;
    trial.publish(NOW, [deed("c").created(500)]).await;
    let trial = trial.reopened().await;
    trial.import(NOW, &[past("w", 500)]).await;
    let expected = [
        ("x", rank(499, 1)),
        ("a", rank(500, 1)),
        ("b", rank(500, 2)),
        ("y", rank(500, 3)),
        ("z", rank(500, 4)),
        ("c", rank(500, 5)),
        ("w", rank(500, 6)),
    ];
    assert_eq!(trial.places(window()).await, expected.map(|(id, place)| (id.to_owned(), place)));
}

pub(crate) async fn nobody_hears_it_and_nobody_becomes_known<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").by("7")]).await;
    trial.import(NOW, &[past("x", 1_000).by("7"), past("y", 1_000).by("555")]).await;
    assert_eq!(trial.read(feed_of("7")).await, ["a"]);
    assert!(trial.stores().directory.user(&crate::deed::user("555")).await.unwrap().is_none());
    assert!(trial.find(FeedKind::User, "x").await.is_none());
    let found = trial.find(FeedKind::Enterprise, "x").await.unwrap();
    assert_eq!((found.heard_by.len(), found.place.second), (0, Second(1_000)));
}

pub(crate) async fn it_ages_by_its_original_time<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    let at = |days: u32| NOW - days * DAY_S;
    trial.publish(NOW, [deed("late").created(at(29))]).await;
    trial.import(NOW, &[past("old", at(29)), past("newer", at(10))]).await;
    assert_eq!(sweep(&trial, NOW).await, 0);
    let shown = |oldest| Scan { oldest: Second(oldest), ..whole(window()) };
    assert_eq!(trial.scan(shown(at(20))).await, ["late", "newer"], "what was published ages by its recording");
    trial.publish(NOW + 2 * DAY_S, [deed("new")]).await;
    assert_eq!(sweep(&trial, NOW + 2 * DAY_S).await, 1);
    assert_eq!(trial.read(window()).await, ["late", "newer", "new"]);
    assert_eq!(trial.import(NOW + 2 * DAY_S, &[past("old", at(29))]).await, [New], "its id is free again");
    assert_eq!(sweep(&trial, NOW + 25 * DAY_S).await, 4, "both imports, and the user renderings");
    assert_eq!(trial.read(window()).await, ["late", "new"]);
    assert!(trial.find(FeedKind::Enterprise, "newer").await.is_none());
}

pub(crate) async fn a_hold_keeps_it_and_it_is_foretold<K: Keeper>() {
    let trial = short_of_memory::<K>().await;
    trial.import(NOW, &[past("old", NOW - 29 * DAY_S)]).await;
    trial.import(NOW, &[past("newer", NOW - 5 * DAY_S)]).await;
    let now = NOW + 5 * DAY_S;
    let forecast = async |trial: &Trial<K>| {
        let keep = Retention::try_from(SHORT).unwrap();
        trial.retention().forecast(&enterprise(HOME), keep, Second(now)).await.unwrap().events
    };
    let foretold = forecast(&trial).await;
    assert_eq!((foretold.renderings, foretold.held, foretold.oldest), (1, 0, Some(Second(NOW - 29 * DAY_S))));
    let hold = Hold {
        id: "h".to_owned(),
        enterprise: enterprise(HOME),
        name: "Case".to_owned(),
        why: String::new(),
        scope: Scope::default(),
        placed_by: UserId::new("7").unwrap(),
        placed_at: Second(NOW),
        until: None,
        released: None,
    };
    trial.retention().add_hold(hold).await.unwrap();
    assert_eq!((forecast(&trial).await.renderings, forecast(&trial).await.held), (0, 1));
    assert_eq!(sweep(&trial, now).await, 0);
    trial.retention().forget_hold(&enterprise(HOME), "h").await.unwrap();
    assert_eq!(sweep(&trial, now).await, 1);
    assert_eq!(trial.read(window()).await, ["newer"]);
}

pub(crate) async fn windows_over_it_are_read_page_by_page_by_type_and_time<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let id = |n: u32| format!("e{n:03}");
    let made = |n: u32| past(&id(n), 10_000 + n / 3).typed(if n.is_multiple_of(7) { "RARE" } else { "UPLOAD" });
    // In three imports, each with every third.
    for part in 0..3 {
        let deeds: Vec<Deed> = (0..200).filter(|n| n % 3 == part).map(made).collect();
        assert!(trial.import(NOW, &deeds).await.iter().all(|it| *it == New));
    }
    let all: Vec<String> = (0..200).map(id).collect();
    for limit in [1, 7, 64, 500] {
        let (mut after, mut read) = (Place::START, Vec::new());
        loop {
            let page = trial.page(Scan { limit, after, ..whole(window()) }).await;
            read.extend(page.ids());
            match page.last {
                Some(last) => after = last,
                None => break,
            }
        }
        assert_eq!(read, all, "pages of {limit}");
    }
    let rare = Scan { types: TypeFilter::parse("RARE").unwrap(), ..whole(window()) };
    let expected: Vec<String> = (0..200u32).filter(|n| n.is_multiple_of(7)).map(id).collect();
    assert_eq!(trial.scan(rare).await, expected);
    let (from, before) = (Second(10_010), Second(10_020));
    let between = Scan { created_from: from, created_before: Some(before), ..whole(window()) };
    assert_eq!(trial.scan(between).await, all[30..60]);
}

pub(crate) async fn many_small_imports_read_like_one<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for n in 0..40u32 {
        let deeds = [past(&format!("a{n}"), 1_000 + n * 7 % 40), past(&format!("b{n}"), 5_000 - n)];
        trial.import(NOW, &deeds).await;
    }
    let trial = trial.reopened().await;
    let read = trial.read(window()).await;
    let mut expected: Vec<(u32, String)> = Vec::new();
    for n in 0..40u32 {
        expected.extend([(1_000 + n * 7 % 40, format!("a{n}")), (5_000 - n, format!("b{n}"))]);
    }
    expected.sort_by_key(|(second, _)| *second);
    assert_eq!(read, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    for n in 0..40u32 {
        assert_eq!(trial.import(NOW, &[past(&format!("b{n}"), 5_000 - n)]).await, [SAME]);
    }
}

pub(crate) async fn an_import_of_another_enterprise_is_apart<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.import_in("9", NOW, &[past("x", 1_000).by("70")]).await;
    trial.import(NOW, &[past("x", 1_000).saying("ours")]).await;
    assert_eq!(trial.read(window()).await, ["x"]);
    assert_eq!(trial.read(Line::Window(enterprise("9"))).await, ["x"]);
    assert_eq!(trial.read(feed_in("9", "70", EVERY_STREAM)).await, Vec::<String>::new());
    assert_eq!(trial.import_in("9", NOW, &[past("x", 1_000).saying("ours")]).await, [OTHER]);
}

pub(crate) async fn it_is_the_same_after_a_restart<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(700)]).await;
    trial.import(NOW, &[past("x", 1_000), past("y", 600)]).await;
    let (places, ends) = (trial.places(window()).await, trial.ends(&window()).await);
    let trial = trial.reopened().await;
    assert_eq!((trial.places(window()).await, trial.ends(&window()).await), (places, ends));
    trial.publish(NOW + 1, [deed("b")]).await;
    assert_eq!(trial.read(window()).await, ["y", "a", "x", "b"]);
}
