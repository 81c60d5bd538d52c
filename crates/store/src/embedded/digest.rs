//! Digests: one filter over the event ids of four or of sixteen partitions, so that looking for a duplicate does not cost
//! more the more partitions there are.
//!
//! Each half partition has a filter of its own ([`super::sealed::filter`]). A busy day has dozens of partitions, and the
//! ids of thirty days are looked for; asking hundreds of filters for each event would soon be most of the work of
//! publishing. So upkeep makes a digest of each run of four partitions once all of them are sealed, and later one of
//! sixteen in place of those; only partitions that a digest does not rule out are asked one by one. Digests are in
//! memory alone, and are made again after a start while publishing goes on. What is rewritten or swept later only loses
//! ids, so a digest never has to be made twice.
//!
//! ```text
//!  partitions   0 ........ 15 16 ........ 31 32..35 36..39 40 41 | 42 is not sealed yet
//!  asked        ───one────── ───one──────── ─one── ─one── 40 41
//! ```

use super::core::Core;
use super::fault::Fault;
use super::known::KNOWN_S;
use super::sealed::filter::{Filter, Probe};
use super::sealed::name::HalfName;
use super::view::View;
use crate::ledger::Unavailable;
use feed::event::FeedKind;
use feed::position::Place;
use rustc_hash::FxHashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// So many partitions, counted by their numbers, share a digest: as many of them as are complete, and then fewer.
const LENGTHS: [u64; 2] = [16, 4];

/// A run of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    length: u64,
    /// The number of its first partition, divided by the length.
    number: u64,
}

impl Run {
    fn of(partition: u64, length: u64) -> Self {
        Run { length, number: partition / length }
    }

    /// The runs that a partition belongs to, the longest first.
    fn all(partition: u64) -> [Run; 2] {
        LENGTHS.map(|length| Run::of(partition, length))
    }

    /// The number of the first partition after it.
    fn end(self) -> u64 {
        (self.number + 1) * self.length
    }
}

/// The filter over a run of partitions, for one kind of feed.
#[derive(Debug)]
pub(super) struct Digest {
    filter: Filter,
    /// The numbers of the partitions in it, sorted.
    partitions: Vec<u64>,
}

impl Digest {
    fn covers(&self, partition: u64) -> bool {
        self.partitions.binary_search(&partition).is_ok()
    }

    /// Whether one of its partitions may hold the id.
    pub(super) fn may_hold(&self, probe: &Probe) -> bool {
        self.filter.may_hold(probe)
    }
}

/// The digests there are.
#[derive(Debug, Default)]
pub(super) struct Digests(RwLock<Made>);

#[derive(Debug, Default)]
struct Made {
    by_run: FxHashMap<(Run, FeedKind), Arc<Digest>>,
    version: u64,
}

impl Digests {
    /// Grows with every change.
    pub(super) fn version(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).version
    }

    /// The digest of most partitions that covers this one.
    pub(super) fn over(&self, partition: u64, kind: FeedKind) -> Option<Arc<Digest>> {
        let made = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let digests = Run::all(partition).into_iter().filter_map(|run| made.by_run.get(&(run, kind)));
        digests.into_iter().find(|digest| digest.covers(partition)).cloned()
    }

    fn has(&self, run: Run, kind: FeedKind) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_run.contains_key(&(run, kind))
    }

    fn change(&self, change: impl FnOnce(&mut FxHashMap<(Run, FeedKind), Arc<Digest>>)) {
        let mut made = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut made.by_run);
        made.version += 1;
    }
}

/// Makes the digests that can be made and are not there, and lets those go that longer ones replaced, or in which nothing
/// is recent any more.
///
/// # Errors
/// [`Unavailable`] when an index cannot be read; what is without a digest is asked one by one.
pub(super) fn renew(core: &Core) -> Result<(), Unavailable> {
    let _turn = core.upkeep();
    for kind in super::seal::KINDS {
        let runs = wanted_of(&core.view(), kind);
        for (run, halves) in &runs {
            if !core.digests.has(*run, kind) {
                let digest = Arc::new(core.reading(|_| make(core, halves))?);
                core.digests.change(|made| drop(made.insert((*run, kind), digest)));
            }
        }
        let gone = |(run, of): &(Run, FeedKind)| *of == kind && runs.iter().all(|(other, _)| other != run);
        let any_gone = core.digests.0.read().unwrap_or_else(PoisonError::into_inner).by_run.keys().any(gone);
        if any_gone {
            core.digests.change(|made| made.retain(|key, _| !gone(key)));
        }
    }
    Ok(())
}

/// The runs that are to have a digest, with their halves. What came last tells the time.
fn wanted_of(view: &View, kind: FeedKind) -> Vec<(Run, Vec<HalfName>)> {
    let sealed = view.sealed().filter(|partition| !partition.is_imported());
    let halves = sealed.filter_map(|partition| {
        let (name, record) = partition.half_name(kind).zip(partition.half(kind))?;
        Some((name, record.places.map_or(0, |(_, last)| last)))
    });
    let halves: Vec<(HalfName, u64)> = halves.collect();
    let newest = halves.iter().map(|(_, last)| *last).max().unwrap_or(0);
    let recent = Place::at(Place::from_bits(newest).second.back(KNOWN_S)).to_bits();
    wanted(&halves, view.live().map(|live| live.number).min().unwrap_or(0), recent)
}

/// Of halves in the order of their partitions, each with the last place in it: the runs in which all partitions are
/// below `complete_below`, some are recent, and there is more than one; none that lies in a longer one.
fn wanted(halves: &[(HalfName, u64)], complete_below: u64, recent: u64) -> Vec<(Run, Vec<HalfName>)> {
    let run_of = |name: HalfName| {
        let mut runs = Run::all(name.partition).into_iter();
        runs.find(|run| run.end() <= complete_below)
    };
    let runs = halves.chunk_by(|(one, _), (next, _)| run_of(*one) == run_of(*next));
    let runs = runs.filter(|halves| halves.len() > 1 && halves.iter().any(|(_, last)| recent <= *last));
    runs.filter_map(|halves| Some((run_of(halves[0].0)?, halves.iter().map(|(name, _)| *name).collect()))).collect()
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

#[cfg(test)]
mod tests {
    use super::super::sealed::name::Lies;
    use super::*;

    /// The first partition and the count of those in each run.
    fn runs(partitions: impl Iterator<Item = u64>, complete_below: u64, recent: u64) -> Vec<(u64, u64, usize)> {
        let half = |number| (HalfName::first(number, FeedKind::User, Lies::Apart), number);
        let halves: Vec<(HalfName, u64)> = partitions.map(half).collect();
        let wanted = wanted(&halves, complete_below, recent);
        wanted.iter().map(|(run, halves)| (run.number * run.length, run.length, halves.len())).collect()
    }

    #[test]
    fn sixteen_share_a_digest_and_of_those_left_over_four() {
        let expected = [(0, 16, 15), (16, 16, 16), (32, 4, 4), (36, 4, 4)];
        assert_eq!(runs(1..42, 42, 0), expected);
        // The next partition is the first of the next sixteen.
        assert_eq!(runs(1..48, 48, 0), [(0, 16, 15), (16, 16, 16), (32, 16, 16)]);
    }

    #[test]
    fn a_run_waits_for_its_last_partition() {
        assert_eq!(runs(0..7, 7, 0), [(0, 4, 4)]);
        // Number 2 is sealed after its successors.
        assert_eq!(runs([0, 1, 3].into_iter(), 2, 0), []);
    }

    #[test]
    fn runs_of_which_little_or_nothing_recent_is_left_have_none() {
        assert_eq!(runs(0..32, 32, 16), [(16, 16, 16)]);
        assert_eq!(runs(0..32, 32, 15), [(0, 16, 16), (16, 16, 16)]);
        assert_eq!(runs([3, 21].into_iter(), 32, 0), []);
    }
}
