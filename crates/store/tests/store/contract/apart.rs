//! Enterprises are kept apart; a reader at home elsewhere is reached by relaying into the line of the reader's home.

use crate::deed::{Deed, EVERY_STREAM, deed, enterprise, event_id, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, feed_in, feed_of, of_user, whole};
use feed::directory::{Effect, Person};
use feed::event::FeedKind;
use feed::time::Second;
use store::ledger::{Line, Scan};

/// Users 7 and 8 are at home in enterprise 1, users 70 and 80 in enterprise 9.
async fn two_homes<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    let met = |id| Effect::Met(Person { id: user(id), name: "".into(), login: "".into() });
    trial.publish_in("1", NOW, [unseen(["7", "8"].map(met))]).await;
    trial.publish_in("9", NOW, [unseen(["70", "80"].map(met))]).await;
    trial
}

fn of_nine(id: &str) -> Line {
    feed_in("9", id, EVERY_STREAM)
}

fn shared(id: &str) -> Deed {
    deed(id).by("7").heard_by(["7", "70"])
}

pub(crate) async fn an_enterprise_sees_nothing_of_another<K: Keeper>() {
    let trial = two_homes::<K>().await;
    trial.publish_in("1", NOW, [deed("a").by("7"), deed("b").by("8")]).await;
    trial.publish_in("9", NOW + 1, [deed("a").by("70").saying("theirs"), deed("c").by("80")]).await;
    for (home, wanted) in [("1", ["a", "b"]), ("9", ["a", "c"])] {
        let lines = [Line::Streaming, Line::History, Line::Window].map(|line| line(enterprise(home)));
        for line in lines {
            assert_eq!(trial.read(line.clone()).await, wanted, "{line:?}");
        }
    }
    for kind in [FeedKind::User, FeedKind::Enterprise] {
        let ledger = trial.ledger();
        assert!(ledger.find(&enterprise("1"), kind, &event_id("c")).await.unwrap().is_none());
        let found = ledger.find(&enterprise("9"), kind, &event_id("a")).await.unwrap().unwrap();
        assert!(found.bytes.windows(6).any(|part| part == b"theirs"));
    }
    for (home, id) in [("1", "70"), ("9", "7")] {
        assert_eq!(trial.read(feed_in(home, id, EVERY_STREAM)).await, [""; 0], "{id} is not at home in {home}");
    }
}

pub(crate) async fn frontiers_are_apart<K: Keeper>() {
    let trial = two_homes::<K>().await;
    trial.publish_in("9", NOW + 1_000, [deed("ahead").by("70")]).await;
    trial.publish_in("1", NOW, [deed("a").by("7").created(NOW - 2)]).await;
    assert_eq!(trial.frontier(0).await, Second(NOW - 5));
}

pub(crate) async fn a_reader_at_home_elsewhere_hears_in_that_home_once<K: Keeper>() {
    let trial = two_homes::<K>().await;
    let [receipt] = trial.publish_in("1", NOW + 1, [shared("a")]).await;
    assert_eq!(of_user(&receipt).place.second, Second(NOW + 1));
    assert_eq!(trial.read(of_nine("70")).await, ["a"]);
    assert_eq!(trial.read(feed_of("7")).await, ["a"]);
    assert_eq!(trial.read(feed_of("70")).await, [""; 0], "not in the line of the publisher");
    assert_eq!(trial.read(of_nine("80")).await, [""; 0]);
    for line in [Line::Streaming, Line::History, Line::Window] {
        assert_eq!(trial.read(line(enterprise("9"))).await, [""; 0], "no event of the reader's own enterprise");
    }
    let [again] = trial.publish_in("1", NOW + 2, [shared("a")]).await;
    assert!(of_user(&again).duplicate);
    assert_eq!(trial.read(of_nine("70")).await, ["a"]);
}

pub(crate) async fn the_bell_rings_for_readers_in_both_homes<K: Keeper>() {
    let trial = two_homes::<K>().await;
    let appended = trial.append("1", NOW, &[shared("a")]).await;
    let mut moved = appended.moved.users;
    moved.sort();
    assert_eq!(moved, [user("7"), user("70")]);
    assert_eq!(appended.moved.enterprises, [enterprise("1")]);
}

pub(crate) async fn what_is_relayed_says_the_same_bytes<K: Keeper>() {
    let trial = two_homes::<K>().await;
    trial.publish_in("9", NOW + 100, [deed("own").by("70")]).await;
    trial.publish_in("1", NOW, [shared("a").saying("hello")]).await;
    let ours = trial.page(whole(feed_of("7"))).await.entries;
    let theirs = trial.page(whole(of_nine("70"))).await.entries;
    assert_eq!(ours, theirs[1..]);
    assert_eq!(ours[0]["recorded_at"], Second(NOW).to_string(), "recorded where it was published");
}

pub(crate) async fn two_readers_of_one_other_home_hear_each_once<K: Keeper>() {
    let trial = two_homes::<K>().await;
    trial.publish_in("1", NOW, [deed("a").heard_by(["70", "80", "70"]), deed("b").by("80").owned_by("7")]).await;
    assert_eq!(trial.read(of_nine("70")).await, ["a"]);
    assert_eq!(trial.read(of_nine("80")).await, ["a", "b"]);
    assert_eq!(trial.read(feed_of("7")).await, ["b"]);
}

/// The relayed entries take places in the line of the reader's home, among those of its own events.
pub(crate) async fn relayed_entries_stand_in_the_order_of_the_readers_home<K: Keeper>() {
    let trial = two_homes::<K>().await;
    trial.publish_in("9", NOW + 50, [deed("first").by("70")]).await;
    let (_, stood) = trial.places(of_nine("70")).await.pop().unwrap();
    trial.publish_in("1", NOW, [shared("second")]).await;
    trial.publish_in("9", NOW + 40, [deed("third").by("70")]).await;
    let trial = trial.reopened().await;
    trial.publish_in("1", NOW - 9, [shared("fourth")]).await;
    let after = trial.scan(Scan { after: stood, ..whole(of_nine("70")) }).await;
    assert_eq!(after, ["second", "third", "fourth"]);
    let seconds: Vec<u32> = trial.places(of_nine("70")).await.iter().map(|(_, place)| place.second.0).collect();
    assert_eq!(seconds, [NOW + 50; 4]);
}

pub(crate) async fn an_id_relayed_is_not_taken_in_the_readers_home<K: Keeper>() {
    let trial = two_homes::<K>().await;
    trial.publish_in("1", NOW, [shared("a")]).await;
    let found = trial.ledger().find(&enterprise("9"), FeedKind::User, &event_id("a")).await.unwrap();
    assert!(found.is_none(), "it was published elsewhere");
    let [own] = trial.publish_in("9", NOW, [deed("a").by("70").saying("own")]).await;
    assert!(!of_user(&own).duplicate);
    assert_eq!(trial.read(of_nine("70")).await, ["a", "a"]);
}
