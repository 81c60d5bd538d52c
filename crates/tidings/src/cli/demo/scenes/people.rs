//! People: signing in, coming and going, groups, applications.

use crate::cli::demo::company;
use crate::cli::demo::shapes::{Draft, Person, Source};
use crate::cli::demo::story::{Deed, Story};
use crate::cli::demo::things::Group;
use serde_json::{Value, json};

/// Most groups.
const GROUPS_MAX: usize = 8;
/// Most newcomers who have not left again.
const NEWCOMERS_MAX: usize = 12;

const GROUP_NAMES: &[&str] = &["Quality", "Oslo plant", "Metrology", "Sales north", "Auditors", "Interns"];
const FIRST_NAMES: &[&str] = &["Nils", "Anja", "Rui", "Chiara", "Emeka", "Saoirse", "Yuki", "Zoë"];
const LAST_NAMES: &[&str] = &["Falk", "Moreira", "Bianchi", "Eze", "Byrne", "Tanaka", "Novak", "Haugen"];
const DEVICES: &[&str] =
    &["Chrome 124 on Windows", "Firefox 128 on Linux", "Safari 17 on macOS", "Halden for phones 5 on Android"];

fn application() -> Source {
    Source::Other(json!({"type": "application", "name": "Halden SIEM bridge", "api_key": "k3w9zq0t6v1bn8xh5r2m7c4p"}))
}

fn web_app() -> Value {
    json!({"service_id": "11111", "service_name": "Halden Web App"})
}

/// Somebody signs in.
pub(in crate::cli::demo) fn login(story: &mut Story) -> Draft {
    let by = story.colleague();
    let who = story.things.person(by);
    story.for_the_record("LOGIN", by, Source::Person(who), web_app())
}

/// Somebody cannot sign in; from an address that is not theirs.
pub(in crate::cli::demo) fn failed_login(story: &mut Story) -> Option<Draft> {
    let by = story.colleague();
    let who = story.things.person(by);
    let address = format!("198.51.100.{}", 70 + story.dice.below(20));
    let event = story.enterprise_event("FAILED_LOGIN", who.clone(), &address, Source::Person(who), Value::Null);
    Some(Draft { enterprise: Some(event), ..Draft::default() })
}

/// Somebody signs in with a device for the first time, or such a device is forgotten.
pub(in crate::cli::demo) fn device(story: &mut Story) -> Option<Draft> {
    let by = story.colleague();
    let who = story.things.person(by);
    let event_type =
        *story.dice.pick(&["ADD_LOGIN_ACTIVITY_DEVICE", "ADD_LOGIN_ACTIVITY_DEVICE", "REMOVE_LOGIN_ACTIVITY_DEVICE"]);
    let key = *story.dice.pick(DEVICES);
    Some(story.for_the_record(event_type, by, Source::Person(who), json!({"key": key})))
}

/// The admin signs in as somebody else.
pub(in crate::cli::demo) fn login_as(story: &mut Story) -> Option<Draft> {
    let whom = story.colleague();
    let whom = story.things.person(whom);
    Some(story.for_the_record("ADMIN_LOGIN", company::SOLVEIG, Source::Person(whom), Value::Null))
}

fn group_source(group: &Group) -> Source {
    Source::Other(json!({"group_id": group.id, "group_name": group.name}))
}

/// The admin makes a group, or gives one another name.
pub(in crate::cli::demo) fn new_group(story: &mut Story) -> Option<Draft> {
    let name = format!("{} {}", story.dice.pick(GROUP_NAMES), 1 + story.dice.below(9));
    let (event_type, at) = if story.things.groups.len() < GROUPS_MAX {
        let id = format!("77{}", story.dice.digits(5));
        story.things.groups.push(Group { id, name, members: Vec::new() });
        ("GROUP_CREATION", story.things.groups.len() - 1)
    } else {
        let at = story.dice.place(story.things.groups.len());
        story.things.groups[at].name = name;
        ("GROUP_EDITED", at)
    };
    let source = group_source(&story.things.groups[at]);
    Some(story.for_the_record(event_type, company::SOLVEIG, source, Value::Null))
}

/// Somebody is put into a group.
pub(in crate::cli::demo) fn join_group(story: &mut Story) -> Option<Draft> {
    let at = story.dice.place(story.things.groups.len());
    let whom = story.colleague();
    if story.things.groups[at].members.contains(&whom) {
        return None;
    }
    story.things.groups[at].members.push(whom);
    Some(membership(story, "GROUP_ADD_USER", at, whom))
}

/// Somebody is taken out of a group.
pub(in crate::cli::demo) fn leave_group(story: &mut Story) -> Option<Draft> {
    let at = story.dice.place(story.things.groups.len());
    let members = &mut story.things.groups[at].members;
    if members.is_empty() {
        return None;
    }
    let whom = members.remove(story.dice.place(members.len()));
    Some(membership(story, "GROUP_REMOVE_USER", at, whom))
}

fn membership(story: &mut Story, event_type: &'static str, at: usize, whom: usize) -> Draft {
    let group = &story.things.groups[at];
    let details = json!({"group_id": group.id, "group_name": group.name});
    let whole = json!({"type": "group", "id": group.id, "name": group.name, "group_type": "managed_group"});
    let sources = (Source::Other(whole), Source::Person(story.things.person(whom)));
    let deed = Deed { types: (event_type, event_type), sources, details };
    story.seen_twice(deed, company::SOLVEIG)
}

/// A folder is given to a group, or taken from it.
pub(in crate::cli::demo) fn group_folder(story: &mut Story) -> Option<Draft> {
    let group_at = story.dice.place(story.things.groups.len());
    let folder_at = story.some_folder();
    let groups = &mut story.things.folders[folder_at].groups;
    let event_type = match groups.iter().position(|it| *it == group_at) {
        Some(place) => {
            groups.remove(place);
            "GROUP_REMOVE_ITEM"
        }
        None => {
            groups.push(group_at);
            "GROUP_ADD_ITEM"
        }
    };
    let (folder, group) = (&story.things.folders[folder_at], &story.things.groups[group_at]);
    let owner = folder.owner;
    let source = json!({
        "folder_id": folder.id, "folder_name": folder.name, "group_id": group.id, "group_name": group.name,
        "parent": story.things.thin_parent(folder_at), "owned_by": story.things.person(owner),
    });
    Some(story.for_the_record(event_type, owner, Source::Other(source), Value::Null))
}

/// Somebody joins the company.
pub(in crate::cli::demo) fn new_user(story: &mut Story) -> Option<Draft> {
    if story.things.newcomers.len() >= NEWCOMERS_MAX {
        return None;
    }
    let (first, last) = (*story.dice.pick(FIRST_NAMES), *story.dice.pick(LAST_NAMES));
    let number = story.dice.digits(6);
    let login = format!("new{number}@halden.example");
    let whom = Person::new(&format!("30306{number}"), &format!("{first} {last}"), &login);
    if story.things.newcomers.iter().any(|other| other.id == whom.id) {
        return None;
    }
    story.things.newcomers.push(whom.clone());
    Some(story.for_the_record("NEW_USER", company::SOLVEIG, Source::Person(whom), web_app()))
}

/// A newcomer gets another name.
pub(in crate::cli::demo) fn edit_user(story: &mut Story) -> Option<Draft> {
    if story.things.newcomers.is_empty() {
        return None;
    }
    let at = story.dice.place(story.things.newcomers.len());
    let last = *story.dice.pick(LAST_NAMES);
    let whom = &mut story.things.newcomers[at];
    let first = whom.name.split(' ').next().unwrap_or_default().to_owned();
    whom.name = format!("{first} {last}");
    let whom = whom.clone();
    Some(story.for_the_record("EDIT_USER", company::SOLVEIG, Source::Person(whom), Value::Null))
}

/// A newcomer leaves again.
pub(in crate::cli::demo) fn delete_user(story: &mut Story) -> Option<Draft> {
    if story.things.newcomers.is_empty() {
        return None;
    }
    let whom = story.things.newcomers.remove(0);
    Some(story.for_the_record("DELETE_USER", company::SOLVEIG, Source::Person(whom), Value::Null))
}

/// Somebody switches on a second factor. The rendering for user feeds is left to the server.
pub(in crate::cli::demo) fn second_factor(story: &mut Story) -> Option<Draft> {
    let by = story.colleague();
    let who = story.things.person(by);
    Some(story.for_the_record("ENABLE_MULTI_FACTOR_AUTH", by, Source::Person(who), Value::Null))
}

/// An application gets a token.
pub(in crate::cli::demo) fn token(story: &mut Story) -> Option<Draft> {
    let who = story.things.person(company::SOLVEIG);
    let details = json!({"service_id": "884422", "service_name": "Halden SIEM bridge"});
    let event_type = "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE";
    let event = story.enterprise_event(event_type, who, "Unknown IP", application(), details);
    Some(Draft { enterprise: Some(event), ..Draft::default() })
}

/// The admin authorises an application, or gives it a key.
pub(in crate::cli::demo) fn change_application(story: &mut Story) -> Option<Draft> {
    let event_type = *story.dice.pick(&["ENTERPRISE_APP_AUTHORIZATION_UPDATE", "APPLICATION_PUBLIC_KEY_ADDED"]);
    Some(story.for_the_record(event_type, company::SOLVEIG, application(), Value::Null))
}
