//! A filter over the event ids of a half partition: says "surely not here" for all but about one in a hundred.
//!
//! The writer keeps those of the last days in memory, so that looking for duplicates reads nothing as a rule. It is a
//! Bloom filter whose bits for one id all lie in one line of 64 bytes, so a question costs one access to memory.

const LINE_BYTES: usize = 64;
const BITS_PER_ID: usize = 12;
const PROBES: u32 = 6;

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
        let (line, bits) = self.bits(print);
        for bit in bits {
            self.0[line + bit / 8] |= 1 << (bit % 8);
        }
    }

    pub(in super::super) fn from_bytes(bytes: Vec<u8>) -> Self {
        // A filter of no lines would answer nothing; what is stored always has one.
        Filter(if bytes.len() < LINE_BYTES { vec![u8::MAX; LINE_BYTES] } else { bytes })
    }

    pub(in super::super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether an id with this fingerprint may be here.
    pub(in super::super) fn may_hold(&self, print: u64) -> bool {
        let (line, mut bits) = self.bits(print);
        bits.all(|bit| self.0[line + bit / 8] & 1 << (bit % 8) != 0)
    }

    /// The line of an id, and its bits within it. The upper half of the fingerprint chooses the line, the lower half
    /// the bits.
    fn bits(&self, print: u64) -> (usize, impl Iterator<Item = usize> + use<>) {
        let lines = (self.0.len() / LINE_BYTES) as u64;
        let line = usize::try_from(((print >> 32) * lines) >> 32).unwrap_or(0);
        let mut state = print & 0xffff_ffff | 1 << 32;
        let bits = (0..PROBES).map(move |_| {
            state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            usize::try_from(state >> 55).unwrap_or(0)
        });
        (line * LINE_BYTES, bits)
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
        assert!((0..20_000).all(|n| filter.may_hold(print(n))));
        let wrong = (20_000..120_000).filter(|n| filter.may_hold(print(*n))).count();
        assert!(wrong < 1_500, "{wrong} of 100000");
    }
}
