//! What the commit point must know of a deed besides its renderings: who and what it concerns, and what it changes
//! in the directory.
//!
//! The facts come from the user rendering where it has them, because its source is whole, and from the enterprise
//! rendering otherwise.

mod sharing;

pub(super) use sharing::{about_items, about_sharing, groups, texts};

use super::check::source::SourceShape;
use super::check::{Keep, Kept, ROOT_FOLDER, twice};
use super::fault::{Checked, Fault, Shown};
use super::given::Given;
use super::json::Reader;
use crate::directory::{CoAdminRights, Effect, Person, Role};
use crate::event::Item;
use crate::id::{ItemId, UserId};
use smol_str::SmolStr;

/// Who did it; the anonymous user if nobody is named.
pub(super) fn actor(kept: &Kept<'_>) -> Person {
    let nobody = || Person { id: UserId::anonymous(), name: SmolStr::default(), login: SmolStr::default() };
    person(kept, [Keep::ActorId, Keep::ActorName, Keep::ActorLogin]).unwrap_or_else(nobody)
}

/// Who owns the item.
pub(super) fn owner(kept: &Kept<'_>) -> Option<Person> {
    person(kept, [Keep::OwnerId, Keep::OwnerName, Keep::OwnerLogin])
}

/// The item and the folders above it. The root folder is left out, as an item and as a folder above: everybody has
/// one of that id, so it tells nothing about who shares an item.
pub(super) fn item(given: &Given<'_>) -> Option<Item> {
    if matches!(given.source.shape, SourceShape::Null | SourceShape::User | SourceShape::AppItem) {
        return None;
    }
    let id = given.kept.get(Keep::Id)?.value();
    if id == ROOT_FOLDER {
        return None;
    }
    let mut folders = given.kept.above.clone();
    if folders.is_empty()
        && let Some(parent) = given.kept.get(Keep::ParentId)
        && parent.value() != ROOT_FOLDER
    {
        folders.extend(ItemId::new(&parent.value()).ok());
    }
    Some(Item { id: ItemId::new(&id).ok()?, folders })
}

fn person(kept: &Kept<'_>, [id, name, login]: [Keep; 3]) -> Option<Person> {
    let text = |what| kept.get(what).map(|text| SmolStr::new(text.value())).unwrap_or_default();
    Some(Person { id: UserId::new(&kept.get(id)?.value()).ok()?, name: text(name), login: text(login) })
}

/// The persons an event names, each once, and none of them anonymous: whoever is unknown is added to the directory.
pub(super) fn met(actor: &Person, owner: Option<&Person>, audience: &[UserId]) -> Vec<Effect> {
    // Nearly every deed also tells where its item lies, and few tell more.
    let mut effects = Vec::with_capacity(2 + audience.len() + 1);
    if !actor.id.is_anonymous() {
        effects.push(Effect::Met(actor.clone()));
    }
    let owner = owner.filter(|owner| owner.id != actor.id && !owner.id.is_anonymous());
    effects.extend(owner.cloned().map(Effect::Met));
    let named = |id: &&UserId| **id != actor.id && owner.is_none_or(|owner| owner.id != **id);
    effects.extend(
        audience
            .iter()
            .filter(named)
            .map(|id| Effect::Met(Person { id: id.clone(), name: SmolStr::default(), login: SmolStr::default() })),
    );
    effects
}

/// Adds what an event of the enterprise feed changes about users.
pub(super) fn about_users(given: &Given<'_>, name: &str, effects: &mut Vec<Effect>) -> Checked<()> {
    if !matches!(name, "NEW_USER" | "EDIT_USER" | "DELETE_USER" | "CHANGE_ADMIN_ROLE") {
        return Ok(());
    }
    // Without a user this would change nothing and say nothing; a deletion that does not happen is no small matter.
    let whom = match given.source.shape {
        SourceShape::User => person(&given.kept, [Keep::Id, Keep::Name, Keep::Login]),
        _ => None,
    };
    let Some(whom) = whom else {
        let reason =
            format!("must be the user concerned, {{\"type\":\"user\",\"id\":…}}, because {name} changes the directory");
        return Err(Fault::new(reason).under("source"));
    };
    if whom.id.is_anonymous() {
        return Ok(());
    }
    if name == "DELETE_USER" {
        effects.push(Effect::UserDeleted(whom.id));
        return Ok(());
    }
    let role = match given.additional_details {
        Some(details) => role(details).map_err(|fault| fault.under("additional_details"))?,
        None => None,
    };
    if name == "CHANGE_ADMIN_ROLE" {
        let id = whom.id.clone();
        effects.push(Effect::Met(whom));
        effects.extend(role.map(|role| Effect::UserSet { id, name: None, login: None, role: Some(role) }));
    } else {
        let said = |what, text| given.kept.get(what).map(|_| text);
        let (name, login) = (said(Keep::Name, whom.name), said(Keep::Login, whom.login));
        effects.push(Effect::UserSet { id: whom.id, name, login, role });
    }
    Ok(())
}

/// Adds what an event of either feed changes about synced folders.
pub(super) fn about_sync(given: &Given<'_>, name: &str, actor: &UserId, effects: &mut Vec<Effect>) {
    let is_folder = matches!(given.source.shape, SourceShape::Folder | SourceShape::Thin);
    let (true, false, Some(id)) = (is_folder, actor.is_anonymous(), given.kept.get(Keep::Id)) else { return };
    let Ok(folder) = ItemId::new(&id.value()) else { return };
    let user = actor.clone();
    let effect = match name {
        "ITEM_SYNC" => Effect::Synced { user, folder },
        "ITEM_UNSYNC" => Effect::Unsynced { user, folder },
        _ => return,
    };
    if !effects.contains(&effect) {
        effects.push(effect);
    }
}

/// Reads `{"role":"coadmin","permissions":["reports","users"]}` out of additional details. They may say nothing of a
/// role; a role that is not one of ours is refused, because passing over it would leave somebody rights that were
/// meant to be taken. A permission nobody knows grants nothing.
fn role(details: &str) -> Checked<Option<Role>> {
    let mut reader = Reader::new(details);
    if reader.null()? {
        return Ok(None);
    }
    let (mut word, mut rights, mut first) = (None, None, true);
    reader.enter_object()?;
    while let Some(name) = reader.member(&mut first)? {
        if name.is("role") {
            let text = if reader.null()? { None } else { Some(reader.text().map_err(|fault| fault.under("role"))?) };
            if word.replace(text).is_some() {
                return Err(twice().under("role"));
            }
        } else if name.is("permissions") {
            if rights.replace(permissions(reader)).is_some() {
                return Err(twice().under("permissions"));
            }
            reader.skip()?;
        } else {
            reader.skip()?;
        }
    }
    let Some(Some(word)) = word else { return Ok(None) };
    let word = word.value();
    match &*word {
        "user" => Ok(Some(Role::User)),
        "coadmin" => Ok(Some(Role::CoAdmin(rights.unwrap_or_default()))),
        "admin" => Ok(Some(Role::Admin)),
        "service_account" => Ok(Some(Role::ServiceAccount)),
        _ => {
            let reason = format!("must be 'user', 'coadmin', 'admin' or 'service_account', but is {}", Shown(&word));
            Err(Fault::new(reason).under("role"))
        }
    }
}

fn permissions(mut reader: Reader<'_>) -> CoAdminRights {
    let mut rights = CoAdminRights::default();
    let mut first = true;
    if reader.enter_list().is_err() {
        return rights;
    }
    while let Ok(true) = reader.entry(&mut first) {
        let Ok(word) = reader.text() else { break };
        rights.reports |= word.is("reports");
        rights.users |= word.is("users");
    }
    rights
}

/// Reads the ids of an explicit audience: sorted, each once. The anonymous user has no feed and is left out.
pub(super) fn audience(reader: &mut Reader<'_>, most: usize) -> Checked<Option<Vec<UserId>>> {
    let mut ids = Vec::with_capacity(8);
    let (mut first, mut index) = (true, 0);
    reader.enter_list()?;
    while reader.entry(&mut first)? {
        if index == most {
            return Ok(None);
        }
        let text = reader.text().map_err(|fault| fault.within(index))?;
        let id = text.value();
        let Ok(id) = UserId::new(&id) else {
            let reason = format!("is {}, but an id is 1 to 64 visible ASCII characters", Shown(&id));
            return Err(Fault::new(reason).within(index));
        };
        if !id.is_anonymous() {
            ids.push(id);
        }
        index += 1;
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}
