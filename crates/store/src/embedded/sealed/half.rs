//! Reading a half partition: its lines and entries, and the bytes they stand for. [`super::walk`] goes along them.

use super::super::codec::{Taker, index};
use super::super::fault::{Fault, Named};
use super::super::format::{FILE_HEAD_BYTES, FileKind};
use super::super::live::id_fingerprint;
use super::super::rows::Order;
use super::super::runs::Runs;
use super::data::{Data, Span, bad_file};
use super::fences::Fences;
use super::filter::Filter;
use super::gaps::Gap;
use super::index::{
    ENTRY_BYTES, EntryRow, ID_BYTES, LINE_BYTES, LINE_ID_BYTES, ORDER_BYTES, SECTIONS, SPAN_BYTES, Section,
    TABLE_BYTES, sections_of,
};
use super::name::{HalfName, Lies};
use super::paged::{Paged, Pages, Records, record};
use super::pieces::PiecesOf;
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
    /// The pieces of it that are kept.
    pub(super) pieces: PiecesOf,
    pub(super) index: Paged,
    pub(super) sections: [(u64, u64); SECTIONS],
    /// Of each order, where it is searched.
    fences: [Fences; 3],
    pub(super) types: Vec<EventType>,
    /// The format version of the index.
    pub(super) version: u16,
}

/// One enterprise's part of the half.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) first_stretch: u32,
}

impl EntryRow {
    pub(super) fn parse(taker: &mut Taker<'_>) -> Option<Self> {
        let (place, created_at) = (taker.u64()?, taker.u32()?);
        Some(EntryRow { place, created_at, block: taker.u32()?, slot: taker.u32()?, event_type: taker.u32()? })
    }
}

impl Half {
    /// Opens its blocks without its index.
    pub(in super::super) fn open_data(
        files: &dyn super::super::files::Files,
        dir: &Path,
        name: HalfName,
        pages: &Arc<Pages>,
    ) -> Result<Data, Fault> {
        let file = Named::open(files, &name.data(dir))?;
        match name.lies {
            Lies::Apart => Data::open(file, name.kind, name.partition, unique(name, 0), pages.clone()),
            Lies::InFrames => Data::found_in_frames(file, name.kind, name.partition),
        }
    }

    pub(in super::super) fn open(
        files: &dyn super::super::files::Files,
        dir: &Path,
        name: HalfName,
        pages: &Arc<Pages>,
    ) -> Result<Self, Fault> {
        let data = Named::open(files, &name.data(dir))?;
        Self::of(data, Named::open(files, &name.index(dir))?, name, pages)
    }

    /// A half of two files that are at hand: that in which its blocks lie, and its index.
    pub(in super::super) fn of(data: Named, file: Named, name: HalfName, pages: &Arc<Pages>) -> Result<Self, Fault> {
        let head = file.read_vec(0, FILE_HEAD_BYTES)?;
        let version = FileKind::Index(name.kind).check(name.partition, &head).map_err(|bad| bad_file(&file, &bad))?;
        let size = file.file.size().map_err(|error| file.damaged(0, &format!("cannot be measured: {error}")))?;
        let index = Paged::new(file, unique(name, version), FILE_HEAD_BYTES as u64, pages.clone());
        let table = index.read_vec(0, TABLE_BYTES / SECTIONS * sections_of(version))?;
        let mut taker = Taker(&table);
        let mut sections = [(0, 0); SECTIONS];
        for section in &mut sections {
            *section = (taker.u64().unwrap_or(0), taker.u64().unwrap_or(0));
            if section.0.checked_add(section.1).is_none_or(|end| end > size) {
                return Err(index.damaged(0, "its sections lie beyond its end"));
            }
        }
        let data = match name.lies {
            Lies::Apart => Data::open(data, name.kind, name.partition, unique(name, 0), pages.clone())?,
            Lies::InFrames => {
                let rows = sections[Section::Blocks as usize];
                Data::in_frames(data, name.partition, index.clone(), rows)?
            }
        };
        // In the frames there are other bytes at the same places than in a data file of its own.
        let apart = u64::from(name.lies == Lies::Apart);
        let pieces = PiecesOf::new(unique(name, 0).rotate_left(1) ^ apart, pages.clone());
        let entries = count_of(sections[Section::Entries as usize], ENTRY_BYTES);
        let fences = [(); 3].map(|()| Fences::new(entries));
        let mut half = Half { data, pieces, index, sections, fences, types: Vec::new(), version };
        half.types = half.read_types()?;
        Ok(half)
    }

    pub(super) fn section(&self, section: Section) -> (u64, u64) {
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

    pub(super) fn malformed(&self, offset: u64, what: &str) -> Fault {
        self.index.damaged(offset, &format!("{what} are malformed"))
    }

    pub(super) fn count(&self, section: Section, size: usize) -> u32 {
        count_of(self.section(section), size)
    }

    pub(super) fn line(&self, id: &EnterpriseId) -> Result<Option<Line>, Fault> {
        let mut rows = self.records::<LINE_BYTES>(Section::Lines);
        let count = self.count(Section::Lines, LINE_BYTES);
        let malformed = || self.malformed(self.section(Section::Lines).0, "its lines");
        let number = search(count, |number| {
            let row = rows.get(number)?;
            Ok(Taker(&row).text().ok_or_else(malformed)? < id.as_str())
        })?;
        if number == count {
            return Ok(None);
        }
        let row = rows.get(number)?;
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
                lines.push((id.to_owned(), count, self.entries().get(first.saturating_add(last))?.place));
            }
        }
        Ok(lines)
    }

    /// How many entries of a line lie before a place of arrival.
    pub(in super::super) fn count_below(&self, line: &str, place: u64) -> Result<u32, Fault> {
        let line = EnterpriseId::new(line).ok().map(|id| self.line(&id)).transpose()?.flatten();
        line.map_or(Ok(0), |line| self.first_at(line, place))
    }

    /// The records of a section.
    pub(super) fn records<const N: usize>(&self, section: Section) -> Records<'_, N> {
        Records::of(&self.index, self.section(section).0)
    }

    /// The entries of all lines, by their number within the half.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries { half: self, rows: self.records(Section::Entries) }
    }

    /// The first entry of a line with a place of at least this.
    pub(super) fn first_at(&self, line: Line, place: u64) -> Result<u32, Fault> {
        self.first_in_order(line, Order::Arrival, place)
    }

    pub(super) fn order_section(order: Order) -> Section {
        match order {
            Order::Arrival => Section::Entries,
            Order::History => Section::History,
            Order::Window => Section::Window,
        }
    }

    /// An order of a line.
    pub(super) fn ordered(&self, line: Line, order: Order) -> Ordered<'_> {
        match order {
            Order::Arrival => Ordered::Arrival(line, self.entries()),
            Order::History | Order::Window => Ordered::Listed(line, self, self.records(Self::order_section(order))),
        }
    }

    /// The first number of an order with a place of at least this.
    pub(super) fn first_in_order(&self, line: Line, order: Order, place: u64) -> Result<u32, Fault> {
        self.search_order(&mut self.ordered(line, order), line, order, |it| it < place)
    }

    /// The first number of an order whose place is not before what is looked for.
    fn search_order(
        &self,
        ordered: &mut Ordered<'_>,
        line: Line,
        order: Order,
        is_before: impl Fn(u64) -> bool,
    ) -> Result<u32, Fault> {
        let end = line.first.saturating_add(line.count);
        let place = |number: u32| Ok(ordered.get(number - line.first)?.0);
        Ok(self.fences[order as usize].search(line.first, end, is_before, place)? - line.first)
    }

    /// The gap of a line in which a place of window order lies, or which begins with it.
    pub(in super::super) fn gap_at(&self, line: &EnterpriseId, place: u64) -> Result<Gap, Fault> {
        let mut gap = Gap { from: 0, to: u64::MAX };
        let Some(line) = self.line(line)? else { return Ok(gap) };
        let mut ordered = self.ordered(line, Order::Window);
        let number = self.search_order(&mut ordered, line, Order::Window, |it| it <= place)?;
        if let Some(before) = number.checked_sub(1) {
            gap.from = ordered.get(before)?.0;
        }
        if number < line.count {
            gap.to = ordered.get(number)?.0;
        }
        Ok(gap)
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
        let place = Place::from_bits(self.ordered(line, order).get(last)?.0);
        Ok(if place.second == second { place.ordinal } else { 0 })
    }

    /// Whether it is known where each rendering lies, so that no block need be read whole.
    pub(super) fn has_spans(&self) -> bool {
        let (_, length) = self.section(Section::Spans);
        length > 0
    }

    /// Where the renderings of all lines lie, by the number of their entry within the half.
    pub(super) fn spans(&self) -> Spans<'_> {
        Spans { half: self, rows: self.records(Section::Spans) }
    }

    /// The bytes of some entries of a line, as few runs as they lie in.
    pub(in super::super) fn fetch(&self, line: &EnterpriseId, entries: &[u32]) -> Result<Vec<Bytes>, Fault> {
        let Some(line) = self.line(line)? else { return Ok(Vec::new()) };
        if !self.has_spans() {
            return self.fetch_from_blocks(line, entries);
        }
        let (mut known, mut spans) = (self.spans(), Vec::with_capacity(entries.len()));
        for entry in entries {
            spans.push(known.get(line.first.saturating_add(*entry))?);
        }
        let mut runs = Runs::default();
        self.data.fetch(&spans, &self.pieces, &mut runs)?;
        Ok(runs.finish())
    }

    fn fetch_from_blocks(&self, line: Line, entries: &[u32]) -> Result<Vec<Bytes>, Fault> {
        let mut runs = Vec::new();
        let (mut known, mut rows) = (self.entries(), Vec::with_capacity(entries.len()));
        for entry in entries {
            rows.push(known.of_line(line, *entry)?);
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
            let start = block.renderings_offset();
            runs.push(bytes.slice(start + span.start..start + span.end));
            held = Some((number, bytes));
        }
        Ok(runs)
    }

    /// Looks for an event id: the number of its block, the block, plain and checked, and its slot. `held` is a block that
    /// the caller has at hand, for what is asked for again comes in batches.
    pub(in super::super) fn find(
        &self,
        line: &EnterpriseId,
        kind: FeedKind,
        event_id: &str,
        held: Option<(u32, &Bytes)>,
    ) -> Result<Option<(u32, Bytes, usize)>, Fault> {
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
            let entry = self.entries().get(taker.u32().unwrap_or(0))?;
            let bytes = match held {
                Some((number, bytes)) if number == entry.block => bytes.clone(),
                _ => Bytes::from(self.data.block(entry.block)?),
            };
            let block = self.data.parse(entry.block, &bytes)?;
            let slot = index(entry.slot);
            let facts = block.facts(slot).ok_or_else(|| self.data.malformed(entry.block))?;
            if block.line == line.as_str() && facts.event_id == event_id {
                return Ok(Some((entry.block, bytes, slot)));
            }
            number += 1;
        }
        Ok(None)
    }

    /// How many event ids are in it.
    pub(in super::super) fn ids(&self) -> usize {
        index(self.count(Section::Ids, ID_BYTES))
    }

    /// The fingerprints of its event ids.
    pub(in super::super) fn prints(&self) -> Result<Vec<u64>, Fault> {
        let (start, length) = self.section(Section::Ids);
        let bytes = self.index.read_past_cache(start, usize::try_from(length).unwrap_or(0))?;
        let rows = bytes.chunks_exact(ID_BYTES);
        rows.map(|row| Taker(row).u64().ok_or_else(|| self.malformed(start, "its ids"))).collect()
    }

    pub(in super::super) fn filter(&self) -> Result<Filter, Fault> {
        let (start, length) = self.section(Section::Filter);
        let bytes = self.index.read_past_cache(start, usize::try_from(length).unwrap_or(0))?;
        Ok(Filter::from_bytes(bytes))
    }
}

/// The entries of a half, being read.
pub(super) struct Entries<'a> {
    half: &'a Half,
    rows: Records<'a, ENTRY_BYTES>,
}

impl Entries<'_> {
    /// An entry by its number within the half.
    pub(super) fn get(&mut self, global: u32) -> Result<EntryRow, Fault> {
        let row = self.rows.get(global)?;
        let malformed = || self.half.malformed(self.half.section(Section::Entries).0, "its entries");
        EntryRow::parse(&mut Taker(&row)).ok_or_else(malformed)
    }

    /// An entry by its number within its line.
    pub(super) fn of_line(&mut self, line: Line, within: u32) -> Result<EntryRow, Fault> {
        // Numbers come from the file; one that leads nowhere is found when it is read.
        self.get(line.first.saturating_add(within))
    }
}

/// An order of a line, being read.
pub(super) enum Ordered<'a> {
    /// That of the entries themselves.
    Arrival(Line, Entries<'a>),
    /// One with a list of its own.
    Listed(Line, &'a Half, Records<'a, ORDER_BYTES>),
}

impl Ordered<'_> {
    /// The place and the entry (within the line) at this number.
    pub(super) fn get(&mut self, number: u32) -> Result<(u64, u32), Fault> {
        match self {
            Ordered::Arrival(line, entries) => Ok((entries.of_line(*line, number)?.place, number)),
            Ordered::Listed(line, half, rows) => {
                let row = rows.get(line.first.saturating_add(number))?;
                let mut taker = Taker(&row);
                taker.u64().zip(taker.u32()).ok_or_else(|| half.malformed(0, "its orders"))
            }
        }
    }
}

/// Where the renderings of a half lie, being read.
pub(super) struct Spans<'a> {
    half: &'a Half,
    rows: Records<'a, SPAN_BYTES>,
}

impl Spans<'_> {
    /// That of an entry, by its number within the half.
    pub(super) fn get(&mut self, global: u32) -> Result<Span, Fault> {
        let row = self.rows.get(global)?;
        let mut taker = Taker(&row);
        let fields = taker.u64().zip(taker.u32()).zip(taker.u32());
        let malformed = || self.half.malformed(self.half.section(Section::Spans).0, "its spans");
        let ((offset, length), checksum) = fields.ok_or_else(malformed)?;
        Ok(Span { offset, length, checksum })
    }
}

/// How many records of a size are in a section.
fn count_of((_, length): (u64, u64), size: usize) -> u32 {
    u32::try_from(length / size as u64).unwrap_or(u32::MAX)
}

/// A number for the pages of a file that no other file has: 0 for the data file, the version for an index, for an index
/// that is made again in a newer version is another file.
fn unique(name: HalfName, file: u16) -> u64 {
    let kind = u64::from(name.kind == FeedKind::User);
    name.partition << 24 | u64::from(name.generation) << 4 | kind << 3 | u64::from(file)
}

/// The first of `0..count` that is not before what is looked for.
pub(super) fn search(count: u32, mut is_before: impl FnMut(u32) -> Result<bool, Fault>) -> Result<u32, Fault> {
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
