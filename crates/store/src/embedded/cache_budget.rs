//! Which frames are written through the cache of the operating system, and which past it.
//!
//! Through the cache they are at hand for whoever reads the last hours. But filling its pages costs more than anything
//! else about a frame, and while much is published at once they push each other out before anybody reads them. So what
//! comes slowly goes through the cache, and what is more than that past it
//! (`docs/decisions/0033-past-the-page-cache.md`).

use feed::time::Second;

/// In how many seconds all of it comes back.
const REFILL_S: u64 = 16;

/// How many bytes may be written through the cache.
#[derive(Debug)]
pub(super) struct CacheBudget {
    most: u64,
    left: u64,
    at: Second,
}

impl CacheBudget {
    /// One of so many bytes, all of which are left.
    pub(super) fn new(bytes: u64) -> Self {
        CacheBudget { most: bytes, left: bytes, at: Second(0) }
    }

    /// Whether so many bytes may be written through the cache now; then they are taken off. A clock that steps back gives
    /// nothing until it is where it was.
    pub(super) fn takes(&mut self, bytes: u64, now: Second) -> bool {
        let passed = u64::from(now.0.saturating_sub(self.at.0)).min(REFILL_S);
        self.at = self.at.max(now);
        self.left = self.left.saturating_add(self.most / REFILL_S * passed).min(self.most);
        let enough = bytes <= self.left;
        if enough {
            self.left -= bytes;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_slowly_has_room_and_what_comes_at_once_has_not() {
        let mut budget = CacheBudget::new(1_600);
        let mut takes = |second, bytes| budget.takes(bytes, Second(second));
        assert_eq!([takes(1_000, 1_000), takes(1_000, 600), takes(1_000, 1)], [true, true, false]);
        assert_eq!([takes(1_001, 101), takes(1_001, 100), takes(1_001, 1)], [false, true, false]);
        assert!((1_002..1_100).all(|second| takes(second, 100)));
        assert_eq!([takes(1_000, 1), takes(1_099, 1), takes(1_100, 100)], [false, false, true]);
        assert_eq!([takes(9_000, 1_601), takes(9_000, 1_600), takes(9_000, 1)], [false, true, false]);
    }

    #[test]
    fn of_nothing_nothing_goes_and_of_everything_all() {
        assert!(!CacheBudget::new(0).takes(1, Second(7)));
        let mut all = CacheBudget::new(u64::MAX);
        assert!((0..100).all(|second| all.takes(1 << 30, Second(second))));
    }
}
