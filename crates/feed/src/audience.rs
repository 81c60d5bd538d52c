//! The audience: which user feeds hear of a deed (design, section 6).
//!
//! It is resolved at the commit point, never before, because what a deed finds in the directory must agree with the
//! order in which deeds are stored. The answer names single users and lists; a list's event is posted once for all.

use crate::directory::{Directory, Status, User};
use crate::event::{Event, UserStreams};
use crate::id::{EnterpriseId, ListId, UserId};
use crate::time::Second;

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

/// Everybody who hears of a deed, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// Single users.
    pub users: Vec<Hearing>,
    /// Lists of the event's own enterprise.
    pub lists: Vec<(ListId, UserStreams)>,
}

/// Lets the directory hear an event: applies what it gives, resolves who hears it, applies what it takes.
///
/// To be called once per event, in position order, at the commit point. `recorded` is the second of the event's
/// position.
pub fn hear(event: &Event, directory: &mut Directory, enterprise: &EnterpriseId, recorded: Second) -> Audience {
    directory.give(&event.effects, enterprise, recorded);
    let audience = if event.user.is_some() { resolve(event, directory) } else { Audience::default() };
    directory.take(&event.effects, enterprise, recorded);
    audience
}

fn resolve(event: &Event, directory: &Directory) -> Audience {
    let mut audience = Audience::default();
    let mut add = |id: &UserId| {
        let Some(user) = directory.user(id) else { return };
        if user.status == Status::Deleted || audience.users.iter().any(|hearing| hearing.user == *id) {
            return;
        }
        audience.users.push(Hearing { user: id.clone(), home: user.home.clone(), streams: streams(event, user) });
    };
    match &event.audience {
        Some(named) => named.iter().for_each(&mut add),
        None if event.owner_only => event.owner.iter().for_each(&mut add),
        None => [Some(&event.actor), event.owner.as_ref()].into_iter().flatten().for_each(&mut add),
    }
    audience
}

/// The streams that carry the event to this user: `sync` only at or below a folder the user has synced.
fn streams(event: &Event, user: &User) -> UserStreams {
    let in_synced_folder = !user.synced.is_empty()
        && event
            .item
            .as_ref()
            .is_some_and(|item| user.synced.contains(&item.id) || item.folders.iter().any(|f| user.synced.contains(f)));
    if in_synced_folder { event.carried_by } else { event.carried_by.without(UserStreams::SYNC) }
}
