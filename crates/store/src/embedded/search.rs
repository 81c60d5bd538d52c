//! Searching across partitions, by true `created_at`: only those that can hold what is asked for are touched, one after
//! the other, and side by side where their ranges overlap. The same for both directions: a *key* is the place, or its
//! complement when the newest come first, and keys always grow.

use super::fault::Fault;
use super::rows::Row;
use super::sealed::shelf::Shelf;
use super::terms::{self, AnyOf};
use super::view::View;
use crate::search::{Counting, Counts, Match, Matches, Searching};
use bytes::Bytes;
use feed::id::EnterpriseId;
use feed::limits::{
    COUNT_LOOKED_MAX, PAGE_ENTRIES_MAX, SEARCH_LOOKED_MAX, SEARCH_PAGE_BYTES_MAX, SEARCH_READ_BYTES_MAX,
};
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::text_match::TextMatch;
use feed::time::Second;

/// Entries asked of a partition at a time.
const ROWS_MAX: usize = 512;
/// What asking a partition costs, counted in entries looked at: files may have to be opened.
const ASKING: usize = 64;
/// How many renderings are read at a time to look for a text in them.
const TEXTS: usize = 256;

/// What partitions are asked for.
#[derive(Debug)]
pub(super) struct Sought<'a> {
    pub(super) line: &'a EnterpriseId,
    /// What an entry must have: one of each.
    pub(super) groups: Vec<AnyOf>,
    /// The smallest place of arrival wanted, as bits.
    pub(super) oldest: u64,
    /// Whether the greatest places come first.
    pub(super) backwards: bool,
}

impl<'a> Sought<'a> {
    fn of(line: &'a EnterpriseId, filters: &Filters, oldest: Second, backwards: bool) -> Self {
        let groups = terms::wanted(line.as_str(), filters);
        Sought { line, groups, oldest: Place::at(oldest).to_bits(), backwards }
    }

    fn key(&self, at: u64) -> u64 {
        if self.backwards { !at } else { at }
    }
}

/// The places between two others, as bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Between {
    pub(super) after: u64,
    pub(super) below: u64,
}

impl Between {
    /// The places of a window of time.
    fn window(from: Option<Second>, before: Option<Second>) -> Self {
        Between {
            after: Place::at(from.unwrap_or_default()).to_bits(),
            below: before.map_or(u64::MAX, |before| Place::at(before).to_bits()),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.below.saturating_sub(self.after) < 2
    }

    /// What is left of them once all up to this place were looked at.
    pub(super) fn beyond(self, at: u64, backwards: bool) -> Self {
        if backwards {
            Between { below: at.min(self.below), ..self }
        } else {
            Between { after: at.max(self.after), ..self }
        }
    }
}

/// What a partition answers.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// In order. One that is not wanted only says how far was looked.
    pub(super) rows: Vec<Row>,
    /// Whether there is no more.
    pub(super) dry: bool,
    /// How many entries of indexes were looked at.
    pub(super) looked: usize,
}

/// A partition being read.
struct Cursor {
    part: usize,
    rows: std::vec::IntoIter<Row>,
    left: Between,
    dry: bool,
}

/// Walks along what partitions answer, in order.
struct Walking<'a> {
    view: &'a View,
    shelf: &'a Shelf,
    sought: &'a Sought<'a>,
    between: Between,
    /// Partitions not begun, each with the least key it can have.
    waiting: std::iter::Peekable<std::vec::IntoIter<(u64, usize)>>,
    reading: Vec<Cursor>,
    looked: usize,
    budget: usize,
    begun: bool,
}

enum Next {
    Row(usize, Row),
    End,
    /// It has looked at as much as it may.
    Enough,
}

impl<'a> Walking<'a> {
    fn new(view: &'a View, shelf: &'a Shelf, sought: &'a Sought<'a>, between: Between, budget: usize) -> Self {
        let every = 0..view.parts.len();
        Self::over(view, shelf, sought, between, budget, every)
    }

    fn over(
        view: &'a View,
        shelf: &'a Shelf,
        sought: &'a Sought<'a>,
        between: Between,
        budget: usize,
        parts: impl Iterator<Item = usize>,
    ) -> Self {
        let mut waiting: Vec<(u64, usize)> = Vec::new();
        for number in parts.filter(|_| !between.is_empty()) {
            if let Some((least, greatest)) = view.parts[number].search_range(sought)
                && between.after < greatest
                && least < between.below
            {
                waiting.push((if sought.backwards { !greatest } else { least }, number));
            }
        }
        waiting.sort_unstable();
        let waiting = waiting.into_iter().peekable();
        Walking { view, shelf, sought, between, waiting, reading: Vec::new(), looked: 0, budget, begun: false }
    }

    fn next(&mut self) -> Result<Next, Fault> {
        if self.begun && self.looked >= self.budget {
            return Ok(Next::Enough);
        }
        // The cursor with the smallest key, once no partition that waits can have a smaller one.
        let least = loop {
            let mut least: Option<(u64, usize)> = None;
            for number in 0..self.reading.len() {
                if let Some(key) = self.peek(number)?
                    && least.is_none_or(|(smallest, _)| key < smallest)
                {
                    least = Some((key, number));
                }
            }
            match self.waiting.next_if(|(from, _)| least.is_none_or(|(key, _)| *from <= key)) {
                Some((_, part)) => {
                    let cursor = Cursor { part, rows: Vec::new().into_iter(), left: self.between, dry: false };
                    self.reading.push(cursor);
                }
                None => break least,
            }
        };
        let Some((_, number)) = least else { return Ok(Next::End) };
        let part = self.reading[number].part;
        let Some(row) = self.reading[number].rows.next() else { return Ok(Next::End) };
        self.reading.retain(|cursor| !cursor.dry || !cursor.rows.as_slice().is_empty());
        self.begun = true;
        self.looked += 1;
        Ok(Next::Row(part, row))
    }

    /// The key of the next row of a cursor, asking its partition if none is at hand.
    fn peek(&mut self, number: usize) -> Result<Option<u64>, Fault> {
        let cursor = &mut self.reading[number];
        while cursor.rows.as_slice().is_empty() && !cursor.dry {
            let answer = self.view.parts[cursor.part].matching(self.shelf, self.sought, cursor.left, ROWS_MAX)?;
            self.looked += answer.looked + ASKING;
            if let Some(last) = answer.rows.last() {
                cursor.left = cursor.left.beyond(last.at, self.sought.backwards);
            }
            cursor.dry = answer.dry || answer.rows.is_empty();
            cursor.rows = answer.rows.into_iter();
        }
        Ok(cursor.rows.as_slice().first().map(|row| self.sought.key(row.at)))
    }
}

/// An entry found, and where.
type Hit = (usize, Row);

/// The bytes of entries and their places of arrival, in the same order.
fn fetch(view: &View, shelf: &Shelf, line: &EnterpriseId, hits: &[Hit]) -> Result<Vec<(u64, Bytes)>, Fault> {
    let mut parts: Vec<usize> = hits.iter().map(|(part, _)| *part).collect();
    parts.sort_unstable();
    parts.dedup();
    let mut fetched = vec![(0, Bytes::new()); hits.len()];
    for part in parts {
        let of_part = || (0..).zip(hits).filter(|(_, (of, _))| *of == part);
        let entries: Vec<u32> = of_part().map(|(_, (_, row))| row.entry).collect();
        let found = view.parts[part].fetch_each(shelf, line, &entries)?;
        of_part().zip(found).for_each(|((at, _), found): ((usize, _), _)| fetched[at] = found);
    }
    Ok(fetched)
}

/// Finds a page.
pub(super) fn search(view: &View, shelf: &Shelf, searching: &Searching) -> Result<Matches, Fault> {
    let Searching { enterprise, filters, order, after, limit, oldest } = searching;
    let backwards = *order == Order::NewestFirst;
    let sought = Sought::of(enterprise, filters, *oldest, backwards);
    let window = Between::window(filters.created_from, filters.created_before);
    let between = after.map_or(window, |after| window.beyond(after.to_bits(), backwards));
    let limit = (*limit).min(PAGE_ENTRIES_MAX);
    let mut matches = Matches { last: *after, ..Matches::default() };
    if limit == 0 {
        return Ok(matches);
    }
    let mut walking = Walking::new(view, shelf, &sought, between, SEARCH_LOOKED_MAX);
    let mut page = Page { text: filters.text.as_ref(), limit, shown_bytes: 0, read_bytes: 0 };
    let mut hits: Vec<Hit> = Vec::new();
    loop {
        let next = walking.next()?;
        let more = match next {
            Next::Row(part, row) => {
                if row.wanted {
                    hits.push((part, row));
                }
                if hits.len() < page.room(&matches) {
                    if hits.is_empty() {
                        matches.last = Some(Place::from_bits(row.at));
                    }
                    continue;
                }
                true
            }
            Next::Enough => false,
            Next::End => {
                matches.end = true;
                false
            }
        };
        let fetched = fetch(view, shelf, enterprise, &hits)?;
        if !page.take(&mut matches, &hits, fetched) {
            // It stopped before what was at hand was used up.
            matches.end = false;
            return Ok(matches);
        }
        if !more {
            return Ok(matches);
        }
        hits.clear();
    }
}

/// What may still go on a page.
struct Page<'a> {
    text: Option<&'a TextMatch>,
    limit: usize,
    shown_bytes: usize,
    read_bytes: usize,
}

impl Page<'_> {
    /// How many entries are worth reading at a time.
    fn room(&self, matches: &Matches) -> usize {
        match self.text {
            Some(_) => TEXTS,
            None => self.limit - matches.entries.len(),
        }
    }

    /// Takes what is wanted; answers whether there is room for more.
    fn take(&mut self, matches: &mut Matches, hits: &[Hit], fetched: Vec<(u64, Bytes)>) -> bool {
        for ((_, row), (recorded, bytes)) in hits.iter().zip(fetched) {
            let at = Place::from_bits(row.at);
            matches.last = Some(at);
            self.read_bytes += bytes.len();
            if self.text.is_none_or(|text| text.is_in(&bytes)) {
                self.shown_bytes += bytes.len();
                matches.entries.push(Match { at, recorded: Place::from_bits(recorded), bytes });
            }
            if matches.entries.len() == self.limit || self.shown_bytes >= SEARCH_PAGE_BYTES_MAX {
                return false;
            }
        }
        self.text.is_none() || self.read_bytes < SEARCH_READ_BYTES_MAX
    }
}

/// Counts by the time of the deed. Whatever an index can count without looking at each entry is exact and cheap; the
/// rest is walked, newest first, as far as is allowed.
pub(super) fn count(view: &View, shelf: &Shelf, counting: &Counting) -> Result<Counts, Fault> {
    let Counting { enterprise, filters, oldest, edges } = counting;
    let (Some(first), Some(last)) = (edges.first(), edges.last()) else { return Ok(Counts::default()) };
    let mut counts = Counts { buckets: vec![0; edges.len() - 1], counted_from: *first };
    let from = filters.created_from.unwrap_or_default().max(*first);
    let before = filters.created_before.map_or(*last, |before| before.min(*last));
    let between = Between::window(Some(from), Some(before));
    let sought = Sought::of(enterprise, filters, *oldest, true);
    let mut walked = Vec::new();
    for (number, part) in view.parts.iter().enumerate() {
        let counted = filters.text.is_none() && part.count(shelf, &sought, between, edges, &mut counts.buckets)?;
        if !counted {
            walked.push(number);
        }
    }
    if walked.is_empty() {
        return Ok(counts);
    }
    let mut walking = Walking::over(view, shelf, &sought, between, COUNT_LOOKED_MAX, walked.into_iter());
    let (mut hits, mut read, mut reached): (Vec<Hit>, usize, u64) = (Vec::new(), 0, between.below);
    loop {
        let next = walking.next()?;
        if let Next::Row(part, row) = next {
            reached = row.at;
            if row.wanted {
                hits.push((part, row));
            }
            if hits.len() < TEXTS {
                continue;
            }
        }
        if let Some(text) = &filters.text {
            let fetched = fetch(view, shelf, enterprise, &hits)?;
            read += fetched.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
            let mut fetched = fetched.iter();
            hits.retain(|_| fetched.next().is_some_and(|(_, bytes)| text.is_in(bytes)));
        }
        for (_, row) in hits.drain(..) {
            add(edges, &mut counts.buckets, Place::from_bits(row.at).second);
        }
        match next {
            Next::End => return Ok(counts),
            Next::Row(..) if read < SEARCH_READ_BYTES_MAX => {}
            Next::Row(..) | Next::Enough => {
                // Of the second it stopped in, something may be left.
                counts.counted_from = Place::from_bits(reached).second.ahead(1).max(*first);
                return Ok(counts);
            }
        }
    }
}

/// Counts one event.
pub(super) fn add(edges: &[Second], buckets: &mut [u64], created_at: Second) {
    let before = edges.partition_point(|edge| *edge <= created_at);
    if let Some(bucket) = before.checked_sub(1).and_then(|bucket| buckets.get_mut(bucket)) {
        *bucket += 1;
    }
}
