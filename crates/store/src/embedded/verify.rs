//! Verifying: reads every byte of a store that is not open, and says what is wrong and where.

use super::directory::{self, KeptDirectory};
use super::fault::{Fault, Named};
use super::files::{DiskFiles, Files, read_vec};
use super::format::{EVENTS, FileKind, LOCK, STATE};
use super::frames_file::{each_block, scan_frames};
use super::manifest::{Manifest, Partition};
use super::opening::{OpenError, must_have_heard, read_manifest};
use super::sealed::half::Half;
use super::sealed::name::{HalfName, Lies};
use super::sealed::paged::Pages;
use super::small_state;
use feed::directory::Directory;
use std::path::Path;
use std::sync::Arc;

/// What verifying found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Renderings found whole.
    pub entries: u64,
    /// What is wrong: file, place, and what was found. Empty if all is well.
    pub damage: Vec<String>,
}

/// How far verifying has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes to do, as far as is known.
    pub of: u64,
}

/// Reads and checks everything in a directory that no process has open.
///
/// # Errors
/// [`OpenError`] if it cannot be looked at at all; damage is no error but the answer.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verified, OpenError> {
    verify_on(&DiskFiles, dir, progress)
}

/// The same on another disk than the machine's.
///
/// # Errors
/// [`OpenError`].
pub fn verify_on(files: &dyn Files, dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verified, OpenError> {
    let manifest =
        read_manifest(files, dir)?.ok_or_else(|| OpenError::Damaged(format!("{} has no manifest", dir.display())))?;
    let path = dir.join(LOCK);
    let lock = files.lock(&path).map_err(|error| OpenError::Disk { doing: "lock", path, error })?;
    let _lock = lock.ok_or_else(|| OpenError::InUse(dir.to_owned()))?;
    let halves = manifest.all().flat_map(Partition::halves);
    let mut check = Check {
        files,
        dir,
        pages: Arc::new(Pages::new(1 << 20)),
        found: Verified::default(),
        progress,
        of: halves.map(|(_, half)| half.data_bytes + half.index_bytes).sum(),
    };
    let last = manifest.partitions.last().map(|partition| partition.number);
    for partition in manifest.all() {
        if !partition.sealed {
            check.frames(partition.number, Some(partition.number) == last);
        }
        if let Some(bytes) = partition.frames {
            check.sealed_frames(partition.number, bytes);
        }
        for (name, record) in partition.halves() {
            check.half(name, record.entries);
        }
    }
    check.heard(&manifest);
    check.directory(&manifest.directory.unwrap_or_default());
    check.small_state();
    Ok(check.found)
}

struct Check<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    pages: Arc<Pages>,
    found: Verified,
    progress: &'a mut dyn FnMut(Progress),
    of: u64,
}

impl Check<'_> {
    fn damaged(&mut self, fault: Fault) {
        self.found.damage.push(match fault {
            Fault::Damaged(place) => place,
            Fault::Gone(what) => format!("{what} is missing"),
        });
    }

    fn done(&mut self, bytes: u64) {
        self.found.bytes += bytes;
        self.of = self.of.max(self.found.bytes);
        (self.progress)(Progress { done: self.found.bytes, of: self.of });
    }

    fn frames(&mut self, partition: u64, last: bool) {
        self.found.files += 1;
        let path = self.dir.join(EVENTS).join(FileKind::Frames.name(partition, 0));
        let scanned = Named::open(self.files, &path).map_err(OpenError::from).and_then(|file| {
            let size = file.file.size().unwrap_or(0);
            Ok((scan_frames(&file, partition, 0, last)?, size))
        });
        match scanned {
            Ok(((index, torn), size)) => {
                self.found.entries += index.entries;
                if index.notes.play(&mut Directory::default()).is_none() {
                    self.found.damage.push(format!("{}: {}", path.display(), directory::SENSELESS_NOTES));
                }
                if let Some(torn) = torn {
                    let what = format!("{} bytes of a frame that was never finished", torn.len());
                    self.found.damage.push(format!("{} at byte {}: {what}", path.display(), index.end));
                }
                self.done(size);
            }
            Err(error) => self.found.damage.push(match error {
                OpenError::Damaged(place) => place,
                other => other.to_string(),
            }),
        }
    }

    /// Frames in which sealed halves lie: those of both kinds of feed and what is between them. Blocks are counted with
    /// their halves.
    fn sealed_frames(&mut self, partition: u64, bytes: u64) {
        self.found.files += 1;
        let path = self.dir.join(EVENTS).join(FileKind::Frames.name(partition, 0));
        let checked = Named::open(self.files, &path).and_then(|file| {
            each_block(&file, partition, |_, _, _| {})?;
            let size = file.file.size().unwrap_or(0);
            let what = format!("it is {size} bytes long, the manifest says {bytes}");
            if size == bytes { Ok(()) } else { Err(file.damaged(size.min(bytes), &what)) }
        });
        checked.unwrap_or_else(|fault| self.damaged(fault));
    }

    fn half(&mut self, name: HalfName, entries: u64) {
        self.found.files += if name.lies == Lies::Apart { 2 } else { 1 };
        let half = match Half::open(self.files, self.dir, name, &self.pages) {
            Ok(half) => half,
            Err(fault) => {
                self.damaged(fault);
                // The data file tells its damage by itself, even where its index cannot be read.
                if let Ok(data) = Half::open_data(self.files, self.dir, name, &self.pages) {
                    for number in 0..data.blocks {
                        match data.block(number) {
                            Ok(bytes) => self.done(bytes.len() as u64),
                            Err(fault) => self.damaged(fault),
                        }
                    }
                }
                return;
            }
        };
        let (mut done, mut damage) = (0, Vec::new());
        let found = half.check(&mut |bytes| done += bytes, &mut |fault| damage.push(fault));
        self.done(done);
        if damage.is_empty() && found != entries {
            let path = name.data(self.dir);
            let what = format!("{} at byte 0: it holds {found} entries, the manifest says {entries}", path.display());
            damage.push(Fault::Damaged(what));
        }
        self.found.entries += found;
        damage.into_iter().for_each(|fault| self.damaged(fault));
    }

    fn directory(&mut self, kept: &KeptDirectory) {
        let mut damage = Vec::new();
        let (files, bytes) = directory::check(self.files, self.dir, kept, &mut |fault| damage.push(fault));
        self.found.files += files;
        self.done(bytes);
        damage.into_iter().for_each(|fault| self.damaged(fault));
    }

    fn heard(&mut self, manifest: &Manifest) {
        // Before format 5 opening looks into the small state for it.
        let kept = manifest.directory.as_ref().map(|kept| must_have_heard(manifest, kept.heard));
        if let Some(Err(error)) = kept {
            self.found.damage.push(error.to_string());
        }
    }

    fn small_state(&mut self) {
        self.found.files += 1;
        let path = self.dir.join(STATE);
        let read = self.files.open(&path).and_then(|file| {
            let size = usize::try_from(file.size()?).unwrap_or(0);
            read_vec(&*file, 0, size)
        });
        let size = read.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let sound = read.map_err(|error| error.to_string()).and_then(|bytes| small_state::check(&bytes));
        match sound {
            Ok(()) => self.done(size),
            Err(what) => self.found.damage.push(format!("{}: {what}", path.display())),
        }
    }
}
