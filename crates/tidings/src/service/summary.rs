//! What stands beside a search: how the events that match spread over time, and the types, actors and items that are
//! most among them.

use super::Services;
use super::administer::AdminError;
use crate::auth::Caller;
use feed::intake::outline;
use feed::limits::{HISTOGRAM_BUCKETS_MAX, PAGE_ENTRIES_MAX, SUMMARY_ROWS_MAX, SUMMARY_SAMPLE_MAX};
use feed::permission::Action;
use feed::search::{Filters, Order};
use feed::time::Second;
use rustc_hash::FxHashMap;
use store::search::{Counting, Searching};

/// How the events that match spread.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Where the buckets begin, and where the last ends.
    pub edges: Vec<Second>,
    /// How many events each bucket has.
    pub buckets: Vec<u64>,
    /// From when on everything was counted. If it lies after the first edge, earlier buckets count too few.
    pub counted_from: Second,
    /// Over how many of the newest events that match the lists below are counted.
    pub sampled: usize,
    /// Whether those are all that match, so that the lists are exact.
    pub sampled_all: bool,
    /// The types that are most.
    pub types: Vec<Top>,
    /// The actors that are most.
    pub actors: Vec<Top>,
    /// The items that are most.
    pub items: Vec<Top>,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top {
    /// The id, or the name of a type.
    pub id: String,
    /// The name for people, as the newest event has it; empty if none has.
    pub name: String,
    /// How many events.
    pub count: u64,
}

/// Widths of buckets that people read easily, in seconds.
const WIDTHS_S: [u32; 19] = [
    1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
    7_776_000, 31_536_000,
];

/// Edges of about so many buckets that cover a window, at round times.
fn edges(from: Second, to: Second, buckets: usize) -> Vec<Second> {
    let buckets = u32::try_from(buckets.clamp(1, HISTOGRAM_BUCKETS_MAX)).unwrap_or(1);
    let covers = |width: &&u32| {
        let first = from.0 - from.0 % **width;
        to.0.saturating_sub(first).div_ceil(**width) <= buckets
    };
    let width = *WIDTHS_S.iter().find(covers).unwrap_or(&u32::MAX);
    let mut edges = vec![Second(from.0 - from.0 % width)];
    loop {
        let next = edges.last().copied().unwrap_or_default().ahead(width);
        edges.push(next);
        if to <= next || next == Second::MAX {
            return edges;
        }
    }
}

/// A list in the making.
#[derive(Default)]
struct Tally(FxHashMap<String, (String, u64)>);

impl Tally {
    fn add(&mut self, id: &str, name: &str) {
        if id.is_empty() {
            return;
        }
        // The first that is added is the newest, and has the name of today.
        let (_, count) = self.0.entry(id.to_owned()).or_insert_with(|| (name.to_owned(), 0));
        *count += 1;
    }

    fn top(self) -> Vec<Top> {
        let mut rows: Vec<Top> = self.0.into_iter().map(|(id, (name, count))| Top { id, name, count }).collect();
        rows.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
        rows.truncate(SUMMARY_ROWS_MAX);
        rows
    }
}

impl Services {
    /// Summarises the events that filters take, in about so many buckets of time.
    ///
    /// # Errors
    /// [`AdminError::Denied`] or [`AdminError::Unavailable`].
    pub async fn summary(&self, caller: &Caller, filters: &Filters, buckets: usize) -> Result<Summary, AdminError> {
        caller.may(Action::Search).map_err(AdminError::Denied)?;
        let Some((from, to)) = self.span(caller, filters).await? else { return Ok(Summary::default()) };
        let edges = edges(from, to, buckets);
        // With a hold, what the next sweep will remove may be counted.
        let oldest = self.kept(caller.enterprise()).await?.looked_from();
        let enterprise = caller.enterprise().clone();
        let counting = Counting { enterprise, filters: filters.clone(), oldest, edges: edges.clone() };
        let counts = self.stores.search.count(counting).await?;
        let counted_from = counts.counted_from;
        let mut summary = Summary { edges, buckets: counts.buckets, counted_from, ..Summary::default() };
        let (mut types, mut actors, mut items) = (Tally::default(), Tally::default(), Tally::default());
        let mut after = None;
        while summary.sampled < SUMMARY_SAMPLE_MAX {
            let page = self.search(caller, filters, Order::NewestFirst, after, PAGE_ENTRIES_MAX).await?;
            for entry in &page.entries {
                let Some(event) = outline(&entry.bytes) else { continue };
                types.add(&event.event_type, "");
                if let Some(actor) = &event.actor {
                    actors.add(actor.id.as_str(), &actor.name);
                }
                items.add(&event.source_id, &event.source_name);
            }
            summary.sampled += page.entries.len();
            if page.end {
                summary.sampled_all = true;
                break;
            }
            // A page that had to stop early shows how rare matches are; the sample is what there is.
            if page.entries.is_empty() {
                break;
            }
            after = page.next;
        }
        (summary.types, summary.actors, summary.items) = (types.top(), actors.top(), items.top());
        Ok(summary)
    }

    /// The window to be shown: what the filters say, else from the first event of the enterprise to the last.
    async fn span(&self, caller: &Caller, filters: &Filters) -> Result<Option<(Second, Second)>, AdminError> {
        let end = async |order| -> Result<Option<Second>, AdminError> {
            let searching = Searching {
                enterprise: caller.enterprise().clone(),
                filters: Filters::default(),
                order,
                after: None,
                limit: 1,
                oldest: self.kept(caller.enterprise()).await?.looked_from(),
            };
            Ok(self.stores.search.search(searching).await?.entries.first().map(|entry| entry.at.second))
        };
        let (Some(first), Some(last)) = (end(Order::OldestFirst).await?, end(Order::NewestFirst).await?) else {
            return Ok(None);
        };
        let from = filters.created_from.unwrap_or_default().max(first);
        let to = filters.created_before.map_or(last.ahead(1), |before| before.min(last.ahead(1)));
        Ok((from < to).then_some((from, to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_round_and_cover_the_window() {
        for (from, to, buckets) in [(0, 1, 1), (1_750_000_007, 1_750_086_400, 24), (5, 4_000_000_000, 400), (9, 10, 0)]
        {
            let edges = edges(Second(from), Second(to), buckets);
            assert!(edges[0].0 <= from && to <= edges[edges.len() - 1].0, "{edges:?}");
            assert!(edges.len() - 1 <= buckets.max(1), "{} for {buckets}", edges.len() - 1);
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(edges(Second(1_000), Second(4_000), 10)[..3], [Second(600), Second(1_200), Second(1_800)]);
    }
}
