//! An open keeper with the verbs that tests speak in. Every slice it reads is checked for what must hold of any slice.

use crate::deed::{Deed, EVERY_STREAM, enterprise, event_id, user};
use crate::keeper::Keeper;
use feed::event::{FeedKind, UserStreams};
use feed::filter::TypeFilter;
use feed::page::{Ends, Slice};
use feed::position::{Family, Place};
use feed::time::Second;
use serde_json::Value;
use store::Stores;
use store::access_store::AccessStore;
use store::import::{Brought, History};
use store::ledger::{Appended, Batch, Found, Ledger, Line, Outcome, Receipt, Scan};
use store::retention_store::RetentionStore;
use store::search::Search;
use store::token_store::TokenStore;

/// The settling delay of a trial that does not choose one.
pub(crate) const DELAY_S: u32 = 5;
/// The clock at the start of most tests.
pub(crate) const NOW: u32 = 1_750_000_000;
/// The enterprise that most tests speak of; user 7 is at home there.
pub(crate) const HOME: &str = "1";

/// A keeper in use.
pub(crate) struct Trial<K> {
    keeper: K,
}

/// What one scan answered, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    /// The entries as JSON.
    pub(crate) entries: Vec<Value>,
    /// The place of the last entry looked at.
    pub(crate) last: Option<Place>,
}

impl Page {
    /// The ids of the entries, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry["event_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes a slice apart, and checks what must hold of the answer to any scan.
    pub(crate) fn of(slice: &Slice, scan: &Scan) -> Self {
        let text = slice.runs.iter().map(|run| std::str::from_utf8(run).unwrap()).collect::<Vec<_>>().join(",");
        let entries: Vec<Value> = serde_json::from_str(&format!("[{text}]")).unwrap();
        assert_eq!(entries.len(), slice.count, "the count of {scan:?}");
        assert!(slice.count <= scan.limit, "more than the limit of {scan:?}");
        assert!(slice.last.is_some() || slice.count == 0, "entries, but none looked at by {scan:?}");
        let within = |last| scan.after < last && last < scan.below;
        assert!(slice.last.is_none_or(within), "{:?} lies outside {scan:?}", slice.last);
        Page { entries, last: slice.last }
    }
}

impl<K: Keeper> Trial<K> {
    /// A new and empty keeper.
    pub(crate) async fn open() -> Self {
        Self::settling(DELAY_S).await
    }

    /// A new and empty keeper whose history order settles for so many seconds.
    pub(crate) async fn settling(delay_s: u32) -> Self {
        Trial { keeper: K::open(delay_s).await }
    }

    /// Stops the keeper and starts it again.
    pub(crate) async fn reopened(self) -> Self {
        self.reopened_settling(DELAY_S).await
    }

    /// Stops the keeper and starts it again with this settling delay.
    pub(crate) async fn reopened_settling(self, delay_s: u32) -> Self {
        Trial { keeper: self.keeper.reopen(delay_s).await }
    }

    pub(crate) fn stores(&self) -> &Stores {
        self.keeper.stores()
    }

    pub(crate) fn ledger(&self) -> &dyn Ledger {
        &*self.stores().ledger
    }

    pub(crate) fn access(&self) -> &dyn AccessStore {
        &*self.stores().access
    }

    pub(crate) fn search(&self) -> &dyn Search {
        &*self.stores().search
    }

    pub(crate) fn retention(&self) -> &dyn RetentionStore {
        &*self.stores().retention
    }

    /// Brings in history of the home enterprise; answers which events were new.
    pub(crate) async fn import(&self, now: u32, deeds: &[Deed]) -> Vec<Brought> {
        self.import_in(HOME, now, deeds).await
    }

    /// Brings in history of the enterprise with this id.
    pub(crate) async fn import_in(&self, id: &str, now: u32, deeds: &[Deed]) -> Vec<Brought> {
        let events = deeds.iter().map(|deed| deed.past(Second(now))).collect();
        let history = History { enterprise: enterprise(id), events, now: Second(now) };
        self.stores().import.import(history).await.unwrap()
    }

    pub(crate) fn tokens(&self) -> &dyn TokenStore {
        &*self.stores().tokens
    }

    /// Publishes in the home enterprise.
    pub(crate) async fn publish<const N: usize>(&self, now: u32, deeds: [Deed; N]) -> [Receipt; N] {
        self.publish_in(HOME, now, deeds).await
    }

    /// Publishes in the enterprise with this id.
    pub(crate) async fn publish_in<const N: usize>(&self, id: &str, now: u32, deeds: [Deed; N]) -> [Receipt; N] {
        self.append(id, now, &deeds).await.receipts.try_into().expect("one receipt for each event")
    }

    /// Publishes a batch that must be taken.
    pub(crate) async fn append(&self, id: &str, now: u32, deeds: &[Deed]) -> Appended {
        let now = Second(now);
        let events = deeds.iter().map(|deed| deed.event(now)).collect();
        self.ledger().append(Batch { enterprise: enterprise(id), events, now }).await.unwrap()
    }

    /// One scan.
    pub(crate) async fn page(&self, scan: Scan) -> Page {
        let slice = self.ledger().scan(scan.clone()).await.unwrap();
        Page::of(&slice, &scan)
    }

    /// The ids of one scan.
    pub(crate) async fn scan(&self, scan: Scan) -> Vec<String> {
        self.page(scan).await.ids()
    }

    /// The ids of a whole line.
    pub(crate) async fn read(&self, line: Line) -> Vec<String> {
        self.scan(whole(line)).await
    }

    /// The ids of a whole line with the place of each, found by scanning one at a time.
    pub(crate) async fn places(&self, line: Line) -> Vec<(String, Place)> {
        let mut places = Vec::new();
        let mut scan = Scan { limit: 1, ..whole(line) };
        loop {
            let page = self.page(scan.clone()).await;
            let (Some(id), Some(last)) = (page.ids().pop(), page.last) else { return places };
            places.push((id, last));
            scan.after = last;
        }
    }

    /// The ends of a whole line.
    pub(crate) async fn ends(&self, line: &Line) -> Ends {
        self.ledger().ends(line, Place::END).await.unwrap()
    }

    /// What the home enterprise keeps under this id.
    pub(crate) async fn find(&self, kind: FeedKind, id: &str) -> Option<Found> {
        self.ledger().find(&enterprise(HOME), kind, &event_id(id)).await.unwrap()
    }

    /// The ids of what a follower of history order is shown after `after` at this time, and where it then stands.
    pub(crate) async fn follow(&self, after: Place, now: u32) -> (Vec<String>, Place) {
        let below = Place::at(self.frontier(now).await);
        let page = self.page(Scan { after, below, ..whole(history()) }).await;
        (page.ids(), page.last.unwrap_or(after))
    }

    /// The frontier of the home enterprise, moved by time to `now` first.
    pub(crate) async fn frontier(&self, now: u32) -> Second {
        self.ledger().frontier(&enterprise(HOME), Second(now)).await.unwrap()
    }
}

/// A scan of everything in a line.
pub(crate) fn whole(line: Line) -> Scan {
    Scan {
        line,
        after: Place::START,
        below: Place::END,
        limit: feed::limits::PAGE_ENTRIES_MAX,
        oldest: Second(0),
        types: TypeFilter::default(),
        created_from: Second(0),
        created_before: None,
    }
}

/// Everything the enterprise feeds have, in arrival order.
pub(crate) fn streaming() -> Line {
    Line::Streaming(enterprise(HOME))
}

/// The same in history order.
pub(crate) fn history() -> Line {
    Line::History(enterprise(HOME))
}

/// The same by true `created_at`.
pub(crate) fn window() -> Line {
    Line::Window(enterprise(HOME))
}

/// The feed of a user of the home enterprise, on every stream.
pub(crate) fn feed_of(id: &str) -> Line {
    feed_in(HOME, id, EVERY_STREAM)
}

/// The feed of a user at home in this enterprise, on these streams.
pub(crate) fn feed_in(home: &str, id: &str, streams: UserStreams) -> Line {
    Line::User { home: enterprise(home), user: user(id), streams, lists: Vec::new() }
}

/// The four lines of the home enterprise, with the feed of user 7.
pub(crate) fn every_line() -> [Line; 4] {
    [feed_of("7"), streaming(), history(), window()]
}

/// What a receipt says of one rendering: its place, whether it was a duplicate, and whether it differed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) place: Place,
    pub(crate) duplicate: bool,
    pub(crate) differs: bool,
}

/// What the receipt says of the user rendering, which must be recorded.
pub(crate) fn of_user(receipt: &Receipt) -> Told {
    told(receipt.user.as_ref(), Family::User)
}

/// What the receipt says of the enterprise rendering, which must be recorded.
pub(crate) fn of_enterprise(receipt: &Receipt) -> Told {
    told(receipt.enterprise.as_ref(), Family::Streaming)
}

fn told(outcome: Option<&Outcome>, family: Family) -> Told {
    let Some(Outcome::Recorded { position, duplicate, differs, .. }) = outcome else {
        panic!("not recorded: {outcome:?}")
    };
    assert_eq!(position.family(), family, "the family of a receipt");
    Told { place: position.place(), duplicate: *duplicate, differs: *differs }
}
