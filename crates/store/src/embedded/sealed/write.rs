//! Writing a half partition: its data file and its index, aside, and then under their names; or its index alone, if its
//! blocks stay where they are.

use super::super::block::{Block, BlockBuilder, Facts};
use super::super::codec::count32;
use super::super::files::Files;
use super::super::format::{FileKind, NEW};
use super::super::live::LiveIndex;
use super::super::manifest::HalfRecord;
use super::data::{Data, DataWriter, Packing};
use super::from_live::FromLive;
use super::index::{IndexBuilder, Ranges};
use super::name::{HalfName, Lies};
use super::paged::Output;
use crate::embedded::fault::Fault;
use std::io;
use std::path::{Path, PathBuf};

/// A block is closed at so many entries or bytes, whichever comes first: about a page.
const BLOCK: (usize, usize) = (100, 256 * 1024);

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(NEW);
    PathBuf::from(name)
}

/// A half partition being written. Lines come in the order of their ids, entries in arrival order.
#[derive(Debug)]
pub(in super::super) struct HalfWriter<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    name: HalfName,
    data: DataWriter,
    index: IndexBuilder,
    block: Option<BlockBuilder>,
    line: String,
    packing: Packing,
}

impl<'a> HalfWriter<'a> {
    pub(in super::super) fn new(
        files: &'a dyn Files,
        dir: &'a Path,
        name: HalfName,
        compress: bool,
    ) -> io::Result<Self> {
        let out = Output::new(files.create(&aside(&name.data(dir)))?);
        let packing = Packing::of(name.kind, compress);
        let data = DataWriter::new(out, name.kind, name.partition, packing)?;
        Ok(HalfWriter {
            files,
            dir,
            name,
            data,
            index: IndexBuilder::new(name.kind),
            block: None,
            line: String::new(),
            packing,
        })
    }

    /// Begins a line, if it is another than the one before.
    pub(in super::super) fn line(&mut self, id: &str) -> io::Result<()> {
        if self.line != id {
            self.end_block()?;
            id.clone_into(&mut self.line);
        }
        self.index.line(id);
        Ok(())
    }

    pub(in super::super) fn push(&mut self, facts: &Facts<'_>, facts_bytes: &[u8], rendering: &[u8]) -> io::Result<()> {
        let (entries, bytes) = BLOCK;
        let full = |block: &BlockBuilder| block.count() >= entries || block.size() + rendering.len() > bytes;
        if self.block.as_ref().is_some_and(full) {
            self.end_block()?;
        }
        let block = self.block.get_or_insert_with(|| BlockBuilder::new(self.name.kind, &self.line));
        let slot = block.push(|out| out.extend_from_slice(facts_bytes), rendering.to_vec());
        self.index.push(facts, rendering, self.data.next_block(), count32(slot));
        Ok(())
    }

    /// Copies the entries of a block for which `keep` says so.
    pub(in super::super) fn copy(&mut self, block: &Block<'_>, keep: impl Fn(&Facts<'_>) -> bool) -> io::Result<bool> {
        for slot in 0..block.count() {
            let parts = (block.facts(slot), block.facts_bytes(slot), block.rendering(slot));
            let (Some(facts), Some(facts_bytes), Some(rendering)) = parts else { return Ok(false) };
            if keep(&facts) {
                self.line(block.line)?;
                self.push(&facts, facts_bytes, rendering)?;
            }
        }
        Ok(true)
    }

    fn end_block(&mut self) -> io::Result<()> {
        let Some(block) = self.block.take() else { return Ok(()) };
        self.data.block(&block)?.iter().for_each(|span| self.index.lies(span));
        Ok(())
    }

    /// Makes both files durable and gives them their names, which are durable only when the directory is synced.
    pub(in super::super) fn finish(mut self) -> io::Result<HalfRecord> {
        self.end_block()?;
        let (data_bytes, spans) = self.data.finish()?;
        spans.iter().for_each(|span| self.index.lies(span));
        let (index_bytes, ranges) = write_index(self.files, self.dir, self.name, self.index)?;
        let path = self.name.data(self.dir);
        self.files.rename(&aside(&path), &path)?;
        Ok(HalfRecord::new(self.name.generation, (data_bytes, index_bytes), self.packing != Packing::Plain, &ranges))
    }
}

fn write_index(files: &dyn Files, dir: &Path, name: HalfName, index: IndexBuilder) -> io::Result<(u64, Ranges)> {
    let (content, ranges) = index.finish();
    let path = name.index(dir);
    let mut out = Output::new(files.create(&aside(&path))?);
    out.put(&FileKind::Index(name.kind).head(name.partition))?;
    out.put_paged(&content)?;
    let index_bytes = out.finish()?;
    files.rename(&aside(&path), &path)?;
    Ok((index_bytes, ranges))
}

/// Seals a half partition where it lies: makes its index, which is durable then, and gives it its name, which is only when the
/// directory is synced. `None` if there is nothing of the kind.
pub(in super::super) fn seal_in_place(
    files: &dyn Files,
    dir: &Path,
    name: HalfName,
    live: &LiveIndex,
) -> io::Result<Option<HalfRecord>> {
    let Some(half) = FromLive::gather(live, name.kind)? else { return Ok(None) };
    let (index_bytes, ranges) = write_index(files, dir, name, half.index)?;
    Ok(Some(HalfRecord::new(name.generation, (half.bytes, index_bytes), false, &ranges)))
}

/// Makes the index of a half partition again, from its blocks.
pub(in super::super) fn rebuild_index(
    files: &dyn Files,
    dir: &Path,
    name: HalfName,
    data: &Data,
) -> Result<io::Result<()>, Fault> {
    let mut index = IndexBuilder::new(name.kind);
    for number in 0..data.blocks {
        let (bytes, row, spans) = data.block_at(number)?;
        if name.lies == Lies::InFrames {
            index.leads_to(&row);
        }
        if !index.block(number, &data.parse(number, &bytes)?) {
            return Err(data.malformed(number));
        }
        spans.iter().for_each(|span| index.lies(span));
    }
    Ok(write_index(files, dir, name, index).map(|_| ()))
}

/// Removes what an interrupted or failed writing left behind. Failures are of no consequence: opening does it again.
pub(in super::super) fn discard(files: &dyn Files, dir: &Path, name: HalfName) {
    for path in name.own(dir) {
        let _ = files.remove(&aside(&path));
        let _ = files.remove(&path);
    }
}
