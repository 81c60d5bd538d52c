//! What readers see: the list of partitions at one moment. Readers take it and need no lock any more.

use super::fault::Fault;
use super::live::Live;
use super::manifest::{HalfRecord, Partition};
use super::rows::{Order, Row, Walk, Wanted};
use super::runs::Runs;
use super::sealed::shelf::Shelf;
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use std::sync::Arc;

/// All partitions: those of imported history, then the others in the order of their numbers, which is that of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
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

/// The range of places, as bits, that a half covers in the order of a walk.
fn range_of(record: &HalfRecord, walk: Walk<'_>) -> Option<(u64, u64)> {
    match walk {
        Walk::User { .. } | Walk::Enterprise(Order::Arrival) => record.places,
        Walk::Enterprise(Order::History) => record.history,
        Walk::Enterprise(Order::Window) => record.window,
    }
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
            Part::Sealed(partition) => {
                if partition.is_imported() && !matches!(wanted.walk, Walk::Enterprise(Order::Window)) {
                    return None;
                }
                let record = partition.half(wanted.kind())?;
                range_of(record, wanted.walk).filter(|_| record.may_hold(wanted.line.as_str()))
            }
        }
    }

    pub(super) fn rows(
        &self,
        shelf: &Shelf,
        wanted: &Wanted<'_>,
        after: u64,
        below: u64,
        max: usize,
    ) -> Result<Vec<Row>, Fault> {
        match self {
            Part::Live(live) => Ok(live.rows(wanted, after, below, max)),
            Part::Sealed(partition) => match partition.half_name(wanted.kind()) {
                Some(name) => shelf.ask(name, |half| half.rows(wanted, after, below, max)),
                None => Ok(Vec::new()),
            },
        }
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
