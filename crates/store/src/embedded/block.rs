//! Blocks: some renderings of one enterprise and one kind of feed, in arrival order, each with its facts.
//!
//! Frames and sealed files are made of the same blocks, so what a frame holds moves into sealed files byte by byte:
//!
//! ```text
//!  0  magic (4)   4 kind (1)   5 zero (3)   8 count n (4)   12 bytes of facts (4)   16 bytes of renderings (4)
//! 20  enterprise (1 + length)
//!     n × end of the facts (4)      n × end of the rendering (4)      each counted from the start of its area
//!     facts      one record after the other
//!     renderings one after the other with a comma between, so that a page is a contiguous run
//! ```
//!
//! A record of facts:
//!
//! ```text
//!  place of arrival (8)   created_at (4)   event type (1 + length)   event id (1 + length)
//!  enterprise: place in history (8)   place in the window order (8)   since version 2: count of terms (2), each (8)
//!  user:       flags (1; 1 = heard here, published elsewhere)
//!              count (4), then users: streams (1), id (1 + length)     count (4), then lists alike
//! ```

use super::checksum::{checksum, checksum_of_both};
use super::codec::{Taker, count32, index, put_text, put_u16, put_u32, put_u64};
use feed::event::{FeedKind, UserStreams};

/// Begins with a byte that no JSON text holds, so no event can pass for a block.
const MAGIC: [u8; 4] = [0xff, b'T', b'B', 0xfe];
const HEAD_BYTES: usize = 20;
const RELAYED: u8 = 1;
/// Most that is taken ahead of each part of a block.
const EXPECTED_MAX: usize = 8 << 20;
/// Length of the fingerprint of a term.
const TERM_BYTES: usize = 8;

/// What is known of a rendering besides its bytes.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    /// The place of arrival, as bits.
    pub(super) place: u64,
    pub(super) created_at: u32,
    pub(super) event_type: &'a str,
    pub(super) event_id: &'a str,
    /// Places in history and window order, as bits; 0 for user renderings.
    pub(super) history: u64,
    pub(super) window: u64,
    /// Fingerprints of what an enterprise rendering can be found by; `None` if it was stored before they were.
    pub(super) terms: Option<&'a [u8]>,
    /// Whether it was heard in this line but published in another, whose id it bears.
    pub(super) relayed: bool,
    pub(super) users: Hearers<'a>,
    pub(super) lists: Hearers<'a>,
}

/// Users or lists, each with the streams that carry the event to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Hearers<'a> {
    bytes: &'a [u8],
}

impl<'a> Hearers<'a> {
    fn parse(taker: &mut Taker<'a>) -> Option<Self> {
        let count = taker.u32()?;
        let start = taker.0;
        for _ in 0..count {
            taker.u8()?;
            taker.text()?;
        }
        Some(Hearers { bytes: &start[..start.len() - taker.0.len()] })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, UserStreams)> + use<'a> {
        let mut taker = Taker(self.bytes);
        std::iter::from_fn(move || {
            let streams = UserStreams::from_bits(taker.u8()?);
            Some((taker.text()?, streams))
        })
    }
}

/// Writes hearers as [`Facts`] keep them.
pub(super) fn put_hearers<'a>(out: &mut Vec<u8>, hearers: impl ExactSizeIterator<Item = (&'a str, UserStreams)>) {
    put_u32(out, count32(hearers.len()));
    for (id, streams) in hearers {
        out.push(streams.to_bits());
        put_text(out, id);
    }
}

impl<'a> Facts<'a> {
    pub(super) fn parse(kind: FeedKind, bytes: &'a [u8]) -> Option<Self> {
        let mut taker = Taker(bytes);
        let mut facts = Facts {
            place: taker.u64()?,
            created_at: taker.u32()?,
            event_type: taker.text()?,
            event_id: taker.text()?,
            history: 0,
            window: 0,
            terms: None,
            relayed: false,
            users: Hearers::default(),
            lists: Hearers::default(),
        };
        match kind {
            FeedKind::Enterprise => {
                facts.history = taker.u64()?;
                facts.window = taker.u64()?;
                if !taker.is_empty() {
                    let count = usize::from(taker.u16()?);
                    facts.terms = Some(taker.take(count * TERM_BYTES)?);
                }
            }
            FeedKind::User => {
                facts.relayed = taker.u8()? & RELAYED != 0;
                facts.users = Hearers::parse(&mut taker)?;
                facts.lists = Hearers::parse(&mut taker)?;
            }
        }
        taker.is_empty().then_some(facts)
    }

    /// Writes the record; hearers are written by the caller with [`put_hearers`] where they have another form.
    pub(super) fn put(&self, kind: FeedKind, out: &mut Vec<u8>) {
        put_u64(out, self.place);
        put_u32(out, self.created_at);
        put_text(out, self.event_type);
        put_text(out, self.event_id);
        match kind {
            FeedKind::Enterprise => {
                put_u64(out, self.history);
                put_u64(out, self.window);
                if let Some(terms) = self.terms {
                    put_u16(out, u16::try_from(terms.len() / TERM_BYTES).expect("`put_terms` writes no more"));
                    out.extend_from_slice(terms);
                }
            }
            FeedKind::User => out.push(if self.relayed { RELAYED } else { 0 }),
        }
    }
}

/// A block being made.
#[derive(Debug)]
pub(super) struct BlockBuilder {
    kind: FeedKind,
    line: String,
    facts_ends: Vec<u32>,
    facts: Vec<u8>,
    /// As they were handed over: they are copied once, to where the block is put.
    renderings: Vec<Vec<u8>>,
    /// All of them with the commas between.
    renderings_bytes: usize,
    checksums: Vec<u32>,
}

/// The checksums of a block and of each of its renderings.
#[derive(Debug, Clone)]
pub(super) struct Checksums {
    pub(super) whole: u32,
    pub(super) renderings: Vec<u32>,
}

impl Checksums {
    /// Those of a block; `None` if it cannot be read.
    pub(super) fn of(block: &Block<'_>) -> Option<Self> {
        let renderings = (0..block.count()).map(|slot| block.rendering(slot).map(checksum)).collect::<Option<_>>()?;
        Some(Checksums { whole: checksum_of_both(block.front, block.renderings), renderings })
    }
}

/// How long the parts of a block are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    count: usize,
    facts: usize,
}

impl BlockBuilder {
    pub(super) fn new(kind: FeedKind, line: &str) -> Self {
        BlockBuilder {
            kind,
            line: line.to_owned(),
            facts_ends: Vec::new(),
            facts: Vec::new(),
            renderings: Vec::new(),
            renderings_bytes: 0,
            checksums: Vec::new(),
        }
    }

    /// How long its parts are.
    pub(super) fn lengths(&self) -> Lengths {
        Lengths { count: self.count(), facts: self.facts.len() }
    }

    /// Takes the space for parts that will be about so long, so that they need not move as they grow.
    pub(super) fn expect(&mut self, lengths: Lengths) {
        self.facts_ends.reserve(lengths.count.min(EXPECTED_MAX));
        self.renderings.reserve(lengths.count.min(EXPECTED_MAX));
        self.checksums.reserve(lengths.count.min(EXPECTED_MAX));
        self.facts.reserve(lengths.facts.min(EXPECTED_MAX));
    }

    pub(super) fn count(&self) -> usize {
        self.facts_ends.len()
    }

    /// Adds a rendering whose facts the caller writes; answers its slot.
    pub(super) fn push(&mut self, facts: impl FnOnce(&mut Vec<u8>), rendering: Vec<u8>) -> usize {
        facts(&mut self.facts);
        self.facts_ends.push(count32(self.facts.len()));
        self.renderings_bytes += usize::from(!self.renderings.is_empty()) + rendering.len();
        // Now, so that its bytes are at hand when they are copied.
        self.checksums.push(checksum(&rendering));
        self.renderings.push(rendering);
        self.facts_ends.len() - 1
    }

    /// The checksums of its renderings.
    pub(super) fn checksums(&self) -> &[u32] {
        &self.checksums
    }

    pub(super) fn rendering(&self, slot: usize) -> &[u8] {
        &self.renderings[slot]
    }

    /// Of each rendering where it will begin, counted from the start of the block, its length and its checksum.
    pub(super) fn spans(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        let mut next = self.size() - self.renderings_bytes;
        self.renderings.iter().zip(&self.checksums).map(move |(rendering, checksum)| {
            let start = next;
            next += rendering.len() + 1;
            (start, count32(rendering.len()), *checksum)
        })
    }

    pub(super) fn facts(&self, slot: usize) -> Option<Facts<'_>> {
        let start = slot.checked_sub(1).map_or(0, |before| index(self.facts_ends[before]));
        Facts::parse(self.kind, &self.facts[start..index(self.facts_ends[slot])])
    }

    /// How many bytes [`BlockBuilder::put`] writes.
    pub(super) fn size(&self) -> usize {
        HEAD_BYTES + 1 + self.line.len() + 8 * self.count() + self.facts.len() + self.renderings_bytes
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.push(kind_byte(self.kind));
        out.extend_from_slice(&[0; 3]);
        put_u32(out, count32(self.count()));
        put_u32(out, count32(self.facts.len()));
        put_u32(out, count32(self.renderings_bytes));
        put_text(out, &self.line);
        self.facts_ends.iter().for_each(|end| put_u32(out, *end));
        let mut end = 0;
        for (slot, rendering) in self.renderings.iter().enumerate() {
            end += usize::from(slot > 0) + rendering.len();
            put_u32(out, count32(end));
        }
        out.extend_from_slice(&self.facts);
        for (slot, rendering) in self.renderings.iter().enumerate() {
            if slot > 0 {
                out.push(b',');
            }
            out.extend_from_slice(rendering);
        }
    }
}

/// The byte that stands for a kind of feed in every file.
pub(super) fn kind_byte(kind: FeedKind) -> u8 {
    match kind {
        FeedKind::Enterprise => 1,
        FeedKind::User => 2,
    }
}

/// A block as read.
#[derive(Debug, Clone)]
pub(super) struct Block<'a> {
    pub(super) kind: FeedKind,
    pub(super) line: &'a str,
    count: usize,
    facts_ends: &'a [u8],
    rendering_ends: &'a [u8],
    facts: &'a [u8],
    renderings: &'a [u8],
    /// Everything before the renderings.
    front: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads a block from the front of some bytes; `None` if there is none. Answers what follows it, too.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut taker = Taker(bytes);
        if taker.take(4)? != MAGIC {
            return None;
        }
        let kind = match taker.u8()? {
            1 => FeedKind::Enterprise,
            2 => FeedKind::User,
            _ => return None,
        };
        taker.take(3)?;
        let count = index(taker.u32()?);
        let facts = index(taker.u32()?);
        let renderings = index(taker.u32()?);
        let line = taker.text()?;
        let ends = count.checked_mul(4)?;
        let block = Block {
            kind,
            line,
            count,
            facts_ends: taker.take(ends)?,
            rendering_ends: taker.take(ends)?,
            facts: taker.take(facts)?,
            front: &bytes[..bytes.len() - taker.0.len()],
            renderings: taker.take(renderings)?,
        };
        Some((block, taker.0))
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Where the renderings begin, counted from the start of the block.
    pub(super) fn renderings_offset(&self) -> usize {
        self.front.len()
    }

    /// How long it is.
    pub(super) fn size(&self) -> usize {
        self.front.len() + self.renderings.len()
    }

    /// The record of facts of a slot, as stored.
    pub(super) fn facts_bytes(&self, slot: usize) -> Option<&'a [u8]> {
        let start = match slot.checked_sub(1) {
            Some(before) => end(self.facts_ends, before)?,
            None => 0,
        };
        self.facts.get(start..end(self.facts_ends, slot)?)
    }

    pub(super) fn facts(&self, slot: usize) -> Option<Facts<'a>> {
        Facts::parse(self.kind, self.facts_bytes(slot)?)
    }

    /// Where the renderings of these slots lie among the renderings, commas between them included.
    pub(super) fn span(&self, first: usize, last: usize) -> Option<std::ops::Range<usize>> {
        let start = match first.checked_sub(1) {
            Some(before) => end(self.rendering_ends, before)?.checked_add(1)?,
            None => 0,
        };
        let end = end(self.rendering_ends, last)?;
        (start <= end && end <= self.renderings.len()).then_some(start..end)
    }

    pub(super) fn rendering(&self, slot: usize) -> Option<&'a [u8]> {
        self.renderings.get(self.span(slot, slot)?)
    }
}

fn end(ends: &[u8], slot: usize) -> Option<usize> {
    let at = slot.checked_mul(4)?;
    let bytes = ends.get(at..at.checked_add(4)?)?;
    Some(index(u32::from_le_bytes(bytes.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        let mut builder = BlockBuilder::new(FeedKind::User, "7");
        for n in 0..3u64 {
            let facts = Facts {
                place: n,
                created_at: 5,
                event_type: "ITEM_UPLOAD",
                event_id: "e",
                history: 0,
                window: 0,
                terms: None,
                relayed: n == 1,
                users: Hearers::default(),
                lists: Hearers::default(),
            };
            let write = |out: &mut Vec<u8>| {
                facts.put(FeedKind::User, out);
                put_hearers(out, [("u1", UserStreams::ALL), ("u2", UserStreams::SYNC)].into_iter());
                put_hearers(out, [("l", UserStreams::CHANGES)].into_iter());
            };
            builder.push(write, format!("{{\"n\":{n}}}").into_bytes());
        }
        let mut out = Vec::new();
        builder.put(&mut out);
        assert_eq!(out.len(), builder.size());
        out
    }

    #[test]
    fn facts_with_and_without_terms_read_back() {
        for terms in [None, Some(&[7u8; 16][..]), Some(&[])] {
            let written = Facts {
                place: 3,
                created_at: 5,
                event_type: "LOGIN",
                event_id: "e",
                history: 8,
                window: 9,
                terms,
                relayed: false,
                users: Hearers::default(),
                lists: Hearers::default(),
            };
            let mut bytes = Vec::new();
            written.put(FeedKind::Enterprise, &mut bytes);
            let read = Facts::parse(FeedKind::Enterprise, &bytes).unwrap();
            assert_eq!((read.window, read.terms), (9, terms));
            bytes.pop();
            assert_eq!(Facts::parse(FeedKind::Enterprise, &bytes).map(|facts| facts.window), None);
        }
    }

    #[test]
    fn a_block_reads_back() {
        let bytes = sample();
        let (block, rest) = Block::parse(&bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!((block.count(), block.line), (3, "7"));
        let facts = block.facts(1).unwrap();
        assert_eq!((facts.place, facts.relayed, facts.event_type), (1, true, "ITEM_UPLOAD"));
        let users: Vec<_> = facts.users.iter().collect();
        assert_eq!(users, [("u1", UserStreams::ALL), ("u2", UserStreams::SYNC)]);
        assert_eq!(facts.lists.iter().count(), 1);
        assert_eq!(block.rendering(2), Some(&b"{\"n\":2}"[..]));
        assert_eq!(&block.renderings[block.span(0, 1).unwrap()], b"{\"n\":0},{\"n\":1}");
        assert!(block.facts(3).is_none());
    }

    proptest! {
        #[test]
        fn reading_never_panics(at in 0usize..200, byte: u8, cut in 0usize..300) {
            let mut bytes = sample();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut);
            if let Some((block, _)) = Block::parse(&bytes) {
                for slot in 0..block.count().min(10) {
                    let _ = (block.facts(slot), block.rendering(slot));
                }
            }
        }
    }
}
