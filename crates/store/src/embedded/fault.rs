//! What can go wrong while reading, and how it is told.

use super::files::{File, Files, read_exact, read_vec};
use crate::ledger::Unavailable;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Stored bytes are not what they were: file, place, what was found.
    Damaged(String),
    /// The file was taken away by a sweep or a rewrite; the list of partitions tells what there is now.
    Gone(String),
}

impl From<Fault> for Unavailable {
    fn from(fault: Fault) -> Unavailable {
        match fault {
            Fault::Damaged(place) => Unavailable::Damaged(place),
            Fault::Gone(what) => Unavailable::Damaged(format!("{what} is missing")),
        }
    }
}

/// Why a file could not be written.
#[derive(Debug)]
pub(super) enum WriteProblem {
    /// What it is made of cannot be read.
    Read(Fault),
    /// The disk.
    Write(io::Error),
}

impl From<Fault> for WriteProblem {
    fn from(fault: Fault) -> Self {
        WriteProblem::Read(fault)
    }
}

impl From<io::Error> for WriteProblem {
    fn from(error: io::Error) -> Self {
        WriteProblem::Write(error)
    }
}

/// A file that knows its name, so that every fault can tell it.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) file: Arc<dyn File>,
    pub(super) path: PathBuf,
}

impl Named {
    pub(super) fn open(files: &dyn Files, path: &Path) -> Result<Self, Fault> {
        match files.open(path) {
            Ok(file) => Ok(Named { file, path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fault::Gone(path.display().to_string())),
            Err(error) => Err(Fault::Damaged(format!("{}: cannot be opened: {error}", path.display()))),
        }
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        read_exact(&*self.file, buffer, offset)
            .map_err(|error| self.damaged(offset, &format!("cannot be read: {error}")))
    }

    pub(super) fn read_vec(&self, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        read_vec(&*self.file, offset, length).map_err(|error| self.damaged(offset, &format!("cannot be read: {error}")))
    }

    pub(super) fn damaged(&self, offset: u64, what: &str) -> Fault {
        Fault::Damaged(format!("{} at byte {offset}: {what}", self.path.display()))
    }
}
