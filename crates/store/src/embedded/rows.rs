//! What partitions answer to a scan: rows, which say where an entry stands and whether it is wanted, but not yet its
//! bytes. Unsealed and sealed partitions answer alike, so that [`super::scan`] need not tell them apart.

use super::search::{Between, Sought};
use super::terms;
use crate::ledger::{Line, ListSpan, Scan};
use feed::event::{EventType, FeedKind, UserStreams};
use feed::filter::TypeFilter;
use feed::id::{EnterpriseId, UserId};
use feed::position::Place;
use feed::time::Second;

/// One entry of a line in the order read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Its place in that order, as bits.
    pub(super) at: u64,
    /// Which entry of the line it is within its partition and kind of feed.
    pub(super) entry: u32,
    /// Whether it goes on the page. A row may also stand for a stretch of entries of which none does.
    pub(super) wanted: bool,
}

/// The orders in which enterprise entries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Arrival,
    History,
    Window,
}

/// Up to so many types are looked up in lists. Of more, each entry is looked at in turn, which costs the same for any number.
const TYPES_MAX: usize = 16;

/// Which entries a scan walks along.
#[derive(Debug, Clone, Copy)]
pub(super) enum Walk<'a> {
    /// All enterprise entries of a line.
    Enterprise(Order),
    /// What a user hears.
    User { user: &'a UserId, streams: UserStreams, lists: &'a [ListSpan] },
}

/// A scan as the partitions need it, numbers in place of types.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) line: &'a EnterpriseId,
    pub(super) walk: Walk<'a>,
    pub(super) types: &'a TypeFilter,
    /// The smallest place of arrival wanted, as bits.
    pub(super) oldest: u64,
    pub(super) created_from: u32,
    pub(super) created_before: u64,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(scan: &'a Scan) -> Self {
        let mut wanted = Wanted::everything(&scan.line, &scan.types);
        wanted.oldest = Place::at(scan.oldest).to_bits();
        wanted.created_from = scan.created_from.0;
        wanted.created_before = scan.created_before.map_or(u64::MAX, |before| u64::from(before.0));
        wanted
    }

    /// Every entry of a line.
    pub(super) fn everything(line: &'a Line, types: &'a TypeFilter) -> Self {
        let walk = match line {
            Line::User { user, streams, lists, .. } => Walk::User { user, streams: *streams, lists },
            Line::Streaming(_) => Walk::Enterprise(Order::Arrival),
            Line::History(_) => Walk::Enterprise(Order::History),
            Line::Window(_) => Walk::Enterprise(Order::Window),
        };
        Wanted { line: line.enterprise(), walk, types, oldest: 0, created_from: 0, created_before: u64::MAX }
    }

    pub(super) fn kind(&self) -> FeedKind {
        match self.walk {
            Walk::Enterprise(_) => FeedKind::Enterprise,
            Walk::User { .. } => FeedKind::User,
        }
    }

    /// What to look for in the lists of event types, if only a few types are wanted and they lead to places of the order.
    pub(super) fn by_type(&self) -> Option<Sought<'a>> {
        let in_window = matches!(self.walk, Walk::Enterprise(Order::Window));
        let few = !self.types.takes_all() && self.types.wanted().len() <= TYPES_MAX;
        (in_window && few).then(|| Sought {
            line: self.line,
            groups: vec![terms::any_of_types(self.line.as_str(), self.types)],
            oldest: self.oldest,
            backwards: false,
        })
    }

    /// Those of some places in window order that lie within the wanted times: their second is `created_at`.
    pub(super) fn within(&self, places: Between) -> Between {
        let before = u32::try_from(self.created_before).map_or(u64::MAX, |before| Place::at(Second(before)).to_bits());
        let from = Place::at(Second(self.created_from)).to_bits();
        Between { after: places.after.max(from), below: places.below.min(before) }
    }

    /// Whether an enterprise entry whose type passes is wanted.
    pub(super) fn takes(&self, place: u64, created_at: u32) -> bool {
        self.oldest <= place && self.created_from <= created_at && u64::from(created_at) < self.created_before
    }
}

/// The types a filter takes, by their numbers within a partition.
#[derive(Debug, Clone)]
pub(super) enum TypeNumbers {
    All,
    Only(Vec<bool>),
}

impl TypeNumbers {
    pub(super) fn of(filter: &TypeFilter, names: &[EventType]) -> Self {
        if filter.takes_all() {
            return TypeNumbers::All;
        }
        TypeNumbers::Only(names.iter().map(|name| filter.takes(name)).collect())
    }

    pub(super) fn take(&self, number: u32) -> bool {
        match self {
            TypeNumbers::All => true,
            TypeNumbers::Only(taken) => taken.get(super::codec::index(number)).copied().unwrap_or(false),
        }
    }

    /// The bits of [`type_bit`] of the types taken.
    pub(super) fn mask(&self) -> u128 {
        match self {
            TypeNumbers::All => u128::MAX,
            TypeNumbers::Only(taken) => {
                let numbers = (0u32..).zip(taken).filter(|(_, taken)| **taken);
                numbers.fold(0, |mask, (number, _)| mask | type_bit(number))
            }
        }
    }
}

/// The bit that stands for a type in the bitmap of a stretch of entries. Types beyond 128 share bits.
pub(super) fn type_bit(number: u32) -> u128 {
    1 << (number % 128)
}

/// A posting: which entry of the line, and on which of the reader's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting(pub(super) u32);

impl Posting {
    pub(super) fn new(entry: u32, streams: UserStreams) -> Self {
        Posting(entry << 3 | u32::from(streams.to_bits()))
    }

    pub(super) fn entry(self) -> u32 {
        self.0 >> 3
    }

    pub(super) fn streams(self) -> UserStreams {
        UserStreams::from_bits((self.0 & 7) as u8)
    }
}

/// Merges postings of one reader and of lists; an entry posted in several ways is one, on the streams of all.
pub(super) fn merge(mut postings: Vec<Posting>) -> Vec<Posting> {
    postings.sort_unstable();
    postings.dedup_by(|next, kept| {
        let same = next.entry() == kept.entry();
        if same {
            kept.0 |= next.0;
        }
        same
    });
    postings
}

/// The range of places, (after, below), that a list contributes to a scan.
pub(super) fn span_of(list: &ListSpan, after: u64, below: u64) -> (u64, u64) {
    (after.max(list.from.to_bits()), below.min(list.to.to_bits().saturating_add(1)))
}
