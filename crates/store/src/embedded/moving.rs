//! Giving a store to another keeper, and taking one over: entries as they lie in partitions, and partitions made of
//! entries.
//!
//! What is taken over counts from the moment at which the manifest names it. Broken off before, the directory is an empty
//! store; what was written by then is removed when it is opened next.

use super::block::{Block, Facts, Hearers, put_hearers};
use super::core::Core;
use super::directory::{Heard, KeptDirectory};
use super::files::{DiskFiles, is_full};
use super::format::EVENTS;
use super::manifest::{HalfRecord, LineEnds, Manifest, Partition};
use super::opening::{self, OpenError, make_frames};
use super::sealed::name::{HalfName, Lies};
use super::sealed::write::HalfWriter;
use super::view::Part;
use super::{EmbeddedStore, Options};
use crate::ledger::Unavailable;
use crate::moving::{Entry, Head, Hearer, Kept, Mark, MoveError, PIECE_BYTES_MAX, PIECE_ENTRIES_MAX, Piece};
use bytes::Bytes;
use feed::directory::Directory;
use feed::event::{FeedKind, UserStreams};
use feed::id::{EnterpriseId, ListId};
use feed::intake::stored_terms;
use feed::position::Place;
use feed::time::Second;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Entries in a partition that is made when a store is taken over; its index is made in memory.
const PARTITION_ENTRIES_MAX: u64 = 500_000;

/// Where pieces go.
type Taker<'a> = &'a mut dyn FnMut(Piece) -> Result<(), Unavailable>;

impl EmbeddedStore {
    /// Gives everything in the store away, in pieces. Nothing may be published meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`]: what cannot be read, or what the taker said.
    pub fn give(&self, to: Taker<'_>) -> Result<(), Unavailable> {
        let core = &self.inner.core;
        let directory = core.directory().clone();
        to(Piece::Directory(Box::new(directory.clone())))?;
        for (enterprise, ends) in core.lines.all() {
            let frontier = core.frontiers.look(&enterprise, Second(0), 0);
            let (last, last_history) = (Place::from_bits(ends.last), Place::from_bits(ends.history));
            to(Piece::Head(Head { enterprise, last, last_history, frontier }))?;
        }
        core.small.give(to)?;
        let view = core.view();
        for (imported, kind) in [(false, FeedKind::Enterprise), (true, FeedKind::Enterprise), (false, FeedKind::User)] {
            let mut giving =
                Giving { kind, imported, directory: &directory, line: None, held: Vec::new(), bytes: 0, to };
            for part in view.parts.iter().filter(|part| part.is_imported() == imported) {
                match part {
                    Part::Live(live) => live.each_block(kind, |block| giving.block(block))?,
                    Part::Sealed(partition) => giving.sealed(core, partition)?,
                }
                giving.flush()?;
            }
        }
        to(Piece::End)
    }

    /// Makes a store of pieces, in a directory that is empty or holds an empty store.
    ///
    /// # Errors
    /// [`MoveError`]; the directory then holds an empty store, or what it held.
    pub fn take_over(
        dir: &Path,
        options: Options,
        next: &mut dyn FnMut() -> Option<Piece>,
    ) -> Result<(), TakeOverError> {
        let (core, _lock, _) = opening::open(Arc::new(DiskFiles), dir, options).map_err(TakeOverError::Open)?;
        if !is_empty(&core)? {
            return Err(MoveError::NotEmpty.into());
        }
        let mut taking = Taking::new(&core);
        loop {
            match next() {
                None => return Err(MoveError::BrokenOff.into()),
                Some(Piece::End) => return Ok(taking.end()?),
                Some(piece) => taking.take(piece)?,
            }
        }
    }
}

/// Why a directory did not take over a store.
#[derive(Debug)]
pub enum TakeOverError {
    /// It cannot be opened.
    Open(OpenError),
    /// Something went wrong on the way.
    Moving(MoveError),
}

impl std::fmt::Display for TakeOverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TakeOverError::Open(why) => why.fmt(f),
            TakeOverError::Moving(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for TakeOverError {}

impl From<MoveError> for TakeOverError {
    fn from(why: MoveError) -> Self {
        TakeOverError::Moving(why)
    }
}

impl From<Unavailable> for TakeOverError {
    fn from(why: Unavailable) -> Self {
        TakeOverError::Moving(why.into())
    }
}

/// Whether nothing was ever stored in it.
fn is_empty(core: &Core) -> Result<bool, Unavailable> {
    let manifest = core.manifest();
    let no_events = manifest.lines.is_empty() && manifest.all().all(|partition| !partition.sealed);
    let no_frames = core.view().live().all(|live| live.index().frames == 0);
    let no_directory = manifest.directory.is_none_or(|kept| kept == KeptDirectory::default());
    Ok(no_events && no_frames && core.small.is_empty()? && no_directory)
}

/// Gives entries of one kind away.
struct Giving<'a> {
    kind: FeedKind,
    imported: bool,
    directory: &'a Directory,
    line: Option<EnterpriseId>,
    held: Vec<Entry>,
    bytes: usize,
    to: Taker<'a>,
}

impl Giving<'_> {
    fn sealed(&mut self, core: &Core, partition: &Partition) -> Result<(), Unavailable> {
        let Some(name) = partition.half_name(self.kind) else { return Ok(()) };
        let half = core.shelf.half(name)?;
        for number in 0..half.data.blocks {
            let bytes = half.data.block(number)?;
            let block = half.data.parse(number, &bytes)?;
            if !self.block(&block)? {
                return Err(half.data.malformed(number).into());
            }
        }
        Ok(())
    }

    /// Gives the entries of a block; answers whether it could be read.
    fn block(&mut self, block: &Block<'_>) -> Result<bool, Unavailable> {
        let Ok(line) = EnterpriseId::new(block.line) else { return Ok(false) };
        if self.line.as_ref() != Some(&line) {
            self.flush()?;
            self.line = Some(line.clone());
        }
        for slot in 0..block.count() {
            let (Some(facts), Some(rendering)) = (block.facts(slot), block.rendering(slot)) else { return Ok(false) };
            if self.held.len() == PIECE_ENTRIES_MAX || PIECE_BYTES_MAX <= self.bytes {
                self.flush()?;
            }
            self.bytes += rendering.len();
            let entry = self.entry(&line, &facts, rendering);
            self.held.push(entry);
        }
        Ok(true)
    }

    fn entry(&self, line: &EnterpriseId, facts: &Facts<'_>, rendering: &[u8]) -> Entry {
        let kept = match self.kind {
            FeedKind::User => {
                let users = facts.users.iter().map(|(id, streams)| (Hearer::User(id.to_owned()), streams));
                let lists = facts.lists.iter().filter_map(|(id, streams)| {
                    let name = self.directory.list_name(&ListId::new(id).ok()?)?;
                    Some((Hearer::List(name), streams))
                });
                Kept::Heard { relayed: facts.relayed, by: users.chain(lists).collect() }
            }
            FeedKind::Enterprise => {
                let marks = marks(line, facts, rendering);
                match self.imported {
                    true => Kept::Imported { marks },
                    false => Kept::Published {
                        history: Place::from_bits(facts.history),
                        rank: Place::from_bits(facts.window),
                        marks,
                    },
                }
            }
        };
        Entry {
            place: Place::from_bits(facts.place),
            created_at: Second(facts.created_at),
            event_type: facts.event_type.to_owned(),
            event_id: facts.event_id.to_owned(),
            bytes: Bytes::copy_from_slice(rendering),
            kept,
        }
    }

    fn flush(&mut self) -> Result<(), Unavailable> {
        self.bytes = 0;
        let held = std::mem::take(&mut self.held);
        match &self.line {
            Some(line) if !held.is_empty() => (self.to)(Piece::Entries(line.clone(), held)),
            _ => Ok(()),
        }
    }
}

/// What an event is found by. Of events that were stored before terms were, the rendering tells what it can.
fn marks(line: &EnterpriseId, facts: &Facts<'_>, rendering: &[u8]) -> Vec<Mark> {
    match facts.terms {
        Some(bytes) => {
            let words = bytes.chunks_exact(8).filter_map(|word| word.try_into().ok());
            words.map(|word| Mark::Print(u64::from_le_bytes(word))).collect()
        }
        None => {
            let terms = stored_terms(rendering);
            terms.iter().map(|term| Mark::Print(super::print_of(line.as_str(), term))).collect()
        }
    }
}

/// A half being written.
struct Writing<'a> {
    writer: HalfWriter<'a>,
    name: HalfName,
    line: EnterpriseId,
    last: Place,
    entries: u64,
}

/// Takes a store over.
struct Taking<'a> {
    core: &'a Core,
    directory: Directory,
    manifest: Manifest,
    /// The number of the last partition made.
    number: u64,
    writing: Option<Writing<'a>>,
}

impl<'a> Taking<'a> {
    fn new(core: &'a Core) -> Self {
        // The partition that opening made is number 1.
        Taking { core, directory: Directory::default(), manifest: Manifest::default(), number: 1, writing: None }
    }

    fn take(&mut self, piece: Piece) -> Result<(), Unavailable> {
        match piece {
            Piece::Directory(directory) => self.directory = *directory,
            Piece::Head(head) => {
                let ends = LineEnds { last: head.last.to_bits(), history: head.last_history.to_bits() };
                self.manifest.lines.insert(head.enterprise.as_str().to_owned(), ends);
            }
            Piece::Entries(line, entries) => {
                for entry in &entries {
                    self.entry(&line, entry)?;
                }
            }
            record => self.core.small.take(record),
        }
        Ok(())
    }

    fn entry(&mut self, line: &EnterpriseId, entry: &Entry) -> Result<(), Unavailable> {
        let (kind, imported) = match &entry.kept {
            Kept::Published { .. } => (FeedKind::Enterprise, false),
            Kept::Imported { .. } => (FeedKind::Enterprise, true),
            Kept::Heard { .. } => (FeedKind::User, false),
        };
        let most = self.core.options.partition_entries.min(PARTITION_ENTRIES_MAX);
        let goes_on = |it: &Writing<'_>| {
            let is_of = it.name.kind == kind && Partition::live(it.name.partition).is_imported() == imported;
            let follows = it.line < *line || (it.line == *line && it.last < entry.place);
            is_of && follows && it.entries < most
        };
        if !self.writing.as_ref().is_some_and(goes_on) {
            self.finish_half()?;
            let partition = match imported {
                true => self.core.next_import(),
                false => {
                    self.number += 1;
                    self.number
                }
            };
            let name = HalfName::first(partition, kind, Lies::Apart);
            let core = self.core;
            let writer = HalfWriter::new(&*core.files, &core.dir, name, core.options.compress);
            let writer = writer.map_err(|error| wrong(&error, partition))?;
            self.writing = Some(Writing { writer, name, line: line.clone(), last: Place::START, entries: 0 });
        }
        let bytes = self.facts(line, kind, entry);
        let facts = Facts::parse(kind, &bytes);
        let (Some(writing), Some(facts)) = (&mut self.writing, facts) else {
            return Err(Unavailable::Damaged(format!(
                "event {} of {line} has facts that make no sense",
                entry.event_id
            )));
        };
        writing.entries += 1;
        (writing.line, writing.last) = (line.clone(), entry.place);
        let partition = writing.name.partition;
        let pushed =
            writing.writer.line(line.as_str()).and_then(|()| writing.writer.push(&facts, &bytes, &entry.bytes));
        pushed.map_err(|error| wrong(&error, partition))
    }

    /// The record of facts of an entry.
    fn facts(&self, line: &EnterpriseId, kind: FeedKind, entry: &Entry) -> Vec<u8> {
        let prints = |marks: &[Mark]| -> Vec<u8> {
            let few = marks.iter().take(usize::from(u16::MAX));
            few.flat_map(|mark| mark.print(line).to_le_bytes()).collect()
        };
        let place = entry.place.to_bits();
        let plain = Facts {
            place,
            created_at: entry.created_at.0,
            event_type: &entry.event_type,
            event_id: &entry.event_id,
            history: 0,
            window: 0,
            terms: None,
            relayed: false,
            users: Hearers::default(),
            lists: Hearers::default(),
        };
        let mut out = Vec::new();
        match &entry.kept {
            Kept::Published { history, rank, marks } => {
                let terms = prints(marks);
                let (history, window) = (history.to_bits(), rank.to_bits());
                Facts { history, window, terms: Some(&terms), ..plain }.put(kind, &mut out);
            }
            Kept::Imported { marks } => {
                let terms = prints(marks);
                Facts { window: place, terms: Some(&terms), ..plain }.put(kind, &mut out);
            }
            Kept::Heard { relayed, by } => {
                Facts { relayed: *relayed, ..plain }.put(kind, &mut out);
                let mut users: Vec<(&str, UserStreams)> = Vec::new();
                let mut lists: Vec<(ListId, UserStreams)> = Vec::new();
                for (hearer, streams) in by {
                    match hearer {
                        Hearer::User(id) => users.push((id, *streams)),
                        Hearer::List(name) => {
                            lists.extend(self.directory.list_named(line, name).map(|list| (list, *streams)));
                        }
                    }
                }
                put_hearers(&mut out, users.into_iter());
                put_hearers(&mut out, lists.iter().map(|(list, streams)| (list.as_str(), *streams)));
            }
        }
        out
    }

    fn finish_half(&mut self) -> Result<(), Unavailable> {
        let Some(Writing { writer, name, .. }) = self.writing.take() else { return Ok(()) };
        let record: HalfRecord = writer.finish().map_err(|error| wrong(&error, name.partition))?;
        let mut partition = Partition { sealed: true, ..Partition::live(name.partition) };
        match partition.is_imported() {
            true => {
                partition.enterprise = Some(record.of_imported());
                self.manifest.imports.push(partition);
            }
            false => {
                *partition.half_mut(name.kind) = Some(record);
                self.manifest.partitions.push(partition);
            }
        }
        Ok(())
    }

    /// Makes it a store.
    fn end(mut self) -> Result<(), Unavailable> {
        self.finish_half()?;
        let core = self.core;
        let next = self.number + 1;
        // It has heard all that is sealed, and nothing is in the partition that is begun.
        let heard = Heard { partition: next, frames: 0 };
        let kept = KeptDirectory::snapshot(&*core.files, &core.dir, heard, &self.directory);
        self.manifest.directory = Some(kept.map_err(|error| wrong(&error, next))?);
        make_frames(&*core.files, &core.dir, &core.options, next).map_err(|error| wrong(&error, next))?;
        let events = core.dir.join(EVENTS);
        core.files.sync_dir(&events).map_err(|error| wrong(&error, next))?;
        self.manifest.partitions.push(Partition::live(next));
        core.small.end()?;
        let manifest = self.manifest;
        core.change_manifest(|held| *held = manifest)
    }
}

fn wrong(error: &io::Error, partition: u64) -> Unavailable {
    match is_full(error) {
        true => Unavailable::Full,
        false => Unavailable::Failed(format!("writing partition {partition}: {error}")),
    }
}
