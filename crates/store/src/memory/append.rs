//! The commit point of the memory keeper: what every keeper does with a batch, in the plainest form.

use super::State;
use super::line::{EnterpriseLine, Entry, Kept, KeptEnterprise, KeptUser};
use crate::commit;
use crate::ledger::{AppendError, Appended, Batch, Moved, Outcome, Receipt};
use bytes::Bytes;
use feed::audience::{self, Hearing};
use feed::event::{Event, FeedKind, Rendering};
use feed::id::{EnterpriseId, EventId};
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

pub(super) fn append(state: &mut State, batch: Batch, delay_s: u32) -> Result<Appended, AppendError> {
    refuse_full_seconds(state, &batch)?;
    let mut appended = Appended::default();
    for event in batch.events {
        let receipt = record(state, &batch.enterprise, event, batch.now, delay_s, &mut appended.moved);
        appended.receipts.push(receipt);
    }
    Ok(appended)
}

/// A second of `created_at` has so many ranks and no more; found out before anything changes. What is stored already
/// needs no rank: a batch published again, because its answer was lost, is answered though it filled the second.
fn refuse_full_seconds(state: &State, batch: &Batch) -> Result<(), AppendError> {
    let line = state.lines.get(&batch.enterprise);
    let mut more: BTreeMap<Second, u32> = BTreeMap::new();
    let mut ids: FxHashSet<&EventId> = FxHashSet::default();
    for (index, event) in batch.events.iter().enumerate() {
        let Some(rendering) = &event.enterprise else { continue };
        if !ids.insert(&rendering.event_id) || known(line, FeedKind::Enterprise, Some(rendering)).is_some() {
            continue;
        }
        let created_at = rendering.created_at;
        let next = line.map_or(Place::at(created_at).next(), |line| line.next_window(created_at));
        let waiting = more.entry(created_at).or_default();
        if next.second != created_at || ORDINAL_MAX - next.ordinal < *waiting {
            return Err(AppendError::SecondFull { index, created_at });
        }
        *waiting += 1;
    }
    Ok(())
}

fn record(
    state: &mut State,
    enterprise: &EnterpriseId,
    mut event: Event,
    now: Second,
    delay_s: u32,
    moved: &mut Moved,
) -> Receipt {
    let line = state.lines.entry(enterprise.clone()).or_default();
    let mut receipt = Receipt {
        user: known(Some(line), FeedKind::User, event.user.as_ref()),
        enterprise: known(Some(line), FeedKind::Enterprise, event.enterprise.as_ref()),
    };
    let opted_in = state.directory.enterprise(enterprise).is_some_and(|enterprise| enterprise.opted_in);
    if !commit::settle(&mut event, &mut receipt, opted_in) {
        return receipt;
    }

    let place = line.next_place(now);
    let recorded = place.second;
    let audience = audience::hear(&event, &mut state.directory, enterprise, place);
    moved.users.extend(audience.called);
    let (at_home, elsewhere): (Vec<Hearing>, Vec<Hearing>) =
        audience.users.into_iter().partition(|hearing| hearing.home == *enterprise);

    let mut entry = Entry::default();
    if let Some(mut rendering) = event.user.take() {
        rendering.stamp(recorded);
        receipt.user = Some(commit::recorded(FeedKind::User, rendering.event_id.clone(), place));
        let kept = keep(rendering);
        for hearing in elsewhere {
            relay(state, &kept, hearing, now, moved);
        }
        moved.users.extend(at_home.iter().map(|hearing| hearing.user.clone()));
        moved.lists.extend(audience.lists.iter().map(|(list, _)| (enterprise.clone(), list.clone())));
        let users = at_home.into_iter().map(|hearing| (hearing.user, hearing.streams)).collect();
        entry.user = Some(KeptUser { kept, relayed: false, users, lists: audience.lists });
    }
    let line = state.lines.entry(enterprise.clone()).or_default();
    if let Some(rendering) = event.enterprise.take() {
        receipt.enterprise = Some(commit::recorded(FeedKind::Enterprise, rendering.event_id.clone(), place));
        let second = line.frontier.admit(rendering.created_at, recorded, delay_s);
        let window = line.next_window(rendering.created_at);
        let history = line.next_history(second);
        let terms = std::mem::take(&mut event.terms);
        entry.enterprise = Some(KeptEnterprise { kept: keep(rendering), history, window, terms });
        moved.enterprises.push(enterprise.clone());
    }
    line.insert(place, entry);
    receipt
}

/// The first result of an id that is stored already.
fn known(line: Option<&EnterpriseLine>, kind: FeedKind, rendering: Option<&Rendering>) -> Option<Outcome> {
    let (line, rendering) = (line?, rendering?);
    if let Some(found) = line.find_published(kind, &rendering.event_id) {
        return Some(commit::known(kind, rendering, found.place, &found.bytes));
    }
    let imported = line.find(kind, &rendering.event_id)?;
    Some(commit::imported(commit::known(kind, rendering, imported.place, &imported.bytes)))
}

pub(super) fn keep(rendering: Rendering) -> Kept {
    Kept {
        event_id: rendering.event_id,
        event_type: rendering.event_type,
        created_at: rendering.created_at,
        bytes: Bytes::from(rendering.bytes),
    }
}

/// Posts the event in the line of a reader at home in another enterprise.
fn relay(state: &mut State, kept: &Kept, hearing: Hearing, now: Second, moved: &mut Moved) {
    let line = state.lines.entry(hearing.home).or_default();
    let place = line.next_place(now);
    moved.users.push(hearing.user.clone());
    let users = vec![(hearing.user, hearing.streams)];
    let user = Some(KeptUser { kept: kept.clone(), relayed: true, users, lists: Vec::new() });
    line.insert(place, Entry { user, enterprise: None });
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::event::{EventType, UserStreams};

    const FULL: Second = Second(50);

    fn batch(ids: &[&str]) -> Batch {
        let event = |id: &&str| Event {
            enterprise: Some(Rendering {
                event_id: EventId::new(id).unwrap(),
                event_type: EventType::new("LOGIN").unwrap(),
                created_at: FULL,
                bytes: b"{}".to_vec(),
                recorded_at_offset: None,
                filled_created_at_offset: None,
            }),
            carried_by: UserStreams::NONE,
            ..Event::unseen(Vec::new())
        };
        Batch { enterprise: home(), events: ids.iter().map(event).collect(), now: Second(100) }
    }

    fn home() -> EnterpriseId {
        EnterpriseId::new("1").unwrap()
    }

    /// A state whose second 50 has room for so many deeds and no more.
    fn with_room_for(ranks: u32) -> State {
        let mut state = State::default();
        let rank = Place { second: FULL, ordinal: ORDINAL_MAX - ranks };
        state.lines.entry(home()).or_default().window.insert(rank, Place::START);
        state
    }

    #[test]
    fn a_batch_with_one_event_too_many_changes_nothing() {
        let mut state = with_room_for(2);
        let refused = append(&mut state, batch(&["a", "b", "c"]), 5).unwrap_err();
        assert_eq!(refused, AppendError::SecondFull { index: 2, created_at: FULL });
        let line = &state.lines[&home()];
        assert_eq!((line.entries.len(), line.ids.len(), line.last), (0, 0, Place::START));
        assert_eq!(line.frontier, Default::default());
        assert!(append(&mut state, batch(&["a", "b"]), 5).is_ok());
    }

    #[test]
    fn what_filled_a_second_may_be_published_again() {
        let mut state = with_room_for(2);
        let first = append(&mut state, batch(&["a", "b"]), 5).unwrap();
        let again = append(&mut state, batch(&["a", "b", "a"]), 5).unwrap();
        let position = |appended: &Appended, n: usize| match &appended.receipts[n].enterprise {
            Some(Outcome::Recorded { position, duplicate, .. }) => (*position, *duplicate),
            other => panic!("{other:?}"),
        };
        for (n, of) in [0, 1, 0].into_iter().enumerate() {
            assert_eq!(position(&again, n), (position(&first, of).0, true));
        }
        assert!(append(&mut state, batch(&["c"]), 5).is_err());
    }
}
