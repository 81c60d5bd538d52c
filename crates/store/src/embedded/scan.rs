//! Reading lines across partitions: only those that can hold what is asked for are touched, one after the other, and
//! side by side where their ranges overlap.

use super::fault::Fault;
use super::rows::{Row, Wanted};
use super::runs::Runs;
use super::sealed::shelf::Shelf;
use super::view::{Part, View};
use crate::ledger::{Line, Scan};
use feed::filter::TypeFilter;
use feed::limits::{PAGE_ENTRIES_MAX, SCAN_ENTRIES_MAX};
use feed::page::Slice;
use feed::position::Place;

/// Rows asked of a partition at a time: few at first, because most pages end soon.
const ROWS_FIRST: usize = 128;
const ROWS_MAX: usize = 4_096;

/// A partition being read.
struct Cursor<'a> {
    part: &'a Part,
    rows: std::vec::IntoIter<Row>,
    /// Where the rows at hand end.
    reached: u64,
    /// Whether the partition has no more.
    dry: bool,
    ask: usize,
    /// Least to ask for the next time.
    next_ask: usize,
}

impl<'a> Cursor<'a> {
    /// Of many partitions that lie side by side most give little to a page; then only one row is asked for at first.
    fn new(part: &'a Part, after: u64, limit: usize, side_by_side: bool) -> Self {
        let next_ask = limit.clamp(1, ROWS_FIRST);
        let ask = if side_by_side { 1 } else { next_ask };
        Cursor { part, rows: Vec::new().into_iter(), reached: after, dry: false, ask, next_ask }
    }

    /// The place of the next row, asking the partition if none is at hand.
    fn peek(&mut self, shelf: &Shelf, wanted: &Wanted<'_>, below: u64) -> Result<Option<u64>, Fault> {
        if let Some(row) = self.rows.as_slice().first() {
            return Ok(Some(row.at));
        }
        if self.dry {
            return Ok(None);
        }
        let rows = self.part.rows(shelf, wanted, self.reached, below, self.ask)?;
        self.dry = rows.len() < self.ask;
        self.ask = (self.ask * 4).clamp(self.next_ask, ROWS_MAX);
        if let Some(last) = rows.last() {
            self.reached = last.at;
        }
        self.rows = rows.into_iter();
        Ok(self.rows.as_slice().first().map(|row| row.at))
    }
}

/// What goes on the page: from which partition, which entry.
type Hit = (usize, u32);

pub(super) fn scan(view: &View, shelf: &Shelf, scan: &Scan) -> Result<Slice, Fault> {
    let mut slice = Slice::default();
    let limit = scan.limit.min(PAGE_ENTRIES_MAX);
    if scan.below <= scan.after || limit == 0 {
        return Ok(slice);
    }
    let wanted = Wanted::of(scan);
    let (after, below) = (scan.after.to_bits(), scan.below.to_bits());
    let mut waiting: Vec<(u64, usize)> = Vec::new();
    for (number, part) in view.parts.iter().enumerate() {
        match part.range(&wanted) {
            Some((least, greatest)) if after < greatest && least < below => waiting.push((least, number)),
            _ => {}
        }
    }
    waiting.sort_unstable();
    let mut waiting = waiting.into_iter().peekable();
    let mut reading: Vec<(usize, Cursor<'_>)> = Vec::new();
    let mut hits: Vec<Hit> = Vec::with_capacity(limit);
    let mut looked = 0;
    while looked < SCAN_ENTRIES_MAX && hits.len() < limit {
        // The cursor with the smallest place, once no partition that waits can have a smaller one, and the place from
        // which on another may have it.
        let (next, until) = loop {
            let (mut least, mut until): (Option<(u64, usize)>, u64) = (None, u64::MAX);
            for (at, (_, cursor)) in reading.iter_mut().enumerate() {
                let Some(place) = cursor.peek(shelf, &wanted, below)? else { continue };
                match least {
                    Some((smallest, _)) if smallest <= place => until = until.min(place),
                    _ => {
                        until = least.map_or(until, |(second, _)| until.min(second));
                        least = Some((place, at));
                    }
                }
            }
            match waiting.next_if(|(from, _)| least.is_none_or(|(place, _)| *from <= place)) {
                Some((from, number)) => {
                    let next_to_it = waiting.peek().is_some_and(|(next, _)| *next <= from.max(after));
                    let side_by_side = next_to_it || !reading.is_empty();
                    reading.push((number, Cursor::new(&view.parts[number], after, limit, side_by_side)));
                }
                None => break (least, waiting.peek().map_or(until, |(from, _)| until.min(*from))),
            }
        };
        let Some((_, at)) = next else { break };
        let (number, cursor) = &mut reading[at];
        // Most pages come from one partition, so its rows are taken as long as it is its turn.
        while let Some(row) = cursor.rows.next() {
            looked += 1;
            slice.last = Some(Place::from_bits(row.at));
            if row.wanted {
                hits.push((*number, row.entry));
            }
            let others_turn = cursor.rows.as_slice().first().is_none_or(|row| until <= row.at);
            if others_turn || looked == SCAN_ENTRIES_MAX || hits.len() == limit {
                break;
            }
        }
        reading.retain(|(_, cursor)| !cursor.dry || !cursor.rows.as_slice().is_empty());
    }
    slice.count = hits.len();
    let mut runs = Runs::default();
    for run in hits.chunk_by(|one, next| one.0 == next.0) {
        let entries: Vec<u32> = run.iter().map(|(_, entry)| *entry).collect();
        view.parts[run[0].0].fetch(shelf, wanted.line, wanted.kind(), &entries, &mut runs)?;
    }
    slice.runs = runs.finish();
    Ok(slice)
}

/// The last place of a line before `below`.
pub(super) fn last_before(view: &View, shelf: &Shelf, line: &Line, below: Place) -> Result<Option<Place>, Fault> {
    let types = TypeFilter::default();
    let wanted = Wanted::everything(line, &types);
    let below = below.to_bits();
    let mut last: Option<u64> = None;
    // From the newest backwards; a partition whose greatest place is smaller than what was found cannot do better.
    for part in view.parts.iter().rev() {
        let Some((least, greatest)) = part.range(&wanted) else { continue };
        if least < below && last.is_none_or(|found| found < greatest) {
            last = last.max(part.last_before(shelf, &wanted, below)?);
        }
    }
    Ok(last.map(Place::from_bits))
}
