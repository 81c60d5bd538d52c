//! The data file of a sealed half partition: blocks, each with a checksum and perhaps compressed, and a table of them.
//!
//! ```text
//!  head of the file (64)
//!  since version 4, if renderings are compressed one by one: the dictionary (see `singly`)
//!  blocks, one after the other (see `block`)
//!  pages (see `paged`) of the table: per block
//!      offset (8)  bytes stored (4)  bytes plain (4)  checksum as stored (4)  packing (1)  zero (3)
//!  tail (64): magic (8)  checksum of the tail without this field (4)  zero (4)
//!             offset of the table (8)  count of blocks (8)  count of entries (8)
//!             since version 4: offset of the dictionary, or 0 (8)  its length (4)  its checksum (4)  zero (8)
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
use super::super::live::BlockAt;
use super::super::runs::Runs;
use super::paged::{Output, Paged, Pages, record};
use super::pieces::{PIECE_BYTES, PiecesOf};
use super::singly::{DICTIONARY_BYTES_MAX, Dictionary, Packer, SAMPLES_BYTES, dictionary_of};
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

/// How a block is put down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Packing {
    /// As it is.
    Plain = 0,
    /// As one zstd frame.
    Whole = 1,
    /// Its renderings one by one.
    Singly = 2,
}

impl Packing {
    /// How blocks are compressed, if they are: pages of an enterprise feed are runs of neighbours, those of a user feed are
    /// gathered from all over.
    pub(in super::super) fn of(kind: FeedKind, compress: bool) -> Self {
        match (compress, kind) {
            (false, _) => Packing::Plain,
            (true, FeedKind::Enterprise) => Packing::Whole,
            (true, FeedKind::User) => Packing::Singly,
        }
    }

    fn parse(byte: u8) -> Option<Self> {
        [Packing::Plain, Packing::Whole, Packing::Singly].into_iter().find(|packing| *packing as u8 == byte)
    }
}

/// A row of the table: where a block lies, and how.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct BlockRow {
    offset: u64,
    stored: u32,
    plain: u32,
    checksum: u32,
    packing: Packing,
}

impl BlockRow {
    /// That of a block that lies there as it is.
    pub(in super::super) fn plain(offset: u64, block: &[u8]) -> Self {
        let length = count32(block.len());
        BlockRow { offset, stored: length, plain: length, checksum: checksum(block), packing: Packing::Plain }
    }

    /// That of a block that lies in the frames of its partition.
    pub(super) fn in_frames(at: &BlockAt) -> Self {
        let BlockAt { offset, bytes, checksum, .. } = *at;
        BlockRow { offset, stored: bytes, plain: bytes, checksum, packing: Packing::Plain }
    }

    pub(in super::super) fn put(&self, out: &mut Vec<u8>) {
        put_u64(out, self.offset);
        put_u32(out, self.stored);
        put_u32(out, self.plain);
        put_u32(out, self.checksum);
        out.extend_from_slice(&[self.packing as u8, 0, 0, 0]);
    }

    fn parse(row: &[u8]) -> Option<Self> {
        let mut taker = Taker(row);
        Some(BlockRow {
            offset: taker.u64()?,
            stored: taker.u32()?,
            plain: taker.u32()?,
            checksum: taker.u32()?,
            packing: Packing::parse(taker.u8()?)?,
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
    packing: Packing,
    /// The dictionary's place in the file, and what compresses with it, once it is made.
    packer: Option<(Span, Packer)>,
    /// Blocks that wait until there is enough to make the dictionary of.
    waiting: Vec<Vec<u8>>,
    waiting_bytes: usize,
}

impl DataWriter {
    pub(in super::super) fn new(mut out: Output, kind: FeedKind, partition: u64, packing: Packing) -> io::Result<Self> {
        out.put(&FileKind::Data(kind).head(partition))?;
        Ok(DataWriter {
            out,
            table: Vec::new(),
            blocks: 0,
            entries: 0,
            packing,
            packer: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
        })
    }

    /// The number that the next block gets.
    pub(in super::super) fn next_block(&self) -> u32 {
        self.blocks
    }

    /// Takes a block, the next. Answers where the next renderings lie: of this block and those before it of which that was
    /// not told yet, if they were written, and unless blocks are compressed whole.
    pub(in super::super) fn block(&mut self, block: &BlockBuilder) -> io::Result<Vec<Span>> {
        let mut plain = Vec::with_capacity(block.size());
        block.put(&mut plain);
        self.blocks += 1;
        self.entries += block.count() as u64;
        match self.packing {
            Packing::Plain => {
                let offset = self.out.offset();
                self.put(&plain, &plain, Packing::Plain)?;
                let span = |(start, length, checksum)| Span { offset: offset + start as u64, length, checksum };
                Ok(block.spans().map(span).collect())
            }
            Packing::Whole => {
                let compressed = zstd::bulk::compress(&plain, ZSTD_LEVEL)?;
                match compressed.len() < plain.len() {
                    true => self.put(&plain, &compressed, Packing::Whole)?,
                    false => self.put(&plain, &plain, Packing::Plain)?,
                }
                Ok(Vec::new())
            }
            Packing::Singly => {
                self.waiting_bytes += plain.len();
                self.waiting.push(plain);
                if self.packer.is_none() && self.waiting_bytes < SAMPLES_BYTES {
                    return Ok(Vec::new());
                }
                self.pack_waiting()
            }
        }
    }

    fn put(&mut self, plain: &[u8], stored: &[u8], packing: Packing) -> io::Result<()> {
        BlockRow { plain: count32(plain.len()), packing, ..BlockRow::plain(self.out.offset(), stored) }
            .put(&mut self.table);
        self.out.put(stored)
    }

    fn pack_waiting(&mut self) -> io::Result<Vec<Span>> {
        let waiting = std::mem::take(&mut self.waiting);
        let parsed: Option<Vec<Block<'_>>> = waiting.iter().map(|plain| Some(Block::parse(plain)?.0)).collect();
        let parsed = parsed.ok_or(io::ErrorKind::InvalidData)?;
        let (dictionary, mut packer) = match self.packer.take() {
            Some(made) => made,
            None => {
                let samples =
                    parsed.iter().flat_map(|block| (0..block.count()).filter_map(|slot| block.rendering(slot)));
                let bytes = dictionary_of(&samples.collect::<Vec<_>>());
                let dictionary = Span::of(self.out.offset(), &bytes);
                self.out.put(&bytes)?;
                (dictionary, Packer::new(&bytes)?)
            }
        };
        let mut spans = Vec::new();
        for (plain, block) in waiting.iter().zip(&parsed) {
            let (packed, lie) = packer.pack(plain, block)?;
            let offset = self.out.offset();
            spans.extend(lie.into_iter().map(|range| Span::of(offset + range.start as u64, &packed[range])));
            self.put(plain, &packed, Packing::Singly)?;
        }
        self.packer = Some((dictionary, packer));
        Ok(spans)
    }

    /// Writes what waits, the table and the tail, and makes the file durable. Answers its length, and where the last
    /// renderings lie.
    pub(in super::super) fn finish(mut self) -> io::Result<(u64, Vec<Span>)> {
        let spans = if self.waiting.is_empty() { Vec::new() } else { self.pack_waiting()? };
        let table = self.out.offset();
        self.out.put_paged(&self.table)?;
        let mut tail = TAIL_MAGIC.to_vec();
        put_u64(&mut tail, 0);
        put_u64(&mut tail, table);
        put_u64(&mut tail, u64::from(self.blocks));
        put_u64(&mut tail, self.entries);
        if let Some((dictionary, _)) = &self.packer {
            put_u64(&mut tail, dictionary.offset);
            put_u32(&mut tail, dictionary.length);
            put_u32(&mut tail, dictionary.checksum);
        }
        tail.resize(TAIL_BYTES, 0);
        let checksum = tail_checksum(&tail);
        tail[8..12].copy_from_slice(&checksum.to_le_bytes());
        self.out.put(&tail)?;
        Ok((self.out.finish()?, spans))
    }
}

fn tail_checksum(tail: &[u8]) -> u32 {
    checksum_of_both(&tail[..8], &tail[12..])
}

/// Where a rendering lies in the file of its block, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

impl Span {
    /// That of bytes that lie there.
    fn of(offset: u64, bytes: &[u8]) -> Self {
        Span { offset, length: count32(bytes.len()), checksum: checksum(bytes) }
    }

    /// Those of the renderings of a block that lies there as it is; `None` if it cannot be read.
    pub(in super::super) fn of_block(offset: u64, block: &Block<'_>) -> Option<Vec<Self>> {
        let span = |slot| {
            let start = block.renderings_offset() + block.span(slot, slot)?.start;
            Some(Span::of(offset + start as u64, block.rendering(slot)?))
        };
        (0..block.count()).map(span).collect()
    }

    fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }

    /// Whether the other comes behind it, with room for a comma between them.
    fn is_before(&self, other: &Span) -> bool {
        self.end().checked_add(1) == Some(other.offset)
    }

    /// Whether the other, which comes behind it, is kept in one piece with it.
    fn is_of_one_piece_with(&self, other: &Span) -> bool {
        self.offset / PIECE_BYTES == other.offset / PIECE_BYTES
    }
}

/// How many bytes spans take that lie side by side, the commas between them included.
fn span_of(side_by_side: &[Span]) -> usize {
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
    /// If renderings are compressed one by one, with what.
    dictionary: Option<Dictionary>,
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
        let sum = taker.u32();
        if magic != Some(&TAIL_MAGIC) || sum != Some(tail_checksum(&tail)) {
            return Err(file.damaged(tail_at, "its tail does not check"));
        }
        taker.u32();
        let numbers = (taker.u64(), taker.u64(), taker.u64());
        let (Some(table), Some(blocks), Some(_)) = numbers else {
            return Err(file.damaged(tail_at, "its tail is cut off"));
        };
        let blocks = u32::try_from(blocks).map_err(|_| file.damaged(tail_at, "it counts too many blocks"))?;
        let dictionary = taker.u64().zip(taker.u32()).zip(taker.u32()).filter(|((offset, _), _)| *offset > 0);
        let dictionary = dictionary.map(|((offset, length), sum)| {
            let damaged = |what: &str| file.damaged(offset, what);
            if index(length) > DICTIONARY_BYTES_MAX {
                return Err(damaged("its dictionary is too long"));
            }
            let bytes = file.read_vec(offset, index(length))?;
            if checksum(&bytes) != sum {
                return Err(damaged("its dictionary does not match its checksum"));
            }
            Dictionary::new(&bytes).map_err(|error| damaged(&format!("its dictionary cannot be used: {error}")))
        });
        let table = Table::Stored(Paged::new(file.clone(), id, table, pages), 0);
        Ok(Data { dictionary: dictionary.transpose()?, file, size, table, blocks })
    }

    /// Opens a file of frames, of which the index knows the blocks: its pages, and where in their content the rows begin
    /// and how long they are together.
    pub(super) fn in_frames(file: Named, partition: u64, index: Paged, rows: (u64, u64)) -> Result<Self, Fault> {
        let size = measured(&file, FileKind::Frames, partition)?;
        let (start, length) = rows;
        let blocks = u32::try_from(length / ROW_BYTES as u64);
        let blocks = blocks.map_err(|_| index.damaged(start, "it counts too many blocks"))?;
        Ok(Data { file, size, table: Table::Stored(index, start), blocks, dictionary: None })
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
        Ok(Data { file, size, blocks: count32(rows.len()), table: Table::Found(rows), dictionary: None })
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
        Ok(self.load(&self.row(number)?)?.0)
    }

    /// A block, plain and checked; its row; and where each of its renderings lies, unless it is compressed whole.
    pub(in super::super) fn block_at(&self, number: u32) -> Result<(Vec<u8>, BlockRow, Vec<Span>), Fault> {
        let row = self.row(number)?;
        let (bytes, mut spans) = self.load(&row)?;
        if row.packing == Packing::Plain {
            let block = self.parse(number, &bytes)?;
            spans = Span::of_block(row.offset, &block).ok_or_else(|| self.malformed(number))?;
        }
        Ok((bytes, row, spans))
    }

    /// The block of a row, and where its renderings lie if they are compressed one by one.
    fn load(&self, row: &BlockRow) -> Result<(Vec<u8>, Vec<Span>), Fault> {
        let BlockRow { offset, stored, plain, checksum: sum, packing } = *row;
        if offset.checked_add(u64::from(stored)).is_none_or(|end| end > self.size) {
            return Err(self.file.damaged(offset, "its table leads beyond its end"));
        }
        let bytes = self.file.read_vec(offset, index(stored))?;
        if checksum(&bytes) != sum {
            return Err(self.file.damaged(offset, "a block of it does not match its checksum"));
        }
        let length = index(plain).min(BLOCK_BYTES_MAX);
        let damaged = |what: String| self.file.damaged(offset, &format!("a block of it cannot be decompressed{what}"));
        match packing {
            Packing::Plain => Ok((bytes, Vec::new())),
            Packing::Whole => {
                let plain = zstd::bulk::decompress(&bytes, length).map_err(|error| damaged(format!(": {error}")))?;
                Ok((plain, Vec::new()))
            }
            Packing::Singly => {
                let dictionary =
                    self.dictionary.as_ref().ok_or_else(|| damaged(", there is no dictionary".to_owned()))?;
                let mut unpacker = dictionary.unpacker().map_err(|error| damaged(format!(": {error}")))?;
                let (plain, lie) = unpacker.block(&bytes, length).ok_or_else(|| damaged(String::new()))?;
                let spans = lie.into_iter().map(|range| Span::of(offset + range.start as u64, &bytes[range]));
                Ok((plain, spans.collect()))
            }
        }
    }

    /// Reads renderings onto the end of a page, and checks each.
    pub(super) fn fetch(&self, spans: &[Span], pieces: &PiecesOf, runs: &mut Runs) -> Result<(), Fault> {
        let Some(dictionary) = &self.dictionary else {
            runs.expect(spans.chunk_by(Span::is_before).map(span_of));
            return spans.chunk_by(Span::is_before).try_for_each(|group| self.renderings(group, pieces, runs));
        };
        let wrong = |span: &Span, error: io::Error| {
            self.file.damaged(span.offset, &format!("a rendering in it cannot be decompressed: {error}"))
        };
        let Some(first) = spans.first() else { return Ok(()) };
        let mut unpacker = dictionary.unpacker().map_err(|error| wrong(first, error))?;
        for span in spans {
            if span.end() > self.size {
                return Err(self.file.damaged(span.offset, "its index leads beyond its end"));
            }
            let packed = self.file.read_vec(span.offset, index(span.length))?;
            if checksum(&packed) != span.checksum {
                return Err(self.wrong(span));
            }
            runs.push(unpacker.rendering(&packed).map_err(|error| wrong(span, error))?.into());
        }
        Ok(())
    }

    /// Puts renderings that lie side by side, with a comma between them, onto the end of a page: from the pieces that are
    /// kept, and those between them from the file.
    fn renderings(&self, spans: &[Span], pieces: &PiecesOf, runs: &mut Runs) -> Result<(), Fault> {
        // Where the spans begin that are yet to be read, where a piece begins, and which pieces are to be kept.
        let (mut unread, mut at, mut asked_again) = (0, 0, Vec::new());
        for piece in spans.chunk_by(Span::is_of_one_piece_with) {
            let next = at + piece.len();
            let (offset, length) = (piece[0].offset, span_of(piece));
            if unread == at && pieces.put(offset, length, runs) {
                (unread, at) = (next, next);
                continue;
            }
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
