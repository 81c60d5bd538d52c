//! What the writer has settled and nobody can see yet, because the disk is still at it.

use crate::deed::{deed, enterprise, unseen, user};
use crate::disk::Disk;
use crate::trial::{HOME, NOW, Told, of_enterprise, of_user};
use feed::directory::{Effect, Person};
use feed::time::Second;
use std::path::Path;
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Options};
use store::ledger::{AppendError, Batch, Unavailable};

/// With a megabyte to say, more than fits into one commit when each of them gets it in another line.
const READERS: usize = 300;

fn batch(line: &str, events: Vec<feed::event::Event>) -> Batch {
    Batch { enterprise: enterprise(line), events, now: Second(NOW) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_again_before_it_is_durable_is_known() {
    let now = Second(NOW);
    let disk = Disk::new(6);
    let options = Options { preallocate_bytes: 1 << 14, ..Options::default() };
    let store = EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/store"), options).unwrap();
    let ledger = store.stores().ledger;
    let readers: Vec<_> = (0..READERS).map(|n| user(&format!("r{n}"))).collect();
    let met = readers.iter().map(|id| Effect::Met(Person { id: id.clone(), name: "".into(), login: "".into() }));
    ledger.append(batch("9", vec![unseen(met.collect::<Vec<_>>()).event(now)])).await.unwrap();

    disk.hold_syncs(true);
    let first = {
        let (ledger, a) = (ledger.clone(), deed("a").event(now));
        tokio::spawn(async move { ledger.append(batch(HOME, vec![a])).await.unwrap() })
    };
    disk.until_one_is_held();
    let again = ledger.append(batch(HOME, vec![deed("a").event(now), deed("b").event(now), deed("a").event(now)]));
    // What is refused is answered at once, and in its turn: then the batch before it was settled, too.
    let mut too_large = deed("c").saying(&"c".repeat(1 << 20)).event(now);
    too_large.audience = Some(readers);
    let refused = async {
        let refused = ledger.append(batch(HOME, vec![too_large])).await;
        assert!(!first.is_finished());
        disk.hold_syncs(false);
        refused
    };
    let (again, refused) = tokio::join!(again, refused);
    let (first, again) = (first.await.unwrap(), again.unwrap());
    let said = match refused {
        Err(AppendError::Unavailable(Unavailable::Failed(said))) => said,
        other => panic!("{other:?}"),
    };
    assert!(said.contains("divide it"), "{said}");

    let (user, of_all) = (of_user(&first.receipts[0]), of_enterprise(&first.receipts[0]));
    assert!(!user.duplicate && !of_all.duplicate);
    for known in [&again.receipts[0], &again.receipts[2]] {
        assert_eq!(of_user(known), Told { duplicate: true, ..user });
        assert_eq!(of_enterprise(known), Told { duplicate: true, ..of_all });
    }
    assert!(!of_user(&again.receipts[1]).duplicate && !of_enterprise(&again.receipts[1]).duplicate);
    drop(ledger);
    let stats = store.stats();
    assert_eq!((stats.enterprise_entries, stats.user_entries), (2, 2), "{stats:?}");
}
