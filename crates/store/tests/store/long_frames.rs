//! Long commits on a real disk, where they are written past the cache of the operating system: readers find in the files
//! what they found in memory, also beside short commits, which go through it, and after the next start.

use crate::deed::{deed, enterprise};
use crate::disk::Disk;
use crate::trial::{HOME, NOW, feed_of, streaming, whole};
use feed::position::Place;
use feed::time::Second;
use std::path::Path;
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Options, verify};
use store::ledger::{Batch, Ledger, Line, Scan};

const COMMITS: u32 = 20;

fn options(cached_writes_bytes: u64) -> Options {
    Options { cached_writes_bytes, preallocate_bytes: 1 << 20, threads: false, ..Options::default() }
}

fn open(dir: &Path, cached_writes_bytes: u64) -> EmbeddedStore {
    EmbeddedStore::open(dir, options(cached_writes_bytes)).unwrap()
}

/// How many events a commit has: some are far shorter than a page of the disk, some are long.
fn count(commit: u32) -> u32 {
    [1, 700, 2, 40, 1_500][commit as usize % 5]
}

async fn publish(store: &EmbeddedStore, commits: std::ops::Range<u32>) {
    for commit in commits {
        let now = Second(NOW + commit);
        let note = "and so on ".repeat(50 + commit as usize);
        let event = |n| deed(&format!("{commit}-{n}")).heard_by(["7"]).saying(&note).event(now);
        let events = (0..count(commit)).map(event).collect();
        store.append(Batch { enterprise: enterprise(HOME), events, now }).await.unwrap();
    }
}

/// All bytes that the feed of user 7 and the enterprise feed hold, and of how many events.
async fn everything(store: &EmbeddedStore) -> [(usize, Vec<u8>); 2] {
    let read = async |line: Line| {
        let (mut count, mut text, mut after) = (0, Vec::new(), Place::START);
        loop {
            let slice = store.scan(Scan { after, ..whole(line.clone()) }).await.unwrap();
            let Some(last) = slice.last else { return (count, text) };
            count += slice.count;
            for run in &slice.runs {
                text.extend_from_slice(run);
                text.push(b',');
            }
            after = last;
        }
    };
    [read(feed_of("7")).await, read(streaming()).await]
}

#[tokio::test]
async fn commits_past_the_cache_are_read_as_those_through_it() {
    let published = (0..COMMITS).map(count).sum::<u32>() as usize;
    let mut versions = Vec::new();
    // None through the cache, some, and all.
    for cached in [0, 4 << 20, u64::MAX] {
        let dir = tempfile::tempdir().unwrap();
        publish(&open(dir.path(), cached), 0..COMMITS / 2).await;
        // After a start nothing is at hand in memory; reading brings what is in the file, and the space after it, into
        // the cache.
        let store = open(dir.path(), cached);
        everything(&store).await;
        publish(&store, COMMITS / 2..COMMITS).await;
        let read = everything(&store).await;
        assert_eq!([read[0].0, read[1].0], [published; 2], "{cached}");
        drop(store);
        assert!(everything(&open(dir.path(), cached)).await == read, "{cached}: after a restart");
        assert_eq!(verify(dir.path(), &mut |_| {}).unwrap().damage, Vec::<String>::new(), "{cached}");
        versions.push(read);
    }
    assert!(versions.iter().all(|version| *version == versions[0]));
}

#[tokio::test]
async fn only_long_commits_beyond_the_budget_go_past_the_cache() {
    // Each five commits have two long ones, of one megabyte and of two; in five seconds one megabyte of three comes back.
    for (cached, past) in [(0, 4), (3 << 20, 1), (u64::MAX, 0)] {
        let disk = Disk::new(5);
        let store = EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/store"), options(cached)).unwrap();
        publish(&store, 0..10).await;
        assert_eq!(disk.past_cache(), past, "{cached}");
    }
}
