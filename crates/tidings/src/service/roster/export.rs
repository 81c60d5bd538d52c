//! Writing the directory of an enterprise down.

use super::file::{Roster, RosterCollaboration, RosterGroup, RosterItem, RosterSync, RosterUser};
use crate::auth::role_name;
use feed::directory::{CollaborationStatus, Collaborator, Directory, Role, Status, User};
use feed::id::EnterpriseId;

/// All of it, sorted by id: what importing it again would not change.
pub(super) fn export(directory: &Directory, home: &EnterpriseId) -> Roster {
    let mut roster = Roster { id: Some(home.to_string()), ..Roster::default() };
    if let Some(enterprise) = directory.enterprise(home) {
        roster.name = Some(enterprise.name.to_string());
        roster.opted_in = Some(enterprise.opted_in);
        roster.retention = Some(enterprise.retention.into());
    }
    for user in directory.users().filter(|user| user.home == *home && user.status != Status::Deleted) {
        let id = &user.person.id;
        let synced = directory.synced_folders(id).into_iter();
        roster.synced.extend(synced.map(|folder| RosterSync { user: id.to_string(), folder: folder.to_string() }));
        roster.users.push(of_user(user));
    }
    for group in directory.groups(home, None, usize::MAX) {
        let members = directory.members(home, &group.id, None, usize::MAX);
        let mut members: Vec<String> = members.iter().map(ToString::to_string).collect();
        members.sort_unstable();
        roster.groups.push(RosterGroup { id: group.id.to_string(), name: group.name.to_string(), members });
    }
    let text = |id: &dyn ToString| id.to_string();
    roster.items.extend(directory.items(home).map(|it| RosterItem {
        id: it.id.to_string(),
        parent: it.parent.as_ref().map(|id| text(id)),
        owner: it.owner.as_ref().map(|id| text(id)),
        trashed: it.trashed.then_some(true),
    }));
    for it in directory.collaborations(home, None, usize::MAX) {
        let (user, group) = match &it.with {
            Collaborator::User(user) => (Some(user.to_string()), None),
            Collaborator::Group(group) => (None, Some(group.to_string())),
        };
        roster.collaborations.push(RosterCollaboration {
            id: Some(it.id.to_string()),
            item: it.item.to_string(),
            user,
            group,
            role: Some(it.role.word().to_owned()),
            status: (it.status == CollaborationStatus::Pending).then(|| "pending".to_owned()),
        });
    }
    roster.users.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    roster.items.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    roster.collaborations.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    roster.synced.sort_unstable_by(|one, other| (&one.user, &one.folder).cmp(&(&other.user, &other.folder)));
    roster
}

/// A user as a file has them.
pub(super) fn of_user(user: &User) -> RosterUser {
    let permissions = match &user.role {
        Role::CoAdmin(rights) => {
            let all = [(rights.reports, "reports"), (rights.users, "users")];
            Some(all.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned()).collect())
        }
        _ => None,
    };
    RosterUser {
        id: user.person.id.to_string(),
        name: user.person.name.to_string(),
        login: user.person.login.to_string(),
        role: Some(role_name(&user.role)).filter(|_| user.role != Role::User).map(str::to_owned),
        permissions,
        status: (user.status == Status::Provisional).then(|| "provisional".to_owned()),
    }
}
