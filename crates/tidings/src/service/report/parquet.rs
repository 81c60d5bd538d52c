//! Writing Parquet: flat columns of times and texts, none of them null, in the plainest encoding, compressed by zstd.
//!
//! The format is that of Apache Parquet (parquet-format, `parquet.thrift`); of it this needs so little that a writer of its
//! own is smaller than what a general one would bring along (decision 0013).
//!
//! ```text
//! PAR1   row groups: for each column one page (header, then values, compressed)   footer   its length (4)   PAR1
//! ```

use feed::report::{Cell, Column, Row};
use std::io;

const MAGIC: &[u8; 4] = b"PAR1";
const ZSTD_LEVEL: i32 = 1;
/// A row group ends at so many rows,
const GROUP_ROWS: usize = 20_000;
/// or so many bytes, whichever comes first. So much is in memory.
const GROUP_BYTES: usize = 16 << 20;

/// Physical types, encodings, codecs and the like, by the numbers of `parquet.thrift`.
mod number {
    pub(super) const INT64: i64 = 2;
    pub(super) const BYTE_ARRAY: i64 = 6;
    pub(super) const REQUIRED: i64 = 0;
    pub(super) const UTF8: i64 = 0;
    pub(super) const TIMESTAMP_MILLIS: i64 = 9;
    pub(super) const PLAIN: i64 = 0;
    pub(super) const RLE: i64 = 3;
    pub(super) const ZSTD: i64 = 6;
    pub(super) const DATA_PAGE: i64 = 0;
}

/// Thrift's compact protocol, as far as it is needed.
#[derive(Debug, Default)]
struct Thrift {
    out: Vec<u8>,
    last_field: i16,
}

impl Thrift {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push((number as u8 & 0x7f) | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    fn field(&mut self, id: i16, kind: u8) {
        // Fields come in order and close to each other.
        self.out.push(((id - self.last_field) as u8) << 4 | kind);
        self.last_field = id;
    }

    fn zigzag(&mut self, number: i64) {
        self.varint((number << 1 ^ number >> 63) as u64);
    }

    fn i32(&mut self, id: i16, number: i64) {
        self.field(id, 5);
        self.zigzag(number);
    }

    fn i64(&mut self, id: i16, number: i64) {
        self.field(id, 6);
        self.zigzag(number);
    }

    fn yes(&mut self, id: i16) {
        self.field(id, 1);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn text(&mut self, id: i16, text: &str) {
        self.field(id, 8);
        self.bytes(text.as_bytes());
    }

    fn list(&mut self, id: i16, kind: u8, count: usize) {
        self.field(id, 9);
        if count < 15 {
            self.out.push((count as u8) << 4 | kind);
        } else {
            self.out.push(0xf0 | kind);
            self.varint(count as u64);
        }
    }

    /// A struct as a field.
    fn within(&mut self, id: i16, write: impl FnOnce(&mut Self)) {
        self.field(id, 12);
        self.object(write);
    }

    /// A struct by itself, or in a list.
    fn object(&mut self, write: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.last_field, 0);
        write(self);
        self.out.push(0);
        self.last_field = outer;
    }
}

/// A column of a row group that is written.
#[derive(Debug)]
struct Chunk {
    offset: i64,
    stored: i64,
    plain: i64,
}

/// A row group that is written.
#[derive(Debug)]
struct Group {
    rows: i64,
    chunks: Vec<Chunk>,
}

/// A Parquet file being written. Bytes to be written gather in a buffer that the caller empties.
#[derive(Debug)]
pub(super) struct ParquetWriter {
    columns: Vec<Column>,
    /// Values of the row group being filled, by column.
    values: Vec<Vec<u8>>,
    rows: usize,
    groups: Vec<Group>,
    offset: usize,
}

impl ParquetWriter {
    /// Begins a file.
    pub(super) fn new(columns: Vec<Column>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(MAGIC);
        let values = vec![Vec::new(); columns.len()];
        ParquetWriter { columns, values, rows: 0, groups: Vec::new(), offset: MAGIC.len() }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When what was gathered cannot be compressed.
    pub(super) fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> io::Result<()> {
        for (column, values) in self.columns.iter().zip(&mut self.values) {
            match row.cell(*column) {
                Cell::Time(time) => values.extend_from_slice(&(i64::from(time.0) * 1_000).to_le_bytes()),
                Cell::Text(text) => {
                    // An event has 64 KiB at most.
                    values.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
                    values.extend_from_slice(text.as_bytes());
                }
            }
        }
        self.rows += 1;
        let bytes: usize = self.values.iter().map(Vec::len).sum();
        if self.rows >= GROUP_ROWS || bytes >= GROUP_BYTES { self.end_group(out) } else { Ok(()) }
    }

    fn end_group(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = self.rows as i64;
        let mut group = Group { rows, chunks: Vec::new() };
        for values in &mut self.values {
            let stored = zstd::bulk::compress(values, ZSTD_LEVEL)?;
            let mut head = Thrift::default();
            head.object(|head| {
                head.i32(1, number::DATA_PAGE);
                head.i32(2, values.len() as i64);
                head.i32(3, stored.len() as i64);
                head.within(5, |page| {
                    page.i32(1, rows);
                    page.i32(2, number::PLAIN);
                    page.i32(3, number::RLE);
                    page.i32(4, number::RLE);
                });
            });
            let (plain, whole) = (head.out.len() + values.len(), head.out.len() + stored.len());
            group.chunks.push(Chunk { offset: self.offset as i64, stored: whole as i64, plain: plain as i64 });
            out.extend_from_slice(&head.out);
            out.extend_from_slice(&stored);
            self.offset += whole;
            values.clear();
        }
        self.groups.push(group);
        self.rows = 0;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When what was gathered cannot be compressed.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.end_group(out)?;
        let footer = self.footer();
        out.extend_from_slice(&footer);
        out.extend_from_slice(&u32::try_from(footer.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(MAGIC);
        Ok(())
    }

    fn footer(&self) -> Vec<u8> {
        let mut footer = Thrift::default();
        footer.object(|file| {
            file.i32(1, 2);
            file.list(2, 12, self.columns.len() + 1);
            file.object(|root| {
                root.text(4, "events");
                root.i32(5, self.columns.len() as i64);
            });
            for column in &self.columns {
                file.object(|element| schema(element, *column));
            }
            file.i64(3, self.groups.iter().map(|group| group.rows).sum());
            file.list(4, 12, self.groups.len());
            for group in &self.groups {
                file.object(|out| self.group(out, group));
            }
            file.text(6, "Tidings");
        });
        footer.out
    }

    fn group(&self, out: &mut Thrift, group: &Group) {
        out.list(1, 12, group.chunks.len());
        for (column, chunk) in self.columns.iter().zip(&group.chunks) {
            out.object(|out| {
                out.i64(2, chunk.offset);
                out.within(3, |meta| {
                    meta.i32(1, physical(*column));
                    meta.list(2, 5, 1);
                    meta.zigzag(number::PLAIN);
                    meta.list(3, 8, 1);
                    meta.bytes(column.name().as_bytes());
                    meta.i32(4, number::ZSTD);
                    meta.i64(5, group.rows);
                    meta.i64(6, chunk.plain);
                    meta.i64(7, chunk.stored);
                    meta.i64(9, chunk.offset);
                });
            });
        }
        out.i64(2, group.chunks.iter().map(|chunk| chunk.plain).sum());
        out.i64(3, group.rows);
    }
}

fn physical(column: Column) -> i64 {
    if column.is_time() { number::INT64 } else { number::BYTE_ARRAY }
}

/// What the footer says of a column: both the old and the new way to name its type.
fn schema(out: &mut Thrift, column: Column) {
    out.i32(1, physical(column));
    out.i32(3, number::REQUIRED);
    out.text(4, column.name());
    if column.is_time() {
        out.i32(6, number::TIMESTAMP_MILLIS);
        out.within(10, |logical| {
            logical.within(8, |time| {
                // In UTC, counted in milliseconds.
                time.yes(1);
                time.within(2, |unit| unit.within(1, |_| {}));
            });
        });
    } else {
        out.i32(6, number::UTF8);
        out.within(10, |logical| logical.within(1, |_| {}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::time::Second;

    #[test]
    fn thrift_is_compact() {
        let mut out = Thrift::default();
        out.object(|out| {
            out.i32(1, 1);
            out.i64(4, -3);
            out.text(5, "ab");
            out.within(6, |_| {});
        });
        assert_eq!(out.out, [0x15, 2, 0x36, 5, 0x18, 2, b'a', b'b', 0x1c, 0, 0]);
    }

    #[test]
    fn a_file_begins_and_ends_as_it_must_and_its_groups_are_bounded() {
        let mut out = Vec::new();
        let mut writer = ParquetWriter::new(vec![Column::CreatedAt, Column::EventId], &mut out);
        for _ in 0..GROUP_ROWS + 1 {
            writer.row(&Row::of(Second(5), Second(6), br#"{"event_id":"e"}"#), &mut out).unwrap();
        }
        assert_eq!(writer.groups.len(), 1);
        writer.finish(&mut out).unwrap();
        assert!(out.starts_with(MAGIC) && out.ends_with(MAGIC));
        let length = u32::from_le_bytes(out[out.len() - 8..out.len() - 4].try_into().unwrap());
        assert!((length as usize) < out.len() - 12);
    }
}
