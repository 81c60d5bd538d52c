//! Pages: scanning on from the last place gives every entry once, in order, whatever the limits.

use crate::deed::{Deed, deed};
use crate::keeper::Keeper;
use crate::trial::{NOW, Page, Trial, every_line, history, of_enterprise, streaming, whole, window};
use feed::filter::TypeFilter;
use feed::limits::PAGE_ENTRIES_MAX;
use feed::page::Ends;
use feed::position::Place;
use feed::time::Second;
use store::ledger::Scan;

/// Twenty deeds over a few seconds, in five batches.
async fn twenty<K: Keeper>() -> (Trial<K>, Vec<String>) {
    let trial = Trial::<K>::open().await;
    let ids: Vec<String> = (0..20).map(|n| format!("e{n:02}")).collect();
    for (now, batch) in (NOW..).zip(ids.chunks(4)) {
        let deeds: Vec<Deed> = batch.iter().map(|id| deed(id)).collect();
        trial.append("1", now, &deeds).await;
    }
    (trial, ids)
}

pub(crate) async fn pages_of_any_size_give_every_entry_once<K: Keeper>() {
    let (trial, ids) = twenty::<K>().await;
    for line in every_line() {
        for limit in [1, 2, 3, 4, 7, 19, 20, 21] {
            let mut scan = Scan { limit, ..whole(line.clone()) };
            let mut seen = Vec::new();
            loop {
                let page = trial.page(scan.clone()).await;
                seen.extend(page.ids());
                let Some(last) = page.last else { break };
                scan.after = last;
            }
            assert_eq!(seen, ids, "by {limit} through {line:?}");
        }
    }
}

pub(crate) async fn a_page_is_full_when_there_is_enough<K: Keeper>() {
    let (trial, ids) = twenty::<K>().await;
    // One rare type at the far end of each line must still fill a page that asks for it.
    trial.publish(NOW + 9, [deed("rare-1").typed("RARE"), deed("x"), deed("rare-2").typed("RARE")]).await;
    for line in every_line() {
        for limit in 1..=20 {
            let page = trial.scan(Scan { limit, ..whole(line.clone()) }).await;
            assert_eq!(page, ids[..limit], "{line:?}");
        }
    }
    for line in [streaming(), history(), window()] {
        let scan = Scan { limit: 2, types: TypeFilter::parse("RARE").unwrap(), ..whole(line.clone()) };
        assert_eq!(trial.scan(scan).await, ["rare-1", "rare-2"], "{line:?}");
    }
}

pub(crate) async fn scanning_an_empty_stretch_looks_at_nothing<K: Keeper>() {
    let (trial, _) = twenty::<K>().await;
    for line in every_line() {
        let end = trial.ends(&line).await.shown;
        let nothing = [
            Scan { after: end, ..whole(line.clone()) },
            Scan { after: Place::END, ..whole(line.clone()) },
            Scan { below: Place::START, ..whole(line.clone()) },
            Scan { below: Place::at(Second(NOW)), ..whole(line.clone()) },
            Scan { after: end, below: Place::at(Second(NOW)), ..whole(line.clone()) },
            Scan { after: Place::END, below: Place::START, ..whole(line.clone()) },
            Scan { limit: 0, ..whole(line.clone()) },
        ];
        for scan in nothing {
            assert_eq!(trial.page(scan.clone()).await, Page::default(), "{scan:?}");
        }
    }
    for line in [crate::trial::feed_in("404", "7", crate::deed::EVERY_STREAM), crate::trial::feed_of("404")] {
        assert_eq!(trial.page(whole(line.clone())).await, Page::default(), "{line:?}");
    }
}

/// What looks at nothing that matches still moves the reader on; or else it would look there again and again.
pub(crate) async fn a_short_page_has_looked_as_far_as_the_line_goes<K: Keeper>() {
    let (trial, _) = twenty::<K>().await;
    for line in [streaming(), history(), window()] {
        let places = trial.places(line.clone()).await;
        let last = places.last().map(|(_, place)| *place);
        let nothing = TypeFilter::parse("NO_SUCH_TYPE").unwrap();
        let page = trial.page(Scan { types: nothing.clone(), ..whole(line.clone()) }).await;
        assert_eq!(page, Page { entries: Vec::new(), last }, "{line:?}");
        let page = trial.page(Scan { types: nothing, below: places[10].1, ..whole(line.clone()) }).await;
        assert_eq!(page, Page { entries: Vec::new(), last: Some(places[9].1) }, "{line:?}");
        let page = trial.page(Scan { created_before: Some(Second(NOW)), ..whole(line.clone()) }).await;
        assert_eq!(page, Page { entries: Vec::new(), last }, "{line:?}");
    }
    for line in every_line() {
        let places = trial.places(line.clone()).await;
        let page = trial.page(Scan { after: places[3].1, below: places[7].1, ..whole(line.clone()) }).await;
        assert_eq!((page.entries.len(), page.last), (3, Some(places[6].1)), "{line:?}");
        let page = trial.page(Scan { limit: 2, ..whole(line.clone()) }).await;
        assert_eq!(page.last, Some(places[1].1), "a full page looks no further in {line:?}");
    }
}

pub(crate) async fn the_ends_are_the_last_entry_shown_and_the_last_place_given<K: Keeper>() {
    let (trial, _) = twenty::<K>().await;
    for line in every_line() {
        let places = trial.places(line.clone()).await;
        let last = places.last().unwrap().1;
        assert_eq!(trial.ends(&line).await, Ends { shown: last, stored: last }, "{line:?}");
        let ends = trial.ledger().ends(&line, places[10].1).await.unwrap();
        assert_eq!(ends, Ends { shown: places[9].1, stored: last }, "{line:?}");
        let ends = trial.ledger().ends(&line, Place::START).await.unwrap();
        assert_eq!(ends, Ends { shown: Place::START, stored: last }, "{line:?}");
    }
    // A line of arrival goes on with entries that a single feed does not show.
    let [stranger] = trial.publish(NOW + 50, [deed("s").by("8").user_only()]).await;
    let ends = trial.ends(&streaming()).await;
    assert!(ends.shown < ends.stored);
    assert_eq!(ends.stored, crate::trial::of_user(&stranger).place);
}

pub(crate) async fn the_largest_page_has_room_for_the_largest_limit<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds: Vec<Deed> = (0..PAGE_ENTRIES_MAX + 1).map(|n| deed(&n.to_string())).collect();
    let receipts = trial.append("1", NOW, &deeds).await.receipts;
    for line in every_line() {
        assert_eq!(trial.read(line.clone()).await.len(), PAGE_ENTRIES_MAX, "{line:?}");
    }
    let place = of_enterprise(receipts.last().unwrap()).place;
    assert_eq!(place, Place { second: Second(NOW), ordinal: 501 });
}

/// Rare types and common ones, few and many of them, may be found in different ways; none may show in the pages.
pub(crate) async fn enterprise_feeds_of_types_are_those_of_everything_without_the_others<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let type_of = |n: u32| match n {
        n if n % 150 == 0 => "RARE",
        n if n % 100 == 50 => "SELDOM",
        n if n % 3 == 0 => "COMMON",
        _ => "UPLOAD",
    };
    let deeds: Vec<Deed> = (0..300)
        .map(|n| deed(&format!("e{n:03}-{}", type_of(n))).typed(type_of(n)).created(NOW - n * 7 % 90))
        .collect();
    for (now, batch) in (NOW..).zip(deeds.chunks(60)) {
        trial.append("1", now, batch).await;
    }
    let many = (0..30).map(|n| format!("TYPE_{n}")).chain(["RARE".to_owned(), "COMMON".to_owned()]).collect::<Vec<_>>();
    let filters =
        ["RARE".to_owned(), "COMMON".to_owned(), "RARE,SELDOM".to_owned(), "RARE,COMMON".to_owned(), many.join(",")];
    for line in [streaming(), history(), window()] {
        let everything = trial.page(Scan { limit: 500, ..whole(line.clone()) }).await.ids();
        assert_eq!(everything.len(), 300, "{line:?}");
        for filter in &filters {
            let wanted = |id: &&String| filter.split(',').any(|name| id.ends_with(&format!("-{name}")));
            let expected: Vec<&String> = everything.iter().filter(wanted).collect();
            for limit in [1, 7, 500] {
                let types = TypeFilter::parse(filter).unwrap();
                let mut scan = Scan { limit, types, ..whole(line.clone()) };
                let mut seen = Vec::new();
                loop {
                    let page = trial.page(scan.clone()).await;
                    seen.extend(page.ids());
                    let Some(last) = page.last else { break };
                    scan.after = last;
                }
                assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{filter} by {limit} through {line:?}");
            }
        }
    }
}
