//! What a deed changes about groups, collaborations and the tree of folders.
//!
//! Neither vocabulary tells all of it: the source of a collaboration in user feeds is just the folder, and only the
//! enterprise feed names whom it lets in. So the facts are looked for in both renderings of a deed. What cannot be
//! found changes nothing: the lists of types are open, and events of other makers are not refused for saying less.
//!
//! An invitation counts as accepted unless it says `"status": "pending"`: colleagues are let in at once, and an
//! application that never publishes the acceptance would otherwise wonder why nobody hears of anything.

use super::super::check::{Keep, ROOT_FOLDER};
use super::super::given::Given;
use super::super::json::{Kind, Reader};
use crate::directory::{CollaborationRole, CollaborationStatus, Collaborator, Effect, Person};
use crate::event::Item;
use crate::id::{GroupId, UserId};
use smol_str::SmolStr;

/// What a name means for groups and collaborations.
enum Deed {
    Invited,
    Accepted,
    Changed,
    Ended,
    GroupSet,
    GroupDeleted,
    Joined,
    Left,
}

fn deed(name: &str) -> Option<Deed> {
    Some(match name {
        "COLLABORATION_INVITE" | "COLLAB_INVITE_COLLABORATOR" => Deed::Invited,
        "COLLABORATION_ACCEPT" | "COLLAB_ADD_COLLABORATOR" => Deed::Accepted,
        "GROUP_ADD_ITEM" | "GROUP_ADD_FOLDER" | "GROUP_ADD_FILE" => Deed::Accepted,
        "COLLABORATION_ROLE_CHANGE" | "COLLAB_ROLE_CHANGE" => Deed::Changed,
        "COLLABORATION_REMOVE" | "COLLAB_REMOVE_COLLABORATOR" => Deed::Ended,
        "GROUP_REMOVE_ITEM" | "GROUP_REMOVE_FOLDER" | "GROUP_REMOVE_FILE" => Deed::Ended,
        "GROUP_CREATION" | "GROUP_EDITED" => Deed::GroupSet,
        "GROUP_DELETION" => Deed::GroupDeleted,
        "GROUP_ADD_USER" => Deed::Joined,
        "GROUP_REMOVE_USER" => Deed::Left,
        _ => return None,
    })
}

/// The facts of a deed about groups or collaborations.
#[derive(Default)]
struct Facts {
    group: Option<GroupId>,
    group_name: Option<SmolStr>,
    user: Option<Person>,
    id: Option<SmolStr>,
    role: Option<CollaborationRole>,
    pending: bool,
}

/// Adds what an event changes about groups and collaborations. `given` are its renderings, the enterprise's first, and
/// `names` the types of those that it has.
pub(in crate::intake) fn about_sharing(
    given: [Option<&Given<'_>>; 2],
    names: &[&str],
    item: Option<&Item>,
    actor: &Person,
    effects: &mut Vec<Effect>,
) {
    let Some(deed) = names.iter().find_map(|name| deed(name)) else { return };
    let mut facts = Facts::default();
    given.into_iter().flatten().for_each(|given| facts.look_in(given));
    let accepted_by_actor = names == ["COLLAB_ADD_COLLABORATOR"];
    if facts.user.is_none() && facts.group.is_none() && accepted_by_actor {
        // Nobody else is named: whoever accepts is the one let in.
        facts.user = Some(actor.clone());
    }
    let user = facts.user.take().filter(|user| !user.id.is_anonymous());
    if let Some(user) = user.as_ref().filter(|user| user.id != actor.id)
        && !matches!(deed, Deed::GroupSet | Deed::GroupDeleted)
    {
        effects.push(Effect::Met(user.clone()));
    }
    let user = user.map(|user| user.id);
    let effect = match (deed, facts.group, user) {
        (Deed::GroupSet, Some(group), _) => Effect::GroupSet { group, name: facts.group_name },
        (Deed::GroupDeleted, Some(group), _) => Effect::GroupDeleted(group),
        (Deed::Joined, Some(group), Some(user)) => {
            effects.push(Effect::GroupSet { group: group.clone(), name: facts.group_name });
            Effect::Joined { user, group }
        }
        (Deed::Left, Some(group), Some(user)) => Effect::Left { user, group },
        (deed @ (Deed::Invited | Deed::Accepted | Deed::Changed | Deed::Ended), group, user) => {
            let with = group.map(Collaborator::Group).or(user.map(Collaborator::User));
            let (Some(item), Some(with)) = (item, with) else { return };
            let status = match deed {
                Deed::Invited if facts.pending => Some(CollaborationStatus::Pending),
                Deed::Invited | Deed::Accepted => Some(CollaborationStatus::Accepted),
                _ => None,
            };
            let item = item.id.clone();
            if let Deed::Ended = deed {
                Effect::CollaborationEnded { item, with }
            } else {
                Effect::Collaborates { item, with, role: facts.role, status, id: facts.id }
            }
        }
        _ => return,
    };
    effects.push(effect);
}

impl Facts {
    fn look_in(&mut self, given: &Given<'_>) {
        let source = given.source.raw.unwrap_or("null");
        let [kind, id, name, login] = texts(source, ["type", "id", "name", "login"]);
        match kind.as_deref() {
            Some("group") => self.found_group(id.as_ref(), name),
            Some("user") => self.found_user(id.as_ref(), name, login),
            _ => {}
        }
        let [group, group_name, user, user_name] = texts(source, ["group_id", "group_name", "user_id", "user_name"]);
        self.found_group(group.as_ref(), group_name);
        let [kind, id, name, login] = texts(given.accessible_by.unwrap_or("null"), ["type", "id", "name", "login"]);
        match kind.as_deref() {
            Some("group") => self.found_group(id.as_ref(), name),
            Some("user") => self.found_user(id.as_ref(), name, login),
            _ => {}
        }
        self.found_user(user.as_ref(), user_name, None);
        let details = given.additional_details.unwrap_or("null");
        let [group, group_name] = texts(details, ["group_id", "group_name"]);
        self.found_group(group.as_ref(), group_name);
        let [id, role, status] = texts(details, ["collab_id", "role", "status"]);
        self.id = self.id.take().or(id.filter(|id| crate::intake::check::is_id(id)));
        self.role = self.role.or(role.map(|role| CollaborationRole::of_word(&role)));
        self.pending |= status.is_some_and(|status| status.eq_ignore_ascii_case("pending"));
    }

    fn found_group(&mut self, id: Option<&SmolStr>, name: Option<SmolStr>) {
        let Some(Ok(id)) = id.map(|id| GroupId::new(id)) else { return };
        if *self.group.get_or_insert_with(|| id.clone()) == id {
            self.group_name = self.group_name.take().or(name);
        }
    }

    fn found_user(&mut self, id: Option<&SmolStr>, name: Option<SmolStr>, login: Option<SmolStr>) {
        let Some(Ok(id)) = id.map(|id| UserId::new(id)) else { return };
        let (name, login) = (name.unwrap_or_default(), login.unwrap_or_default());
        self.user.get_or_insert(Person { id, name, login });
    }
}

/// The groups that a rendering names.
pub(in crate::intake) fn groups(given: &Given<'_>) -> Vec<GroupId> {
    let source = given.source.raw.unwrap_or("null");
    let mut found = Vec::new();
    for object in [source, given.accessible_by.unwrap_or("null")] {
        let [kind, id] = texts(object, ["type", "id"]);
        found.extend(id.filter(|_| kind.as_deref() == Some("group")));
    }
    for object in [source, given.additional_details.unwrap_or("null")] {
        let [id] = texts(object, ["group_id"]);
        found.extend(id);
    }
    found.iter().filter_map(|id| GroupId::new(id).ok()).collect()
}

/// Strings of an object by the names of its members; whatever is no string counts as not there.
pub(in crate::intake) fn texts<const N: usize>(object: &str, wanted: [&str; N]) -> [Option<SmolStr>; N] {
    let mut found = [const { None }; N];
    let mut reader = Reader::new(object);
    let mut first = true;
    if reader.kind().is_ok_and(|kind| kind != Kind::Object) || reader.enter_object().is_err() {
        return found;
    }
    while let Ok(Some(name)) = reader.member(&mut first) {
        let at = wanted.iter().position(|wanted| name.is(wanted));
        match at.and_then(|at| found.get_mut(at)) {
            Some(slot) if reader.kind().is_ok_and(|kind| kind == Kind::Text) => {
                *slot = reader.text().ok().map(|text| SmolStr::new(text.value()));
            }
            _ => {
                if reader.skip().is_err() {
                    break;
                }
            }
        }
    }
    found
}

/// Adds where the item lies, and what the event changes about that. `given` are its renderings, the user's first.
pub(in crate::intake) fn about_items(
    given: [Option<&Given<'_>>; 2],
    names: &[&str],
    item: Option<&Item>,
    owner: Option<&Person>,
    effects: &mut Vec<Effect>,
) {
    let Some(item) = item else { return };
    let is = |wanted: [&str; 2]| names.iter().any(|name| wanted.contains(name));
    let trashed = is(["ITEM_TRASH", "DELETE"]);
    // In the trash a source shows no folders; the item is remembered where it lay, so that it can come back there.
    let at_root =
        |given: &Given<'_>| given.kept.rooted || given.kept.get(Keep::ParentId).is_some_and(|id| id.is(ROOT_FOLDER));
    let rooted = given.into_iter().flatten().any(at_root) && !trashed;
    let owner = owner.map(|owner| &owner.id).filter(|owner| !owner.is_anonymous());
    if is(["ITEM_MOVE", "MOVE"]) {
        effects.push(Effect::Moved(item.id.clone()));
    }
    if rooted || !item.folders.is_empty() || owner.is_some() {
        effects.push(Effect::Placed {
            item: item.id.clone(),
            folders: item.folders.clone(),
            rooted,
            owner: owner.cloned(),
        });
    }
    if trashed {
        effects.push(Effect::Trashed(item.id.clone()));
    } else if is(["ITEM_UNDELETE_VIA_TRASH", "UNDELETE"]) {
        effects.push(Effect::Restored(item.id.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strings_are_read() {
        let object = r#"{"a":"1","b":2,"c":null,"d":{"a":"3"},"e":"x\u0041"}"#;
        let [a, b, e, missing] = texts(object, ["a", "b", "e", "z"]);
        assert_eq!((a.as_deref(), b, e.as_deref(), missing), (Some("1"), None, Some("xA"), None));
        assert_eq!(texts("null", ["a"]), [None]);
    }
}
