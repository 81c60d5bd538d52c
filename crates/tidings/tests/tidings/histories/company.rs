//! The services under test: two enterprises over the memory keeper, spoken to without HTTP.

use super::book::{Deed, ENTERPRISES, PEOPLE};
use feed::directory::{Person, Role};
use feed::id::{EnterpriseId, UserId};
use feed::intake::Format;
use feed::permission::Scopes;
use feed::time::Second;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::ledger::Receipt;
use store::memory::MemoryStore;
use store::token_store::TokenRecord;
use tidings::auth::Caller;
use tidings::auth::token::hash_of;
use tidings::boot::{FirstUser, services, set_up};
use tidings::clock::{Clock, ManualClock};
use tidings::config::{Settings, table};
use tidings::service::Services;
use tidings::service::read::{Page, ReadRequest};

/// The clock at the start.
const START: Second = Second(1_750_000_000);

/// Runs what never waits: the memory keeper answers at once.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the memory keeper never waits"),
    }
}

/// The services, with the callers who use them.
pub(super) struct Company {
    services: Services,
    clock: Arc<ManualClock>,
    /// By enterprise and number: the people, and last the admin.
    callers: Vec<Vec<Caller>>,
}

impl Company {
    pub(super) fn new(delay_s: u32) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let matches = table::with_settings(clap::Command::new("tidings")).get_matches_from(["tidings"]);
        let settings = Settings::load(&matches).unwrap();
        let stores = MemoryStore::new(delay_s).stores();
        let services = at_once(services(&settings, stores, clock.clone())).unwrap();
        let callers = (0..ENTERPRISES).map(|home| people(&services, home)).collect();
        Company { services, clock, callers }
    }

    pub(super) fn wall(&self) -> u32 {
        self.clock.now().0
    }

    pub(super) fn pass(&self, seconds: u32) {
        self.clock.advance(Duration::from_secs(seconds.into()));
    }

    pub(super) fn step_back(&self, seconds: u32) {
        self.clock.set(self.clock.now().back(seconds));
    }

    pub(super) fn sweep(&self) {
        at_once(self.services.stores.ledger.sweep(self.clock.now())).unwrap();
    }

    /// Publishes deeds in the name of an enterprise's admin.
    pub(super) fn publish(&self, home: usize, deeds: &[Deed]) -> Vec<Receipt> {
        let lines: Vec<String> = deeds.iter().map(Deed::draft).collect();
        let body = lines.join("\n");
        let admin = &self.callers[home][PEOPLE];
        at_once(self.services.publish(admin, body.as_bytes(), Format::Ndjson))
            .unwrap_or_else(|why| panic!("{why:?} for {body}"))
    }

    /// Reads a page in somebody's name.
    pub(super) fn read(&self, home: usize, person: usize, request: &ReadRequest) -> Page {
        at_once(self.services.read(&self.callers[home][person], request)).unwrap()
    }
}

/// Sets up an enterprise with its people and an admin, and lets them in.
fn people(services: &Services, home: usize) -> Vec<Caller> {
    let enterprise = EnterpriseId::new(&home.to_string()).unwrap();
    let users: Vec<FirstUser> = (0..=PEOPLE)
        .map(|person| FirstUser {
            person: Person { id: user_id(home, person), name: "".into(), login: "".into() },
            role: if person == PEOPLE { Role::Admin } else { Role::User },
        })
        .collect();
    at_once(set_up(services, &enterprise, "", &users)).unwrap();
    let caller = |person: usize| {
        let id = user_id(home, person);
        let record = TokenRecord {
            application: None,
            family: None,
            id: id.to_string(),
            hash: hash_of(id.as_str()),
            user: id.clone(),
            enterprise: enterprise.clone(),
            scopes: Scopes::EVERY,
            note: String::new(),
            created_at: START,
            expires_at: None,
        };
        at_once(services.stores.tokens.add(record)).unwrap();
        at_once(services.authenticator.caller(id.as_str(), None)).unwrap()
    };
    (0..=PEOPLE).map(caller).collect()
}

pub(super) fn user_id(home: usize, person: usize) -> UserId {
    UserId::new(&format!("{home}0{person}")).unwrap()
}
