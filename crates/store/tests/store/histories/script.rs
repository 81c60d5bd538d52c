//! The script of a history: steps made from a seed alone, whatever the keeper will answer to them.

use crate::deed::{Deed, EVERY_STREAM, deed, item_id, unseen, user};
use crate::trial::NOW;
use feed::directory::Effect;
use feed::event::UserStreams;
use feed::retention::Days;
use feed::time::Second;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

pub(crate) const DAY_S: u32 = 86_400;

/// The enterprises: id, how long they keep, whether they opted in.
pub(crate) const ENTERPRISES: [(&str, Days, bool); 3] = [
    ("1", Days { user: 14, streaming: 7, history: 20, events: 30 }, false),
    ("9", Days { user: 60, streaming: 14, history: 365, events: 2_557 }, true),
    ("5", Days { user: 14, streaming: 14, history: 14, events: 14 }, false),
];

/// Users known from the start, with the enterprise each is at home in.
pub(crate) const USERS: [(&str, usize); 5] = [("7", 0), ("8", 0), ("70", 1), ("80", 1), ("50", 2)];

/// Whoever may be named in a deed: the above; 3, whose home is where they are first seen; the anonymous user; and
/// somebody who never does anything.
const ANYBODY: [&str; 8] = ["7", "8", "70", "80", "50", "3", "2", "404"];

const DELAYS_S: [u32; 5] = [0, 1, 5, 30, 300];

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// One of [`ENTERPRISES`] publishes a batch.
    Publish { enterprise: usize, deeds: Vec<Deed> },
    /// The clock says something else from now on.
    Clock(u32),
    /// The keeper is stopped and started with this settling delay.
    Restart(u32),
    /// A reader begins.
    Begin(Reading),
    /// One of the readers turns a page of so many entries.
    Read { reader: usize, limit: usize },
    /// What is past its retention is swept.
    Sweep,
}

/// What a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) of: Of,
    /// The types wanted; only enterprise lines are filtered by them.
    pub(crate) types: &'static str,
    pub(crate) created_from: Second,
    pub(crate) created_before: Option<Second>,
    pub(crate) start: Start,
    /// Whether the reader asks for what retention no longer shows.
    pub(crate) past_retention: bool,
}

/// Whose line it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Of {
    User(&'static str, UserStreams),
    Streaming(usize),
    History(usize),
    /// From so many seconds before the frontier, for so many seconds less.
    Window(usize, u32, u32),
}

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Oldest,
    Now,
    At(Second),
}

/// All steps, and the settling delay to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) delay_s: u32,
    pub(crate) steps: Vec<Step>,
}

/// What the making of a script remembers.
struct Maker {
    dice: Xoshiro256PlusPlus,
    now: u32,
    /// Up to where a sweep may have removed the shortest kept.
    swept: u32,
    /// What each enterprise published, and when it first did, by the clock.
    published: [Vec<(u32, Deed)>; 3],
}

impl Script {
    /// The script of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let dice = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut maker = Maker { dice, now: NOW, swept: 0, published: Default::default() };
        let delay_s = maker.one_of(&DELAYS_S);
        let count = maker.dice.random_range(30..110);
        Script { delay_s, steps: (0..count).map(|_| maker.step()).collect() }
    }
}

impl Maker {
    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.dice).unwrap().clone()
    }

    fn often(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn step(&mut self) -> Step {
        match self.dice.random_range(0..100) {
            0..40 => {
                let enterprise = self.one_of(&[0, 0, 0, 0, 1, 1, 2]);
                let count = self.dice.random_range(1..6);
                Step::Publish { enterprise, deeds: (0..count).map(|_| self.deed(enterprise)).collect() }
            }
            40..50 => {
                self.now += self.one_of(&[0, 1, 1, 2, 10, 60, 600, DAY_S, 8 * DAY_S]);
                Step::Clock(self.now)
            }
            50..55 => {
                self.now -= self.one_of(&[1, 1, 5, 1_000, 3 * DAY_S]);
                Step::Clock(self.now)
            }
            55..59 => Step::Restart(self.one_of(&DELAYS_S)),
            59..67 => Step::Begin(self.reading()),
            67..97 => {
                let limit = self.one_of(&[1, 1, 2, 3, 5, 8, 100]);
                Step::Read { reader: self.dice.random_range(0..1_000), limit }
            }
            _ => {
                self.swept = self.swept.max(self.now - 14 * DAY_S);
                Step::Sweep
            }
        }
    }

    fn deed(&mut self, enterprise: usize) -> Deed {
        let again = if self.often(20) { self.again(enterprise) } else { None };
        let (first, deed) = again.unwrap_or_else(|| (self.now, self.fresh(enterprise)));
        self.published[enterprise].push((first, deed.clone()));
        deed
    }

    /// A deed that was published before, perhaps in another wording or with a half that is new, and when it was first.
    /// Only such as are kept for certain, so that an id is never stored twice over and says who is meant.
    fn again(&mut self, enterprise: usize) -> Option<(u32, Deed)> {
        let (now, swept) = (self.now, self.swept);
        let seen = |deed: &Deed| deed.user.is_some() || deed.enterprise.is_some();
        let kept = |(at, deed): &&(u32, Deed)| seen(deed) && swept <= *at && now < *at + 13 * DAY_S;
        let known: Vec<&(u32, Deed)> = self.published[enterprise].iter().filter(kept).collect();
        let (first, deed) = (*known.choose(&mut self.dice)?).clone();
        let fresh_id = format!("h{}", self.published[enterprise].len());
        let deed = match self.dice.random_range(0..10) {
            0..4 => deed,
            4 => Deed { note: format!("{} else", deed.note), ..deed },
            5 => deed.typed("DELETE"),
            6 => deed.created(self.now - 40),
            7 if deed.user.is_some() => deed.user_only(),
            8 if deed.user.is_some() => deed.enterprise_id(&fresh_id),
            _ => Deed { user: Some(fresh_id), ..deed },
        };
        Some((first, deed))
    }

    fn fresh(&mut self, enterprise: usize) -> Deed {
        let id = format!("e{}", self.published[enterprise].len());
        if self.often(3) {
            return unseen([self.effect()]);
        }
        let mut deed = deed(&id).saying(ENTERPRISES[enterprise].0).typed(self.one_of(&["UPLOAD", "UPLOAD", "LOGIN"]));
        if self.often(5) {
            deed = deed.typed("RARE");
        }
        if self.often(70) {
            let ahead = self.one_of(&[0, 0, 0, 50, 300]);
            let ago = self.one_of(&[0, 0, 1, 3, 10, 100, 100_000]);
            deed = deed.created(self.now + ahead - ago);
        }
        deed = deed.by(self.one_of(&ANYBODY[..7]));
        if self.often(30) {
            deed = deed.owned_by(self.one_of(&ANYBODY[..7]));
        }
        if self.often(40) {
            let count = self.dice.random_range(0..4);
            deed.audience = Some((0..count).map(|_| user(self.one_of(&ANYBODY))).collect());
        }
        if self.often(50) {
            deed = if self.often(50) { deed.on("60", ["0", "50"]) } else { deed.on("50", ["0"]) };
        }
        deed.owner_only = self.often(5);
        deed.opt_in = self.often(4);
        let without_sync = UserStreams::ALL.and(UserStreams::CHANGES);
        deed.carried_by = self.one_of(&[EVERY_STREAM, EVERY_STREAM, without_sync, UserStreams::ALL]);
        if self.often(10) {
            deed.effects = vec![self.effect()];
        }
        match self.dice.random_range(0..10) {
            0..2 => deed.user_only(),
            2..4 => deed.enterprise_only(),
            _ => deed,
        }
    }

    fn effect(&mut self) -> Effect {
        let id = user(self.one_of(&USERS).0);
        let folder = item_id(self.one_of(&["50", "60"]));
        match self.dice.random_range(0..8) {
            0..4 => Effect::Synced { user: id, folder },
            4 => Effect::Unsynced { user: id, folder },
            5 => Effect::UserDeleted(id),
            _ => Effect::UserSet { id, name: None, login: None, role: None },
        }
    }

    fn reading(&mut self) -> Reading {
        let enterprise = self.one_of(&[0, 0, 0, 1, 2]);
        let streams = [UserStreams::ALL, UserStreams::ALL, UserStreams::CHANGES, UserStreams::SYNC];
        let of = match self.dice.random_range(0..10) {
            0..4 => Of::User(self.one_of(&["7", "7", "8", "70", "70", "50", "3"]), self.one_of(&streams)),
            4..6 => Of::Streaming(enterprise),
            6..8 => Of::History(enterprise),
            _ => Of::Window(enterprise, self.one_of(&[0, 1, 10, 100]), self.one_of(&[1, 5, 20, 200, 200_000])),
        };
        let filtered = !matches!(of, Of::User(..));
        let bounded = matches!(of, Of::Streaming(_) | Of::History(_)) && self.often(30);
        let types = if filtered { self.one_of(&["", "", "RARE", "LOGIN,DELETE", "NONE"]) } else { "" };
        let created_from = if bounded { self.now - self.one_of(&[0, 1, 20, 200]) } else { 0 };
        let upper = bounded && self.often(50);
        let start = match self.dice.random_range(0..5) {
            0..3 => Start::Oldest,
            3 => Start::Now,
            _ => Start::At(Second(self.now + self.one_of(&[0, 1, 30]) - self.one_of(&[0, 1, 10, DAY_S]))),
        };
        Reading {
            of,
            types,
            created_from: Second(created_from),
            created_before: upper.then_some(Second(self.now + self.one_of(&[0, 1, 10]))),
            start,
            past_retention: self.often(50),
        }
    }
}
