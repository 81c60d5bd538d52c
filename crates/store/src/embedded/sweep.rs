//! The sweep: what is past its retention goes, in bounded portions, and its disk space comes back.
//!
//! Only sealed partitions are swept; one whose day is over is sealed first. For each half:
//!
//! - If everything in it is past its enterprise's period, its files go.
//! - If a part is, it is written again without that part when this pays. A small half is written again at once, entry by
//!   entry. Of a large one, enterprises go as a whole, once their last entry in it is past its period (at most a day
//!   later than the first), and only when they make up a quarter of it or more; until then readers are kept from them
//!   by the bound that every scan has.
//!
//! A half with anything in it that a legal hold keeps keeps all of that enterprise. A hold that is placed while a portion
//! is under way stops it: the portion ends only if the holds are still those it began with. The manifest changes first,
//! then files go: a crash in between leaves files that nobody names, and opening removes them.
//!
//! When nothing is expired, halves are written again that take more space than they need, one a portion: cold ones, which
//! are compressed, and those that lie in frames of which a quarter or more is of use to nobody any more.
//! The frames go with the last half that lies in them.

use super::core::Core;
use super::fault::Fault;
use super::files::is_full;
use super::format::EVENTS;
use super::manifest::{HalfRecord, IMPORTS_ABOVE, Partition};
use super::seal::{KINDS, seal_next};
use super::sealed::half::Half;
use super::sealed::index::Range;
use super::sealed::name::{HalfName, Lies};
use super::sealed::write::{HalfWriter, discard};
use super::view::Part;
use crate::ledger::{Swept, Unavailable};
use feed::event::FeedKind;
use feed::hold::Hold;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::retention::Retention;
use feed::stream_type::{StreamType, UserStream};
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Halves of at most so many bytes are written again whatever little is expired in them.
const SMALL_BYTES: u64 = 16 << 20;
/// Most halves taken away in one portion.
const DROPPED_MAX: usize = 32;
/// A portion ends when so many bytes were read to be written again.
const REWRITTEN_BYTES_MAX: u64 = 256 << 20;

/// What a sweep would do with one half partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The partition.
    pub partition: u64,
    /// Which of its halves.
    pub kind: FeedKind,
    /// How many renderings would go.
    pub renderings: u64,
    /// How many are in it.
    pub of: u64,
    /// How long its files are, or its part of the frames in which it lies, in bytes. If nothing is left, they go; else
    /// they are written again.
    pub bytes: u64,
}

/// A half to be swept: below which place each line is expired.
struct Todo {
    name: HalfName,
    expired: Expired,
    cuts: FxHashMap<String, u64>,
    compressed: bool,
}

/// From which place on each line is kept.
struct Cuts<'a> {
    core: &'a Core,
    now: Second,
    holds: Vec<Hold>,
}

impl Cuts<'_> {
    /// The cut of a line in a half whose deeds were done within `created`.
    fn of(&self, line: &str, kind: FeedKind, created: Range) -> u64 {
        let id = EnterpriseId::new(line).ok();
        if id.as_ref().is_some_and(|id| is_held(&self.holds, id, created)) {
            return 0;
        }
        let settings = id.and_then(|id| self.core.directory().enterprise(&id).cloned());
        let retention = settings.map(|enterprise| enterprise.retention).unwrap_or_default();
        cut(retention, kind, self.now)
    }
}

/// The place from which on a kind of feed is kept.
pub(super) fn cut(retention: Retention, kind: FeedKind, now: Second) -> u64 {
    let oldest = match kind {
        FeedKind::User => retention.oldest_shown(StreamType::User(UserStream::All), now),
        FeedKind::Enterprise => retention.oldest_kept(now),
    };
    Place::at(oldest).to_bits()
}

/// Whether a hold keeps anything of an enterprise that was done within a range of seconds.
pub(super) fn is_held(holds: &[Hold], enterprise: &EnterpriseId, created: Range) -> bool {
    let second = |bits: u64| Second(u32::try_from(bits).unwrap_or(u32::MAX));
    let (first, last) = created.map_or((Second(0), Second::MAX), |(first, last)| (second(first), second(last)));
    holds.iter().any(|hold| hold.keeps(enterprise, first, last))
}

/// What is to be swept at `now` under these holds, oldest first; at most `max` halves.
fn plan(core: &Core, now: Second, holds: Vec<Hold>, max: usize) -> Result<Vec<Todo>, Unavailable> {
    let cuts = Cuts { core, now, holds };
    let mut todo = Vec::new();
    for partition in core.view().sealed() {
        for kind in KINDS {
            if todo.len() == max {
                return Ok(todo);
            }
            if let Some(name) = partition.half_name(kind)
                && let Some(record) = partition.half(kind)
                && may_be_expired(&cuts, record, kind)
                && let Some(found) = look(core, &cuts, name, record)?
            {
                todo.push(found);
            }
        }
    }
    Ok(todo)
}

/// Whether a look into the half is worth it.
fn may_be_expired(cuts: &Cuts<'_>, record: &HalfRecord, kind: FeedKind) -> bool {
    let oldest = record.places.map_or(0, |(least, _)| least);
    record.lines.as_ref().is_none_or(|lines| lines.iter().any(|line| oldest < cuts.of(line, kind, record.created)))
}

fn look(core: &Core, cuts: &Cuts<'_>, name: HalfName, record: &HalfRecord) -> Result<Option<Todo>, Fault> {
    let half = core.shelf.half(name)?;
    let small = record.data_bytes <= SMALL_BYTES;
    let (mut renderings, mut of_lines) = (0, FxHashMap::default());
    for (line, count, last) in half.lines()? {
        let cut = cuts.of(&line, name.kind, record.created);
        let gone = if last < cut {
            count
        } else if small {
            half.count_below(&line, cut)?
        } else {
            0
        };
        if gone > 0 {
            renderings += u64::from(gone);
            of_lines.insert(line, cut);
        }
    }
    let pays = small || renderings * 4 >= record.entries;
    let bytes = record.data_bytes + record.index_bytes;
    let expired = Expired { partition: name.partition, kind: name.kind, renderings, of: record.entries, bytes };
    let compressed = record.compressed;
    Ok((renderings > 0 && pays).then_some(Todo { name, expired, cuts: of_lines, compressed }))
}

/// What a sweep would do, without doing it.
pub(super) fn dry_run(core: &Core, now: Second) -> Result<Vec<Expired>, Unavailable> {
    let (holds, _) = core.small.holds_in_effect(now);
    Ok(plan(core, now, holds, usize::MAX)?.into_iter().map(|todo| todo.expired).collect())
}

/// Sweeps one portion.
pub(super) fn sweep(core: &Core, now: Second) -> Result<Swept, Unavailable> {
    // What could not be sealed before, for want of space perhaps, cannot be swept either; whoever sweeps is told.
    while seal_next(core)? {}
    let _turn = core.upkeep();
    core.writable()?;
    let (holds, version) = core.small.holds_in_effect(now);
    let mut todo = plan(core, now, holds, DROPPED_MAX + 1)?;
    let mut swept = Swept { renderings: 0, more: todo.len() > DROPPED_MAX };
    todo.truncate(DROPPED_MAX);
    let mut rewritten = 0;
    let mut replaced: Vec<(HalfName, Option<HalfRecord>)> = Vec::new();
    for half in &todo {
        if half.expired.renderings == half.expired.of {
            replaced.push((half.name, None));
        } else if rewritten >= REWRITTEN_BYTES_MAX {
            swept.more = true;
            continue;
        } else {
            rewritten += half.expired.bytes;
            replaced.push((half.name, Some(rewrite(core, half)?)));
        }
        swept.renderings += half.expired.renderings;
    }
    let Some(done) = core.small.unless_holds_changed(version, || replace(core, &replaced)) else {
        discard_made(core, &replaced);
        return Ok(Swept { renderings: 0, more: true });
    };
    done?;
    if todo.is_empty() {
        swept.more = tighten_next(core, now)?;
    } else {
        swept.more |= next_loose(core, now).is_some();
    }
    Ok(swept)
}

/// The oldest half that takes more space than it needs, and whether it is to be compressed.
fn next_loose(core: &Core, now: Second) -> Option<(HalfName, bool)> {
    let cold = core.options.compress_after_s.map_or(0, |after| Place::at(now.back(after)).to_bits());
    let view = core.view();
    view.sealed().find_map(|partition| {
        let wastes_frames = partition.wastes_frames();
        partition.halves().find_map(|(name, record)| {
            let is_cold = record.places.is_some_and(|(_, last)| last < cold);
            let is_loose = (is_cold && !record.compressed) || (wastes_frames && name.lies == Lies::InFrames);
            is_loose.then_some((name, is_cold))
        })
    })
}

/// Writes one of them again; answers whether there was one.
fn tighten_next(core: &Core, now: Second) -> Result<bool, Unavailable> {
    let Some((name, compress)) = next_loose(core, now) else { return Ok(false) };
    match copy(core, name, compress, |_, _| true).and_then(|record| replace(core, &[(name, Some(record))])) {
        Ok(()) => Ok(true),
        // There is no hurry: it takes space for a while to save some.
        Err(Unavailable::Full) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a half again without what is expired in it.
fn rewrite(core: &Core, todo: &Todo) -> Result<HalfRecord, Unavailable> {
    let keeps = |line: &str, place: u64| todo.cuts.get(line).is_none_or(|cut| *cut <= place);
    copy(core, todo.name, todo.compressed, keeps)
}

/// Writes a half again, as the next generation, with the entries for which `keeps` says so.
pub(super) fn copy(
    core: &Core,
    name: HalfName,
    compress: bool,
    keeps: impl Fn(&str, u64) -> bool,
) -> Result<HalfRecord, Unavailable> {
    let half = core.shelf.half(name)?;
    let next = name.next();
    let written = write_copy(core, &half, next, compress, keeps);
    written.inspect_err(|_| discard(&*core.files, &core.dir, next))
}

fn write_copy(
    core: &Core,
    half: &Half,
    next: HalfName,
    compress: bool,
    keeps: impl Fn(&str, u64) -> bool,
) -> Result<HalfRecord, Unavailable> {
    let wrong = |error: std::io::Error| {
        if is_full(&error) {
            return Unavailable::Full;
        }
        Unavailable::Failed(format!("writing partition {} again: {error}", next.partition))
    };
    let mut writer = HalfWriter::new(&*core.files, &core.dir, next, compress).map_err(wrong)?;
    for number in 0..half.data.blocks {
        let bytes = half.data.block(number)?;
        let block = half.data.parse(number, &bytes)?;
        if !writer.copy(&block, |facts| keeps(block.line, facts.place)).map_err(wrong)? {
            return Err(half.data.malformed(number).into());
        }
    }
    let record = writer.finish().map_err(wrong)?;
    let record = if next.partition > IMPORTS_ABOVE { record.of_imported() } else { record };
    let events = core.dir.join(EVENTS);
    let synced = core.files.sync_dir(&events);
    synced.map_err(|error| core.fail(&format!("syncing {}: {error}", events.display())))?;
    Ok(record)
}

/// Removes the files that were written for halves that stay as they are.
fn discard_made(core: &Core, replaced: &[(HalfName, Option<HalfRecord>)]) {
    for (name, _) in replaced.iter().filter(|(_, record)| record.is_some()) {
        discard(&*core.files, &core.dir, name.next());
    }
}

/// Puts other halves, or nothing, in the place of these: in the manifest, in the view, and then on the disk.
pub(super) fn replace(core: &Core, replaced: &[(HalfName, Option<HalfRecord>)]) -> Result<(), Unavailable> {
    if replaced.is_empty() {
        return Ok(());
    }
    let put = |partition: &mut Partition| {
        let number = partition.number;
        for (name, record) in replaced.iter().filter(|(name, _)| name.partition == number) {
            partition.half_mut(name.kind).clone_from(record);
        }
        partition.forget_frames();
    };
    let changed = core.change_manifest(|manifest| {
        for partitions in [&mut manifest.imports, &mut manifest.partitions] {
            partitions.iter_mut().for_each(put);
            partitions.retain(|partition| !partition.is_spent());
        }
    });
    if let Err(error) = changed {
        // Whether the manifest names the new files is uncertain only if the store takes no more writes; then they stay.
        if error == Unavailable::Full {
            discard_made(core, replaced);
        }
        return Err(error);
    }
    core.change_view(|view| {
        for part in &mut view.parts {
            if let Part::Sealed(sealed) = part
                && replaced.iter().any(|(name, _)| name.partition == sealed.number)
            {
                put(Arc::make_mut(sealed));
            }
        }
        view.parts.retain(|part| !matches!(part, Part::Sealed(partition) if partition.is_spent()));
    });
    core.swept_once();
    let view = core.view();
    let still_needed = |name: HalfName| {
        let among = |partition: &Arc<Partition>| partition.number == name.partition && partition.frames.is_some();
        name.lies == Lies::InFrames && view.sealed().any(among)
    };
    for (name, _) in replaced {
        core.shelf.close(*name);
        let mut files = name.own(&core.dir);
        if !still_needed(*name) {
            files.push(name.data(&core.dir));
        }
        for path in files {
            // What cannot be removed now is removed at the next start.
            let _ = core.files.remove(&path);
        }
    }
    Ok(())
}
