//! Imports among everything else, at random, on two keepers side by side; and imports cut off at every operation of the
//! disk, after which bringing in again must find each event once.

use crate::contract::directory::settings;
use crate::deed::{Deed, deed, enterprise, event_id, unseen};
use crate::disk::{Disk, Fault};
use crate::keeper::{EmbeddedInMemory, EmbeddedInPieces, Keeper, Memory, MemoryGoingOn};
use crate::postgres::Postgres;
use crate::trial::{HOME, NOW, Trial, every_line, whole, window};
use feed::directory::Effect;
use feed::event::FeedKind;
use feed::hold::{Hold, Scope};
use feed::id::UserId;
use feed::retention::Days;
use feed::time::Second;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Options, verify_on};
use store::import::{Brought, History, ImportStore};
use store::ledger::{AppendError, Batch, Ledger};

const DAY_S: u32 = 86_400;
/// Short, so that a good part of what is imported is past it soon.
const SHORT: Days = Days { user: 14, streaming: 1, history: 14, events: 14 };

#[derive(Debug, Clone)]
enum Step {
    Publish(Vec<Deed>),
    Import(Vec<Deed>),
    Clock(u32),
    Restart,
    Sweep,
    Hold,
    Release,
}

/// The steps of a seed. An id is always of the same second, so that both keepers must know it for as long as it is kept.
fn script(seed: u64) -> Vec<Step> {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut now = NOW;
    let mut made: Vec<Deed> = Vec::new();
    let mut steps = Vec::new();
    for _ in 0..dice.random_range(20..60) {
        let mut deeds = |dice: &mut Xoshiro256PlusPlus, reach: u32, now: u32| -> Vec<Deed> {
            let count = dice.random_range(1..6);
            let make = |n: usize| {
                if dice.random_range(0..4) == 0
                    && let Some(again) = made.choose(dice)
                {
                    let again = again.clone();
                    return if dice.random_range(0..5) == 0 { again.saying("something else") } else { again };
                }
                let created = now - dice.random_range(0..reach);
                // Few seconds, so that ranks matter.
                let fresh = deed(&format!("{}-{n}", made.len())).created(created - created % 40);
                made.push(fresh.clone());
                fresh
            };
            (0..count).map(make).collect()
        };
        steps.push(match dice.random_range(0..100) {
            0..30 => Step::Publish(deeds(&mut dice, 300, now)),
            30..70 => {
                let reach = *[300, 3 * DAY_S, 18 * DAY_S].choose(&mut dice).unwrap();
                Step::Import(deeds(&mut dice, reach, now).into_iter().map(Deed::enterprise_only).collect())
            }
            70..80 => {
                now += dice.random_range(1..DAY_S);
                Step::Clock(now)
            }
            80..86 => Step::Restart,
            86..95 => Step::Sweep,
            95..98 => Step::Hold,
            _ => Step::Release,
        });
    }
    steps
}

/// Plays the steps; answers all that the keeper said, and in the end shows.
async fn play<K: Keeper>(steps: &[Step]) -> Vec<String> {
    let mut trial = Trial::<K>::open().await;
    let (mut now, mut told) = (NOW, Vec::new());
    trial.publish(now, [unseen([Effect::EnterpriseSet(settings(HOME, SHORT))])]).await;
    for step in steps {
        match step {
            Step::Publish(deeds) => told.push(format!("{:?}", trial.append(HOME, now, deeds).await.receipts)),
            Step::Import(deeds) => told.push(format!("{:?}", trial.import(now, deeds).await)),
            Step::Clock(later) => now = *later,
            Step::Restart => trial = trial.reopened().await,
            Step::Sweep => {
                let renderings = crate::contract::sweeping::sweep(&trial, now).await;
                told.push(format!("swept {renderings}"));
            }
            Step::Hold => {
                let hold = Hold {
                    id: "h".to_owned(),
                    enterprise: enterprise(HOME),
                    name: "Case".to_owned(),
                    why: String::new(),
                    scope: Scope::default(),
                    placed_by: UserId::new("7").unwrap(),
                    placed_at: Second(now),
                    until: None,
                    released: None,
                };
                trial.retention().add_hold(hold).await.unwrap();
            }
            Step::Release => {
                trial.retention().forget_hold(&enterprise(HOME), "h").await.unwrap();
            }
        }
        for line in every_line() {
            told.push(format!("{line:?}: {:?}", trial.ends(&line).await));
        }
    }
    for line in every_line() {
        told.push(format!("{line:?}: {:?}", trial.places(line.clone()).await));
    }
    let mut ids = BTreeSet::new();
    for step in steps {
        if let Step::Publish(deeds) | Step::Import(deeds) = step {
            ids.extend(deeds.iter().filter_map(|deed| deed.enterprise.as_deref()));
        }
    }
    for id in ids {
        let found = trial.find(FeedKind::Enterprise, id).await;
        told.push(format!("{id}: {:?}", found.map(|found| (found.place, found.bytes))));
    }
    told
}

async fn side_by_side<A: Keeper, B: Keeper>(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let steps = script(seed);
        let (one, other) = (play::<A>(&steps).await, play::<B>(&steps).await);
        for (a, b) in one.iter().zip(&other) {
            assert_eq!(a, b, "the two keepers, seed {seed}");
        }
    }
}

#[tokio::test]
async fn random_imports_are_those_of_the_memory_keeper() {
    side_by_side::<EmbeddedInMemory, Memory>(0..60).await;
}

#[tokio::test]
async fn random_imports_in_pieces_are_those_of_the_memory_keeper() {
    side_by_side::<EmbeddedInPieces, Memory>(60..160).await;
}

// A restart of one process leaves the frontier where the database has it, for others may be at work.
#[tokio::test]
async fn random_imports_in_postgresql_are_those_of_the_memory_keeper() {
    if !Postgres::is_missing() {
        side_by_side::<Postgres, MemoryGoingOn>(160..175).await;
    }
}

const DIR: &str = "/store";

fn open(disk: &Disk) -> EmbeddedStore {
    let few = Options { partition_entries: 6, preallocate_bytes: 4_096, threads: false, ..Options::default() };
    EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new(DIR), few).unwrap()
}

async fn bring_in(store: &EmbeddedStore, batch: u32) -> Result<Vec<Brought>, AppendError> {
    let deeds = (0..2).map(|n| deed(&format!("past-{batch}-{n}")).enterprise_only().created(1_000 + batch % 3 + n));
    let events = deeds.map(|deed| deed.past(Second(NOW))).collect();
    store.import(History { enterprise: enterprise(HOME), events, now: Second(NOW) }).await
}

const BATCHES: u32 = 7;

/// Imports some batches, merges among them, until something goes wrong.
async fn bring_in_all(store: &EmbeddedStore) -> Result<u64, AppendError> {
    let mut new = 0;
    for batch in 0..BATCHES {
        new += bring_in(store, batch).await?.iter().filter(|it| **it == Brought::New).count() as u64;
    }
    Ok(new)
}

/// A store with something published in it.
async fn begun(seed: u64) -> (Disk, EmbeddedStore) {
    let disk = Disk::new(seed);
    let store = open(&disk);
    let events = (0..8).map(|n| deed(&format!("live-{n}")).created(1_001).event(Second(NOW))).collect();
    store.append(Batch { enterprise: enterprise(HOME), events, now: Second(NOW) }).await.unwrap();
    (disk, store)
}

async fn each_is_there_once(store: &EmbeddedStore, disk: &Disk, what: &str) {
    let slice = store.scan(whole(window())).await.unwrap();
    let text = slice.runs.iter().map(|run| String::from_utf8(run.to_vec()).unwrap()).collect::<Vec<_>>().join(",");
    for batch in 0..BATCHES {
        for n in 0..2 {
            let id = format!("\"past-{batch}-{n}\"");
            assert_eq!(text.matches(&id).count(), 1, "{id} after {what}");
            let id = event_id(id.trim_matches('"'));
            assert!(store.find(&enterprise(HOME), FeedKind::Enterprise, &id).await.unwrap().is_some(), "{id} {what}");
        }
    }
    assert_eq!(slice.count, 8 + 2 * BATCHES as usize, "{what}");
    assert!(disk.names().len() < 40, "files pile up after {what}: {:?}", disk.names());
}

#[tokio::test]
async fn an_import_cut_off_anywhere_is_brought_in_again_once() {
    let (disk, store) = begun(0).await;
    let before = disk.operations();
    assert_eq!(bring_in_all(&store).await, Ok(2 * u64::from(BATCHES)));
    let operations = disk.operations() - before;
    each_is_there_once(&store, &disk, "nothing").await;
    let stats = store.stats();
    assert_eq!(stats.imported_entries, 2 * u64::from(BATCHES));
    assert!(stats.sealed < 1 + u64::from(BATCHES), "small ones were merged: {stats:?}");
    drop(store);
    assert!(operations > 100, "{operations} operations");
    for fault in [Fault::PowerCut, Fault::AnyError, Fault::Full] {
        for at in 1..=operations {
            let what = format!("{fault:?} at operation {at}");
            let (disk, store) = begun(at).await;
            disk.schedule(at, fault);
            let outcome = bring_in_all(&store).await;
            // Upkeep may have met it alone, and tries again later.
            assert!(outcome.is_err() || !disk.happened().is_empty() || at == operations, "{what}: {outcome:?}");
            disk.calm();
            drop(store);
            if disk.is_off() {
                disk.power_back();
            }
            disk.calm();
            let store = open(&disk);
            bring_in_all(&store).await.unwrap();
            each_is_there_once(&store, &disk, &what).await;
            assert_eq!(bring_in_all(&store).await, Ok(0), "{what}");
            drop(store);
            let damage = verify_on(&disk, Path::new(DIR), &mut |_| {}).unwrap().damage;
            assert_eq!(damage, Vec::<String>::new(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_backup_has_what_was_imported() {
    let (disk, store) = begun(1).await;
    bring_in_all(&store).await.unwrap();
    let to = Path::new("/copy");
    store.backup(to, &mut |_| {}).unwrap();
    assert_eq!(verify_on(&disk, to, &mut |_| {}).unwrap().damage, Vec::<String>::new());
    let options = Options { threads: false, ..Options::default() };
    let copy = EmbeddedStore::open_on(Arc::new(disk.clone()), to, options).unwrap();
    assert_eq!(copy.scan(whole(window())).await.unwrap().count, 8 + 2 * BATCHES as usize);
    assert_eq!(bring_in_all(&copy).await, Ok(0));
}
