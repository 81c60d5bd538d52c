//! Fences: the places of some entries of an order, far apart, kept in memory as searches come by them. The search for a
//! place then begins near its end, without going through pages all over the index.

use super::super::codec::index;
use super::super::fault::Fault;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries from one fence to the next, at least.
const APART: u32 = 256;
/// Most fences of an order, of 8 bytes each.
const FENCES_MAX: u32 = 1_024;

/// The fences of one order, by the numbers of entries within the half.
#[derive(Debug)]
pub(super) struct Fences {
    apart: u32,
    count: usize,
    /// The place at each, as bits; 0, which no entry has, as long as it is not known.
    places: OnceLock<Vec<AtomicU64>>,
}

impl Fences {
    /// Those of an order of so many entries.
    pub(super) fn new(entries: u32) -> Self {
        let apart = entries.div_ceil(FENCES_MAX).max(APART);
        Fences { apart, count: index(entries.div_ceil(apart)), places: OnceLock::new() }
    }

    /// Among the entries from `first` on, up to but without `end`, the places of which grow: the first that does not lie
    /// before what is looked for, or `end`. `place` tells the place of any of them.
    pub(super) fn search(
        &self,
        first: u32,
        end: u32,
        is_before: impl Fn(u64) -> bool,
        mut place: impl FnMut(u32) -> Result<u64, Fault>,
    ) -> Result<u32, Fault> {
        let (mut low, mut high) = (first, end);
        // Fences within the range, by their numbers.
        let (mut least, mut greatest) = (first.div_ceil(self.apart), end.div_ceil(self.apart));
        while least < greatest {
            let middle = least + (greatest - least) / 2;
            let entry = middle.saturating_mul(self.apart);
            if is_before(self.place(middle, || place(entry))?) {
                (least, low) = (middle + 1, entry.saturating_add(1));
            } else {
                (greatest, high) = (middle, entry);
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(place(middle)?) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The place at a fence.
    fn place(&self, fence: u32, place: impl FnOnce() -> Result<u64, Fault>) -> Result<u64, Fault> {
        let places = self.places.get_or_init(|| (0..self.count).map(|_| AtomicU64::new(0)).collect());
        let Some(kept) = places.get(index(fence)) else { return place() };
        // Whoever finds it unknown finds out the same.
        match kept.load(Ordering::Relaxed) {
            0 => {
                let found = place()?;
                kept.store(found, Ordering::Relaxed);
                Ok(found)
            }
            known => Ok(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches everywhere among entries whose places are twice their numbers and one more, from the range on.
    fn searched(entries: u32, first: u32, end: u32, step: usize) {
        let fences = Fences::new(entries);
        let place = |entry: u32| {
            assert!((first..end).contains(&entry), "{entry} is none of {first}..{end}");
            Ok(u64::from(entry) * 2 + 1)
        };
        for wanted in (first..=end).rev().step_by(step) {
            for sought in [u64::from(wanted) * 2, u64::from(wanted) * 2 + 1] {
                let found = fences.search(first, end, |place| place < sought, place).unwrap();
                assert_eq!(found, wanted, "{first}..{end} of {entries}");
            }
        }
    }

    #[test]
    fn every_place_is_found_within_its_line() {
        for (entries, first, end) in [(1, 0, 1), (256, 0, 256), (257, 0, 257), (2_000, 0, 2_000), (5, 3, 3)] {
            searched(entries, first, end, 1);
        }
        for (first, end) in [(0, 256), (1, 256), (255, 258), (300, 500), (256, 512), (700, 1_990)] {
            searched(2_000, first, end, 1);
        }
        searched(3_000_000, 12_345, 2_999_999, 1_013);
    }

    #[test]
    fn what_is_known_is_not_asked_again() {
        let fences = Fences::new(100_000);
        let mut asked = 0;
        for round in 0..2 {
            asked = 0;
            let place = |entry: u32| {
                asked += 1;
                Ok(u64::from(entry) + 1)
            };
            assert_eq!(fences.search(0, 100_000, |place| place < 70_000, place).unwrap(), 69_999, "{round}");
        }
        assert!(asked <= 8, "{asked} of 256 entries between two fences");
    }

    #[test]
    fn a_fault_is_handed_on_and_not_remembered() {
        let fences = Fences::new(1_000);
        let fault = |_: u32| Err(Fault::Gone("it".to_owned()));
        assert!(fences.search(0, 1_000, |place| place < 5, fault).is_err());
        assert_eq!(fences.search(0, 1_000, |place| place < 5, |entry| Ok(u64::from(entry) + 1)).unwrap(), 4);
    }
}
