//! What is stored already: ids, and the last ordinals of seconds. Asked by the writer.
//!
//! An id is looked for in the partitions that are not sealed, in the sealed ones of the last 30 days, and in those whose
//! range of `created_at` covers that of the draft. So an id published again with its `created_at` is recognised as long
//! as it is kept, and without for 30 days at least. Filters in memory answer nearly all of it ([`super::digest`]).

use super::block::Block;
use super::core::Core;
use super::fault::Fault;
use super::live::id_fingerprint;
use super::manifest::HalfRecord;
use super::sealed::filter::{Filter, Probe};
use super::sealed::half::Half;
use super::sealed::name::HalfName;
use super::sealed::shelf::Shelf;
use super::suspects::Suspects;
use super::view::{Part, View};
use crate::commit;
use crate::ledger::{Found, Outcome};
use bytes::Bytes;
use feed::event::{EventType, FeedKind, Rendering};
use feed::id::{EnterpriseId, EventId, ListId, UserId};
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// How far back ids are looked for whatever the draft says, in seconds.
pub(super) const KNOWN_S: u32 = 30 * 86_400;

/// A rendering of which is asked whether its id is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) line: &'a EnterpriseId,
    pub(super) kind: FeedKind,
    pub(super) rendering: &'a Rendering,
    /// The fingerprint of its id.
    pub(super) print: u64,
}

impl<'a> Candidate<'a> {
    pub(super) fn of(line: &'a EnterpriseId, kind: FeedKind, rendering: &'a Rendering) -> Self {
        let print = id_fingerprint(line.as_str(), kind, rendering.event_id.as_str());
        Candidate { line, kind, rendering, print }
    }
}

/// Where an id may be stored, by what is in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspicion {
    /// In a partition that is not sealed.
    live: bool,
    /// In a sealed one in which something was recorded lately.
    recent: bool,
}

impl Suspicion {
    /// Before anything was asked.
    pub(super) const OF_ALL: Suspicion = Suspicion { live: true, recent: true };
    const OF_NONE: Suspicion = Suspicion { live: false, recent: false };
}

/// What the writer remembers of what is stored.
#[derive(Debug, Default)]
pub(super) struct Known {
    suspects: Suspects,
    /// The filters of recent halves that were asked.
    filters: FxHashMap<HalfName, Filter>,
    /// The last block looked into, because what is published again comes in batches.
    last: Option<(u64, u64, Vec<u8>)>,
    /// The last of each kind of feed looked into in sealed halves, by its number.
    last_sealed: FxHashMap<FeedKind, (HalfName, u32, Bytes)>,
}

/// A stored rendering with its block.
struct Stored {
    bytes: Bytes,
    slot: usize,
}

impl Stored {
    fn outcome(&self, kind: FeedKind, rendering: &Rendering) -> Option<Outcome> {
        outcome(&self.bytes, self.slot, kind, rendering)
    }
}

fn outcome(bytes: &[u8], slot: usize, kind: FeedKind, rendering: &Rendering) -> Option<Outcome> {
    let (block, _) = Block::parse(bytes)?;
    let place = Place::from_bits(block.facts(slot)?.place);
    Some(commit::known(kind, rendering, place, block.rendering(slot)?))
}

/// Whether the slot of a block holds this id of this line.
fn is_it(bytes: &[u8], slot: usize, line: &EnterpriseId, event_id: &EventId) -> bool {
    let block = Block::parse(bytes).map(|(block, _)| block).filter(|block| block.line == line.as_str());
    block.and_then(|block| block.facts(slot)).is_some_and(|facts| facts.event_id == event_id.as_str())
}

impl Known {
    fn renew(&mut self, core: &Core, view: &View, now: Second) {
        if self.suspects.renew(core, view, now) {
            let recent = self.suspects.recent();
            self.filters.retain(|name, _| recent.contains(name));
        }
    }

    /// Where the ids of a line with these fingerprints may be. Asked once for a batch: nearly all ids are new, and the
    /// looks at memory that say so are quickest one after the other.
    pub(super) fn suspicions(
        &mut self,
        core: &Core,
        view: &View,
        line: &EnterpriseId,
        prints: &[(FeedKind, u64)],
        now: Second,
    ) -> Result<Vec<Suspicion>, Fault> {
        self.renew(core, view, now);
        let mut suspicions = vec![Suspicion::OF_NONE; prints.len()];
        for live in self.suspects.live(view) {
            live.each_known(line, prints, |number| suspicions[number].live = true);
        }
        for kind in super::seal::KINDS {
            // What is damaged of one kind is no reason to refuse the other.
            if prints.iter().any(|(of, print)| *of == kind && *print != 0) {
                self.suspect_recent(core, line, kind, prints, &mut suspicions)?;
            }
        }
        Ok(suspicions)
    }

    /// Asks the filters of recent partitions for the ids of one kind of feed.
    fn suspect_recent(
        &mut self,
        core: &Core,
        line: &EnterpriseId,
        kind: FeedKind,
        prints: &[(FeedKind, u64)],
        suspicions: &mut [Suspicion],
    ) -> Result<(), Fault> {
        let runs: Vec<_> = self.suspects.runs(line.as_str(), kind).collect();
        for (_, halves) in runs.iter().filter(|(digest, _)| digest.is_none()) {
            for name in halves {
                filter_of(&mut self.filters, core, *name)?;
            }
        }
        let (mut digests, mut filters) = (Vec::new(), Vec::new());
        for (digest, halves) in &runs {
            match digest {
                Some(digest) => digests.push(*digest),
                None => filters.extend(halves.iter().filter_map(|name| self.filters.get(name))),
            }
        }
        for ((of, print), suspicion) in prints.iter().zip(suspicions) {
            if *of != kind {
                continue;
            }
            let probe = Probe::of(*print);
            let in_digest = digests.iter().fold(false, |may, digest| may | digest.may_hold(&probe));
            suspicion.recent = filters.iter().fold(in_digest, |may, filter| may | filter.may_hold(&probe));
        }
        Ok(())
    }

    /// The first result of an id, if it is stored; `suspicion` is what this view was found to say of it.
    pub(super) fn find(
        &mut self,
        core: &Core,
        view: &View,
        candidate: &Candidate<'_>,
        suspicion: Suspicion,
        now: Second,
    ) -> Result<Option<Outcome>, Fault> {
        let Candidate { line, kind, rendering, print } = *candidate;
        // Whoever asked before saw to it that the suspects are those of this view.
        if !suspicion.live && !suspicion.recent && !self.suspects.any_older(candidate) {
            return Ok(None);
        }
        self.renew(core, view, now);
        let probe = Probe::of(print);
        for live in self.suspects.live(view).filter(|_| suspicion.live) {
            for (at, slot) in live.with_id(line, kind, print) {
                let (partition, offset, slot) = (live.number, at.offset, super::codec::index(slot));
                if !matches!(&self.last, Some((p, o, _)) if (*p, *o) == (partition, offset)) {
                    self.last = Some((partition, offset, live.read_block(at)?));
                }
                let Some((_, _, bytes)) = &self.last else { continue };
                if is_it(bytes, slot, line, &rendering.event_id) {
                    return Ok(outcome(bytes, slot, kind, rendering));
                }
            }
        }
        for suspect in self.suspects.of(candidate, suspicion.recent) {
            if suspect.is_recent && !filter_of(&mut self.filters, core, suspect.name)?.may_hold(&probe) {
                continue;
            }
            let held = self.last_sealed.get(&kind).filter(|(of, _, _)| *of == suspect.name);
            let held = held.map(|(_, number, bytes)| (*number, bytes));
            let id = rendering.event_id.as_str();
            if let Some((number, bytes, slot)) = core.shelf.ask(suspect.name, |half| half.find(line, kind, id, held))? {
                self.last_sealed.insert(kind, (suspect.name, number, bytes.clone()));
                let outcome = Stored { bytes, slot }.outcome(kind, rendering);
                return Ok(if suspect.partition.is_imported() { outcome.map(commit::imported) } else { outcome });
            }
        }
        Ok(None)
    }
}

/// The filter of a half, read once.
fn filter_of<'f>(
    filters: &'f mut FxHashMap<HalfName, Filter>,
    core: &Core,
    name: HalfName,
) -> Result<&'f Filter, Fault> {
    Ok(match filters.entry(name) {
        Entry::Occupied(held) => held.into_mut(),
        Entry::Vacant(free) => free.insert(core.shelf.ask(name, Half::filter)?),
    })
}

/// Whether a half may hold places of this second in an order whose range this is.
fn covers_second(range: Option<(u64, u64)>, second: Second) -> bool {
    let (start, end) = (Place::at(second).to_bits(), Place { second, ordinal: ORDINAL_MAX }.to_bits());
    range.is_some_and(|(least, greatest)| least <= end && start <= greatest)
}

fn sealed_last(
    shelf: &Shelf,
    view: &View,
    line: &EnterpriseId,
    second: Second,
    range: impl Fn(&HalfRecord) -> Option<(u64, u64)>,
    last: impl Fn(&Half) -> Result<u32, Fault>,
) -> Result<u32, Fault> {
    let mut greatest = 0;
    for partition in view.sealed() {
        let record = partition.half(FeedKind::Enterprise);
        let asked = record.is_some_and(|half| covers_second(range(half), second) && half.may_hold(line.as_str()));
        if asked && let Some(name) = partition.half_name(FeedKind::Enterprise) {
            greatest = greatest.max(shelf.ask(name, &last)?);
        }
    }
    Ok(greatest)
}

/// The last rank given within a second of a line's window order, of what is stored; 0 if none.
pub(super) fn last_rank(shelf: &Shelf, view: &View, line: &EnterpriseId, second: Second) -> Result<u32, Fault> {
    let live = view.live().map(|live| live.last_ordinal(line, super::rows::Order::Window, second)).max().unwrap_or(0);
    let window = super::rows::Order::Window;
    let sealed = sealed_last(shelf, view, line, second, |half| half.window, |h| h.last_ordinal(line, window, second))?;
    Ok(live.max(sealed))
}

/// The last ordinal given within a second of a line's history order, of what is stored; 0 if none.
pub(super) fn last_in_history(shelf: &Shelf, view: &View, line: &EnterpriseId, second: Second) -> Result<u32, Fault> {
    let history = super::rows::Order::History;
    let live = view.live().map(|live| live.last_ordinal(line, history, second)).max().unwrap_or(0);
    let sealed =
        sealed_last(shelf, view, line, second, |half| half.history, |h| h.last_ordinal(line, history, second))?;
    Ok(live.max(sealed))
}

/// The rendering with this id, wherever it is kept.
pub(super) fn find(
    shelf: &Shelf,
    view: &View,
    line: &EnterpriseId,
    kind: FeedKind,
    event_id: &EventId,
) -> Result<Option<Found>, Fault> {
    let print = id_fingerprint(line.as_str(), kind, event_id.as_str());
    for part in view.parts.iter().rev() {
        let stored = match part {
            Part::Live(live) => {
                let mut stored = None;
                for (at, slot) in live.with_id(line, kind, print) {
                    let (bytes, slot) = (live.read_block(at)?, super::codec::index(slot));
                    if is_it(&bytes, slot, line, event_id) {
                        stored = Some(Stored { bytes: bytes.into(), slot });
                    }
                }
                stored
            }
            Part::Sealed(partition) => {
                let may_hold = partition.half(kind).is_some_and(|half| half.may_hold(line.as_str()));
                let name = partition.half_name(kind).filter(|_| may_hold);
                let found = name.map(|name| shelf.ask(name, |half| half.find(line, kind, event_id.as_str(), None)));
                found.transpose()?.flatten().map(|(_, bytes, slot)| Stored { bytes, slot })
            }
        };
        if let Some(Stored { bytes, slot }) = stored {
            return found(&bytes, slot).map(Some).ok_or_else(|| {
                Fault::Damaged(format!("event {event_id} of enterprise {line} is stored with names that cannot be"))
            });
        }
    }
    Ok(None)
}

fn found(bytes: &[u8], slot: usize) -> Option<Found> {
    let (block, _) = Block::parse(bytes)?;
    let facts = block.facts(slot)?;
    Some(Found {
        place: Place::from_bits(facts.place),
        event_type: EventType::new(facts.event_type).ok()?,
        bytes: Bytes::copy_from_slice(block.rendering(slot)?),
        heard_by: facts.users.iter().map(|(id, _)| UserId::new(id).ok()).collect::<Option<_>>()?,
        lists: facts.lists.iter().map(|(id, _)| ListId::new(id).ok()).collect::<Option<_>>()?,
    })
}
