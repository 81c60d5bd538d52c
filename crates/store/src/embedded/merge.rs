//! Merging: many small partitions of imported history become few large ones, so that neither reading nor the manifest
//! grows with the number of batches.
//!
//! Partitions of about the same size are merged, eight at a time or as many as make a large one, so each event is written
//! again a few times at most. The manifest changes first, then the old files go, as in a sweep.

use super::block::Facts;
use super::core::Core;
use super::fault::{Fault, WriteProblem};
use super::files::is_full;
use super::format::EVENTS;
use super::manifest::{HalfRecord, Partition};
use super::sealed::half::Half;
use super::sealed::name::{HalfName, Lies};
use super::sealed::write::{HalfWriter, discard};
use super::view::{Part, View};
use crate::ledger::Unavailable;
use feed::event::FeedKind;
use std::collections::VecDeque;
use std::sync::Arc;

/// So many partitions of about one size are merged at once.
const MERGED: usize = 8;

/// Merges once, if there is something to merge; answers whether there was.
pub(super) fn merge_next(core: &Core) -> Result<bool, Unavailable> {
    let _turn = core.upkeep();
    core.writable()?;
    let Some(group) = choose(&core.view(), core.options.partition_entries, core.options.partition_bytes) else {
        return Ok(false);
    };
    merge(core, &group)?;
    Ok(true)
}

/// Which partitions to merge: of one size, in the order in which they came.
fn choose(view: &View, entries_max: u64, bytes_max: u64) -> Option<Vec<Arc<Partition>>> {
    let small = |record: &HalfRecord| record.entries * 2 <= entries_max && record.data_bytes * 2 <= bytes_max;
    let imported = view.sealed().filter(|partition| partition.is_imported());
    let small: Vec<(&Arc<Partition>, &HalfRecord)> = imported
        .filter_map(|partition| Some((partition, partition.half(FeedKind::Enterprise).filter(|it| small(it))?)))
        .collect();
    let size = |record: &HalfRecord| record.data_bytes.max(1).ilog2() / MERGED.ilog2();
    let mut sizes: Vec<u32> = small.iter().map(|(_, record)| size(record)).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for wanted in sizes {
        let alike: Vec<_> = small.iter().filter(|(_, record)| size(record) == wanted).collect();
        for start in 0..alike.len() {
            let (mut entries, mut bytes, mut count) = (0, 0, 0);
            for (_, record) in &alike[start..] {
                (entries, bytes) = (entries + record.entries, bytes + record.data_bytes);
                if count == MERGED || entries > entries_max || bytes > bytes_max {
                    break;
                }
                count += 1;
            }
            let is_large = start + count < alike.len();
            if count == MERGED || (count > 1 && is_large) {
                return Some(alike[start..start + count].iter().map(|(partition, _)| Arc::clone(partition)).collect());
            }
        }
    }
    None
}

fn merge(core: &Core, group: &[Arc<Partition>]) -> Result<(), Unavailable> {
    let name = HalfName::first(core.next_import(), FeedKind::Enterprise, Lies::Apart);
    let record = write(core, name, group).map_err(|problem| {
        discard(&*core.files, &core.dir, name);
        match problem {
            WriteProblem::Read(fault) => fault.into(),
            WriteProblem::Write(error) if is_full(&error) => Unavailable::Full,
            WriteProblem::Write(error) => {
                Unavailable::Failed(format!("merging into partition {}: {error}", name.partition))
            }
        }
    })?;
    let events = core.dir.join(EVENTS);
    let synced = core.files.sync_dir(&events);
    synced.map_err(|error| core.fail(&format!("syncing {}: {error}", events.display())))?;
    let merged = Partition { sealed: true, enterprise: Some(record), ..Partition::live(name.partition) };
    let gone = |number: u64| group.iter().any(|partition| partition.number == number);
    let changed = core.change_manifest(|manifest| {
        manifest.imports.retain(|partition| !gone(partition.number));
        manifest.imports.push(merged.clone());
    });
    if let Err(error) = changed {
        if error == Unavailable::Full {
            discard(&*core.files, &core.dir, name);
        }
        return Err(error);
    }
    core.change_view(|view| {
        view.parts.retain(|part| !matches!(part, Part::Sealed(partition) if gone(partition.number)));
        let at = view.parts.iter().take_while(|part| part.is_imported()).count();
        view.parts.insert(at, Part::Sealed(Arc::new(merged)));
    });
    for old in group.iter().filter_map(|partition| partition.half_name(FeedKind::Enterprise)) {
        core.shelf.close(old);
        for path in old.own(&core.dir) {
            // What cannot be removed now is removed at the next start.
            let _ = core.files.remove(&path);
        }
    }
    Ok(())
}

fn write(core: &Core, name: HalfName, group: &[Arc<Partition>]) -> Result<HalfRecord, WriteProblem> {
    let compressed = group.iter().all(|it| it.half(name.kind).is_some_and(|record| record.compressed));
    let mut sources = Vec::new();
    for partition in group {
        let Some(half) = partition.half_name(name.kind) else { continue };
        sources.push(Source { half: core.shelf.half(half)?, next_block: 0, entries: VecDeque::new() });
    }
    let mut writer = HalfWriter::new(&*core.files, &core.dir, name, compressed)?;
    loop {
        let mut least: Option<(usize, (&str, u64))> = None;
        for source in &mut sources {
            source.fill(name.kind)?;
        }
        for (number, source) in sources.iter().enumerate() {
            let Some(entry) = source.entries.front() else { continue };
            let key = (entry.line.as_ref(), entry.place);
            if least.is_none_or(|(_, smallest)| key < smallest) {
                least = Some((number, key));
            }
        }
        let Some((number, _)) = least else { break };
        let Some(entry) = sources[number].entries.pop_front() else { break };
        let facts = Facts::parse(name.kind, &entry.facts).ok_or_else(|| sources[number].half.data.malformed(0))?;
        writer.line(&entry.line)?;
        writer.push(&facts, &entry.facts, &entry.rendering)?;
    }
    Ok(writer.finish()?.of_imported())
}

/// A half being read, a block at a time.
struct Source {
    half: Arc<Half>,
    next_block: u32,
    entries: VecDeque<Entry>,
}

struct Entry {
    line: Arc<str>,
    place: u64,
    facts: Vec<u8>,
    rendering: Vec<u8>,
}

impl Source {
    /// Reads the next block when the one before is used up.
    fn fill(&mut self, kind: FeedKind) -> Result<(), Fault> {
        while self.entries.is_empty() && self.next_block < self.half.data.blocks {
            let number = self.next_block;
            let bytes = self.half.data.block(number)?;
            let block = self.half.data.parse(number, &bytes)?;
            let line: Arc<str> = Arc::from(block.line);
            for slot in 0..block.count() {
                let parts = block.facts_bytes(slot).zip(block.rendering(slot));
                let (facts, rendering) = parts.ok_or_else(|| self.half.data.malformed(number))?;
                let parsed = Facts::parse(kind, facts).ok_or_else(|| self.half.data.malformed(number))?;
                self.entries.push_back(Entry {
                    line: line.clone(),
                    place: parsed.place,
                    facts: facts.to_vec(),
                    rendering: rendering.to_vec(),
                });
            }
            self.next_block += 1;
        }
        Ok(())
    }
}
