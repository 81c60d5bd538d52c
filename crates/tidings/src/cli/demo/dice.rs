//! The dice of the story: what happens next, decided by a seed, so that the same seed tells the same story anywhere.

use crate::entropy::hex;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A generator of chances. It has nothing to do with secrets.
#[derive(Debug, Clone)]
pub(super) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The dice of a seed.
    pub(super) fn of(seed: u64) -> Self {
        Dice(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 if there is none.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let high = (u128::from(self.0.next_u64()) * u128::from(bound)) >> 64;
        u64::try_from(high).unwrap_or(0)
    }

    /// A place in something of this length.
    pub(super) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Whether something happens that does so many times in a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    ///
    /// # Panics
    /// If there are none.
    pub(super) fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.place(of.len())]
    }

    /// So many digits, the first of which is not 0.
    pub(super) fn digits(&mut self, count: u32) -> String {
        let least = 10_u64.pow(count - 1);
        (least + self.below(9 * least)).to_string()
    }

    /// So many bytes as hexadecimal digits.
    pub(super) fn hex(&mut self, bytes: usize) -> String {
        let mut some = vec![0; bytes];
        self.0.fill_bytes(&mut some);
        hex(&some)
    }

    /// Something of the form of a UUID.
    pub(super) fn uuid(&mut self) -> String {
        let digits = self.hex(16);
        let variant = self.pick(&["8", "9", "a", "b"]);
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[13..16],
            &digits[17..20],
            &digits[20..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_stay_within_their_bounds() {
        let mut dice = Dice::of(7);
        for _ in 0..1_000 {
            assert!(dice.below(3) < 3);
            assert_eq!(dice.digits(5).len(), 5);
        }
        assert_eq!(dice.below(0), 0);
        assert!(!dice.chance(0) && dice.chance(100));
        let uuid = dice.uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    }
}
