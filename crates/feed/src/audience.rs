//! The audience: which user feeds hear of a deed (design, section 6).
//!
//! It is resolved at the commit point, never before, because what a deed finds in the directory must agree with the
//! order in which deeds are stored. The answer names single users and lists; a list's event is posted once for all.
//!
//! Who hears, unless the draft names the audience: the actor; the owner of the item; the person concerned by a deed
//! about groups or collaborations; and everybody whom a collaboration, their own or a group's, lets in on the item or a
//! folder above it. Of a move those hear who are let in at the old place or at the new one. In the trash collaborations
//! reach nothing, but of the trashing itself they hear.

use crate::directory::{Circle, Directory, Effect, Face, SyncedFolder, UserKey, Way};
use crate::event::{Event, UserStreams};
use crate::id::{EnterpriseId, ListId, UserId};
use crate::position::Place;
use rustc_hash::FxHashSet;

/// One user who hears of a deed, and on which streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// Who.
    pub user: UserId,
    /// The enterprise in whose line of positions the user's feed lives.
    pub home: EnterpriseId,
    /// On which of the user's streams.
    pub streams: UserStreams,
}

/// Everybody who hears of a deed: single users, each once, and lists. Somebody on a list may also be named alone, or be
/// on another list, and then hears it once, on the streams of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// Single users.
    pub users: Vec<Hearing>,
    /// Lists of the event's own enterprise.
    pub lists: Vec<(ListId, UserStreams)>,
    /// Users who belong to one list more from here on, so that those of them who wait can be told to wait for that too,
    /// whether they hear of this event or not.
    pub called: Vec<UserId>,
    /// Which of the event's effects changed the directory, by their index and in order. What only tells of the event
    /// itself, such as that it is a move, is heard but need not be kept.
    pub changed: Vec<usize>,
}

impl Audience {
    /// Leaves of the effects those that changed the directory.
    pub fn keep_changed(&self, effects: &mut Vec<Effect>) {
        let mut number = 0..;
        effects.retain(|_| number.next().is_some_and(|number| self.changed.binary_search(&number).is_ok()));
    }
}

/// Lets the directory hear an event: applies what it gives, resolves who hears it, applies what it takes.
///
/// To be called once per event, in position order, at the commit point. `place` is that of the event in the line of
/// `enterprise`.
pub fn hear(event: &Event, directory: &mut Directory, enterprise: &EnterpriseId, place: Place) -> Audience {
    let moved = event.effects.iter().any(|effect| matches!(effect, Effect::Moved(_)));
    let old_way = match &event.item {
        // Where it lay, not where the event shows it.
        Some(item) if moved => directory.way(&crate::event::Item { folders: Vec::new(), ..item.clone() }, enterprise),
        _ => Way::default(),
    };
    let given = directory.give(&event.effects, enterprise, place);
    let mut audience =
        if event.user.is_some() { resolve(event, directory, enterprise, old_way) } else { Audience::default() };
    let taken = directory.take(&event.effects, enterprise, place);
    audience.called = given.called;
    audience.changed = given.changed;
    audience.changed.extend(taken.changed);
    audience.changed.sort_unstable();
    audience
}

fn resolve(event: &Event, directory: &Directory, enterprise: &EnterpriseId, old_way: Way) -> Audience {
    // Of an audience that was named the way says only who has synced a folder on it.
    let synced = event.carried_by.meets(UserStreams::SYNC) && directory.anything_synced();
    let item = event.item.as_ref().filter(|_| synced || event.audience.is_none());
    let mut way = item.map(|item| directory.way(item, enterprise)).unwrap_or_default();
    way.join(old_way);
    let owner = || {
        let named = event.owner.as_ref().and_then(|owner| directory.user_key(owner));
        named.or_else(|| directory.owner_on(&way))
    };
    let mut gathering = Gathering::new(event, directory, &way);
    match &event.audience {
        Some(named) => {
            gathering.audience.users.reserve(named.len());
            named.iter().for_each(|id| gathering.add_id(id));
        }
        None if event.owner_only => owner().into_iter().for_each(|owner| gathering.add(owner)),
        None => {
            gathering.add_id(&event.actor);
            owner().into_iter().for_each(|owner| gathering.add(owner));
            event.effects.iter().filter_map(Effect::person_concerned).for_each(|id| gathering.add_id(id));
            let mut circles: Vec<Circle> = Vec::new();
            directory.cover(
                &way,
                |user| gathering.add(user),
                |circle| {
                    if !circles.contains(&circle) {
                        circles.push(circle);
                    }
                },
            );
            circles.into_iter().for_each(|circle| gathering.add_circle(circle));
        }
    }
    gathering.audience
}

/// An audience in the making.
struct Gathering<'d> {
    directory: &'d Directory,
    carried_by: UserStreams,
    /// The folders on the way up that somebody has synced; none if the type is not one of `sync` anyway.
    synced: Vec<SyncedFolder>,
    seen: Seen,
    audience: Audience,
}

/// Who is in it already.
#[derive(Default)]
struct Seen {
    first: Vec<UserKey>,
    more: FxHashSet<UserKey>,
}

impl Seen {
    /// So few are looked through quicker than they are hashed.
    const FIRST_MAX: usize = 16;

    /// Adds somebody; answers whether they are new.
    fn add(&mut self, key: UserKey) -> bool {
        if self.first.contains(&key) {
            return false;
        }
        if self.first.len() == Self::FIRST_MAX {
            return self.more.insert(key);
        }
        self.first.push(key);
        true
    }
}

impl<'d> Gathering<'d> {
    fn new(event: &Event, directory: &'d Directory, way: &Way) -> Self {
        let carried_by = event.carried_by;
        let synced = if carried_by.meets(UserStreams::SYNC) { directory.synced_on(way) } else { Vec::new() };
        Gathering { directory, carried_by, synced, seen: Seen::default(), audience: Audience::default() }
    }

    fn add_id(&mut self, id: &UserId) {
        if let Some(face) = self.directory.face(id) {
            self.add_known(face, id);
        }
    }

    fn add(&mut self, key: UserKey) {
        if let Some(row) = self.directory.user_row(key) {
            self.add_known(Face { key, home: row.home }, &row.user.person.id);
        }
    }

    fn add_known(&mut self, Face { key, home }: Face, id: &UserId) {
        let Some(home) = self.directory.enterprise_id(home) else { return };
        if self.directory.is_deleted(key) || !self.seen.add(key) {
            return;
        }
        // `sync` only at or below a folder that this user has synced.
        let has_synced = self.synced.iter().any(|folder| self.directory.has_synced(key, *folder));
        let streams = if has_synced { self.carried_by } else { self.carried_by.without(UserStreams::SYNC) };
        self.audience.users.push(Hearing { user: id.clone(), home: home.clone(), streams });
    }

    fn add_circle(&mut self, circle: Circle) {
        self.audience.lists.push((circle.list(), self.carried_by.without(UserStreams::SYNC)));
        for folder in self.synced.clone() {
            let directory = self.directory;
            let mut lists = Vec::new();
            directory.synced_in(circle, folder, |user| self.add(user), |list| lists.push((list, UserStreams::SYNC)));
            self.audience.lists.extend(lists);
        }
    }
}
