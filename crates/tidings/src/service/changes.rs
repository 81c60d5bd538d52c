//! Changes of the directory: each is a draft of the event that records it, with what the server alone may say beside.
//!
//! The directory is kept by events, so whoever changes it publishes. The drafts of all administrative changes are made
//! here, one by one by hand or many at once by the import of a file, so that both say the same.

use super::Services;
use super::publish::PublishError;
use crate::auth::{Caller, role_name};
use crate::entropy::random;
use feed::directory::{Effect, Enterprise, Person, Role};
use feed::id::{EnterpriseId, ItemId};
use feed::intake::{self, Format, Rules};
use feed::limits::CHANGES_AT_ONCE_MAX;
use serde_json::{Value, json};
use store::ledger::Batch;

/// Who makes a change.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doer<'d> {
    /// Somebody with a token.
    Caller(&'d Caller),
    /// The operator of the machine, who is nobody in any directory.
    Operator,
}

impl<'d> From<&'d Caller> for Doer<'d> {
    fn from(caller: &'d Caller) -> Self {
        Doer::Caller(caller)
    }
}

/// A change, ready to be recorded.
#[derive(Debug, Clone)]
pub(super) struct Change {
    draft: Value,
    effects: Vec<Effect>,
}

impl From<Value> for Change {
    fn from(draft: Value) -> Self {
        Change { draft, effects: Vec::new() }
    }
}

impl Change {
    /// A change that no published event could make: the server says it beside its event.
    pub(super) fn by_the_server(draft: Value, effects: Vec<Effect>) -> Self {
        Change { draft, effects }
    }
}

/// Changes that were recorded before others could not be.
#[derive(Debug)]
pub(super) struct Broken {
    /// How many were recorded.
    pub(super) recorded: usize,
    /// Why not the next.
    pub(super) why: PublishError,
}

impl Services {
    /// Records changes in their order: up to [`CHANGES_AT_ONCE_MAX`] of them all or none.
    pub(super) async fn carry_out(&self, home: &EnterpriseId, changes: &[Change]) -> Result<(), Broken> {
        for (number, portion) in changes.chunks(CHANGES_AT_ONCE_MAX).enumerate() {
            let recorded = self.record_changes(home, portion).await;
            recorded.map_err(|why| Broken { recorded: number * CHANGES_AT_ONCE_MAX, why })?;
        }
        Ok(())
    }

    async fn record_changes(&self, home: &EnterpriseId, changes: &[Change]) -> Result<(), PublishError> {
        let lines: Vec<String> = changes.iter().map(|change| change.draft.to_string()).collect();
        let now = self.clock.now();
        let rules = Rules { catalogue: &self.catalogue, enterprise: home };
        let events = intake::read(lines.join("\n").as_bytes(), Format::Ndjson, &rules, now, &mut random::<20>);
        let mut events = events.map_err(PublishError::Refused)?;
        for (event, change) in events.iter_mut().zip(changes) {
            event.effects.extend(change.effects.iter().cloned());
        }
        let batch = Batch { enterprise: home.clone(), events, now };
        let appended = self.stores.ledger.append(batch).await.map_err(PublishError::Append)?;
        self.bell.ring(&appended.moved);
        self.metrics.events_recorded.inc_by(changes.len() as u64);
        Ok(())
    }
}

/// An event of the enterprise feed.
pub(super) fn deed<'d>(by: impl Into<Doer<'d>>, event_type: &str, source: &Value, details: &Value) -> Value {
    let mut draft = json!({
        "feed": "enterprise", "event_type": event_type, "source": source, "additional_details": details,
    });
    match by.into() {
        Doer::Caller(caller) => {
            draft["created_by"] = person(caller.person());
            draft["ip_address"] = json!(caller.ip().map(|ip| ip.to_string()));
        }
        // Without a name it is the anonymous user's; who that was is said in the details.
        Doer::Operator if details.is_null() => draft["additional_details"] = json!({"performed_by": "operator"}),
        Doer::Operator => draft["additional_details"]["performed_by"] = json!("operator"),
    }
    draft
}

/// A person as events name them.
pub(super) fn person(person: &Person) -> Value {
    json!({"type": "user", "id": person.id.as_str(), "name": person.name.as_str(), "login": person.login.as_str()})
}

/// `NEW_USER`, `EDIT_USER` or `DELETE_USER`.
pub(super) fn user<'d>(by: impl Into<Doer<'d>>, event_type: &str, whom: &Person) -> Change {
    deed(by, event_type, &person(whom), &Value::Null).into()
}

/// `CHANGE_ADMIN_ROLE`.
pub(super) fn role<'d>(by: impl Into<Doer<'d>>, whom: &Person, role: &Role) -> Change {
    let permissions: Vec<&str> = match role {
        Role::CoAdmin(rights) => {
            let all = [(rights.reports, "reports"), (rights.users, "users")];
            all.into_iter().filter(|(has, _)| *has).map(|(_, it)| it).collect()
        }
        _ => Vec::new(),
    };
    let details = json!({"role": role_name(role), "permissions": permissions});
    deed(by, "CHANGE_ADMIN_ROLE", &person(whom), &details).into()
}

/// `GROUP_CREATION`, `GROUP_EDITED` or `GROUP_DELETION`.
pub(super) fn group<'d>(by: impl Into<Doer<'d>>, event_type: &str, id: &str, name: &str) -> Change {
    let mut source = json!({"group_id": id});
    if !name.is_empty() {
        source["group_name"] = json!(name);
    }
    deed(by, event_type, &source, &Value::Null).into()
}

/// `GROUP_ADD_USER` or `GROUP_REMOVE_USER`; the user hears of it.
pub(super) fn membership<'d>(
    by: impl Into<Doer<'d>>,
    event_type: &str,
    (group, name): (&str, &str),
    whom: &Person,
) -> Change {
    let mut details = json!({"group_id": group});
    if !name.is_empty() {
        details["group_name"] = json!(name);
    }
    let enterprise = deed(by, event_type, &person(whom), &details);
    twice(&enterprise, event_type, &json!({"type": "group", "id": group, "name": name}))
}

/// A collaboration that something happens to.
pub(super) struct Collaboration<'c> {
    /// On which item.
    pub(super) item: &'c ItemId,
    /// Whether that is a file.
    pub(super) is_file: bool,
    /// The name of the item, for readers.
    pub(super) name: &'c str,
    /// Its owner, if known.
    pub(super) owner: Option<&'c Person>,
    /// Who is let in.
    pub(super) with: With<'c>,
    /// Its id.
    pub(super) id: &'c str,
    /// The word for the role.
    pub(super) role: &'c str,
    /// Whether they are invited and not in.
    pub(super) pending: bool,
}

/// Whom a collaboration lets in.
#[derive(Debug, Clone, Copy)]
pub(super) enum With<'c> {
    /// A user.
    User(&'c Person),
    /// A group, by id and name.
    Group(&'c str, &'c str),
}

/// What a collaboration is called when it begins: to users, and to the enterprise.
pub(super) const INVITED: [&str; 2] = ["COLLAB_INVITE_COLLABORATOR", "COLLABORATION_INVITE"];
/// When somebody invited comes in.
pub(super) const ACCEPTED: [&str; 2] = ["COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT"];
/// When the role is another.
pub(super) const ROLE_CHANGED: [&str; 2] = ["COLLAB_ROLE_CHANGE", "COLLABORATION_ROLE_CHANGE"];
/// When it ends.
pub(super) const ENDED: [&str; 2] = ["COLLAB_REMOVE_COLLABORATOR", "COLLABORATION_REMOVE"];

/// An event about a collaboration, named for users and for the enterprise.
pub(super) fn collaboration<'d>(
    by: impl Into<Doer<'d>>,
    [for_users, for_enterprise]: [&str; 2],
    about: &Collaboration<'_>,
) -> Change {
    let mut details = json!({"collab_id": about.id, "role": about.role});
    if about.pending {
        details["status"] = json!("pending");
    }
    let item = about.item.as_str();
    let (kind, id_name, name_name) =
        if about.is_file { ("file", "file_id", "file_name") } else { ("folder", "folder_id", "folder_name") };
    let mut source = json!({id_name: item, name_name: about.name});
    let mut whole = json!({"type": kind, "id": item, "name": about.name});
    if let Some(owner) = about.owner {
        source["owned_by"] = person(owner);
        whole["owned_by"] = person(owner);
    }
    let accessible_by = match about.with {
        With::Group(group, name) => {
            source["group_id"] = json!(group);
            source["group_name"] = json!(name);
            json!({"type": "group", "id": group, "name": name})
        }
        With::User(user) => {
            source["user_id"] = json!(user.id.as_str());
            source["user_name"] = json!(user.name.as_str());
            person(user)
        }
    };
    let mut enterprise = deed(by, for_enterprise, &source, &details);
    enterprise["accessible_by"] = accessible_by;
    twice(&enterprise, for_users, &whole)
}

/// An event about a folder and the folders above it, from the top down.
pub(super) fn folder<'d>(
    by: impl Into<Doer<'d>>,
    [for_users, for_enterprise]: [&str; 2],
    (id, name): (&ItemId, &str),
    above: &[ItemId],
    owner: Option<&Person>,
) -> Change {
    // In the words of readers everything lies in the root.
    let root = json!({"type": "folder", "id": "0", "name": "All Files"});
    let mini = |id: &ItemId| json!({"type": "folder", "id": id.as_str(), "name": id.as_str()});
    let path: Vec<Value> = std::iter::once(root).chain(above.iter().map(mini)).collect();
    let parent = path.last().cloned();
    let mut thin = json!({"item_type": "folder", "item_id": id.as_str(), "item_name": name, "parent": parent});
    let mut whole = json!({
        "type": "folder", "id": id.as_str(), "name": name, "parent": parent,
        "path_collection": {"total_count": path.len(), "entries": path},
    });
    if let Some(owner) = owner {
        thin["owned_by"] = person(owner);
        whole["owned_by"] = person(owner);
    }
    twice(&deed(by, for_enterprise, &thin, &Value::Null), for_users, &whole)
}

/// `ITEM_SYNC` or `ITEM_UNSYNC` of a user, done for them.
pub(super) fn synced<'d>(by: impl Into<Doer<'d>>, whose: &Person, folder: &ItemId, synced: bool) -> Change {
    let event_type = if synced { "ITEM_SYNC" } else { "ITEM_UNSYNC" };
    let source = json!({"type": "folder", "id": folder.as_str(), "name": folder.as_str(), "synced": synced});
    let mut event = json!({"event_type": event_type, "created_by": person(whose), "source": source});
    if let Doer::Caller(caller) = by.into() {
        event["action_by"] = person(caller.person());
    }
    json!({ "user": event }).into()
}

/// `ENTERPRISE_ADDED`, or `ENTERPRISE_SETTINGS_CHANGED` with the settings before. A published event of these types changes
/// nothing; only the server says what its settings are.
pub(super) fn enterprise<'d>(by: impl Into<Doer<'d>>, old: Option<&Enterprise>, new: &Enterprise) -> Change {
    let settings =
        |it: &Enterprise| json!({"name": it.name.as_str(), "opted_in": it.opted_in, "retention": it.retention});
    let (event_type, details) = match old {
        None => ("ENTERPRISE_ADDED", json!({"new": settings(new)})),
        Some(old) => ("ENTERPRISE_SETTINGS_CHANGED", json!({"old": settings(old), "new": settings(new)})),
    };
    let source = json!({"enterprise_id": new.id.as_str(), "enterprise_name": new.name.as_str()});
    Change::by_the_server(deed(by, event_type, &source, &details), vec![Effect::EnterpriseSet(new.clone())])
}

/// A deed in both vocabularies, done by whoever did it in the enterprise's.
fn twice(enterprise: &Value, for_users: &str, source: &Value) -> Change {
    let mut user = json!({"event_type": for_users, "source": source});
    if let Some(by) = enterprise.get("created_by") {
        user["created_by"] = by.clone();
    }
    json!({"user": user, "enterprise": enterprise}).into()
}
