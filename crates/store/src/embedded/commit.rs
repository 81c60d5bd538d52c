//! Making frames durable and then visible, one after the other.
//!
//! One frame at a time is on its way to the disk, so that after a power cut only the last can be torn. What fails to be
//! written fails the frames behind it, too: they were settled in the belief that it would be there.

use super::append::Writer;
use super::cache_budget::CacheBudget;
use super::core::Core;
use super::fault::Named;
use super::files::{is_full, write_all, write_all_past_cache};
use super::format::{EVENTS, FORMAT_VERSION, FileKind};
use super::frame::{ALIGN_BYTES, Encoded, Frame, HEAD_BYTES, Head, LONG_FRAME_BYTES, first_frame_at};
use super::live::{Live, LiveIndex};
use super::manifest::Partition;
use super::staged::Staged;
use super::view::Part;
use crate::import::{Brought, History};
use crate::ledger::{AppendError, Appended, Batch, Unavailable};
use std::io;
use std::sync::Arc;

/// What the committer remembers between frames.
#[derive(Debug)]
pub(super) struct Committer {
    core: Arc<Core>,
    /// The partition being written, and how much of its file has its space already.
    open: Option<(Arc<Live>, u64)>,
    /// How much of what is long goes through the cache of the operating system.
    through_cache: CacheBudget,
}

impl Committer {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let through_cache = CacheBudget::new(core.options.cached_writes_bytes);
        Committer { core, open: None, through_cache }
    }

    /// The partition being written, once something was.
    pub(super) fn partition_number(&self) -> Option<u64> {
        self.open.as_ref().map(|(live, _)| live.number)
    }

    /// How many partitions wait to be sealed.
    pub(super) fn unsealed(&self) -> usize {
        self.core.view().live().count().saturating_sub(1)
    }

    /// Makes a frame durable, then visible.
    pub(super) fn commit(&mut self, staged: &Staged, encoded: Encoded) -> Result<(), Unavailable> {
        self.core.writable()?;
        if staged.epoch != self.core.epoch() {
            return Err(Unavailable::Full);
        }
        let live = self.partition(staged)?;
        if staged.is_empty() {
            return Ok(());
        }
        let offset = live.index().end;
        self.make_room(&live, offset + encoded.bytes.len().next_multiple_of(ALIGN_BYTES) as u64)?;
        let bytes = encoded.bytes.len();
        let past_cache = LONG_FRAME_BYTES <= bytes && !self.through_cache.takes(bytes as u64, staged.clock);
        let write = if past_cache { write_all_past_cache } else { write_all };
        write(&*live.file.file, &encoded.bytes, offset).map_err(|error| self.wrong(&live, "writing", &error))?;
        live.file.file.sync().map_err(|error| {
            // Whatever the reason: part of the frame may be on the disk.
            self.core.fail(&format!("syncing {}: {error}", live.file.path.display()))
        })?;
        self.show(staged, &live, offset, encoded)
    }

    /// The partition of this frame, which is begun now if it is a new one.
    fn partition(&mut self, staged: &Staged) -> Result<Arc<Live>, Unavailable> {
        let open = match &self.open {
            Some((live, _)) => Some(live.clone()),
            None => self.core.view().open().cloned(),
        };
        match open {
            Some(live) if live.number == staged.partition => {
                if self.open.is_none() {
                    let size = live.file.file.size().map_err(|error| self.wrong(&live, "measuring", &error))?;
                    self.open = Some((live.clone(), size));
                }
                Ok(live)
            }
            _ => self.begin_partition(staged.partition),
        }
    }

    fn begin_partition(&mut self, number: u64) -> Result<Arc<Live>, Unavailable> {
        let core = self.core.clone();
        let path = core.dir.join(EVENTS).join(FileKind::Frames.name(number, 0));
        let made = (|| {
            let file = core.files.create(&path)?;
            file.allocate(core.options.preallocate_bytes)?;
            write_all(&*file, &FileKind::Frames.head(number), 0)?;
            file.sync()?;
            core.files.sync_dir(&core.dir.join(EVENTS))?;
            Ok(file)
        })();
        let file = made.map_err(|error: io::Error| {
            let _ = core.files.remove(&path);
            if is_full(&error) {
                return core.give_up();
            }
            core.fail(&format!("beginning {}: {error}", path.display()))
        })?;
        let written = core.change_manifest(|manifest| manifest.partitions.push(Partition::live(number)));
        match written {
            Ok(()) => {}
            Err(Unavailable::Full) => {
                let _ = core.files.remove(&path);
                return Err(core.give_up());
            }
            // The manifest on the disk may name the file, so it stays.
            Err(error) => return Err(error),
        }
        if let Some((full, _)) = &self.open {
            full.index_mut().keep_none();
        }
        let live = Arc::new(Live::new(number, Named { file, path }, LiveIndex::new(first_frame_at(FORMAT_VERSION), 0)));
        core.change_view(|view| view.parts.push(Part::Live(live.clone())));
        self.open = Some((live.clone(), core.options.preallocate_bytes));
        Ok(live)
    }

    /// Takes space from the disk ahead of the writing, so that a full disk is met before anything is written.
    fn make_room(&mut self, live: &Live, end: u64) -> Result<(), Unavailable> {
        let Some((_, allocated)) = &mut self.open else { return Ok(()) };
        if end <= *allocated {
            return Ok(());
        }
        let step = self.core.options.preallocate_bytes.max(1);
        let ahead = end.next_multiple_of(step);
        let result = live.file.file.allocate(ahead).map(|()| ahead).or_else(|error| {
            // Near the end of the disk the frame may still fit.
            if is_full(&error) { live.file.file.allocate(end).map(|()| end) } else { Err(error) }
        });
        match result {
            Ok(size) => {
                *allocated = size;
                Ok(())
            }
            Err(error) => Err(self.wrong(live, "extending", &error)),
        }
    }

    /// What a failure before the sync means: a full disk passes, anything else does not.
    fn wrong(&self, live: &Live, doing: &str, error: &io::Error) -> Unavailable {
        if is_full(error) {
            return self.core.give_up();
        }
        self.core.fail(&format!("{doing} {}: {error}", live.file.path.display()))
    }

    /// Lets readers see a durable frame. The order matters: ends first, because nobody may stand beyond them; then the
    /// directory, because whoever reads past an event must know of the lists on which it may be; the frontier last,
    /// because what lies below it must be visible.
    fn show(&self, staged: &Staged, live: &Live, offset: u64, encoded: Encoded) -> Result<(), Unavailable> {
        let Encoded { bytes, checksums } = encoded;
        let frame = Head::parse(&bytes).ok().and_then(|head| {
            let body = bytes.get(HEAD_BYTES..HEAD_BYTES + head.body_bytes)?;
            Frame::parse(head, body)
        });
        let Some(frame) = frame else {
            return Err(self.core.fail("a frame was written that cannot be read; this is a fault of the program"));
        };
        self.core.lines.advance(staged.ends());
        if !staged.changes.is_empty() {
            let mut directory = self.core.directory_mut();
            for change in &staged.changes {
                directory.replay(&change.effects, &change.enterprise, change.place);
            }
        }
        let mut index = live.index_mut();
        if index.add(offset, &frame, &checksums).is_none() {
            return Err(self.core.fail("a frame was written that cannot be indexed; this is a fault of the program"));
        }
        index.keep(offset, bytes);
        drop(index);
        self.core.frontiers.settle(staged.sequence, staged.lines());
        self.core.set_visible(staged.sequence);
        Ok(())
    }
}

/// Writer and committer in one, for a store without threads.
#[derive(Debug)]
pub(super) struct Inline {
    writer: Writer,
    committer: Committer,
}

impl Inline {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        Inline { writer: Writer::new(core.clone()), committer: Committer::new(core.clone()) }
    }

    pub(super) fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        let appended = self.writer.admit(batch)?;
        let staged = self.writer.close();
        self.committer.commit(&staged, staged.encode()).map_err(AppendError::Unavailable)?;
        Ok(appended)
    }

    pub(super) fn import(&mut self, history: &History) -> Result<Vec<Brought>, AppendError> {
        self.writer.import(history)
    }

    /// Closes the partition being written if it is of a day that is over.
    pub(super) fn turn(&mut self, now: feed::time::Second) -> Result<(), Unavailable> {
        match self.writer.turn(now) {
            Some(staged) => self.committer.commit(&staged, Encoded::default()),
            None => Ok(()),
        }
    }
}
