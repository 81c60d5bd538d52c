//! Backup: a copy of the store as it is at one moment, made while it serves. The copy simply opens.
//!
//! Sealed files never change, and upkeep, which alone would take them away, waits until the copy is made. Of the
//! partition being written the frames that are visible now are copied. The manifest comes last: a copy without one is
//! not finished, and does not open.

use super::core::Core;
use super::directory::KeptDirectory;
use super::files::{File, is_full, read_vec, write_all};
use super::format::{EVENTS, FileKind, SET_ASIDE};
use super::manifest::{Manifest, Partition, WriteError};
use super::sealed::name::Lies;
use super::small_state::SmallState;
use super::verify::Progress;
use super::view::Part;
use crate::ledger::Unavailable;
use std::io;
use std::path::Path;

/// What a backup copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

const PIECE_BYTES: usize = 4 << 20;

pub(super) fn backup(core: &Core, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Copied, Unavailable> {
    let _turn = core.upkeep();
    let wrong = |error: io::Error| match error {
        error if is_full(&error) => Unavailable::Full,
        error => Unavailable::Failed(format!("copying to {}: {error}", to.display())),
    };
    core.files.create_dir(to).map_err(wrong)?;
    if let Some(found) = core.files.list(to).map_err(wrong)?.first() {
        let what = format!("{} is not empty, it holds '{found}'; choose another directory", to.display());
        return Err(Unavailable::Failed(what));
    }
    let events = to.join(EVENTS);
    for folder in [&events, &to.join(SET_ASIDE)] {
        core.files.create_dir(folder).map_err(wrong)?;
    }
    let view = core.view();
    let now = core.manifest();
    let mut manifest = Manifest { lines: now.lines, directory: now.directory, ..Manifest::default() };
    // What is to be copied: name, and how much of it.
    let mut files: Vec<(String, u64)> = Vec::new();
    for part in &view.parts {
        match part {
            Part::Live(live) => {
                files.push((FileKind::Frames.name(live.number, 0), live.index().end));
                manifest.partitions.push(Partition::live(live.number));
            }
            Part::Sealed(partition) => {
                if let Some(bytes) = partition.frames {
                    files.push((FileKind::Frames.name(partition.number, 0), bytes));
                }
                for (name, half) in partition.halves() {
                    if name.lies == Lies::Apart {
                        files.push((name.data_name(), half.data_bytes));
                    }
                    files.push((name.index_name(), half.index_bytes));
                }
                let among = if part.is_imported() { &mut manifest.imports } else { &mut manifest.partitions };
                among.push(Partition::clone(partition));
            }
        }
    }
    files.extend(manifest.directory.iter().flat_map(KeptDirectory::names));
    let of = files.iter().map(|(_, bytes)| bytes).sum();
    let mut copied = Copied::default();
    for (name, bytes) in files {
        let source = core.files.open(&core.dir.join(EVENTS).join(&name)).map_err(wrong)?;
        let target = core.files.create(&events.join(&name)).map_err(wrong)?;
        copy(&*source, &*target, bytes, &mut |piece| {
            copied.bytes += piece;
            progress(Progress { done: copied.bytes, of });
        })
        .map_err(wrong)?;
        copied.files += 1;
    }
    core.small.copy_to(&SmallState::open(core.files.clone(), to)?)?;
    core.files.sync_dir(&events).map_err(wrong)?;
    manifest.write(&*core.files, to).map_err(|error| {
        let (WriteError::Unchanged(error) | WriteError::Uncertain(error)) = error;
        wrong(error)
    })?;
    Ok(copied)
}

fn copy(source: &dyn File, target: &dyn File, bytes: u64, piece: &mut dyn FnMut(u64)) -> io::Result<()> {
    let mut at = 0;
    while at < bytes {
        let length = usize::try_from(bytes - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
        write_all(target, &read_vec(source, at, length)?, at)?;
        at += length as u64;
        piece(length as u64);
    }
    target.sync()
}
