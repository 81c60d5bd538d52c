//! Stories: sentences that are deeds, and who hears of each.
//!
//! People are words; `olaf` is at home in another enterprise, `somebody` is not signed in, and everybody else is met
//! when first named. Paths are words with slashes: a path with slashes is shown in the event from its topmost folder
//! down, a single word shows nothing of what lies above it.

use feed::audience::{Audience, hear};
use feed::directory::{Collaborator, Directory, Effect, Person};
use feed::event::{Event, EventType, Item, Rendering, UserStreams};
use feed::id::{EnterpriseId, EventId, GroupId, ItemId, UserId};
use feed::position::Place;
use feed::time::Second;
use std::collections::BTreeMap;

const STREAMS: [UserStreams; 3] = [UserStreams::ALL, UserStreams::CHANGES, UserStreams::SYNC];
const CHANGES: UserStreams = UserStreams::ALL.and(UserStreams::CHANGES).and(UserStreams::SYNC);

/// Reads a table, `deed | all | changes | sync`, does each deed and compares who hears of it.
#[track_caller]
pub(crate) fn check(table: &str) {
    let mut story = Story::new();
    let mut actual = String::new();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('|').map(str::trim).collect())
        .filter(|row: &Vec<&str>| row.len() == 4)
        .collect();
    for row in &rows {
        let heard = story.tell(row[0]);
        actual.push_str(&format!("{} | {} | {} | {}\n", row[0], heard[0], heard[1], heard[2]));
    }
    let expected: String = rows.iter().map(|row| row.join(" | ") + "\n").collect();
    assert!(!rows.is_empty() && actual == expected, "\nexpected\n{expected}\nbut\n{actual}");
}

pub(crate) struct Story {
    pub(crate) directory: Directory,
    owners: BTreeMap<String, String>,
    place: Place,
}

pub(crate) fn home() -> EnterpriseId {
    EnterpriseId::new("1").unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(if name == "somebody" { "2" } else { name }).unwrap()
}

fn person(name: &str) -> Person {
    Person { id: user(name), name: name.into(), login: "".into() }
}

fn item_id(name: &str) -> ItemId {
    ItemId::new(name).unwrap()
}

fn collaborator(name: &str) -> Collaborator {
    match name.strip_prefix("team-") {
        Some(_) => Collaborator::Group(GroupId::new(name).unwrap()),
        None => Collaborator::User(user(name)),
    }
}

impl Story {
    pub(crate) fn new() -> Self {
        let mut directory = Directory::default();
        let elsewhere = EnterpriseId::new("9").unwrap();
        directory.give(&[Effect::Met(person("olaf"))], &elsewhere, Place::at(Second(1)).next());
        Story { directory, owners: BTreeMap::new(), place: Place::at(Second(1)) }
    }

    /// Does a deed; answers who hears of it on each of the three streams.
    pub(crate) fn tell(&mut self, sentence: &str) -> [String; 3] {
        let words: Vec<&str> = sentence.split(' ').collect();
        let (actor, rest) = words.split_first().expect("somebody does something");
        let effects = |effect: Effect| vec![effect];
        let group = |name: &str| GroupId::new(name).unwrap();
        let item = |path: &str| item_id(path.rsplit('/').next().unwrap());
        let (carried_by, path, more) = match *rest {
            ["makes" | "uploads", path] => (CHANGES, path, vec![]),
            ["comments", "on", path] | ["downloads", path] => (UserStreams::ALL, path, vec![]),
            ["moves", _, "to", path] => (CHANGES, path, effects(Effect::Moved(item(path)))),
            ["trashes", path] => (CHANGES, path, effects(Effect::Trashed(item(path)))),
            ["restores", path] => (CHANGES, path, effects(Effect::Restored(item(path)))),
            ["syncs", path] => (CHANGES, path, effects(Effect::Synced { user: user(actor), folder: item(path) })),
            ["unsyncs", path] => (CHANGES, path, effects(Effect::Unsynced { user: user(actor), folder: item(path) })),
            ["lets", name, "into", path] => {
                let (item, with) = (item(path), collaborator(name));
                let status = Some(feed::directory::CollaborationStatus::Accepted);
                let effect = Effect::Collaborates { item, with, role: None, status, id: None };
                (CHANGES, path, self.met(name).into_iter().chain([effect]).collect())
            }
            ["invites", name, "to", path] => {
                let (item, with) = (item(path), collaborator(name));
                let status = Some(feed::directory::CollaborationStatus::Pending);
                let effect = Effect::Collaborates { item, with, role: None, status, id: None };
                (CHANGES, path, self.met(name).into_iter().chain([effect]).collect())
            }
            ["shuts", name, "out", "of", path] => {
                let effect = Effect::CollaborationEnded { item: item(path), with: collaborator(name) };
                (CHANGES, path, effects(effect))
            }
            ["adds", name, "to", team] => {
                (CHANGES, "", vec![Effect::Met(person(name)), Effect::Joined { user: user(name), group: group(team) }])
            }
            ["takes", name, "from", team] => {
                (CHANGES, "", effects(Effect::Left { user: user(name), group: group(team) }))
            }
            ["dissolves", team] => (CHANGES, "", effects(Effect::GroupDeleted(group(team)))),
            ["deletes", name] => (UserStreams::ALL, "", effects(Effect::UserDeleted(user(name)))),
            _ => panic!("'{sentence}' is no deed"),
        };
        let event = self.event(actor, path, rest[0], carried_by, more);
        self.place = self.place.next();
        let audience = hear(&event, &mut self.directory, &home(), self.place);
        self.heard(&audience)
    }

    fn met(&self, name: &str) -> Option<Effect> {
        matches!(collaborator(name), Collaborator::User(_)).then(|| Effect::Met(person(name)))
    }

    fn event(&mut self, actor: &str, path: &str, verb: &str, carried_by: UserStreams, more: Vec<Effect>) -> Event {
        let mut effects = vec![Effect::Met(person(actor))];
        let mut parts: Vec<&str> = path.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        if verb == "makes" {
            self.owners.entry(name.to_owned()).or_insert_with(|| actor.to_owned());
        }
        let whose = parts.first().copied().unwrap_or(name);
        let owner = self.owners.get(whose).map(|owner| user(owner)).filter(|_| !name.is_empty());
        let item = (!name.is_empty())
            .then(|| Item { id: item_id(name), folders: parts.iter().map(|part| item_id(part)).collect() });
        if let Some(item) = item.clone().filter(|item| !item.folders.is_empty() || verb == "makes" || verb == "moves") {
            let owner = owner.clone();
            // What lies in the trash shows nothing of where it lay.
            effects.push(Effect::Placed { item: item.id, folders: item.folders, rooted: true, owner });
        }
        effects.extend(more);
        Event {
            actor: user(actor),
            owner,
            item,
            audience: None,
            owner_only: verb == "downloads",
            opt_in: false,
            user: Some(rendering()),
            carried_by,
            enterprise: None,
            terms: Vec::new(),
            effects,
        }
    }

    /// Everybody who hears through being named or through a list, sorted.
    fn heard(&self, audience: &Audience) -> [String; 3] {
        STREAMS.map(|stream| {
            let mut names = hearers(&self.directory, audience, self.place, stream);
            names.sort();
            if names.is_empty() { "-".to_owned() } else { names.join(" ") }
        })
    }
}

/// The users who hear what was posted at a place on a stream: each looked up as a reader would.
pub(crate) fn hearers(directory: &Directory, audience: &Audience, at: Place, stream: UserStreams) -> Vec<String> {
    let on = |streams: &UserStreams| streams.meets(stream);
    let mut names: Vec<String> = Vec::new();
    for user in directory.users() {
        let id = &user.person.id;
        let alone = audience.users.iter().filter(|hearing| hearing.user == *id && on(&hearing.streams)).count();
        assert!(alone <= 1, "{id} is named twice");
        let spans = directory.lists(id);
        let listed = audience
            .lists
            .iter()
            .filter(|(_, streams)| on(streams))
            .any(|(list, _)| spans.iter().any(|span| span.list == *list && span.from < at && at <= span.to));
        if alone == 1 || listed {
            names.push(id.to_string());
        }
    }
    names
}

pub(crate) fn rendering() -> Rendering {
    Rendering {
        event_id: EventId::new("e").unwrap(),
        event_type: EventType::new("ITEM_UPLOAD").unwrap(),
        created_at: Second(1),
        bytes: Vec::new(),
        recorded_at_offset: None,
        filled_created_at_offset: None,
    }
}
