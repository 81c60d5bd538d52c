//! That no hot statement reads a whole table, and that old months are left alone by whoever asks about new events.
//!
//! The database counts how often each table was read from end to end, and how often each of its indexes was looked into.
//! So this holds for whatever statements the keeper has, also for those to come.

use crate::deed::{deed, enterprise, event_id, user};
use crate::postgres::{Database, ask, missing, options, run, until};
use crate::trial::{HOME, NOW, feed_of, history, streaming, whole};
use feed::event::FeedKind;
use feed::filter::TypeFilter;
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::time::Second;
use store::Stores;
use store::ledger::{Batch, Line, Scan};
use store::postgres::PostgresStore;
use store::search::Searching;

const DAY: u32 = 86_400;
/// For so long something happens every day.
const DAYS: u32 = 200;

async fn publish(stores: &Stores, name: &str, now: Second) {
    let deeds = (0..40).map(|n| {
        let deed = deed(&format!("{name}-{n}")).created(now.0 - n % 7).heard_by(["7", "8", "9"]);
        deed.on(&format!("{}", 1_000 + n), ["11", "12"]).event(now)
    });
    stores.ledger.append(Batch { enterprise: enterprise(HOME), events: deeds.collect(), now }).await.unwrap();
}

/// Whatever publishers and readers do all day, about what is new.
async fn a_day(stores: &Stores, now: Second) {
    let ledger = &stores.ledger;
    // Half of it is known already.
    publish(stores, "last", now).await;
    publish(stores, "new", now).await;
    ledger.frontier(&enterprise(HOME), now).await.unwrap();
    let after = Place::at(now.back(DAY));
    for line in [feed_of("7"), streaming(), history(), Line::Window(enterprise(HOME))] {
        let scan = Scan { after, limit: 50, oldest: now.back(14 * DAY), ..whole(line.clone()) };
        assert_eq!(ledger.scan(scan.clone()).await.unwrap().count, 50, "{line:?}");
        let filtered = Scan { types: TypeFilter::parse("ITEM_MOVE").unwrap(), ..scan };
        ledger.scan(filtered).await.unwrap();
    }
    for line in [feed_of("7"), streaming()] {
        ledger.ends(&line, Place::END).await.unwrap();
    }
    let searching = Searching {
        enterprise: enterprise(HOME),
        filters: Filters { created_from: Some(now.back(DAY)), ..Filters::default() },
        order: Order::OldestFirst,
        after: None,
        limit: 50,
        oldest: Second(0),
    };
    assert_eq!(stores.search.search(searching).await.unwrap().entries.len(), 50);
    stores.directory.lists(&user("7")).await.unwrap();
}

#[tokio::test]
async fn nothing_is_read_from_end_to_end_and_old_months_are_left_alone() {
    if missing() {
        return;
    }
    let database = Database::new().await;
    let url = database.url();
    let open = || async { PostgresStore::open(&url, options(5)).await.unwrap() };
    // What a process counted is told at the latest when it goes away.
    let away =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tidings' AND datname = current_database()";
    let now = Second(NOW);
    let store = open().await;
    for day in (1..=DAYS).rev() {
        publish(&store.stores(), &format!("day{day}"), now.back(day * DAY)).await;
    }
    publish(&store.stores(), "last", now).await;
    drop(store);
    until(&url, away, "0").await;

    // Before the database knows how much there is, and when it does.
    for statistics in ["SELECT 1", "ANALYZE"] {
        run(&url, &[statistics]).await;
        ask(&url, "SELECT pg_stat_reset()").await;
        let store = open().await;
        a_day(&store.stores(), now).await;
        drop(store);
        until(&url, away, "0").await;
        let partitions = ask(
            &url,
            "SELECT relname, seq_scan, coalesce(idx_scan, 0), n_live_tup FROM pg_stat_user_tables \
             WHERE relname ~ '_p[0-9]{6}$' OR relname = 'tree_changes' ORDER BY relname",
        )
        .await;
        assert!(partitions.len() > 3 * 7, "{partitions:?}");
        let month = |row: &&Vec<String>| row[0].rsplit_once("_p").map_or("", |(_, month)| month).to_owned();
        // Later months are empty; their indexes are made while this runs, and making one reads its table.
        let read: Vec<_> = partitions.iter().filter(|row| row[1] != "0" && month(row).as_str() <= "202506").collect();
        assert!(read.is_empty(), "read from end to end after {statistics}: {read:?}");
        // Ids are looked for among what was recorded in the last 62 days, so in three months.
        let old = |row: &&Vec<String>| ("2"..="202503").contains(&month(row).as_str());
        let old: Vec<_> = partitions.iter().filter(old).collect();
        assert!(old.len() > 3 * 3, "{partitions:?}");
        assert!(old.iter().all(|row| row[2] == "0"), "old months were looked into after {statistics}: {old:?}");
        let known = partitions.iter().filter(|row| month(row) == "202506" && row[2] != "0").count();
        assert_eq!(known, 3, "nothing was counted: {partitions:?}");
    }

    // An id that may be anywhere is looked for in every month, and so is the last event by time; in none from end to end.
    let store = open().await;
    for line in [history(), Line::Window(enterprise(HOME))] {
        store.stores().ledger.ends(&line, Place::END).await.unwrap();
    }
    let found =
        store.stores().ledger.find(&enterprise(HOME), FeedKind::Enterprise, &event_id("day150-3")).await.unwrap();
    assert!(found.is_some());
    drop(store);
    until(&url, away, "0").await;
    let read = "SELECT count(*) FROM pg_stat_user_tables WHERE relname ~ '_p20(24|250[1-6])' AND seq_scan > 0";
    assert_eq!(ask(&url, read).await, [["0"]]);
}
