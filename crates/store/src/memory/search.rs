//! Finding events in the maps of the memory keeper: every one is looked at, in the plainest way.

use super::MemoryStore;
use super::line::{EnterpriseLine, KeptEnterprise};
use crate::ledger::Unavailable;
use crate::search::{Counting, Counts, Match, Matches, Search, Searching};
use async_trait::async_trait;
use feed::limits::PAGE_ENTRIES_MAX;
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::time::Second;
use std::ops::Bound::{Excluded, Unbounded};

#[async_trait]
impl Search for MemoryStore {
    async fn search(&self, searching: Searching) -> Result<Matches, Unavailable> {
        let state = self.state();
        let nothing = Matches { end: true, ..Matches::default() };
        Ok(state.lines.get(&searching.enterprise).map_or(nothing, |line| search(line, &searching)))
    }

    async fn count(&self, counting: Counting) -> Result<Counts, Unavailable> {
        let state = self.state();
        let mut counts = Counts {
            buckets: vec![0; counting.edges.len().saturating_sub(1)],
            counted_from: counting.edges.first().copied().unwrap_or_default(),
        };
        let Some(line) = state.lines.get(&counting.enterprise) else { return Ok(counts) };
        for (at, recorded) in &line.window {
            let Some(kept) = enterprise(line, at, recorded) else { continue };
            let created_at = kept.kept.created_at;
            let before = counting.edges.partition_point(|edge| *edge <= created_at);
            let bucket = before.checked_sub(1).and_then(|bucket| counts.buckets.get_mut(bucket));
            if let Some(bucket) = bucket.filter(|_| takes(&counting.filters, counting.oldest, recorded, kept)) {
                *bucket += 1;
            }
        }
        Ok(counts)
    }
}

fn search(line: &EnterpriseLine, searching: &Searching) -> Matches {
    let mut matches = Matches::default();
    let range = match (searching.order, searching.after) {
        (_, None) => (Unbounded, Unbounded),
        (Order::OldestFirst, Some(after)) => (Excluded(after), Unbounded),
        (Order::NewestFirst, Some(before)) => (Unbounded, Excluded(before)),
    };
    let forwards = line.window.range(range);
    let mut places: Box<dyn Iterator<Item = (&Place, &Place)>> = match searching.order {
        Order::OldestFirst => Box::new(forwards),
        Order::NewestFirst => Box::new(forwards.rev()),
    };
    let limit = searching.limit.min(PAGE_ENTRIES_MAX);
    while matches.entries.len() < limit {
        let Some((at, recorded)) = places.next() else {
            matches.end = true;
            break;
        };
        matches.last = Some(*at);
        let kept = enterprise(line, at, recorded);
        if let Some(kept) = kept.filter(|kept| takes(&searching.filters, searching.oldest, recorded, kept)) {
            matches.entries.push(Match { at: *at, recorded: *recorded, bytes: kept.kept.bytes.clone() });
        }
    }
    matches
}

/// What stands at this place of the window order: imported there, or recorded elsewhere.
fn enterprise<'a>(line: &'a EnterpriseLine, at: &Place, recorded: &Place) -> Option<&'a KeptEnterprise> {
    line.imported.get(at).or_else(|| line.entries.get(recorded)?.enterprise.as_ref())
}

fn takes(filters: &Filters, oldest: Second, recorded: &Place, kept: &KeptEnterprise) -> bool {
    oldest <= recorded.second
        && filters.takes_time(kept.kept.created_at)
        && filters.type_filter().takes(&kept.kept.event_type)
        && filters.terms().iter().all(|group| group.iter().any(|term| kept.terms.binary_search(term).is_ok()))
        && filters.text.as_ref().is_none_or(|text| text.is_in(&kept.kept.bytes))
}
