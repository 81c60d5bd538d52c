//! Stores of every version of the format that was released must open, and hold what was put into them.

use crate::contract::search::everything;
use crate::deed::{deed, enterprise, event_id, item_id, user};
use crate::disk::{Disk, Fault};
use crate::trial::{feed_of, history, streaming, whole, window};
use feed::directory::Directory;
use feed::event::{EventType, FeedKind};
use feed::filter::TypeFilter;
use feed::id::GroupId;
use feed::search::Filters;
use feed::time::Second;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::directory_store::DirectoryStore;
use store::embedded::{EmbeddedStore, OpenError, Options, verify_on};
use store::ledger::{Batch, Ledger, Scan};
use store::search::{Search, Searching};
use store::token_store::{TokenHash, TokenStore};

/// A disk with the files of a fixture; `events--name` stands for `events/name`.
fn disk_of(fixture: &str) -> Disk {
    let disk = Disk::new(0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/fixtures").join(fixture);
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let bytes = zstd::stream::decode_all(std::fs::File::open(entry.path()).unwrap()).unwrap();
        let name = name.strip_suffix(".zst").unwrap().replace("--", "/");
        disk.put(&PathBuf::from("/store").join(name), &bytes);
    }
    disk
}

#[tokio::test]
async fn a_store_of_format_1_opens() {
    opens("format-1", 0).await;
}

#[tokio::test]
async fn a_store_of_format_2_opens() {
    let store = opens("format-2", 0).await;
    let by_mara = Filters { actors: vec![user("7")], ..Filters::default() };
    let found = store.search(Searching { filters: by_mara, ..everything() }).await.unwrap();
    assert_eq!(found.entries.len(), 51);
}

#[tokio::test]
async fn a_store_of_format_2_opens_with_its_imports() {
    let store = opens("format-2-imports", 4).await;
    let imported = Ledger::find(&store, &enterprise("1"), FeedKind::Enterprise, &event_id("e102")).await.unwrap();
    assert_eq!(&imported.unwrap().bytes[..], br#"{"event_id":"e102"}"#);
}

#[tokio::test]
async fn a_store_of_format_3_opens_with_its_imports() {
    opens("format-3", 4).await;
}

/// Of its two sealed partitions the halves lie in the frames; the snapshot of the directory has heard five frames of the
/// third, and the rest of its notes are JSON.
#[tokio::test]
async fn a_store_of_format_4_opens_with_its_directory() {
    let store = opens("format-4", 0).await;
    let directory = <dyn DirectoryStore>::ask(&store, Directory::clone).await.unwrap();
    let home = enterprise("1");
    assert_eq!(directory.items(&home).count(), 52);
    for item in 100..151 {
        assert_eq!(directory.folders_above(&home, &item_id(&item.to_string())), [item_id("50")], "{item}");
    }
    assert_eq!(directory.groups_of(&home, &user("7")), [GroupId::new("g").unwrap()]);
}

/// All of it is apart from frames but a partition of one frame, at a multiple of 64.
#[tokio::test]
async fn a_store_of_format_5_opens_with_its_imports() {
    opens("format-5", 4).await;
}

/// Behind frames of an older version, which begin at multiples of 64, stand those of this one.
#[tokio::test]
async fn a_partition_of_an_older_format_is_written_on() {
    for (fixture, imported) in [("format-1", 0), ("format-4", 0), ("format-5", 4)] {
        let disk = disk_of(fixture);
        for n in 0..4 {
            let store = try_open(&disk).unwrap();
            let now = Second(1_760_000_000 + n);
            let events = (0..=n).map(|m| deed(&format!("more{n}-{m}")).heard_by(["7"]).event(now)).collect();
            store.append(Batch { enterprise: enterprise("1"), events, now }).await.unwrap();
        }
        let store = try_open(&disk).unwrap();
        for (line, more) in [(feed_of("7"), 0), (streaming(), 0), (window(), imported)] {
            assert_eq!(store.scan(whole(line.clone())).await.unwrap().count, 51 + 10 + more, "{fixture}, {line:?}");
        }
        drop(store);
        assert_eq!(
            verify_on(&disk, Path::new("/store"), &mut |_| {}).unwrap().damage,
            Vec::<String>::new(),
            "{fixture}"
        );
    }
}

fn try_open(disk: &Disk) -> Result<EmbeddedStore, OpenError> {
    let options = Options { threads: false, ..Options::default() };
    EmbeddedStore::open_on(Arc::new(disk.clone()), Path::new("/store"), options)
}

async fn directory_of(disk: &Disk) -> Directory {
    let store = try_open(disk).unwrap();
    <dyn DirectoryStore>::ask(&store, Directory::clone).await.unwrap()
}

/// Whatever goes wrong while an older store is brought up to date, and wherever: then it is tried again, and has all.
#[tokio::test]
async fn bringing_a_store_up_to_date_can_be_broken_off_anywhere() {
    for fixture in ["format-1", "format-4"] {
        let whole = disk_of(fixture);
        let directory = directory_of(&whole).await;
        let operations = whole.operations();
        assert!(operations > 30);
        for fault in [Fault::PowerCut, Fault::Full, Fault::SyncError, Fault::WriteError, Fault::AnyError] {
            let mut refused = 0;
            for at in 0..operations {
                let disk = disk_of(fixture);
                disk.schedule(at, fault);
                refused += u32::from(try_open(&disk).is_err());
                match disk.is_off() {
                    true => disk.power_back(),
                    false => disk.process_gone(),
                }
                disk.calm();
                assert!(directory_of(&disk).await == directory, "{fixture}, {fault:?} at operation {at}");
                let small = disk.read(Path::new("/store/state.redb"));
                let still = small.windows(13).any(|bytes| bytes == b"\"enterprises\"");
                assert!(!still, "{fixture}, {fault:?} at operation {at}: the directory is in the small state still");
            }
            assert!(refused > 0, "{fault:?}");
        }
    }
}

/// If the small state is missing or of another day, nothing is changed, so that the right one can be put back.
#[tokio::test]
async fn a_small_state_that_is_not_of_the_store_is_refused_and_can_be_put_right() {
    let state = Path::new("/store/state.redb");
    let directory = directory_of(&disk_of("format-4")).await;
    let disk = disk_of("format-4");
    let right = disk.read(state);
    disk.take(state);
    for _ in 0..2 {
        let error = try_open(&disk).unwrap_err().to_string();
        assert!(error.contains("has not heard partition 2"), "{error}");
    }
    disk.put(state, &right);
    assert!(directory_of(&disk).await == directory);
}

/// What was put into the fixture of any version; `imported` events stand in windows beside what was published.
async fn opens(fixture: &str, imported: usize) -> EmbeddedStore {
    let disk = disk_of(fixture);
    let dir = Path::new("/store");
    assert_eq!(verify_on(&disk, dir, &mut |_| {}).unwrap().damage, Vec::<String>::new());
    let options = Options { threads: false, ..Options::default() };
    let store = EmbeddedStore::open_on(Arc::new(disk.clone()), dir, options.clone()).unwrap();
    let directory = <dyn DirectoryStore>::ask(&store, Directory::clone).await.unwrap();
    drop(store);
    assert_eq!(verify_on(&disk, dir, &mut |_| {}).unwrap().damage, Vec::<String>::new());
    let small = disk.read(&dir.join("state.redb"));
    assert!(!small.windows(13).any(|bytes| bytes == b"\"enterprises\""), "the directory is in the small state still");
    let store = EmbeddedStore::open_on(Arc::new(disk.clone()), dir, options).unwrap();
    assert!(
        <dyn DirectoryStore>::ask(&store, Directory::clone).await.unwrap() == directory,
        "{fixture} after a restart"
    );
    for line in [feed_of("7"), streaming(), history(), window()] {
        let count = if line == window() { 51 + imported } else { 51 };
        assert_eq!(store.scan(whole(line.clone())).await.unwrap().count, count, "{line:?}");
    }
    let rare = Scan { types: TypeFilter::parse("RARE").unwrap(), ..whole(history()) };
    assert_eq!(store.scan(rare).await.unwrap().count, 11);
    let first = Ledger::find(&store, &enterprise("1"), FeedKind::Enterprise, &event_id("e0")).await.unwrap().unwrap();
    assert_eq!(&first.bytes[..], br#"{"event_id":"e0"}"#);
    assert_eq!(store.user(&user("7")).await.unwrap().unwrap().person.name, "Mara");
    assert_eq!(store.enterprise(&enterprise("1")).await.unwrap().unwrap().name, "Halden");
    let token = TokenStore::find(&store, &TokenHash([7; 32])).await.unwrap();
    assert_eq!(token.unwrap().note, "a token");
    // An index of an older version is made again when it is first searched.
    let rare = Filters { types: vec![EventType::new("RARE").unwrap()], ..Filters::default() };
    for _ in 0..2 {
        let found = store.search(Searching { filters: rare.clone(), ..everything() }).await.unwrap();
        assert_eq!((found.entries.len(), found.end), (11 + imported / 4, true), "{fixture}");
    }
    let manifest = String::from_utf8(disk.read(&dir.join("manifest"))).unwrap();
    assert!(manifest.starts_with("tidings manifest 6 "), "an older program must refuse it from now on");
    store
}
