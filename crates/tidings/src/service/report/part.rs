//! A file of a report being written: aside, hashed on the way, synced, and only then under its name.

use super::csv;
use super::parquet::ParquetWriter;
use crate::entropy::hex;
use feed::report::{Asked, Format, Row};
use feed::time::Second;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use store::report_store::PartRecord;

/// What a part is called while it is written.
const NEW: &str = ".new";

/// An event for a report.
pub(super) struct Entry {
    pub(super) created_at: Second,
    pub(super) recorded_at: Second,
    pub(super) bytes: bytes::Bytes,
}

/// The form of the part.
enum Form {
    Csv,
    Ndjson,
    Parquet(ParquetWriter),
}

/// A part being written.
pub(super) struct Part {
    file: File,
    dir: PathBuf,
    name: String,
    form: Form,
    asked: Asked,
    hash: Sha256,
    buffer: Vec<u8>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Part {
    /// Begins part `number`, counted from 1, of a report that is kept in a directory.
    pub(super) fn begin(dir: &Path, number: usize, asked: &Asked) -> io::Result<Self> {
        let name = format!("part-{number:05}.{}", asked.format.word());
        let file = File::create(dir.join(format!("{name}{NEW}")))?;
        let mut buffer = Vec::new();
        let form = match asked.format {
            Format::Csv => {
                csv::head(&asked.columns, &mut buffer);
                Form::Csv
            }
            Format::Ndjson => Form::Ndjson,
            Format::Parquet => Form::Parquet(ParquetWriter::new(asked.columns.clone(), &mut buffer)),
        };
        let (asked, hash) = (asked.clone(), Sha256::new());
        Ok(Part { file, dir: dir.to_owned(), name, form, asked, hash, buffer, rows: 0, bytes: 0 })
    }

    /// Adds events.
    pub(super) fn write(&mut self, entries: &[Entry]) -> io::Result<()> {
        for entry in entries {
            let row = || Row::of(entry.created_at, entry.recorded_at, &entry.bytes);
            match &mut self.form {
                Form::Csv => csv::row(&row(), &self.asked.columns, &mut self.buffer),
                Form::Ndjson => {
                    // Within an event a line break can only stand between its parts, where a blank means the same.
                    let start = self.buffer.len();
                    self.buffer.extend_from_slice(&entry.bytes);
                    let breaks = self.buffer[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r'));
                    breaks.for_each(|byte| *byte = b' ');
                    self.buffer.push(b'\n');
                }
                Form::Parquet(writer) => writer.row(&row(), &mut self.buffer)?,
            }
        }
        self.rows += entries.len() as u64;
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hash.update(&self.buffer);
        self.bytes += self.buffer.len() as u64;
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Ends the file and makes it durable under its name.
    pub(super) fn finish(mut self) -> io::Result<PartRecord> {
        if let Form::Parquet(writer) = std::mem::replace(&mut self.form, Form::Ndjson) {
            writer.finish(&mut self.buffer)?;
        }
        self.flush()?;
        self.file.sync_all()?;
        std::fs::rename(self.dir.join(format!("{}{NEW}", self.name)), self.dir.join(&self.name))?;
        File::open(&self.dir)?.sync_all()?;
        let sha256 = hex(&self.hash.finalize());
        Ok(PartRecord { name: self.name, rows: self.rows, bytes: self.bytes, sha256 })
    }
}

/// Writes a small file aside, and then under its name.
pub(super) fn put_file(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let aside = dir.join(format!("{name}{NEW}"));
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(aside, dir.join(name))?;
    File::open(dir)?.sync_all()
}
