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
//!
//! A half may also lie in the frames of its partition. Then its blocks are those of the frames, plain, and the table of
//! them is a section of the index; it can be made again by going through the frames.

use super::super::block::{Block, BlockBuilder};
use super::super::checksum::{checksum, checksum_of_both};
use super::super::codec::{Taker, count32, index, put_u32, put_u64};
use super::super::fault::{Fault, Named};
use super::super::format::{BadFile, FILE_HEAD_BYTES, FileKind};
use super::super::frames_file::each_block;
use super::super::runs::Runs;
use super::paged::{Output, Paged, Pages, record};
use super::pieces::{PIECE_BYTES, PiecesOf};
use bytes::Bytes;
use feed::event::FeedKind;
use std::io;
use std::sync::Arc;

const TAIL_MAGIC: [u8; 8] = [0xff, b'T', b'd', b't', b'a', b'i', b'l', 0xfe];
const TAIL_BYTES: usize = 64;
/// Longest plain block: one frame's worth at most.
const BLOCK_BYTES_MAX: usize = 1 << 30;
const ZSTD_LEVEL: i32 = 1;

/// Length of a row of the table of blocks.
pub(in super::super) const ROW_BYTES: usize = 24;

/// A row of the table: where a block lies, and how.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct BlockRow {
    offset: u64,
    stored: u32,
    plain: u32,
    checksum: u32,
    compressed: bool,
}

impl BlockRow {
    /// That of a block that lies there as it is.
    pub(in super::super) fn plain(offset: u64, block: &[u8]) -> Self {
        let length = count32(block.len());
        BlockRow { offset, stored: length, plain: length, checksum: checksum(block), compressed: false }
    }

    /// Where the block lies, if it lies there as it is.
    pub(in super::super) fn lies_plain(&self) -> Option<u64> {
        Some(self.offset).filter(|_| !self.compressed)
    }

    pub(in super::super) fn put(&self, out: &mut Vec<u8>) {
        put_u64(out, self.offset);
        put_u32(out, self.stored);
        put_u32(out, self.plain);
        put_u32(out, self.checksum);
        out.extend_from_slice(&[u8::from(self.compressed), 0, 0, 0]);
    }

    fn parse(row: &[u8]) -> Option<Self> {
        let mut taker = Taker(row);
        Some(BlockRow {
            offset: taker.u64()?,
            stored: taker.u32()?,
            plain: taker.u32()?,
            checksum: taker.u32()?,
            compressed: taker.u8()? != 0,
        })
    }
}

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
        let compressed = stored.is_some();
        let stored = stored.unwrap_or(plain);
        BlockRow { plain: count32(plain.len()), compressed, ..BlockRow::plain(self.out.offset(), stored) }
            .put(&mut self.table);
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

/// The blocks of a half as read.
#[derive(Debug)]
pub(in super::super) struct Data {
    file: Named,
    size: u64,
    table: Table,
    pub(in super::super) blocks: u32,
}

/// The table of blocks.
#[derive(Debug)]
enum Table {
    /// On the disk: pages, and where in their content it begins.
    Stored(Paged, u64),
    /// Found by going through frames.
    Found(Vec<BlockRow>),
}

impl Data {
    /// Opens a data file. `id` is unique to the file.
    pub(in super::super) fn open(
        file: Named,
        kind: FeedKind,
        partition: u64,
        id: u64,
        pages: Arc<Pages>,
    ) -> Result<Self, Fault> {
        let size = measured(&file, FileKind::Data(kind), partition)?;
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
        let table = Table::Stored(Paged::new(file.clone(), id, table, pages), 0);
        Ok(Data { file, size, table, blocks })
    }

    /// Opens a file of frames, of which the index knows the blocks: its pages, and where in their content the rows begin
    /// and how long they are together.
    pub(super) fn in_frames(file: Named, partition: u64, index: Paged, rows: (u64, u64)) -> Result<Self, Fault> {
        let size = measured(&file, FileKind::Frames, partition)?;
        let (start, length) = rows;
        let blocks = u32::try_from(length / ROW_BYTES as u64);
        let blocks = blocks.map_err(|_| index.damaged(start, "it counts too many blocks"))?;
        Ok(Data { file, size, table: Table::Stored(index, start), blocks })
    }

    /// Goes through a file of frames for the blocks of one kind.
    pub(in super::super) fn found_in_frames(file: Named, kind: FeedKind, partition: u64) -> Result<Self, Fault> {
        let size = measured(&file, FileKind::Frames, partition)?;
        let mut found: Vec<(String, BlockRow)> = Vec::new();
        each_block(&file, partition, |offset, block, bytes| {
            if block.kind == kind {
                found.push((block.line.to_owned(), BlockRow::plain(offset, bytes)));
            }
        })?;
        // Frames come in the order of arrival, and so do those of each line.
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let rows: Vec<BlockRow> = found.into_iter().map(|(_, row)| row).collect();
        Ok(Data { file, size, blocks: count32(rows.len()), table: Table::Found(rows) })
    }

    fn row(&self, number: u32) -> Result<BlockRow, Fault> {
        if self.blocks <= number {
            return Err(self.file.damaged(0, &format!("it has no block {number}")));
        }
        let row = match &self.table {
            Table::Stored(pages, start) => {
                BlockRow::parse(&pages.array::<ROW_BYTES>(record(*start, number, ROW_BYTES))?)
            }
            Table::Found(rows) => rows.get(index(number)).copied(),
        };
        row.ok_or_else(|| self.file.damaged(0, "its table is cut off"))
    }

    /// A block, plain and checked.
    pub(in super::super) fn block(&self, number: u32) -> Result<Vec<u8>, Fault> {
        Ok(self.block_at(number)?.0)
    }

    /// A block, plain and checked, and where and how it lies.
    pub(in super::super) fn block_at(&self, number: u32) -> Result<(Vec<u8>, BlockRow), Fault> {
        let row = self.row(number)?;
        let BlockRow { offset, stored, plain, checksum: sum, compressed } = row;
        if offset.checked_add(u64::from(stored)).is_none_or(|end| end > self.size) {
            return Err(self.file.damaged(offset, "its table leads beyond its end"));
        }
        let bytes = self.file.read_vec(offset, index(stored))?;
        if checksum(&bytes) != sum {
            return Err(self.file.damaged(offset, "a block of it does not match its checksum"));
        }
        if !compressed {
            return Ok((bytes, row));
        }
        let plain = zstd::bulk::decompress(&bytes, index(plain).min(BLOCK_BYTES_MAX));
        let plain =
            plain.map_err(|error| self.file.damaged(offset, &format!("a block of it cannot be decompressed: {error}")));
        Ok((plain?, row))
    }

    /// Puts renderings that lie side by side, with a comma between them, onto the end of a page: from the pieces that are
    /// kept, and those between them from the file.
    pub(super) fn renderings(&self, spans: &[Span], pieces: &PiecesOf, runs: &mut Runs) -> Result<(), Fault> {
        // Where the spans begin that are yet to be read, where a piece begins, and which pieces are to be kept.
        let (mut unread, mut at, mut asked_again) = (0, 0, Vec::new());
        for piece in spans.chunk_by(Span::is_of_one_piece_with) {
            let next = at + piece.len();
            let (offset, length) = (piece[0].offset, span_of(piece));
            match pieces.get(offset, length) {
                Some(kept) => {
                    self.read(&spans[unread..at], (pieces, &asked_again), runs)?;
                    runs.push(kept);
                    unread = next;
                    asked_again.clear();
                }
                None if pieces.was_asked_for(offset) => asked_again.push((offset, length)),
                None => {}
            }
            at = next;
        }
        self.read(&spans[unread..], (pieces, &asked_again), runs)
    }

    /// Reads renderings that lie side by side onto the end of a page, checks each, and keeps some pieces of them: where
    /// each begins in the file, and its length.
    fn read(&self, spans: &[Span], keep: (&PiecesOf, &[(u64, usize)]), runs: &mut Runs) -> Result<(), Fault> {
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
        let (pieces, asked_again) = keep;
        for (offset, length) in asked_again {
            let begin = usize::try_from(offset - first.offset).unwrap_or(usize::MAX);
            if let Some(piece) = all.get(begin..).and_then(|all| all.get(..*length)) {
                pieces.keep(*offset, Bytes::copy_from_slice(piece));
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

/// How long a file is, when its head was found right.
fn measured(file: &Named, kind: FileKind, partition: u64) -> Result<u64, Fault> {
    let size = file.file.size().map_err(|error| file.damaged(0, &format!("cannot be measured: {error}")))?;
    let head = file.read_vec(0, FILE_HEAD_BYTES)?;
    kind.check(partition, &head).map_err(|bad| bad_file(file, &bad))?;
    Ok(size)
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
