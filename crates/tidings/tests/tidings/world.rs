//! The world that every test begins with: two companies over the memory keeper, and a clock that stands still.

use crate::answer::{Answer, Page};
use crate::deeds::Draft;
use axum::body::Body;
use clap::Command;
use feed::directory::{CoAdminRights, Effect, Enterprise, Person, Role};
use feed::event::Event;
use feed::filter::TypeFilter;
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::position::Place;
use feed::retention::Retention;
use feed::time::Second;
use http::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use store::Stores;
use store::ledger::{Batch, Line, Scan};
use store::token_store::TokenRecord;
use tidings::auth::token::hash_of;
use tidings::boot::{FirstUser, services, set_up};
use tidings::clock::{Clock, ManualClock};
use tidings::config::{Settings, table};
use tidings::http::finish::Finishing;
use tidings::http::origin::Peer;
use tidings::http::rate_limit::RateLimit;
use tidings::http::{Server, Shared, router};
use tidings::operator::Operator;
use tidings::service::Services;
use tidings::service::roster::Roster;
use tower::ServiceExt;

/// The address that requests come from.
pub(crate) const PEER: [u8; 4] = [192, 0, 2, 1];
/// The clock at the start: 2025-06-15T15:06:40+00:00.
pub(crate) const NOW: u32 = 1_750_000_000;
/// The settling delay of history order, in seconds.
pub(crate) const DELAY_S: u32 = 5;
/// More entries than any stream of a test has: whoever reads so many is reading in a circle.
const ENTRIES_MAX: usize = 20_000;
/// A day, in seconds.
pub(crate) const DAY_S: u32 = 86_400;

/// The company that most tests speak of.
pub(crate) const HALDEN: &str = "884422";
/// Its admin.
pub(crate) const ADMIN: &str = "20306589100";
/// A user.
pub(crate) const MARA: &str = "20306589101";
/// Another user.
pub(crate) const TOMAS: &str = "20306589102";
/// A co-admin who may read reports.
pub(crate) const REPORTER: &str = "20306589103";
/// A co-admin who may manage users.
pub(crate) const MANAGER: &str = "20306589104";
/// A co-admin without a right.
pub(crate) const IDLE: &str = "20306589105";
/// The technical user of an application.
pub(crate) const SERVICE: &str = "20306589199";

/// Another company.
pub(crate) const RIVAL: &str = "990011";
/// Its admin.
pub(crate) const RIVAL_ADMIN: &str = "30306589100";
/// A user of it.
pub(crate) const RIVAL_USER: &str = "30306589101";

/// Somebody who is nowhere in the directory.
pub(crate) const NOBODY: &str = "40306589100";

/// Every user with company, name and role.
pub(crate) fn everybody() -> Vec<(&'static str, &'static str, &'static str, Role)> {
    let co_admin = |reports, users| Role::CoAdmin(CoAdminRights { reports, users });
    vec![
        (HALDEN, ADMIN, "solveig", Role::Admin),
        (HALDEN, MARA, "mara", Role::User),
        (HALDEN, TOMAS, "tomas", Role::User),
        (HALDEN, REPORTER, "ines", co_admin(true, false)),
        (HALDEN, MANAGER, "jonas", co_admin(false, true)),
        (HALDEN, IDLE, "pia", co_admin(false, false)),
        (HALDEN, SERVICE, "publisher", Role::ServiceAccount),
        (RIVAL, RIVAL_ADMIN, "rhea", Role::Admin),
        (RIVAL, RIVAL_USER, "rolf", Role::User),
    ]
}

/// A user as events name them.
pub(crate) fn person_of(id: &str) -> Value {
    let name = everybody().into_iter().find(|(_, user, ..)| *user == id).map_or("someone", |(_, _, name, _)| name);
    json!({"type": "user", "id": id, "name": name, "login": login_of(name)})
}

/// The login that belongs to a name.
pub(crate) fn login_of(name: &str) -> String {
    format!("{name}@halden.example")
}

/// The token with every scope that each user has from the start.
pub(crate) fn token_of(user: &str) -> String {
    format!("token-of-{user}")
}

/// A server in use.
pub(crate) struct World {
    pub(crate) services: Arc<Services>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) router: Finishing,
}

impl World {
    /// The usual one.
    pub(crate) async fn new() -> Self {
        Self::set(&[]).await
    }

    /// One with settings, as flags of `tidings serve`.
    pub(crate) async fn set(flags: &[&str]) -> Self {
        Self::over(flags, |stores| stores).await
    }

    /// One whose stores go through other hands first, which may spoil them.
    pub(crate) async fn over(flags: &[&str], hands: impl FnOnce(Stores) -> Stores) -> Self {
        let world = Self::bare(flags, hands).await;
        world.people().await;
        world
    }

    /// One that nobody is in yet.
    pub(crate) async fn empty() -> Self {
        Self::bare(&[], |stores| stores).await
    }

    /// One more process over a store that another world has set up already.
    pub(crate) async fn beside(flags: &[&str]) -> Self {
        Self::bare(flags, |stores| stores).await
    }

    async fn bare(flags: &[&str], hands: impl FnOnce(Stores) -> Stores) -> Self {
        let usual = ["tidings", "--data", "memory:", "--settling-delay", "5"];
        let matches = table::with_settings(Command::new("tidings").args_override_self(true))
            .get_matches_from(usual.iter().chain(flags));
        let settings = Settings::load(&matches).unwrap();
        let clock = Arc::new(ManualClock::at(Second(NOW)));
        let stores = hands(tidings::keeper::open(&settings).await.unwrap().stores);
        let services = Arc::new(services(&settings, stores, clock.clone()).await.unwrap());
        let limit =
            |calls: Option<NonZeroU32>| calls.map(|calls| Arc::new(RateLimit::per_minute(calls, clock.clone())));
        let router = router::router(Server::new(Shared {
            services: services.clone(),
            public_url: settings.public_url.clone(),
            rate_limit: limit(settings.rate_limit_per_minute),
            application_limit: limit(settings.application_rate_limit_per_minute),
            metrics_shown: settings.metrics,
            trusted_proxies: settings.trusted_proxies.clone(),
        }));
        World { services, clock, router }
    }

    async fn people(&self) {
        for company in [HALDEN, RIVAL] {
            let theirs: Vec<FirstUser> = everybody()
                .into_iter()
                .filter(|(home, ..)| *home == company)
                .map(|(_, id, name, role)| FirstUser {
                    person: Person {
                        id: UserId::new(id).unwrap(),
                        name: name.into(),
                        login: login_of(name).as_str().into(),
                    },
                    role,
                })
                .collect();
            set_up(&self.services, &EnterpriseId::new(company).unwrap(), company, &theirs).await.unwrap();
        }
        for (home, id, ..) in everybody() {
            self.give_token(home, id, Scopes::EVERY, &token_of(id), None).await;
        }
    }

    /// Lets Halden have every event type, also those that need opting in.
    pub(crate) async fn opt_in(&self) {
        let id = EnterpriseId::new(HALDEN).unwrap();
        let opted = Enterprise { id: id.clone(), name: HALDEN.into(), retention: Retention::default(), opted_in: true };
        let events = vec![Event::unseen(vec![Effect::EnterpriseSet(opted)])];
        let batch = Batch { enterprise: id, events, now: self.clock.now() };
        self.services.stores.ledger.append(batch).await.unwrap();
    }

    /// Gives a user a token with this text.
    pub(crate) async fn give_token(
        &self,
        home: &str,
        user: &str,
        scopes: Scopes,
        secret: &str,
        expires_at: Option<Second>,
    ) {
        let record = TokenRecord {
            id: format!("id-of-{secret}"),
            hash: hash_of(secret),
            user: UserId::new(user).unwrap(),
            enterprise: EnterpriseId::new(home).unwrap(),
            scopes,
            application: None,
            family: None,
            note: String::new(),
            created_at: Second(NOW),
            expires_at,
        };
        self.services.stores.tokens.add(record).await.unwrap();
    }

    /// Sends a request.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(Peer(SocketAddr::from((PEER, 4_711))));
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Asks for a path in a user's name.
    pub(crate) async fn get(&self, user: &str, path: &str) -> Answer {
        self.send(by(user, "GET", path).body(Body::empty()).unwrap()).await
    }

    /// Reads a page in a user's name.
    #[track_caller]
    pub(crate) fn page(&self, user: &str, query: &str) -> impl Future<Output = Page> {
        let asked = format!("/2.0/events?{query}");
        let user = user.to_owned();
        async move { Page::of(&self.get(&user, &asked).await) }
    }

    /// Reads pages until one is empty, and answers the ids of all of them.
    pub(crate) async fn drain(&self, user: &str, query: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut page = self.page(user, query).await;
        while !page.entries.is_empty() {
            ids.extend(page.ids().into_iter().map(str::to_owned));
            assert!(ids.len() < ENTRIES_MAX, "{query} has no end");
            page = self.page(user, &format!("{query}&stream_position={}", page.position())).await;
        }
        ids
    }

    /// Sends JSON in a user's name.
    pub(crate) async fn send_json(&self, user: &str, method: &str, path: &str, body: &Value) -> Answer {
        let request = by(user, method, path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Publishes drafts of Halden, and answers the results.
    pub(crate) async fn publish(&self, drafts: impl IntoIterator<Item = Draft>) -> Vec<Value> {
        self.publish_as(ADMIN, drafts).await
    }

    /// Publishes drafts in a user's name.
    pub(crate) async fn publish_as(&self, user: &str, drafts: impl IntoIterator<Item = Draft>) -> Vec<Value> {
        let body = Value::from(drafts.into_iter().map(|draft| draft.0).collect::<Vec<_>>());
        let answer = self.send_json(user, "POST", "/api/v1/events", &body).await.ok();
        serde_json::from_value(answer.json()["results"].take()).unwrap()
    }

    /// Imports directories, as the operator of the machine.
    pub(crate) async fn import(&self, rosters: Value) -> Result<usize, String> {
        let rosters: Vec<Roster> = serde_json::from_value(rosters).unwrap();
        let halden = EnterpriseId::new(HALDEN).unwrap();
        let operator = Operator::of_this_machine();
        let imported = self.services.import_directories(operator, &rosters, Some(&halden)).await;
        imported.map_err(|wrong| wrong.to_string())
    }

    /// The types of what is in the feed of an enterprise, in the order of arrival.
    pub(crate) async fn types_of_enterprise(&self, id: &str) -> Vec<String> {
        let line = Line::Streaming(EnterpriseId::new(id).unwrap());
        let everything = Scan {
            line,
            after: Place::START,
            below: Place::at(Second(u32::MAX)),
            limit: 500,
            oldest: Second(0),
            types: TypeFilter::default(),
            created_from: Second(0),
            created_before: None,
        };
        let slice = self.services.stores.ledger.scan(everything).await.unwrap();
        let runs: Vec<&str> = slice.runs.iter().map(|run| std::str::from_utf8(run).unwrap()).collect();
        let entries: Vec<Value> = serde_json::from_str(&format!("[{}]", runs.join(","))).unwrap();
        entries.iter().map(|entry| entry["event_type"].as_str().unwrap().to_owned()).collect()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: u32) {
        self.clock.advance(Duration::from_secs(seconds.into()));
    }

    /// Lets history order settle: everything published until now is shown from now on.
    pub(crate) fn settle(&self) {
        self.advance(DELAY_S + 1);
    }
}

/// A request in a user's name.
pub(crate) fn by(user: &str, method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", token_of(user)))
}
