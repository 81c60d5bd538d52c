//! What only the embedded keeper does: opening what was left behind, telling damage, copying, counting, sweeping on
//! terms.

use crate::contract::directory::settings;
use crate::deed::{Deed, deed, enterprise, event_id, unseen};
use crate::disk::{Disk, Fault};
use crate::trial::{HOME, NOW, feed_of, history, streaming, whole, window};
use feed::directory::Effect;
use feed::event::FeedKind;
use feed::page::Slice;
use feed::position::Place;
use feed::retention::Days;
use feed::time::Second;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::embedded::{EmbeddedStore, OpenError, Options, verify_on};
use store::ledger::{Batch, Ledger, Line, Scan, Unavailable};

const DAY_S: u32 = 86_400;

fn dir() -> &'static Path {
    Path::new("/store")
}

/// Everything is sealed apart.
fn options() -> Options {
    let few = Options { partition_entries: 40, preallocate_bytes: 1 << 14, threads: false, ..Options::default() };
    Options { cache_bytes: 1 << 20, open_halves_max: 4, in_place_block_bytes: u64::MAX, ..few }
}

/// Everything is sealed where it lies.
fn in_place() -> Options {
    Options { in_place_block_bytes: 0, preallocate_bytes: 1 << 20, ..options() }
}

fn try_open(disk: &Disk) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open_on(Arc::new(disk.clone()), dir(), options())
}

fn open(disk: &Disk) -> EmbeddedStore {
    try_open(disk).unwrap()
}

fn open_with(disk: &Disk, options: Options) -> EmbeddedStore {
    EmbeddedStore::open_on(Arc::new(disk.clone()), dir(), options).unwrap()
}

async fn publish(store: &EmbeddedStore, now: u32, deeds: &[Deed]) {
    let now = Second(now);
    let events = deeds.iter().map(|deed| deed.event(now)).collect();
    store.append(Batch { enterprise: enterprise(HOME), events, now }).await.unwrap();
}

/// A store of some sealed partitions and one that is not, closed; with the ids in it.
async fn some_days() -> (Disk, usize) {
    some_days_with(options()).await
}

async fn some_days_with(options: Options) -> (Disk, usize) {
    let disk = Disk::new(1);
    let store = open_with(&disk, options);
    let mut count = 0;
    for n in 0..30 {
        let deeds: Vec<Deed> = (0..5).map(|m| deed(&format!("e{n}-{m}")).created(NOW + n - m * 3)).collect();
        count += deeds.len();
        publish(&store, NOW + n, &deeds).await;
    }
    assert!(store.stats().sealed > 3, "{:?}", store.stats());
    drop(store);
    (disk, count)
}

fn lines() -> [Line; 4] {
    [feed_of("7"), streaming(), history(), window()]
}

fn text(slice: &Slice) -> String {
    String::from_utf8(slice.runs.join(&b","[..])).unwrap()
}

/// All pages of a line, of ten entries each; where the bytes are damaged, what was said instead.
async fn pages(
    store: &EmbeddedStore,
    line: &Line,
    from: &[Place],
) -> Vec<Result<(String, Option<Place>), Unavailable>> {
    let mut pages = Vec::new();
    for after in from {
        let scan = Scan { limit: 10, after: *after, ..whole(line.clone()) };
        pages.push(store.scan(scan).await.map(|slice| (text(&slice), slice.last)));
    }
    pages
}

/// Where the pages of a line begin.
async fn beginnings(store: &EmbeddedStore, line: &Line) -> Vec<Place> {
    let mut from = vec![Place::START];
    loop {
        let after = *from.last().unwrap();
        let scan = Scan { limit: 10, after, ..whole(line.clone()) };
        match store.scan(scan).await.unwrap().last {
            Some(last) => from.push(last),
            None => return from,
        }
    }
}

fn events_file(disk: &Disk, ending: &str) -> PathBuf {
    let mut names = disk.names().into_iter().filter(|name| name.to_string_lossy().ends_with(ending));
    names.next().unwrap_or_else(|| panic!("no file ends in {ending}"))
}

fn damage_of(disk: &Disk) -> Vec<String> {
    verify_on(disk, dir(), &mut |_| {}).map_or_else(|error| vec![error.to_string()], |verified| verified.damage)
}

#[tokio::test]
async fn a_sound_store_verifies() {
    for options in [options(), in_place()] {
        let (disk, count) = some_days_with(options).await;
        let verified = verify_on(&disk, dir(), &mut |_| {}).unwrap();
        assert_eq!((verified.damage, verified.entries), (Vec::new(), 2 * count as u64));
    }
}

/// Flips bits in every kind of file. Each is found and named by verifying; a store with it opens and gives right pages
/// or says which bytes are damaged, or does not open and says why.
#[tokio::test]
async fn a_flipped_bit_is_found_and_named_and_gives_no_wrong_page() {
    let (disk, _) = some_days().await;
    flips(disk, &[".e0.data", ".e0.index", ".u0.data", ".u0.index", ".frames", "manifest"]).await;
}

#[tokio::test]
async fn a_flipped_bit_is_found_also_in_what_was_sealed_where_it_lies() {
    let (disk, _) = some_days_with(in_place()).await;
    flips(disk, &[".e0.index", ".u0.index", "00000001.frames", "manifest"]).await;
}

#[tokio::test]
async fn a_flipped_bit_is_found_also_in_what_is_compressed() {
    let (disk, _) = some_days().await;
    cools(disk.clone()).await;
    flips(disk, &[".e1.data", ".e1.index", ".u1.data", ".u1.index"]).await;
}

async fn flips(disk: Disk, endings: &[&str]) {
    let store = open(&disk);
    let mut wanted = Vec::new();
    for line in lines() {
        let from = beginnings(&store, &line).await;
        wanted.push((pages(&store, &line, &from).await, from));
    }
    drop(store);
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(7);
    let (mut flips, mut served, mut refused) = (0, 0, 0);
    for ending in endings {
        for _ in 0..40 {
            let copy = disk.copy();
            let path = events_file(&copy, ending);
            let bytes = copy.read(&path);
            // What lies behind the last frame is nothing yet.
            let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            let at = dice.random_range(0..=end);
            copy.change(&path, at, |byte| *byte ^= 1 << dice.random_range(0..8));
            let damage = damage_of(&copy);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_padding = ending.ends_with(".frames") && bytes[at] == 0;
            let named = damage.iter().any(|place| place.contains(&name));
            assert!(named || is_padding, "{name} at {at}: {damage:?}");
            flips += 1;
            let Ok(store) = try_open(&copy) else { continue };
            if store.report().torn.is_some() {
                // The last frame of all is told from one that was never finished by nothing.
                continue;
            }
            for (line, (wanted, from)) in lines().iter().zip(&wanted) {
                for (page, wanted) in pages(&store, line, from).await.iter().zip(wanted) {
                    match page {
                        Ok(_) => {
                            assert_eq!(page, wanted, "{name} at {at}");
                            served += 1;
                        }
                        Err(Unavailable::Damaged(place)) => {
                            assert!(place.contains(&name), "{place}");
                            refused += 1;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
        }
    }
    assert!(flips == 40 * endings.len() && refused > 0 && served > 5 * refused, "{served} served, {refused} refused");
}

#[tokio::test]
async fn a_flipped_bit_in_the_small_state_is_found() {
    let (disk, _) = some_days().await;
    let store = open(&disk);
    store.stores().tokens.secret("a name", [0x5a; 32]).await.unwrap();
    drop(store);
    let path = events_file(&disk, "state.redb");
    let secret = [0x5a; 32];
    let bytes = disk.read(&path);
    let copies: Vec<usize> = (0..bytes.len() - 32).filter(|at| bytes[*at..at + 32] == secret).collect();
    assert!(!copies.is_empty());
    copies.iter().for_each(|at| disk.change(&path, at + 20, |byte| *byte ^= 4));
    let damage = damage_of(&disk);
    assert!(damage.iter().any(|place| place.contains("state.redb")), "{damage:?}");
}

#[tokio::test]
async fn a_damaged_index_is_made_again_and_publishing_goes_on() {
    for options in [options(), in_place()] {
        let (disk, _) = some_days_with(options).await;
        for ending in [".u0.index", ".e0.index"] {
            let path = events_file(&disk, ending);
            disk.change(&path, 100, |byte| *byte ^= 1);
        }
        let store = open(&disk);
        publish(&store, NOW + 40, &[deed("e0-0").created(NOW), deed("new")]).await;
        assert!(store.find(&enterprise(HOME), FeedKind::User, &event_id("e0-0")).await.unwrap().is_some());
        assert_eq!(store.stats().mended.len(), 2, "{:?}", store.stats().mended);
        drop(store);
        assert_eq!(damage_of(&disk), Vec::<String>::new());
    }
}

#[tokio::test]
async fn missing_indexes_are_made_again_and_missing_data_is_told() {
    let (disk, _) = some_days().await;
    misses(disk, "00000001.e0.data").await;
    let (disk, _) = some_days_with(in_place()).await;
    misses(disk, "00000001.frames").await;
    let (disk, _) = some_days().await;
    cools(disk.clone()).await;
    misses(disk, "00000001.u1.data").await;
}

async fn misses(disk: Disk, data: &str) {
    let store = open(&disk);
    let from = beginnings(&store, &history()).await;
    let wanted = pages(&store, &history(), &from).await;
    drop(store);
    let before = disk.copy();
    let indexes: Vec<PathBuf> =
        disk.names().into_iter().filter(|name| name.to_string_lossy().ends_with("index")).collect();
    indexes.iter().for_each(|index| disk.take(index));
    let store = open(&disk);
    assert_eq!(store.report().rebuilt.len(), indexes.len());
    assert_eq!(pages(&store, &history(), &from).await, wanted);
    drop(store);
    for index in &indexes {
        assert!(disk.read(index) == before.read(index), "{} is not what it was", index.display());
    }
    disk.take(&events_file(&disk, data));
    let error = try_open(&disk).unwrap_err().to_string();
    assert!(error.contains(&format!("{data} is missing")), "{error}");
}

#[tokio::test]
async fn one_process_has_the_directory() {
    let disk = Disk::new(1);
    let store = open(&disk);
    let error = try_open(&disk).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)) && error.to_string().contains("/store is in use"), "{error}");
    let error = verify_on(&disk, dir(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    drop(store);
    open(&disk);
    let real = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(real.path(), options()).unwrap();
    assert!(matches!(EmbeddedStore::open(real.path(), options()), Err(OpenError::InUse(_))));
    drop(store);
    EmbeddedStore::open(real.path(), options()).unwrap();
}

#[tokio::test]
async fn a_directory_of_something_else_is_refused_and_left_alone() {
    let disk = Disk::new(1);
    disk.put(&dir().join("holiday.jpg"), b"");
    let error = try_open(&disk).unwrap_err().to_string();
    assert!(error.contains("holiday.jpg") && error.contains("choose an empty directory"), "{error}");
    assert_eq!(disk.names(), [dir().join("holiday.jpg")]);
    disk.take(&dir().join("holiday.jpg"));
    disk.put(&dir().join("lost+found"), b"");
    open(&disk);
}

#[tokio::test]
async fn strangers_among_our_files_are_left_alone_and_leftovers_are_removed() {
    let (disk, _) = some_days().await;
    let (stranger, leftover) = (dir().join("events/README"), dir().join("events/00000900.u3.data.new"));
    disk.put(&stranger, b"");
    disk.put(&leftover, b"");
    let store = open(&disk);
    assert_eq!(store.report().removed, ["00000900.u3.data.new"]);
    assert!(disk.names().contains(&stranger) && !disk.names().contains(&leftover));
}

#[tokio::test]
async fn a_lost_manifest_is_not_taken_for_an_empty_store() {
    let (disk, _) = some_days().await;
    disk.take(&dir().join("manifest"));
    let error = try_open(&disk).unwrap_err().to_string();
    assert!(error.contains("no manifest"), "{error}");
    let young = Disk::new(1);
    let store = open(&young);
    publish(&store, NOW, &[deed("a")]).await;
    drop(store);
    young.take(&dir().join("manifest"));
    let error = try_open(&young).unwrap_err().to_string();
    assert!(error.contains("no manifest but events"), "{error}");
}

#[tokio::test]
async fn a_newer_format_is_refused_by_name() {
    let (disk, _) = some_days().await;
    let manifest = dir().join("manifest");
    let text = String::from_utf8(disk.read(&manifest)).unwrap().replacen("manifest 6", "manifest 7", 1);
    disk.put(&manifest, text.as_bytes());
    let error = try_open(&disk).unwrap_err();
    assert!(matches!(error, OpenError::Newer { version: 7, .. }), "{error}");
}

#[tokio::test]
async fn a_torn_end_is_set_aside_and_told() {
    let disk = Disk::new(1);
    let store = open(&disk);
    publish(&store, NOW, &[deed("a")]).await;
    publish(&store, NOW + 1, &[deed("b")]).await;
    drop(store);
    let frames = events_file(&disk, ".frames");
    let last = disk.read(&frames).iter().rposition(|byte| *byte != 0).unwrap();
    disk.change(&frames, last, |byte| *byte ^= 1);
    let store = open(&disk);
    let torn = store.report().torn.clone().unwrap();
    assert_eq!(torn.file, frames);
    assert_eq!(disk.read(&torn.kept_in).len() as u64, torn.bytes);
    assert!(store.find(&enterprise(HOME), FeedKind::User, &event_id("a")).await.unwrap().is_some());
    assert!(store.find(&enterprise(HOME), FeedKind::User, &event_id("b")).await.unwrap().is_none());
    publish(&store, NOW + 2, &[deed("c")]).await;
    drop(store);
    assert_eq!(open(&disk).report().torn, None);
    assert_eq!(damage_of(&disk), Vec::<String>::new());
}

#[tokio::test]
async fn damage_before_a_good_frame_is_no_torn_end() {
    let disk = Disk::new(1);
    let store = open(&disk);
    for n in 0..3 {
        publish(&store, NOW + n, &[deed(&format!("e{n}"))]).await;
    }
    drop(store);
    let frames = events_file(&disk, ".frames");
    disk.change(&frames, 4_096 + 100, |byte| *byte ^= 1);
    let error = try_open(&disk).unwrap_err().to_string();
    assert!(error.contains("00000001.frames at byte 4096: bytes that are no frame, before frame 1"), "{error}");
}

#[tokio::test]
async fn a_backup_made_while_publishing_opens_and_has_what_was_there() {
    for options in [options(), in_place()] {
        let (disk, count) = some_days_with(options).await;
        copies(disk, count).await;
    }
}

async fn copies(disk: Disk, count: usize) {
    let store = open(&disk);
    publish(&store, NOW + 50, &[deed("before")]).await;
    let to = Path::new("/copy");
    let copied = store.backup(to, &mut |_| {}).unwrap();
    assert!(copied.files > 6 && copied.bytes > 0);
    publish(&store, NOW + 51, &[deed("after")]).await;
    let again = store.backup(to, &mut |_| {}).unwrap_err().to_string();
    assert!(again.contains("/copy is not empty"), "{again}");
    let copy = EmbeddedStore::open_on(Arc::new(disk.clone()), to, options()).unwrap();
    let slice = copy.scan(whole(streaming())).await.unwrap();
    assert_eq!(slice.count, count + 1);
    let find = async |id| copy.find(&enterprise(HOME), FeedKind::User, &event_id(id)).await.unwrap();
    assert!(find("before").await.is_some() && find("after").await.is_none());
    publish(&copy, NOW + 52, &[deed("after")]).await;
    drop(copy);
    assert_eq!(verify_on(&disk, to, &mut |_| {}).unwrap().damage, Vec::<String>::new());
}

const SHORT: Days = Days { user: 14, streaming: 7, history: 20, events: 30 };

#[tokio::test]
async fn a_dry_run_tells_what_a_sweep_does() {
    let disk = Disk::new(1);
    let store = open(&disk);
    publish(&store, NOW, &[unseen([Effect::EnterpriseSet(settings(HOME, SHORT))]), deed("a")]).await;
    publish(&store, NOW + 20 * DAY_S, &[deed("b")]).await;
    let now = Second(NOW + 22 * DAY_S);
    let expired = store.expired(now).unwrap();
    assert_eq!((expired.len(), expired[0].renderings, expired[0].of, expired[0].kind), (1, 1, 1, FeedKind::User));
    assert_eq!(store.sweep(now).await.unwrap().renderings, 1);
    assert_eq!(store.expired(now).unwrap(), []);
}

#[tokio::test]
async fn swept_files_give_their_space_back() {
    // Also where nothing is ever compressed, so that halves stay where they lie until the other one is gone.
    let never = Options { compress_after_s: None, ..in_place() };
    for options in [options(), in_place(), never] {
        let (disk, _) = some_days_with(options.clone()).await;
        gives_back(disk, options).await;
    }
}

async fn gives_back(disk: Disk, options: Options) {
    let store = open_with(&disk, options);
    let before = store.stats();
    while store.sweep(Second(NOW + 70 * DAY_S)).await.unwrap().more {}
    let halfway = store.stats();
    assert_eq!((halfway.user_entries, halfway.enterprise_entries), (0, before.enterprise_entries));
    let frames = || disk.names().into_iter().filter(|name| name.to_string_lossy().ends_with(".frames")).count();
    assert_eq!(frames(), 1, "all but the one that is written to");
    assert_eq!(store.scan(whole(window())).await.unwrap().count, 150);
    while store.sweep(Second(NOW + 3_000 * DAY_S)).await.unwrap().more {}
    let after = store.stats();
    assert_eq!((after.enterprise_entries, after.data_bytes, after.index_bytes, after.sealed), (0, 0, 0, 0));
    // Who was there once stays known.
    let stays = [".frames", ".notes", ".directory"];
    let left = disk.names().into_iter().filter(|name| !stays.iter().any(|it| name.to_string_lossy().ends_with(it)));
    let left: Vec<PathBuf> = left.filter(|name| name.starts_with("/store/events")).collect();
    assert_eq!(left, Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_is_cold_is_compressed_and_reads_the_same() {
    let (disk, _) = some_days().await;
    let (before, after) = cools(disk).await;
    assert!(after < before, "{before} {after}");
    // So few bytes grow by what files of their own begin and end with.
    let (disk, _) = some_days_with(in_place()).await;
    cools(disk.clone()).await;
    assert_eq!(in_frames(&disk, &open(&disk)), 0);
}

/// Answers how long the data was before and after.
async fn cools(disk: Disk) -> (u64, u64) {
    let store = open(&disk);
    let mut wanted = Vec::new();
    for line in lines() {
        let from = beginnings(&store, &line).await;
        wanted.push((pages(&store, &line, &from).await, from));
    }
    store.sweep(Second(NOW + DAY_S)).await.unwrap();
    let before = store.stats();
    while store.sweep(Second(NOW + 5 * DAY_S)).await.unwrap().more {}
    let after = store.stats();
    assert_eq!(before.enterprise_entries, after.enterprise_entries);
    for (line, (wanted, from)) in lines().iter().zip(&wanted) {
        assert_eq!(pages(&store, line, from).await, *wanted);
    }
    drop(store);
    assert_eq!(damage_of(&disk), Vec::<String>::new());
    (before.data_bytes, after.data_bytes)
}

/// The sealed partitions of a disk of which the frames are there.
fn in_frames(disk: &Disk, store: &EmbeddedStore) -> u64 {
    let frames = disk.names().into_iter().filter(|name| name.to_string_lossy().ends_with(".frames")).count() as u64;
    frames - store.stats().unsealed
}

#[tokio::test]
async fn what_is_sealed_where_it_lies_is_written_once_and_gives_back_the_space_taken_ahead() {
    let (apart, _) = some_days().await;
    let (disk, _) = some_days_with(in_place()).await;
    let store = open(&disk);
    assert_eq!(in_frames(&disk, &store), store.stats().sealed);
    assert!(!disk.names().iter().any(|name| name.to_string_lossy().ends_with(".data")));
    let length = disk.read(&events_file(&disk, "00000001.frames")).len();
    assert!(length < 1 << 20, "{length} bytes, where {} were taken ahead", 1 << 20);
    let (one, other) = (open(&apart), store);
    for line in lines() {
        let from = beginnings(&one, &line).await;
        assert_eq!(pages(&one, &line, &from).await, pages(&other, &line, &from).await);
    }
}

#[tokio::test]
async fn partitions_of_short_blocks_are_not_sealed_where_they_lie() {
    // Five renderings make a block of some hundred bytes.
    for (block_bytes, lies_there) in [(100, true), (1_000, false)] {
        let (disk, _) = some_days_with(Options { in_place_block_bytes: block_bytes, ..options() }).await;
        let store = open(&disk);
        let wanted = if lies_there { store.stats().sealed } else { 0 };
        assert_eq!(in_frames(&disk, &store), wanted, "{block_bytes}");
    }
}

#[tokio::test]
async fn a_full_disk_leaves_what_lies_in_frames_there_until_there_is_space() {
    let (disk, _) = some_days_with(in_place()).await;
    let store = open(&disk);
    let from = beginnings(&store, &window()).await;
    let wanted = pages(&store, &window(), &from).await;
    // Puts away what was being written, and gives the rest something to do later.
    store.sweep(Second(NOW + DAY_S)).await.unwrap();
    let before = in_frames(&disk, &store);
    disk.schedule(0, Fault::Full);
    assert!(!store.sweep(Second(NOW + 5 * DAY_S)).await.unwrap().more, "it is not tried over and over");
    assert_eq!((in_frames(&disk, &store), pages(&store, &window(), &from).await), (before, wanted.clone()));
    disk.calm();
    while store.sweep(Second(NOW + 5 * DAY_S)).await.unwrap().more {}
    assert_eq!((in_frames(&disk, &store), pages(&store, &window(), &from).await), (0, wanted));
    drop(store);
    assert_eq!(damage_of(&disk), Vec::<String>::new());
}
