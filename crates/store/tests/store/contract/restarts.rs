//! Restarts: what was answered is there again, entry for entry and place for place.

use crate::deed::{deed, item_id, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, every_line, feed_of, of_user, whole};
use feed::directory::{Effect, Person};
use feed::event::{FeedKind, UserStreams};
use store::ledger::Scan;

async fn filled<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    let met = Effect::Met(Person { id: user("7"), name: "".into(), login: "".into() });
    let synced = Effect::Synced { user: user("7"), folder: item_id("50") };
    trial.publish(NOW, [unseen([met, synced])]).await;
    let deeds = [
        deed("a").enterprise_id("a-e"),
        deed("b").created(NOW - 400).on("60", ["50"]),
        deed("c").typed("LOGIN").user_only().carried_by(UserStreams::ALL),
        deed("d").typed("LOGIN").enterprise_only(),
        deed("e").by("8").owned_by("7").created(NOW + 3),
    ];
    trial.publish(NOW, deeds).await;
    trial
}

pub(crate) async fn every_line_is_the_same_after_a_restart<K: Keeper>() {
    let trial = filled::<K>().await;
    let mut before = Vec::new();
    for line in every_line() {
        before.push((trial.places(line.clone()).await, trial.page(whole(line.clone())).await, trial.ends(&line).await));
    }
    let mut trial = trial;
    for round in 0..3 {
        trial = trial.reopened().await;
        for (line, before) in every_line().into_iter().zip(&before) {
            let now =
                (trial.places(line.clone()).await, trial.page(whole(line.clone())).await, trial.ends(&line).await);
            assert_eq!(&now, before, "{line:?} after {} restarts", round + 1);
        }
    }
}

pub(crate) async fn what_is_found_is_the_same_after_a_restart<K: Keeper>() {
    let trial = filled::<K>().await;
    let asked = [(FeedKind::User, "b"), (FeedKind::User, "e"), (FeedKind::Enterprise, "a-e")];
    let mut before = Vec::new();
    for (kind, id) in asked {
        before.push(format!("{:?}", trial.find(kind, id).await.unwrap()));
    }
    let trial = trial.reopened().await;
    for ((kind, id), before) in asked.into_iter().zip(before) {
        assert_eq!(format!("{:?}", trial.find(kind, id).await.unwrap()), before);
    }
}

pub(crate) async fn reading_goes_on_where_it_stood<K: Keeper>() {
    let mut trial = filled::<K>().await;
    for line in every_line() {
        let whole_line = trial.read(line.clone()).await;
        let mut scan = Scan { limit: 1, ..whole(line.clone()) };
        let mut seen = Vec::new();
        loop {
            let page = trial.page(scan.clone()).await;
            let Some(last) = page.last else { break };
            seen.extend(page.ids());
            scan.after = last;
            trial = trial.reopened().await;
        }
        assert_eq!(seen, whole_line, "{line:?}");
    }
}

pub(crate) async fn writing_goes_on_after_a_restart<K: Keeper>() {
    let trial = filled::<K>().await;
    let before = trial.read(feed_of("7")).await;
    let stood = trial.ends(&feed_of("7")).await.stored;
    let trial = trial.reopened().await;
    let [receipt] = trial.publish(NOW, [deed("new").on("60", ["50"])]).await;
    assert!(stood < of_user(&receipt).place);
    assert_eq!(trial.read(feed_of("7")).await, [before, vec!["new".to_owned()]].concat());
    let on_sync = trial.read(crate::trial::feed_in("1", "7", UserStreams::SYNC)).await;
    assert_eq!(on_sync, ["b", "new"], "the folder is still synced");
}

pub(crate) async fn an_empty_keeper_restarts_empty<K: Keeper>() {
    let trial = Trial::<K>::open().await.reopened().await;
    for line in every_line() {
        assert_eq!(trial.page(whole(line.clone())).await.last, None, "{line:?}");
        assert_eq!(trial.ends(&line).await, feed::page::Ends::default(), "{line:?}");
    }
    assert_eq!(trial.stores().directory.enterprises().await.unwrap(), []);
}
