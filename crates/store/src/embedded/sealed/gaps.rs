//! Gaps: between which places of window order a sealed partition has nothing of a line.
//!
//! Late events make the times of partitions overlap, so many partitions might have something for a page of a closed window,
//! and most have nothing. Asking each costs a search in its index. What it answered holds for as long as the partition is
//! there, because nothing is ever added to it, and it holds for all pages up to the place that it named. So it is remembered:
//! a walk asks a partition once for each gap that it comes to, and not once for each page.

use feed::id::EnterpriseId;
use rustc_hash::FxHashMap;
use std::sync::{PoisonError, RwLock};

/// Most gaps remembered of one partition and line; each takes 16 bytes. Then these are forgotten, and learnt again.
const GAPS_OF_ONE_MAX: usize = 1 << 10;
/// Most gaps remembered of all.
const GAPS_MAX: usize = 1 << 17;

/// A gap: from the place of an entry (0 is before all) to the place of the next one (`u64::MAX` if there is none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Gap {
    pub(in super::super) from: u64,
    pub(in super::super) to: u64,
}

/// Gaps of one partition and line, in order.
type GapsOfOne = Vec<Gap>;

/// The gaps that are remembered, by line and number of the partition.
#[derive(Debug, Default)]
pub(in super::super) struct Gaps(RwLock<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    lines: FxHashMap<EnterpriseId, FxHashMap<u64, GapsOfOne>>,
    count: usize,
}

impl Gaps {
    /// For each of some partitions, the place of its next entry of a line after this place; `None` where that is not
    /// remembered.
    pub(in super::super) fn next_after(
        &self,
        line: &EnterpriseId,
        after: u64,
        partitions: impl Iterator<Item = u64>,
    ) -> Vec<Option<u64>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of_line = held.lines.get(line);
        partitions.map(|partition| next_after(of_line?.get(&partition)?, after)).collect()
    }

    /// Remembers a gap of a partition.
    pub(in super::super) fn learn(&self, line: &EnterpriseId, partition: u64, gap: Gap) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if held.count >= GAPS_MAX {
            *held = Remembered::default();
        }
        let Remembered { lines, count } = &mut *held;
        if !lines.contains_key(line) {
            lines.insert(line.clone(), FxHashMap::default());
        }
        let Some(of_line) = lines.get_mut(line) else { return };
        let gaps = of_line.entry(partition).or_default();
        *count -= gaps.len();
        if gaps.len() == GAPS_OF_ONE_MAX {
            gaps.clear();
        }
        add(gaps, gap);
        *count += gaps.len();
    }
}

fn next_after(gaps: &GapsOfOne, after: u64) -> Option<u64> {
    let behind = gaps.partition_point(|gap| gap.from <= after);
    let gap = gaps.get(behind.checked_sub(1)?)?;
    (after < gap.to).then_some(gap.to)
}

/// Adds a gap. One that lies within it was learnt before the entry at its end was swept.
fn add(gaps: &mut GapsOfOne, gap: Gap) {
    gaps.retain(|old| old.from < gap.from || gap.to < old.to);
    let at = gaps.partition_point(|old| old.from < gap.from);
    gaps.insert(at, gap);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(gaps: &Gaps, line: &str, partition: u64, after: u64) -> Option<u64> {
        let line = EnterpriseId::new(line).unwrap();
        gaps.next_after(&line, after, [partition].into_iter())[0]
    }

    fn learn(gaps: &Gaps, partition: u64, from: u64, to: u64) {
        gaps.learn(&EnterpriseId::new("7").unwrap(), partition, Gap { from, to });
    }

    #[test]
    fn a_gap_answers_from_the_entry_before_it_to_the_one_behind_it() {
        let gaps = Gaps::default();
        for (from, to) in [(40, u64::MAX), (0, 10), (20, 30)] {
            learn(&gaps, 3, from, to);
        }
        let known = |after| next(&gaps, "7", 3, after);
        assert_eq!([0, 9].map(known), [Some(10); 2]);
        assert_eq!([10, 19].map(known), [None; 2], "what lies between is not known");
        assert_eq!([20, 29].map(known), [Some(30); 2]);
        assert_eq!([30, 39].map(known), [None; 2]);
        assert_eq!(known(40), Some(u64::MAX), "there is nothing more");
        assert_eq!((next(&gaps, "8", 3, 0), next(&gaps, "7", 4, 0)), (None, None));
    }

    #[test]
    fn sweeping_makes_gaps_longer() {
        let gaps = Gaps::default();
        for (from, to) in [(10, 20), (20, 30), (30, 40), (5, 40)] {
            learn(&gaps, 3, from, to);
        }
        for after in [5, 15, 25, 39] {
            assert_eq!(next(&gaps, "7", 3, after), Some(40), "{after}");
        }
        assert_eq!(gaps.0.read().unwrap().count, 1);
    }

    #[test]
    fn the_bounds_hold() {
        let gaps = Gaps::default();
        let partitions = (2 * GAPS_MAX / GAPS_OF_ONE_MAX) as u64;
        for n in 0..(3 * GAPS_MAX as u64) {
            learn(&gaps, n % partitions, n * 2, n * 2 + 1);
            if n % 1_000 == 0 {
                assert_eq!(next(&gaps, "7", n % partitions, n * 2), Some(n * 2 + 1));
            }
        }
        for n in 0..(2 * GAPS_OF_ONE_MAX as u64 + 3) {
            learn(&gaps, 1 << 20, n * 2, n * 2 + 1);
        }
        let held = gaps.0.read().unwrap();
        let all: Vec<usize> = held.lines.values().flat_map(|of_line| of_line.values()).map(Vec::len).collect();
        assert_eq!(held.count, all.iter().sum::<usize>());
        assert!(held.count <= GAPS_MAX && all.iter().all(|of_one| *of_one <= GAPS_OF_ONE_MAX), "{all:?}");
    }
}
