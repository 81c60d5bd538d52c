//! Frames: one group commit as it lies in the file of an unsealed partition.
//!
//! ```text
//!  0  magic (8)                     8 format version (2)  10 zero (2)   12 checksum of this head (4)
//! 16  number of the frame within its partition, from 0 (8)              24 partition (8)
//! 32  bytes after this head (8)     40 checksum of them (4)             44 bytes of notes (4)
//! 48  count of blocks (4)           52 count of notes (4)               56 the clock (4)   60 zero (4)
//! 64  notes: what events change in the directory, and places given to entries that no feed shows
//!     blocks: those for enterprise feeds ordered by enterprise, then those for user feeds
//!     zeros up to the next multiple of 64
//! ```
//!
//! A note is described in [`super::directory::notes`].
//!
//! The magic holds bytes that no UTF-8 text does, so nothing a publisher sends can pass for a frame.

use super::block::{Block, Checksums};
use super::checksum::{Running, checksum, checksum_of_both};
use super::codec::{Taker, count32, index, put_u16, put_u32, put_u64};
use super::directory::notes::Note;
use super::format::FORMAT_VERSION;

/// Begins every frame.
pub(super) const MAGIC: [u8; 8] = [0xff, b'T', b'F', b'r', b'a', b'm', b'e', 0xfe];
/// Frames begin at multiples of this.
pub(super) const ALIGN_BYTES: usize = 64;
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
        (HEAD_BYTES + self.body_bytes).next_multiple_of(ALIGN_BYTES)
    }

    /// Whether its notes are in the form of formats before 5.
    pub(super) fn has_old_notes(&self) -> bool {
        self.version < 5
    }

    pub(super) fn body_checks(&self, body: &[u8]) -> bool {
        body.len() == self.body_bytes && checksum(body) == self.body_checksum
    }
}

/// The checksum covers the head with its own field left out.
fn head_checksum(head: &[u8]) -> u32 {
    checksum_of_both(&head[..12], &head[16..HEAD_BYTES])
}

/// A frame ready to be written.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Those of its blocks, in their order.
    pub(super) checksums: Vec<Checksums>,
}

/// A frame being written: head space first, then notes and blocks in their order, then [`FrameWriter::finish`].
#[derive(Debug)]
pub(super) struct FrameWriter {
    out: Vec<u8>,
    notes_bytes: usize,
    notes: u32,
    blocks: u32,
    /// Of the body so far.
    checksum: Running,
}

impl FrameWriter {
    /// Begins a frame with its notes, made with [`super::directory::notes::put_note`].
    pub(super) fn new(notes: &[u8], count: u32, capacity: usize) -> Self {
        let mut out = Vec::with_capacity(HEAD_BYTES + notes.len() + capacity + ALIGN_BYTES);
        out.resize(HEAD_BYTES, 0);
        out.extend_from_slice(notes);
        let mut checksum = Running::new();
        checksum.add(notes);
        FrameWriter { out, notes_bytes: notes.len(), notes: count, blocks: 0, checksum }
    }

    /// Adds a block; answers its checksum.
    pub(super) fn block(&mut self, put: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let begin = self.out.len();
        put(&mut self.out);
        self.blocks += 1;
        self.checksum.add(&self.out[begin..]);
        checksum(&self.out[begin..])
    }

    /// Writes the head and pads the end.
    pub(super) fn finish(mut self, number: u64, partition: u64, clock: u32) -> Vec<u8> {
        let body = self.out.len() - HEAD_BYTES;
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
        self.out[..HEAD_BYTES].copy_from_slice(&head);
        self.out.resize(self.out.len().next_multiple_of(ALIGN_BYTES), 0);
        self.out
    }
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
        assert_eq!(bytes.len() % ALIGN_BYTES, 0);
        let head = Head::parse(&bytes).unwrap();
        assert_eq!((head.number, head.partition, head.clock, head.frame_bytes()), (3, 5, 100, bytes.len()));
        let body = &bytes[HEAD_BYTES..HEAD_BYTES + head.body_bytes];
        assert!(head.body_checks(body));
        let frame = Frame::parse(head, body).unwrap();
        assert_eq!((frame.notes[0].place, frame.blocks[0].1.rendering(0)), (9, Some(&b"{}"[..])));
        for bit in 0..8 * (HEAD_BYTES + head.body_bytes) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let good = Head::parse(&flipped).is_ok_and(|head| {
                flipped.get(HEAD_BYTES..HEAD_BYTES + head.body_bytes).is_some_and(|b| head.body_checks(b))
            });
            assert!(!good, "bit {bit}");
        }
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        let mut bytes = FrameWriter::new(&[], 0, 0).finish(0, 1, 0);
        bytes[8..10].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
        let checksum = head_checksum(&bytes[..HEAD_BYTES]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(Head::parse(&bytes), Err(BadHead::Newer(FORMAT_VERSION + 1)));
    }
}
