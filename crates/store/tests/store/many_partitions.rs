//! What was published is known again however many partitions lie between, whether one filter speaks for sixteen of them
//! or each is asked alone.

use crate::deed::{Deed, deed, enterprise};
use crate::disk::Disk;
use crate::trial::{HOME, NOW, of_enterprise, of_user};
use feed::time::Second;
use std::path::Path;
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Options};
use store::ledger::{Batch, Ledger};

const PARTITIONS: u32 = 70;

fn open(disk: &Disk) -> EmbeddedStore {
    let options = Options { partition_entries: 4, preallocate_bytes: 1 << 12, threads: false, ..Options::default() };
    let options = Options { cache_bytes: 1 << 20, open_halves_max: 4, ..options };
    EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/store"), options).unwrap()
}

/// Two deeds fill a partition.
fn deeds(n: u32) -> [Deed; 2] {
    [deed(&format!("a{n}")).created(NOW + n), deed(&format!("b{n}")).created(NOW + n)]
}

/// Publishes two deeds; answers for each rendering whether it was known.
async fn publish(store: &EmbeddedStore, now: u32, deeds: &[Deed]) -> Vec<bool> {
    let now = Second(now);
    let events = deeds.iter().map(|deed| deed.event(now)).collect();
    let appended = store.append(Batch { enterprise: enterprise(HOME), events, now }).await.unwrap();
    appended.receipts.iter().flat_map(|it| [of_user(it).duplicate, of_enterprise(it).duplicate]).collect()
}

#[tokio::test]
async fn every_id_of_many_partitions_is_known_again_and_no_other() {
    let disk = Disk::new(3);
    let mut store = open(&disk);
    for n in 0..PARTITIONS {
        assert_eq!(publish(&store, NOW + n, &deeds(n)).await, [false; 4], "{n}");
    }
    assert!(store.stats().sealed > 64, "{:?}", store.stats());
    for opened_again in [false, true] {
        if opened_again {
            drop(store);
            store = open(&disk);
        }
        for n in (0..PARTITIONS).rev() {
            assert_eq!(publish(&store, NOW + PARTITIONS, &deeds(n)).await, [true; 4], "{n}, {opened_again}");
        }
        // Published a month later without their times they are not looked for that long; with them they are.
        for n in [0, PARTITIONS / 2, PARTITIONS - 1] {
            assert_eq!(publish(&store, NOW + 90 * 86_400, &deeds(n)).await, [true; 4], "{n}, {opened_again}");
        }
    }
    for n in PARTITIONS..2 * PARTITIONS {
        assert_eq!(publish(&store, NOW + 90 * 86_400, &deeds(n)).await, [false; 4], "{n}");
    }
}

#[tokio::test]
async fn ids_that_were_swept_are_free_again() {
    let disk = Disk::new(4);
    let store = open(&disk);
    for n in 0..PARTITIONS {
        publish(&store, NOW + n, &deeds(n)).await;
    }
    // Feeds of users are over, those of the enterprise are not.
    let later = NOW + 100 * 86_400;
    while store.sweep(Second(later)).await.unwrap().more {}
    for n in [0, 16, 33, PARTITIONS - 9] {
        assert_eq!(publish(&store, later, &deeds(n)).await, [false, true, false, true], "{n}");
    }
}
