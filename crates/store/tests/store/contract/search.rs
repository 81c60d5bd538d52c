//! Searching: events found by what they are about, in the order of the true `created_at`.

use crate::deed::{Deed, deed, enterprise, item_id, user};
use crate::keeper::Keeper;
use crate::trial::{HOME, NOW, Trial};
use feed::event::EventType;
use feed::id::GroupId;
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::text_match::TextMatch;
use feed::time::Second;
use serde_json::Value;
use store::search::{Counting, Matches, Searching};

/// A search for everything of the home enterprise, newest first.
pub(crate) fn everything() -> Searching {
    Searching {
        enterprise: enterprise(HOME),
        filters: Filters::default(),
        order: Order::NewestFirst,
        after: None,
        limit: 500,
        oldest: Second(0),
    }
}

fn id_of(bytes: &[u8]) -> String {
    let event: Value = serde_json::from_slice(bytes).unwrap();
    event["event_id"].as_str().unwrap().to_owned()
}

fn ids(matches: &Matches) -> Vec<String> {
    matches.entries.iter().map(|entry| id_of(&entry.bytes)).collect()
}

/// The ids of all pages of a search, turned with this limit.
async fn all<K: Keeper>(trial: &Trial<K>, mut searching: Searching) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = trial.search().search(searching.clone()).await.unwrap();
        assert!(page.entries.len() <= searching.limit);
        assert!(page.entries.last().is_none_or(|entry| Some(entry.at) == page.last || page.end));
        found.extend(ids(&page));
        if page.end {
            return found;
        }
        searching.after = page.last;
    }
}

async fn found<K: Keeper>(trial: &Trial<K>, filters: Filters) -> String {
    let mut found = all(trial, Searching { filters, ..everything() }).await;
    found.sort_unstable();
    found.join(" ")
}

fn kind(name: &str) -> EventType {
    EventType::new(name).unwrap()
}

pub(crate) async fn filters_of_one_kind_widen_and_of_several_narrow<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds = [
        deed("a").by("7").typed("LOGIN").at_address("10.0.0.1"),
        deed("b").by("8").typed("LOGIN").at_address("10.0.0.2"),
        deed("c").by("8").on("5", []).about_group("70"),
        deed("d").by("9").on("6", []).about_group("71").at_address("FE80::1"),
    ];
    trial.publish(NOW, deeds).await;
    let filters = Filters::default;
    assert_eq!(found(&trial, filters()).await, "a b c d");
    assert_eq!(found(&trial, Filters { types: vec![kind("LOGIN")], ..filters() }).await, "a b");
    assert_eq!(found(&trial, Filters { types: vec![kind("NONE")], ..filters() }).await, "");
    assert_eq!(found(&trial, Filters { actors: vec![user("8")], ..filters() }).await, "b c");
    let two = vec![user("8"), user("9")];
    assert_eq!(found(&trial, Filters { actors: two.clone(), ..filters() }).await, "b c d");
    assert_eq!(found(&trial, Filters { actors: two, types: vec![kind("LOGIN")], ..filters() }).await, "b");
    assert_eq!(found(&trial, Filters { items: vec![item_id("5")], ..filters() }).await, "c");
    let groups = ["70", "71"].map(|id| GroupId::new(id).unwrap()).to_vec();
    assert_eq!(found(&trial, Filters { groups: groups.clone(), ..filters() }).await, "c d");
    let addresses = vec![" fe80::1".into(), "10.0.0.1".into()];
    assert_eq!(found(&trial, Filters { addresses: addresses.clone(), ..filters() }).await, "a d");
    assert_eq!(found(&trial, Filters { groups, addresses, ..filters() }).await, "d");
}

pub(crate) async fn a_folder_finds_itself_and_whatever_lies_below<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds =
        [deed("folder").on("20", ["10"]), deed("deep").on("5", ["10", "20", "30"]), deed("beside").on("6", ["10"])];
    trial.publish(NOW, deeds).await;
    let below = |id| Filters { folders: vec![item_id(id)], ..Filters::default() };
    assert_eq!(found(&trial, below("10")).await, "beside deep folder");
    assert_eq!(found(&trial, below("20")).await, "deep folder");
    assert_eq!(found(&trial, below("30")).await, "deep");
    assert_eq!(found(&trial, below("40")).await, "");
}

pub(crate) async fn both_orders_go_by_the_true_time_of_the_deed<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("now"), deed("old").created(12), deed("same").created(NOW)]).await;
    trial.publish(NOW + 9, [deed("late").created(NOW - 90)]).await;
    let mut oldest_first = all(&trial, Searching { order: Order::OldestFirst, ..everything() }).await;
    assert_eq!(oldest_first, ["old", "late", "now", "same"]);
    oldest_first.reverse();
    assert_eq!(all(&trial, everything()).await, oldest_first);
    let window =
        Filters { created_from: Some(Second(NOW - 90)), created_before: Some(Second(NOW)), ..Filters::default() };
    assert_eq!(found(&trial, window).await, "late");
}

/// Deeds of which every third is by user 8, some of them late.
fn mixed(count: u32) -> Vec<Deed> {
    (0..count)
        .map(|n| {
            let late = if n % 5 == 0 { 40 } else { n % 3 };
            deed(&format!("{n:03}")).by(if n % 3 == 0 { "8" } else { "7" }).created(NOW + n - late)
        })
        .collect()
}

pub(crate) async fn pages_of_any_size_give_every_match_once<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for batch in mixed(60).chunks(4) {
        trial.append(HOME, NOW + 60, batch).await;
    }
    let filters = Filters { actors: vec![user("8")], ..Filters::default() };
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let whole = all(&trial, Searching { filters: filters.clone(), order, ..everything() }).await;
        assert_eq!(whole.len(), 20);
        for limit in [1, 2, 3, 7, 20, 21] {
            let paged = all(&trial, Searching { filters: filters.clone(), order, limit, ..everything() }).await;
            assert_eq!(paged, whole, "in pages of {limit}, {order:?}");
        }
    }
    let none = trial.search().search(Searching { limit: 0, ..everything() }).await.unwrap();
    assert_eq!(none.entries.len(), 0);
}

pub(crate) async fn what_is_published_meanwhile_moves_nobody<K: Keeper>() {
    for (order, shown, wanted) in [(Order::NewestFirst, "c", "y b x d a w"), (Order::OldestFirst, "a", "d x b y c z")] {
        let trial = Trial::<K>::open().await;
        trial.publish(NOW, [deed("a").created(50), deed("b").created(60), deed("c").created(70)]).await;
        let searching = Searching { order, limit: 1, ..everything() };
        let first = trial.search().search(searching.clone()).await.unwrap();
        // Behind the reader and before, and in the very second that the reader is in.
        let late = [("w", 40), ("x", 55), ("y", 65), ("z", 80), ("d", 50)];
        trial.publish(NOW + 5, late.map(|(id, at)| deed(id).created(at))).await;
        let rest = all(&trial, Searching { after: first.last, ..searching }).await;
        assert_eq!((ids(&first).join(" ").as_str(), rest.join(" ").as_str()), (shown, wanted));
    }
}

pub(crate) async fn searching_goes_on_after_a_restart<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for batch in mixed(30).chunks(7) {
        trial.append(HOME, NOW + 30, batch).await;
    }
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let searching = Searching { order, limit: 11, ..everything() };
        let whole = all(&trial, searching.clone()).await;
        let first = trial.search().search(searching.clone()).await.unwrap();
        let rest = all(&trial, Searching { after: first.last, ..searching }).await;
        assert_eq!([ids(&first), rest].concat(), whole);
    }
    let whole = all(&trial, everything()).await;
    let first = trial.search().search(Searching { limit: 11, ..everything() }).await.unwrap();
    let trial = trial.reopened().await;
    let rest = all(&trial, Searching { after: first.last, ..everything() }).await;
    assert_eq!([ids(&first), rest].concat(), whole);
}

pub(crate) async fn a_text_is_found_whatever_its_case<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds = [
        deed("a").saying("Budget 2026"),
        deed("b").saying("\\u00dcbersicht"),
        deed("c").by("8").saying("the BUDGET again"),
    ];
    trial.publish(NOW, deeds).await;
    let text = |text| Filters { text: Some(TextMatch::new(text)), ..Filters::default() };
    assert_eq!(found(&trial, text("budget")).await, "a c");
    assert_eq!(found(&trial, text("übersicht")).await, "b");
    assert_eq!(found(&trial, text("nowhere")).await, "");
    assert_eq!(found(&trial, Filters { actors: vec![user("8")], ..text("budget") }).await, "c");
    let one = all(&trial, Searching { filters: text("budget"), limit: 1, ..everything() }).await;
    assert_eq!(one, ["c", "a"]);
}

pub(crate) async fn an_enterprise_finds_only_its_own<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("ours").on("5", [])]).await;
    trial.publish_in("2", NOW, [deed("theirs").by("70").on("5", [])]).await;
    let filters = Filters { items: vec![item_id("5")], ..Filters::default() };
    assert_eq!(found(&trial, filters.clone()).await, "ours");
    assert_eq!(all(&trial, Searching { enterprise: enterprise("2"), filters, ..everything() }).await, ["theirs"]);
    assert!(all(&trial, Searching { enterprise: enterprise("3"), ..everything() }).await.is_empty());
}

pub(crate) async fn only_deeds_in_the_enterprise_feed_are_found<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds = [deed("u").enterprise_id("e"), deed("private").user_only()];
    trial.publish(NOW, deeds).await;
    assert_eq!(found(&trial, Filters::default()).await, "e");
}

pub(crate) async fn what_was_recorded_before_the_oldest_is_not_found<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(50)]).await;
    trial.publish(NOW + 10, [deed("b").created(40)]).await;
    let oldest = Second(NOW + 1);
    assert_eq!(all(&trial, Searching { oldest, ..everything() }).await, ["b"]);
    let counting = Counting {
        enterprise: enterprise(HOME),
        filters: Filters::default(),
        oldest,
        edges: vec![Second(0), Second(100)],
    };
    assert_eq!(trial.search().count(counting).await.unwrap().buckets, [1]);
}

pub(crate) async fn what_was_swept_is_not_found<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a"), deed("b").by("8")]).await;
    let years = 8 * 366 * 86_400;
    trial.publish(NOW + years, [deed("c")]).await;
    while trial.ledger().sweep(Second(NOW + years)).await.unwrap().more {}
    assert_eq!(found(&trial, Filters::default()).await, "c");
    assert_eq!(found(&trial, Filters { actors: vec![user("8")], ..Filters::default() }).await, "");
}

pub(crate) async fn counts_are_those_of_what_is_found<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for batch in mixed(60).chunks(4) {
        trial.append(HOME, NOW + 60, batch).await;
    }
    let edges: Vec<Second> = [NOW - 50, NOW - 10, NOW, NOW + 17, NOW + 70].map(Second).to_vec();
    let by_eight = Filters { actors: vec![user("8")], ..Filters::default() };
    let cases = [
        Filters::default(),
        by_eight.clone(),
        Filters { types: vec![kind("UPLOAD")], ..by_eight.clone() },
        Filters { text: Some(TextMatch::new("\"005\"")), ..Filters::default() },
        Filters { created_from: Some(Second(NOW + 3)), created_before: Some(Second(NOW + 30)), ..by_eight },
    ];
    for filters in cases {
        let mut wanted = vec![0; edges.len() - 1];
        let page = trial.search().search(Searching { filters: filters.clone(), ..everything() }).await.unwrap();
        for entry in &page.entries {
            let Place { second, .. } = entry.at;
            let before = edges.partition_point(|edge| *edge <= second);
            if let Some(bucket) = before.checked_sub(1).and_then(|bucket| wanted.get_mut(bucket)) {
                *bucket += 1;
            }
        }
        let counting = Counting {
            enterprise: enterprise(HOME),
            filters: filters.clone(),
            oldest: Second(0),
            edges: edges.clone(),
        };
        let counts = trial.search().count(counting).await.unwrap();
        assert_eq!((counts.buckets, counts.counted_from), (wanted, edges[0]), "{filters:?}");
    }
}
