//! Walking along the entries of a sealed half: in one of the orders, or by the postings of a reader.

use super::super::codec::{Taker, count32, index};
use super::super::fault::Fault;
use super::super::rows::{Order, Posting, Row, TypeNumbers, Walk, Wanted, merge, span_of};
use super::half::{Half, Line, search};
use super::index::{
    POSTING_BYTES, READER_BYTES, ReaderKind, STRETCH_BYTES, STRETCH_ENTRIES, Section, reader_fingerprint,
};
use super::paged::record;
use feed::id::EnterpriseId;

impl Half {
    /// Rows of a line within (after, below), in order, `max` at most; fewer than `max` only when there are no more.
    pub(in super::super) fn rows(
        &self,
        wanted: &Wanted<'_>,
        after: u64,
        below: u64,
        max: usize,
    ) -> Result<Vec<Row>, Fault> {
        let Some(line) = self.line(wanted.line)?.filter(|_| after < below) else { return Ok(Vec::new()) };
        match wanted.walk {
            Walk::Enterprise(order) => self.rows_in_order(wanted, line, order, after, below, max),
            Walk::User { streams, .. } => {
                let postings = self.postings(wanted, line, after, below, max)?;
                let (mut entries, mut rows) = (self.entries(), Vec::with_capacity(postings.len()));
                for posting in postings {
                    let place = entries.of_line(line, posting.entry())?.place;
                    let wanted = wanted.oldest <= place && posting.streams().meets(streams);
                    rows.push(Row { at: place, entry: posting.entry(), wanted });
                }
                Ok(rows)
            }
        }
    }

    fn rows_in_order(
        &self,
        wanted: &Wanted<'_>,
        line: Line,
        order: Order,
        after: u64,
        below: u64,
        max: usize,
    ) -> Result<Vec<Row>, Fault> {
        let types = TypeNumbers::of(wanted.types, &self.types);
        let mask = types.mask();
        let everything = mask == u128::MAX && wanted.created_from == 0 && wanted.created_before == u64::MAX;
        let (mut ordered, mut entries) = (self.ordered(line, order), self.entries());
        let mut number = self.first_in_order(line, order, after.saturating_add(1))?;
        let mut rows = Vec::with_capacity(max.min(index(line.count.saturating_sub(number))));
        while rows.len() < max && number < line.count {
            let within = number % STRETCH_ENTRIES;
            let stretch_end = (number - within).saturating_add(STRETCH_ENTRIES).min(line.count);
            if !everything && within == 0 && !self.stretch_may_hold(line, order, number, mask, wanted)? {
                let (at, entry) = ordered.get(stretch_end - 1)?;
                if at < below {
                    rows.push(Row { at, entry, wanted: false });
                    number = stretch_end;
                    continue;
                }
            }
            let end = stretch_end.min(number.saturating_add(count32(max - rows.len())));
            while number < end {
                let (at, within_line) = ordered.get(number)?;
                if at >= below {
                    return Ok(rows);
                }
                let entry = entries.of_line(line, within_line)?;
                let wanted = types.take(entry.event_type) && wanted.takes(entry.place, entry.created_at);
                rows.push(Row { at, entry: within_line, wanted });
                number += 1;
            }
        }
        Ok(rows)
    }

    /// Whether the stretch that begins at this number may hold an entry that is wanted.
    fn stretch_may_hold(
        &self,
        line: Line,
        order: Order,
        number: u32,
        mask: u128,
        wanted: &Wanted<'_>,
    ) -> Result<bool, Fault> {
        let of_order = match order {
            Order::Arrival => 0,
            Order::History => 1,
            Order::Window => 2,
        };
        let stretches = line.count.div_ceil(STRETCH_ENTRIES);
        let stretch = line.first_stretch.saturating_add(of_order * stretches + number / STRETCH_ENTRIES);
        let (start, _) = self.section(Section::Stretches);
        let row = self.index.array::<STRETCH_BYTES>(record(start, stretch, STRETCH_BYTES))?;
        let held = u128::from_le_bytes(row[..16].try_into().unwrap_or([u8::MAX; 16]));
        let mut taker = Taker(&row[16..]);
        let (least, greatest) = (taker.u32().unwrap_or(0), taker.u32().unwrap_or(u32::MAX));
        let in_time = wanted.created_from <= greatest && u64::from(least) < wanted.created_before;
        Ok(held & mask != 0 && in_time)
    }

    /// The place of the first posting and their count, of a user or a list.
    fn reader(&self, line: &EnterpriseId, kind: ReaderKind, id: &str) -> Result<Option<(u32, u32)>, Fault> {
        let print = reader_fingerprint(line.as_str(), kind, id);
        let (start, _) = self.section(Section::Readers);
        let (names, _) = self.section(Section::Names);
        let count = self.count(Section::Readers, READER_BYTES);
        let mut rows = self.records::<READER_BYTES>(Section::Readers);
        let mut number = search(count, |number| Ok(Taker(&rows.get(number)?).u64() < Some(print)))?;
        while number < count {
            let row = rows.get(number)?;
            let mut taker = Taker(&row);
            if taker.u64() != Some(print) {
                break;
            }
            let fields = taker.u32().zip(taker.u32()).zip(taker.u32());
            let ((name, first), postings) = fields.ok_or_else(|| self.malformed(start, "its readers"))?;
            // Two readers may have one fingerprint; the name decides.
            let at = names + u64::from(name);
            let length = 3 + line.as_str().len() + id.len();
            let stored = self.index.read_vec(at, length)?;
            let mut taker = Taker(&stored);
            let same =
                taker.text() == Some(line.as_str()) && taker.u8() == Some(kind as u8) && taker.text() == Some(id);
            if same {
                return Ok(Some((first, postings)));
            }
            number += 1;
        }
        Ok(None)
    }

    /// Postings by their number, the first of which is this.
    fn postings_from(&self, first: u32) -> impl FnMut(u32) -> Result<Posting, Fault> {
        let mut rows = self.records::<POSTING_BYTES>(Section::Postings);
        move |number| Ok(Posting(u32::from_le_bytes(rows.get(first.saturating_add(number))?)))
    }

    /// The user's own postings and those of the user's lists, with the range of places that each contributes.
    fn sources(&self, wanted: &Wanted<'_>, after: u64, below: u64) -> Result<Vec<(u32, u32, u64, u64)>, Fault> {
        let Walk::User { user, lists, .. } = wanted.walk else { return Ok(Vec::new()) };
        let mut sources = Vec::new();
        if let Some((first, count)) = self.reader(wanted.line, ReaderKind::User, user.as_str())? {
            sources.push((first, count, after, below));
        }
        for span in lists {
            let (after, below) = span_of(span, after, below);
            if after < below
                && let Some((first, count)) = self.reader(wanted.line, ReaderKind::List, span.list.as_str())?
            {
                sources.push((first, count, after, below));
            }
        }
        Ok(sources)
    }

    fn postings(
        &self,
        wanted: &Wanted<'_>,
        line: Line,
        after: u64,
        below: u64,
        max: usize,
    ) -> Result<Vec<Posting>, Fault> {
        let mut found = Vec::new();
        for (first, count, after, below) in self.sources(wanted, after, below)? {
            let start_entry = self.first_at(line, after.saturating_add(1))?;
            let end_entry = self.first_at(line, below)?;
            let mut posting = self.postings_from(first);
            let start = search(count, |n| Ok(posting(n)?.entry() < start_entry))?;
            let end = count.min(start.saturating_add(count32(max)));
            for number in start..end {
                let posting = posting(number)?;
                if posting.entry() >= end_entry {
                    break;
                }
                found.push(posting);
            }
        }
        let mut merged = merge(found);
        merged.truncate(max);
        Ok(merged)
    }

    /// The last place of a line before this one, in the order of the walk.
    pub(in super::super) fn last_before(&self, wanted: &Wanted<'_>, below: u64) -> Result<Option<u64>, Fault> {
        let Some(line) = self.line(wanted.line)? else { return Ok(None) };
        match wanted.walk {
            Walk::Enterprise(order) => match self.first_in_order(line, order, below)?.checked_sub(1) {
                Some(last) => Ok(Some(self.ordered(line, order).get(last)?.0)),
                None => Ok(None),
            },
            Walk::User { .. } => {
                let mut last = None;
                for (first, count, after, below) in self.sources(wanted, 0, below)? {
                    let end_entry = self.first_at(line, below)?;
                    let mut posting = self.postings_from(first);
                    let end = search(count, |n| Ok(posting(n)?.entry() < end_entry))?;
                    let Some(number) = end.checked_sub(1) else { continue };
                    let place = self.entries().of_line(line, posting(number)?.entry())?.place;
                    if after < place {
                        last = last.max(Some(place));
                    }
                }
                Ok(last)
            }
        }
    }
}
