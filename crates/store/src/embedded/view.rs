//! What readers see: the list of partitions at one moment. Readers take it and need no lock any more.

use super::fault::Fault;
use super::live::Live;
use super::manifest::Partition;
use super::rows::{Order, Row, Walk, Wanted};
use super::runs::Runs;
use super::sealed::shelf::Shelf;
use super::search::{Answer, Between, Sought};
use bytes::Bytes;
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use feed::time::Second;
use std::sync::Arc;

/// All partitions: those of imported history, then the others in the order of their numbers, which is that of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// Grows with every change.
    pub(super) version: u64,
    pub(super) parts: Vec<Part>,
}

/// A partition.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Live(Arc<Live>),
    Sealed(Arc<Partition>),
}

impl View {
    /// The partition being written: the last.
    pub(super) fn open(&self) -> Option<&Arc<Live>> {
        match self.parts.last()? {
            Part::Live(live) => Some(live),
            Part::Sealed(_) => None,
        }
    }

    /// The partitions that are not sealed.
    pub(super) fn live(&self) -> impl DoubleEndedIterator<Item = &Arc<Live>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Live(live) => Some(live),
            Part::Sealed(_) => None,
        })
    }

    pub(super) fn sealed(&self) -> impl DoubleEndedIterator<Item = &Arc<Partition>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Live(_) => None,
            Part::Sealed(partition) => Some(partition),
        })
    }
}

/// When it is a partition's turn in a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has nothing for it.
    Never,
    /// Not before this place, as bits.
    From(u64),
    /// It is sealed, and its places in window order lie on both sides of where the scan begins.
    Unknown,
}

/// The range of places, as bits, that a sealed partition covers in the order of a walk, whichever lines are in it.
fn range_of(partition: &Partition, wanted: &Wanted<'_>) -> Option<(u64, u64)> {
    if partition.is_imported() && !matches!(wanted.walk, Walk::Enterprise(Order::Window)) {
        return None;
    }
    let record = partition.half(wanted.kind())?;
    match wanted.walk {
        Walk::User { .. } | Walk::Enterprise(Order::Arrival) => record.places,
        Walk::Enterprise(Order::History) => record.history,
        Walk::Enterprise(Order::Window) => record.window,
    }
}

fn may_hold(partition: &Partition, wanted: &Wanted<'_>) -> bool {
    partition.half(wanted.kind()).is_some_and(|record| record.may_hold(wanted.line.as_str()))
}

impl Part {
    /// Whether it holds imported history.
    pub(super) fn is_imported(&self) -> bool {
        matches!(self, Part::Sealed(partition) if partition.is_imported())
    }

    /// The least and the greatest place it may have in the order of a walk; `None` if it has nothing of the line.
    pub(super) fn range(&self, wanted: &Wanted<'_>) -> Option<(u64, u64)> {
        match self {
            Part::Live(_) => Some((0, u64::MAX)),
            Part::Sealed(partition) => range_of(partition, wanted).filter(|_| may_hold(partition, wanted)),
        }
    }

    /// Where its first entry within (after, below) stands in the order of a walk, as far as is known without asking a file.
    pub(super) fn turn(&self, wanted: &Wanted<'_>, after: u64, below: u64) -> Turn {
        let earliest = after.saturating_add(1);
        match self {
            Part::Live(live) => {
                let next = match wanted.walk {
                    Walk::User { .. } | Walk::Enterprise(Order::Arrival) => {
                        live.first_place(wanted.line, wanted.kind()).map(|first| first.max(earliest))
                    }
                    Walk::Enterprise(order) => live.next_after(wanted.line, order, after),
                };
                next.filter(|next| *next < below).map_or(Turn::Never, Turn::From)
            }
            Part::Sealed(partition) => match range_of(partition, wanted) {
                Some((least, greatest)) if after < greatest && least < below && may_hold(partition, wanted) => {
                    match wanted.walk {
                        Walk::Enterprise(Order::Window) if least <= after => Turn::Unknown,
                        _ => Turn::From(least.max(earliest)),
                    }
                }
                _ => Turn::Never,
            },
        }
    }

    /// Rows of a line within (after, below), in order, `max` at most; fewer than `max` only when there are no more.
    pub(super) fn rows(
        &self,
        shelf: &Shelf,
        wanted: &Wanted<'_>,
        after: u64,
        below: u64,
        max: usize,
    ) -> Result<Vec<Row>, Fault> {
        if let Some(sought) = wanted.by_type().filter(|sought| self.leads_to_few(sought)) {
            return self.rows_of_types(shelf, wanted, &sought, Between { after, below }, max);
        }
        match self {
            Part::Live(live) => Ok(live.rows(wanted, after, below, max)),
            Part::Sealed(partition) => match partition.half_name(wanted.kind()) {
                Some(name) => shelf.ask(name, |half| half.rows(wanted, after, below, max)),
                None => Ok(Vec::new()),
            },
        }
    }

    /// Whether lists are the shorter way. In a partition that is not sealed they are gathered and sorted for each page,
    /// while whoever publishes waits.
    fn leads_to_few(&self, sought: &Sought<'_>) -> bool {
        match self {
            Part::Live(live) => live.leads_to_few(sought),
            Part::Sealed(_) => true,
        }
    }

    /// The same for some types in window order, which the lists of the types lead to.
    fn rows_of_types(
        &self,
        shelf: &Shelf,
        wanted: &Wanted<'_>,
        sought: &Sought<'_>,
        all: Between,
        max: usize,
    ) -> Result<Vec<Row>, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        let mut left = wanted.within(all);
        loop {
            let answer = self.look_up(shelf, sought, left, max - rows.len())?;
            rows.extend(answer.rows);
            if rows.len() == max {
                return Ok(rows);
            }
            match rows.last() {
                Some(row) if !answer.dry => left = left.beyond(row.at, false),
                _ => break,
            }
        }
        // There are no more; how far that was looked into is told by an entry that is not wanted.
        let reached = rows.last().map_or(all.after, |row| row.at);
        if let Some(at) = self.last_before(shelf, wanted, all.below)?.filter(|at| reached < *at) {
            rows.push(Row { at, entry: 0, wanted: false });
        }
        Ok(rows)
    }

    /// The last place of a line before this one, in the order of the walk.
    pub(super) fn last_before(&self, shelf: &Shelf, wanted: &Wanted<'_>, below: u64) -> Result<Option<u64>, Fault> {
        match self {
            Part::Live(live) => Ok(live.last_before(wanted, below)),
            Part::Sealed(partition) => match partition.half_name(wanted.kind()) {
                Some(name) => shelf.ask(name, |half| half.last_before(wanted, below)),
                None => Ok(None),
            },
        }
    }

    /// The least and the greatest place in window order that a search may find in it; `None` if it has nothing for it.
    pub(super) fn search_range(&self, sought: &Sought<'_>) -> Option<(u64, u64)> {
        match self {
            Part::Live(_) => Some((0, u64::MAX)),
            Part::Sealed(partition) => {
                let record = partition.half(FeedKind::Enterprise)?;
                let (_, newest) = record.places?;
                record.window.filter(|_| sought.oldest <= newest && record.may_hold(sought.line.as_str()))
            }
        }
    }

    /// Entries between two places of window order that have everything sought, in order; `max` at most. The last row of
    /// a partition that has no more says how far it reaches.
    pub(super) fn matching(
        &self,
        shelf: &Shelf,
        sought: &Sought<'_>,
        between: Between,
        max: usize,
    ) -> Result<Answer, Fault> {
        let mut answer = self.look_up(shelf, sought, between, max)?;
        let (Part::Sealed(_), Some((least, greatest))) = (self, self.search_range(sought)) else { return Ok(answer) };
        let end = match sought.backwards {
            true => least.max(between.after.saturating_add(1)),
            false => greatest.min(between.below.saturating_sub(1)),
        };
        if answer.dry && answer.rows.last().is_none_or(|row| row.at != end) {
            answer.rows.push(Row { at: end, entry: 0, wanted: false });
        }
        Ok(answer)
    }

    /// The same without that last row.
    fn look_up(&self, shelf: &Shelf, sought: &Sought<'_>, between: Between, max: usize) -> Result<Answer, Fault> {
        let nothing = Answer { dry: true, ..Answer::default() };
        let partition = match self {
            Part::Live(live) => return Ok(live.matching(sought, between, max)),
            Part::Sealed(partition) => partition,
        };
        let (Some(name), Some(_)) = (partition.half_name(FeedKind::Enterprise), self.search_range(sought)) else {
            return Ok(nothing);
        };
        let all_kept = self.all_kept(sought);
        shelf.ask_with_terms(name, |half| half.matching(sought, between, all_kept, max))
    }

    /// Whether nothing in it was recorded before the oldest wanted.
    fn all_kept(&self, sought: &Sought<'_>) -> bool {
        match self {
            Part::Live(_) => false,
            Part::Sealed(partition) => {
                let places = partition.half(FeedKind::Enterprise).and_then(|record| record.places);
                places.is_none_or(|(oldest, _)| sought.oldest <= oldest)
            }
        }
    }

    /// Counts those entries by the time of the deed if that can be done without a look at each; answers whether it was.
    pub(super) fn count(
        &self,
        shelf: &Shelf,
        sought: &Sought<'_>,
        between: Between,
        edges: &[Second],
        buckets: &mut [u64],
    ) -> Result<bool, Fault> {
        match self {
            Part::Live(live) => {
                live.count(sought, between, edges, buckets);
                Ok(true)
            }
            Part::Sealed(partition) => {
                let Some(name) = partition.half_name(FeedKind::Enterprise) else { return Ok(true) };
                let Some((least, greatest)) = self.search_range(sought) else { return Ok(true) };
                if greatest <= between.after || between.below <= least {
                    return Ok(true);
                }
                if !self.all_kept(sought) {
                    return Ok(false);
                }
                let counted = shelf.ask_with_terms(name, |half| {
                    let mut counted = vec![0; buckets.len()];
                    Ok(half.count_sought(sought, between, edges, &mut counted)?.then_some(counted))
                })?;
                let known = counted.is_some();
                for (bucket, more) in buckets.iter_mut().zip(counted.into_iter().flatten()) {
                    *bucket += more;
                }
                Ok(known)
            }
        }
    }

    /// The place of arrival and the bytes of some entries of the enterprise feed.
    pub(super) fn fetch_each(
        &self,
        shelf: &Shelf,
        line: &EnterpriseId,
        entries: &[u32],
    ) -> Result<Vec<(u64, Bytes)>, Fault> {
        match self {
            Part::Live(live) => live.fetch_each(line, entries),
            Part::Sealed(partition) => match partition.half_name(FeedKind::Enterprise) {
                Some(name) => shelf.ask(name, |half| half.fetch_each(line, entries)),
                None => Err(Fault::Gone(format!("half of partition {}", partition.number))),
            },
        }
    }

    pub(super) fn fetch(
        &self,
        shelf: &Shelf,
        line: &EnterpriseId,
        kind: FeedKind,
        entries: &[u32],
        runs: &mut Runs,
    ) -> Result<(), Fault> {
        match self {
            Part::Live(live) => live.fetch(line, kind, entries, runs)?,
            Part::Sealed(partition) => match partition.half_name(kind) {
                Some(name) => {
                    shelf.ask(name, |half| half.fetch(line, entries))?.into_iter().for_each(|run| runs.push(run))
                }
                None => return Err(Fault::Gone(format!("half of partition {}", partition.number))),
            },
        }
        Ok(())
    }
}
