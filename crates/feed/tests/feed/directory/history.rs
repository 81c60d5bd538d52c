//! Random histories over a few folders and groups and enough people to fill a list.

use crate::directory::story::{home, rendering, user};
use feed::directory::{Collaborator, Directory, Effect, Person};
use feed::event::{Event, Item, UserStreams};
use feed::id::{GroupId, ItemId};
use feed::limits::AUDIENCE_POSTED_MAX;
use feed::position::Place;
use feed::time::Second;
use proptest::prelude::*;

/// A few more than are posted to one by one, so that joining and leaving crosses the bound.
pub(crate) const PEOPLE: usize = AUDIENCE_POSTED_MAX + 4;
pub(crate) const FOLDERS: usize = 4;
pub(crate) const GROUPS: usize = 2;

/// One step: numbers say who and what, modulo how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    LetIn(usize, usize),
    ShutOut(usize, usize),
    LetGroupIn(usize, usize),
    ShutGroupOut(usize, usize),
    Join(usize, usize),
    Leave(usize, usize),
    Sync(usize, usize),
    Unsync(usize, usize),
    /// Everybody comes in at once, from this one on.
    AllLetIn(usize),
    AllJoin(usize),
    AllSync(usize),
    Delete(usize),
    Dissolve(usize),
    Upload(usize),
    Trash(usize),
    Restore(usize),
    Move(usize, usize),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let two = (0..PEOPLE, 0..FOLDERS);
    prop_oneof![
        6 => two.clone().prop_map(|(a, b)| Step::LetIn(a, b)),
        6 => two.clone().prop_map(|(a, b)| Step::ShutOut(a, b)),
        2 => two.clone().prop_map(|(a, b)| Step::LetGroupIn(a, b)),
        1 => two.clone().prop_map(|(a, b)| Step::ShutGroupOut(a, b)),
        6 => two.clone().prop_map(|(a, b)| Step::Join(a, b)),
        6 => two.clone().prop_map(|(a, b)| Step::Leave(a, b)),
        4 => two.clone().prop_map(|(a, b)| Step::Sync(a, b)),
        4 => two.clone().prop_map(|(a, b)| Step::Unsync(a, b)),
        2 => (0..FOLDERS).prop_map(Step::AllLetIn),
        2 => (0..FOLDERS).prop_map(Step::AllJoin),
        1 => (0..FOLDERS).prop_map(Step::AllSync),
        1 => (0..PEOPLE).prop_map(Step::Delete),
        1 => (0..GROUPS).prop_map(Step::Dissolve),
        12 => (0..FOLDERS).prop_map(Step::Upload),
        1 => (0..FOLDERS).prop_map(Step::Trash),
        2 => (0..FOLDERS).prop_map(Step::Restore),
        1 => two.prop_map(|(a, b)| Step::Move(a, b)),
    ]
}

pub(crate) fn name(number: usize) -> String {
    format!("{}", 100 + number % PEOPLE)
}

pub(crate) fn folder(number: usize) -> ItemId {
    ItemId::new(&format!("{}", 10 + number % FOLDERS)).unwrap()
}

pub(crate) fn group(number: usize) -> GroupId {
    GroupId::new(&format!("g{}", number % GROUPS)).unwrap()
}

pub(crate) fn place(number: usize) -> Place {
    Place { second: Second(1000 + u32::try_from(number / 3).unwrap()), ordinal: u32::try_from(number % 3).unwrap() + 1 }
}

/// A directory in which everybody is known and the second folder lies in the first, the others at the top.
pub(crate) fn beginning() -> Directory {
    let mut directory = Directory::default();
    let met = |number| Effect::Met(Person { id: user(&name(number)), name: "".into(), login: "".into() });
    let mut effects: Vec<Effect> = (0..PEOPLE).map(met).collect();
    effects.push(placed(1, Some(0)));
    directory.give(&effects, &home(), Place { second: Second(1), ordinal: 1 });
    directory
}

fn placed(item: usize, parent: Option<usize>) -> Effect {
    let folders = parent.map(folder).into_iter().collect();
    Effect::Placed { item: folder(item), folders, rooted: true, owner: None }
}

/// The event of a step. Nobody but those let in hears of it: it is done by somebody not signed in.
pub(crate) fn event(step: Step) -> Event {
    let with = |who: usize| Collaborator::User(user(&name(who)));
    let team = |number: usize| Collaborator::Group(group(number));
    let let_in = |with: Collaborator, item: usize| Effect::Collaborates {
        item: folder(item),
        with,
        role: None,
        status: None,
        id: None,
    };
    let end = |with: Collaborator, item: usize| Effect::CollaborationEnded { item: folder(item), with };
    let mut item = None;
    let effects = match step {
        Step::LetIn(who, on) => vec![let_in(with(who), on)],
        Step::ShutOut(who, on) => vec![end(with(who), on)],
        Step::LetGroupIn(which, on) => vec![let_in(team(which), on)],
        Step::ShutGroupOut(which, on) => vec![end(team(which), on)],
        Step::Join(who, to) => vec![Effect::Joined { user: user(&name(who)), group: group(to) }],
        Step::Leave(who, from) => vec![Effect::Left { user: user(&name(who)), group: group(from) }],
        Step::Sync(who, on) => vec![Effect::Synced { user: user(&name(who)), folder: folder(on) }],
        Step::Unsync(who, on) => vec![Effect::Unsynced { user: user(&name(who)), folder: folder(on) }],
        Step::AllLetIn(on) => (0..PEOPLE).map(|who| let_in(with(who), on)).collect(),
        Step::AllJoin(to) => {
            (0..PEOPLE).map(|who| Effect::Joined { user: user(&name(who)), group: group(to) }).collect()
        }
        Step::AllSync(on) => {
            (0..PEOPLE).map(|who| Effect::Synced { user: user(&name(who)), folder: folder(on) }).collect()
        }
        Step::Delete(who) => vec![Effect::UserDeleted(user(&name(who)))],
        Step::Dissolve(which) => vec![Effect::GroupDeleted(group(which))],
        Step::Upload(on) => {
            item = Some(Item { id: folder(on), folders: Vec::new() });
            Vec::new()
        }
        Step::Trash(what) => vec![Effect::Trashed(folder(what))],
        Step::Restore(what) => vec![Effect::Restored(folder(what))],
        Step::Move(what, to) => vec![Effect::Moved(folder(what)), placed(what, Some(to))],
    };
    Event {
        item,
        audience: None,
        user: Some(rendering()),
        carried_by: UserStreams::ALL.and(UserStreams::CHANGES).and(UserStreams::SYNC),
        ..Event::unseen(effects)
    }
}
