//! The index file of a sealed half partition: everything that leads to its blocks.
//!
//! ```text
//!  head of the file (64), then pages (see `paged`) of this content:
//!  sections: per section, in the order of [`Section`], where it begins in the content (8) and its length (8)
//!  Lines      per enterprise, by id: 1 + 64 bytes of id, 7 zero, first entry (4), count (4), first stretch (4),
//!             zero (4), bytes of renderings (8)
//!  Types      per event type, by number: 1 + length
//!  Entries    by enterprise, then arrival: place (8), created_at (4), block (4), slot (4), type (4)
//!  History    by enterprise, then history order: place in it (8), entry within the line (4)
//!  Window     by enterprise, then window order: alike
//!  Stretches  per enterprise the stretches of 256 entries in arrival order, then those of history order, then those
//!             of window order: bitmap of the types in it (16), least and greatest created_at (4 + 4)
//!  Ids        by fingerprint: fingerprint of the event id (8), entry within the half (4)
//!  Filter     see `filter`
//!  Readers    by fingerprint of enterprise and name: fingerprint (8), name (4), first posting (4), count (4), zero (4)
//!  Names      per reader: enterprise (1 + length), 0 user or 1 list (1), id (1 + length)
//!  Postings   per reader, by entry: entry within the line (29 bits), streams (3 bits)
//!  Terms      by fingerprint of enterprise and term or type: fingerprint (8), first (4), count (4)
//!  TermPostings  per term: ranks of entries in window order within the line (4), growing
//!  Spans      as Entries: where its rendering lies in the file of the blocks (8), its length (4) and checksum (4), as stored
//!  Blocks     per block, by enterprise, then arrival: a row of the table of blocks (see `data`)
//! ```
//!
//! History, Window, Stretches, Terms and TermPostings are empty in the user half; Readers, Names and Postings in the
//! enterprise half; Spans where blocks are compressed whole; Blocks unless the half lies in frames. Terms came with version 2; an index of version 1 is made again when
//! it is searched. Spans came with version 3; without them blocks are read whole. Blocks came with version 4.

use super::super::block::{Block, Facts};
use super::super::codec::{count32, fingerprint, index, put_text, put_u32, put_u64};
use super::super::live::id_fingerprint;
use super::super::rows::{Posting, type_bit};
use super::super::terms::prints;
use super::data::{BlockRow, Span};
use super::filter::Filter;
use feed::event::FeedKind;
use rustc_hash::FxHashMap;

/// The sections, in the order of their places in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Section {
    Lines,
    Types,
    Entries,
    History,
    Window,
    Stretches,
    Ids,
    Filter,
    Readers,
    Names,
    Postings,
    Terms,
    TermPostings,
    Spans,
    Blocks,
}

/// How many there are.
pub(in super::super) const SECTIONS: usize = 15;
/// The version with which terms came.
pub(in super::super) const TERMS_SINCE: u16 = 2;
/// How many there are in an index of a version.
pub(in super::super) fn sections_of(version: u16) -> usize {
    match version {
        ..TERMS_SINCE => 11,
        TERMS_SINCE..3 => 13,
        3 => 14,
        4.. => SECTIONS,
    }
}

/// Length of the table of sections.
pub(in super::super) const TABLE_BYTES: usize = 16 * SECTIONS;
pub(in super::super) const LINE_BYTES: usize = 96;
pub(in super::super) const LINE_ID_BYTES: usize = 72;
pub(in super::super) const ENTRY_BYTES: usize = 24;
pub(in super::super) const ORDER_BYTES: usize = 12;
pub(in super::super) const STRETCH_BYTES: usize = 24;
pub(in super::super) const ID_BYTES: usize = 12;
pub(in super::super) const READER_BYTES: usize = 24;
pub(in super::super) const POSTING_BYTES: usize = 4;
pub(in super::super) const TERM_BYTES: usize = 16;
pub(in super::super) const SPAN_BYTES: usize = 16;
/// Entries in a stretch.
pub(in super::super) const STRETCH_ENTRIES: u32 = 256;

/// Whose postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum ReaderKind {
    User = 0,
    List = 1,
}

/// The fingerprint of a reader. Part of the format.
pub(in super::super) fn reader_fingerprint(line: &str, kind: ReaderKind, id: &str) -> u64 {
    fingerprint(0x100 + kind as u64, &[line, id])
}

/// The least and the greatest of some numbers.
pub(in super::super) type Range = Option<(u64, u64)>;

pub(in super::super) fn widen(range: &mut Range, number: u64) {
    let (least, greatest) = range.unwrap_or((number, number));
    *range = Some((least.min(number), greatest.max(number)));
}

#[derive(Debug, Clone, Copy)]
pub(super) struct EntryRow {
    pub(super) place: u64,
    pub(super) created_at: u32,
    pub(super) block: u32,
    pub(super) slot: u32,
    pub(super) event_type: u32,
}

#[derive(Debug)]
struct LineBeingMade {
    id: String,
    first: u32,
    bytes: u64,
    history: Vec<(u64, u32)>,
    window: Vec<(u64, u32)>,
    /// Terms, each with an entry that has it.
    terms: Vec<(u64, u32)>,
    users: FxHashMap<String, Vec<Posting>>,
    lists: FxHashMap<String, Vec<Posting>>,
}

impl LineBeingMade {
    /// Adds a posting of a reader, without making an id of what is known already: five people hear of an event.
    fn post(readers: &mut FxHashMap<String, Vec<Posting>>, id: &str, posting: Posting) {
        match readers.get_mut(id) {
            Some(postings) => postings.push(posting),
            None => drop(readers.insert(id.to_owned(), vec![posting])),
        }
    }

    /// The readers with their postings, in the order in which they are put down.
    fn readers(&self) -> impl Iterator<Item = ReaderRow<'_>> {
        let users = self.users.iter().map(|(id, of)| (ReaderKind::User, id.as_str(), of.as_slice()));
        let lists = self.lists.iter().map(|(id, of)| (ReaderKind::List, id.as_str(), of.as_slice()));
        in_order(users.chain(lists))
    }
}

/// A reader with the postings.
pub(super) type ReaderRow<'a> = (ReaderKind, &'a str, &'a [Posting]);

/// Readers in the order in which they are put down.
pub(super) fn in_order<'a>(readers: impl Iterator<Item = ReaderRow<'a>>) -> impl Iterator<Item = ReaderRow<'a>> {
    let mut sorted: Vec<_> = readers.collect();
    sorted.sort_unstable_by_key(|(kind, id, _)| (*kind, *id));
    sorted.into_iter()
}

/// The widest facts about a half partition, for the manifest.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Ranges {
    pub(in super::super) entries: u64,
    pub(in super::super) places: Range,
    pub(in super::super) history: Range,
    pub(in super::super) window: Range,
    pub(in super::super) created: Range,
    pub(in super::super) lines: Vec<String>,
}

/// Gathers the facts of a half partition, line after line in the order of their ids, and makes the index of them.
#[derive(Debug)]
pub(in super::super) struct IndexBuilder {
    kind: FeedKind,
    line: Option<LineBeingMade>,
    entries: Vec<EntryRow>,
    types: Vec<String>,
    type_numbers: FxHashMap<String, u32>,
    ids: Vec<(u64, u32)>,
    lines: Vec<u8>,
    history: Vec<u8>,
    window: Vec<u8>,
    stretches: Vec<u8>,
    readers: Vec<(u64, u32, u32, u32)>,
    names: Vec<u8>,
    postings: Vec<u8>,
    terms: Vec<(u64, u32, u32)>,
    term_postings: Vec<u8>,
    spans: Vec<u8>,
    blocks: Vec<u8>,
    /// Of the entry at hand.
    prints: Vec<u64>,
    ranges: Ranges,
}

impl IndexBuilder {
    pub(in super::super) fn new(kind: FeedKind) -> Self {
        IndexBuilder {
            kind,
            line: None,
            entries: Vec::new(),
            types: Vec::new(),
            type_numbers: FxHashMap::default(),
            ids: Vec::new(),
            lines: Vec::new(),
            history: Vec::new(),
            window: Vec::new(),
            stretches: Vec::new(),
            readers: Vec::new(),
            names: Vec::new(),
            postings: Vec::new(),
            terms: Vec::new(),
            term_postings: Vec::new(),
            spans: Vec::new(),
            blocks: Vec::new(),
            prints: Vec::new(),
            ranges: Ranges::default(),
        }
    }

    /// Begins a line, if it is another than the one before.
    pub(in super::super) fn line(&mut self, id: &str) {
        if self.line.as_ref().is_some_and(|line| line.id == id) {
            return;
        }
        self.end_line();
        self.line = Some(LineBeingMade {
            id: id.to_owned(),
            first: count32(self.entries.len()),
            bytes: 0,
            history: Vec::new(),
            window: Vec::new(),
            terms: Vec::new(),
            users: FxHashMap::default(),
            lists: FxHashMap::default(),
        });
    }

    /// Adds an entry of the line, the next in arrival order.
    pub(in super::super) fn push(&mut self, facts: &Facts<'_>, rendering: &[u8], block: u32, slot: u32) {
        if self.line.is_none() {
            return;
        }
        let event_type = self.type_number(facts.event_type);
        let global =
            self.put_entry(EntryRow { place: facts.place, created_at: facts.created_at, block, slot, event_type });
        let Some(line) = &mut self.line else { return };
        let within = global - line.first;
        line.bytes += rendering.len() as u64;
        if !facts.relayed {
            self.ids.push((id_fingerprint(&line.id, self.kind, facts.event_id), global));
        }
        if self.kind == FeedKind::Enterprise {
            line.history.push((facts.history, within));
            line.window.push((facts.window, within));
            prints(&line.id, facts, rendering, &mut self.prints);
            line.terms.extend(self.prints.iter().map(|print| (*print, within)));
        }
        for (id, streams) in facts.users.iter() {
            LineBeingMade::post(&mut line.users, id, Posting::new(within, streams));
        }
        for (id, streams) in facts.lists.iter() {
            LineBeingMade::post(&mut line.lists, id, Posting::new(within, streams));
        }
    }

    /// The number of a type in this half.
    pub(super) fn type_number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.type_numbers.get(name) {
            return *number;
        }
        let number = count32(self.types.len());
        self.types.push(name.to_owned());
        self.type_numbers.insert(name.to_owned(), number);
        number
    }

    /// Puts down the next entry; answers its number within the half.
    pub(super) fn put_entry(&mut self, entry: EntryRow) -> u32 {
        self.ranges.entries += 1;
        widen(&mut self.ranges.places, entry.place);
        widen(&mut self.ranges.created, u64::from(entry.created_at));
        self.entries.push(entry);
        count32(self.entries.len() - 1)
    }

    /// Puts down the id of an entry by its fingerprint.
    pub(super) fn put_id(&mut self, print: u64, entry: u32) {
        self.ids.push((print, entry));
    }

    /// Says where the rendering of the next entry lies, in the order in which they were pushed.
    pub(in super::super) fn lies(&mut self, span: &Span) {
        put_u64(&mut self.spans, span.offset);
        put_u32(&mut self.spans, span.length);
        put_u32(&mut self.spans, span.checksum);
    }

    /// Adds all entries of a block; answers whether it could be read.
    pub(in super::super) fn block(&mut self, number: u32, block: &Block<'_>) -> bool {
        self.line(block.line);
        for slot in 0..block.count() {
            let (Some(facts), Some(rendering)) = (block.facts(slot), block.rendering(slot)) else { return false };
            self.push(&facts, rendering, number, count32(slot));
        }
        true
    }

    /// Says where the next block lies, if nothing but the index knows.
    pub(in super::super) fn leads_to(&mut self, row: &BlockRow) {
        row.put(&mut self.blocks);
    }

    fn end_line(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        self.put_line(&line.id, line.first, line.bytes);
        if self.kind == FeedKind::Enterprise {
            line.history.sort_unstable();
            line.window.sort_unstable();
            self.put_orders(line.first, &line.history, &line.window);
            self.put_terms(std::mem::take(&mut line.terms), &line.window);
        }
        self.put_readers(&line.id, line.readers());
    }

    /// Puts down a line whose entries have been put down, from the first of them on.
    pub(super) fn put_line(&mut self, id: &str, first: u32, bytes: u64) {
        self.ranges.lines.push(id.to_owned());
        let mut name = Vec::with_capacity(LINE_BYTES);
        put_text(&mut name, id);
        name.resize(LINE_ID_BYTES, 0);
        self.lines.extend_from_slice(&name);
        put_u32(&mut self.lines, first);
        put_u32(&mut self.lines, count32(self.entries.len()) - first);
        put_u32(&mut self.lines, count32(self.stretches.len() / STRETCH_BYTES));
        put_u32(&mut self.lines, 0);
        put_u64(&mut self.lines, bytes);
    }

    /// Puts down the orders of the last line, each sorted.
    pub(super) fn put_orders(&mut self, first: u32, history: &[(u64, u32)], window: &[(u64, u32)]) {
        let arrival = 0..count32(self.entries.len()) - first;
        self.put_stretches(index(first), arrival);
        self.put_stretches(index(first), history.iter().map(|(_, entry)| *entry));
        self.put_stretches(index(first), window.iter().map(|(_, entry)| *entry));
        for (order, range, out) in [
            (history, &mut self.ranges.history, &mut self.history),
            (window, &mut self.ranges.window, &mut self.window),
        ] {
            order.iter().take(1).chain(order.last()).for_each(|(at, _)| widen(range, *at));
            put_order(out, order);
        }
    }

    /// Puts down who hears of the last line, [`in_order`].
    pub(super) fn put_readers<'r>(&mut self, line: &str, readers: impl Iterator<Item = ReaderRow<'r>>) {
        for (kind, id, postings) in readers {
            let name = count32(self.names.len());
            put_text(&mut self.names, line);
            self.names.push(kind as u8);
            put_text(&mut self.names, id);
            let start = count32(self.postings.len() / POSTING_BYTES);
            postings.iter().for_each(|posting| put_u32(&mut self.postings, posting.0));
            let print = reader_fingerprint(line, kind, id);
            self.readers.push((print, name, start, count32(postings.len())));
        }
    }

    /// Puts down the terms of the last line, each with an entry that has it.
    fn put_terms(&mut self, mut terms: Vec<(u64, u32)>, window: &[(u64, u32)]) {
        terms.sort_unstable();
        let lists = terms.chunk_by(|(one, _), (next, _)| one == next);
        self.put_lists(lists.map(|list| (list[0].0, list.iter().map(|(_, entry)| *entry))), window);
    }

    /// Turns entries into their ranks in window order, and puts down the list of each term, by its fingerprint.
    pub(super) fn put_lists(
        &mut self,
        lists: impl Iterator<Item = (u64, impl Iterator<Item = u32>)>,
        window: &[(u64, u32)],
    ) {
        let mut ranks = vec![0; window.len()];
        for (rank, (_, entry)) in (0..).zip(window) {
            ranks[index(*entry)] = rank;
        }
        let mut list = Vec::new();
        for (print, entries) in lists {
            list.clear();
            list.extend(entries.map(|entry| ranks[index(entry)]));
            list.sort_unstable();
            let first = count32(self.term_postings.len() / POSTING_BYTES);
            self.terms.push((print, first, count32(list.len())));
            list.iter().for_each(|rank| put_u32(&mut self.term_postings, *rank));
        }
    }

    fn put_stretches(&mut self, first: usize, order: impl Iterator<Item = u32>) {
        let order: Vec<u32> = order.collect();
        for stretch in order.chunks(index(STRETCH_ENTRIES)) {
            let (mut mask, mut least, mut greatest) = (0u128, u32::MAX, 0);
            for entry in stretch {
                let entry = &self.entries[first + index(*entry)];
                mask |= type_bit(entry.event_type);
                least = least.min(entry.created_at);
                greatest = greatest.max(entry.created_at);
            }
            self.stretches.extend_from_slice(&mask.to_le_bytes());
            put_u32(&mut self.stretches, least);
            put_u32(&mut self.stretches, greatest);
        }
    }

    /// The content of the index file, and what the manifest needs to know.
    pub(in super::super) fn finish(mut self) -> (Vec<u8>, Ranges) {
        self.end_line();
        self.ids.sort_unstable();
        self.readers.sort_unstable();
        let filter = Filter::of(self.ids.iter().map(|(print, _)| *print));
        let mut types = Vec::new();
        self.types.iter().for_each(|name| put_text(&mut types, name));
        let mut entries = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for entry in &self.entries {
            put_u64(&mut entries, entry.place);
            [entry.created_at, entry.block, entry.slot, entry.event_type]
                .iter()
                .for_each(|n| put_u32(&mut entries, *n));
        }
        let mut ids = Vec::with_capacity(self.ids.len() * ID_BYTES);
        for (print, entry) in &self.ids {
            put_u64(&mut ids, *print);
            put_u32(&mut ids, *entry);
        }
        let mut readers = Vec::with_capacity(self.readers.len() * READER_BYTES);
        for (print, name, start, count) in &self.readers {
            put_u64(&mut readers, *print);
            [*name, *start, *count, 0].iter().for_each(|n| put_u32(&mut readers, *n));
        }
        self.terms.sort_unstable();
        let mut terms = Vec::with_capacity(self.terms.len() * TERM_BYTES);
        for (print, first, count) in &self.terms {
            put_u64(&mut terms, *print);
            put_u32(&mut terms, *first);
            put_u32(&mut terms, *count);
        }
        // Of a half that is compressed, or was in part, it is not known where each lies.
        let spans: &[u8] = if self.spans.len() == self.entries.len() * SPAN_BYTES { &self.spans } else { &[] };
        let sections: [&[u8]; SECTIONS] = [
            &self.lines,
            &types,
            &entries,
            &self.history,
            &self.window,
            &self.stretches,
            &ids,
            filter.bytes(),
            &readers,
            &self.names,
            &self.postings,
            &terms,
            &self.term_postings,
            spans,
            &self.blocks,
        ];
        let mut content = Vec::with_capacity(TABLE_BYTES + sections.iter().map(|bytes| bytes.len()).sum::<usize>());
        let mut offset = TABLE_BYTES as u64;
        for bytes in sections {
            put_u64(&mut content, offset);
            put_u64(&mut content, bytes.len() as u64);
            offset += bytes.len() as u64;
        }
        sections.iter().for_each(|bytes| content.extend_from_slice(bytes));
        (content, self.ranges)
    }
}

fn put_order(out: &mut Vec<u8>, order: &[(u64, u32)]) {
    for (at, entry) in order {
        put_u64(out, *at);
        put_u32(out, *entry);
    }
}
