//! The ledger alone, without a server: its commits beside plain appending of the same bytes, and what it takes on the
//! disk when it is cold.

use super::events::{Deeds, Serials};
use super::place::Place;
use super::plain::{BATCH, Plain};
use super::plan::Plan;
use super::rendered::{Intake, bytes, enterprise};
use super::report::{Row, Unit};
use super::{goals, place};
use crate::clock::{Clock, Stopwatch, SystemClock};
use feed::directory::{Effect, Enterprise};
use feed::event::Event;
use feed::retention::Retention;
use std::path::PathBuf;
use std::time::Duration;
use store::embedded::{EmbeddedStore, Options};
use store::ledger::{Batch, Ledger};

/// Different batches.
const BUNDLES: usize = 8;
const DAY_S: u32 = 86_400;

/// A ledger that events were appended to.
pub(super) struct Alone {
    store: EmbeddedStore,
    folder: PathBuf,
    /// What readers get of its events: bytes of enterprise renderings, and of all.
    enterprise_bytes: u64,
    all_bytes: u64,
}

impl Alone {
    /// Opens a new one.
    pub(super) async fn open(place: &Place) -> Result<Self, String> {
        let folder = place.folder().join("ledger");
        let store = EmbeddedStore::open(&folder, Options::default())
            .map_err(|why| format!("a ledger cannot be opened in {}: {why}", folder.display()))?;
        let mut alone = Alone { store, folder, enterprise_bytes: 0, all_bytes: 0 };
        let (id, retention) = (enterprise(), Retention::default());
        let settings = Enterprise { id, name: "Benchmark".into(), retention, opted_in: false };
        alone.append(vec![Event::unseen(vec![Effect::EnterpriseSet(settings)])]).await?;
        Ok(alone)
    }

    /// Appends, and answers how long it took.
    async fn append(&mut self, events: Vec<Event>) -> Result<Duration, String> {
        let size = |event: &Event, user| {
            let rendering = if user { &event.user } else { &event.enterprise };
            rendering.as_ref().map_or(0, |rendering| rendering.bytes.len() as u64)
        };
        self.enterprise_bytes += events.iter().map(|event| size(event, false)).sum::<u64>();
        self.all_bytes += events.iter().map(|event| size(event, false) + size(event, true)).sum::<u64>();
        let batch = Batch { enterprise: enterprise(), events, now: SystemClock.now() };
        let watch = Stopwatch::start();
        self.store.append(batch).await.map_err(|why| format!("the ledger takes no more: {why}"))?;
        Ok(watch.elapsed())
    }

    /// Its commits beside plain appending, commit by commit in turn.
    pub(super) async fn measure(&mut self, plan: &Plan, deeds: &mut Deeds, plain: &mut Plain) -> Result<Row, String> {
        let name = format!("ledger alone, {BATCH} events a commit");
        let mut row = Row::beside(name, Unit::EventsASecond, "plain appending").with_goal(goals::LEDGER);
        let bundles: Vec<_> = (0..BUNDLES).map(|_| deeds.bundle(BATCH)).collect();
        let (intake, serials) = (Intake::new(), Serials::default());
        for round in 0..plan.rounds {
            plan.progress.tell(&row.name, round);
            let (mut own, mut reference, mut commits) = (Duration::ZERO, Duration::ZERO, 0);
            while own + reference < plan.round {
                let events = intake.read(&bundles[commits % BUNDLES], &serials)?;
                let rendered = bytes(&events);
                let watch = Stopwatch::start();
                plain.append(&rendered)?;
                reference += watch.elapsed();
                own += self.append(events).await?;
                commits += 1;
            }
            let rate = |time: Duration| (commits * BATCH) as f64 / time.as_secs_f64();
            row.round(rate(own), Some(rate(reference)));
        }
        Ok(row)
    }

    /// What it takes on the disk beside what readers get: some days on, when it is cold, and when user feeds are over.
    pub(super) async fn when_cold(self, plan: &Plan) -> Result<[Row; 2], String> {
        plan.progress.tell("sweeping what is cold", 0);
        let mut rows = Vec::with_capacity(2);
        for (days, readable, kept) in [
            (4, self.all_bytes, "disk when cold, 4 days on"),
            (70, self.enterprise_bytes, "disk when cold, 70 days on, user feeds over"),
        ] {
            let now = SystemClock.now().ahead(days * DAY_S);
            while self.store.sweep(now).await.map_err(|why| format!("the ledger cannot be swept: {why}"))?.more {}
            let mut row = Row::beside(kept, Unit::Megabytes, "what readers get").with_goal(goals::COLD);
            let taken = place::bytes_on_disk(&self.folder);
            let taken = taken.map_err(|why| format!("{} cannot be measured: {why}", self.folder.display()))?;
            // What it took from the disk ahead of the writing holds nothing yet, and is the same however much is kept.
            let ahead = Options::default().preallocate_bytes.saturating_sub(self.store.stats().frame_bytes);
            let taken = taken.saturating_sub(ahead);
            row.round(taken as f64 / 1e6, Some(readable as f64 / 1e6));
            rows.push(row);
        }
        rows.try_into().map_err(|_| "there are two rows".to_owned())
    }
}
