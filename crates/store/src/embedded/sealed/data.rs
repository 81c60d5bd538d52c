//! The data file of a sealed half partition: blocks, each with a checksum and perhaps compressed, and a table of them.
//!
//! ```text
//!  head of the file (64)
//!  blocks, one after the other (see `block`), plain or as one zstd frame
//!  pages (see `paged`) of the table: per block
//!      offset (8)  bytes stored (4)  bytes plain (4)  checksum as stored (4)  1 if compressed (1)  zero (3)
//!  tail (64): magic (8)  checksum of the tail without this field (4)  zero (4)
//!             offset of the table (8)  count of blocks (8)  count of entries (8)  zero (24)
//! ```
//!
//! Everything else about the half partition can be found out from this file.

use super::super::block::{Block, BlockBuilder};
use super::super::checksum::{checksum, checksum_of_both};
use super::super::codec::{Taker, count32, index, put_u32, put_u64};
use super::super::fault::{Fault, Named};
use super::super::format::{BadFile, FILE_HEAD_BYTES, FileKind};
use super::super::runs::Runs;
use super::paged::{Output, Paged, Pages, record};
use super::pieces::PIECE_BYTES;
use bytes::Bytes;
use feed::event::FeedKind;
use std::io;
use std::sync::Arc;

const TAIL_MAGIC: [u8; 8] = [0xff, b'T', b'd', b't', b'a', b'i', b'l', 0xfe];
const TAIL_BYTES: usize = 64;
const ROW_BYTES: usize = 24;
/// Longest plain block: one frame's worth at most.
const BLOCK_BYTES_MAX: usize = 1 << 30;
const ZSTD_LEVEL: i32 = 1;

/// A data file being written.
#[derive(Debug)]
pub(in super::super) struct DataWriter {
    out: Output,
    table: Vec<u8>,
    blocks: u32,
    entries: u64,
    compress: bool,
}

impl DataWriter {
    pub(in super::super) fn new(mut out: Output, kind: FeedKind, partition: u64, compress: bool) -> io::Result<Self> {
        out.put(&FileKind::Data(kind).head(partition))?;
        Ok(DataWriter { out, table: Vec::new(), blocks: 0, entries: 0, compress })
    }

    /// The number that the next block gets.
    pub(in super::super) fn next_block(&self) -> u32 {
        self.blocks
    }

    /// Writes a block; answers where it lies if it is not compressed.
    pub(in super::super) fn block(&mut self, block: &BlockBuilder) -> io::Result<Option<u64>> {
        let mut plain = Vec::with_capacity(block.size());
        block.put(&mut plain);
        let offset = self.out.offset();
        self.put(&plain)?;
        self.entries += block.count() as u64;
        Ok(Some(offset).filter(|_| !self.compress))
    }

    fn put(&mut self, plain: &[u8]) -> io::Result<()> {
        let compressed = if self.compress { Some(zstd::bulk::compress(plain, ZSTD_LEVEL)?) } else { None };
        let stored = compressed.as_deref().filter(|bytes| bytes.len() < plain.len());
        let is_compressed = stored.is_some();
        let stored = stored.unwrap_or(plain);
        put_u64(&mut self.table, self.out.offset());
        put_u32(&mut self.table, count32(stored.len()));
        put_u32(&mut self.table, count32(plain.len()));
        put_u32(&mut self.table, checksum(stored));
        self.table.extend_from_slice(&[u8::from(is_compressed), 0, 0, 0]);
        self.blocks += 1;
        self.out.put(stored)
    }

    /// Writes the table and the tail, and makes the file durable; answers its length.
    pub(in super::super) fn finish(mut self) -> io::Result<u64> {
        let table = self.out.offset();
        self.out.put_paged(&self.table)?;
        let mut tail = TAIL_MAGIC.to_vec();
        put_u64(&mut tail, 0);
        put_u64(&mut tail, table);
        put_u64(&mut tail, u64::from(self.blocks));
        put_u64(&mut tail, self.entries);
        tail.resize(TAIL_BYTES, 0);
        let checksum = tail_checksum(&tail);
        tail[8..12].copy_from_slice(&checksum.to_le_bytes());
        self.out.put(&tail)?;
        self.out.finish()
    }
}

fn tail_checksum(tail: &[u8]) -> u32 {
    checksum_of_both(&tail[..8], &tail[12..])
}

/// Where a rendering lies in a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

impl Span {
    fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }

    /// Whether the other comes behind it, with room for a comma between them.
    pub(super) fn is_before(&self, other: &Span) -> bool {
        self.end().checked_add(1) == Some(other.offset)
    }

    /// Whether the other, which comes behind it, is kept in one piece with it.
    fn is_of_one_piece_with(&self, other: &Span) -> bool {
        self.offset / PIECE_BYTES == other.offset / PIECE_BYTES
    }
}

/// How many bytes spans take that lie side by side, the commas between them included.
pub(super) fn span_of(side_by_side: &[Span]) -> usize {
    let (Some(first), Some(last)) = (side_by_side.first(), side_by_side.last()) else { return 0 };
    usize::try_from(last.end().saturating_sub(first.offset)).unwrap_or(usize::MAX)
}

/// A data file as read.
#[derive(Debug)]
pub(in super::super) struct Data {
    file: Named,
    /// Unique to the file.
    id: u64,
    size: u64,
    table: Paged,
    pages: Arc<Pages>,
    pub(in super::super) blocks: u32,
}

impl Data {
    /// Opens it. `id` is unique to the file.
    pub(in super::super) fn open(
        file: Named,
        kind: FeedKind,
        partition: u64,
        id: u64,
        pages: Arc<Pages>,
    ) -> Result<Self, Fault> {
        let size = file.file.size().map_err(|error| file.damaged(0, &format!("cannot be measured: {error}")))?;
        let head = file.read_vec(0, FILE_HEAD_BYTES)?;
        FileKind::Data(kind).check(partition, &head).map_err(|bad| bad_file(&file, &bad))?;
        let tail_at = size.checked_sub(TAIL_BYTES as u64).ok_or_else(|| file.damaged(size, "it is cut off"))?;
        let tail = file.read_vec(tail_at, TAIL_BYTES)?;
        let mut taker = Taker(&tail);
        let magic = taker.take(8);
        let checksum = taker.u32();
        if magic != Some(&TAIL_MAGIC) || checksum != Some(tail_checksum(&tail)) {
            return Err(file.damaged(tail_at, "its tail does not check"));
        }
        taker.u32();
        let numbers = (taker.u64(), taker.u64(), taker.u64());
        let (Some(table), Some(blocks), Some(_)) = numbers else {
            return Err(file.damaged(tail_at, "its tail is cut off"));
        };
        let blocks = u32::try_from(blocks).map_err(|_| file.damaged(tail_at, "it counts too many blocks"))?;
        let table = Paged::new(file.clone(), id, table, pages.clone());
        Ok(Data { file, id, size, table, pages, blocks })
    }

    /// A block, plain and checked.
    pub(in super::super) fn block(&self, number: u32) -> Result<Vec<u8>, Fault> {
        Ok(self.block_at(number)?.0)
    }

    /// A block, plain and checked, and where it lies if it is not compressed.
    pub(in super::super) fn block_at(&self, number: u32) -> Result<(Vec<u8>, Option<u64>), Fault> {
        let row = self.table.array::<ROW_BYTES>(record(0, number, ROW_BYTES))?;
        let mut taker = Taker(&row);
        let row = (taker.u64(), taker.u32(), taker.u32(), taker.u32(), taker.u8());
        let (Some(offset), Some(stored), Some(plain), Some(sum), Some(compressed)) = row else {
            return Err(self.file.damaged(0, "its table is cut off"));
        };
        if offset.checked_add(u64::from(stored)).is_none_or(|end| end > self.size) {
            return Err(self.file.damaged(offset, "its table leads beyond its end"));
        }
        let bytes = self.file.read_vec(offset, index(stored))?;
        if checksum(&bytes) != sum {
            return Err(self.file.damaged(offset, "a block of it does not match its checksum"));
        }
        if compressed == 0 {
            return Ok((bytes, Some(offset)));
        }
        let plain = zstd::bulk::decompress(&bytes, index(plain).min(BLOCK_BYTES_MAX));
        let plain =
            plain.map_err(|error| self.file.damaged(offset, &format!("a block of it cannot be decompressed: {error}")));
        Ok((plain?, None))
    }

    /// Puts renderings that lie side by side, with a comma between them, onto the end of a page: from the pieces that are
    /// kept, and those between them from the file.
    pub(super) fn renderings(&self, spans: &[Span], runs: &mut Runs) -> Result<(), Fault> {
        // Where the spans begin that are yet to be read, where a piece begins, and which pieces are to be kept.
        let (mut unread, mut at, mut asked_again) = (0, 0, Vec::new());
        for piece in spans.chunk_by(Span::is_of_one_piece_with) {
            let next = at + piece.len();
            let key = (self.id, piece[0].offset);
            match self.pages.pieces.get(key, span_of(piece)) {
                Some(piece) => {
                    self.read(&spans[unread..at], &asked_again, runs)?;
                    runs.push(piece);
                    unread = next;
                    asked_again.clear();
                }
                None if self.pages.pieces.was_asked_for(key) => asked_again.push((key, span_of(piece))),
                None => {}
            }
            at = next;
        }
        self.read(&spans[unread..], &asked_again, runs)
    }

    /// Reads renderings that lie side by side onto the end of a page, checks each, and keeps some pieces of them.
    fn read(&self, spans: &[Span], keep: &[((u64, u64), usize)], runs: &mut Runs) -> Result<(), Fault> {
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(()) };
        let beyond = || self.file.damaged(first.offset, "its index leads beyond its end");
        let length = last.end().checked_sub(first.offset).filter(|_| last.end() <= self.size).ok_or_else(beyond)?;
        let all = runs.read(&self.file, first.offset, usize::try_from(length).unwrap_or(usize::MAX))?;
        let mut rest = all;
        for (number, span) in spans.iter().enumerate() {
            if number > 0 {
                rest = rest.strip_prefix(b",").ok_or_else(|| self.wrong(span))?;
            }
            let (rendering, after) = rest.split_at_checked(index(span.length)).ok_or_else(|| self.wrong(span))?;
            if checksum(rendering) != span.checksum {
                return Err(self.wrong(span));
            }
            rest = after;
        }
        for ((file, offset), length) in keep {
            let begin = usize::try_from(offset - first.offset).unwrap_or(usize::MAX);
            if let Some(piece) = all.get(begin..).and_then(|all| all.get(..*length)) {
                self.pages.pieces.keep((*file, *offset), Bytes::copy_from_slice(piece));
            }
        }
        Ok(())
    }

    fn wrong(&self, span: &Span) -> Fault {
        self.file.damaged(span.offset, "a rendering in it does not match its checksum")
    }

    /// What a block holds, or where it is wrong.
    pub(in super::super) fn parse<'a>(&self, number: u32, bytes: &'a [u8]) -> Result<Block<'a>, Fault> {
        let block = Block::parse(bytes).map(|(block, _)| block);
        block.ok_or_else(|| self.file.damaged(0, &format!("block {number} of it is malformed")))
    }

    pub(in super::super) fn malformed(&self, number: u32) -> Fault {
        self.file.damaged(0, &format!("block {number} of it is malformed"))
    }
}

/// Tells what is wrong with a file.
pub(in super::super) fn bad_file(file: &Named, bad: &BadFile) -> Fault {
    match bad {
        BadFile::Newer(version) => {
            file.damaged(0, &format!("it is of format {version}, newer than this program knows"))
        }
        BadFile::Damaged(what) => file.damaged(0, what),
    }
}
