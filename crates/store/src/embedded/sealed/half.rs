//! Reading a half partition: rows of a line, and the bytes they stand for.

use super::super::codec::{Taker, count32, index};
use super::super::fault::{Fault, Named};
use super::super::format::{FILE_HEAD_BYTES, FileKind};
use super::super::live::id_fingerprint;
use super::super::rows::{Order, Posting, Row, TypeNumbers, Walk, Wanted, merge, span_of};
use super::data::{Data, bad_file};
use super::filter::Filter;
use super::index::{
    ENTRY_BYTES, ID_BYTES, LINE_BYTES, LINE_ID_BYTES, ORDER_BYTES, POSTING_BYTES, READER_BYTES, ReaderKind, SECTIONS,
    STRETCH_BYTES, STRETCH_ENTRIES, Section, TABLE_BYTES, reader_fingerprint,
};
use super::paged::{Paged, Pages, record};
use super::write::HalfName;
use bytes::Bytes;
use feed::event::{EventType, FeedKind};
use feed::id::EnterpriseId;
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use std::path::Path;
use std::sync::Arc;

/// A half partition, opened.
#[derive(Debug)]
pub(in super::super) struct Half {
    pub(in super::super) data: Data,
    index: Paged,
    sections: [(u64, u64); SECTIONS],
    types: Vec<EventType>,
}

/// One enterprise's part of the half.
#[derive(Debug, Clone, Copy)]
struct Line {
    first: u32,
    count: u32,
    first_stretch: u32,
}

#[derive(Debug, Clone, Copy)]
struct EntryRow {
    place: u64,
    created_at: u32,
    block: u32,
    slot: u32,
    event_type: u32,
}

impl EntryRow {
    fn parse(taker: &mut Taker<'_>) -> Option<Self> {
        let (place, created_at) = (taker.u64()?, taker.u32()?);
        Some(EntryRow { place, created_at, block: taker.u32()?, slot: taker.u32()?, event_type: taker.u32()? })
    }
}

impl Half {
    /// Opens the data file alone.
    pub(in super::super) fn open_data(
        files: &dyn super::super::files::Files,
        dir: &Path,
        name: HalfName,
        pages: &Arc<Pages>,
    ) -> Result<Data, Fault> {
        let file = Named::open(files, &name.data(dir))?;
        Data::open(file, name.kind, name.partition, unique(name, 0), pages.clone())
    }

    pub(in super::super) fn open(
        files: &dyn super::super::files::Files,
        dir: &Path,
        name: HalfName,
        pages: &Arc<Pages>,
    ) -> Result<Self, Fault> {
        let data = Self::open_data(files, dir, name, pages)?;
        Self::over(data, Named::open(files, &name.index(dir))?, name, pages)
    }

    /// A half of two files that are at hand.
    pub(in super::super) fn of(data: Named, index: Named, kind: FeedKind, pages: &Arc<Pages>) -> Result<Self, Fault> {
        let name = HalfName { partition: 1, kind, generation: 0 };
        Self::over(Data::open(data, kind, name.partition, unique(name, 0), pages.clone())?, index, name, pages)
    }

    fn over(data: Data, file: Named, name: HalfName, pages: &Arc<Pages>) -> Result<Self, Fault> {
        let head = file.read_vec(0, FILE_HEAD_BYTES)?;
        FileKind::Index(name.kind).check(name.partition, &head).map_err(|bad| bad_file(&file, &bad))?;
        let size = file.file.size().map_err(|error| file.damaged(0, &format!("cannot be measured: {error}")))?;
        let index = Paged::new(file, unique(name, 1), FILE_HEAD_BYTES as u64, pages.clone());
        let table = index.read_vec(0, TABLE_BYTES)?;
        let mut taker = Taker(&table);
        let mut sections = [(0, 0); SECTIONS];
        for section in &mut sections {
            *section = (taker.u64().unwrap_or(0), taker.u64().unwrap_or(0));
            if section.0.checked_add(section.1).is_none_or(|end| end > size) {
                return Err(index.damaged(0, "its sections lie beyond its end"));
            }
        }
        let mut half = Half { data, index, sections, types: Vec::new() };
        half.types = half.read_types()?;
        Ok(half)
    }

    fn section(&self, section: Section) -> (u64, u64) {
        self.sections[section as usize]
    }

    fn read_types(&self) -> Result<Vec<EventType>, Fault> {
        let (start, length) = self.section(Section::Types);
        let bytes = self.index.read_vec(start, usize::try_from(length).unwrap_or(0))?;
        let mut taker = Taker(&bytes);
        let mut types = Vec::new();
        while !taker.is_empty() {
            let name = taker.text().and_then(|name| EventType::new(name).ok());
            types.push(name.ok_or_else(|| self.malformed(start, "its types"))?);
        }
        Ok(types)
    }

    fn malformed(&self, offset: u64, what: &str) -> Fault {
        self.index.damaged(offset, &format!("{what} are malformed"))
    }

    fn count(&self, section: Section, size: usize) -> u32 {
        u32::try_from(self.section(section).1 / size as u64).unwrap_or(u32::MAX)
    }

    fn line(&self, id: &EnterpriseId) -> Result<Option<Line>, Fault> {
        let (start, _) = self.section(Section::Lines);
        let read = |number: u32| self.index.array::<LINE_BYTES>(record(start, number, LINE_BYTES));
        let count = self.count(Section::Lines, LINE_BYTES);
        let malformed = || self.malformed(start, "its lines");
        let number = search(count, |number| {
            let row = read(number)?;
            Ok(Taker(&row).text().ok_or_else(malformed)? < id.as_str())
        })?;
        if number == count {
            return Ok(None);
        }
        let row = read(number)?;
        if Taker(&row).text() != Some(id.as_str()) {
            return Ok(None);
        }
        let mut taker = Taker(&row[LINE_ID_BYTES..]);
        match (taker.u32(), taker.u32(), taker.u32()) {
            (Some(first), Some(count), Some(first_stretch)) => Ok(Some(Line { first, count, first_stretch })),
            _ => Err(malformed()),
        }
    }

    /// The lines in it, each with the count of its entries and its last place.
    pub(in super::super) fn lines(&self) -> Result<Vec<(String, u32, u64)>, Fault> {
        let (start, _) = self.section(Section::Lines);
        let mut lines = Vec::new();
        for number in 0..self.count(Section::Lines, LINE_BYTES) {
            let row = self.index.array::<LINE_BYTES>(record(start, number, LINE_BYTES))?;
            let mut taker = Taker(&row[LINE_ID_BYTES..]);
            let read = Taker(&row).text().zip(taker.u32()).zip(taker.u32());
            let ((id, first), count) = read.ok_or_else(|| self.malformed(start, "its lines"))?;
            if let Some(last) = count.checked_sub(1) {
                lines.push((id.to_owned(), count, self.entry(first.saturating_add(last))?.place));
            }
        }
        Ok(lines)
    }

    /// How many entries of a line lie before a place of arrival.
    pub(in super::super) fn count_below(&self, line: &str, place: u64) -> Result<u32, Fault> {
        let line = EnterpriseId::new(line).ok().map(|id| self.line(&id)).transpose()?.flatten();
        line.map_or(Ok(0), |line| self.first_at(line, place))
    }

    fn entry(&self, global: u32) -> Result<EntryRow, Fault> {
        let (start, _) = self.section(Section::Entries);
        let row = self.index.array::<ENTRY_BYTES>(record(start, global, ENTRY_BYTES))?;
        EntryRow::parse(&mut Taker(&row)).ok_or_else(|| self.malformed(start, "its entries"))
    }

    /// An entry by its number within its line.
    fn entry_of(&self, line: Line, within: u32) -> Result<EntryRow, Fault> {
        // Numbers come from the file; one that leads nowhere is found when it is read.
        self.entry(line.first.saturating_add(within))
    }

    /// The first entry of a line with a place of at least this.
    fn first_at(&self, line: Line, place: u64) -> Result<u32, Fault> {
        search(line.count, |n| Ok(self.entry_of(line, n)?.place < place))
    }

    fn order_section(order: Order) -> Section {
        match order {
            Order::Arrival => Section::Entries,
            Order::History => Section::History,
            Order::Window => Section::Window,
        }
    }

    /// The place and the entry (within the line) at this number of an order.
    fn in_order(&self, line: Line, order: Order, number: u32) -> Result<(u64, u32), Fault> {
        if order == Order::Arrival {
            return Ok((self.entry_of(line, number)?.place, number));
        }
        let (start, _) = self.section(Self::order_section(order));
        let row = self.index.array::<ORDER_BYTES>(record(start, line.first.saturating_add(number), ORDER_BYTES))?;
        let mut taker = Taker(&row);
        taker.u64().zip(taker.u32()).ok_or_else(|| self.malformed(start, "its orders"))
    }

    /// The first number of an order with a place of at least this.
    fn first_in_order(&self, line: Line, order: Order, place: u64) -> Result<u32, Fault> {
        search(line.count, |n| Ok(self.in_order(line, order, n)?.0 < place))
    }

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
                let mut rows = Vec::new();
                for posting in self.postings(wanted, line, after, below, max)? {
                    let place = self.entry_of(line, posting.entry())?.place;
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
        let mut rows = Vec::new();
        let mut number = self.first_in_order(line, order, after.saturating_add(1))?;
        while rows.len() < max && number < line.count {
            let within = number % STRETCH_ENTRIES;
            let stretch_end = (number - within).saturating_add(STRETCH_ENTRIES).min(line.count);
            if !everything && within == 0 && !self.stretch_may_hold(line, order, number, mask, wanted)? {
                let (at, entry) = self.in_order(line, order, stretch_end - 1)?;
                if at < below {
                    rows.push(Row { at, entry, wanted: false });
                    number = stretch_end;
                    continue;
                }
            }
            let end = stretch_end.min(number.saturating_add(count32(max - rows.len())));
            for (at, within_line, entry) in self.read_rows(line, order, number, end)? {
                if at >= below {
                    return Ok(rows);
                }
                let wanted = types.take(entry.event_type) && wanted.takes(entry.place, entry.created_at);
                rows.push(Row { at, entry: within_line, wanted });
            }
            number = end;
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

    fn read_rows(&self, line: Line, order: Order, from: u32, to: u32) -> Result<Vec<(u64, u32, EntryRow)>, Fault> {
        let mut rows = Vec::with_capacity(index(to - from));
        let (start, _) = self.section(Self::order_section(order));
        if order == Order::Arrival {
            let length = index(to - from) * ENTRY_BYTES;
            let bytes = self.index.read_vec(record(start, line.first.saturating_add(from), ENTRY_BYTES), length)?;
            let mut taker = Taker(&bytes);
            for number in from..to {
                let entry = EntryRow::parse(&mut taker).ok_or_else(|| self.malformed(start, "its entries"))?;
                rows.push((entry.place, number, entry));
            }
            return Ok(rows);
        }
        let length = index(to - from) * ORDER_BYTES;
        let bytes = self.index.read_vec(record(start, line.first.saturating_add(from), ORDER_BYTES), length)?;
        let mut taker = Taker(&bytes);
        while let Some((at, within)) = taker.u64().zip(taker.u32()) {
            rows.push((at, within, self.entry_of(line, within)?));
        }
        Ok(rows)
    }

    /// The place of the first posting and their count, of a user or a list.
    fn reader(&self, line: &EnterpriseId, kind: ReaderKind, id: &str) -> Result<Option<(u32, u32)>, Fault> {
        let print = reader_fingerprint(line.as_str(), kind, id);
        let (start, _) = self.section(Section::Readers);
        let (names, _) = self.section(Section::Names);
        let count = self.count(Section::Readers, READER_BYTES);
        let read = |number: u32| self.index.array::<READER_BYTES>(record(start, number, READER_BYTES));
        let mut number = search(count, |number| Ok(Taker(&read(number)?).u64() < Some(print)))?;
        while number < count {
            let row = read(number)?;
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

    fn posting(&self, first: u32, number: u32) -> Result<Posting, Fault> {
        let (start, _) = self.section(Section::Postings);
        let bytes = self.index.array::<POSTING_BYTES>(record(start, first.saturating_add(number), POSTING_BYTES))?;
        Ok(Posting(u32::from_le_bytes(bytes)))
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
            let start = search(count, |n| Ok(self.posting(first, n)?.entry() < start_entry))?;
            let end = count.min(start.saturating_add(count32(max)));
            for number in start..end {
                let posting = self.posting(first, number)?;
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
                Some(last) => Ok(Some(self.in_order(line, order, last)?.0)),
                None => Ok(None),
            },
            Walk::User { .. } => {
                let mut last = None;
                for (first, count, after, below) in self.sources(wanted, 0, below)? {
                    let end_entry = self.first_at(line, below)?;
                    let end = search(count, |n| Ok(self.posting(first, n)?.entry() < end_entry))?;
                    let Some(number) = end.checked_sub(1) else { continue };
                    let place = self.entry_of(line, self.posting(first, number)?.entry())?.place;
                    if after < place {
                        last = last.max(Some(place));
                    }
                }
                Ok(last)
            }
        }
    }

    /// The last ordinal given within a second of a line's order; 0 if none.
    pub(in super::super) fn last_ordinal(
        &self,
        line: &EnterpriseId,
        order: Order,
        second: Second,
    ) -> Result<u32, Fault> {
        let Some(line) = self.line(line)? else { return Ok(0) };
        let end = Place { second, ordinal: ORDINAL_MAX };
        let number = self.first_in_order(line, order, end.to_bits().saturating_add(1))?;
        let Some(last) = number.checked_sub(1) else { return Ok(0) };
        let place = Place::from_bits(self.in_order(line, order, last)?.0);
        Ok(if place.second == second { place.ordinal } else { 0 })
    }

    /// The bytes of some entries of a line, as few runs as they lie in.
    pub(in super::super) fn fetch(&self, line: &EnterpriseId, entries: &[u32]) -> Result<Vec<Bytes>, Fault> {
        let mut runs = Vec::new();
        let Some(line) = self.line(line)? else { return Ok(runs) };
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            rows.push(self.entry_of(line, *entry)?);
        }
        let mut held: Option<(u32, Bytes)> = None;
        for run in rows.chunk_by(|one, next| one.block == next.block && one.slot + 1 == next.slot) {
            let (number, slots) = (run[0].block, index(run[0].slot)..=index(run[run.len() - 1].slot));
            let bytes = match &held {
                Some((held, bytes)) if *held == number => bytes.clone(),
                _ => Bytes::from(self.data.block(number)?),
            };
            let block = self.data.parse(number, &bytes)?;
            let span = block.span(*slots.start(), *slots.end()).ok_or_else(|| self.data.malformed(number))?;
            let start = block.renderings_offset;
            runs.push(bytes.slice(start + span.start..start + span.end));
            held = Some((number, bytes));
        }
        Ok(runs)
    }

    /// Looks for an event id: its block, plain and checked, and its slot.
    pub(in super::super) fn find(
        &self,
        line: &EnterpriseId,
        kind: FeedKind,
        event_id: &str,
    ) -> Result<Option<(Vec<u8>, usize)>, Fault> {
        let print = id_fingerprint(line.as_str(), kind, event_id);
        let (start, _) = self.section(Section::Ids);
        let count = self.count(Section::Ids, ID_BYTES);
        let read = |number: u32| self.index.array::<ID_BYTES>(record(start, number, ID_BYTES));
        let mut number = search(count, |number| Ok(Taker(&read(number)?).u64() < Some(print)))?;
        while number < count {
            let row = read(number)?;
            let mut taker = Taker(&row);
            if taker.u64() != Some(print) {
                break;
            }
            let entry = self.entry(taker.u32().unwrap_or(0))?;
            let bytes = self.data.block(entry.block)?;
            let block = self.data.parse(entry.block, &bytes)?;
            let slot = index(entry.slot);
            let facts = block.facts(slot).ok_or_else(|| self.data.malformed(entry.block))?;
            if block.line == line.as_str() && facts.event_id == event_id {
                return Ok(Some((bytes, slot)));
            }
            number += 1;
        }
        Ok(None)
    }

    pub(in super::super) fn filter(&self) -> Result<Filter, Fault> {
        let (start, length) = self.section(Section::Filter);
        let bytes = self.index.read_past_cache(start, usize::try_from(length).unwrap_or(0))?;
        Ok(Filter::from_bytes(bytes))
    }

    /// Reads and checks all of both files, and that the index leads to what the data holds. Answers how many entries
    /// are whole, and tells each damage.
    pub(in super::super) fn check(&self, done: &mut dyn FnMut(u64), damage: &mut dyn FnMut(Fault)) -> u64 {
        let content = self.sections.iter().map(|(start, length)| start + length).max().unwrap_or(0);
        self.index.check(content, done, damage);
        let (mut whole, mut next) = (0, 0u32);
        for number in 0..self.data.blocks {
            match self.check_block(number, &mut next) {
                Ok((entries, bytes)) => {
                    whole += entries;
                    done(bytes);
                }
                Err(fault) => {
                    damage(fault);
                    // Where the entries of the next block begin in the index can still be found.
                    let mut after = next;
                    while self.entry(after).is_ok_and(|entry| entry.block <= number) && after < self.entries() {
                        after += 1;
                    }
                    next = after;
                }
            }
        }
        if next != self.entries() {
            damage(self.malformed(0, "its entries are not those of the data file; they"));
        }
        whole
    }

    fn entries(&self) -> u32 {
        self.count(Section::Entries, ENTRY_BYTES)
    }

    fn check_block(&self, number: u32, next: &mut u32) -> Result<(u64, u64), Fault> {
        let bytes = self.data.block(number)?;
        let block = self.data.parse(number, &bytes)?;
        for slot in 0..block.count() {
            let facts = block.facts(slot).ok_or_else(|| self.data.malformed(number))?;
            let entry = self.entry(*next)?;
            let leads_here = entry.place == facts.place && entry.block == number && index(entry.slot) == slot;
            if !leads_here || block.rendering(slot).is_none() {
                return Err(self.malformed(0, "its entries do not lead to what the data file holds; they"));
            }
            *next += 1;
        }
        Ok((block.count() as u64, bytes.len() as u64))
    }
}

/// A number for the pages of a file that no other file has.
fn unique(name: HalfName, file: u64) -> u64 {
    let kind = u64::from(name.kind == FeedKind::User);
    name.partition << 24 | u64::from(name.generation) << 2 | kind << 1 | file
}

/// The first of `0..count` that is not before what is looked for.
fn search(count: u32, mut is_before: impl FnMut(u32) -> Result<bool, Fault>) -> Result<u32, Fault> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
