//! Sealing: a partition that is full or of a day that is over becomes two halves that never change.
//!
//! Step by step, so that a crash between any two leaves a store that opens:
//!
//! 1. both halves are written aside, synced, renamed, the directory synced (until 3 nobody knows of them; opening
//!    removes them). A partition of long blocks is sealed where it lies: only the indexes are written, and the space that
//!    was taken ahead at the end of its frames is given back;
//! 2. so is what the partition notes for the directory, or a new snapshot of it ([`super::directory`]);
//! 3. the manifest names the halves, the files of the directory and the last places of the lines;
//! 4. the file of frames is removed, unless the halves lie in it, and what the directory no longer needs (opening
//!    removes what the manifest does not name).

use super::core::Core;
use super::directory::{Heard, KeptDirectory};
use super::fault::WriteProblem;
use super::files::is_full;
use super::format::EVENTS;
use super::live::{Live, LiveIndex};
use super::manifest::{HalfRecord, LineEnds};
use super::sealed::name::{HalfName, Lies};
use super::sealed::write::{HalfWriter, discard, seal_in_place};
use super::view::Part;
use crate::ledger::Unavailable;
use feed::event::FeedKind;
use std::io;
use std::sync::Arc;

/// Seals the oldest partition that is not being written any more; answers whether there was one.
pub(super) fn seal_next(core: &Core) -> Result<bool, Unavailable> {
    let _turn = core.upkeep();
    let view = core.view();
    let Some(open) = view.open().map(|live| live.number) else { return Ok(false) };
    let Some(live) = view.live().find(|live| live.number != open).cloned() else { return Ok(false) };
    core.writable()?;
    seal(core, &live)?;
    Ok(true)
}

fn seal(core: &Core, live: &Arc<Live>) -> Result<(), Unavailable> {
    let lies = where_it_lies(core, &live.index());
    let discard_halves = || {
        KINDS.into_iter().for_each(|kind| discard(&*core.files, &core.dir, HalfName::first(live.number, kind, lies)));
    };
    let failed = |problem: WriteProblem| {
        // All that was written for it, or a full disk would not get its space back.
        discard_halves();
        problem.unavailable(live)
    };
    let mut halves: [Option<HalfRecord>; 2] = [None, None];
    for (kind, half) in KINDS.into_iter().zip(&mut halves) {
        *half = write_half(core, live, HalfName::first(live.number, kind, lies)).map_err(failed)?;
    }
    let frames = match lies {
        Lies::Apart => None,
        Lies::InFrames => Some(trim(live).map_err(|error| failed(WriteProblem::Write(error)))?),
    };
    let before = core.manifest().directory.unwrap_or_default();
    let directory = hear(core, live, &before).inspect_err(|_| discard_halves())?;
    let synced = core.files.sync_dir(&core.dir.join(EVENTS));
    synced.map_err(|error| core.fail(&format!("syncing {}: {error}", core.dir.join(EVENTS).display())))?;
    let [enterprise, user] = halves;
    let ends = line_ends(&live.index());
    let changed = core.change_manifest(|manifest| {
        if let Some(partition) = manifest.partition_mut(live.number) {
            partition.sealed = true;
            (partition.enterprise, partition.user, partition.frames) = (enterprise, user, frames);
            partition.forget_frames();
        }
        manifest.partitions.retain(|partition| !partition.is_spent());
        manifest.directory = Some(directory.clone());
        for (line, ends) in ends {
            let kept = manifest.lines.entry(line).or_default();
            *kept = LineEnds { last: kept.last.max(ends.last), history: kept.history.max(ends.history) };
        }
    });
    if changed == Err(Unavailable::Full) {
        // Else the manifest on the disk may name them.
        discard_halves();
        before.remove_others(&directory, &*core.files, &core.dir);
    }
    changed?;
    directory.remove_others(&before, &*core.files, &core.dir);
    let sealed = core.manifest().partition_mut(live.number).cloned().map(Arc::new);
    let stays = sealed.as_ref().is_some_and(|partition| partition.frames.is_some());
    core.change_view(|view| {
        let at = view.parts.iter().position(|part| matches!(part, Part::Live(held) if held.number == live.number));
        match (at, sealed) {
            (Some(at), Some(sealed)) => view.parts[at] = Part::Sealed(sealed),
            // It only changed the directory, so nothing is left of it.
            (Some(at), None) => drop(view.parts.remove(at)),
            (None, _) => {}
        }
    });
    if !stays {
        // Readers that still hold the old view go on reading the file, which is gone when the last lets go.
        let _ = core.files.remove(&live.file.path);
    }
    Ok(())
}

/// Whether its halves go on lying in its frames. Of long blocks a page takes a few, so writing them again, one line after
/// the other, can wait until they are cold; of short ones it would take a read for each.
fn where_it_lies(core: &Core, index: &LiveIndex) -> Lies {
    let bytes: u64 = index.blocks.iter().map(|block| u64::from(block.bytes)).sum();
    let long = bytes >= core.options.in_place_block_bytes.saturating_mul(index.blocks.len() as u64);
    if long && !core.options.compress { Lies::InFrames } else { Lies::Apart }
}

/// Gives back the space that was taken ahead; answers how long the file is without.
fn trim(live: &Live) -> io::Result<u64> {
    let end = live.index().end;
    live.file.file.set_size(end)?;
    live.file.file.sync()?;
    Ok(end)
}

/// Both kinds, in the order in which halves are written.
pub(super) const KINDS: [FeedKind; 2] = [FeedKind::Enterprise, FeedKind::User];

/// The last places of the lines of a partition.
pub(super) fn line_ends(index: &LiveIndex) -> Vec<(String, LineEnds)> {
    let ends = index.lines.iter().map(|(id, line)| {
        let history = line.history.last_key_value().map_or(0, |(at, _)| *at);
        (id.as_str().to_owned(), LineEnds { last: line.last, history })
    });
    ends.collect()
}

impl WriteProblem {
    /// Nothing is lost: the partition stays as it was, and it is tried again later.
    fn unavailable(self, live: &Live) -> Unavailable {
        match self {
            WriteProblem::Read(fault) => fault.into(),
            WriteProblem::Write(error) if is_full(&error) => Unavailable::Full,
            WriteProblem::Write(error) => Unavailable::Failed(format!("sealing partition {}: {error}", live.number)),
        }
    }
}

/// Writes one half of a partition; `None` if there is nothing of that kind in it.
fn write_half(core: &Core, live: &Live, name: HalfName) -> Result<Option<HalfRecord>, WriteProblem> {
    match name.lies {
        Lies::InFrames => Ok(seal_in_place(&*core.files, &core.dir, name, &live.index())?),
        Lies::Apart => write_apart(core, live, name),
    }
}

fn write_apart(core: &Core, live: &Live, name: HalfName) -> Result<Option<HalfRecord>, WriteProblem> {
    if live.index().lines.values().all(|line| line.half(name.kind).entries.is_empty()) {
        return Ok(None);
    }
    let mut writer = HalfWriter::new(&*core.files, &core.dir, name, core.options.compress)?;
    live.each_block(name.kind, |block| Ok::<_, WriteProblem>(writer.copy(block, |_| true)?))?;
    Ok(Some(writer.finish()?))
}

/// Lets the directory on the disk hear the partition; answers where it is then kept.
fn hear(core: &Core, live: &Live, before: &KeptDirectory) -> Result<KeptDirectory, Unavailable> {
    let index = live.index();
    let up_to = Heard { partition: live.number, frames: index.frames };
    let place = (&*core.files, core.dir.as_path());
    let kept = before.heard_more(place, up_to, &index.notes, core.options.directory_notes_bytes);
    kept.map_err(|problem| problem.unavailable(live))
}
