//! The directory on the disk: what a seal writes of it, and that it is the same after a start.

use crate::deed::{Deed, deed, enterprise, item_id, user};
use crate::disk::{Disk, Fault};
use crate::trial::{HOME, NOW};
use feed::directory::{Directory, Effect};
use feed::id::GroupId;
use feed::time::Second;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::directory_store::DirectoryStore;
use store::embedded::{EmbeddedStore, OpenError, Options, verify_on};
use store::ledger::{Batch, Ledger};

fn dir() -> &'static Path {
    Path::new("/store")
}

/// A partition holds ten deeds.
fn options() -> Options {
    let few = Options { partition_entries: 20, preallocate_bytes: 1 << 12, cache_bytes: 1 << 20, ..Options::default() };
    Options { directory_notes_bytes: 2_000, threads: false, ..few }
}

fn open(disk: &Disk) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open_on(Arc::new(disk.clone()), dir(), options())
}

/// Places a file, and lets somebody into a group or out of it.
fn placing(n: u32) -> Deed {
    let (item, owner) = (item_id(&(1_000 + n).to_string()), Some(user(&(n % 7).to_string())));
    let placed = Effect::Placed { item, folders: vec![item_id(&(n % 13).to_string())], rooted: true, owner };
    let (member, group) = (user(&(n % 7).to_string()), GroupId::new(&format!("g{}", n % 3)).unwrap());
    let tied = match n % 2 {
        0 => Effect::Joined { user: member, group },
        _ => Effect::Left { user: member, group },
    };
    deed(&format!("e{n}")).by(&(n % 7).to_string()).changing([placed, tied])
}

async fn publish(store: &EmbeddedStore, n: u32) {
    let now = Second(NOW + n);
    let batch = Batch { enterprise: enterprise(HOME), events: vec![placing(n).event(now)], now };
    store.append(batch).await.unwrap();
}

async fn directory(store: &EmbeddedStore) -> Directory {
    <dyn DirectoryStore>::ask(store, Directory::clone).await.unwrap()
}

fn files(disk: &Disk, ending: &str) -> Vec<PathBuf> {
    disk.names().into_iter().filter(|name| name.to_string_lossy().ends_with(ending)).collect()
}

fn bytes(disk: &Disk, ending: &str) -> usize {
    files(disk, ending).iter().map(|path| disk.read(path).len()).sum()
}

/// Some forty partitions, and a few deeds in one that is open; there are a snapshot and several files of notes.
async fn filled() -> (Disk, Directory) {
    let disk = Disk::new(1);
    let store = open(&disk).unwrap();
    for n in 0..1_000 {
        publish(&store, n).await;
        if 400 < n && n % 10 == 5 && files(&disk, ".notes").len() > 2 {
            break;
        }
    }
    let directory = directory(&store).await;
    (disk, directory)
}

#[tokio::test]
async fn it_is_the_same_after_any_start() {
    let disk = Disk::new(1);
    let mut snapshots = Vec::new();
    for n in 0..405 {
        let store = open(&disk).unwrap();
        publish(&store, n).await;
        let before = directory(&store).await;
        drop(store);
        let store = open(&disk).unwrap();
        assert!(directory(&store).await == before, "after {n} deeds");
        snapshots.extend(files(&disk, ".directory"));
    }
    snapshots.dedup();
    assert!((3..20).contains(&snapshots.len()), "{snapshots:?}: now and then, not at each of forty seals");
    assert_eq!(verify_on(&disk, dir(), &mut |_| {}).unwrap().damage, Vec::<String>::new());
}

#[tokio::test]
async fn what_has_to_be_played_at_a_start_is_bounded() {
    let disk = Disk::new(1);
    let store = open(&disk).unwrap();
    let mut most = 0;
    for n in 0..2_000 {
        publish(&store, n).await;
        let (snapshot, notes) = (bytes(&disk, ".directory"), bytes(&disk, ".notes"));
        // One file more than the bound may be there; the next seal makes a snapshot.
        assert!(notes < 2_000.max(snapshot / 2) + 1_000, "{notes} bytes of notes, {snapshot} of the snapshot");
        assert!(files(&disk, ".directory").len() <= 1);
        most = most.max(notes);
    }
    assert!(most > 2_000, "{most} bytes of notes at most: they are not what is played");
}

#[tokio::test]
async fn files_of_notes_stay_few_however_short_they_are() {
    let disk = Disk::new(1);
    let much = Options { partition_entries: 2, directory_notes_bytes: u64::MAX, ..options() };
    let store = EmbeddedStore::open_on(Arc::new(disk.clone()), dir(), much).unwrap();
    for n in 0..600 {
        publish(&store, n).await;
        assert!(files(&disk, ".notes").len() <= 256);
    }
    let before = directory(&store).await;
    drop(store);
    assert!(directory(&open(&disk).unwrap()).await == before);
}

#[tokio::test]
async fn a_disk_that_is_full_at_a_seal_gets_back_what_was_written_for_it() {
    let mut full = 0;
    for after in 0..60 {
        let disk = Disk::new(after);
        let store = open(&disk).unwrap();
        for n in 0..9 {
            publish(&store, n).await;
        }
        disk.schedule(after, Fault::Full);
        for n in 9..12 {
            let now = Second(NOW + n);
            let batch = Batch { enterprise: enterprise(HOME), events: vec![placing(n).event(now)], now };
            let _ = store.append(batch).await;
        }
        full += usize::from(!disk.happened().is_empty());
        if store.stats().sealed == 0 {
            let left: Vec<PathBuf> = disk.names().into_iter().filter(|name| is_of_a_seal(name)).collect();
            assert_eq!(left, Vec::<PathBuf>::new(), "full after {after} operations");
        }
        disk.calm();
        for n in 9..25 {
            publish(&store, n).await;
        }
        let before = directory(&store).await;
        drop(store);
        assert!(directory(&open(&disk).unwrap()).await == before, "full after {after} operations");
    }
    assert!(full > 20, "{full}");
}

fn is_of_a_seal(name: &Path) -> bool {
    let name = name.to_string_lossy();
    [".notes", ".directory", ".data", ".index"].iter().any(|ending| name.ends_with(ending))
}

#[tokio::test]
async fn damage_is_told_by_file_and_place_and_nothing_opens_with_less() {
    let (disk, _) = filled().await;
    for ending in [".directory", ".notes"] {
        let path = files(&disk, ending).pop().unwrap();
        for at in (0..disk.read(&path).len()).step_by(3) {
            let disk = disk.copy();
            disk.change(&path, at, |byte| *byte ^= 1);
            let damage = verify_on(&disk, dir(), &mut |_| {}).unwrap().damage;
            let name = path.display().to_string();
            assert!(damage.iter().any(|place| place.contains(&name)), "byte {at} of {name}: {damage:?}");
            let error = open(&disk).unwrap_err().to_string();
            assert!(error.contains(&name), "byte {at} of {name}: {error}");
        }
        for disk in [disk.copy(), disk.copy()] {
            disk.take(&path);
            let error = open(&disk).unwrap_err().to_string();
            assert!(error.contains("is missing"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_backup_has_it() {
    let (disk, before) = filled().await;
    let store = open(&disk).unwrap();
    store.backup(Path::new("/backup"), &mut |_| {}).unwrap();
    drop(store);
    let copy = EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/backup"), options()).unwrap();
    assert!(directory(&copy).await == before);
}
