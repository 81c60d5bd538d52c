//! Searching a sealed half: lists of entries in window order, one for each term and type, met with each other.
//!
//! Lists hold ranks in window order, so an entry that is in all of them is found by leaping from one list to the next.
//! Going backwards is the same with everything counted from the other end.

use super::super::codec::{Taker, count32, index};
use super::super::fault::Fault;
use super::super::rows::{Order, Row};
use super::super::runs::Runs;
use super::super::search::{Answer, Between, Sought};
use super::super::terms::AnyOf;
use super::half::{Half, Line, search};
use super::index::{POSTING_BYTES, Section, TERM_BYTES};
use super::paged::record;
use bytes::Bytes;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::time::Second;

/// Most entries of lists looked at before an answer says how far it came.
const LOOKED_MAX: usize = 16_384;

/// The list of a term.
#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    count: u32,
}

/// A list being read, counted from the end that the order begins with.
struct Reading {
    list: List,
    /// The first that has not been passed.
    at: u32,
    /// Its rank, once it was read.
    rank: Option<u32>,
}

/// Lists of which an entry must be in one.
struct Group(Vec<Reading>);

/// Ranks as they are stored, turned round for going backwards.
#[derive(Clone, Copy)]
struct Turned {
    backwards: bool,
    count: u32,
}

impl Turned {
    fn rank(self, rank: u32) -> u32 {
        if self.backwards { self.count.saturating_sub(1).saturating_sub(rank) } else { rank }
    }
}

impl Half {
    /// Whether its index knows terms.
    pub(in super::super) fn has_terms(&self) -> bool {
        self.version >= super::index::TERMS_SINCE
    }

    fn list(&self, print: u64) -> Result<Option<List>, Fault> {
        let (start, _) = self.section(Section::Terms);
        let count = self.count(Section::Terms, TERM_BYTES);
        let read = |number: u32| self.index.array::<TERM_BYTES>(record(start, number, TERM_BYTES));
        let number = search(count, |number| Ok(Taker(&read(number)?).u64() < Some(print)))?;
        if number == count {
            return Ok(None);
        }
        let row = read(number)?;
        let mut taker = Taker(&row);
        if taker.u64() != Some(print) {
            return Ok(None);
        }
        let list = taker.u32().zip(taker.u32()).map(|(first, count)| List { first, count });
        list.map(Some).ok_or_else(|| self.malformed(start, "its terms"))
    }

    fn lists(&self, group: &AnyOf) -> Result<Vec<List>, Fault> {
        let mut lists = Vec::new();
        for print in &group.prints {
            lists.extend(self.list(*print)?);
        }
        Ok(lists)
    }

    /// The rank at this place of a list.
    fn rank_in(&self, list: List, number: u32) -> Result<u32, Fault> {
        let (start, _) = self.section(Section::TermPostings);
        let at = record(start, list.first.saturating_add(number), POSTING_BYTES);
        Ok(u32::from_le_bytes(self.index.array::<POSTING_BYTES>(at)?))
    }

    /// The ranks of the first entry after, and of the first not before, two places.
    fn ranks(&self, line: Line, between: Between) -> Result<(u32, u32), Fault> {
        let from = self.first_in_order(line, Order::Window, between.after.saturating_add(1))?;
        Ok((from, self.first_in_order(line, Order::Window, between.below)?))
    }

    /// Entries between two places that have everything sought, in order. `all_kept` says that none of them was recorded
    /// before the oldest wanted.
    pub(in super::super) fn matching(
        &self,
        sought: &Sought<'_>,
        between: Between,
        all_kept: bool,
        max: usize,
    ) -> Result<Answer, Fault> {
        let mut answer = Answer { dry: true, ..Answer::default() };
        let Some(line) = self.line(sought.line)?.filter(|_| !between.is_empty()) else { return Ok(answer) };
        let (from, to) = self.ranks(line, between)?;
        let turned = Turned { backwards: sought.backwards, count: line.count };
        let (mut ordered, mut entries) = (self.ordered(line, Order::Window), self.entries());
        let (mut next, end) = match sought.backwards {
            false => (from, to),
            true => (line.count - to, line.count - from),
        };
        let mut groups = Vec::with_capacity(sought.groups.len());
        for group in &sought.groups {
            let lists = self.lists(group)?;
            if lists.is_empty() {
                return Ok(answer);
            }
            groups.push(Group(lists.into_iter().map(|list| Reading { list, at: 0, rank: None }).collect()));
        }
        answer.dry = false;
        while answer.rows.len() < max {
            let met = self.meet(&mut groups, turned, next, end, &mut answer.looked)?;
            let (rank, found) = match met {
                Met::Here(rank) => (rank, true),
                Met::Upto(rank) => (rank, false),
                Met::Nowhere => {
                    answer.dry = true;
                    break;
                }
            };
            let (at, entry) = ordered.get(turned.rank(rank))?;
            let wanted = found && (all_kept || sought.oldest <= entries.of_line(line, entry)?.place);
            answer.looked += 1;
            next = rank + 1;
            let enough = answer.looked >= LOOKED_MAX;
            if wanted || enough {
                answer.rows.push(Row { at, entry, wanted });
            }
            if enough {
                break;
            }
        }
        Ok(answer)
    }

    /// The first rank of at least `next` that is in every group.
    fn meet(
        &self,
        groups: &mut [Group],
        turned: Turned,
        next: u32,
        end: u32,
        looked: &mut usize,
    ) -> Result<Met, Fault> {
        let mut rank = next;
        let mut agreed = 0;
        let mut turn = 0;
        while rank < end {
            if agreed == groups.len() {
                return Ok(Met::Here(rank));
            }
            if *looked >= LOOKED_MAX && rank > next {
                return Ok(Met::Upto(rank - 1));
            }
            let Some(found) = self.seek(&mut groups[turn], turned, rank, looked)? else { return Ok(Met::Nowhere) };
            agreed = if found == rank { agreed + 1 } else { 1 };
            rank = found;
            turn = (turn + 1) % groups.len();
        }
        Ok(Met::Nowhere)
    }

    /// The first rank of at least `rank` in any list of a group.
    fn seek(&self, group: &mut Group, turned: Turned, rank: u32, looked: &mut usize) -> Result<Option<u32>, Fault> {
        let mut least = None;
        for reading in &mut group.0 {
            if reading.rank.is_none_or(|at| at < rank) {
                self.leap(reading, turned, rank, looked)?;
            }
            least = match (least, reading.rank) {
                (Some(least), Some(rank)) => Some(rank.min(least)),
                (least, rank) => least.or(rank),
            };
        }
        // Lists that are used up are not asked again.
        group.0.retain(|reading| reading.rank.is_some());
        Ok(least)
    }

    /// Goes on in a list to the first of at least `rank`: in steps that double, and then by halves.
    fn leap(&self, reading: &mut Reading, turned: Turned, rank: u32, looked: &mut usize) -> Result<(), Fault> {
        let list = reading.list;
        let mut read = |number: u32| -> Result<u32, Fault> {
            *looked += 1;
            let stored = if turned.backwards { list.count - 1 - number } else { number };
            Ok(turned.rank(self.rank_in(list, stored)?))
        };
        let (mut low, mut step) = (reading.at, 1);
        let mut high = low;
        while high < list.count && read(high)? < rank {
            low = high + 1;
            high = low.saturating_add(step);
            step = step.saturating_mul(2);
        }
        high = high.min(list.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if read(middle)? < rank {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        reading.at = low;
        reading.rank = if low < list.count { Some(read(low)?) } else { None };
        Ok(())
    }

    /// Counts those entries by the time of the deed, where the index can tell without a look at each; answers whether it
    /// could.
    pub(in super::super) fn count_sought(
        &self,
        sought: &Sought<'_>,
        between: Between,
        edges: &[Second],
        buckets: &mut [u64],
    ) -> Result<bool, Fault> {
        let lists = match &sought.groups[..] {
            [] => None,
            [group] if group.exclusive => Some(self.lists(group)?),
            _ => return Ok(false),
        };
        let Some(line) = self.line(sought.line)?.filter(|_| !between.is_empty()) else { return Ok(true) };
        let (from, to) = self.ranks(line, between)?;
        let mut start = from;
        for (bucket, edge) in buckets.iter_mut().zip(edges.iter().skip(1)) {
            if start >= to {
                break;
            }
            let end = self.first_in_order(line, Order::Window, Place::at(*edge).to_bits())?.clamp(start, to);
            let counted = match &lists {
                None => u64::from(end - start),
                Some(_) if end == start => 0,
                Some(lists) => {
                    let mut counted = 0;
                    for list in lists {
                        let before = |rank| search(list.count, |number| Ok(self.rank_in(*list, number)? < rank));
                        counted += u64::from(before(end)?.saturating_sub(before(start)?));
                    }
                    counted
                }
            };
            *bucket += counted;
            start = end;
        }
        Ok(true)
    }

    /// The place of arrival and the bytes of some entries, which are copied: few of a block may be wanted.
    pub(in super::super) fn fetch_each(
        &self,
        line: &EnterpriseId,
        entries: &[u32],
    ) -> Result<Vec<(u64, Bytes)>, Fault> {
        let mut found = vec![(0, Bytes::new()); entries.len()];
        let Some(line) = self.line(line)? else { return Ok(found) };
        if self.has_spans() {
            let (mut rows, mut spans) = (self.entries(), self.spans());
            for (entry, found) in entries.iter().zip(&mut found) {
                let mut runs = Runs::default();
                self.data.fetch(&[spans.get(line.first.saturating_add(*entry))?], &self.pieces, &mut runs)?;
                let rendering = runs.finish().pop().unwrap_or_default();
                *found = (rows.of_line(line, *entry)?.place, rendering);
            }
            return Ok(found);
        }
        let (mut known, mut rows) = (self.entries(), Vec::with_capacity(entries.len()));
        for (at, entry) in entries.iter().enumerate() {
            rows.push((at, known.of_line(line, *entry)?));
        }
        rows.sort_unstable_by_key(|(_, row)| (row.block, row.slot));
        for of_block in rows.chunk_by(|(_, one), (_, next)| one.block == next.block) {
            let number = of_block[0].1.block;
            let bytes = self.data.block(number)?;
            let block = self.data.parse(number, &bytes)?;
            for (at, row) in of_block {
                let rendering = block.rendering(index(row.slot)).ok_or_else(|| self.data.malformed(number))?;
                found[*at] = (row.place, Bytes::copy_from_slice(rendering));
            }
        }
        Ok(found)
    }

    /// Ranks that lie beyond the line, if its lists hold any: for checking.
    pub(super) fn terms_lead_astray(&self) -> Result<bool, Fault> {
        let (start, length) = self.section(Section::TermPostings);
        let most = self.count(Section::Entries, super::index::ENTRY_BYTES);
        let postings = count32(usize::try_from(length / POSTING_BYTES as u64).unwrap_or(0));
        for number in 0..self.count(Section::Terms, TERM_BYTES) {
            let (terms, _) = self.section(Section::Terms);
            let row = self.index.array::<TERM_BYTES>(record(terms, number, TERM_BYTES))?;
            let mut taker = Taker(&row[8..]);
            let ends_within = taker.u32().zip(taker.u32()).and_then(|(first, count)| first.checked_add(count));
            if ends_within.is_none_or(|end| end > postings) {
                return Ok(true);
            }
        }
        for number in 0..postings {
            let rank = self.index.array::<POSTING_BYTES>(record(start, number, POSTING_BYTES))?;
            if u32::from_le_bytes(rank) >= most {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Where lists meet.
enum Met {
    /// At this rank.
    Here(u32),
    /// Not up to this rank; further was not looked.
    Upto(u32),
    /// Nowhere any more.
    Nowhere,
}
