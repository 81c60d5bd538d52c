//! Pages: what one read answers, and where an empty one comes to rest (protocol, section 6 "At the end of a stream").
//!
//! The one rule that fits all clients is a fixed point: an empty page carries a position at which asking again gives
//! the same answer while nothing new has come. This module decides where that is; keepers only say what they saw.

use crate::position::Place;
use bytes::Bytes;

/// What a keeper found in one scan.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// Runs of entries as final JSON bytes. Within a run entries are already separated by commas; between runs the
    /// writer of the page puts one.
    pub runs: Vec<Bytes>,
    /// How many entries the runs hold.
    pub count: usize,
    /// The place of the last entry looked at, whether it matched or not; `None` if there was none.
    pub last: Option<Place>,
}

/// The ends of a line, as a stream sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// The last entry that this stream may show; [`Place::START`] if none.
    pub shown: Place,
    /// The last place given in the whole line; nothing that was ever handed out lies beyond it.
    pub stored: Place,
}

/// Where a read begins, once its position is translated into the line it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// Entries after this place are read.
    pub after: Place,
    /// Whether the reader named exactly this place, as a position of this very line.
    pub exact: bool,
}

impl Begin {
    /// Whether the position lies beyond everything stored: a cursor from a restored backup or from another server.
    /// The answer is then the true end, so that the client recovers instead of waiting silently for years.
    pub fn is_beyond(self, ends: Ends) -> bool {
        ends.stored < self.after
    }

    /// Where an empty page rests when the scan looked at nothing.
    ///
    /// A place named exactly is echoed. A place that was translated or made from a time is not that of an entry, and
    /// the line may still grow below it; so the page rests at the last entry shown, if that comes first.
    pub fn rest(self, ends: Ends) -> Place {
        if self.is_beyond(ends) {
            ends.shown
        } else if self.exact {
            self.after
        } else {
            self.after.min(ends.shown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Second;

    fn place(second: u32, ordinal: u32) -> Place {
        Place { second: Second(second), ordinal }
    }

    #[test]
    fn an_empty_page_rests_where_asking_again_gives_the_same() {
        let ends = Ends { shown: place(50, 2), stored: place(60, 1) };
        let exact = |after| Begin { after, exact: true }.rest(ends);
        let made = |after| Begin { after, exact: false }.rest(ends);
        assert_eq!(exact(place(50, 2)), place(50, 2));
        // Shown once, then the clock went back: the reader stays where it is and is not shown the entry again.
        assert_eq!(exact(place(55, 1)), place(55, 1));
        assert_eq!(exact(place(60, 1)), place(60, 1), "the last place given is not beyond the end");
        assert_eq!(exact(place(60, 2)), place(50, 2), "beyond the end");
        assert_eq!(made(place(55, 0)), place(50, 2));
        assert_eq!(made(place(40, 0)), place(40, 0));
        for rest in [exact(place(50, 2)), exact(place(60, 2)), made(place(55, 0))] {
            assert_eq!(exact(rest), rest);
        }
    }
}
