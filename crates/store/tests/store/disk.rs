//! A disk in memory that fails on schedule, for faults that replay from a seed.
//!
//! What a file or a directory holds is kept twice: as programs see it, and as it would be found after the power went.
//! Between the two lie the operations that were not synced. When the power goes, each of them may be found done, half
//! done, or not done, in any combination.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use store::embedded::files::{File, Files, Lock};

/// What a write to the medium is made of: each sector is found either old or new.
const SECTOR_BYTES: usize = 512;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A write takes only a part, and says so. The caller goes on with the rest.
    ShortWrite,
    /// A write takes only a part and fails.
    WriteError,
    /// A sync fails. What was to be synced may or may not be on the medium, and no later sync will bring it there.
    SyncError,
    /// Any operation fails.
    AnyError,
    /// The disk is full from here on, until it is given space.
    Full,
    /// The power goes: nothing works any more.
    PowerCut,
}

/// A disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    /// Rung when a sync begins to wait, and when those that wait may go on.
    held: Arc<Condvar>,
}

#[derive(Debug)]
struct State {
    files: Vec<Content>,
    /// Names as programs see them, and as they are on the medium.
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    naming: Vec<Naming>,
    dirs: BTreeSet<PathBuf>,
    locked: BTreeSet<PathBuf>,
    dice: Xoshiro256PlusPlus,
    operations: u64,
    /// At which operation what goes wrong; the next is last.
    schedule: Vec<(u64, Fault)>,
    /// How many bytes all files may have together.
    capacity: u64,
    off: bool,
    /// How often whole pages were to be written past the cache.
    past_cache: usize,
    /// Whether files wait with being synced, and how many do.
    holds: bool,
    waiting: usize,
    /// Everything done and what came of it, mixed into one number.
    trace: u64,
    pub(crate) happened: Vec<Fault>,
}

/// A file.
#[derive(Debug, Clone, Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Debug, Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    Size(usize),
}

/// A change of names that no sync of the directory has made durable.
#[derive(Debug, Clone)]
enum Naming {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
}

impl Naming {
    fn dir(&self) -> Option<&Path> {
        match self {
            Naming::Made(path, _) | Naming::Renamed(_, path) | Naming::Removed(path) => path.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Naming::Made(path, file) => {
                names.insert(path.clone(), *file);
            }
            Naming::Renamed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Naming::Removed(path) => {
                names.remove(path);
            }
        }
    }
}

impl Pending {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Pending::Write(offset, written) => put(bytes, *offset, written),
            Pending::Size(size) => bytes.resize(*size, 0),
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    if bytes.len() < offset + written.len() {
        bytes.resize(offset + written.len(), 0);
    }
    bytes[offset..offset + written.len()].copy_from_slice(written);
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

fn broken(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

impl Disk {
    /// An empty disk whose accidents are those of the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let state = State {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            naming: Vec::new(),
            dirs: BTreeSet::new(),
            locked: BTreeSet::new(),
            dice: Xoshiro256PlusPlus::seed_from_u64(seed),
            operations: 0,
            schedule: Vec::new(),
            capacity: u64::MAX,
            off: false,
            past_cache: 0,
            holds: false,
            waiting: 0,
            trace: 0,
            happened: Vec::new(),
        };
        Disk { state: Arc::new(Mutex::new(state)), held: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something go wrong after so many more operations.
    pub(crate) fn schedule(&self, after: u64, fault: Fault) {
        let mut state = self.state();
        let at = state.operations + after;
        state.schedule.push((at, fault));
        state.schedule.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Nothing goes wrong any more that was still to come, and there is space again.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        state.schedule.clear();
        state.capacity = u64::MAX;
    }

    /// How often bytes at a whole page of memory were written to whole pages of a file past the cache.
    pub(crate) fn past_cache(&self) -> usize {
        self.state().past_cache
    }

    /// From here on whoever syncs a file waits; or all go on.
    pub(crate) fn hold_syncs(&self, holds: bool) {
        self.state().holds = holds;
        self.held.notify_all();
    }

    /// Waits until somebody waits with a sync.
    pub(crate) fn until_one_is_held(&self) {
        let state = self.held.wait_while(self.state(), |state| state.waiting == 0);
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }

    /// How many operations there were.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// A number made of all that was done and what came of it.
    pub(crate) fn trace(&self) -> u64 {
        self.state().trace
    }

    /// Whether the power is off.
    pub(crate) fn is_off(&self) -> bool {
        self.state().off
    }

    /// What went wrong so far.
    pub(crate) fn happened(&self) -> Vec<Fault> {
        self.state().happened.clone()
    }

    /// The machine starts again after its power went: what was not synced is there, half there, or not.
    pub(crate) fn power_back(&self) {
        let mut state = self.state();
        let State { files, dice, durable_names, naming, .. } = &mut *state;
        for file in files {
            for pending in std::mem::take(&mut file.pending) {
                match pending {
                    Pending::Write(offset, written) => {
                        let all = dice.random_range(0..3);
                        for (number, sector) in written.chunks(SECTOR_BYTES).enumerate() {
                            if all == 0 || (all == 1 && dice.random_range(0..2) == 0) {
                                put(&mut file.durable, offset + number * SECTOR_BYTES, sector);
                            }
                        }
                    }
                    Pending::Size(_) if dice.random_range(0..2) == 0 => {}
                    size => size.apply(&mut file.durable),
                }
            }
            file.seen.clone_from(&file.durable);
        }
        // Half of the time some first changes of names were durable, as a journal does it; else any of them.
        let first = if dice.random_range(0..2) == 0 { dice.random_range(0..=naming.len()) } else { 0 };
        for (number, change) in std::mem::take(naming).into_iter().enumerate() {
            if number < first || (first == 0 && dice.random_range(0..2) == 0) {
                change.apply(durable_names);
            }
        }
        state.names = state.durable_names.clone();
        state.locked.clear();
        state.off = false;
    }

    /// The process was killed, but not the machine: all it wrote is seen by the next.
    pub(crate) fn process_gone(&self) {
        self.state().locked.clear();
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Another disk with the same files.
    pub(crate) fn copy(&self) -> Self {
        let copy = Disk::new(0);
        for path in self.names() {
            copy.put(&path, &self.read(&path));
        }
        copy.state().dirs.clone_from(&self.state().dirs);
        copy
    }

    /// What a file holds.
    pub(crate) fn read(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[path]].seen.clone()
    }

    /// Changes a byte of a file, as if the medium had.
    pub(crate) fn change(&self, path: &Path, at: usize, change: impl FnOnce(&mut u8)) {
        let mut state = self.state();
        let file = state.names[path];
        let file = &mut state.files[file];
        change(&mut file.seen[at]);
        file.durable.clone_from(&file.seen);
        file.pending.clear();
    }

    /// Puts a file there, as if a person had.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let number = state.files.len();
        state.files.push(Content { seen: bytes.to_vec(), durable: bytes.to_vec(), pending: Vec::new() });
        state.names.insert(path.to_owned(), number);
        state.durable_names.insert(path.to_owned(), number);
    }

    /// Takes a file away, as if a person had.
    pub(crate) fn take(&self, path: &Path) {
        let mut state = self.state();
        state.names.remove(path);
        state.durable_names.remove(path);
    }
}

impl State {
    /// Counts an operation; answers what goes wrong with it.
    fn begin(&mut self, what: &str, path: &Path, numbers: [usize; 2]) -> io::Result<Option<Fault>> {
        self.operations += 1;
        let name = path.to_string_lossy();
        for byte in what.bytes().chain(name.bytes()).chain(numbers.iter().flat_map(|n| n.to_le_bytes())) {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
        }
        if self.off {
            return Err(broken("the power is off"));
        }
        let operations = self.operations;
        let due = self.schedule.pop_if(|(at, _)| *at <= operations).map(|(_, fault)| fault);
        match due {
            Some(Fault::PowerCut) => {
                self.happened.push(Fault::PowerCut);
                self.off = true;
                Err(broken("the power is off"))
            }
            Some(Fault::AnyError) => {
                self.happened.push(Fault::AnyError);
                Err(broken("as scheduled"))
            }
            Some(Fault::Full) => {
                self.happened.push(Fault::Full);
                self.capacity = self.used();
                Ok(None)
            }
            // Not every operation can fail in every way; then the accident waits for one that can.
            Some(fault) if !fits(fault, what) => {
                self.schedule.push((operations + 1, fault));
                Ok(None)
            }
            Some(fault) => {
                self.happened.push(fault);
                Ok(Some(fault))
            }
            None => Ok(None),
        }
    }

    fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[*file].seen.len() as u64).sum()
    }

    fn make_room(&self, file: usize, size: usize) -> io::Result<()> {
        let more = size.saturating_sub(self.files[file].seen.len()) as u64;
        if more > 0 && self.capacity < u64::MAX && self.capacity < self.used() + more { Err(full()) } else { Ok(()) }
    }
}

fn fits(fault: Fault, what: &str) -> bool {
    match fault {
        Fault::ShortWrite | Fault::WriteError => what == "write",
        Fault::SyncError => what == "sync",
        Fault::AnyError | Fault::Full | Fault::PowerCut => true,
    }
}

/// A file of the disk, opened.
#[derive(Debug)]
struct Opened {
    disk: Disk,
    path: PathBuf,
    file: usize,
}

impl File for Opened {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        if state.off {
            return Err(broken("the power is off"));
        }
        let seen = &state.files[self.file].seen;
        let start = usize::try_from(offset).unwrap().min(seen.len());
        let length = buffer.len().min(seen.len() - start);
        buffer[..length].copy_from_slice(&seen[start..start + length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let offset = usize::try_from(offset).unwrap();
        let mut state = self.disk.state();
        let fault = state.begin("write", &self.path, [offset, bytes.len()])?;
        state.make_room(self.file, offset + bytes.len())?;
        let length = if fault.is_some() { state.dice.random_range(0..=bytes.len()) } else { bytes.len() };
        let length = if fault == Some(Fault::ShortWrite) { length.max(1) } else { length };
        let file = &mut state.files[self.file];
        put(&mut file.seen, offset, &bytes[..length]);
        file.pending.push(Pending::Write(offset, bytes[..length].to_vec()));
        if fault == Some(Fault::WriteError) { Err(broken("the write failed as scheduled")) } else { Ok(length) }
    }

    fn write_past_cache(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let of = [bytes.as_ptr().addr(), bytes.len(), usize::try_from(offset).unwrap()];
        self.disk.state().past_cache += usize::from(of.iter().all(|it| it.is_multiple_of(4_096)));
        self.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.waiting += 1;
        self.disk.held.notify_all();
        let mut state = self.disk.held.wait_while(state, |state| state.holds).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        let fault = state.begin("sync", &self.path, [0, 0])?;
        let State { files, dice, .. } = &mut *state;
        let file = &mut files[self.file];
        for pending in std::mem::take(&mut file.pending) {
            // After a failed sync the system forgets what it could not write.
            if fault.is_none() || dice.random_range(0..2) == 0 {
                pending.apply(&mut file.durable);
            }
        }
        if fault.is_some() { Err(broken("the sync failed as scheduled")) } else { Ok(()) }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].seen.len() as u64)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).unwrap();
        let mut state = self.disk.state();
        state.begin("size", &self.path, [size, 0])?;
        state.make_room(self.file, size)?;
        let file = &mut state.files[self.file];
        file.seen.resize(size, 0);
        file.pending.push(Pending::Size(size));
        Ok(())
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).unwrap();
        if self.disk.state().files[self.file].seen.len() < size { self.set_size(size as u64) } else { Ok(()) }
    }
}

/// A lock, given back on drop.
struct Held(Disk, PathBuf);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.state().locked.remove(&self.1);
    }
}

impl Files for Disk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let state = self.state();
        if state.off {
            return Err(broken("the power is off"));
        }
        let file = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(Opened { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.state();
        state.begin("create", path, [0, 0])?;
        let file = state.files.len();
        state.files.push(Content::default());
        state.names.insert(path.to_owned(), file);
        state.naming.push(Naming::Made(path.to_owned(), file));
        Ok(Arc::new(Opened { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin("rename", from, [0, 0])?;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        state.naming.push(Naming::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.begin("remove", path, [0, 0])?;
        state.names.remove(path);
        state.naming.push(Naming::Removed(path.to_owned()));
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.state().dirs.insert(path.to_owned());
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin("sync_dir", path, [0, 0])?;
        let State { naming, durable_names, .. } = &mut *state;
        naming.retain(|change| {
            let here = change.dir() == Some(path);
            if here {
                change.apply(durable_names);
            }
            !here
        });
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        if state.off {
            return Err(broken("the power is off"));
        }
        let here = state.names.keys().chain(&state.dirs).filter(|name| name.parent() == Some(path));
        let names: BTreeSet<String> = here.map(|name| name.file_name().unwrap().to_string_lossy().into()).collect();
        Ok(names.into_iter().collect())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut state = self.state();
        if !state.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held(self.clone(), path.to_owned()))))
    }
}
