//! The book of what was published, kept beside the server: who may see which deed, when it was recorded, and where it
//! stands in time. Nothing here asks the server for anything but its receipts, and those are checked.

use super::company::user_id;
use super::dice::Dice;
use feed::time::Second;
use serde_json::json;
use std::collections::HashMap;
use store::ledger::{Outcome, Receipt};

/// How many enterprises there are.
pub(super) const ENTERPRISES: usize = 2;
/// How many people each has, beside its admin.
pub(super) const PEOPLE: usize = 3;
/// The types of the enterprise feed that occur.
pub(super) const TYPES: [&str; 4] = ["LOGIN", "FAILED_LOGIN", "UPLOAD", "invoice.paid"];
/// The folder that the first person of each enterprise has synced.
const SYNCED: &str = "31";

/// What somebody does, as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    number: usize,
    pub(super) home: usize,
    /// The type of its rendering for user feeds, and the folder it happens in.
    user: Option<(&'static str, &'static str)>,
    /// Who hears of it: enterprise and person.
    audience: Vec<(usize, usize)>,
    /// The type of its rendering for the enterprise feed.
    enterprise: Option<&'static str>,
    pub(super) created: u32,
    /// What makes a deed published again differ.
    address: &'static str,
}

impl Deed {
    /// The deeds that every history begins with: the first person of each enterprise marks a folder as synced.
    pub(super) fn first() -> Vec<Deed> {
        let sync = |home| Deed {
            number: home,
            home,
            user: Some(("ITEM_SYNC", SYNCED)),
            audience: vec![(home, 0)],
            enterprise: None,
            created: 1_749_999_999,
            address: "",
        };
        (0..ENTERPRISES).map(sync).collect()
    }

    /// The draft, on one line.
    pub(super) fn draft(&self) -> String {
        let created_at = Second(self.created).to_string();
        let (actor_home, actor) = self.audience.first().copied().unwrap_or((self.home, 1));
        let by = json!({"type": "user", "id": user_id(actor_home, actor).as_str(), "name": "", "login": ""});
        let user = self.user.map(|(event_type, folder)| {
            let folder = json!({"type": "folder", "id": folder, "sequence_id": "1", "etag": "1", "name": "F"});
            json!({
                "event_type": event_type, "event_id": format!("u{}", self.number), "created_at": created_at,
                "created_by": by, "source": folder, "session_id": self.address,
            })
        });
        let enterprise = self.enterprise.map(|event_type| {
            json!({
                "event_type": event_type, "event_id": format!("e{}", self.number), "created_at": created_at,
                "created_by": by, "source": null, "ip_address": self.address,
            })
        });
        let audience: Vec<String> = self.audience.iter().map(|(home, who)| user_id(*home, *who).to_string()).collect();
        json!({"user": user, "enterprise": enterprise, "audience": audience, "derive": false}).to_string()
    }
}

/// A deed as the book has it.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub(super) deed: Deed,
    receipt: Receipt,
    /// The second of recording, in the line of each enterprise that has it.
    recorded: [Option<u32>; ENTERPRISES],
    /// Its second in history order.
    pub(super) history: u32,
}

/// What became of a deed that was published.
pub(super) struct Outlook {
    pub(super) new: bool,
    pub(super) late: bool,
    pub(super) early: bool,
}

/// Which stream is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    All,
    Changes,
    Sync,
    History,
    Streaming,
}

/// The book.
#[derive(Debug)]
pub(super) struct Book {
    seed: u64,
    delay_s: u32,
    /// How many deeds there were, also those not published yet.
    made: usize,
    /// In the order of publishing; the index is the order of arrival.
    noted: Vec<Noted>,
    by_id: HashMap<String, usize>,
    /// The last second of recording in each enterprise's line.
    last_recorded: [u32; ENTERPRISES],
    /// Below this second history order is settled, in each enterprise.
    frontier: [u32; ENTERPRISES],
}

impl Book {
    pub(super) fn new(seed: u64, delay_s: u32, wall: u32) -> Self {
        Book {
            seed,
            delay_s,
            made: ENTERPRISES,
            noted: Vec::new(),
            by_id: HashMap::new(),
            last_recorded: [wall; ENTERPRISES],
            frontier: [0; ENTERPRISES],
        }
    }

    /// For messages.
    pub(super) fn seed(&self) -> String {
        format!("seed {}", self.seed)
    }

    pub(super) fn len(&self) -> usize {
        self.noted.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Noted)> {
        self.noted.iter().enumerate()
    }

    pub(super) fn noted(&self, arrival: usize) -> &Noted {
        &self.noted[arrival]
    }

    /// The arrival of the deed that has this id.
    pub(super) fn by_id(&self, id: &str) -> usize {
        *self.by_id.get(id).unwrap_or_else(|| panic!("{}: {id} was never published", self.seed()))
    }

    /// A new deed: mostly just now, sometimes late, sometimes a little early.
    pub(super) fn deed(&mut self, dice: &mut Dice, wall: u32) -> Deed {
        let home = dice.below(ENTERPRISES as u64);
        let offset = *dice.one_of(&[0, 0, 0, 0, -1, -3, -10, -31, -100, -5_000, -100_000, 1, 50, 200, 300]);
        let user =
            dice.chance(60).then(|| (*dice.one_of(&["ITEM_CREATE", "COMMENT_CREATE"]), *dice.one_of(&[SYNCED, "77"])));
        let enterprise = (user.is_none() || dice.chance(60)).then(|| *dice.one_of(&TYPES));
        let mut audience = Vec::new();
        for _ in 0..dice.between(0, 4) {
            // Now and then somebody of another enterprise hears of it.
            let their_home = if dice.chance(15) { 1 - home } else { home };
            let heard = (their_home, dice.below(PEOPLE as u64));
            if !audience.contains(&heard) {
                audience.push(heard);
            }
        }
        let created = wall.checked_add_signed(offset).unwrap();
        self.made += 1;
        Deed { number: self.made, home, user, audience, enterprise, created, address: "a" }
    }

    /// A deed of the last weeks to be published again, sometimes saying something else.
    pub(super) fn known(&self, dice: &mut Dice, wall: u32) -> Option<Deed> {
        let noted = self.noted.get(dice.below((self.noted.len() as u64).max(1)))?;
        let recorded = noted.recorded[noted.deed.home]?;
        let address = if dice.chance(30) { "b" } else { noted.deed.address };
        // A clock that stepped back would have it refused as lying too far ahead.
        let taken = wall < recorded + 40 * 86_400 && noted.deed.created <= wall + 300;
        taken.then(|| Deed { address, ..noted.deed.clone() })
    }

    /// Notes a deed that was published at this time, and checks its receipt.
    pub(super) fn note(&mut self, deed: Deed, receipt: &Receipt, wall: u32) -> Outlook {
        let ids =
            [deed.user.map(|_| format!("u{}", deed.number)), deed.enterprise.map(|_| format!("e{}", deed.number))];
        let before = ids.iter().flatten().find_map(|id| self.by_id.get(id));
        if let Some(before) = before {
            let first = &self.noted[*before];
            self.check_again(first, &deed, receipt);
            return Outlook { new: false, late: false, early: false };
        }
        let home = deed.home;
        let recorded = wall.max(self.last_recorded[home]);
        self.check_new(&deed, receipt, recorded);
        let mut places = [None; ENTERPRISES];
        places[home] = Some(recorded);
        self.last_recorded[home] = recorded;
        if deed.user.is_some() && deed.audience.iter().any(|(theirs, _)| *theirs != home) {
            let other = 1 - home;
            self.last_recorded[other] = wall.max(self.last_recorded[other]);
            places[other] = Some(self.last_recorded[other]);
        }
        let mut outlook = Outlook { new: true, late: false, early: recorded < deed.created };
        let mut history = 0;
        if deed.enterprise.is_some() {
            // A deed stands at its own time, but not below what was settled, nor beyond its recording.
            self.frontier[home] = self.frontier[home].max(recorded.saturating_sub(self.delay_s));
            outlook.late = deed.created < self.frontier[home];
            history = deed.created.max(self.frontier[home]).min(recorded);
        }
        for id in ids.into_iter().flatten() {
            self.by_id.insert(id, self.noted.len());
        }
        self.noted.push(Noted { deed, receipt: receipt.clone(), recorded: places, history });
        outlook
    }

    fn check_new(&self, deed: &Deed, receipt: &Receipt, recorded: u32) {
        for (outcome, there) in [(&receipt.user, deed.user.is_some()), (&receipt.enterprise, deed.enterprise.is_some())]
        {
            match outcome {
                Some(Outcome::Recorded { position, duplicate: false, differs: false, .. }) if there => {
                    assert_eq!(position.place().second.0, recorded, "{}: {deed:?}", self.seed());
                }
                None if !there => {}
                other => panic!("{}: {other:?} for {deed:?}", self.seed()),
            }
        }
    }

    /// What is published again is answered with its first result.
    fn check_again(&self, first: &Noted, deed: &Deed, receipt: &Receipt) {
        let says_else = first.deed.address != deed.address;
        let pairs = [(&first.receipt.user, &receipt.user), (&first.receipt.enterprise, &receipt.enterprise)];
        for (first, again) in pairs {
            match (first, again) {
                (None, None) => {}
                (
                    Some(Outcome::Recorded { event_id: id, position: place, .. }),
                    Some(Outcome::Recorded { event_id, position, duplicate, differs }),
                ) => {
                    let same = id == event_id && place == position;
                    assert!(same && *duplicate && *differs == says_else, "{}: {again:?} after {first:?}", self.seed());
                }
                other => panic!("{}: {other:?}", self.seed()),
            }
        }
    }

    /// When history order shows everything published so far.
    pub(super) fn all_is_settled_at(&self) -> u32 {
        self.last_recorded.iter().max().map_or(0, |recorded| recorded + self.delay_s + 1)
    }

    /// Somebody reads history: time alone settles it, too.
    pub(super) fn history_is_read(&mut self, home: usize, wall: u32) {
        self.frontier[home] = self.frontier[home].max(wall.saturating_sub(self.delay_s));
    }

    /// Below which second history order was settled when it was last looked at.
    pub(super) fn frontier(&self, home: usize) -> u32 {
        self.frontier[home]
    }

    /// The position that was answered for a deed, if it belongs to this view of this enterprise.
    pub(super) fn answered(&self, arrival: usize, home: usize, view: View) -> Option<feed::position::Position> {
        let noted = &self.noted[arrival];
        let outcome = match view {
            View::All | View::Changes | View::Sync => noted.receipt.user.as_ref(),
            View::Streaming => noted.receipt.enterprise.as_ref(),
            View::History => None,
        };
        match outcome {
            Some(Outcome::Recorded { position, .. }) if noted.deed.home == home => Some(*position),
            _ => None,
        }
    }
}

impl Noted {
    /// Whether somebody's view shows it, leaving aside filters and age.
    pub(super) fn is_shown(&self, home: usize, person: usize, view: View) -> bool {
        let heard = self.deed.audience.contains(&(home, person));
        match (view, self.deed.user, self.deed.enterprise) {
            (View::All, Some(_), _) => heard,
            (View::Changes, Some((event_type, _)), _) => heard && event_type != "COMMENT_CREATE",
            (View::Sync, Some((event_type, folder)), _) => {
                heard && event_type != "COMMENT_CREATE" && folder == SYNCED && person == 0
            }
            (View::History | View::Streaming, _, Some(_)) => self.deed.home == home,
            _ => false,
        }
    }

    pub(super) fn event_type(&self) -> Option<&'static str> {
        self.deed.enterprise
    }

    /// Whether a view still shows it at this time, by its age in the line of this enterprise.
    pub(super) fn is_kept(&self, home: usize, view: View, wall: u32) -> bool {
        let days = match view {
            View::All | View::Changes | View::Sync => 60,
            View::Streaming => 14,
            View::History => 365,
        };
        self.recorded[home].is_some_and(|recorded| wall <= recorded + days * 86_400)
    }
}
