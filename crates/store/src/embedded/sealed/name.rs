//! Which half of which partition, and where its bytes lie.
//!
//! A half has an index file of its own. What the index leads to, its blocks, lies either in a data file of its own or
//! still in the file of frames that the partition was written to, which then both halves share.

use super::super::format::{EVENTS, FileKind};
use feed::event::FeedKind;
use std::path::{Path, PathBuf};

/// Where the blocks of a half lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Lies {
    /// In a data file that holds nothing else.
    Apart,
    /// In the frames of the partition, as they were committed.
    InFrames,
}

/// Which half of which partition, written how often before, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct HalfName {
    pub(in super::super) partition: u64,
    pub(in super::super) kind: FeedKind,
    pub(in super::super) generation: u32,
    pub(in super::super) lies: Lies,
}

impl HalfName {
    /// A half that is written for the first time.
    pub(in super::super) fn first(partition: u64, kind: FeedKind, lies: Lies) -> Self {
        HalfName { partition, kind, generation: 0, lies }
    }

    /// The same half written again, which is always apart.
    pub(in super::super) fn next(self) -> Self {
        HalfName { generation: self.generation + 1, lies: Lies::Apart, ..self }
    }

    /// The name of the file in which its blocks lie.
    pub(in super::super) fn data_name(self) -> String {
        match self.lies {
            Lies::Apart => FileKind::Data(self.kind).name(self.partition, self.generation),
            Lies::InFrames => FileKind::Frames.name(self.partition, 0),
        }
    }

    /// The name of its index.
    pub(in super::super) fn index_name(self) -> String {
        FileKind::Index(self.kind).name(self.partition, self.generation)
    }

    pub(in super::super) fn data(self, dir: &Path) -> PathBuf {
        dir.join(EVENTS).join(self.data_name())
    }

    pub(in super::super) fn index(self, dir: &Path) -> PathBuf {
        dir.join(EVENTS).join(self.index_name())
    }

    /// The files that nothing but this half needs: they go when it goes.
    pub(in super::super) fn own(self, dir: &Path) -> Vec<PathBuf> {
        match self.lies {
            Lies::Apart => vec![self.data(dir), self.index(dir)],
            Lies::InFrames => vec![self.index(dir)],
        }
    }
}
