//! Batches: all of one, in its order, or none of it. (What refuses a batch is a second of `created_at` that is full; it
//! takes half a million events to provoke, so each keeper tests it beside its own code.)

use crate::deed::{deed, unseen};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, every_line, of_user, streaming};
use feed::directory::{Effect, Person};
use store::ledger::Receipt;

pub(crate) async fn a_batch_is_recorded_in_its_order<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let receipts = trial.publish(NOW, [deed("b"), deed("a"), deed("c")]).await;
    assert!(receipts.windows(2).all(|two| of_user(&two[0]).place < of_user(&two[1]).place));
    for line in every_line() {
        assert_eq!(trial.read(line.clone()).await, ["b", "a", "c"], "{line:?}");
    }
}

pub(crate) async fn an_empty_batch_is_nothing<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let appended = trial.append("1", NOW, &[]).await;
    assert!(appended.receipts.is_empty());
    assert_eq!(trial.ends(&streaming()).await, feed::page::Ends::default());
}

/// An event seen in no feed takes its turn in the line, so that the directory it changes has an order too.
pub(crate) async fn an_unseen_event_is_in_no_feed<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let person = Person { id: crate::deed::user("8"), name: "Ole".into(), login: "".into() };
    let [receipt, _] = trial.publish(NOW, [unseen([Effect::Met(person)]), deed("a").heard_by(["8"])]).await;
    assert_eq!(receipt, Receipt::default());
    assert_eq!(trial.read(streaming()).await, ["a"]);
    assert_eq!(trial.read(crate::trial::feed_of("8")).await, ["a"]);
}
