//! Every file of a store, and what all of them have in common. `docs/ledger-format.md` shows the same at length.
//!
//! | Path | Holds | Changes | Described in |
//! |---|---|---|---|
//! | `lock` | nothing; its lock says that a process is at work | never | `opening` |
//! | `manifest` | the partitions, their ranges, the last place of each line | replaced whole, by renaming | `manifest` |
//! | `state.redb` | tokens, secrets, holds | by its own transactions | `small_state` |
//! | `events/N.frames` | partition N: frames as they were committed | grows at the end until it is sealed | `frame` |
//! | `events/N.eG.data` | partition N, sealed: enterprise renderings and their facts | never | `sealed::data` |
//! | `events/N.eG.index` | what leads to them | never; can be made again from what it leads to | `sealed::index` |
//! | `events/N.uG.data`, `events/N.uG.index` | the same for user renderings | never | |
//! | `events/N.F.directory` | a snapshot of the directory that has heard F frames of partition N | never | `directory` |
//! | `events/N.F.notes` | what events changed in the directory after that, up to F frames of partition N | never | |
//! | `set-aside/…` | bytes cut from a torn end, kept for whoever wants to look | never | `opening` |
//! | `….new` | a file being written; removed on opening | | |
//!
//! A partition sealed where it lies has its frames and the indexes, and no data file until a half is written again.
//!
//! N is the number of the partition (8 digits, or more than 1,000,000,000 for imported history); G counts how often the file was written again (by sweep and
//! recompression). Files of ours that the manifest does not name are left over from an interrupted step and are
//! removed on opening.
//!
//! Every file begins with the same head of 64 bytes:
//!
//! ```text
//!  0  magic (8): ff 54 69 64, the kind of file (3), fe     8 format version (2)     10 zero (2)
//! 12  checksum of the head with this field left out (4)   16 partition (8)          24 zero (40)
//! ```
//!
//! except the manifest, which is a line of text with the same facts and then JSON, and `state.redb`, whose format is
//! redb's. All numbers are little-endian; all checksums are CRC-32C. A file of a newer version is refused.

use super::checksum::checksum_of_both;
use super::codec::{Taker, put_u16, put_u32, put_u64};
use feed::event::FeedKind;

/// The version of the format that this program writes, and the newest that it reads. What each brought:
///
/// 1. The first.
/// 2. Enterprise facts have terms, and indexes of enterprise halves lead to them. The manifest may name partitions of
///    imported history.
/// 3. Indexes tell where each rendering lies.
/// 4. A sealed partition may still lie in its frames; then its indexes hold the tables of blocks. Renderings may be
///    compressed one by one.
/// 5. The directory is kept in files of its own, and notes are no longer JSON.
/// 6. Frames begin at multiples of 4,096 bytes, before that of 64.
pub(super) const FORMAT_VERSION: u16 = 6;
/// Length of the head of a file.
pub(super) const FILE_HEAD_BYTES: usize = 64;
/// The folder of the partitions.
pub(super) const EVENTS: &str = "events";
/// The folder of bytes cut from torn ends.
pub(super) const SET_ASIDE: &str = "set-aside";
/// The name of the manifest.
pub(super) const MANIFEST: &str = "manifest";
/// The name of the lock file.
pub(super) const LOCK: &str = "lock";
/// The name of the database of the small state.
pub(super) const STATE: &str = "state.redb";
/// What a file being written is called after its name.
pub(super) const NEW: &str = ".new";

/// Kinds of files that begin with the common head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Frames,
    Data(FeedKind),
    Index(FeedKind),
    Directory,
    Notes,
}

impl FileKind {
    fn magic(self) -> [u8; 8] {
        let name = match self {
            FileKind::Frames => b"frm",
            FileKind::Data(FeedKind::Enterprise) => b"eda",
            FileKind::Data(FeedKind::User) => b"uda",
            FileKind::Index(FeedKind::Enterprise) => b"eix",
            FileKind::Index(FeedKind::User) => b"uix",
            FileKind::Directory => b"dir",
            FileKind::Notes => b"nts",
        };
        [0xff, b'T', b'i', b'd', name[0], name[1], name[2], 0xfe]
    }

    /// The name of the file of a partition. For those of the directory the generation is a count of frames.
    pub(super) fn name(self, partition: u64, generation: u32) -> String {
        match self {
            FileKind::Frames => format!("{partition:08}.frames"),
            FileKind::Data(kind) => format!("{partition:08}.{}{generation}.data", letter(kind)),
            FileKind::Index(kind) => format!("{partition:08}.{}{generation}.index", letter(kind)),
            FileKind::Directory => format!("{partition:08}.{generation}.directory"),
            FileKind::Notes => format!("{partition:08}.{generation}.notes"),
        }
    }

    /// The head of such a file.
    pub(super) fn head(self, partition: u64) -> [u8; FILE_HEAD_BYTES] {
        let mut head = Vec::with_capacity(FILE_HEAD_BYTES);
        head.extend_from_slice(&self.magic());
        put_u16(&mut head, FORMAT_VERSION);
        put_u16(&mut head, 0);
        put_u32(&mut head, 0);
        put_u64(&mut head, partition);
        head.resize(FILE_HEAD_BYTES, 0);
        let checksum = checksum(&head);
        head[12..16].copy_from_slice(&checksum.to_le_bytes());
        head.try_into().unwrap_or([0; FILE_HEAD_BYTES])
    }

    /// Checks the head of a file; answers its version.
    pub(super) fn check(self, partition: u64, head: &[u8]) -> Result<u16, BadFile> {
        let mut taker = Taker(head);
        let magic = taker.take(8);
        let version = taker.u16();
        taker.u16();
        let stored = taker.u32();
        let number = taker.u64();
        if magic != Some(&self.magic()) || head.len() < FILE_HEAD_BYTES || stored != Some(checksum(head)) {
            return Err(BadFile::Damaged("its head does not check"));
        }
        match version {
            Some(version) if version > FORMAT_VERSION => Err(BadFile::Newer(version)),
            _ if number != Some(partition) => Err(BadFile::Damaged("its head names another partition")),
            version => Ok(version.unwrap_or(FORMAT_VERSION)),
        }
    }
}

fn letter(kind: FeedKind) -> char {
    match kind {
        FeedKind::Enterprise => 'e',
        FeedKind::User => 'u',
    }
}

fn checksum(head: &[u8]) -> u32 {
    let covered = head.get(..12).zip(head.get(16..FILE_HEAD_BYTES));
    covered.map_or(0, |(before, after)| checksum_of_both(before, after))
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BadFile {
    /// It was written by a newer program.
    Newer(u16),
    /// It is not what it should be.
    Damaged(&'static str),
}

/// Whether a name in `events` is one of ours, and so may be removed when the manifest does not name it.
pub(super) fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(NEW).unwrap_or(name);
    let mut parts = name.split('.');
    let number = parts.next().is_some_and(|n| n.len() >= 8 && n.bytes().all(|b| b.is_ascii_digit()));
    let rest = (parts.next(), parts.next(), parts.next());
    let count = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let generation = |part: &str| part.strip_prefix(['e', 'u']).is_some_and(count);
    number
        && match rest {
            (Some("frames"), None, None) => true,
            (Some(part), Some("data" | "index"), None) => generation(part),
            (Some(frames), Some("directory" | "notes"), None) => count(frames),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_says_what_is_wrong() {
        let kind = FileKind::Data(FeedKind::User);
        let head = kind.head(7);
        assert_eq!(kind.check(7, &head), Ok(FORMAT_VERSION));
        assert!(matches!(kind.check(8, &head), Err(BadFile::Damaged(_))));
        assert!(matches!(FileKind::Frames.check(7, &head), Err(BadFile::Damaged(_))));
        assert!(matches!(kind.check(7, &head[..63]), Err(BadFile::Damaged(_))));
        let mut newer = head;
        newer[8..10].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
        let sum = checksum(&newer);
        newer[12..16].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(kind.check(7, &newer), Err(BadFile::Newer(FORMAT_VERSION + 1)));
    }

    #[test]
    fn only_our_own_names_are_ours() {
        for kind in [
            FileKind::Frames,
            FileKind::Data(FeedKind::User),
            FileKind::Index(FeedKind::Enterprise),
            FileKind::Directory,
            FileKind::Notes,
        ] {
            assert!(is_ours(&kind.name(12, 3)));
            assert!(is_ours(&format!("{}{NEW}", kind.name(123_456_789, 0))));
        }
        for foreign in [
            "notes.txt",
            "00000001",
            "00000001.e.data",
            "00000001.x1.data",
            "1.frames",
            "00000001.e1.data.x",
            "00000001.e1.notes",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
