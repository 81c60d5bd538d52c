//! What was published, written down in a way of its own: plain lists, searched from end to end.

use super::script::{DAY_S, ENTERPRISES, USERS};
use crate::deed::{Deed, enterprise, user};
use feed::directory::Effect;
use feed::event::{FeedKind, UserStreams};
use feed::id::{EnterpriseId, ItemId, UserId};
use feed::position::{Family, Place};
use feed::time::Second;
use std::collections::{BTreeMap, BTreeSet};
use store::ledger::{Outcome, Receipt};

/// One entry of a line.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// How it is told from all others of the line: the publishing enterprise and the id.
    pub(crate) key: String,
    /// Counts everything published, by whomever.
    pub(crate) serial: u32,
    pub(crate) event_type: String,
    pub(crate) created: Second,
    /// The second of its place in the line; a relayed entry has one in the line of the reader's home.
    pub(crate) recorded: Second,
    /// The place, if a receipt named it.
    pub(crate) place: Option<Place>,
    pub(crate) history: Second,
    pub(crate) rank: u32,
    pub(crate) streams: UserStreams,
}

/// All of one enterprise.
#[derive(Debug, Default)]
pub(crate) struct Home {
    /// What the enterprise feed has.
    pub(crate) entries: Vec<Entry>,
    /// What the feeds of its users have.
    pub(crate) feeds: BTreeMap<UserId, Vec<Entry>>,
    /// Seconds below this are shown in history order.
    pub(crate) frontier: Second,
    /// What a sweep may have removed: user renderings, and all, recorded before these.
    pub(crate) swept: (Second, Second),
    /// The last second and place that arrival order gave out.
    second: Second,
    last: Place,
    ids: BTreeMap<(FeedKind, String), First>,
}

/// What stands of an id.
#[derive(Debug, Clone)]
struct First {
    place: Place,
    created: Second,
    event_type: String,
    note: String,
}

#[derive(Debug)]
struct Known {
    home: usize,
    deleted: bool,
    synced: BTreeSet<ItemId>,
}

/// Everything that was published.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) homes: [Home; 3],
    pub(crate) serial: u32,
    users: BTreeMap<UserId, Known>,
}

impl Model {
    /// With the users whom every script begins with.
    pub(crate) fn new() -> Self {
        let known = |(id, home): (&str, usize)| (user(id), Known { home, deleted: false, synced: BTreeSet::new() });
        Model { users: USERS.into_iter().map(known).collect(), ..Model::default() }
    }

    /// Which of [`ENTERPRISES`] the user is at home in, once known.
    pub(crate) fn home_of(&self, id: &str) -> Option<usize> {
        self.users.get(&user(id)).map(|known| known.home)
    }

    /// The next place of a line has this second, whatever the clock does.
    fn next_second(&mut self, home: usize, now: Second) -> Second {
        self.homes[home].second = self.homes[home].second.max(now);
        self.homes[home].second
    }

    /// Checks what a keeper answered to a deed, and writes the deed down.
    pub(crate) fn published(&mut self, home: usize, deed: &Deed, now: Second, delay_s: u32, receipt: &Receipt) {
        let withheld = deed.opt_in && !ENTERPRISES[home].2;
        let new_user = self.is_new(home, FeedKind::User, deed, deed.user.as_ref(), withheld, receipt.user.as_ref());
        let new_enterprise = (deed.enterprise.as_ref(), receipt.enterprise.as_ref());
        let new_enterprise =
            self.is_new(home, FeedKind::Enterprise, deed, new_enterprise.0, withheld, new_enterprise.1);
        let renderings = [deed.user.is_some(), deed.enterprise.is_some()];
        if renderings.contains(&true) && !new_user && !new_enterprise {
            return;
        }
        self.serial += 1;
        let heard_before = renderings != [new_user, new_enterprise];
        let recorded = self.next_second(home, now);
        let created = deed.created_at.unwrap_or(now);
        let place = [(new_user, &receipt.user), (new_enterprise, &receipt.enterprise)];
        let place = place.into_iter().filter(|(new, _)| *new).find_map(|(_, outcome)| place_of(outcome.as_ref()));
        if let Some(place) = place {
            let last = self.homes[home].last;
            assert!(last < place, "the place {place:?} of {deed:?} was given after {last:?}");
            assert_eq!(place.second, recorded, "the second of {deed:?}");
            self.homes[home].last = place;
        }

        self.meet_and_give(home, deed, heard_before);
        if let Some(id) = deed.user.as_ref().filter(|_| new_user) {
            for (hearer, streams) in self.hearers(deed) {
                let theirs = self.users[&hearer].home;
                let (recorded, place) =
                    if theirs == home { (recorded, place) } else { (self.next_second(theirs, now), None) };
                let entry = self.entry(home, id, deed, created, recorded);
                let entry = Entry { place, streams, ..entry };
                self.homes[theirs].feeds.entry(hearer).or_default().push(entry);
            }
            self.remember(home, FeedKind::User, id, deed, created, place);
        }
        if let Some(id) = deed.enterprise.as_ref().filter(|_| new_enterprise) {
            self.pass_time(home, recorded, delay_s);
            let frontier = self.homes[home].frontier;
            let same_second = self.homes[home].entries.iter().filter(|entry| entry.created == created).count();
            let entry = Entry {
                place,
                history: if created < frontier { frontier.min(recorded) } else { created.min(recorded) },
                rank: 1 + u32::try_from(same_second).unwrap(),
                ..self.entry(home, id, deed, created, recorded)
            };
            self.homes[home].entries.push(entry);
            self.remember(home, FeedKind::Enterprise, id, deed, created, place);
        }
        self.take(home, deed, heard_before);
    }

    fn entry(&self, home: usize, id: &str, deed: &Deed, created: Second, recorded: Second) -> Entry {
        Entry {
            key: format!("{}/{id}", ENTERPRISES[home].0),
            serial: self.serial,
            event_type: deed.event_type.clone(),
            created,
            recorded,
            place: None,
            history: Second(0),
            rank: 0,
            streams: UserStreams::NONE,
        }
    }

    /// Checks the outcome of one rendering against what is known of its id; answers whether it is stored now.
    fn is_new(
        &self,
        home: usize,
        kind: FeedKind,
        deed: &Deed,
        id: Option<&String>,
        withheld: bool,
        outcome: Option<&Outcome>,
    ) -> bool {
        let Some(id) = id else {
            assert_eq!(outcome, None, "there is no such rendering in {deed:?}");
            return false;
        };
        let first = self.homes[home].ids.get(&(kind, id.clone()));
        match (outcome, first) {
            (Some(Outcome::Withheld { event_id }), None) => {
                assert!(withheld && event_id.as_str() == id, "{deed:?} was withheld");
                false
            }
            (Some(Outcome::Recorded { event_id, position, duplicate, differs }), first) => {
                assert_eq!(event_id.as_str(), id);
                let family = if kind == FeedKind::User { Family::User } else { Family::Streaming };
                assert_eq!(position.family(), family);
                assert_eq!(*duplicate, first.is_some(), "whether {deed:?} was known");
                let Some(first) = first else {
                    assert!(!withheld && !differs, "{deed:?} is new: {outcome:?}");
                    return true;
                };
                let other_time = deed.created_at.is_some_and(|created| created != first.created);
                let other = other_time || deed.note != first.note || deed.event_type != first.event_type;
                assert_eq!((position.place(), *differs), (first.place, other), "{deed:?} after {first:?}");
                false
            }
            answered => panic!("{answered:?} for {deed:?}"),
        }
    }

    fn remember(&mut self, home: usize, kind: FeedKind, id: &str, deed: &Deed, created: Second, place: Option<Place>) {
        let (event_type, note) = (deed.event_type.clone(), deed.note.clone());
        let first = First { place: place.expect("what is new has a place"), created, event_type, note };
        self.homes[home].ids.insert((kind, id.to_owned()), first);
    }

    fn meet_and_give(&mut self, home: usize, deed: &Deed, heard_before: bool) {
        for id in [Some(&deed.actor), deed.owner.as_ref()].into_iter().flatten().filter(|id| !id.is_anonymous()) {
            let known = || Known { home, deleted: false, synced: BTreeSet::new() };
            self.users.entry(id.clone()).or_insert_with(known);
        }
        for effect in deed.effects.iter().filter(|_| !heard_before) {
            match effect {
                Effect::Synced { user, folder } => {
                    self.users.get_mut(user).map(|known| known.synced.insert(folder.clone()));
                }
                Effect::UserSet { id, .. } => {
                    if let Some(known) = self.users.get_mut(id).filter(|known| known.home == home) {
                        known.deleted = false;
                    }
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, home: usize, deed: &Deed, heard_before: bool) {
        for effect in deed.effects.iter().filter(|_| !heard_before) {
            match effect {
                Effect::Unsynced { user, folder } => {
                    self.users.get_mut(user).map(|known| known.synced.remove(folder));
                }
                Effect::UserDeleted(id) => {
                    if let Some(known) = self.users.get_mut(id).filter(|known| known.home == home) {
                        *known = Known { home, deleted: true, synced: BTreeSet::new() };
                    }
                }
                _ => {}
            }
        }
    }

    /// Who hears of the deed, each once, and on which streams.
    fn hearers(&self, deed: &Deed) -> Vec<(UserId, UserStreams)> {
        let derived = match deed.owner_only {
            true => vec![deed.owner.clone()],
            false => vec![Some(deed.actor.clone()), deed.owner.clone()],
        };
        let wanted: Vec<UserId> = deed.audience.clone().unwrap_or_else(|| derived.into_iter().flatten().collect());
        let mut hearers: Vec<(UserId, UserStreams)> = Vec::new();
        for id in wanted {
            let Some(known) = self.users.get(&id).filter(|known| !known.deleted) else { continue };
            let items = deed.item.iter().flat_map(|item| item.folders.iter().chain([&item.id]));
            let on_sync = items.into_iter().any(|item| known.synced.contains(item));
            let not = if on_sync { UserStreams::NONE } else { UserStreams::SYNC };
            if hearers.iter().all(|(hearer, _)| *hearer != id) {
                hearers.push((id, deed.carried_by.without(not)));
            }
        }
        hearers
    }

    /// The frontier of an enterprise moves by time.
    pub(crate) fn pass_time(&mut self, home: usize, now: Second, delay_s: u32) {
        let settled = Second(now.0.saturating_sub(delay_s));
        if self.homes[home].frontier < settled {
            self.homes[home].frontier = settled;
        }
    }

    /// A restart may work the frontier out again, but never below a history second that was given; unless it is kept,
    /// and then it is what it was.
    pub(crate) fn restarted(&mut self, home: usize, frontier: Second, kept: bool) {
        if kept {
            assert_eq!(frontier, self.homes[home].frontier, "the frontier that was kept");
            return;
        }
        let largest = self.homes[home].entries.iter().map(|entry| entry.history).max().unwrap_or_default();
        let before = self.homes[home].frontier.max(largest);
        assert!(largest <= frontier && frontier <= before, "{frontier} on opening, not {largest} to {before}");
        self.homes[home].frontier = frontier;
    }

    /// What every enterprise keeps no longer at `now` may be gone.
    pub(crate) fn swept(&mut self, now: Second) {
        for (home, (_, days, _)) in self.homes.iter_mut().zip(ENTERPRISES) {
            home.swept.0 = home.swept.0.max(now.back(days.user * DAY_S));
            home.swept.1 = home.swept.1.max(now.back(days.events * DAY_S));
        }
    }
}

fn place_of(outcome: Option<&Outcome>) -> Option<Place> {
    match outcome? {
        Outcome::Recorded { position, .. } => Some(position.place()),
        Outcome::Withheld { .. } => None,
    }
}

/// The id of one of [`ENTERPRISES`].
pub(crate) fn enterprise_id(home: usize) -> EnterpriseId {
    enterprise(ENTERPRISES[home].0)
}
