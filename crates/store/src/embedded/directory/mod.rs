//! The directory on the disk: a snapshot of it, and what the events of partitions sealed since then changed in it.
//!
//! The directory is what events made of it. Frames note what each changed ([`notes`]); when their partition is sealed,
//! its notes are put into a small file of their own. Once these files are long beside the snapshot, a new snapshot takes
//! their place. So a seal costs in proportion to what it seals, not to all that is known, and opening has a bounded part
//! of the directory to play again (`docs/decisions/0032-directory-on-disk.md`).
//!
//! Which files count, and up to where they have heard the events, is said by the manifest ([`KeptDirectory`]), in the
//! same replacement that makes the partition a sealed one: the two can never disagree. Files never change, and the
//! manifest names them only once they are durable.

pub(super) mod file;
pub(super) mod notes;

use super::fault::{Fault, Named, WriteProblem};
use super::files::Files;
use super::format::{EVENTS, FileKind};
use feed::directory::Directory;
use file::{PieceWriter, Pieces};
use notes::Notes;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// What is wrong with notes of frames that cannot be played.
pub(super) const SENSELESS_NOTES: &str = "what its frames note makes no sense, though their checksums are right";
/// Most files of notes, however short they are.
const NOTES_FILES_MAX: usize = 256;

/// Up to where the events were heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Heard {
    /// All partitions before this one,
    pub(super) partition: u64,
    /// and so many frames of this one.
    pub(super) frames: u64,
}

impl Heard {
    /// How many frames of a partition were heard.
    pub(super) fn frames_of(self, partition: u64) -> u64 {
        match partition.cmp(&self.partition) {
            std::cmp::Ordering::Less => u64::MAX,
            std::cmp::Ordering::Equal => self.frames,
            std::cmp::Ordering::Greater => 0,
        }
    }
}

/// One file: what it brings the directory up to, which is also its name, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptFile {
    up_to: Heard,
    bytes: u64,
}

impl KeptFile {
    fn name(self, kind: FileKind) -> String {
        kind.name(self.up_to.partition, u32::try_from(self.up_to.frames).unwrap_or(u32::MAX))
    }

    fn pieces(self, files: &dyn Files, dir: &Path, kind: FileKind) -> Result<Pieces, Fault> {
        let file = Named::open(files, &dir.join(EVENTS).join(self.name(kind)))?;
        Pieces::of(file, kind, self.up_to.partition, self.bytes)
    }
}

/// Where the directory is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptDirectory {
    /// Up to where it has heard the events.
    pub(super) heard: Heard,
    /// The snapshot; without one it began empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<KeptFile>,
    /// What was noted after the snapshot, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<KeptFile>,
}

impl KeptDirectory {
    fn files(&self) -> impl Iterator<Item = (FileKind, KeptFile)> {
        let snapshot = self.snapshot.iter().map(|file| (FileKind::Directory, *file));
        snapshot.chain(self.notes.iter().map(|file| (FileKind::Notes, *file)))
    }

    /// The names of its files, and how long they are.
    pub(super) fn names(&self) -> impl Iterator<Item = (String, u64)> {
        self.files().map(|(kind, file)| (file.name(kind), file.bytes))
    }

    /// Reads the directory as it was when it had heard all this.
    pub(super) fn load(&self, files: &dyn Files, dir: &Path) -> Result<Directory, Fault> {
        let mut directory = match self.snapshot {
            Some(kept) => kept.pieces(files, dir, FileKind::Directory)?.value()?,
            None => Directory::default(),
        };
        for kept in &self.notes {
            let play = |piece: Vec<u8>| notes::play(&piece, &mut directory);
            kept.pieces(files, dir, FileKind::Notes)?.each(play)?;
        }
        Ok(directory)
    }

    /// Writes what is needed for it to have heard the events up to here, of which these are the notes: a file of them,
    /// or a snapshot if such files have `notes_bytes` and half the bytes of the last one, or are many. What is written counts once the manifest says so and the
    /// folder is synced; files that it no longer names can go then.
    pub(super) fn heard_more(
        &self,
        (files, dir): (&dyn Files, &Path),
        up_to: Heard,
        notes: &Notes,
        notes_bytes: u64,
    ) -> Result<KeptDirectory, WriteProblem> {
        let mut kept = self.clone();
        if up_to <= self.heard {
            return Ok(kept);
        }
        kept.heard = up_to;
        if notes.is_empty() {
            return Ok(kept);
        }
        let noted: u64 = self.notes.iter().map(|file| file.bytes).sum();
        let bytes_max = notes_bytes.max(self.snapshot.map_or(0, |file| file.bytes) / 2);
        if noted < bytes_max && self.notes.len() < NOTES_FILES_MAX {
            let bytes =
                write(files, dir, FileKind::Notes, up_to, |out| notes.pieces().try_for_each(|it| out.piece(it)))?;
            kept.notes.push(KeptFile { up_to, bytes });
        } else {
            let mut directory = self.load(files, dir)?;
            notes
                .play(&mut directory)
                .ok_or_else(|| Fault::Damaged(format!("partition {}: {SENSELESS_NOTES}", up_to.partition)))?;
            kept = Self::snapshot(files, dir, up_to, &directory)?;
        }
        Ok(kept)
    }

    /// Writes all of a directory that has heard the events up to here.
    pub(super) fn snapshot(files: &dyn Files, dir: &Path, up_to: Heard, directory: &Directory) -> io::Result<Self> {
        let bytes = write(files, dir, FileKind::Directory, up_to, |out| out.value(directory))?;
        Ok(KeptDirectory { heard: up_to, snapshot: Some(KeptFile { up_to, bytes }), notes: Vec::new() })
    }

    /// Removes the files that another one has and this does not. Failures are of no consequence: opening does it again.
    pub(super) fn remove_others(&self, of: &KeptDirectory, files: &dyn Files, dir: &Path) {
        let ours: Vec<String> = self.names().map(|(name, _)| name).collect();
        for (name, _) in of.names().filter(|(name, _)| !ours.contains(name)) {
            let _ = files.remove(&dir.join(EVENTS).join(name));
        }
    }
}

/// Writes a file and makes it durable; answers how long it is. If that fails nothing is left of it.
fn write(
    files: &dyn Files,
    dir: &Path,
    kind: FileKind,
    up_to: Heard,
    put: impl FnOnce(&mut PieceWriter) -> io::Result<()>,
) -> io::Result<u64> {
    let path = dir.join(EVENTS).join(KeptFile { up_to, bytes: 0 }.name(kind));
    let written = files.create(&path).and_then(|file| {
        let mut out = PieceWriter::new(file, kind, up_to.partition)?;
        put(&mut out)?;
        out.finish()
    });
    written.inspect_err(|_| {
        let _ = files.remove(&path);
    })
}

/// Reads all of it; tells what is wrong, and answers how many files and bytes there are.
pub(super) fn check(files: &dyn Files, dir: &Path, kept: &KeptDirectory, damage: &mut dyn FnMut(Fault)) -> (u64, u64) {
    let (mut count, mut bytes, mut sound) = (0, 0, true);
    // One that is damaged hides what is wrong with those that are played after it, so each is first read for itself.
    for (kind, file) in kept.files() {
        count += 1;
        bytes += file.bytes;
        if let Err(fault) = file.pieces(files, dir, kind).and_then(|pieces| pieces.each(|_| Some(()))) {
            sound = false;
            damage(fault);
        }
    }
    if sound && let Err(fault) = kept.load(files, dir) {
        damage(fault);
    }
    (count, bytes)
}
