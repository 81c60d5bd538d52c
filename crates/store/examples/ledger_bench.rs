//! Measures the embedded keeper. Print the machine and the disk beside the figures.
//!
//! ```text
//! ledger_bench pair DIR [EVENTS] [BATCH]   publishing, commit by commit in turn with plain write + fdatasync of the same bytes
//! ledger_bench grow DIR DAYS PER_DAY       makes a store of many days
//! ledger_bench many DIR [PUBLISHERS] [BATCH] [EACH]   publishing by many at once
//! ledger_bench keep DIR DAYS                verifies it, sweeps it as so many days after its newest event, verifies it again
//! ledger_bench find DIR                    opens it: pages of searches, selective and not, in both orders, and counts
//! ledger_bench read DIR                    opens it: time, memory, and pages of each line from beginning, middle and end
//! ```

#![expect(clippy::print_stdout, reason = "it is a program to be read from a terminal")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use feed::directory::{Effect, Enterprise, Person};
use feed::event::{Event, EventType, Rendering, UserStreams};
use feed::filter::TypeFilter;
use feed::id::{EnterpriseId, EventId, ItemId, UserId};
use feed::position::Place;
use feed::retention::Retention;
use feed::search::{Filters, Order};
use feed::term::{Term, settle};
use feed::text_match::TextMatch;
use feed::time::Second;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};
use store::embedded::{EmbeddedStore, Options};
use store::ledger::{Batch, Ledger, Line, Scan};
use store::search::{Counting, Search, Searching};

const START: u32 = 1_600_000_000;
const DAY_S: u32 = 86_400;
const ENTERPRISES: [&str; 3] = ["1", "2", "3"];
const USERS: u64 = 50_000;

/// A small generator of numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }

    /// Small numbers far more often than large ones, roughly as Zipf has it.
    fn zipf(&mut self, below: u64) -> u64 {
        let bits = 64 - below.leading_zeros() as u64;
        let scale = 1u64 << self.next(bits);
        self.next(scale.min(below))
    }
}

fn event(dice: &mut Dice, number: u64, now: u32, home: u64, both: bool) -> Event {
    let user = |dice: &mut Dice| {
        let number = dice.zipf(USERS / 3) * 3 + home;
        UserId::new(&format!("{}", 10_000 + number)).expect("digits are an id")
    };
    let late = if dice.next(100) == 0 { dice.next(7_200) as u32 } else { 0 };
    let kinds = ["UPLOAD", "DOWNLOAD", "PREVIEW", "EDIT", "DELETE", "MOVE", "COPY", "SHARE", "LOGIN", "RENAME"];
    let name = if dice.next(1_000) == 0 { "RARE" } else { kinds[dice.next(10) as usize] };
    let id = format!("{:016x}-{:08x}-{:09}", dice.next(u64::MAX), dice.next(1 << 32), number);
    // A tree of folders three deep, and files of which some are busy.
    let (top, file, host) = (dice.zipf(40), dice.zipf(2_000_000), dice.zipf(5_000));
    let (middle, low) = (top * 50 + dice.next(50), dice.next(20));
    let path = [format!("{}", 100 + top), format!("{}", 1_000 + middle), format!("{}", 10_000 + middle * 20 + low)];
    let address = format!("10.{}.{}.{}", host / 65_536, host / 256 % 256, host % 256);
    let hearers = (0..3 + dice.next(5)).map(|_| user(dice)).collect::<Vec<_>>();
    let mut filler = String::new();
    while filler.len() < 500 + dice.next(500) as usize {
        filler.push_str(&format!("\"k{}\":\"value {}\",", dice.next(40), dice.next(100_000)));
    }
    let (actor, created_at) = (&hearers[0], Second(now - late));
    let body = format!(
        "{{\"source\":{{\"item_type\":\"file\",\"item_id\":\"{file}\",\"item_name\":\"File {file}.docx\",\
         \"parent\":{{\"type\":\"folder\",\"name\":\"Folder\",\"id\":\"{}\"}}}},\
         \"created_by\":{{\"type\":\"user\",\"id\":\"{actor}\",\"name\":\"User {actor}\",\"login\":\"u{actor}@halden.example\"}},\
         \"action_by\":null,\"created_at\":\"{created_at}\",\"event_id\":\"{id}\",\"event_type\":\"{name}\",\
         \"ip_address\":\"{address}\",\"type\":\"event\",\"session_id\":null,\
         \"additional_details\":{{{filler}\"n\":{number}}}}}",
        path[2]
    );
    let folders = path.iter().filter_map(|id| ItemId::new(id).ok());
    let mut terms: Vec<Term> = folders.map(|folder| Term::below(&folder)).collect();
    terms.push(Term::actor(actor));
    terms.extend(ItemId::new(&file.to_string()).ok().map(|file| Term::source(&file)));
    terms.extend(Term::address(&address));
    settle(&mut terms);
    let rendering = |bytes: &str| Rendering {
        event_id: EventId::new(&id).expect("an id"),
        event_type: EventType::new(name).expect("a type"),
        created_at: Second(now - late),
        bytes: bytes.as_bytes().to_vec(),
        recorded_at_offset: None,
        filled_created_at_offset: None,
    };
    Event {
        actor: hearers[0].clone(),
        owner: None,
        item: None,
        audience: Some(hearers.clone()),
        owner_only: false,
        opt_in: false,
        user: both.then(|| rendering(&body)),
        carried_by: UserStreams::ALL.and(UserStreams::CHANGES),
        enterprise: Some(rendering(&body)),
        terms,
        effects: Vec::new(),
    }
}

fn home_of(dice: &mut Dice) -> u64 {
    match dice.next(100) {
        0..80 => 0,
        80..95 => 1,
        _ => 2,
    }
}

fn enterprise(home: u64) -> EnterpriseId {
    EnterpriseId::new(ENTERPRISES[home as usize]).expect("an id")
}

/// Everybody is known from the start.
async fn set_up(store: &EmbeddedStore) {
    for home in 0..3u64 {
        let id = enterprise(home);
        let settings = Enterprise { id: id.clone(), name: "".into(), retention: Retention::default(), opted_in: false };
        let met = |n: u64| {
            let id = UserId::new(&format!("{}", 10_000 + n * 3 + home)).expect("an id");
            Effect::Met(Person { id, name: "".into(), login: "".into() })
        };
        let mut effects = vec![Effect::EnterpriseSet(settings)];
        effects.extend((0..USERS / 3 + 1).map(met));
        let events = vec![Event::unseen(effects)];
        store.append(Batch { enterprise: id, events, now: Second(START) }).await.expect("it is stored");
    }
}

fn quantile(times: &mut [Duration], of: usize) -> f64 {
    times.sort_unstable();
    times.get(times.len() * of / 1_000).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

async fn pair(dir: &Path, events: u64, size: u64, both: bool) {
    let store = EmbeddedStore::open(&dir.join("store"), Options::default()).expect("it opens");
    set_up(&store).await;
    let raw = std::fs::File::create(dir.join("raw")).expect("a file");
    let _ = rustix::fs::fallocate(&raw, rustix::fs::FallocateFlags::empty(), 0, 4 << 30);
    let mut dice = Dice(88_172_645_463_325_252);
    let (mut of_raw, mut of_store, mut at, mut number) = (Vec::new(), Vec::new(), 0u64, 0u64);
    let mut rounds = Vec::new();
    for _ in 0..5 {
        let (mut raw_time, mut store_time) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..events / 5 / size {
            let home = home_of(&mut dice);
            let now = START + u32::try_from(number / 100_000).unwrap_or(0);
            let batch: Vec<Event> = (0..size).map(|n| event(&mut dice, number + n, now, home, both)).collect();
            number += size;
            let mut bytes = Vec::new();
            for event in &batch {
                let renderings = [&event.user, &event.enterprise];
                renderings.into_iter().flatten().for_each(|rendering| bytes.extend_from_slice(&rendering.bytes));
            }
            let begun = Instant::now();
            raw.write_all_at(&bytes, at % (3 << 30)).expect("written");
            raw.sync_data().expect("synced");
            let took = begun.elapsed();
            at += bytes.len() as u64;
            raw_time += took;
            of_raw.push(took);
            let begun = Instant::now();
            let batch = Batch { enterprise: enterprise(home), events: batch, now: Second(now) };
            store.append(batch).await.expect("it is stored");
            let took = begun.elapsed();
            store_time += took;
            of_store.push(took);
        }
        let per_second = |time: Duration| (events / 5) as f64 / time.as_secs_f64();
        let (raw, kept) = (per_second(raw_time), per_second(store_time));
        println!("round: raw {raw:.0} events/s, store {kept:.0} events/s, ratio {:.2}", kept / raw);
        rounds.push(kept / raw);
    }
    rounds.sort_by(f64::total_cmp);
    println!(
        "median ratio {:.2}; commit of {size}: raw p50 {:.2} p99 {:.2} ms, store p50 {:.2} p99 {:.2} ms",
        rounds[2],
        quantile(&mut of_raw, 500),
        quantile(&mut of_raw, 990),
        quantile(&mut of_store, 500),
        quantile(&mut of_store, 990)
    );
    println!("memory {} MB; {:?}", memory_mb(), store.stats());
}

/// Publishing by many at once.
async fn many(dir: &Path, publishers: u64, size: u64, each: u64) {
    let store = EmbeddedStore::open(&dir.join("store"), Options::default()).expect("it opens");
    set_up(&store).await;
    let mut made: Vec<Vec<Batch>> = Vec::new();
    let mut dice = Dice(88_172_645_463_325_252);
    for publisher in 0..publishers {
        let batches = (0..each).map(|n| {
            let home = home_of(&mut dice);
            let first = (publisher * each + n) * size;
            let now = START + u32::try_from(n * size * publishers / 100_000).unwrap_or(0);
            let events = (0..size).map(|m| event(&mut dice, first + m, now, home, false)).collect();
            Batch { enterprise: enterprise(home), events, now: Second(now) }
        });
        made.push(batches.collect());
    }
    let bytes: usize = made
        .iter()
        .flatten()
        .flat_map(|batch| &batch.events)
        .filter_map(|event| event.enterprise.as_ref())
        .map(|rendering| rendering.bytes.len())
        .sum();
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for batches in made {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for batch in batches {
                store.append(batch).await.expect("it is stored");
            }
        }));
    }
    for task in tasks {
        task.await.expect("it ends well");
    }
    let took = begun.elapsed().as_secs_f64();
    let events = publishers * size * each;
    println!(
        "{publishers} x {size}: {:.0} events/s, {:.0} MB/s of bodies",
        events as f64 / took,
        bytes as f64 / took / 1e6
    );
}

fn memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

async fn grow(dir: &Path, days: u32, per_day: u64) {
    let store = EmbeddedStore::open(dir, Options::default()).expect("it opens");
    set_up(&store).await;
    let mut dice = Dice(88_172_645_463_325_252);
    let (begun, mut number) = (Instant::now(), 0);
    for day in 0..days {
        let mut done = 0;
        while done < per_day {
            let size = 500.min(per_day - done);
            let home = home_of(&mut dice);
            let now = START + day * DAY_S + u32::try_from(done * u64::from(DAY_S) / per_day).unwrap_or(0);
            // Only one in ten is heard by users as well, to have more days on the same disk.
            let events = (0..size).map(|n| event(&mut dice, number + n, now, home, n % 10 == 0)).collect();
            store.append(Batch { enterprise: enterprise(home), events, now: Second(now) }).await.expect("it is stored");
            number += size;
            done += size;
        }
        let now = Second(START + day * DAY_S + DAY_S - 1);
        while store.sweep(now).await.expect("it sweeps").more {}
        if day % 50 == 49 {
            let stats = store.stats();
            println!(
                "day {day}: {number} events in {:.0} s, memory {} MB, data {} MB, index {} MB, {} partitions",
                begun.elapsed().as_secs_f64(),
                memory_mb(),
                stats.data_bytes >> 20,
                stats.index_bytes >> 20,
                stats.sealed
            );
        }
    }
}

async fn read(dir: &Path) {
    let begun = Instant::now();
    let store = EmbeddedStore::open(dir, Options::default()).expect("it opens");
    println!("opened in {:.3} s, memory {} MB", begun.elapsed().as_secs_f64(), memory_mb());
    println!("{:?}", store.report());
    let stats = store.stats();
    println!("{stats:?}");
    let (oldest, newest) = (stats.oldest.unwrap_or_default(), stats.newest.unwrap_or_default());
    let middle = Second(oldest.0 / 2 + newest.0 / 2);
    let id = enterprise(0);
    let user = UserId::new("10000").expect("an id");
    let feed = Line::User { home: id.clone(), user, streams: UserStreams::ALL, lists: Vec::new() };
    let lines = [
        ("user", feed),
        ("streaming", Line::Streaming(id.clone())),
        ("history", Line::History(id.clone())),
        ("window", Line::Window(id)),
    ];
    for (name, line) in &lines {
        for (place, from) in [("beginning", oldest), ("middle", middle), ("end", newest.back(60))] {
            for (filter, types) in [("all", ""), ("rare", "RARE")] {
                let types = TypeFilter::parse(types).expect("a filter");
                let scan = Scan {
                    line: line.clone(),
                    after: Place::at(from),
                    below: Place::END,
                    limit: 100,
                    oldest: Second(0),
                    types,
                    created_from: Second(0),
                    created_before: None,
                };
                let begun = Instant::now();
                let slice = store.scan(scan.clone()).await.expect("it reads");
                let cold = begun.elapsed();
                let begun = Instant::now();
                for _ in 0..20 {
                    store.scan(scan.clone()).await.expect("it reads");
                }
                let warm = begun.elapsed() / 20;
                println!("{name} {place} {filter}: {} entries, first {cold:.2?}, then {warm:.2?}", slice.count);
            }
        }
        let begun = Instant::now();
        let ends = store.ends(line, Place::END).await.expect("it reads");
        println!("{name} ends: {:.2?} ({ends:?})", begun.elapsed());
    }
    println!("memory {} MB", memory_mb());
}

/// Searches: each once as files and caches are, then twenty times.
async fn find(dir: &Path) {
    let store = EmbeddedStore::open(dir, Options::default()).expect("it opens");
    let stats = store.stats();
    println!("{stats:?}");
    let (oldest, newest) = (stats.oldest.unwrap_or_default(), stats.newest.unwrap_or_default());
    let middle = Second(oldest.0 / 2 + newest.0 / 2);
    let users = |id: &str| vec![UserId::new(id).expect("an id")];
    let items = |id: &str| vec![ItemId::new(id).expect("an id")];
    let types = |name: &str| vec![EventType::new(name).expect("a type")];
    let any = Filters::default;
    let searches = [
        ("everything", any()),
        ("from the middle on", Filters { created_before: Some(middle), ..any() }),
        ("a busy actor", Filters { actors: users("10000"), ..any() }),
        ("a seldom actor", Filters { actors: users("58000"), ..any() }),
        ("an item", Filters { items: items("1000003"), ..any() }),
        ("a busy item", Filters { items: items("3"), ..any() }),
        ("a large folder", Filters { folders: items("100"), ..any() }),
        ("a small folder", Filters { folders: items("48219"), ..any() }),
        ("a rare type", Filters { types: types("RARE"), ..any() }),
        ("a rare type by a busy actor", Filters { types: types("RARE"), actors: users("10000"), ..any() }),
        ("a small folder, a type", Filters { folders: items("10007"), types: types("MOVE"), ..any() }),
        ("an address", Filters { addresses: vec!["10.0.9.9".into()], ..any() }),
        ("an unknown actor", Filters { actors: users("9"), ..any() }),
        ("a frequent text", Filters { text: Some(TextMatch::new("file 12")), ..any() }),
        ("a text in a small folder", Filters { text: Some(TextMatch::new("zzz")), folders: items("10007"), ..any() }),
        ("a text that is nowhere", Filters { text: Some(TextMatch::new("zzz")), ..any() }),
    ];
    for (name, filters) in searches {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let searching = Searching {
                enterprise: enterprise(0),
                filters: filters.clone(),
                order,
                after: None,
                limit: 100,
                oldest: Second(0),
            };
            let begun = Instant::now();
            let page = store.search(searching.clone()).await.expect("it reads");
            let cold = begun.elapsed();
            let begun = Instant::now();
            for _ in 0..20 {
                store.search(searching.clone()).await.expect("it reads");
            }
            let warm = begun.elapsed() / 20;
            let (count, end) = (page.entries.len(), if page.end { "all" } else { "more" });
            println!("{name}, {order:?}: {count} ({end}), first {cold:.2?}, then {warm:.2?}");
        }
        let step = (newest.0 - oldest.0) / 100 + 1;
        let edges = (0..=100).map(|n| Second(oldest.0 + n * step)).collect();
        let counting = Counting { enterprise: enterprise(0), filters, oldest: Second(0), edges };
        let begun = Instant::now();
        let counts = store.count(counting).await.expect("it counts");
        let (all, from) = (counts.buckets.iter().sum::<u64>(), counts.counted_from);
        let whole = if from == oldest { "all".to_owned() } else { format!("since {from}") };
        println!("{name}: counted {all} in 100 buckets ({whole}) in {:.2?}", begun.elapsed());
    }
    println!("memory {} MB", memory_mb());
}

async fn keep(dir: &Path, days: u32) {
    let check = || {
        let begun = Instant::now();
        let verified = store::embedded::verify(dir, &mut |_| {}).expect("it can be looked at");
        println!("verified in {:.1} s: {verified:?}", begun.elapsed().as_secs_f64());
    };
    check();
    let store = EmbeddedStore::open(dir, Options::default()).expect("it opens");
    let sizes = |when: &str| {
        let stats = store.stats();
        let (data, index) = (stats.data_bytes >> 20, stats.index_bytes >> 20);
        let (enterprise, user) = (stats.enterprise_entries, stats.user_entries);
        println!("{when}: data {data} MB, index {index} MB, {enterprise} enterprise and {user} user renderings");
    };
    sizes("before");
    let now = store.stats().newest.unwrap_or_default().ahead(days * DAY_S);
    let (begun, mut gone) = (Instant::now(), 0);
    loop {
        let swept = store.sweep(now).await.expect("it sweeps");
        gone += swept.renderings;
        if !swept.more {
            break;
        }
    }
    sizes(&format!("swept {gone} in {:.1} s", begun.elapsed().as_secs_f64()));
    drop(store);
    check();
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize, or: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(or);
    let dir = arguments.get(2).map(Path::new);
    match (arguments.get(1).map(String::as_str), dir) {
        (Some("pair"), Some(dir)) => pair(dir, number(3, 500_000), number(4, 500), number(5, 0) == 1).await,
        (Some("many"), Some(dir)) => many(dir, number(3, 16), number(4, 100), number(5, 200)).await,
        (Some("grow"), Some(dir)) => grow(dir, u32::try_from(number(3, 10)).unwrap_or(10), number(4, 10_000)).await,
        (Some("read"), Some(dir)) => read(dir).await,
        (Some("find"), Some(dir)) => find(dir).await,
        (Some("keep"), Some(dir)) => keep(dir, u32::try_from(number(3, 4)).unwrap_or(4)).await,
        _ => println!("ledger_bench pair|many|grow|read|find|keep DIR …"),
    }
}
