//! A filter over the event ids of a half partition: says "surely not here" for all but about one in a hundred.
//!
//! The writer keeps those of the last days in memory, so that looking for duplicates reads nothing as a rule. It is a
//! Bloom filter whose bits for one id all lie in one line of 64 bytes, so a question costs one access to memory.

const LINE_BYTES: usize = 64;
const BITS_PER_ID: usize = 12;
const PROBES: u32 = 6;

/// An id to be asked for: the bits it has in its line, whichever filter is asked, so that they are worked out once.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Probe {
    print: u64,
    bits: [u8; LINE_BYTES],
}

impl Probe {
    /// That of an id with this fingerprint, whose lower half chooses the bits.
    pub(in super::super) fn of(print: u64) -> Self {
        let mut bits = [0; LINE_BYTES];
        let mut state = print & 0xffff_ffff | 1 << 32;
        for _ in 0..PROBES {
            state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bit = usize::try_from(state >> 55).unwrap_or(0);
            bits[bit / 8] |= 1 << (bit % 8);
        }
        Probe { print, bits }
    }
}

/// A filter as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Filter(Vec<u8>);

impl Filter {
    /// A filter with room for so many ids.
    pub(in super::super) fn for_ids(ids: usize) -> Self {
        let lines = (ids * BITS_PER_ID).div_ceil(8 * LINE_BYTES).max(1);
        Filter(vec![0; lines * LINE_BYTES])
    }

    pub(in super::super) fn of(prints: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut filter = Self::for_ids(prints.len());
        prints.for_each(|print| filter.add(print));
        filter
    }

    pub(in super::super) fn add(&mut self, print: u64) {
        let probe = Probe::of(print);
        let at = self.line(print);
        self.0[at..at + LINE_BYTES].iter_mut().zip(probe.bits).for_each(|(held, bits)| *held |= bits);
    }

    pub(in super::super) fn from_bytes(bytes: Vec<u8>) -> Self {
        // A filter of no lines would answer nothing; what is stored always has one.
        Filter(if bytes.len() < LINE_BYTES { vec![u8::MAX; LINE_BYTES] } else { bytes })
    }

    pub(in super::super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the id may be here. All bits are looked at, without turning back at the first that is missing: which one
    /// that is cannot be foreseen, and a processor that does not have to guess waits for many lines at once.
    pub(in super::super) fn may_hold(&self, probe: &Probe) -> bool {
        let at = self.line(probe.print);
        let line = &self.0[at..at + LINE_BYTES];
        line.iter().zip(&probe.bits).fold(0, |missing, (held, bits)| missing | (bits & !held)) == 0
    }

    /// Where the line of an id begins, which the upper half of the fingerprint chooses.
    fn line(&self, print: u64) -> usize {
        let lines = (self.0.len() / LINE_BYTES) as u64;
        usize::try_from(((print >> 32) * lines) >> 32).unwrap_or(0) * LINE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::codec::fingerprint;

    #[test]
    fn it_never_denies_what_is_there_and_seldom_affirms_what_is_not() {
        let print = |n: u32| fingerprint(1, &["7", &n.to_string()]);
        let filter = Filter::of((0..20_000).map(print).collect::<Vec<_>>().into_iter());
        let may_hold = |n| filter.may_hold(&Probe::of(print(n)));
        assert!((0..20_000).all(may_hold));
        let wrong = (20_000..120_000).filter(|n| may_hold(*n)).count();
        assert!(wrong < 1_500, "{wrong} of 100000");
    }

    #[test]
    fn what_is_stored_stays_readable() {
        // If one of these changes, filters of released versions deny what is there: raise the format version instead.
        let filter = Filter::of([0, u64::MAX, 0x0123_4567_89ab_cdef].into_iter());
        let is_set = |bit: &usize| filter.bytes()[bit / 8] & 1 << (bit % 8) != 0;
        let bits: Vec<usize> = (0..8 * filter.bytes().len()).filter(is_set).collect();
        assert_eq!(bits, [7, 42, 51, 87, 90, 97, 107, 146, 167, 192, 254, 315, 347, 378, 411, 412, 485, 502]);
    }
}
