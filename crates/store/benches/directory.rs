//! What a large directory costs: `cargo bench -p store --bench directory`.
//!
//! 100,000 users, 10,000 groups of ten and 1,000,000 collaborations on 100,000 folders, loaded as the effects of events;
//! then publishes over the memory keeper, from the bytes of a draft to the answer: with the audience derived and with
//! the same audience named, by turns, and one deed that everybody hears. Memory is what the process has more of,
//! where the system tells it. And what it takes to open an embedded store that knows as many files as are remembered.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use feed::catalogue::Catalogue;
use feed::directory::{Collaborator, Directory, Effect, Person};
use feed::event::Event;
use feed::id::{EnterpriseId, GroupId, ItemId, UserId};
use feed::intake::{self, Format, Rules};
use feed::limits::TREE_ITEMS_MAX;
use feed::position::Place;
use feed::time::Second;
use std::fmt::Write;
use std::time::{Duration, Instant};
use store::Stores;
use store::embedded::{EmbeddedStore, Options};
use store::ledger::Batch;
use store::memory::MemoryStore;

const USERS: usize = 100_000;
const GROUPS: usize = 10_000;
const COLLABORATIONS: usize = 1_000_000;
const NOW: Second = Second(1_750_000_000);
const ROUNDS: usize = 20;
const BATCH: usize = 500;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(measure());
    runtime.block_on(open());
}

/// Opens a store that knows as many files as are remembered, in partitions of 64 MB; once right after the last was
/// noted, and once more.
async fn open() {
    const AT_ONCE: usize = 10_000;
    let dir = tempfile::tempdir_in(".").expect("a folder");
    let options = || Options { partition_bytes: 64 << 20, ..Options::default() };
    let opened = || {
        let started = now();
        let store = EmbeddedStore::open(dir.path(), options()).expect("it opens");
        (store, started.elapsed())
    };
    let (store, _) = opened();
    let started = now();
    for first in (0..TREE_ITEMS_MAX).step_by(AT_ONCE) {
        let placed = (first..first + AT_ONCE).map(|n| Effect::Placed {
            item: ItemId::new(&format!("{}", 1_500_000_000_000 + n * 11_003 % 99_000_000_000)).expect("an id"),
            folders: vec![ItemId::new(&folder(n % 100_000)).expect("an id")],
            rooted: true,
            owner: Some(user(n)),
        });
        let people = (0..USERS).filter(|_| first == 0).map(met);
        append(&store.stores(), vec![Event::unseen(people.chain(placed).collect())]).await;
    }
    println!("{TREE_ITEMS_MAX} files noted in {:?}", started.elapsed());
    drop(store);
    let bytes = |ending: &str| -> u64 {
        let entries = std::fs::read_dir(dir.path().join("events")).expect("a folder").filter_map(Result::ok);
        let ours = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(ending));
        ours.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    };
    let (snapshot, notes) = (bytes(".directory") >> 20, bytes(".notes") >> 20);
    println!("snapshot {snapshot} MiB, files of notes {notes} MiB, frames {} MiB", bytes(".frames") >> 20);
    for _ in 0..3 {
        let (store, took) = opened();
        println!("opened in {took:?}");
        drop(store);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time that really passes")]
fn now() -> Instant {
    Instant::now()
}

fn home() -> EnterpriseId {
    EnterpriseId::new("1").expect("an id")
}

fn user(number: usize) -> UserId {
    UserId::new(&format!("{}", 20_000_000_000 + number % USERS)).expect("an id")
}

fn folder(number: usize) -> String {
    format!("{}", 160_000_000_000 + number)
}

fn group(number: usize) -> GroupId {
    GroupId::new(&format!("{}", 7_000_000 + number)).expect("an id")
}

fn met(number: usize) -> Effect {
    Effect::Met(Person {
        id: user(number),
        name: format!("User {number}").into(),
        login: format!("u{number}@x.example").into(),
    })
}

/// The n-th collaboration: ten to a folder, the last of them a group.
fn collaboration(n: usize) -> Effect {
    let on = n / 10;
    let with =
        if n % 10 == 9 { Collaborator::Group(group(on % GROUPS)) } else { Collaborator::User(user(on * 7 + n * 13)) };
    let item = ItemId::new(&folder(on)).expect("an id");
    Effect::Collaborates { item, with, role: None, status: None, id: Some(format!("{}", 40_000_000_000 + n).into()) }
}

/// Five hear of this: a folder with an owner, three more users and no group.
fn small(directory_of: usize) -> Vec<Effect> {
    let item = ItemId::new(&format!("small{directory_of}")).expect("an id");
    let with = |n: usize| Collaborator::User(user(directory_of * 5 + n));
    let let_in = |n| Effect::Collaborates { item: item.clone(), with: with(n), role: None, status: None, id: None };
    (1..5).map(let_in).collect()
}

fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kib| kib * 1024)
}

async fn append(stores: &Stores, events: Vec<Event>) {
    stores.ledger.append(Batch { enterprise: home(), events, now: NOW }).await.expect("the batch is taken");
}

async fn measure() {
    // Alone first, so that its memory and the time of its loading are known.
    let (mut directory, home) = (Directory::default(), home());
    let before = resident_bytes();
    let started = now();
    let mut place = Place { second: NOW, ordinal: 1 };
    let mut load = |effects: Vec<Effect>| {
        directory.give(&effects, &home, place);
        place = place.next();
    };
    (0..USERS).for_each(|n| load(vec![met(n)]));
    for n in 0..GROUPS {
        load(vec![Effect::GroupSet { group: group(n), name: Some(format!("Group {n}").into()) }]);
        load((0..10).map(|m| Effect::Joined { user: user(n * 10 + m), group: group(n) }).collect());
    }
    let people = resident_bytes();
    let people_took = started.elapsed();
    (0..COLLABORATIONS).for_each(|n| load(vec![collaboration(n)]));
    let took = started.elapsed();
    let all = resident_bytes();
    println!("loading: {people_took:?} for users and groups, {:?} for collaborations", took - people_took);
    if let (Some(before), Some(people), Some(all)) = (before, people, all) {
        println!(
            "memory: {} bytes a user with a membership, {} bytes a collaboration",
            (people - before) / USERS,
            (all - people) / COLLABORATIONS
        );
    }
    assert_eq!(directory.collaborations_count(), COLLABORATIONS);
    let started = now();
    let snapshot = postcard::to_stdvec(&directory).expect("a directory can be written");
    let written = started.elapsed();
    let again: Directory = postcard::from_bytes(&snapshot).expect("and read");
    println!(
        "snapshot: {} MiB, written in {written:?}, read in {:?}",
        snapshot.len() >> 20,
        started.elapsed() - written
    );
    assert!(again == directory);
    drop((snapshot, again, directory));

    let stores = MemoryStore::new(5).stores();
    append(&stores, vec![Event::unseen((0..USERS).map(met).collect())]).await;
    let rest =
        (0..GROUPS).flat_map(|n| (0..10).map(move |m| Effect::Joined { user: user(n * 10 + m), group: group(n) }));
    append(&stores, vec![Event::unseen(rest.collect())]).await;
    append(&stores, vec![Event::unseen((0..COLLABORATIONS).map(collaboration).collect())]).await;
    append(&stores, vec![Event::unseen((0..1_000).flat_map(small).collect())]).await;
    let everybody = (0..USERS).map(|n| Effect::Collaborates {
        item: ItemId::new("everybody").expect("an id"),
        with: Collaborator::User(user(n)),
        role: None,
        status: None,
        id: None,
    });
    append(&stores, vec![Event::unseen(everybody.collect())]).await;

    let (mut derived, mut named) = (Duration::ZERO, Duration::ZERO);
    for round in 0..ROUNDS {
        derived += publish(&stores, round, "d", false).await;
        named += publish(&stores, round, "n", true).await;
    }
    let each = |took: Duration| took / u32::try_from(ROUNDS * BATCH).unwrap_or(u32::MAX);
    println!(
        "publish heard by 5: derived {:?}, named {:?}, ratio {:.2}",
        each(derived),
        each(named),
        named.as_secs_f64() / derived.as_secs_f64()
    );
    let started = now();
    for n in 0..BATCH {
        one(&stores, &format!("all{n}"), "everybody", 1, None).await;
    }
    println!("publish heard by 100,000: {:?}", started.elapsed() / u32::try_from(BATCH).unwrap_or(u32::MAX));
    let started = now();
    for n in 0..BATCH {
        one(&stores, &format!("five{n}"), &format!("small{n}"), n * 5, None).await;
    }
    println!("the same alone, heard by 5: {:?}", started.elapsed() / u32::try_from(BATCH).unwrap_or(u32::MAX));
}

/// Publishes a batch of deeds that five users hear of each.
async fn publish(stores: &Stores, round: usize, mark: &str, name_them: bool) -> Duration {
    let mut body = String::new();
    for n in 0..BATCH {
        let audience =
            name_them.then(|| (0..5).map(|m| format!("\"{}\"", user(n * 5 + m))).collect::<Vec<_>>().join(","));
        write(&mut body, &format!("{mark}{round}-{n}"), &format!("small{n}"), n * 5, audience.as_deref());
    }
    record(stores, &body).await
}

async fn one(stores: &Stores, id: &str, folder: &str, actor: usize, audience: Option<&str>) {
    let mut body = String::new();
    write(&mut body, id, folder, actor, audience);
    record(stores, &body).await;
}

/// From the bytes of the drafts to the answer.
async fn record(stores: &Stores, body: &str) -> Duration {
    let (catalogue, publisher) = (Catalogue::standard(), home());
    let rules = Rules { catalogue: &catalogue, enterprise: &publisher };
    let started = now();
    let events = intake::read(body.as_bytes(), Format::Ndjson, &rules, NOW, &mut || [7; 20]).expect("good drafts");
    append(stores, events).await;
    started.elapsed()
}

fn write(body: &mut String, id: &str, folder: &str, actor: usize, audience: Option<&str>) {
    let person = format!(r#"{{"type":"user","id":"{}","name":"Somebody","login":"s@x.example"}}"#, user(actor));
    let audience = audience.map(|ids| format!(r#","audience":[{ids}]"#)).unwrap_or_default();
    writeln!(
        body,
        r#"{{"user":{{"event_id":"{id}","event_type":"ITEM_UPLOAD","created_by":{person},"source":{{"type":"file","id":"15266174{folder}","sequence_id":"0","etag":"0","sha1":"b34f4d1e5c7a9f1d0e2c4b6a8f0e1d3c5b7a9f10","name":"Supplier agreement.docx","description":"","size":48213,"path_collection":{{"total_count":2,"entries":[{{"type":"folder","id":"0","sequence_id":null,"etag":null,"name":"All Files"}},{{"type":"folder","id":"{folder}","sequence_id":"2","etag":"2","name":"Contracts"}}]}},"created_at":"2025-05-14T02:01:05-07:00","modified_at":"2025-05-14T02:01:05-07:00","trashed_at":null,"purged_at":null,"content_created_at":"2025-05-14T01:01:05-07:00","content_modified_at":"2025-05-14T01:01:05-07:00","created_by":{person},"modified_by":{person},"owned_by":{person},"shared_link":null,"parent":{{"type":"folder","id":"{folder}","sequence_id":"2","etag":"2","name":"Contracts"}},"item_status":"active"}}}}{audience}}}"#
    )
    .expect("a string takes all");
}
