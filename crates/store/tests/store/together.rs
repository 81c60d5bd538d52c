//! Many at once: publishers and readers of every kind on one embedded keeper, while partitions close and are sealed
//! under them. Every reader must get every event once, in the order of its line.

use crate::deed::{deed, enterprise};
use crate::disk::Disk;
use crate::trial::{HOME, NOW, feed_of, history, streaming, whole};
use feed::position::Place;
use feed::time::Second;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use store::Stores;
use store::embedded::{EmbeddedStore, Options};
use store::ledger::{Batch, Line, Scan};

const PUBLISHERS: usize = 6;
const BATCHES: usize = 40;
const BATCH: usize = 5;

/// What all share: the store, a clock that publishers move, and how many of them are at work.
struct Shared {
    stores: Stores,
    clock: AtomicU32,
    publishing: AtomicUsize,
}

async fn publish(shared: Arc<Shared>, publisher: usize) {
    for batch in 0..BATCHES {
        let now = Second(NOW + shared.clock.fetch_add(1, Ordering::Relaxed) / 4);
        let deeds = (0..BATCH).map(|n| {
            let late = u32::try_from((n * 7 + publisher) % 12).unwrap();
            deed(&format!("p{publisher}-{batch}-{n}")).created(now.0 - late).event(now)
        });
        let batch = Batch { enterprise: enterprise(HOME), events: deeds.collect(), now };
        let appended = shared.stores.ledger.append(batch).await.unwrap();
        assert_eq!(appended.receipts.len(), BATCH);
        tokio::task::yield_now().await;
    }
    shared.publishing.fetch_sub(1, Ordering::Release);
}

/// Follows a line until nothing comes any more, and checks what it was given.
async fn follow(shared: Arc<Shared>, line: Line, limit: usize) {
    let (mut after, mut seen) = (Place::START, HashSet::new());
    loop {
        let over = shared.publishing.load(Ordering::Acquire) == 0;
        let below = if matches!(line, Line::History(_)) {
            // After the last publisher is done time goes on, so that everything settles.
            let now = NOW + shared.clock.load(Ordering::Relaxed) / 4 + if over { 1_000 } else { 0 };
            Place::at(shared.stores.ledger.frontier(&enterprise(HOME), Second(now)).await.unwrap())
        } else {
            Place::END
        };
        let scan = Scan { after, below, limit, ..whole(line.clone()) };
        let slice = shared.stores.ledger.scan(scan).await.unwrap();
        let text = slice.runs.join(&b","[..]);
        let entries: Vec<serde_json::Value> =
            serde_json::from_str(&format!("[{}]", String::from_utf8(text).unwrap())).unwrap();
        for entry in &entries {
            let id = entry["event_id"].as_str().unwrap().to_owned();
            assert!(seen.insert(id.clone()), "{id} was shown twice in {line:?}");
        }
        match slice.last {
            Some(last) => after = last,
            None if over => break,
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(seen.len(), PUBLISHERS * BATCHES * BATCH, "what {line:?} showed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_get_everything_once_while_others_publish() {
    for round in 0..4 {
        let options = Options {
            partition_entries: [60, 150, 500, 1_000_000][round],
            preallocate_bytes: 1 << 14,
            in_place_block_bytes: if round % 2 == 0 { u64::MAX } else { 0 },
            open_halves_max: 2,
            cache_bytes: 1 << 18,
            ..Options::default()
        };
        let disk = Disk::new(round as u64);
        let store = EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/store"), options.clone()).unwrap();
        let publishing = AtomicUsize::new(PUBLISHERS);
        let shared = Arc::new(Shared { stores: store.stores(), clock: AtomicU32::new(0), publishing });
        let mut tasks = Vec::new();
        for publisher in 0..PUBLISHERS {
            tasks.push(tokio::spawn(publish(shared.clone(), publisher)));
        }
        for (line, limit) in [(streaming(), 3), (history(), 4), (history(), 100), (feed_of("7"), 5), (streaming(), 100)]
        {
            tasks.push(tokio::spawn(follow(shared.clone(), line, limit)));
        }
        for task in tasks {
            task.await.unwrap();
        }
        drop((shared, store));
        let store = EmbeddedStore::open_on(Arc::new(disk), Path::new("/store"), options).unwrap();
        let stats = store.stats();
        let all = (PUBLISHERS * BATCHES * BATCH) as u64;
        assert_eq!((stats.enterprise_entries, stats.user_entries), (all, all), "{stats:?}");
    }
}
