//! Digests: one filter over the event ids of sixteen partitions, so that looking for a duplicate does not cost more the
//! more partitions there are.
//!
//! Each half partition has a filter of its own ([`super::sealed::filter`]). A busy day has dozens of partitions, and the
//! ids of thirty days are looked for; asking hundreds of filters for each event would soon be most of the work of
//! publishing. So upkeep makes a digest of each run of sixteen partitions once all of them are sealed, and only those
//! that it does not rule out are asked one by one. Digests are in memory alone, and are made again after a start while
//! publishing goes on. What is rewritten or swept later only loses ids, so a digest never has to be made twice.

use super::core::Core;
use super::fault::Fault;
use super::known::KNOWN_S;
use super::sealed::filter::Filter;
use super::sealed::name::HalfName;
use super::view::View;
use crate::ledger::Unavailable;
use feed::event::FeedKind;
use feed::position::Place;
use rustc_hash::FxHashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// So many partitions, counted by their numbers, share a digest.
const RUN: u64 = 16;

/// The filter over a run of partitions, for one kind of feed.
#[derive(Debug)]
pub(super) struct Digest {
    filter: Filter,
    /// The numbers of the partitions in it, sorted.
    partitions: Vec<u64>,
}

impl Digest {
    pub(super) fn covers(&self, partition: u64) -> bool {
        self.partitions.binary_search(&partition).is_ok()
    }

    /// Whether one of its partitions may hold an id with this fingerprint.
    pub(super) fn may_hold(&self, print: u64) -> bool {
        self.filter.may_hold(print)
    }
}

/// The digests there are.
#[derive(Debug, Default)]
pub(super) struct Digests(RwLock<Made>);

#[derive(Debug, Default)]
struct Made {
    by_run: FxHashMap<(u64, FeedKind), Arc<Digest>>,
    version: u64,
}

/// The run that a partition belongs to.
pub(super) fn run_of(partition: u64) -> u64 {
    partition / RUN
}

impl Digests {
    /// Grows with every change.
    pub(super) fn version(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).version
    }

    pub(super) fn get(&self, run: u64, kind: FeedKind) -> Option<Arc<Digest>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_run.get(&(run, kind)).cloned()
    }

    fn change(&self, change: impl FnOnce(&mut FxHashMap<(u64, FeedKind), Arc<Digest>>)) {
        let mut made = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut made.by_run);
        made.version += 1;
    }
}

/// Makes the digests that can be made and are not there, and lets those go in which nothing is recent any more.
///
/// # Errors
/// [`Unavailable`] when an index cannot be read; what is without a digest is asked one by one.
pub(super) fn renew(core: &Core) -> Result<(), Unavailable> {
    let _turn = core.upkeep();
    for kind in super::seal::KINDS {
        let view = core.view();
        let runs = recent_runs(&view, kind);
        for (run, halves) in &runs {
            if core.digests.get(*run, kind).is_none() {
                let digest = Arc::new(core.reading(|_| make(core, halves))?);
                core.digests.change(|made| drop(made.insert((*run, kind), digest)));
            }
        }
        let gone = |(run, of): &(u64, FeedKind)| *of == kind && runs.iter().all(|(other, _)| other != run);
        let any_gone = core.digests.0.read().unwrap_or_else(PoisonError::into_inner).by_run.keys().any(gone);
        if any_gone {
            core.digests.change(|made| made.retain(|key, _| !gone(key)));
        }
    }
    Ok(())
}

/// The runs of which all partitions are sealed and some are recent, with their halves. What came last tells the time.
fn recent_runs(view: &View, kind: FeedKind) -> Vec<(u64, Vec<HalfName>)> {
    let mut runs: Vec<(u64, Vec<HalfName>, u64)> = Vec::new();
    let mut newest = 0;
    for partition in view.sealed().filter(|partition| !partition.is_imported()) {
        let Some((name, record)) = partition.half_name(kind).zip(partition.half(kind)) else { continue };
        let last = record.places.map_or(0, |(_, last)| last);
        newest = newest.max(last);
        match runs.last_mut() {
            Some((run, halves, greatest)) if *run == run_of(partition.number) => {
                halves.push(name);
                *greatest = last.max(*greatest);
            }
            _ => runs.push((run_of(partition.number), vec![name], last)),
        }
    }
    // The runs before that of the oldest partition which is not sealed are complete.
    let complete_below = view.live().map(|live| run_of(live.number)).min().unwrap_or(0);
    let recent = Place::at(Place::from_bits(newest).second.back(KNOWN_S)).to_bits();
    runs.retain(|(run, halves, last)| *run < complete_below && halves.len() > 1 && recent <= *last);
    runs.into_iter().map(|(run, halves, _)| (run, halves)).collect()
}

fn make(core: &Core, halves: &[HalfName]) -> Result<Digest, Fault> {
    let mut ids = 0;
    for name in halves {
        ids += core.shelf.ask(*name, |half| Ok(half.ids()))?;
    }
    let mut filter = Filter::for_ids(ids);
    for name in halves {
        let prints = core.shelf.ask(*name, |half| half.prints())?;
        prints.into_iter().for_each(|print| filter.add(print));
    }
    let mut partitions: Vec<u64> = halves.iter().map(|name| name.partition).collect();
    partitions.sort_unstable();
    Ok(Digest { filter, partitions })
}
