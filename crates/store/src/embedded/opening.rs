//! Opening a store: the lock, the manifest, the partitions that are not sealed, and the directory.
//!
//! Sealed partitions are not looked into, so opening takes about as long as reading what was written since the last was
//! sealed, whatever the size of the store; and beside that the directory, whose size is bounded.

use super::Options;
use super::core::{Core, Opened};
use super::directory::{Heard, KeptDirectory, SENSELESS_NOTES};
use super::fault::{Fault, Named};
use super::files::{Files, Lock, write_all};
use super::format::{EVENTS, FileKind, LOCK, MANIFEST, NEW, SET_ASIDE, STATE, is_ours};
use super::frames_file::{scan_frames, size_of};
use super::line::{Frontiers, Lines};
use super::live::Live;
use super::manifest::{BadManifest, LineEnds, Manifest, Partition, WriteError};
use super::seal::line_ends;
use super::sealed::half::Half;
use super::sealed::shelf::Shelf;
use super::sealed::write::rebuild_index;
use super::small_state::SmallState;
use super::view::{Part, View};
use crate::ledger::Unavailable;
use feed::id::EnterpriseId;
use rustc_hash::FxHashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a directory cannot be opened as a store.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has it open.
    InUse(PathBuf),
    /// It holds something else.
    NotAStore {
        /// The directory.
        dir: PathBuf,
        /// Something in it that is not ours.
        found: String,
    },
    /// A file was written by a newer program.
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: u16,
    },
    /// Stored bytes are damaged: file, place, and what was found.
    Damaged(String),
    /// The disk refused something.
    Disk {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the disk said.
        error: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::InUse(dir) => {
                write!(f, "{} is in use by another process; stop it first, or choose another directory", dir.display())
            }
            OpenError::NotAStore { dir, found } => write!(
                f,
                "{} holds '{found}' and no manifest, so it is no store of Tidings; choose an empty directory",
                dir.display()
            ),
            OpenError::Newer { file, version } => {
                write!(f, "{} has format {version}, which this version of Tidings does not know", file.display())
            }
            OpenError::Damaged(place) => write!(f, "the store is damaged: {place}"),
            OpenError::Disk { doing, path, error } => {
                write!(f, "cannot {doing} {}: {error}", path.display())?;
                match error.kind() {
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                        f.write_str("; the store needs a directory that it may write to")
                    }
                    io::ErrorKind::StorageFull => f.write_str("; free space and try again"),
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(place) => OpenError::Damaged(place),
            Fault::Gone(what) => OpenError::Damaged(format!("{what} is missing")),
        }
    }
}

impl From<Unavailable> for OpenError {
    fn from(unavailable: Unavailable) -> Self {
        OpenError::Damaged(unavailable.to_string())
    }
}

/// What opening found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Whether the store was made now.
    pub created: bool,
    /// The end of a frame that was being written when the power went; it was never acknowledged.
    pub torn: Option<Torn>,
    /// Files left over from an interrupted step, removed.
    pub removed: Vec<String>,
    /// Index files that were missing and were made again.
    pub rebuilt: Vec<String>,
    /// Frames read because their partition was not sealed.
    pub frames: u64,
    /// Renderings in them.
    pub entries: u64,
}

/// A torn end that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file that ended so.
    pub file: PathBuf,
    /// Where.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
    /// The file that keeps them.
    pub kept_in: PathBuf,
}

pub(super) fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |error| OpenError::Disk { doing, path, error }
}

/// Opens a directory, making a store of it if it is empty.
pub(super) fn open(files: Arc<dyn Files>, dir: &Path, options: Options) -> Result<(Core, Lock, OpenReport), OpenError> {
    files.create_dir(dir).map_err(disk("make", dir))?;
    let lock_path = dir.join(LOCK);
    refuse_foreign(&*files, dir)?;
    let lock = files.lock(&lock_path).map_err(disk("lock", &lock_path))?;
    let lock = lock.ok_or_else(|| OpenError::InUse(dir.to_owned()))?;
    let mut report = OpenReport::default();
    let events = dir.join(EVENTS);
    for folder in [&events, &dir.join(SET_ASIDE)] {
        files.create_dir(folder).map_err(disk("make", folder))?;
    }
    let mut manifest = match read_manifest(&*files, dir)? {
        Some(manifest) => manifest,
        None => {
            report.created = true;
            create(&*files, dir, &options)?
        }
    };
    // It also makes durable what the folder was last seen to hold, so that a manifest that is seen is one that stays.
    let small = SmallState::open(files.clone(), dir)?;
    bring_up_to_date(&*files, dir, &mut manifest, &small)?;
    report.removed = remove_leftovers(&*files, dir, &manifest)?;
    let shelf = Shelf::new(files.clone(), dir.to_owned(), options.cache_bytes, options.open_halves_max);
    rebuild_missing(&*files, &shelf, &manifest, &mut report)?;
    let kept = manifest.directory.clone().unwrap_or_default();
    must_have_heard(&manifest, kept.heard)?;
    let load = || kept.load(&*files, dir);
    let mut read = || read_partitions(&*files, dir, &manifest, kept.heard, &mut report);
    let (directory, read) = match options.threads {
        true => std::thread::scope(|scope| {
            let loading = scope.spawn(load);
            let read = read();
            (loading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), read)
        }),
        false => (load(), read()),
    };
    let (mut directory, (view, lines)) = (directory?, read?);
    for live in view.live() {
        let played = live.index().notes.play(&mut directory);
        played.ok_or_else(|| live.file.damaged(0, SENSELESS_NOTES))?;
    }
    // Now it is certain that what was made of it can be read. If this fails, the next opening does it.
    let _ = small.forget_old_directory();
    // The names of the files made above.
    files.sync_dir(dir).map_err(disk("sync", dir))?;
    let frontiers = Frontiers::on_opening(lines.iter());
    let lines = Lines::of(lines);
    let dir = dir.to_owned();
    let opened = Opened { files, dir, options, shelf, small, lines, frontiers, view, directory, manifest };
    Ok((Core::new(opened), lock, report))
}

/// Makes a store of an older format one of this: the directory gets files of its own, and the manifest says the version.
/// From then on things are written that an older program would misread, so it must be refused.
fn bring_up_to_date(
    files: &dyn Files,
    dir: &Path,
    manifest: &mut Manifest,
    small: &SmallState,
) -> Result<(), OpenError> {
    let mut current = Manifest::is_current(files, dir).map_err(disk("read", &dir.join(MANIFEST)))?;
    if manifest.directory.is_none() {
        current = false;
        let events = dir.join(EVENTS);
        let old = small.old_directory()?;
        // Nothing may count yet if the small state is not the one of these partitions.
        must_have_heard(manifest, old.as_ref().map_or(Heard::default(), |(heard, _)| *heard))?;
        manifest.directory = Some(match old {
            Some((heard, directory)) => {
                let kept = KeptDirectory::snapshot(files, dir, heard, &directory);
                kept.map_err(disk("write the directory in", &events))?
            }
            None => KeptDirectory::default(),
        });
        files.sync_dir(&events).map_err(disk("sync", &events))?;
    }
    if !current {
        manifest.write(files, dir).map_err(|error| {
            let (WriteError::Unchanged(error) | WriteError::Uncertain(error)) = error;
            disk("write", &dir.join(MANIFEST))(error)
        })?;
    }
    Ok(())
}

/// The directory on the disk must have heard every partition that is sealed.
pub(super) fn must_have_heard(manifest: &Manifest, heard: Heard) -> Result<(), OpenError> {
    let sealed =
        manifest.partitions.iter().filter(|partition| partition.sealed).map(|partition| partition.number).max();
    match sealed.filter(|sealed| heard.partition < *sealed) {
        None => Ok(()),
        Some(sealed) => {
            let what =
                format!("the directory has not heard partition {sealed}, which is sealed; it is of an older store");
            Err(OpenError::Damaged(what))
        }
    }
}

/// Reads the partitions that are not sealed; answers all of them and where each line ends.
fn read_partitions(
    files: &dyn Files,
    dir: &Path,
    manifest: &Manifest,
    heard: Heard,
    report: &mut OpenReport,
) -> Result<(View, FxHashMap<EnterpriseId, LineEnds>), OpenError> {
    let mut view = View::default();
    let mut lines: FxHashMap<EnterpriseId, LineEnds> = FxHashMap::default();
    for (id, ends) in &manifest.lines {
        let id = EnterpriseId::new(id).map_err(|_| OpenError::Damaged(format!("{MANIFEST} names no enterprise")))?;
        lines.insert(id, *ends);
    }
    view.parts.extend(manifest.imports.iter().map(|partition| Part::Sealed(Arc::new(partition.clone()))));
    for (number, partition) in manifest.partitions.iter().enumerate() {
        if partition.sealed {
            view.parts.push(Part::Sealed(Arc::new(partition.clone())));
            continue;
        }
        let last = number + 1 == manifest.partitions.len();
        let live = open_live(files, dir, partition, heard, last, report)?;
        for (line, ends) in line_ends(&live.index()) {
            let id = EnterpriseId::new(&line).map_err(|_| OpenError::Damaged("an enterprise without id".to_owned()))?;
            let kept = lines.entry(id).or_default();
            *kept = LineEnds { last: kept.last.max(ends.last), history: kept.history.max(ends.history) };
        }
        view.parts.push(Part::Live(Arc::new(live)));
    }
    if view.open().is_none() {
        return Err(OpenError::Damaged(format!("{MANIFEST} names no partition to write to")));
    }
    Ok((view, lines))
}

/// A directory without manifest must be empty, but for what an interrupted first start leaves and what file systems
/// put at their roots.
fn refuse_foreign(files: &dyn Files, dir: &Path) -> Result<(), OpenError> {
    let names = files.list(dir).map_err(disk("list", dir))?;
    if names.iter().any(|name| name == MANIFEST) {
        return Ok(());
    }
    let aside = format!("{MANIFEST}{NEW}");
    let state = format!("{STATE}{NEW}");
    let known = [LOCK, EVENTS, SET_ASIDE, STATE, state.as_str(), aside.as_str(), "lost+found"];
    if let Some(found) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(OpenError::NotAStore { dir: dir.to_owned(), found: found.clone() });
    }
    if names.iter().any(|name| name == EVENTS) {
        let events = dir.join(EVENTS);
        let names = files.list(&events).map_err(disk("list", &events))?;
        // The first partition is made just before the manifest; anything more means that the manifest was lost.
        let first = FileKind::Frames.name(1, 0);
        if let Some(found) = names.iter().find(|name| **name != first) {
            let what = format!("{} has no manifest but holds {EVENTS}/{found}", dir.display());
            return Err(OpenError::Damaged(what));
        }
        if names.contains(&first) {
            let named = Named::open(files, &events.join(&first))?;
            let live = scan_frames(&named, 1, 0, true)?;
            if live.0.frames > 0 {
                let what = format!("{} has no manifest but events in {EVENTS}/{first}", dir.display());
                return Err(OpenError::Damaged(what));
            }
        }
    }
    Ok(())
}

pub(super) fn read_manifest(files: &dyn Files, dir: &Path) -> Result<Option<Manifest>, OpenError> {
    let path = dir.join(MANIFEST);
    match Manifest::read(files, dir).map_err(disk("read", &path))? {
        None => Ok(None),
        Some(Ok(manifest)) => Ok(Some(manifest)),
        Some(Err(BadManifest::Newer(version))) => Err(OpenError::Newer { file: path, version }),
        Some(Err(BadManifest::Damaged(what))) => Err(OpenError::Damaged(format!("{}: {what}", path.display()))),
    }
}

/// Makes an empty store: the first partition, then the manifest that names it.
fn create(files: &dyn Files, dir: &Path, options: &Options) -> Result<Manifest, OpenError> {
    let path = dir.join(EVENTS).join(FileKind::Frames.name(1, 0));
    let made = make_frames(files, dir, options, 1).and_then(|()| {
        files.sync_dir(&dir.join(EVENTS))?;
        files.sync_dir(dir)
    });
    made.map_err(disk("make", &path))?;
    let directory = Some(KeptDirectory::default());
    let manifest = Manifest { partitions: vec![Partition::live(1)], directory, ..Manifest::default() };
    manifest.write(files, dir).map_err(|error| {
        let (WriteError::Unchanged(error) | WriteError::Uncertain(error)) = error;
        disk("write", &dir.join(MANIFEST))(error)
    })?;
    Ok(manifest)
}

/// Makes the file of a partition to be written to; its name is durable when the folder is synced.
pub(super) fn make_frames(files: &dyn Files, dir: &Path, options: &Options, partition: u64) -> io::Result<()> {
    let file = files.create(&dir.join(EVENTS).join(FileKind::Frames.name(partition, 0)))?;
    file.allocate(options.preallocate_bytes)?;
    write_all(&*file, &FileKind::Frames.head(partition), 0)?;
    file.sync()
}

/// Removes files of ours that the manifest does not name.
fn remove_leftovers(files: &dyn Files, dir: &Path, manifest: &Manifest) -> Result<Vec<String>, OpenError> {
    let events = dir.join(EVENTS);
    let mut named: Vec<String> = Vec::new();
    for partition in manifest.all() {
        if !partition.sealed {
            named.push(FileKind::Frames.name(partition.number, 0));
        }
        named.extend(partition.halves().flat_map(|(name, _)| [name.data_name(), name.index_name()]));
    }
    named.extend(manifest.directory.iter().flat_map(KeptDirectory::names).map(|(name, _)| name));
    named.sort_unstable();
    let mut removed = Vec::new();
    for name in files.list(&events).map_err(disk("list", &events))? {
        if is_ours(&name) && named.binary_search(&name).is_err() {
            let path = events.join(&name);
            files.remove(&path).map_err(disk("remove", &path))?;
            removed.push(name);
        }
    }
    for name in [MANIFEST, STATE] {
        let _ = files.remove(&dir.join(format!("{name}{NEW}")));
    }
    Ok(removed)
}

/// Makes index files again that are missing. What they lead to cannot be made again.
fn rebuild_missing(
    files: &dyn Files,
    shelf: &Shelf,
    manifest: &Manifest,
    report: &mut OpenReport,
) -> Result<(), OpenError> {
    let events = shelf.dir.join(EVENTS);
    let present = files.list(&events).map_err(disk("list", &events))?;
    let is_there = |name: &String| present.binary_search(name).is_ok();
    for partition in manifest.all().filter(|partition| partition.sealed) {
        for (name, _) in partition.halves() {
            let data = name.data_name();
            if !is_there(&data) {
                return Err(OpenError::Damaged(format!("{} is missing", events.join(data).display())));
            }
            let index = name.index_name();
            if is_there(&index) {
                continue;
            }
            let data = Half::open_data(files, &shelf.dir, name, &shelf.pages)?;
            let path = events.join(&index);
            rebuild_index(files, &shelf.dir, name, &data)?.map_err(disk("make again", &path))?;
            files.sync_dir(&events).map_err(disk("sync", &events))?;
            report.rebuilt.push(index);
        }
    }
    Ok(())
}

fn open_live(
    files: &dyn Files,
    dir: &Path,
    partition: &Partition,
    heard: Heard,
    last: bool,
    report: &mut OpenReport,
) -> Result<Live, OpenError> {
    let path = dir.join(EVENTS).join(FileKind::Frames.name(partition.number, 0));
    let file = Named::open(files, &path)?;
    let (index, torn) = scan_frames(&file, partition.number, heard.frames_of(partition.number), last)?;
    if let Some(bytes) = torn {
        report.torn = Some(set_aside(files, dir, &file, partition.number, index.end, &bytes)?);
    }
    if last && let Some(offset) = index.last_frame {
        // If the sync of the last frame failed, the system may show it though it is not on the disk, and would never
        // bring it there. Nobody was told of it then, but readers would be from now on; so it is written once more.
        let length = usize::try_from(index.end - offset).unwrap_or(0);
        let bytes = file.read_vec(offset, length.min(usize::try_from(size_of(&file)? - offset).unwrap_or(0)))?;
        let written = write_all(&*file.file, &bytes, offset).and_then(|()| file.file.sync());
        written.map_err(disk("write the last frame of", &file.path))?;
    }
    report.frames += index.frames;
    report.entries += index.entries;
    Ok(Live::new(partition.number, file, index))
}

/// Keeps the bytes of a torn end in a file of their own, and then cuts them off.
fn set_aside(
    files: &dyn Files,
    dir: &Path,
    file: &Named,
    partition: u64,
    offset: u64,
    bytes: &[u8],
) -> Result<Torn, OpenError> {
    let folder = dir.join(SET_ASIDE);
    let kept_in = folder.join(format!("{partition:08}-{offset}.torn"));
    let kept = files.create(&kept_in).and_then(|kept| {
        write_all(&*kept, bytes, 0)?;
        kept.sync()?;
        files.sync_dir(&folder)
    });
    kept.map_err(disk("keep a torn end in", &kept_in))?;
    let cut = file.file.set_size(offset).and_then(|()| file.file.sync());
    cut.map_err(disk("cut a torn end off", &file.path))?;
    Ok(Torn { file: file.path.clone(), offset, bytes: bytes.len() as u64, kept_in })
}
