//! The manifest: which partitions there are, how far they reach, and the last place of every line.
//!
//! It is one line of text and then JSON, so that a person can read it:
//!
//! ```text
//! tidings manifest 5 crc32c=0a1b2c3d
//! {"partitions":[…],"imports":[…],"lines":{…},"directory":{…}}
//! ```
//!
//! It is replaced whole: written aside, synced, renamed over the old one, and the directory synced. What it does not
//! name does not exist; what it names was durable before it did.

use super::checksum::{checksum, checksum_of_both};
use super::directory::KeptDirectory;
use super::files::{Files, read_vec, write_all};
use super::format::{FORMAT_VERSION, MANIFEST, NEW};
use super::seal::KINDS;
use super::sealed::index::{Range, Ranges};
use super::sealed::name::{HalfName, Lies};
use feed::event::FeedKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What a manifest begins with, before its version.
const FIRST_WORDS: &str = "tidings manifest ";
/// Partitions of fewer enterprises than this tell in the manifest which; others have to be asked.
const LINES_NAMED_MAX: usize = 4_096;
/// The numbers of partitions of imported history lie above this one, all others below.
pub(super) const IMPORTS_ABOVE: u64 = 1_000_000_000;

/// What the manifest says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// In the order of their numbers. The last is the one being written.
    pub(super) partitions: Vec<Partition>,
    /// Partitions of imported history, in no order. They are sealed from the start and have no user half.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) imports: Vec<Partition>,
    /// What lines need to remember about sealed partitions, even when all of those are swept.
    pub(super) lines: BTreeMap<String, LineEnds>,
    /// Where the directory is kept. Before format 5 it was in the small state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) directory: Option<KeptDirectory>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Partition {
    pub(super) number: u64,
    /// Whether it is sealed; if not, it is a file of frames.
    pub(super) sealed: bool,
    /// How long its file of frames is, as long as a half of the sealed partition lies in it. Such are the halves of
    /// generation 0; what is written again lies apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) frames: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enterprise: Option<HalfRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<HalfRecord>,
}

/// The last places of a line, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LineEnds {
    /// In arrival order, also of entries that no feed shows.
    pub(super) last: u64,
    /// In history order.
    pub(super) history: u64,
}

/// A half of a sealed partition. Ranges are of places as bits, and of seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HalfRecord {
    pub(super) generation: u32,
    pub(super) entries: u64,
    /// How long its data file is, or if it lies in frames, its blocks there.
    pub(super) data_bytes: u64,
    pub(super) index_bytes: u64,
    /// Whether its blocks are compressed, in whatever way.
    #[serde(default)]
    pub(super) compressed: bool,
    pub(super) places: Range,
    pub(super) history: Range,
    pub(super) window: Range,
    pub(super) created: Range,
    /// The enterprises in it, unless they are too many.
    pub(super) lines: Option<Vec<String>>,
}

impl HalfRecord {
    pub(super) fn new(generation: u32, bytes: (u64, u64), compressed: bool, ranges: &Ranges) -> Self {
        let (data_bytes, index_bytes) = bytes;
        HalfRecord {
            generation,
            entries: ranges.entries,
            data_bytes,
            index_bytes,
            compressed,
            places: ranges.places,
            history: ranges.history,
            window: ranges.window,
            created: ranges.created,
            lines: (ranges.lines.len() < LINES_NAMED_MAX).then(|| ranges.lines.clone()),
        }
    }

    /// The same half as one of imported history, which has no place in history order.
    pub(super) fn of_imported(self) -> Self {
        HalfRecord { history: None, ..self }
    }

    /// Whether it may hold something of this line; the names are sorted.
    pub(super) fn may_hold(&self, line: &str) -> bool {
        self.lines.as_ref().is_none_or(|lines| lines.binary_search_by(|held| held.as_str().cmp(line)).is_ok())
    }
}

impl Partition {
    pub(super) fn live(number: u64) -> Self {
        Partition { number, sealed: false, frames: None, enterprise: None, user: None }
    }

    /// Whether it holds imported history: it is in window order only, and its places are those of that order.
    pub(super) fn is_imported(&self) -> bool {
        self.number > IMPORTS_ABOVE
    }

    /// Whether everything that was in it has been swept.
    pub(super) fn is_spent(&self) -> bool {
        self.sealed && self.enterprise.is_none() && self.user.is_none()
    }

    pub(super) fn half(&self, kind: FeedKind) -> Option<&HalfRecord> {
        match kind {
            FeedKind::Enterprise => self.enterprise.as_ref(),
            FeedKind::User => self.user.as_ref(),
        }
    }

    pub(super) fn half_mut(&mut self, kind: FeedKind) -> &mut Option<HalfRecord> {
        match kind {
            FeedKind::Enterprise => &mut self.enterprise,
            FeedKind::User => &mut self.user,
        }
    }

    /// The name of a half that it has.
    pub(super) fn half_name(&self, kind: FeedKind) -> Option<HalfName> {
        let generation = self.half(kind)?.generation;
        let lies = match self.frames {
            Some(_) if generation == 0 => Lies::InFrames,
            _ => Lies::Apart,
        };
        Some(HalfName { partition: self.number, kind, generation, lies })
    }

    /// The halves that it has.
    pub(super) fn halves(&self) -> impl Iterator<Item = (HalfName, &HalfRecord)> {
        KINDS.into_iter().filter_map(|kind| Some((self.half_name(kind)?, self.half(kind)?)))
    }

    /// The halves that lie in its frames.
    pub(super) fn in_frames(&self) -> impl Iterator<Item = (HalfName, &HalfRecord)> {
        self.halves().filter(|(name, _)| name.lies == Lies::InFrames)
    }

    /// Whether a quarter of its frames or more is of use to nobody any more.
    pub(super) fn wastes_frames(&self) -> bool {
        let used: u64 = self.in_frames().map(|(_, record)| record.data_bytes).sum();
        self.frames.is_some_and(|bytes| used <= bytes / 4 * 3)
    }

    /// Forgets its frames once no half lies in them.
    pub(super) fn forget_frames(&mut self) {
        if self.in_frames().next().is_none() {
            self.frames = None;
        }
    }
}

impl Manifest {
    pub(super) fn partition_mut(&mut self, number: u64) -> Option<&mut Partition> {
        self.partitions.iter_mut().find(|partition| partition.number == number)
    }

    /// All partitions, imported ones first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Partition> {
        self.imports.iter().chain(&self.partitions)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("a manifest is plain values");
        let checksum = manifest_checksum(FORMAT_VERSION, &json);
        let mut out = format!("{FIRST_WORDS}{FORMAT_VERSION} crc32c={checksum:08x}\n").into_bytes();
        out.extend_from_slice(&json);
        out
    }

    /// Reads the text of a manifest.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadManifest> {
        let damaged = |what: &str| BadManifest::Damaged(what.to_owned());
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| damaged("its first line is missing"))?;
        let (first, json) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 1..]);
        let rest = first.strip_prefix(FIRST_WORDS).ok_or_else(|| damaged("its first line is not ours"))?;
        let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let version: u16 = version.parse().map_err(|_| damaged("its version is no number"))?;
        match version {
            0 => return Err(damaged("there is no version 0")),
            1..=FORMAT_VERSION => {}
            newer => return Err(BadManifest::Newer(newer)),
        }
        let stored = rest.strip_prefix("crc32c=").and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if stored != Some(manifest_checksum(version, json)) {
            return Err(damaged("it does not match its checksum"));
        }
        serde_json::from_slice(json).map_err(|error| BadManifest::Damaged(error.to_string()))
    }

    /// The manifest of a directory; `None` if there is none.
    pub(super) fn read(files: &dyn Files, dir: &Path) -> io::Result<Option<Result<Self, BadManifest>>> {
        let file = match files.open(&dir.join(MANIFEST)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = usize::try_from(file.size()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        Ok(Some(Self::parse(&read_vec(&*file, 0, size)?)))
    }

    /// Whether the manifest of a directory is of the version that this program writes.
    pub(super) fn is_current(files: &dyn Files, dir: &Path) -> io::Result<bool> {
        let ours = format!("{FIRST_WORDS}{FORMAT_VERSION} ");
        let file = files.open(&dir.join(MANIFEST))?;
        Ok(read_vec(&*file, 0, ours.len())? == ours.as_bytes())
    }

    /// Puts this manifest in place of the old one.
    ///
    /// Until the rename nothing has happened. After it, should the sync of the directory fail, either may be found on
    /// the disk, and the caller must not go on as if it knew which.
    pub(super) fn write(&self, files: &dyn Files, dir: &Path) -> Result<(), WriteError> {
        let aside = dir.join(format!("{MANIFEST}{NEW}"));
        let bytes = self.to_bytes();
        let written = files.create(&aside).and_then(|file| {
            write_all(&*file, &bytes, 0)?;
            file.sync()
        });
        if let Err(error) = written {
            let _ = files.remove(&aside);
            return Err(WriteError::Unchanged(error));
        }
        files.rename(&aside, &dir.join(MANIFEST)).map_err(WriteError::Uncertain)?;
        files.sync_dir(dir).map_err(WriteError::Uncertain)
    }
}

/// The checksum of a manifest. Since version 3 it covers the version as well.
fn manifest_checksum(version: u16, json: &[u8]) -> u32 {
    match version {
        ..3 => checksum(json),
        3.. => checksum_of_both(&version.to_le_bytes(), json),
    }
}

/// Why a manifest could not be replaced.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The old one is in place.
    Unchanged(io::Error),
    /// Either may be.
    Uncertain(io::Error),
}

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BadManifest {
    Newer(u16),
    Damaged(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_any_other_byte_is_found() {
        let mut manifest = Manifest::default();
        manifest.partitions.push(Partition::live(1));
        manifest.lines.insert("7".to_owned(), LineEnds { last: 5, history: 4 });
        let bytes = manifest.to_bytes();
        assert_eq!(Manifest::parse(&bytes), Ok(manifest));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            let read = Manifest::parse(&flipped);
            assert!(read.is_err(), "byte {at}: {read:?}");
        }
    }

    #[test]
    fn a_newer_one_is_told_apart_from_damage() {
        assert_eq!(Manifest::parse(b"tidings manifest 9 anything\n{}"), Err(BadManifest::Newer(9)));
    }
}
