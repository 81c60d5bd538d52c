//! Importing: what is new of a batch becomes a partition of its own, sealed from the start.
//!
//! The writer does it, because it alone gives ranks and knows the ids of frames under way; publishing waits meanwhile,
//! for as long as writing a few megabytes takes. A crash before the manifest names the partition leaves files that
//! opening removes; the batch is then brought in again and nothing of it is there twice. [`super::merge`] makes few large
//! partitions of many small ones.

use super::append::Writer;
use super::block::Facts;
use super::fault::Fault;
use super::files::is_full;
use super::format::EVENTS;
use super::known::{Candidate, Suspicion};
use super::manifest::{HalfRecord, Partition};
use super::sealed::name::{HalfName, Lies};
use super::sealed::write::{HalfWriter, discard};
use super::terms::put_terms;
use super::view::{Part, View};
use crate::import::{Brought, History, Past, firsts};
use crate::ledger::{AppendError, Outcome, Unavailable};
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::io;
use std::sync::Arc;

impl Writer {
    /// Brings in history. What it answers is durable, but for what it found known in frames that are still under way.
    pub(super) fn import(&mut self, history: &History) -> Result<Vec<Brought>, AppendError> {
        self.core.writable().map_err(AppendError::Unavailable)?;
        self.begin(history.now);
        let brought = self.reading(|writer, view| writer.look_for(view, history));
        let brought = brought.map_err(|fault| AppendError::Unavailable(fault.into()))?;
        let new = |index: &usize| brought[*index] == Brought::New;
        let new: Vec<usize> = (0..brought.len()).filter(new).collect();
        if new.is_empty() {
            return Ok(brought);
        }
        let before = self.ranks_before(history, &new)?;
        let mut ranked: Vec<(Place, &Past)> = Vec::with_capacity(new.len());
        let line = self.lines.entry(history.enterprise.clone()).or_default();
        for index in &new {
            let past = &history.events[*index];
            let second = past.rendering.created_at;
            let rank = line.window.entry(second).or_default();
            *rank += 1;
            ranked.push((Place { second, ordinal: *rank }, past));
        }
        ranked.sort_unstable_by_key(|(place, _)| *place);
        self.put(&history.enterprise, &ranked).map_err(|why| {
            // Nobody was given these ranks.
            let line = self.lines.entry(history.enterprise.clone()).or_default();
            line.window.extend(before);
            AppendError::Unavailable(why)
        })?;
        Ok(brought)
    }

    /// What is known of a batch before it is stored, the batch itself included.
    fn look_for(&mut self, view: &View, history: &History) -> Result<Vec<Brought>, Fault> {
        let firsts = firsts(&history.events);
        let mut brought = Vec::with_capacity(firsts.len());
        for (index, past) in history.events.iter().enumerate() {
            let rendering = &past.rendering;
            let first = firsts[index];
            if first < index {
                let differs = !rendering.says_the_same(&history.events[first].rendering.bytes);
                brought.push(Brought::Known { differs });
                continue;
            }
            let candidate = Candidate::of(&history.enterprise, FeedKind::Enterprise, rendering);
            brought.push(match self.known_before(view, &candidate, Suspicion::OF_ALL, history.now)? {
                Some(Outcome::Recorded { differs, .. }) => Brought::Known { differs },
                Some(Outcome::Withheld { .. }) | None => Brought::New,
            });
        }
        Ok(brought)
    }

    /// The last rank of each second before this batch; refuses a batch for which a second has too few left.
    fn ranks_before(&mut self, history: &History, new: &[usize]) -> Result<FxHashMap<Second, u32>, AppendError> {
        let mut before = FxHashMap::default();
        let mut wanted: FxHashMap<Second, u32> = FxHashMap::default();
        for index in new {
            let created_at = history.events[*index].rendering.created_at;
            let last = self.last_rank(&history.enterprise, created_at);
            let last = last.map_err(|fault| AppendError::Unavailable(fault.into()))?;
            before.insert(created_at, last);
            let wanted = wanted.entry(created_at).or_default();
            if ORDINAL_MAX - last <= *wanted {
                return Err(AppendError::SecondFull { index: *index, created_at });
            }
            *wanted += 1;
        }
        Ok(before)
    }

    /// Writes a partition of these renderings, which are in window order, and lets readers see it.
    fn put(&self, enterprise: &EnterpriseId, ranked: &[(Place, &Past)]) -> Result<(), Unavailable> {
        let core = &self.core;
        let name = HalfName::first(core.next_import(), FeedKind::Enterprise, Lies::Apart);
        let record = self.write(name, enterprise, ranked).map_err(|error| {
            discard(&*core.files, &core.dir, name);
            match error {
                error if is_full(&error) => Unavailable::Full,
                error => Unavailable::Failed(format!("importing into partition {}: {error}", name.partition)),
            }
        })?;
        let events = core.dir.join(EVENTS);
        let synced = core.files.sync_dir(&events);
        synced.map_err(|error| core.fail(&format!("syncing {}: {error}", events.display())))?;
        let partition = Partition { sealed: true, enterprise: Some(record), ..Partition::live(name.partition) };
        let named = core.change_manifest(|manifest| manifest.imports.push(partition.clone()));
        if let Err(error) = named {
            // Whether the manifest names the new files is uncertain only if the store takes no more writes.
            if error == Unavailable::Full {
                discard(&*core.files, &core.dir, name);
            }
            return Err(error);
        }
        core.change_view(|view| {
            let at = view.parts.iter().take_while(|part| part.is_imported()).count();
            view.parts.insert(at, Part::Sealed(Arc::new(partition)));
        });
        Ok(())
    }

    fn write(&self, name: HalfName, enterprise: &EnterpriseId, ranked: &[(Place, &Past)]) -> io::Result<HalfRecord> {
        let core = &self.core;
        let mut writer = HalfWriter::new(&*core.files, &core.dir, name, core.options.compress)?;
        writer.line(enterprise.as_str())?;
        let mut bytes = Vec::new();
        for (place, Past { rendering, terms }) in ranked {
            let terms = put_terms(enterprise.as_str(), terms);
            let facts =
                Facts { window: place.to_bits(), terms: Some(&terms), ..super::append::facts(rendering, *place) };
            bytes.clear();
            facts.put(name.kind, &mut bytes);
            writer.push(&facts, &bytes, &rendering.bytes)?;
        }
        Ok(writer.finish()?.of_imported())
    }
}
