//! What a deed changes about groups, collaborations and the tree.

use super::{MARA, one};
use feed::directory::{CollaborationRole, CollaborationStatus, Collaborator, Effect};
use feed::id::{GroupId, ItemId, UserId};

/// The effects of a draft, without the people it makes known.
fn effects(draft: &str) -> Vec<Effect> {
    one(draft).effects.into_iter().filter(|effect| !matches!(effect, Effect::Met(_))).collect()
}

fn item(id: &str) -> ItemId {
    ItemId::new(id).unwrap()
}

fn group() -> GroupId {
    GroupId::new("70").unwrap()
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn enterprise(name: &str, source: &str, details: &str) -> String {
    format!(r#"{{"event_type":"{name}","created_by":{MARA},"source":{source},"additional_details":{details}}}"#)
}

fn collaborates(with: Collaborator, role: Option<CollaborationRole>, status: Option<CollaborationStatus>) -> Effect {
    Effect::Collaborates { item: item("5"), with, role, status, id: Some("40".into()) }
}

#[test]
fn collaborations_come_change_and_go() {
    let source = r#"{"folder_id":"5","folder_name":"F","user_id":"8","user_name":"Tomas","parent":{"type":"folder","name":"All Files","id":"0"}}"#;
    let tomas = || Collaborator::User(user("8"));
    let details = |more: &str| format!(r#"{{"collab_id":"40","role":"Editor"{more}}}"#);
    let placed = || Effect::Placed { item: item("5"), folders: vec![], rooted: true, owner: None };
    let editor = Some(CollaborationRole::Editor);
    for (name, more, status) in [
        ("COLLABORATION_INVITE", "", Some(CollaborationStatus::Accepted)),
        ("COLLABORATION_INVITE", r#","status":"pending""#, Some(CollaborationStatus::Pending)),
        ("COLLABORATION_ACCEPT", "", Some(CollaborationStatus::Accepted)),
        ("COLLABORATION_ROLE_CHANGE", "", None),
    ] {
        let found = effects(&enterprise(name, source, &details(more)));
        assert_eq!(found, [collaborates(tomas(), editor, status), placed()], "{name}");
    }
    let ended = Effect::CollaborationEnded { item: item("5"), with: tomas() };
    assert_eq!(effects(&enterprise("COLLABORATION_REMOVE", source, "null")), [ended, placed()]);
    // Somebody without an account is nobody yet.
    let by_mail = r#"{"folder_id":"5","folder_name":"F","user_email":"someone@brightmoor.example"}"#;
    assert_eq!(effects(&enterprise("COLLABORATION_INVITE", by_mail, "null")), []);
}

#[test]
fn the_facts_are_taken_from_both_renderings() {
    let user_half = format!(
        r#"{{"event_type":"COLLAB_INVITE_COLLABORATOR","created_by":{MARA},"source":{{"type":"folder","id":"5","name":"F"}}}}"#
    );
    let source = r#"{"folder_id":"5","user_id":"8"}"#;
    let other_half = enterprise("COLLABORATION_INVITE", source, r#"{"collab_id":"40","role":"viewer"}"#);
    let found = effects(&format!(r#"{{"user":{user_half},"enterprise":{other_half}}}"#));
    let accepted = Some(CollaborationStatus::Accepted);
    let wanted = collaborates(Collaborator::User(user("8")), Some(CollaborationRole::Viewer), accepted);
    assert_eq!(found, [wanted]);
    // A folder alone does not say whom it was shared with; who accepts is let in.
    assert_eq!(effects(&format!(r#"{{"user":{user_half}}}"#)), []);
    let accepts = user_half.replace("COLLAB_INVITE_COLLABORATOR", "COLLAB_ADD_COLLABORATOR");
    let Some(Effect::Collaborates { with, .. }) = effects(&format!(r#"{{"user":{accepts}}}"#)).pop() else { panic!() };
    assert_eq!(with, Collaborator::User(user("7")));
}

#[test]
fn groups_come_and_go_with_their_members_and_items() {
    let source = r#"{"group_id":"70","group_name":"Sales"}"#;
    let set = || Effect::GroupSet { group: group(), name: Some("Sales".into()) };
    assert_eq!(effects(&enterprise("GROUP_CREATION", source, "null")), [set()]);
    assert_eq!(effects(&enterprise("GROUP_EDITED", source, "null")), [set()]);
    assert_eq!(effects(&enterprise("GROUP_DELETION", source, "null")), [Effect::GroupDeleted(group())]);
    let tomas = r#"{"type":"user","id":"8","name":"Tomas","login":"t@h.example"}"#;
    let joined = Effect::Joined { user: user("8"), group: group() };
    assert_eq!(effects(&enterprise("GROUP_ADD_USER", tomas, source)), [set(), joined]);
    let left = Effect::Left { user: user("8"), group: group() };
    assert_eq!(effects(&enterprise("GROUP_REMOVE_USER", tomas, source)), [left]);
    let both = r#"{"folder_id":"5","folder_name":"F","group_id":"70","group_name":"Sales"}"#;
    let [Effect::Collaborates { with, status, .. }] = &effects(&enterprise("GROUP_ADD_ITEM", both, "null"))[..] else {
        panic!()
    };
    assert_eq!((with, status), (&Collaborator::Group(group()), &Some(CollaborationStatus::Accepted)));
    let ended = Effect::CollaborationEnded { item: item("5"), with: Collaborator::Group(group()) };
    assert_eq!(effects(&enterprise("GROUP_REMOVE_ITEM", both, "null")), [ended]);
    // The user's own vocabulary names only the group.
    let user_half =
        format!(r#"{{"event_type":"GROUP_ADD_USER","created_by":{MARA},"source":{{"type":"group","id":"70"}}}}"#);
    assert_eq!(effects(&format!(r#"{{"user":{user_half}}}"#)), []);
}

#[test]
fn sources_show_where_things_lie() {
    let file = |name: &str, path: &str| {
        format!(r#"{{"user":{{"event_type":"{name}","source":{{"type":"file","id":"9","name":"a"{path}}}}}}}"#)
    };
    let path =
        r#","path_collection":{"total_count":2,"entries":[{"type":"folder","id":"0"},{"type":"folder","id":"5"}]}"#;
    let placed = |folders: &[&str], rooted| Effect::Placed {
        item: item("9"),
        folders: folders.iter().map(|id| item(id)).collect(),
        rooted,
        owner: None,
    };
    assert_eq!(effects(&file("ITEM_UPLOAD", path)), [placed(&["5"], true)]);
    let parent = r#","parent":{"type":"folder","id":"5"}"#;
    assert_eq!(effects(&file("ITEM_UPLOAD", parent)), [placed(&["5"], false)]);
    assert_eq!(
        effects(&file("ITEM_MOVE", r#","parent":{"type":"folder","id":"0"}"#)),
        [Effect::Moved(item("9")), placed(&[], true)]
    );
    assert_eq!(effects(&file("ITEM_TRASH", r#","parent":null"#)), [Effect::Trashed(item("9"))]);
    assert_eq!(effects(&file("ITEM_UNDELETE_VIA_TRASH", "")), [Effect::Restored(item("9"))]);
    assert_eq!(effects(&file("ITEM_UPLOAD", "")), []);
}
