//! A partition that is not sealed: a file of frames, and in memory everything that leads into it.
//!
//! The index is made from frames alone, in the same way whether they were just committed or are found on opening.

use super::block::{Block, Checksums};
use super::codec::{count32, fingerprint, index};
use super::directory::notes::Notes;
use super::fault::{Fault, Named};
use super::frame::Frame;
use super::recent::RecentFrames;
use super::rows::{Order, Posting, Row, TypeNumbers, Walk, Wanted, merge, span_of};
use super::runs::Runs;
use super::terms::prints;
use bytes::Bytes;
use feed::event::{EventType, FeedKind};
use feed::id::{EnterpriseId, ListId, UserId};
use feed::position::Place;
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A partition that is not sealed.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) number: u64,
    pub(super) file: Named,
    index: RwLock<LiveIndex>,
}

/// Everything in memory about such a partition.
#[derive(Debug, Default)]
pub(super) struct LiveIndex {
    pub(super) lines: FxHashMap<EnterpriseId, LiveLine>,
    pub(super) types: Vec<EventType>,
    type_numbers: FxHashMap<String, u32>,
    pub(super) blocks: Vec<BlockAt>,
    /// How many frames, which is also the number of the next.
    pub(super) frames: u64,
    /// Where the next frame begins.
    pub(super) end: u64,
    /// Renderings, relayed ones included.
    pub(super) entries: u64,
    /// Where the last frame begins.
    pub(super) last_frame: Option<u64>,
    /// The day (of the clock) of its first frame.
    pub(super) day: u32,
    /// What its frames note for the directory, but for so many of the first, which the directory on the disk has heard.
    pub(super) notes: Notes,
    heard: u64,
    recent: RecentFrames,
}

/// Where a block lies in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockAt {
    pub(super) offset: u64,
    pub(super) bytes: u32,
    /// Where its renderings begin, from its start.
    pub(super) renderings: u32,
    pub(super) checksum: u32,
}

/// One enterprise's part of the partition.
#[derive(Debug, Default)]
pub(super) struct LiveLine {
    pub(super) enterprise: LiveHalf,
    pub(super) user: LiveHalf,
    /// Place in history order, and in window order, to entry.
    pub(super) history: BTreeMap<u64, u32>,
    pub(super) window: BTreeMap<u64, u32>,
    /// Fingerprint of a term or type to the enterprise entries that have it.
    pub(super) terms: FxHashMap<u64, Having>,
    pub(super) users: FxHashMap<UserId, Vec<Posting>>,
    pub(super) lists: FxHashMap<ListId, Vec<Posting>>,
    /// The last place of arrival, also of entries that no feed shows; as bits.
    pub(super) last: u64,
}

/// The entries of one kind of feed, in arrival order.
#[derive(Debug, Default)]
pub(super) struct LiveHalf {
    pub(super) entries: Vec<Entry>,
    /// Of the rendering of each: what its place in a sealed index needs and readers do not.
    pub(super) checksums: Vec<u32>,
    /// Fingerprint of the event id to entry.
    ids: FxHashMap<u64, u32>,
    /// The same for the few whose fingerprint is taken.
    more_ids: Vec<(u64, u32)>,
}

/// The entries that have a term or type, growing. Most items are the source of one event only, so one takes no space of
/// its own.
#[derive(Debug)]
pub(super) enum Having {
    One(u32),
    More(Vec<u32>),
}

impl Having {
    fn push(&mut self, entry: u32) {
        match self {
            Having::One(first) => *self = Having::More(vec![*first, entry]),
            Having::More(entries) => entries.push(entry),
        }
    }

    pub(super) fn entries(&self) -> &[u32] {
        match self {
            Having::One(entry) => std::slice::from_ref(entry),
            Having::More(entries) => entries,
        }
    }
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) place: u64,
    /// The place in window order; 0 for a user rendering.
    pub(super) window: u64,
    pub(super) created_at: u32,
    pub(super) event_type: u32,
    pub(super) block: u32,
    pub(super) slot: u32,
    /// Among the renderings of the block.
    pub(super) start: u32,
    pub(super) length: u32,
}

/// The fingerprint of an event id within its line and kind of feed. Part of the format.
pub(super) fn id_fingerprint(line: &str, kind: FeedKind, event_id: &str) -> u64 {
    fingerprint(u64::from(super::block::kind_byte(kind)), &[line, event_id])
}

impl LiveHalf {
    /// Entries whose id has this fingerprint.
    pub(super) fn with_id(&self, print: u64) -> impl Iterator<Item = u32> + '_ {
        let more = self.more_ids.iter().filter(move |(other, _)| *other == print).map(|(_, entry)| *entry);
        self.ids.get(&print).copied().into_iter().chain(more)
    }

    /// All fingerprints of ids with their entries, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.ids.iter().map(|(print, entry)| (*print, *entry)).chain(self.more_ids.iter().copied())
    }

    pub(super) fn entry(&self, entry: u32) -> Option<&Entry> {
        self.entries.get(index(entry))
    }

    /// The first entry after a place.
    fn first_after(&self, place: u64) -> usize {
        self.entries.partition_point(|entry| entry.place <= place)
    }
}

impl LiveLine {
    pub(super) fn half(&self, kind: FeedKind) -> &LiveHalf {
        match kind {
            FeedKind::User => &self.user,
            FeedKind::Enterprise => &self.enterprise,
        }
    }

    fn half_mut(&mut self, kind: FeedKind) -> &mut LiveHalf {
        match kind {
            FeedKind::User => &mut self.user,
            FeedKind::Enterprise => &mut self.enterprise,
        }
    }

    fn order(&self, order: Order) -> Option<&BTreeMap<u64, u32>> {
        match order {
            Order::Arrival => None,
            Order::History => Some(&self.history),
            Order::Window => Some(&self.window),
        }
    }

    /// The last ordinal given within a second of an order; 0 if none.
    fn last_ordinal(&self, order: Order, second: Second) -> u32 {
        let end = Place { second, ordinal: feed::position::ORDINAL_MAX };
        let range = Place::at(second).to_bits()..=end.to_bits();
        let last = self.order(order).and_then(|order| order.range(range).next_back());
        last.map_or(0, |(at, _)| Place::from_bits(*at).ordinal)
    }

    /// The user's postings in this range of places, merged with those of the user's lists; about `max` of them, and
    /// none left out before the last.
    fn postings(&self, wanted: &Wanted<'_>, after: u64, below: u64, max: usize) -> Vec<Posting> {
        let Walk::User { user, lists, .. } = wanted.walk else { return Vec::new() };
        let mut found = Vec::new();
        let mut take = |postings: Option<&Vec<Posting>>, after: u64, below: u64| {
            let Some(postings) = postings else { return };
            if below <= after {
                return;
            }
            let first = self.user.first_after(after);
            let end = self.user.entries.partition_point(|entry| entry.place < below);
            let start = postings.partition_point(|posting| index(posting.entry()) < first);
            found.extend(postings[start..].iter().take_while(|p| index(p.entry()) < end).take(max));
        };
        take(self.users.get(user), after, below);
        for span in lists {
            let (after, below) = span_of(span, after, below);
            take(self.lists.get(&span.list), after, below);
        }
        let mut merged = merge(found);
        merged.truncate(max);
        merged
    }
}

impl LiveIndex {
    /// An empty one, of a partition whose first frame begins here, and of which so many were heard by the directory on
    /// the disk.
    pub(super) fn new(begin: u64, heard: u64) -> Self {
        LiveIndex { end: begin, heard, ..LiveIndex::default() }
    }

    /// Takes in a frame that begins at this offset, with the checksums of its blocks. `None` if it holds what no frame of
    /// ours can; then the index is of no use any more.
    pub(super) fn add(&mut self, offset: u64, frame: &Frame<'_>, checksums: &[Checksums]) -> Option<()> {
        let unheard = self.heard <= frame.head.number;
        for note in &frame.notes {
            let line = self.lines.entry(EnterpriseId::new(note.line).ok()?).or_default();
            line.last = line.last.max(note.place);
            if unheard {
                self.notes.add(note, frame.head.has_old_notes())?;
            }
        }
        if checksums.len() != frame.blocks.len() {
            return None;
        }
        for ((at, block), checksums) in frame.blocks.iter().zip(checksums) {
            self.add_block(offset + *at as u64, block, checksums)?;
        }
        if self.frames == 0 {
            self.day = Second(frame.head.clock).day();
        }
        self.last_frame = Some(offset);
        self.frames = frame.head.number + 1;
        self.end = offset + frame.head.frame_bytes() as u64;
        Some(())
    }

    fn add_block(&mut self, offset: u64, block: &Block<'_>, checksums: &Checksums) -> Option<()> {
        let number = count32(self.blocks.len());
        let (bytes, renderings) = (count32(block.size()), count32(block.renderings_offset()));
        self.blocks.push(BlockAt { offset, bytes, renderings, checksum: checksums.whole });
        let line = self.lines.entry(EnterpriseId::new(block.line).ok()?).or_default();
        // What leads to entries is gathered first and then put down kind by kind: each is a look at a place in memory of
        // its own, and many of them are under way at once if nothing else is done between them.
        let (mut prints_of_one, mut ids, mut terms, mut posted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for slot in 0..block.count() {
            let facts = block.facts(slot)?;
            let (span, rendering) = (block.span(slot, slot)?, block.rendering(slot)?);
            let event_type = match self.type_numbers.get(facts.event_type) {
                Some(number) => *number,
                None => {
                    let name = EventType::new(facts.event_type).ok()?;
                    let number = count32(self.types.len());
                    self.types.push(name);
                    self.type_numbers.insert(facts.event_type.to_owned(), number);
                    number
                }
            };
            let half = line.half_mut(block.kind);
            let entry = count32(half.entries.len());
            half.entries.push(Entry {
                place: facts.place,
                window: facts.window,
                created_at: facts.created_at,
                event_type,
                block: number,
                slot: count32(slot),
                start: count32(span.start),
                length: count32(span.len()),
            });
            half.checksums.push(*checksums.renderings.get(slot)?);
            if !facts.relayed {
                ids.push((id_fingerprint(block.line, block.kind, facts.event_id), entry));
            }
            if block.kind == FeedKind::Enterprise {
                line.history.insert(facts.history, entry);
                line.window.insert(facts.window, entry);
                prints(block.line, &facts, rendering, &mut prints_of_one);
                terms.extend(prints_of_one.iter().map(|print| (*print, entry)));
            }
            posted.extend(facts.users.iter().map(|(user, streams)| (user, Posting::new(entry, streams))));
            for (list, streams) in facts.lists.iter() {
                let posting = Posting::new(entry, streams);
                match line.lists.get_mut(list) {
                    Some(postings) => postings.push(posting),
                    None => drop(line.lists.insert(ListId::new(list).ok()?, vec![posting])),
                }
            }
            line.last = line.last.max(facts.place);
            self.entries += 1;
        }
        let half = line.half_mut(block.kind);
        for (print, entry) in ids {
            match half.ids.entry(print) {
                Vacant(free) => drop(free.insert(entry)),
                Occupied(_) => half.more_ids.push((print, entry)),
            }
        }
        for (print, entry) in terms {
            match line.terms.entry(print) {
                Occupied(held) => held.into_mut().push(entry),
                Vacant(free) => drop(free.insert(Having::One(entry))),
            }
        }
        for (user, posting) in posted {
            // Most have postings already, and then no id needs to be made.
            match line.users.get_mut(user) {
                Some(postings) => postings.push(posting),
                None => drop(line.users.insert(UserId::new(user).ok()?, vec![posting])),
            }
        }
        Some(())
    }

    /// Keeps the bytes of a frame at hand that was just taken in.
    pub(super) fn keep(&mut self, offset: u64, frame: Bytes) {
        self.recent.push(offset, frame);
    }

    /// Keeps no bytes at hand any more: what follows is written elsewhere.
    pub(super) fn keep_none(&mut self) {
        self.recent = RecentFrames::default();
    }

    /// Rows of a line within (after, below), in order, `max` at most; fewer than `max` only when there are no more.
    fn rows(&self, wanted: &Wanted<'_>, after: u64, below: u64, max: usize) -> Vec<Row> {
        let Some(line) = self.lines.get(wanted.line) else { return Vec::new() };
        if below <= after {
            return Vec::new();
        }
        let types = TypeNumbers::of(wanted.types, &self.types);
        let row = |at: u64, number: u32, entry: &Entry| {
            let wanted = types.take(entry.event_type) && wanted.takes(entry.place, entry.created_at);
            Row { at, entry: number, wanted }
        };
        match wanted.walk {
            Walk::Enterprise(order) => match line.order(order) {
                None => {
                    let first = line.enterprise.first_after(after);
                    let entries = line.enterprise.entries[first..].iter().take_while(|entry| entry.place < below);
                    (count32(first)..).zip(entries.take(max)).map(|(n, entry)| row(entry.place, n, entry)).collect()
                }
                Some(order) => {
                    let led = order.range((Excluded(after), Excluded(below))).take(max);
                    led.filter_map(|(at, n)| Some(row(*at, *n, line.enterprise.entry(*n)?))).collect()
                }
            },
            Walk::User { streams, .. } => {
                let postings = line.postings(wanted, after, below, max).into_iter();
                let rows = postings.filter_map(|posting| {
                    let entry = line.user.entry(posting.entry())?;
                    let wanted = wanted.oldest <= entry.place && posting.streams().meets(streams);
                    Some(Row { at: entry.place, entry: posting.entry(), wanted })
                });
                rows.collect()
            }
        }
    }

    /// The last place of a line before this one, in the order of the walk.
    fn last_before(&self, wanted: &Wanted<'_>, below: u64) -> Option<u64> {
        let line = self.lines.get(wanted.line)?;
        match wanted.walk {
            Walk::Enterprise(order) => match line.order(order) {
                None => {
                    let end = line.enterprise.entries.partition_point(|entry| entry.place < below);
                    Some(line.enterprise.entries[..end].last()?.place)
                }
                Some(order) => order.range(..below).next_back().map(|(at, _)| *at),
            },
            Walk::User { user, lists, .. } => {
                let last = |postings: Option<&Vec<Posting>>, after: u64, below: u64| {
                    let end = line.user.entries.partition_point(|entry| entry.place < below);
                    let postings = postings?;
                    let cut = postings.partition_point(|posting| index(posting.entry()) < end);
                    let place = line.user.entry(postings[..cut].last()?.entry())?.place;
                    (after < place).then_some(place)
                };
                let own = last(line.users.get(user), 0, below);
                let of_lists = lists.iter().filter_map(|span| {
                    let (after, below) = span_of(span, 0, below);
                    last(line.lists.get(&span.list), after, below)
                });
                of_lists.chain(own).max()
            }
        }
    }
}

impl Live {
    pub(super) fn new(number: u64, file: Named, index: LiveIndex) -> Self {
        Live { number, file, index: RwLock::new(index) }
    }

    pub(super) fn index(&self) -> RwLockReadGuard<'_, LiveIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index_mut(&self) -> RwLockWriteGuard<'_, LiveIndex> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The least place of arrival in it; `None` if it has nothing of this line and kind.
    pub(super) fn first_place(&self, line: &EnterpriseId, kind: FeedKind) -> Option<u64> {
        Some(self.index().lines.get(line)?.half(kind).entries.first()?.place)
    }

    /// The place of the next entry of a line in history or window order after this one.
    pub(super) fn next_after(&self, line: &EnterpriseId, order: Order, after: u64) -> Option<u64> {
        let held = self.index();
        let places = held.lines.get(line)?.order(order)?;
        places.range((Excluded(after), Unbounded)).next().map(|(at, _)| *at)
    }

    pub(super) fn rows(&self, wanted: &Wanted<'_>, after: u64, below: u64, max: usize) -> Vec<Row> {
        self.index().rows(wanted, after, below, max)
    }

    pub(super) fn last_before(&self, wanted: &Wanted<'_>, below: u64) -> Option<u64> {
        self.index().last_before(wanted, below)
    }

    /// The bytes of some entries of a line, as few runs as they lie in.
    pub(super) fn fetch(
        &self,
        line: &EnterpriseId,
        kind: FeedKind,
        entries: &[u32],
        runs: &mut Runs,
    ) -> Result<(), Fault> {
        let mut pieces: Vec<(u64, usize)> = Vec::with_capacity(entries.len());
        let recent = {
            let gone = || Fault::Gone(format!("an entry of {}", self.file.path.display()));
            let held = self.index();
            let half = held.lines.get(line).map(|line| line.half(kind)).ok_or_else(gone)?;
            for number in entries {
                let entry = half.entry(*number).ok_or_else(gone)?;
                let block = held.blocks.get(index(entry.block)).ok_or_else(gone)?;
                let offset = block.offset + u64::from(block.renderings) + u64::from(entry.start);
                match pieces.last_mut() {
                    // Only a comma lies between: they are neighbours in one block.
                    Some((start, length)) if *start + *length as u64 + 1 == offset && entry.slot > 0 => {
                        *length += 1 + index(entry.length);
                    }
                    _ => pieces.push((offset, index(entry.length))),
                }
            }
            let recent = |(offset, length): &(u64, usize)| held.recent.slice(*offset, *length);
            pieces.iter().map(recent).collect::<Vec<Option<Bytes>>>()
        };
        runs.expect(pieces.iter().map(|(_, length)| *length));
        for ((offset, length), recent) in pieces.into_iter().zip(recent) {
            match recent {
                Some(run) => runs.push(run),
                None => drop(runs.read(&self.file, offset, length)?),
            }
        }
        Ok(())
    }

    /// Where the blocks lie that hold entries of a line with this fingerprint of an id, and in which slots.
    pub(super) fn with_id(&self, line: &EnterpriseId, kind: FeedKind, print: u64) -> Vec<(BlockAt, u32)> {
        let held = self.index();
        let Some(half) = held.lines.get(line).map(|line| line.half(kind)) else { return Vec::new() };
        let entries = half.with_id(print).filter_map(|number| half.entry(number));
        entries.filter_map(|entry| Some((*held.blocks.get(index(entry.block))?, entry.slot))).collect()
    }

    /// Tells of some fingerprints of ids of a line those that entries have, by their numbers.
    pub(super) fn each_known(&self, line: &EnterpriseId, prints: &[(FeedKind, u64)], mut tell: impl FnMut(usize)) {
        let held = self.index();
        let Some(line) = held.lines.get(line) else { return };
        for (number, (kind, print)) in prints.iter().enumerate() {
            if line.half(*kind).ids.contains_key(print) {
                tell(number);
            }
        }
    }

    /// Reads the blocks of one kind, line by line in the order of their ids, each by arrival. `take` answers whether it
    /// could read the block. The index is held meanwhile, so the caller must not hold it.
    pub(super) fn each_block<E: From<Fault>>(
        &self,
        kind: FeedKind,
        mut take: impl FnMut(&Block<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let held = self.index();
        let mut lines: Vec<_> = held.lines.iter().collect();
        lines.sort_unstable_by_key(|(id, _)| *id);
        for (_, line) in lines {
            for entries in line.half(kind).entries.chunk_by(|one, next| one.block == next.block) {
                let at = held.blocks[index(entries[0].block)];
                let bytes = self.read_block(at)?;
                let malformed = || self.file.damaged(at.offset, "a block of it is malformed");
                let (block, _) = Block::parse(&bytes).ok_or_else(malformed)?;
                if !take(&block)? {
                    return Err(malformed().into());
                }
            }
        }
        Ok(())
    }

    pub(super) fn read_block(&self, at: BlockAt) -> Result<Vec<u8>, Fault> {
        self.file.read_vec(at.offset, index(at.bytes))
    }

    /// The last ordinal given within a second of a line's order; 0 if none.
    pub(super) fn last_ordinal(&self, line: &EnterpriseId, order: Order, second: Second) -> u32 {
        self.index().lines.get(line).map_or(0, |line| line.last_ordinal(order, second))
    }
}
