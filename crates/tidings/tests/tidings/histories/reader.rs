//! Readers of every kind, and what each may expect.
//!
//! A reader who keeps to one stream is given exactly what that stream shows after the reader's start, each once and in
//! order. One who changes streams may read again, but misses nothing that all of the streams used would have shown.

use super::Tally;
use super::book::{Book, ENTERPRISES, Noted, PEOPLE, TYPES, View};
use super::company::Company;
use super::dice::Dice;
use feed::filter::TypeFilter;
use feed::position::{POSITION_MAX, Position, Start};
use feed::stream_type::{EnterpriseStream, StreamType, UserStream};
use feed::time::Second;
use serde::Deserialize;
use std::collections::HashSet;
use tidings::service::read::ReadRequest;

/// Where a reader began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Began {
    /// With the oldest event kept.
    Oldest,
    /// At the end, as it was then: so many deeds were noted, and history was settled up to a second.
    End { noted: usize, frontier: u32 },
    /// After the deed of this arrival.
    After(usize),
}

/// Somebody reading.
#[derive(Debug)]
pub(super) struct Reader {
    home: usize,
    person: usize,
    view: View,
    types: Vec<&'static str>,
    from: Option<u32>,
    before: Option<u32>,
    /// Whether the window was closed when it was first read: then late arrivals may be missed.
    closed: bool,
    began: Began,
    /// How many deeds were noted at the first read.
    there: usize,
    next: Start,
    /// Every stream read so far.
    views: Vec<View>,
    /// The last position given in the present stream.
    last: Option<Position>,
    seen: Vec<usize>,
    /// How many of those were seen before the last change of stream.
    seen_before: usize,
}

#[derive(Deserialize)]
struct Entry<'a> {
    event_id: &'a str,
}

impl Reader {
    /// Somebody new, who begins now.
    pub(super) fn beginning(dice: &mut Dice, company: &Company, book: &Book) -> Self {
        let home = dice.below(ENTERPRISES as u64);
        let views = [View::All, View::Changes, View::Sync, View::History, View::History, View::Streaming];
        let view = *dice.one_of(&views);
        let enterprise = matches!(view, View::History | View::Streaming);
        let person = if enterprise { PEOPLE } else { dice.below(PEOPLE as u64) };
        let mut reader = Reader {
            home,
            person,
            view,
            types: Vec::new(),
            from: None,
            before: None,
            closed: false,
            began: Began::Oldest,
            there: book.len(),
            next: Start::Oldest,
            views: vec![view],
            last: None,
            seen: Vec::new(),
            seen_before: 0,
        };
        if enterprise && dice.chance(40) {
            reader.types = TYPES.iter().filter(|_| dice.chance(50)).copied().collect();
        }
        let wall = company.wall();
        if view == View::History && dice.chance(50) {
            reader.from = Some(wall.checked_add_signed(*dice.one_of(&[-200_000, -400, -60, -10, 0, 100])).unwrap());
        }
        if view == View::History && dice.chance(40) {
            reader.before =
                Some(wall.checked_add_signed(*dice.one_of(&[-150_000, -300, -40, -4, -2, 2, 5, 8, 200])).unwrap());
        }
        reader.choose_start(dice, book);
        reader
    }

    fn choose_start(&mut self, dice: &mut Dice, book: &Book) {
        match dice.between(0, 10) {
            0..5 => {}
            5..7 => {
                self.next = Start::Now;
                self.began = Began::End { noted: 0, frontier: 0 };
            }
            // The cursor of another server lies beyond the end. (A window that is closed ends at its own bound.)
            7 if self.before.is_none() => {
                self.next = Start::After(Position::from_number(POSITION_MAX).unwrap());
                self.began = Began::End { noted: 0, frontier: 0 };
            }
            _ => {
                let arrival = dice.below(book.len() as u64);
                if let Some(position) = book.answered(arrival, self.home, self.view) {
                    self.next = Start::After(position);
                    self.began = Began::After(arrival);
                }
            }
        }
    }

    pub(super) fn has_a_window(&self) -> bool {
        self.before.is_some()
    }

    /// Goes on in another stream of the same feed; whether this reader may. A window that is followed would by its own
    /// bound pass over what another stream shows, so its reader stays.
    pub(super) fn change_stream(&mut self, dice: &mut Dice) -> bool {
        let begun = self.last.is_some() && matches!(self.next, Start::After(_));
        if !begun || (self.before.is_some() && !self.closed) {
            return false;
        }
        let others: &[View] = match self.view {
            View::All | View::Changes | View::Sync => &[View::All, View::Changes, View::Sync],
            View::History | View::Streaming => &[View::History, View::Streaming],
        };
        self.view = *dice.one_of(others);
        self.before = None;
        self.closed = false;
        self.views.push(self.view);
        self.last = None;
        self.seen_before = self.seen.len();
        true
    }

    fn request(&self, limit: usize) -> ReadRequest {
        let stream = match self.view {
            View::All => StreamType::User(UserStream::All),
            View::Changes => StreamType::User(UserStream::Changes),
            View::Sync => StreamType::User(UserStream::Sync),
            View::History => StreamType::Enterprise(EnterpriseStream::History),
            View::Streaming => StreamType::Enterprise(EnterpriseStream::Streaming),
        };
        let mut request = ReadRequest::new(stream, self.next, limit);
        request.types = TypeFilter::parse(&self.types.join(",")).unwrap();
        request.created_from = self.from.map(Second);
        request.created_before = self.before.map(Second);
        request
    }

    /// Whether this reader's filters let a deed pass.
    fn wants(&self, noted: &Noted) -> bool {
        let of_enterprise = matches!(self.view, View::History | View::Streaming);
        let typed = !of_enterprise
            || self.types.is_empty()
            || noted.event_type().is_some_and(|event_type| self.types.contains(&event_type));
        let created = noted.deed.created;
        let timed = self.view != View::History
            || self.from.is_none_or(|from| from <= created) && self.before.is_none_or(|before| created < before);
        typed && timed
    }

    /// Reads one page, checks it, and moves on.
    pub(super) fn read(&mut self, company: &Company, book: &mut Book, limit: usize, tally: &mut Tally) -> usize {
        let wall = company.wall();
        let first = self.last.is_none() && self.views.len() == 1;
        if self.view == View::History {
            book.history_is_read(self.home, wall);
        }
        if first {
            self.there = book.len();
            self.closed =
                self.before.is_some_and(|before| before <= book.frontier(self.home)) && self.next == Start::Oldest;
            if let Began::End { .. } = self.began {
                self.began = Began::End { noted: book.len(), frontier: book.frontier(self.home) };
            }
        }
        let page = company.read(self.home, self.person, &self.request(limit));
        tally.pages += 1;
        tally.entries += page.count as u64;
        let text = page.runs.iter().map(|run| std::str::from_utf8(run).unwrap()).collect::<Vec<_>>().join(",");
        let body = format!("[{text}]");
        let entries: Vec<Entry<'_>> = serde_json::from_str(&body).unwrap();
        let whose = || format!("{}: {self:?} at {wall}", book.seed());
        assert_eq!(entries.len(), page.count, "{}", whose());
        assert!(page.count <= limit, "{}", whose());
        assert!((1..=POSITION_MAX).contains(&page.next.number()), "{}", whose());
        if let Some(last) = self.last {
            let moved = if page.count == 0 { last <= page.next } else { last < page.next };
            assert!(moved, "position {last} was followed by {}: {}", page.next, whose());
        }
        let arrivals: Vec<usize> = entries.iter().map(|entry| book.by_id(entry.event_id)).collect();
        for arrival in &arrivals {
            let noted = book.noted(*arrival);
            assert!(noted.is_shown(self.home, self.person, self.view), "foreign: {noted:?} to {}", whose());
            assert!(self.wants(noted), "not asked for: {noted:?} by {}", whose());
            assert!(noted.is_kept(self.home, self.view, wall), "past its retention: {noted:?} to {}", whose());
        }
        self.seen.extend(arrivals);
        self.last = Some(page.next);
        self.next = Start::After(page.next);
        if page.count < limit {
            // There was nothing more: asking again says the same, from the same place.
            let again = company.read(self.home, self.person, &self.request(limit));
            let whose = || format!("{}: {self:?} at {wall}", book.seed());
            assert_eq!((again.count, again.next), (0, page.next), "no fixed point: {}", whose());
        }
        page.count
    }

    /// Reads to the end, and checks all that was read.
    pub(super) fn finish(&mut self, company: &Company, book: &mut Book, dice: &mut Dice, tally: &mut Tally) {
        let limit = *dice.one_of(&[1, 3, 7, 500]);
        while 0 < self.read(company, book, limit, tally) {
            assert!(self.seen.len() < 100 * book.len(), "reading in a circle: {}: {self:?}", book.seed());
        }
        self.check_order(book);
        if self.views.len() == 1 {
            self.check_exact(book, company.wall());
        } else {
            self.check_nothing_skipped(book, company.wall());
        }
    }

    fn check_order(&self, book: &Book) {
        let whose = || format!("{}: {self:?}", book.seed());
        let present = &self.seen[self.seen_before..];
        let once: HashSet<usize> = present.iter().copied().collect();
        assert_eq!(once.len(), present.len(), "twice in one stream: {}", whose());
        let rank = |arrival: usize| {
            let noted = book.noted(arrival);
            match self.view {
                View::History if self.closed => noted.deed.created,
                View::History => noted.history,
                View::All | View::Changes | View::Sync | View::Streaming => u32::try_from(arrival).unwrap(),
            }
        };
        assert!(present.is_sorted_by_key(|arrival| rank(*arrival)), "out of order: {}", whose());
    }

    /// Whether a deed lies after the place where this reader began.
    fn is_after_start(&self, arrival: usize, noted: &Noted) -> bool {
        match self.began {
            Began::Oldest => true,
            Began::After(start) => start < arrival,
            Began::End { noted: count, frontier } => {
                count <= arrival || self.views[0] == View::History && frontier <= noted.history
            }
        }
    }

    fn check_exact(&self, book: &Book, wall: u32) {
        let seen: HashSet<usize> = self.seen.iter().copied().collect();
        for (arrival, noted) in book.all() {
            let whose = || format!("{}: {arrival} {noted:?} and {self:?}", book.seed());
            let shown = noted.is_shown(self.home, self.person, self.view) && self.wants(noted);
            let due = shown && self.is_after_start(arrival, noted);
            let missed_by_right = self.closed && self.there <= arrival || !noted.is_kept(self.home, self.view, wall);
            assert!(!due || missed_by_right || seen.contains(&arrival), "lost: {}", whose());
            assert!(due || !seen.contains(&arrival), "from before the start: {}", whose());
        }
    }

    fn check_nothing_skipped(&self, book: &Book, wall: u32) {
        let seen: HashSet<usize> = self.seen.iter().copied().collect();
        for (arrival, noted) in book.all() {
            let in_all = self.views.iter().all(|view| noted.is_shown(self.home, self.person, *view));
            let timed = self.from.is_none_or(|from| from <= noted.deed.created);
            let due = in_all && timed && self.wants(noted) && self.is_after_start(arrival, noted);
            let kept = self.views.iter().all(|view| noted.is_kept(self.home, *view, wall));
            let whose = || format!("{}: {arrival} {noted:?} and {self:?}", book.seed());
            assert!(!due || !kept || seen.contains(&arrival), "skipped: {}", whose());
        }
    }
}
