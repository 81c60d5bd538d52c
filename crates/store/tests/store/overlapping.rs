//! Closed windows over many partitions whose times overlap: every page has what a sorted list has, wherever it begins, also
//! after the keeper has learnt where partitions have nothing.

use crate::deed::{deed, enterprise};
use crate::disk::Disk;
use crate::trial::{HOME, NOW, Page, whole, window};
use feed::filter::TypeFilter;
use feed::position::Place;
use feed::time::Second;
use std::path::Path;
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Options};
use store::import::{History, ImportStore};
use store::ledger::{Batch, Ledger, Scan};

/// What was published: second, which of those of that second it is, id, whether it is of the rare type.
type Told = (u32, usize, String, bool);

fn open(disk: &Disk) -> EmbeddedStore {
    let options = Options { partition_entries: 10, preallocate_bytes: 1 << 12, threads: false, ..Options::default() };
    EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/store"), options).unwrap()
}

/// Publishes so many events, five at a time and a second after the other. Of seven, one is told up to a minute late.
async fn publish(store: &EmbeddedStore, numbers: std::ops::Range<u32>, told: &mut Vec<Told>) {
    let numbers: Vec<u32> = numbers.collect();
    for batch in numbers.chunks(5) {
        let now = Second(NOW + batch[0] / 5);
        let mut events = Vec::new();
        for n in batch {
            let late = if n % 7 == 3 { 1 + n * 31 % 60 } else { 0 };
            let (created, rare) = (now.0 - late, n % 11 == 0);
            let id = format!("e{n}");
            let made = deed(&id).enterprise_only().created(created).typed(if rare { "RARE" } else { "UPLOAD" });
            events.push(made.event(now));
            told.push((created, told.len(), id, rare));
        }
        store.append(Batch { enterprise: enterprise(HOME), events, now }).await.unwrap();
    }
}

/// Walks along the window in pages of a size; answers the ids, and where each page began.
async fn walk(store: &EmbeddedStore, first: Scan) -> (Vec<String>, Vec<Place>) {
    let (mut scan, mut ids, mut begun) = (first, Vec::new(), Vec::new());
    loop {
        let page = Page::of(&store.scan(scan.clone()).await.unwrap(), &scan);
        let Some(last) = page.last else { return (ids, begun) };
        begun.push(scan.after);
        ids.extend(page.ids());
        scan.after = last;
    }
}

async fn every_walk_is_right(store: &EmbeddedStore, told: &[Told], what: &str) {
    let mut sorted = told.to_vec();
    sorted.sort();
    let expected = |from: u32, rare: bool| -> Vec<String> {
        let told = sorted.iter().filter(|told| from <= told.0 && (!rare || told.3));
        told.map(|told| told.2.clone()).collect()
    };
    for limit in [1, 3, 10, 500] {
        for (types, rare) in [(TypeFilter::default(), false), (TypeFilter::parse("RARE").unwrap(), true)] {
            let all = Scan { limit, types, ..whole(window()) };
            let (ids, begun) = walk(store, all.clone()).await;
            assert_eq!(ids, expected(0, rare), "{what}, {limit}, {rare}");
            // From the end to the beginning, so that nobody has just been where a page begins.
            for place in begun.into_iter().rev().step_by(5) {
                let scan = Scan { after: place, ..all.clone() };
                let page = Page::of(&store.scan(scan.clone()).await.unwrap(), &scan).ids();
                let at = page.first().map_or(0, |id| ids.iter().position(|it| it == id).unwrap());
                assert_eq!(page, ids[at..at + page.len()], "{what}, {limit}, {rare}, {place:?}");
            }
            for from in [NOW - 40, NOW, NOW + 17] {
                let scan = Scan { after: Place::at(Second(from)), created_from: Second(from), ..all.clone() };
                assert_eq!(walk(store, scan).await.0, expected(from, rare), "{what}, {limit}, {rare}, {from}");
            }
        }
    }
}

#[tokio::test]
async fn every_page_is_that_of_a_sorted_list() {
    let disk = Disk::new(5);
    let mut store = open(&disk);
    let mut told = Vec::new();
    publish(&store, 0..300, &mut told).await;
    assert!(store.stats().sealed > 25, "{:?}", store.stats());
    every_walk_is_right(&store, &told, "at first").await;
    // More is told late, and history is brought in: where one partition had nothing, another has something now.
    publish(&store, 300..400, &mut told).await;
    every_walk_is_right(&store, &told, "after more").await;
    for batch in 0..9 {
        let second = NOW - 30 + 9 * batch;
        let past = [0, 1, 2].map(|n| (second + n, format!("past{batch}-{n}")));
        let events =
            past.clone().map(|(second, id)| deed(&id).enterprise_only().created(second).past(Second(NOW + 90)));
        let history = History { enterprise: enterprise(HOME), events: events.into(), now: Second(NOW + 90) };
        store.import(history).await.unwrap();
        for (second, id) in past {
            told.push((second, told.len(), id, false));
        }
    }
    every_walk_is_right(&store, &told, "after an import").await;
    drop(store);
    store = open(&disk);
    every_walk_is_right(&store, &told, "opened again").await;
}
