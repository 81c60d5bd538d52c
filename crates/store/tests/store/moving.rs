//! Moving: random histories, with imports, holds, tokens and a large audience among them, copied from a directory into a
//! database and back into a directory. Every line is the same at every stop, byte for byte and place for place, and what
//! is published then is given the same places everywhere.

use crate::contract::directory::settings;
use crate::contract::lists::let_in;
use crate::deed::{Deed, EVERY_STREAM, deed, enterprise, unseen, user};
use crate::histories::script::{ENTERPRISES, Script, Step, USERS};
use crate::postgres::{Database, missing, options};
use crate::trial::{NOW, whole};
use feed::directory::{Effect, Enterprise, Person};
use feed::hold::{Hold, Scope};
use feed::limits::AUDIENCE_POSTED_MAX;
use feed::page::Ends;
use feed::permission::Scopes;
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::time::Second;
use std::path::Path;
use store::Stores;
use store::embedded::{EmbeddedStore, Options, TakeOverError};
use store::import::History;
use store::ledger::{Batch, Line, Receipt, Scan};
use store::moving::{MoveError, Piece, Tally};
use store::postgres::PostgresStore;
use store::search::Searching;
use store::token_store::{TokenHash, TokenRecord};
use tempfile::TempDir;
use tokio::sync::mpsc::channel;

fn kept_so(partition_entries: u64) -> Options {
    Options { partition_entries, preallocate_bytes: 4_096, settling_delay_s: 5, threads: false, ..Options::default() }
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, kept_so(7)).unwrap()
}

async fn publish(stores: &Stores, home: &str, now: u32, deeds: &[Deed]) -> Vec<Receipt> {
    let events = deeds.iter().map(|deed| deed.event(Second(now))).collect();
    let batch = Batch { enterprise: enterprise(home), events, now: Second(now) };
    stores.ledger.append(batch).await.unwrap().receipts
}

/// Something of every kind that a store keeps. Answers the clock at the end.
async fn live(stores: &Stores, seed: u64) -> u32 {
    for (home, (id, days, opted_in)) in ENTERPRISES.into_iter().enumerate() {
        let enterprise = Enterprise { opted_in, ..settings(id, days) };
        let met = |id| Effect::Met(Person { id: user(id), name: "".into(), login: "".into() });
        let users = USERS.into_iter().filter(|(_, of)| *of == home).map(|(id, _)| met(id));
        let effects: Vec<Effect> = [Effect::EnterpriseSet(enterprise)].into_iter().chain(users).collect();
        publish(stores, id, NOW, &[unseen(effects)]).await;
    }
    let many: Vec<Effect> = (0..=AUDIENCE_POSTED_MAX).flat_map(|n| let_in(&format!("{}", 1000 + n))).collect();
    publish(stores, "1", NOW, &[unseen(many)]).await;
    publish(stores, "1", NOW, &[deed("l1").on("file", ["50"]), deed("l2").on("file", ["50"]).by("1000")]).await;
    let mut now = NOW;
    for step in &Script::of(seed).steps {
        match step {
            Step::Publish { enterprise, deeds } => {
                publish(stores, ENTERPRISES[*enterprise].0, now, deeds).await;
            }
            Step::Clock(later) => now = *later,
            Step::Sweep => {
                stores.ledger.sweep(Second(now)).await.unwrap();
            }
            _ => {}
        }
    }
    let pasts = (0..9).map(|n| deed(&format!("past{n}")).enterprise_only().created(now - 100_000 - n % 4));
    let events = pasts.map(|deed| deed.past(Second(now))).collect();
    stores.import.import(History { enterprise: enterprise("9"), events, now: Second(now) }).await.unwrap();
    let hold = Hold {
        id: "h".to_owned(),
        enterprise: enterprise("9"),
        name: "Case".to_owned(),
        why: "asked".to_owned(),
        scope: Scope::default(),
        placed_by: user("70"),
        placed_at: Second(now),
        until: None,
        released: None,
    };
    assert!(stores.retention.add_hold(hold).await.unwrap());
    for n in 0..3 {
        let token = TokenRecord {
            id: format!("t{n}"),
            hash: TokenHash([n; 32]),
            user: user("7"),
            enterprise: enterprise("1"),
            scopes: Scopes::EVERY,
            application: None,
            family: None,
            note: String::new(),
            created_at: Second(now),
            expires_at: None,
        };
        stores.tokens.add(token).await.unwrap();
    }
    stores.tokens.secret("channel", [u8::try_from(seed % 200).unwrap(); 32]).await.unwrap();
    now
}

/// A line: its name, each entry with the place that a cursor after it has, and its ends.
type ReadLine = (String, Vec<(Vec<u8>, Option<Place>)>, Ends);

/// Everything that readers can be shown of a store.
#[derive(Debug, PartialEq)]
struct Shown {
    lines: Vec<ReadLine>,
    found: Vec<Vec<Place>>,
    small: String,
}

async fn shown(stores: &Stores) -> Shown {
    let mut lines = Vec::new();
    for (home, ..) in ENTERPRISES {
        let home = enterprise(home);
        for line in [Line::Streaming(home.clone()), Line::History(home.clone()), Line::Window(home)] {
            lines.push(read(stores, line).await);
        }
    }
    let others = [("3", 0), ("1000", 0), ("1001", 0)];
    for (id, _) in USERS.into_iter().chain(others) {
        let Some(found) = stores.directory.user(&user(id)).await.unwrap() else { continue };
        let lists = stores.directory.lists(&user(id)).await.unwrap();
        lines.push(read(stores, Line::User { home: found.home, user: user(id), streams: EVERY_STREAM, lists }).await);
    }
    let mut found = Vec::new();
    for (home, filters) in [
        ("1", Filters { actors: vec![user("7")], ..Filters::default() }),
        ("1", Filters { folders: vec![crate::deed::item_id("50")], ..Filters::default() }),
        ("9", Filters { items: vec![crate::deed::item_id("60")], ..Filters::default() }),
        ("9", Filters { actors: vec![user("7"), user("70")], ..Filters::default() }),
    ] {
        let order = Order::OldestFirst;
        let searching =
            Searching { enterprise: enterprise(home), filters, order, after: None, limit: 500, oldest: Second(0) };
        let matches = stores.search.search(searching).await.unwrap();
        found.push(matches.entries.iter().map(|entry| entry.at).collect());
    }
    let small = format!(
        "{:?} {:?} {:?} {:?}",
        stores.tokens.list(&enterprise("1")).await.unwrap(),
        stores.tokens.secret("channel", [255; 32]).await.unwrap(),
        stores.retention.holds(&enterprise("9")).await.unwrap(),
        stores.directory.enterprises().await.unwrap(),
    );
    Shown { lines, found, small }
}

/// Reads a line entry by entry.
async fn read(stores: &Stores, line: Line) -> ReadLine {
    let ends = stores.ledger.ends(&line, Place::END).await.unwrap();
    let named = match &line {
        // Lists are numbered by each store in its own way.
        Line::User { user, .. } => format!("user {user}"),
        line => format!("{line:?}"),
    };
    let (mut entries, mut scan) = (Vec::new(), Scan { limit: 1, ..whole(line) });
    loop {
        let slice = stores.ledger.scan(scan.clone()).await.unwrap();
        let Some(last) = slice.last else { return (named, entries, ends) };
        if slice.count > 0 {
            entries.push((slice.runs.concat(), slice.last));
        }
        scan.after = last;
    }
}

/// All pieces of a store in a directory, and their tally.
fn pieces(store: &EmbeddedStore) -> (Vec<Piece>, Tally) {
    let (mut all, mut tally) = (Vec::new(), Tally::default());
    let given = store.give(&mut |piece| {
        tally.count(&piece);
        all.push(piece);
        Ok(())
    });
    given.unwrap();
    (all, tally)
}

/// The same of one in a database.
async fn pieces_of(store: &PostgresStore) -> (Vec<Piece>, Tally) {
    let (to, mut from) = channel(4);
    let giving = async move { store.give(&to).await.unwrap() };
    let taking = async {
        let (mut all, mut tally) = (Vec::new(), Tally::default());
        while let Some(piece) = from.recv().await {
            tally.count(&piece);
            all.push(piece);
        }
        (all, tally)
    };
    tokio::join!(giving, taking).1
}

async fn into_database(store: &PostgresStore, pieces: Vec<Piece>) -> Result<(), MoveError> {
    let (to, from) = channel(4);
    let giving = async move {
        for piece in pieces {
            // Whoever refuses them takes no more.
            drop(to.send(piece).await);
        }
    };
    let taking = async move {
        let mut from = from;
        store.take_over(&mut from).await
    };
    tokio::join!(giving, taking).1
}

fn into_directory(dir: &Path, pieces: Vec<Piece>) -> Result<(), TakeOverError> {
    let mut pieces = pieces.into_iter();
    EmbeddedStore::take_over(dir, kept_so(9), &mut || pieces.next())
}

fn same(one: &Tally, other: &Tally) {
    assert_eq!(one.differences(other), Vec::<String>::new());
    assert_eq!(one, other);
    assert!(one.entries() > 0 && one.checksums() > 10, "{one:?}");
}

#[tokio::test]
async fn a_store_is_the_same_wherever_it_is_moved() {
    if missing() {
        return;
    }
    for seed in 3_000..3_008 {
        let dirs: [TempDir; 2] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let now = live(&open(dirs[0].path()).stores(), seed).await + 400;
        let first = open(dirs[0].path());
        let before = shown(&first.stores()).await;
        let (given, tally) = pieces(&first);

        let database = Database::new().await;
        let second = PostgresStore::open(&database.url(), options(5)).await.unwrap();
        into_database(&second, given).await.unwrap();
        drop(second);
        let second = PostgresStore::open(&database.url(), options(5)).await.unwrap();
        let (given, again) = pieces_of(&second).await;
        same(&tally, &again);
        assert_eq!(shown(&second.stores()).await, before, "in the database, seed {seed}");

        into_directory(dirs[1].path(), given).unwrap();
        let third = open(dirs[1].path());
        same(&tally, &pieces(&third).1);
        assert_eq!(shown(&third.stores()).await, before, "in the second directory, seed {seed}");

        // Life goes on, the same everywhere: known ids, new places, late deeds, large audiences, and history.
        let more = [
            deed("l1").on("file", ["50"]),
            deed("new").on("file", ["50"]).created(now - 3),
            deed("late").created(now - 5_000),
            deed("other").by("70"),
        ];
        let mut receipts = Vec::new();
        for stores in [first.stores(), second.stores(), third.stores()] {
            let told = publish(&stores, "1", now, &more).await;
            let pasts = [deed("past1"), deed("past10").created(now - 100_001)].map(Deed::enterprise_only);
            let events = pasts.iter().map(|deed| deed.past(Second(now))).collect();
            let history = History { enterprise: enterprise("9"), events, now: Second(now) };
            let brought = stores.import.import(history).await.unwrap();
            receipts.push((told, brought, shown(&stores).await));
        }
        assert!(receipts[0] == receipts[1], "the database goes on as the directory does, seed {seed}");
        assert!(receipts[0] == receipts[2], "the second directory goes on as the first does, seed {seed}");
    }
}

#[tokio::test]
async fn nothing_is_taken_over_by_halves_or_into_something() {
    if missing() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    live(&open(dir.path()).stores(), 1).await;
    let (given, tally) = pieces(&open(dir.path()));
    let part: Vec<Piece> = given[..given.len() - 1].to_vec();

    let to = tempfile::tempdir().unwrap();
    let refused = into_directory(to.path(), part.clone()).unwrap_err();
    assert!(matches!(refused, TakeOverError::Moving(MoveError::BrokenOff)), "{refused}");
    into_directory(to.path(), given.clone()).unwrap();
    same(&tally, &pieces(&open(to.path())).1);
    let refused = into_directory(to.path(), given.clone()).unwrap_err();
    assert!(matches!(refused, TakeOverError::Moving(MoveError::NotEmpty)), "{refused}");
    let served = open(to.path());
    let refused = into_directory(to.path(), given.clone()).unwrap_err();
    assert!(matches!(refused, TakeOverError::Open(_)), "{refused}");
    same(&tally, &pieces(&served).1);

    let database = Database::new().await;
    let store = PostgresStore::open(&database.url(), options(5)).await.unwrap();
    assert_eq!(into_database(&store, part).await, Err(MoveError::BrokenOff));
    into_database(&store, given.clone()).await.unwrap();
    assert_eq!(into_database(&store, given).await, Err(MoveError::NotEmpty));
    same(&tally, &pieces_of(&store).await.1);
}
