//! A reader of a history, and what must hold of every page it is given.

use super::model::{Entry, Model, enterprise_id};
use super::script::{DAY_S, ENTERPRISES, Of, Reading, Start};
use crate::deed::user;
use crate::trial::{Page, whole};
use feed::filter::TypeFilter;
use feed::position::Place;
use feed::time::Second;
use std::collections::BTreeSet;
use store::ledger::{Line, Scan};

/// A reader in the middle of reading.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) reading: Reading,
    /// Which enterprise's line of positions it reads in.
    pub(crate) home: usize,
    /// Where it stands.
    pub(crate) after: Place,
    /// The upper bound of a window.
    pub(crate) below: Option<Place>,
    /// Entries are for this reader if they come after here, by the order of the line.
    begun: Begun,
    /// The latest that any of its pages began to show, by retention. A clock put back afterwards shows more again, but
    /// the reader is past it.
    oldest: Second,
    /// The keys it was given.
    seen: BTreeSet<String>,
    /// The last entry it was given: second of the line's order, then order of arrival.
    last: Option<(Second, u32)>,
}

/// Which entries lie behind the place where a reader began.
#[derive(Debug, Clone, Copy)]
enum Begun {
    /// Those of this second of the line's order, and later.
    At(Second),
    /// Those that were not shown yet: published since, or not settled.
    Now { serial: u32, frontier: Option<Second> },
    /// A window: all within; those published up to then must be shown.
    Window { serial: u32 },
}

impl Reader {
    /// Begins to read, if there is anything of the kind: the feed's user may be unknown yet, or no second be settled.
    pub(crate) fn begin(reading: &Reading, model: &Model) -> Option<Self> {
        let home = match reading.of {
            Of::User(id, _) => model.home_of(id)?,
            Of::Streaming(home) | Of::History(home) | Of::Window(home, ..) => home,
        };
        let frontier = model.homes[home].frontier;
        let frontier = matches!(reading.of, Of::History(_)).then_some(frontier);
        let (mut after, mut below) = (Place::START, None);
        let begun = match (&reading.of, reading.start) {
            (Of::Window(_, ago, length), _) => {
                let before = model.homes[home].frontier.back(*ago);
                if before == Second(0) {
                    return None;
                }
                (after, below) = (Place::at(before.back(*length)), Some(Place::at(before)));
                Begun::Window { serial: model.serial }
            }
            (_, Start::Oldest) => Begun::At(Second(0)),
            (_, Start::At(second)) => {
                after = Place::at(second);
                Begun::At(second)
            }
            // Where that is, the keeper is asked by the player.
            (_, Start::Now) => Begun::Now { serial: model.serial, frontier },
        };
        let (reading, oldest) = (reading.clone(), Second(0));
        Some(Reader { reading, home, after, below, begun, oldest, seen: BTreeSet::new(), last: None })
    }

    /// The line it reads.
    pub(crate) fn line(&self) -> Line {
        let home = enterprise_id(self.home);
        match self.reading.of {
            Of::User(id, streams) => Line::User { home, user: user(id), streams, lists: Vec::new() },
            Of::Streaming(_) => Line::Streaming(home),
            Of::History(_) => Line::History(home),
            Of::Window(..) => Line::Window(home),
        }
    }

    /// What it asks for to turn a page at `now`, of history order up to this frontier.
    pub(crate) fn scan(&self, limit: usize, now: Second, frontier: Second) -> Scan {
        let below = match self.reading.of {
            Of::History(_) => Place::at(frontier),
            _ => self.below.unwrap_or(Place::END),
        };
        Scan {
            after: self.after,
            below,
            limit,
            oldest: self.oldest(now),
            types: TypeFilter::parse(self.reading.types).unwrap(),
            created_from: self.reading.created_from,
            created_before: self.reading.created_before,
            ..whole(self.line())
        }
    }

    fn oldest(&self, now: Second) -> Second {
        let days = ENTERPRISES[self.home].1;
        let days = match self.reading.of {
            Of::User(..) => days.user,
            Of::Streaming(_) => days.streaming,
            Of::History(_) | Of::Window(..) => days.history,
        };
        if self.reading.past_retention { Second(0) } else { now.back(days * DAY_S) }
    }

    /// Checks a page that was read at `now`, and moves on.
    pub(crate) fn turned(&mut self, scan: &Scan, page: &Page, now: Second, model: &Model) {
        let home = &model.homes[self.home];
        let line = match self.reading.of {
            Of::User(id, _) => home.feeds.get(&user(id)).map(Vec::as_slice).unwrap_or_default(),
            _ => &home.entries,
        };
        let oldest = self.oldest(now);
        let mine: Vec<&Entry> = line.iter().filter(|entry| oldest <= entry.recorded && self.wants(entry)).collect();
        for entry in &page.entries {
            let [id, note] = ["event_id", "note"].map(|name| entry[name].as_str().unwrap());
            let key = format!("{}/{id}", note.split(' ').next().unwrap_or_default());
            let known = mine.iter().find(|entry| entry.key == key);
            let known = known.unwrap_or_else(|| panic!("{key} is not for {self:?}"));
            assert!(self.order(known) < scan.below.second || scan.below == Place::END, "{known:?} at {:?}", scan.below);
            let at = Some((self.order(known), known.serial));
            assert!(self.last < at, "{known:?} after {:?} to {self:?}", self.last);
            self.last = at;
            assert!(self.seen.insert(key), "{known:?} once more to {self:?}");
        }
        self.oldest = self.oldest.max(oldest);
        if page.entries.len() < scan.limit {
            let swept = if matches!(self.reading.of, Of::User(..)) { home.swept.0 } else { home.swept.1 };
            let there = |entry: &&&Entry| swept.max(self.oldest) <= entry.recorded && self.must_see(entry, scan.below);
            let lost = mine.iter().filter(there).find(|entry| !self.seen.contains(&entry.key));
            assert!(lost.is_none(), "{lost:?} is lost to {self:?} at {now}");
        } else if let (Some(last), Some(at)) = (line.iter().rfind(|entry| self.is_last(entry)), page.last) {
            self.check_place(last, at, home.swept.1);
        }
        self.after = page.last.unwrap_or(self.after);
    }

    /// A full page ends at its last entry.
    fn check_place(&self, last: &Entry, at: Place, swept: Second) {
        assert_eq!(at.second, self.order(last), "the place of {last:?} to {self:?}");
        match self.reading.of {
            Of::User(..) | Of::Streaming(_) => {
                assert!(last.place.is_none_or(|place| place == at), "{last:?} at {at:?}")
            }
            // The model counts ranks from the first ever; whether what was swept counts is the contract's business.
            Of::Window(..) if swept < last.recorded => assert_eq!(at.ordinal, last.rank, "the rank of {last:?}"),
            Of::Window(..) | Of::History(_) => {}
        }
    }

    fn is_last(&self, entry: &Entry) -> bool {
        self.last == Some((self.order(entry), entry.serial))
    }

    /// The second that decides about the entry's place in this line.
    fn order(&self, entry: &Entry) -> Second {
        match self.reading.of {
            Of::User(..) | Of::Streaming(_) => entry.recorded,
            Of::History(_) => entry.history,
            Of::Window(..) => entry.created,
        }
    }

    /// Whether the entry is one that this reader wants and lies behind where it began.
    fn wants(&self, entry: &Entry) -> bool {
        let begun = match self.begun {
            Begun::At(second) => second <= self.order(entry),
            Begun::Now { serial, frontier } => {
                serial < entry.serial || frontier.is_some_and(|frontier| frontier <= entry.history)
            }
            Begun::Window { .. } => true,
        };
        let reading = &self.reading;
        let types = reading.types;
        let streams = match reading.of {
            Of::User(_, streams) => streams.meets(entry.streams),
            _ => true,
        };
        begun
            && streams
            && (types.is_empty() || types.split(',').any(|name| name == entry.event_type))
            && reading.created_from <= entry.created
            && reading.created_before.is_none_or(|before| entry.created < before)
            && self.below.is_none_or(|below| entry.created < below.second)
    }

    /// Whether a page that could hold no more must have come to this entry.
    fn must_see(&self, entry: &Entry, below: Place) -> bool {
        match self.begun {
            Begun::Window { serial } => entry.serial <= serial && self.starts_before(entry),
            _ => below == Place::END || entry.history < below.second,
        }
    }

    /// Whether the entry lies above the lower bound of this window.
    fn starts_before(&self, entry: &Entry) -> bool {
        let Of::Window(_, _, length) = self.reading.of else { return true };
        self.below.is_none_or(|below| below.second.back(length) <= entry.created)
    }
}
