//! Who hears: the audience is settled at the commit point, by what the directory says at that moment.

use crate::deed::{deed, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, feed_of, streaming};
use feed::directory::{Effect, Enterprise, Person};
use feed::event::FeedKind;
use feed::retention::Retention;
use store::ledger::{Outcome, Receipt};

/// Users 7, 8 and 9 are known.
async fn three<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    let met = |id| Effect::Met(Person { id: user(id), name: "".into(), login: "".into() });
    trial.publish(NOW, [unseen(["7", "8", "9"].map(met))]).await;
    trial
}

async fn heard<K: Keeper>(trial: &Trial<K>, id: &str) -> String {
    trial.read(feed_of(id)).await.join(" ")
}

pub(crate) async fn the_actor_and_the_owner_hear_each_once<K: Keeper>() {
    let trial = three::<K>().await;
    trial.publish(NOW, [deed("own").by("7").owned_by("7"), deed("shared").by("8").owned_by("7")]).await;
    assert_eq!(heard(&trial, "7").await, "own shared");
    assert_eq!(heard(&trial, "8").await, "shared");
    assert_eq!(heard(&trial, "9").await, "");
}

pub(crate) async fn a_named_audience_replaces_the_derived_one<K: Keeper>() {
    let trial = three::<K>().await;
    let a = deed("a").by("7").owned_by("7").heard_by(["9", "8", "9"]);
    let appended = trial.append("1", NOW, &[a]).await;
    assert_eq!([heard(&trial, "7").await, heard(&trial, "8").await, heard(&trial, "9").await], ["", "a", "a"]);
    let mut moved = appended.moved.users;
    moved.sort();
    assert_eq!(moved, [user("8"), user("9")]);
}

pub(crate) async fn an_empty_audience_is_nobody<K: Keeper>() {
    let trial = three::<K>().await;
    let appended = trial.append("1", NOW, &[deed("a").heard_by([])]).await;
    assert!(appended.moved.users.is_empty());
    assert_eq!(heard(&trial, "7").await, "");
    let found = trial.find(FeedKind::User, "a").await.unwrap();
    assert!(found.heard_by.is_empty() && found.lists.is_empty(), "stored, but heard by nobody: {found:?}");
    assert_eq!(trial.read(streaming()).await, ["a"]);
}

pub(crate) async fn some_deeds_reach_only_the_owner<K: Keeper>() {
    let trial = three::<K>().await;
    trial.publish(NOW, [deed("a").by("7").owned_by("8").owner_only(), deed("b").by("7").owner_only()]).await;
    assert_eq!([heard(&trial, "7").await, heard(&trial, "8").await], ["", "a"]);
    trial.publish(NOW, [deed("c").by("7").owned_by("8").owner_only().heard_by(["9"])]).await;
    assert_eq!([heard(&trial, "8").await, heard(&trial, "9").await], ["a", "c"]);
}

pub(crate) async fn the_anonymous_user_hears_nothing<K: Keeper>() {
    let trial = three::<K>().await;
    trial.publish(NOW, [deed("a").by("2").owned_by("8"), deed("b").heard_by(["2", "8"])]).await;
    assert_eq!([heard(&trial, "2").await, heard(&trial, "8").await], ["", "a b"]);
    assert_eq!(trial.stores().directory.user(&user("2")).await.unwrap(), None);
}

pub(crate) async fn a_name_in_the_audience_makes_nobody_known<K: Keeper>() {
    let trial = three::<K>().await;
    trial.publish(NOW, [deed("a").heard_by(["404", "8"])]).await;
    assert_eq!(heard(&trial, "404").await, "");
    assert_eq!(trial.stores().directory.user(&user("404")).await.unwrap(), None);
}

pub(crate) async fn the_deleted_hear_of_it_and_then_no_more<K: Keeper>() {
    let trial = three::<K>().await;
    let gone = deed("gone").by("9").heard_by(["7", "8"]).changing([Effect::UserDeleted(user("7"))]);
    trial.publish(NOW, [deed("before").by("7"), gone, deed("after").by("8").heard_by(["7", "8"])]).await;
    trial.publish(NOW, [deed("act").by("7").owned_by("8")]).await;
    assert_eq!(heard(&trial, "7").await, "before gone");
    assert_eq!(heard(&trial, "8").await, "gone after act");
}

pub(crate) async fn nobody_hears_what_happened_before_they_were_known<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").by("7").heard_by(["8"]), deed("b").by("8"), deed("c").by("7").heard_by(["8"])]).await;
    assert_eq!(heard(&trial, "8").await, "b c");
}

pub(crate) async fn what_needs_opting_in_is_withheld_until_then<K: Keeper>() {
    let trial = three::<K>().await;
    let withheld = |id: &str| Some(Outcome::Withheld { event_id: crate::deed::event_id(id) });
    let [receipt] = trial.publish(NOW, [deed("u").enterprise_id("e").opt_in()]).await;
    assert_eq!(receipt, Receipt { user: withheld("u"), enterprise: withheld("e") });
    assert_eq!([heard(&trial, "7").await, trial.read(streaming()).await.join(" ")], ["", ""]);
    assert!(trial.find(FeedKind::User, "u").await.is_none());
    assert!(trial.find(FeedKind::Enterprise, "e").await.is_none());

    let enterprise = Enterprise {
        id: crate::deed::enterprise("1"),
        name: "Halden".into(),
        retention: Retention::default(),
        opted_in: true,
    };
    trial.publish(NOW, [unseen([Effect::EnterpriseSet(enterprise)]), deed("u").enterprise_id("e").opt_in()]).await;
    assert_eq!([heard(&trial, "7").await, trial.read(streaming()).await.join(" ")], ["u", "e"]);
}
