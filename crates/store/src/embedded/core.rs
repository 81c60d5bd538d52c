//! The parts of an open store that the writer, readers and upkeep share, and what each may rely on.
//!
//! - Readers take [`Core::view`] and read without waiting for anybody's disk.
//! - Only the committer makes frames visible, in order ([`super::commit`]).
//! - Only upkeep, one thing at a time, replaces partitions in the view ([`super::seal`], [`super::sweep`]).
//! - The manifest on disk is changed under its lock, and then the view follows.

use super::Options;
use super::digest::Digests;
use super::fault::Fault;
use super::files::Files;
use super::line::{Frontiers, Lines};
use super::manifest::{IMPORTS_ABOVE, Manifest, WriteError};
use super::sealed::shelf::Shelf;
use super::small_state::SmallState;
use super::view::View;
use crate::ledger::Unavailable;
use feed::directory::Directory;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[derive(Debug)]
pub(super) struct Core {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    pub(super) options: Options,
    pub(super) shelf: Shelf,
    pub(super) small: SmallState,
    pub(super) lines: Lines,
    pub(super) frontiers: Frontiers,
    pub(super) digests: Digests,
    view: RwLock<Arc<View>>,
    directory: RwLock<Directory>,
    manifest: Mutex<Manifest>,
    /// Held by whoever seals, sweeps or copies, so that these take turns.
    upkeep: Mutex<()>,
    failed: Mutex<Option<String>>,
    /// Grows each time frames under way were given up; what was made before is then refused.
    epoch: AtomicU64,
    /// The number of the last frame, of this process, that became visible.
    visible: AtomicU64,
    /// How often something was swept.
    sweeps: AtomicU64,
    /// The number of the last partition of imported history that was begun.
    imports: AtomicU64,
}

fn whole<T>(lock: Result<T, PoisonError<T>>) -> T {
    // Every change is made whole before its lock is released, so a panic elsewhere spoils nothing.
    lock.unwrap_or_else(PoisonError::into_inner)
}

/// What [`Core`] is made of on opening.
pub(super) struct Opened {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    pub(super) options: Options,
    pub(super) shelf: Shelf,
    pub(super) small: SmallState,
    pub(super) lines: Lines,
    pub(super) frontiers: Frontiers,
    pub(super) view: View,
    pub(super) directory: Directory,
    pub(super) manifest: Manifest,
}

impl Core {
    pub(super) fn new(opened: Opened) -> Self {
        let Opened { files, dir, options, shelf, small, lines, frontiers, view, directory, manifest } = opened;
        let imports = manifest.imports.iter().map(|partition| partition.number).max().unwrap_or(IMPORTS_ABOVE);
        Core {
            files,
            dir,
            options,
            shelf,
            small,
            lines,
            frontiers,
            digests: Digests::default(),
            view: RwLock::new(Arc::new(view)),
            directory: RwLock::new(directory),
            manifest: Mutex::new(manifest),
            upkeep: Mutex::new(()),
            failed: Mutex::new(None),
            epoch: AtomicU64::new(0),
            visible: AtomicU64::new(0),
            sweeps: AtomicU64::new(0),
            imports: AtomicU64::new(imports),
        }
    }

    pub(super) fn view(&self) -> Arc<View> {
        whole(self.view.read()).clone()
    }

    /// Replaces the view by a changed copy.
    pub(super) fn change_view(&self, change: impl FnOnce(&mut View)) {
        let mut held = whole(self.view.write());
        let mut view = View::clone(&held);
        change(&mut view);
        view.version += 1;
        *held = Arc::new(view);
    }

    pub(super) fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        whole(self.directory.read())
    }

    pub(super) fn directory_mut(&self) -> RwLockWriteGuard<'_, Directory> {
        whole(self.directory.write())
    }

    /// The turn of upkeep.
    pub(super) fn upkeep(&self) -> MutexGuard<'_, ()> {
        whole(self.upkeep.lock())
    }

    pub(super) fn manifest(&self) -> Manifest {
        whole(self.manifest.lock()).clone()
    }

    /// Changes the manifest, on disk first.
    ///
    /// If it is uncertain which one is on the disk, the store takes no more writes.
    pub(super) fn change_manifest(&self, change: impl FnOnce(&mut Manifest)) -> Result<(), Unavailable> {
        let mut held = whole(self.manifest.lock());
        self.writable()?;
        let mut manifest = held.clone();
        change(&mut manifest);
        match manifest.write(&*self.files, &self.dir) {
            Ok(()) => {
                *held = manifest;
                Ok(())
            }
            Err(WriteError::Unchanged(error)) if super::files::is_full(&error) => Err(Unavailable::Full),
            Err(WriteError::Unchanged(error)) => {
                Err(self.fail(&format!("writing the manifest in {}: {error}", self.dir.display())))
            }
            Err(WriteError::Uncertain(error)) => {
                Err(self.fail(&format!("replacing the manifest in {}: {error}", self.dir.display())))
            }
        }
    }

    /// Whether writes are taken.
    pub(super) fn writable(&self) -> Result<(), Unavailable> {
        match &*whole(self.failed.lock()) {
            Some(what) => Err(Unavailable::Failed(what.clone())),
            None => Ok(()),
        }
    }

    /// Why no more writes are taken.
    pub(super) fn failed(&self) -> Option<String> {
        whole(self.failed.lock()).clone()
    }

    /// Takes no more writes, for good: what is on the disk is no longer certain. The first reason stands.
    pub(super) fn fail(&self, what: &str) -> Unavailable {
        let mut failed = whole(self.failed.lock());
        self.epoch.fetch_add(1, Ordering::AcqRel);
        Unavailable::Failed(failed.get_or_insert_with(|| what.to_owned()).clone())
    }

    /// Gives up the frames under way, because the disk is full.
    pub(super) fn give_up(&self) -> Unavailable {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        Unavailable::Full
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// A number for a partition of imported history that no other had since the start: what is remembered of files
    /// goes by it.
    pub(super) fn next_import(&self) -> u64 {
        self.imports.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub(super) fn sweeps(&self) -> u64 {
        self.sweeps.load(Ordering::Acquire)
    }

    pub(super) fn swept_once(&self) {
        self.sweeps.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn visible(&self) -> u64 {
        self.visible.load(Ordering::Acquire)
    }

    pub(super) fn set_visible(&self, frame: u64) {
        self.visible.store(frame, Ordering::Release);
    }

    /// Does a read, again with a new view if a file was taken away meanwhile.
    pub(super) fn reading<T>(&self, mut read: impl FnMut(&View) -> Result<T, Fault>) -> Result<T, Unavailable> {
        let mut view = self.view();
        loop {
            match read(&view) {
                Err(Fault::Gone(what)) => {
                    let now = self.view();
                    if Arc::ptr_eq(&now, &view) {
                        return Err(Fault::Gone(what).into());
                    }
                    view = now;
                }
                other => return Ok(other?),
            }
        }
    }
}
