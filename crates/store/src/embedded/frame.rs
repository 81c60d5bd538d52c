//! Frames: one group commit as it lies in the file of an unsealed partition.
//!
//! ```text
//!  0  magic (8)                     8 format version (2)  10 zero (2)   12 checksum of this head (4)
//! 16  number of the frame within its partition, from 0 (8)              24 partition (8)
//! 32  bytes after this head (8)     40 checksum of them (4)             44 bytes of notes (4)
//! 48  count of blocks (4)           52 count of notes (4)               56 the clock (4)   60 zero (4)
//! 64  notes: what events change in the directory, and places given to entries that no feed shows
//!     blocks: those for enterprise feeds ordered by enterprise, then those for user feeds
//! ```
//!
//! The next frame begins at the next multiple of 4,096 bytes after it (of 64, for frames of formats before 6); what lies
//! between means nothing. So no page of the disk holds bytes of two frames, but in a file that an older format began: none
//! has to be written again for the next frame, and a long one can be written past the cache of the operating system.
//!
//! A note is described in [`super::directory::notes`].
//!
//! The magic holds bytes that no UTF-8 text does, so nothing a publisher sends can pass for a frame.

use super::block::{Block, Checksums};
use super::checksum::{Running, checksum, checksum_of_both};
use super::codec::{Taker, count32, index, put_u16, put_u32, put_u64};
use super::directory::notes::Note;
use super::files::PAST_CACHE_ALIGN_BYTES;
use super::format::FORMAT_VERSION;
use bytes::Bytes;

/// Begins every frame.
pub(super) const MAGIC: [u8; 8] = [0xff, b'T', b'F', b'r', b'a', b'm', b'e', 0xfe];
/// A frame takes a multiple of so many bytes of the file.
pub(super) const ALIGN_BYTES: usize = PAST_CACHE_ALIGN_BYTES;
/// Of formats before 6; frames of any format begin at multiples of this.
pub(super) const ALIGN_BYTES_MIN: usize = 64;
/// Frames of so many bytes are made so that they can be written past the cache of the operating system; for fewer it is
/// not cheaper.
pub(super) const LONG_FRAME_BYTES: usize = 64 << 10;
/// Length of the head.
pub(super) const HEAD_BYTES: usize = 64;
/// Longest frame, head included: one publish whole, whatever it became.
pub(super) const FRAME_BYTES_MAX: usize = 1 << 30;

/// What the head of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    version: u16,
    pub(super) number: u64,
    pub(super) partition: u64,
    pub(super) body_bytes: usize,
    pub(super) body_checksum: u32,
    notes_bytes: usize,
    blocks: u32,
    notes: u32,
    pub(super) clock: u32,
}

/// What a head can be besides good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadHead {
    /// It is no head of a frame.
    NotOne,
    /// It is one, of a format that this program does not know.
    Newer(u16),
}

impl Head {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadHead> {
        Self::checked(bytes).ok_or(BadHead::NotOne)?
    }

    fn checked(bytes: &[u8]) -> Option<Result<Self, BadHead>> {
        let head = bytes.get(..HEAD_BYTES)?;
        let mut taker = Taker(head);
        if taker.take(8)? != MAGIC {
            return None;
        }
        let version = taker.u16()?;
        taker.u16()?;
        let checksum = taker.u32()?;
        if head_checksum(head) != checksum {
            return None;
        }
        if version > FORMAT_VERSION {
            return Some(Err(BadHead::Newer(version)));
        }
        let number = taker.u64()?;
        let partition = taker.u64()?;
        let body_bytes = usize::try_from(taker.u64()?).ok()?;
        let body_checksum = taker.u32()?;
        let head = Head {
            version,
            number,
            partition,
            body_bytes,
            body_checksum,
            notes_bytes: index(taker.u32()?),
            blocks: taker.u32()?,
            notes: taker.u32()?,
            clock: taker.u32()?,
        };
        (body_bytes <= FRAME_BYTES_MAX - HEAD_BYTES && head.notes_bytes <= body_bytes).then_some(Ok(head))
    }

    /// The whole length of the frame, up to where the next may begin.
    pub(super) fn frame_bytes(&self) -> usize {
        (HEAD_BYTES + self.body_bytes).next_multiple_of(align_bytes(self.version))
    }

    /// Whether its notes are in the form of formats before 5.
    pub(super) fn has_old_notes(&self) -> bool {
        self.version < 5
    }

    pub(super) fn body_checks(&self, body: &[u8]) -> bool {
        body.len() == self.body_bytes && checksum(body) == self.body_checksum
    }
}

/// What frames of a version of the format take a multiple of.
fn align_bytes(version: u16) -> usize {
    if version < 6 { ALIGN_BYTES_MIN } else { ALIGN_BYTES }
}

/// Where the first frame begins in a file whose head is of this version.
pub(super) fn first_frame_at(version: u16) -> u64 {
    align_bytes(version) as u64
}

/// The checksum covers the head with its own field left out.
fn head_checksum(head: &[u8]) -> u32 {
    checksum_of_both(&head[..12], &head[16..HEAD_BYTES])
}

/// A frame ready to be written.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    /// All of it, and if it is long enough to be written past the cache, zeros up to a whole page.
    pub(super) bytes: Bytes,
    /// Those of its blocks, in their order.
    pub(super) checksums: Vec<Checksums>,
}

/// A frame being written: head space first, then notes and blocks in their order, then [`FrameWriter::finish`].
#[derive(Debug)]
pub(super) struct FrameWriter {
    out: Vec<u8>,
    /// Where in it the frame begins: of one that will be long, at a whole page of memory.
    start: usize,
    notes_bytes: usize,
    notes: u32,
    blocks: u32,
    /// Of the body so far.
    checksum: Running,
}

impl FrameWriter {
    /// Begins a frame with its notes, made with [`super::directory::notes::put_note`].
    pub(super) fn new(notes: &[u8], count: u32, capacity: usize) -> Self {
        let capacity = HEAD_BYTES + notes.len() + capacity;
        let mut out;
        let mut start = 0;
        if capacity < LONG_FRAME_BYTES {
            out = Vec::with_capacity(capacity);
        } else {
            out = Vec::with_capacity(capacity + 2 * ALIGN_BYTES);
            start = page_start(&out);
        }
        out.resize(start + HEAD_BYTES, 0);
        out.extend_from_slice(notes);
        let mut checksum = Running::new();
        checksum.add(notes);
        FrameWriter { out, start, notes_bytes: notes.len(), notes: count, blocks: 0, checksum }
    }

    /// Adds a block; answers its checksum.
    pub(super) fn block(&mut self, put: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let begin = self.out.len();
        put(&mut self.out);
        self.blocks += 1;
        self.checksum.add(&self.out[begin..]);
        checksum(&self.out[begin..])
    }

    /// Writes the head and, if the frame is long, pads the end.
    pub(super) fn finish(mut self, number: u64, partition: u64, clock: u32) -> Bytes {
        let body = self.out.len() - self.start - HEAD_BYTES;
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(&MAGIC);
        put_u16(&mut head, FORMAT_VERSION);
        put_u16(&mut head, 0);
        put_u32(&mut head, 0);
        put_u64(&mut head, number);
        put_u64(&mut head, partition);
        put_u64(&mut head, body as u64);
        put_u32(&mut head, self.checksum.value());
        put_u32(&mut head, count32(self.notes_bytes));
        put_u32(&mut head, self.blocks);
        put_u32(&mut head, self.notes);
        put_u32(&mut head, clock);
        put_u32(&mut head, 0);
        let checksum = head_checksum(&head);
        head[12..16].copy_from_slice(&checksum.to_le_bytes());
        self.out[self.start..self.start + HEAD_BYTES].copy_from_slice(&head);
        let frame = HEAD_BYTES + body;
        if frame >= LONG_FRAME_BYTES {
            self.out.resize(self.start + frame.next_multiple_of(ALIGN_BYTES), 0);
        }
        Bytes::from(self.out).slice(self.start..)
    }
}

/// Where in an empty buffer the first whole page of memory begins.
fn page_start(buffer: &[u8]) -> usize {
    buffer.as_ptr().addr().next_multiple_of(ALIGN_BYTES) - buffer.as_ptr().addr()
}

/// The body of a frame whose checksums were found right.
#[derive(Debug, Clone)]
pub(super) struct Frame<'a> {
    pub(super) head: Head,
    pub(super) notes: Vec<Note<'a>>,
    /// Each with where it begins, counted from the start of the frame.
    pub(super) blocks: Vec<(usize, Block<'a>)>,
}

impl<'a> Frame<'a> {
    /// Reads the body; `None` if it is not what the head says, which no fault of a disk explains.
    pub(super) fn parse(head: Head, body: &'a [u8]) -> Option<Self> {
        let (notes_bytes, mut rest) = body.split_at_checked(head.notes_bytes)?;
        let mut taker = Taker(notes_bytes);
        let mut notes = Vec::new();
        for _ in 0..head.notes {
            notes.push(Note::take(&mut taker)?);
        }
        let mut blocks = Vec::new();
        for _ in 0..head.blocks {
            let (block, after) = Block::parse(rest)?;
            blocks.push((HEAD_BYTES + body.len() - rest.len(), block));
            rest = after;
        }
        (taker.is_empty() && rest.is_empty()).then_some(Frame { head, notes, blocks })
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::BlockBuilder;
    use super::super::directory::notes::put_note;
    use super::*;
    use feed::event::FeedKind;

    #[test]
    fn a_frame_reads_back_and_a_flipped_bit_is_found() {
        let mut notes = Vec::new();
        put_note(&mut notes, "7", 9, &[]);
        let mut writer = FrameWriter::new(&notes, 1, 0);
        let mut builder = BlockBuilder::new(FeedKind::Enterprise, "7");
        builder.push(|_| {}, b"{}".to_vec());
        writer.block(|out| builder.put(out));
        let bytes = writer.finish(3, 5, 100);
        let head = Head::parse(&bytes).unwrap();
        assert_eq!((head.number, head.partition, head.clock, head.frame_bytes()), (3, 5, 100, ALIGN_BYTES));
        let body = &bytes[HEAD_BYTES..HEAD_BYTES + head.body_bytes];
        assert!(head.body_checks(body));
        let frame = Frame::parse(head, body).unwrap();
        assert_eq!((frame.notes[0].place, frame.blocks[0].1.rendering(0)), (9, Some(&b"{}"[..])));
        for bit in 0..8 * (HEAD_BYTES + head.body_bytes) {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let good = Head::parse(&flipped).is_ok_and(|head| {
                flipped.get(HEAD_BYTES..HEAD_BYTES + head.body_bytes).is_some_and(|b| head.body_checks(b))
            });
            assert!(!good, "bit {bit}");
        }
    }

    #[test]
    fn a_long_frame_is_of_whole_pages_in_memory_too() {
        for renderings in [1, 100, 101, 1_000] {
            let mut builder = BlockBuilder::new(FeedKind::Enterprise, "7");
            for _ in 0..renderings {
                builder.push(|_| {}, vec![b' '; 700]);
            }
            let mut writer = FrameWriter::new(&[], 0, builder.size() + 256);
            writer.block(|out| builder.put(out));
            let bytes = writer.finish(0, 1, 0);
            let long = renderings > 1;
            assert_eq!(bytes.len() >= LONG_FRAME_BYTES, long, "{renderings}");
            let whole = [bytes.len(), bytes.as_ptr().addr()].map(|it| it.is_multiple_of(ALIGN_BYTES));
            assert!(!long || whole == [true; 2], "{renderings}");
            let head = Head::parse(&bytes).unwrap();
            assert!(head.body_checks(&bytes[HEAD_BYTES..HEAD_BYTES + head.body_bytes]), "{renderings}");
            assert_eq!(head.frame_bytes(), bytes.len().next_multiple_of(ALIGN_BYTES), "{renderings}");
        }
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        let mut bytes = FrameWriter::new(&[], 0, 0).finish(0, 1, 0).to_vec();
        bytes[8..10].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
        let checksum = head_checksum(&bytes[..HEAD_BYTES]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(Head::parse(&bytes), Err(BadHead::Newer(FORMAT_VERSION + 1)));
    }
}
