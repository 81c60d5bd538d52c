//! Publishing again: an event is stored once per enterprise and kind of feed, and the first result stands.

use crate::deed::deed;
use crate::keeper::Keeper;
use crate::trial::{NOW, Told, Trial, every_line, feed_of, of_enterprise, of_user, streaming};
use feed::event::FeedKind;

pub(crate) async fn an_event_published_twice_is_stored_once<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let a = deed("a").created(NOW - 3);
    let [first, _] = trial.publish(NOW, [a.clone(), deed("b")]).await;
    let appended = trial.append("1", NOW + 60, &[a]).await;
    let again = &appended.receipts[0];
    assert!(!of_user(&first).duplicate && !of_enterprise(&first).duplicate);
    assert_eq!(of_user(again), Told { duplicate: true, ..of_user(&first) });
    assert_eq!(of_enterprise(again), Told { duplicate: true, ..of_enterprise(&first) });
    for line in every_line() {
        assert_eq!(trial.read(line.clone()).await, ["a", "b"], "{line:?}");
    }
    let moved = appended.moved;
    assert!(moved.users.is_empty() && moved.lists.is_empty() && moved.enterprises.is_empty(), "{moved:?}");
}

pub(crate) async fn a_batch_is_looked_through_for_its_own_duplicates<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [first, again, other] = trial.publish(NOW, [deed("a"), deed("a"), deed("a").saying("else")]).await;
    assert_eq!(of_user(&again), Told { duplicate: true, ..of_user(&first) });
    assert_eq!(of_enterprise(&other), Told { duplicate: true, differs: true, ..of_enterprise(&first) });
    for line in every_line() {
        assert_eq!(trial.read(line.clone()).await, ["a"], "{line:?}");
    }
}

pub(crate) async fn a_duplicate_that_says_something_else_differs_and_the_first_stands<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(NOW).saying("first")]).await;
    let changes = [
        deed("a").created(NOW).saying("second"),
        deed("a").created(NOW).saying("a longer text"),
        deed("a").created(NOW + 1).saying("first"),
        deed("a").created(NOW).saying("first").typed("DELETE"),
    ];
    for changed in changes {
        let [receipt] = trial.publish(NOW + 9, [changed.clone()]).await;
        for told in [of_user(&receipt), of_enterprise(&receipt)] {
            assert!(told.duplicate && told.differs, "{changed:?}: {told:?}");
        }
    }
    for kind in [FeedKind::User, FeedKind::Enterprise] {
        let found = trial.find(kind, "a").await.unwrap();
        assert!(found.bytes.windows(5).any(|part| part == b"first"), "{found:?}");
    }
}

pub(crate) async fn what_the_server_filled_in_is_no_difference<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a")]).await;
    let [again] = trial.publish(NOW + 3_600, [deed("a")]).await;
    for told in [of_user(&again), of_enterprise(&again)] {
        assert!(told.duplicate && !told.differs, "{told:?}");
    }
}

pub(crate) async fn the_same_id_in_another_enterprise_is_another_event<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish_in("1", NOW, [deed("a").saying("ours")]).await;
    let [theirs] = trial.publish_in("9", NOW, [deed("a").by("70").saying("theirs")]).await;
    assert!(!of_user(&theirs).duplicate && !of_enterprise(&theirs).duplicate);
    let [again] = trial.publish_in("9", NOW, [deed("a").by("70").saying("theirs")]).await;
    assert!(of_user(&again).duplicate && !of_user(&again).differs);
}

pub(crate) async fn the_same_id_in_the_other_kind_of_feed_is_another_event<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [user] = trial.publish(NOW, [deed("a").user_only()]).await;
    let [enterprise] = trial.publish(NOW, [deed("a").enterprise_only()]).await;
    assert_eq!((&user.enterprise, &enterprise.user), (&None, &None));
    assert!(!of_enterprise(&enterprise).duplicate);
    assert!(of_user(&user).place < of_enterprise(&enterprise).place);
    let [both] = trial.publish(NOW, [deed("a")]).await;
    assert_eq!(of_user(&both), Told { duplicate: true, ..of_user(&user) });
    assert_eq!(of_enterprise(&both), Told { duplicate: true, ..of_enterprise(&enterprise) });
}

pub(crate) async fn of_a_half_known_envelope_the_other_half_is_stored<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [u, e] = trial.publish(NOW, [deed("u").user_only(), deed("e").enterprise_only()]).await;
    let [new_e] = trial.publish(NOW + 5, [deed("u").enterprise_id("e2")]).await;
    assert_eq!(of_user(&new_e), Told { duplicate: true, ..of_user(&u) });
    assert!(!of_enterprise(&new_e).duplicate && of_enterprise(&e).place < of_enterprise(&new_e).place);
    let [new_u] = trial.publish(NOW + 6, [deed("u2").enterprise_id("e")]).await;
    assert_eq!(of_enterprise(&new_u), Told { duplicate: true, ..of_enterprise(&e) });
    assert!(!of_user(&new_u).duplicate && of_enterprise(&new_e).place < of_user(&new_u).place);
    assert_eq!(trial.read(feed_of("7")).await, ["u", "u2"]);
    assert_eq!(trial.read(streaming()).await, ["e", "e2"]);
}

pub(crate) async fn duplicates_are_known_after_a_restart<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let a = deed("a").created(NOW);
    let [first] = trial.publish(NOW, [a.clone()]).await;
    let trial = trial.reopened().await;
    let [again, differs] = trial.publish(NOW + 1, [a.clone(), a.saying("else")]).await;
    assert_eq!(of_user(&again), Told { duplicate: true, ..of_user(&first) });
    assert_eq!(of_enterprise(&differs), Told { duplicate: true, differs: true, ..of_enterprise(&first) });
    assert_eq!(trial.read(streaming()).await, ["a"]);
}
