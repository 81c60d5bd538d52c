//! Reading lines across partitions: only those that can hold what is asked for are touched, one after the other, and
//! in turn where their ranges overlap.

use super::fault::Fault;
use super::rows::{Order, Row, Walk, Wanted};
use super::runs::Runs;
use super::sealed::gaps::Gap;
use super::sealed::name::HalfName;
use super::sealed::shelf::Shelf;
use super::view::{Part, Turn, View};
use crate::ledger::{Line, Scan};
use feed::event::FeedKind;
use feed::filter::TypeFilter;
use feed::limits::{PAGE_ENTRIES_MAX, SCAN_ENTRIES_MAX};
use feed::page::Slice;
use feed::position::Place;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Most rows asked of a partition at a time.
const ROWS_MAX: usize = 4_096;

/// The partitions that wait for their turn: where the next entry of each stands, or a place before that, and its number.
/// The first comes first.
type Turns = BinaryHeap<Reverse<(u64, usize)>>;

/// A partition being read.
struct Cursor<'a> {
    number: usize,
    part: &'a Part,
    rows: std::vec::IntoIter<Row>,
    /// It has nothing up to this place but the rows at hand.
    reached: u64,
    /// Rows that it gave.
    given: usize,
    /// How many rows to ask for the next time, and whether only up to the turn of another partition.
    ask: usize,
    in_turn: bool,
}

impl<'a> Cursor<'a> {
    /// Where its next entry stands, or a place before that.
    fn next(&self) -> u64 {
        self.rows.as_slice().first().map_or(self.reached.saturating_add(1), |row| row.at)
    }

    /// Gets rows if none are at hand. What lies behind the turn of another may not be needed for the page; but where turns
    /// are short, asking again and again costs more than some rows too many.
    fn fill(&mut self, shelf: &Shelf, wanted: &Wanted<'_>, below: u64, others_turn: u64) -> Result<(), Fault> {
        if !self.rows.as_slice().is_empty() {
            return Ok(());
        }
        let below = if self.in_turn { below.min(others_turn.saturating_add(1)) } else { below };
        let rows = self.part.rows(shelf, wanted, self.reached, below, self.ask)?;
        self.reached = match rows.last() {
            Some(last) if rows.len() == self.ask => last.at,
            _ => below.saturating_sub(1),
        };
        self.given += rows.len();
        (self.ask, self.in_turn) = ((2 * self.given + 2).min(ROWS_MAX), false);
        self.rows = rows.into_iter();
        Ok(())
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
    let mut turns = turns(view, shelf, &wanted, after, below)?;
    let in_turn = matches!(wanted.walk, Walk::Enterprise(Order::Window));
    let mut reading: Vec<Cursor<'_>> = Vec::new();
    let mut hits: Vec<Hit> = Vec::with_capacity(limit);
    let mut looked = 0;
    while looked < SCAN_ENTRIES_MAX && hits.len() < limit {
        let Some(Reverse((_, number))) = turns.pop() else { break };
        let others_turn = turns.peek().map_or(u64::MAX, |Reverse((place, _))| *place);
        let at = reading.iter().position(|cursor| cursor.number == number).unwrap_or_else(|| {
            let (part, rows) = (&view.parts[number], Vec::new().into_iter());
            reading.push(Cursor { number, part, rows, reached: after, given: 0, ask: limit, in_turn });
            reading.len() - 1
        });
        let cursor = &mut reading[at];
        cursor.fill(shelf, &wanted, below, others_turn)?;
        while let Some(row) = cursor.rows.as_slice().first().copied().filter(|row| row.at <= others_turn) {
            cursor.rows.next();
            looked += 1;
            slice.last = Some(Place::from_bits(row.at));
            if row.wanted {
                hits.push((number, row.entry));
            }
            if looked == SCAN_ENTRIES_MAX || hits.len() == limit {
                break;
            }
        }
        let next = cursor.next();
        if next < below {
            turns.push(Reverse((next, number)));
        }
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

/// When it is the turn of each partition that may have something after a place.
///
/// In window order many may have, and most have nothing for this page. Those of which it is not remembered up to where they
/// have nothing are asked; but one alone need not be, for it is asked for rows anyway.
fn turns(view: &View, shelf: &Shelf, wanted: &Wanted<'_>, after: u64, below: u64) -> Result<Turns, Fault> {
    let mut turns = Turns::new();
    let mut unknown: Vec<(usize, HalfName)> = Vec::new();
    for (number, part) in view.parts.iter().enumerate() {
        match (part.turn(wanted, after, below), part) {
            (Turn::Never, _) => {}
            (Turn::Unknown, Part::Sealed(partition)) => {
                unknown.extend(partition.half_name(FeedKind::Enterprise).map(|name| (number, name)));
            }
            (Turn::Unknown, Part::Live(_)) => turns.push(Reverse((after, number))),
            (Turn::From(place), _) => turns.push(Reverse((place, number))),
        }
    }
    if unknown.len() > 1 {
        let partitions = unknown.iter().map(|(_, name)| name.partition);
        let mut next = shelf.gaps.next_after(wanted.line, after, partitions).into_iter();
        unknown.retain(|(number, _)| match next.next().flatten() {
            Some(place) => {
                turns.extend((place < below).then_some(Reverse((place, *number))));
                false
            }
            None => true,
        });
    }
    if let [(number, _)] = unknown[..] {
        turns.push(Reverse((after, number)));
        return Ok(turns);
    }
    let mut learnt: Vec<(HalfName, Gap)> = Vec::with_capacity(unknown.len());
    for (number, name) in unknown {
        let gap = shelf.ask(name, |half| half.gap_at(wanted.line, after))?;
        turns.extend((gap.to < below).then_some(Reverse((gap.to, number))));
        learnt.push((name, gap));
    }
    // The gap that ends first is not worth remembering: the page goes beyond it.
    let first = turns.peek().map(|Reverse((place, _))| *place);
    for (name, gap) in learnt.into_iter().filter(|(_, gap)| first.is_none_or(|first| first < gap.to)) {
        shelf.gaps.learn(wanted.line, name.partition, gap);
    }
    Ok(turns)
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
