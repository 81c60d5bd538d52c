//! Searching a partition that is not sealed, by what is in memory about it.
//!
//! Publishing waits while the index is read, so every turn at it is short.

use super::codec::{count32, index};
use super::fault::Fault;
use super::live::{Entry, Having, Live, LiveLine};
use super::rows::Row;
use super::search::{Answer, Between, Sought, add};
use super::terms::AnyOf;
use bytes::Bytes;
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::time::Second;
use std::ops::Bound::Excluded;

/// Up to so many entries that something wanted leads to are gathered and sorted; of more, those in order are tried.
const GATHERED_MAX: usize = 8_192;
/// A type is rare if not one entry of so many has it.
const RARE: usize = 64;
/// Most entries looked at in one turn.
const TURN: usize = 4_096;

impl LiveLine {
    fn having(&self, print: u64) -> &[u32] {
        self.terms.get(&print).map_or(&[], Having::entries)
    }

    fn count_of(&self, group: &AnyOf) -> usize {
        group.prints.iter().map(|print| self.having(*print).len()).sum()
    }

    fn has(&self, group: &AnyOf, entry: u32) -> bool {
        group.prints.iter().any(|print| self.having(*print).binary_search(&entry).is_ok())
    }

    fn takes(&self, sought: &Sought<'_>, between: Between, number: u32, entry: &Entry) -> bool {
        between.after < entry.window
            && entry.window < between.below
            && sought.oldest <= entry.place
            && sought.groups.iter().all(|group| self.has(group, number))
    }

    /// The group that leads to the fewest entries.
    fn rarest<'s>(&self, sought: &'s Sought<'_>) -> Option<(usize, &'s AnyOf)> {
        sought.groups.iter().map(|group| (self.count_of(group), group)).min_by_key(|(count, _)| *count)
    }

    /// The entries that a group leads to, each once, in arrival order.
    fn led(&self, group: &AnyOf) -> Vec<u32> {
        let mut led: Vec<u32> = group.prints.iter().flat_map(|print| self.having(*print)).copied().collect();
        led.sort_unstable();
        led.dedup();
        led
    }

    fn matching(&self, sought: &Sought<'_>, between: Between, max: usize) -> Answer {
        match self.rarest(sought) {
            Some((count, group)) if count <= GATHERED_MAX => self.gather(sought, between, group, max),
            _ => self.try_in_order(sought, between, max),
        }
    }

    fn gather(&self, sought: &Sought<'_>, between: Between, group: &AnyOf, max: usize) -> Answer {
        let led = self.led(group);
        let looked = led.len();
        let taken = led.into_iter().filter_map(|number| {
            let entry = self.enterprise.entry(number).filter(|entry| self.takes(sought, between, number, entry))?;
            Some(Row { at: entry.window, entry: number, wanted: true })
        });
        let mut rows: Vec<Row> = taken.collect();
        rows.sort_unstable_by_key(|row| if sought.backwards { !row.at } else { row.at });
        let dry = rows.len() <= max;
        rows.truncate(max);
        Answer { rows, dry, looked }
    }

    fn try_in_order(&self, sought: &Sought<'_>, between: Between, max: usize) -> Answer {
        let mut answer = Answer::default();
        let range = self.window.range((Excluded(between.after), Excluded(between.below)));
        let mut range: Box<dyn Iterator<Item = (&u64, &u32)>> =
            if sought.backwards { Box::new(range.rev()) } else { Box::new(range) };
        while answer.rows.len() < max {
            let Some((at, number)) = range.next() else {
                answer.dry = true;
                break;
            };
            answer.looked += 1;
            let wanted =
                self.enterprise.entry(*number).is_some_and(|entry| self.takes(sought, between, *number, entry));
            let is_last = answer.looked == TURN;
            if wanted || is_last {
                answer.rows.push(Row { at: *at, entry: *number, wanted });
            }
            if is_last {
                break;
            }
        }
        answer
    }
}

impl Live {
    /// Whether the rarest that is sought is so rare that its entries are found sooner by its lists than by going along.
    pub(super) fn leads_to_few(&self, sought: &Sought<'_>) -> bool {
        let held = self.index();
        let Some(line) = held.lines.get(sought.line) else { return true };
        line.rarest(sought).is_some_and(|(count, _)| count * RARE < line.enterprise.entries.len())
    }

    /// Entries between two places that have everything sought, in order.
    pub(super) fn matching(&self, sought: &Sought<'_>, between: Between, max: usize) -> Answer {
        let nothing = Answer { dry: true, ..Answer::default() };
        if between.is_empty() {
            return nothing;
        }
        self.index().lines.get(sought.line).map_or(nothing, |line| line.matching(sought, between, max))
    }

    /// Counts those entries by the time of the deed.
    pub(super) fn count(&self, sought: &Sought<'_>, between: Between, edges: &[Second], buckets: &mut [u64]) {
        let led = {
            let held = self.index();
            let Some(line) = held.lines.get(sought.line) else { return };
            match line.rarest(sought) {
                Some((_, group)) => line.led(group),
                None => (0..count32(line.enterprise.entries.len())).collect(),
            }
        };
        for turn in led.chunks(TURN) {
            let held = self.index();
            let Some(line) = held.lines.get(sought.line) else { return };
            for number in turn {
                if let Some(entry) = line.enterprise.entry(*number)
                    && line.takes(sought, between, *number, entry)
                {
                    add(edges, buckets, Place::from_bits(entry.window).second);
                }
            }
        }
    }

    /// The place of arrival and the bytes of some entries of the enterprise feed.
    pub(super) fn fetch_each(&self, line: &EnterpriseId, entries: &[u32]) -> Result<Vec<(u64, Bytes)>, Fault> {
        let mut found = Vec::with_capacity(entries.len());
        for number in entries {
            let gone = || Fault::Gone(format!("an entry of {}", self.file.path.display()));
            let (place, offset, length) = {
                let held = self.index();
                let half = held.lines.get(line).map(|line| line.half(FeedKind::Enterprise)).ok_or_else(gone)?;
                let entry = half.entry(*number).ok_or_else(gone)?;
                let block = held.blocks.get(index(entry.block)).ok_or_else(gone)?;
                let offset = block.offset + u64::from(block.renderings) + u64::from(entry.start);
                (entry.place, offset, index(entry.length))
            };
            found.push((place, self.file.read_vec(offset, length)?.into()));
        }
        Ok(found)
    }
}
