//! What is stored already: ids, and the last ordinals of seconds. Asked by the writer.
//!
//! An id is looked for in the partitions that are not sealed, in the sealed ones of the last 30 days, and in those whose
//! range of `created_at` covers that of the draft. So an id published again with its `created_at` is recognised as long
//! as it is kept, and without for 30 days at least. Filters in memory answer nearly all of it.

use super::block::Block;
use super::fault::Fault;
use super::live::id_fingerprint;
use super::manifest::{HalfRecord, Partition};
use super::sealed::filter::Filter;
use super::sealed::half::Half;
use super::sealed::name::HalfName;
use super::sealed::shelf::Shelf;
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
const KNOWN_S: u32 = 30 * 86_400;

/// The filters of the writer. Those of partitions that have become too old are dropped.
#[derive(Debug, Default)]
pub(super) struct Known {
    filters: FxHashMap<HalfName, Filter>,
    /// The day on which old ones were last dropped.
    day: u32,
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
    /// The first result of an id, if it is stored.
    pub(super) fn find(
        &mut self,
        shelf: &Shelf,
        view: &View,
        line: &EnterpriseId,
        kind: FeedKind,
        rendering: &Rendering,
        now: Second,
    ) -> Result<Option<Outcome>, Fault> {
        let print = id_fingerprint(line.as_str(), kind, rendering.event_id.as_str());
        let recent = Place::at(now.back(KNOWN_S)).to_bits();
        self.drop_old(view, now, recent);
        for part in view.parts.iter().rev() {
            match part {
                Part::Live(live) => {
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
                Part::Sealed(partition) => {
                    let Some(record) = partition.half(kind) else { continue };
                    let is_recent = record.places.is_some_and(|(_, last)| recent <= last);
                    if (is_recent || covers(record.created, rendering.created_at.0))
                        && record.may_hold(line.as_str())
                        && let Some(stored) =
                            self.find_sealed(shelf, partition, line, kind, print, &rendering.event_id, is_recent)?
                    {
                        let outcome = stored.outcome(kind, rendering);
                        return Ok(if partition.is_imported() { outcome.map(commit::imported) } else { outcome });
                    }
                }
            }
        }
        Ok(None)
    }

    #[expect(clippy::too_many_arguments, reason = "one question, asked in one place")]
    fn find_sealed(
        &mut self,
        shelf: &Shelf,
        partition: &Partition,
        line: &EnterpriseId,
        kind: FeedKind,
        print: u64,
        event_id: &EventId,
        is_recent: bool,
    ) -> Result<Option<Stored>, Fault> {
        let Some(name) = partition.half_name(kind) else { return Ok(None) };
        if is_recent {
            let filter = match self.filters.entry(name) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(free) => free.insert(shelf.ask(name, Half::filter)?),
            };
            if !filter.may_hold(print) {
                return Ok(None);
            }
        }
        let held = self.last_sealed.get(&kind).filter(|(of, _, _)| *of == name);
        let held = held.map(|(_, number, bytes)| (*number, bytes));
        let Some((number, bytes, slot)) = shelf.ask(name, |half| half.find(line, kind, event_id.as_str(), held))?
        else {
            return Ok(None);
        };
        self.last_sealed.insert(kind, (name, number, bytes.clone()));
        Ok(Some(Stored { bytes, slot }))
    }

    fn drop_old(&mut self, view: &View, now: Second, recent: u64) {
        if self.day == now.day() {
            return;
        }
        self.day = now.day();
        let names = view.sealed().flat_map(|partition| {
            let recent = |kind: &FeedKind| {
                partition.half(*kind).and_then(|half| half.places).is_some_and(|(_, last)| recent <= last)
            };
            let kinds = [FeedKind::User, FeedKind::Enterprise].into_iter().filter(recent);
            kinds.filter_map(|kind| partition.half_name(kind)).collect::<Vec<_>>()
        });
        let names: rustc_hash::FxHashSet<HalfName> = names.collect();
        self.filters.retain(|name, _| names.contains(name));
    }
}

fn covers(range: Option<(u64, u64)>, second: u32) -> bool {
    range.is_some_and(|(least, greatest)| least <= u64::from(second) && u64::from(second) <= greatest)
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
