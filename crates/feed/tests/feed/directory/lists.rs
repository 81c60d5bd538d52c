//! Large audiences, posted once under a list, against a plain model that asks everybody.

use crate::directory::history::{FOLDERS, GROUPS, PEOPLE, Step, beginning, event, folder, group, name, place, step};
use crate::directory::story::{hearers, home, user};
use feed::audience::{Audience, hear};
use feed::event::UserStreams;
use feed::limits::AUDIENCE_POSTED_MAX;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Who is tied to what, as sets of numbers.
#[derive(Debug, Clone, Default)]
struct Model {
    let_in: BTreeSet<(usize, usize)>,
    groups_in: BTreeSet<(usize, usize)>,
    members: BTreeSet<(usize, usize)>,
    synced: BTreeSet<(usize, usize)>,
    deleted: BTreeSet<usize>,
}

impl Model {
    /// The second folder lies in the first.
    fn way(on: usize) -> Vec<usize> {
        if on == 1 { vec![1, 0] } else { vec![on] }
    }

    fn hears(&self, who: usize, on: usize) -> bool {
        let member_of = |group: usize| self.members.contains(&(who, group));
        !self.deleted.contains(&who)
            && Model::way(on).into_iter().any(|on| {
                self.let_in.contains(&(who, on))
                    || (0..GROUPS).any(|it| self.groups_in.contains(&(it, on)) && member_of(it))
            })
    }

    fn syncs(&self, who: usize, on: usize) -> bool {
        self.hears(who, on) && Model::way(on).into_iter().any(|on| self.synced.contains(&(who, on)))
    }

    /// Does a step; false for one of which the model knows nothing.
    fn step(&mut self, step: Step) -> bool {
        let undelete = |model: &mut Model, who: usize| !model.deleted.contains(&who);
        match step {
            Step::LetIn(who, on) => {
                undelete(self, who);
                self.let_in.insert((who, on));
            }
            Step::ShutOut(who, on) => {
                self.let_in.remove(&(who, on));
            }
            Step::LetGroupIn(which, on) => {
                self.groups_in.insert((which % GROUPS, on));
            }
            Step::ShutGroupOut(which, on) => {
                self.groups_in.remove(&(which % GROUPS, on));
            }
            Step::Join(who, to) => {
                self.members.insert((who, to % GROUPS));
            }
            Step::Leave(who, from) => {
                self.members.remove(&(who, from % GROUPS));
            }
            Step::Sync(who, on) => {
                self.synced.insert((who, on));
            }
            Step::Unsync(who, on) => {
                self.synced.remove(&(who, on));
            }
            Step::AllLetIn(on) => self.let_in.extend((0..PEOPLE).map(|who| (who, on))),
            Step::AllJoin(to) => self.members.extend((0..PEOPLE).map(|who| (who, to % GROUPS))),
            Step::AllSync(on) => self.synced.extend((0..PEOPLE).map(|who| (who, on))),
            Step::Dissolve(which) => {
                self.members.retain(|(_, group)| *group != which);
                self.groups_in.retain(|(group, _)| *group != which);
            }
            Step::Upload(_) => {}
            Step::Delete(_) | Step::Trash(_) | Step::Restore(_) | Step::Move(..) => return false,
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Read at the end of all, each feed holds exactly what its user was to hear at the time, whoever joined, left and
    /// joined again since.
    #[test]
    fn every_feed_holds_exactly_what_its_user_was_to_hear(steps in prop::collection::vec(step(), 1..100)) {
        let mut directory = beginning();
        let mut model = Model::default();
        let mut posted: Vec<(usize, usize, Audience, Model)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            if !model.step(step) {
                continue;
            }
            let audience = hear(&event(step), &mut directory, &home(), place(number));
            if let Step::Upload(on) = step {
                posted.push((number, on, audience, model.clone()));
            }
        }
        for (number, on, audience, then) in posted {
            let at = place(number);
            let named = |those: &dyn Fn(usize) -> bool| -> Vec<String> {
                (0..PEOPLE).filter(|who| those(*who)).map(name).collect()
            };
            prop_assert_eq!(hearers(&directory, &audience, at, UserStreams::ALL), named(&|who| then.hears(who, on)));
            prop_assert_eq!(hearers(&directory, &audience, at, UserStreams::SYNC), named(&|who| then.syncs(who, on)));
            prop_assert!(audience.users.len() <= (FOLDERS + GROUPS) * AUDIENCE_POSTED_MAX);
        }
    }
}

#[test]
fn a_large_audience_is_one_list() {
    let mut directory = beginning();
    let mut number = 0;
    let mut tell = |step| {
        number += 1;
        hear(&event(step), &mut directory, &home(), place(number))
    };
    tell(Step::AllLetIn(0));
    tell(Step::LetGroupIn(0, 1));
    let joined = tell(Step::AllJoin(0));
    assert_eq!(joined.called.len(), PEOPLE, "everybody is told of the new list");
    let audience = tell(Step::Upload(1));
    assert_eq!(audience.users, []);
    assert_eq!(audience.lists.len(), 2, "one for the folder and one for the group");
    tell(Step::AllSync(0));
    let audience = tell(Step::Upload(1));
    assert_eq!((audience.users.len(), audience.lists.len()), (0, 4), "and those who have it synced");
    assert_eq!(directory.lists(&user(&name(3))).len(), 4);
    assert_eq!((folder(0).as_str(), group(0).as_str()), ("10", "g0"));
}
