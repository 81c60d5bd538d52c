//! One enterprise's line of positions: its entries, and the maps that lead to them.

use crate::ledger::Found;
use bytes::Bytes;
use feed::event::{EventType, FeedKind, UserStreams};
use feed::history_order::Frontier;
use feed::hold::Hold;
use feed::id::{EventId, ListId, UserId};
use feed::position::Place;
use feed::retention::Retention;
use feed::stream_type::{StreamType, UserStream};
use feed::term::Term;
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What is kept of one rendering.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) event_id: EventId,
    pub(super) event_type: EventType,
    pub(super) created_at: Second,
    pub(super) bytes: Bytes,
}

/// The user rendering and who heard it.
#[derive(Debug, Clone)]
pub(super) struct KeptUser {
    pub(super) kept: Kept,
    /// Whether it was heard in this line but published in another, whose id it bears.
    pub(super) relayed: bool,
    pub(super) users: Vec<(UserId, UserStreams)>,
    pub(super) lists: Vec<(ListId, UserStreams)>,
}

/// The enterprise rendering and its other two places.
#[derive(Debug, Clone)]
pub(super) struct KeptEnterprise {
    pub(super) kept: Kept,
    pub(super) history: Place,
    pub(super) window: Place,
    /// What it can be found by.
    pub(super) terms: Vec<Term>,
}

/// One position of arrival order.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) user: Option<KeptUser>,
    pub(super) enterprise: Option<KeptEnterprise>,
}

/// All of one enterprise. `entries` holds the truth; the other maps lead from an order to a place in it.
#[derive(Debug, Default)]
pub(super) struct EnterpriseLine {
    /// The last place given in arrival order, also when its entry is swept.
    pub(super) last: Place,
    /// The largest place given in history order, also when its entry is swept.
    pub(super) last_history: Place,
    pub(super) frontier: Frontier,
    pub(super) entries: BTreeMap<Place, Entry>,
    pub(super) history: BTreeMap<Place, Place>,
    pub(super) window: BTreeMap<Place, Place>,
    pub(super) users: FxHashMap<UserId, BTreeMap<Place, UserStreams>>,
    pub(super) lists: FxHashMap<ListId, BTreeMap<Place, UserStreams>>,
    pub(super) ids: FxHashMap<(FeedKind, EventId), Place>,
    /// Imported history, by its place in the window order, which is the only one it has.
    pub(super) imported: BTreeMap<Place, KeptEnterprise>,
    /// Where an id stands in it.
    pub(super) imported_ids: FxHashMap<EventId, Place>,
}

impl EnterpriseLine {
    /// The next place in arrival order: the larger of (last + 1) and the first of `now`.
    pub(super) fn next_place(&self, now: Second) -> Place {
        self.last.next().max(Place { second: now, ordinal: 1 })
    }

    /// The next place within a second of history order, or the next second that has room.
    pub(super) fn next_history(&self, second: Second) -> Place {
        let next = last_within(&self.history, second).unwrap_or(Place::at(second)).next();
        // Readers may stand where an entry was swept since. In the last second given, and wherever the clock went back
        // behind the frontier, a place counts on from the last one given and not from what is still kept.
        let readers_were_here = second == self.last_history.second || second < self.frontier.shown_below();
        if readers_were_here { next.max(self.last_history.next()) } else { next }
    }

    /// The next rank within a second of true `created_at`; in the next second if this one is full.
    pub(super) fn next_window(&self, second: Second) -> Place {
        last_within(&self.window, second).unwrap_or(Place::at(second)).next()
    }

    pub(super) fn reopen(&mut self) {
        self.frontier = Frontier::on_opening(self.last_history.second);
    }

    pub(super) fn insert(&mut self, place: Place, entry: Entry) {
        if let Some(user) = &entry.user {
            for (id, streams) in &user.users {
                self.users.entry(id.clone()).or_default().insert(place, *streams);
            }
            for (id, streams) in &user.lists {
                self.lists.entry(id.clone()).or_default().insert(place, *streams);
            }
            if !user.relayed {
                self.ids.insert((FeedKind::User, user.kept.event_id.clone()), place);
            }
        }
        if let Some(enterprise) = &entry.enterprise {
            self.history.insert(enterprise.history, place);
            self.window.insert(enterprise.window, place);
            self.last_history = self.last_history.max(enterprise.history);
            self.ids.insert((FeedKind::Enterprise, enterprise.kept.event_id.clone()), place);
        }
        self.last = place;
        self.entries.insert(place, entry);
    }

    /// Keeps an event of imported history.
    pub(super) fn bring_in(&mut self, at: Place, kept: Kept, terms: Vec<Term>) {
        self.window.insert(at, at);
        self.imported_ids.insert(kept.event_id.clone(), at);
        self.imported.insert(at, KeptEnterprise { kept, history: Place::START, window: at, terms });
    }

    pub(super) fn find(&self, kind: FeedKind, event_id: &EventId) -> Option<Found> {
        self.find_published(kind, event_id).or_else(|| {
            let at = self.imported_ids.get(event_id).filter(|_| kind == FeedKind::Enterprise)?;
            let kept = &self.imported.get(at)?.kept;
            Some(Found {
                place: *at,
                event_type: kept.event_type.clone(),
                bytes: kept.bytes.clone(),
                heard_by: Vec::new(),
                lists: Vec::new(),
            })
        })
    }

    pub(super) fn find_published(&self, kind: FeedKind, event_id: &EventId) -> Option<Found> {
        let place = *self.ids.get(&(kind, event_id.clone()))?;
        let entry = self.entries.get(&place)?;
        let (kept, user) = match kind {
            FeedKind::User => entry.user.as_ref().map(|user| (&user.kept, Some(user)))?,
            FeedKind::Enterprise => entry.enterprise.as_ref().map(|enterprise| (&enterprise.kept, None))?,
        };
        let ids = |user: &KeptUser| user.users.iter().map(|(id, _)| id.clone()).collect();
        let lists = |user: &KeptUser| user.lists.iter().map(|(id, _)| id.clone()).collect();
        Some(Found {
            place,
            event_type: kept.event_type.clone(),
            bytes: kept.bytes.clone(),
            heard_by: user.map(ids).unwrap_or_default(),
            lists: user.map(lists).unwrap_or_default(),
        })
    }

    /// Removes user renderings past the period of user feeds, and enterprise renderings past that of events; not what a
    /// hold keeps.
    pub(super) fn sweep(&mut self, retention: Retention, now: Second, holds: &[Hold]) -> u64 {
        let held = |kept: &Kept| holds.iter().any(|hold| hold.scope.meets(kept.created_at, kept.created_at));
        let oldest_user = retention.oldest_shown(StreamType::User(UserStream::All), now);
        let oldest_event = retention.oldest_kept(now);
        let mut removed = 0;
        let mut empty = Vec::new();
        for (place, entry) in self.entries.range_mut(..Place::at(oldest_user)) {
            if let Some(user) = entry.user.take_if(|user| !held(&user.kept)) {
                removed += 1;
                if !user.relayed {
                    self.ids.remove(&(FeedKind::User, user.kept.event_id));
                }
                for (id, _) in &user.users {
                    self.users.get_mut(id).map(|postings| postings.remove(place));
                }
                for (id, _) in &user.lists {
                    self.lists.get_mut(id).map(|postings| postings.remove(place));
                }
            }
            if place.second < oldest_event
                && let Some(enterprise) = entry.enterprise.take_if(|enterprise| !held(&enterprise.kept))
            {
                removed += 1;
                self.ids.remove(&(FeedKind::Enterprise, enterprise.kept.event_id));
                self.history.remove(&enterprise.history);
                self.window.remove(&enterprise.window);
            }
            if entry.user.is_none() && entry.enterprise.is_none() {
                empty.push(*place);
            }
        }
        for place in empty {
            self.entries.remove(&place);
        }
        let expired = self.imported.range(..Place::at(oldest_event)).filter(|(_, it)| !held(&it.kept));
        for at in expired.map(|(at, _)| *at).collect::<Vec<Place>>() {
            if let Some(KeptEnterprise { kept, .. }) = self.imported.remove(&at) {
                removed += 1;
                self.imported_ids.remove(&kept.event_id);
                self.window.remove(&at);
            }
        }
        removed
    }
}

/// The last place of a map within a second, or within the run of full seconds that begins there.
fn last_within(map: &BTreeMap<Place, Place>, second: Second) -> Option<Place> {
    let mut last = None;
    let mut second = second;
    loop {
        let end = Place { second, ordinal: feed::position::ORDINAL_MAX };
        match map.range(Place::at(second)..=end).next_back() {
            Some((place, _)) => last = Some(*place),
            None => return last,
        }
        if last != Some(end) {
            return last;
        }
        second = second.ahead(1);
    }
}
