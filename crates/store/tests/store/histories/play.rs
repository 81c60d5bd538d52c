//! Playing a script on a keeper, step by step, with every answer checked and written down.

use super::model::{Model, enterprise_id};
use super::reader::Reader;
use super::script::{ENTERPRISES, Of, Script, Start, Step, USERS};
use crate::contract::directory::settings;
use crate::deed::{Deed, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Page, Trial};
use feed::directory::{Effect, Enterprise, Person};
use feed::page::Ends;
use feed::position::Place;
use feed::time::Second;
use std::collections::BTreeMap;
use store::ledger::{Line, Receipt, Scan};

/// One answer of a keeper.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Receipts(Vec<Receipt>),
    Page(Page),
    Ends(Ends),
    Frontier(Second),
}

/// The state of a play.
struct Play<K> {
    trial: Trial<K>,
    delay_s: u32,
    now: Second,
    model: Model,
    readers: Vec<Reader>,
    /// The last place that each line gave out, by what `Ends::stored` said.
    stored: BTreeMap<String, Place>,
    told: Vec<Told>,
}

/// Plays a script and answers all that the keeper said.
pub(crate) async fn play<K: Keeper>(script: &Script) -> Vec<Told> {
    let mut play = Play::<K> {
        trial: Trial::settling(script.delay_s).await,
        delay_s: script.delay_s,
        now: Second(NOW),
        model: Model::new(),
        readers: Vec::new(),
        stored: BTreeMap::new(),
        told: Vec::new(),
    };
    play.set_up().await;
    for step in &script.steps {
        play = play.step(step).await;
    }
    // Time passes, so that everything settles, and all readers read on to the end.
    play.now = play.now.ahead(400);
    for reader in 0..play.readers.len() {
        play.read(reader, 500).await;
    }
    play.told
}

impl<K: Keeper> Play<K> {
    async fn set_up(&mut self) {
        for (home, (id, days, opted_in)) in ENTERPRISES.into_iter().enumerate() {
            let enterprise = Enterprise { opted_in, ..settings(id, days) };
            let met = |id| Effect::Met(Person { id: user(id), name: "".into(), login: "".into() });
            let users = USERS.into_iter().filter(|(_, of)| *of == home).map(|(id, _)| met(id));
            let deed = unseen([Effect::EnterpriseSet(enterprise)].into_iter().chain(users).collect::<Vec<_>>());
            self.publish(home, &[deed]).await;
        }
    }

    async fn step(mut self, step: &Step) -> Self {
        match step {
            Step::Publish { enterprise, deeds } => self.publish(*enterprise, deeds).await,
            Step::Clock(now) => self.now = Second(*now),
            Step::Restart(delay_s) => {
                self.trial = self.trial.reopened_settling(*delay_s).await;
                self.delay_s = *delay_s;
                for home in 0..ENTERPRISES.len() {
                    // Second 0 moves no frontier, so this is what it was on opening.
                    let frontier = self.frontier(home, Second(0)).await;
                    self.model.restarted(home, frontier, K::KEEPS_FRONTIER);
                }
            }
            Step::Begin(reading) => {
                if let Some(mut reader) = Reader::begin(reading, &self.model) {
                    if reading.start == Start::Now && !matches!(reading.of, Of::Window(..)) {
                        let below = reader.scan(1, self.now, self.model.homes[reader.home].frontier).below;
                        reader.after = self.ends(&reader.line(), below).await.shown;
                    }
                    self.readers.push(reader);
                }
            }
            Step::Read { reader, limit } => {
                if !self.readers.is_empty() {
                    self.read(reader % self.readers.len(), *limit).await;
                }
            }
            Step::Sweep => {
                while self.trial.ledger().sweep(self.now).await.unwrap().more {}
                self.model.swept(self.now);
            }
        }
        self
    }

    async fn publish(&mut self, home: usize, deeds: &[Deed]) {
        let receipts = self.trial.append(ENTERPRISES[home].0, self.now.0, deeds).await.receipts;
        assert_eq!(receipts.len(), deeds.len());
        for (deed, receipt) in deeds.iter().zip(&receipts) {
            self.model.published(home, deed, self.now, self.delay_s, receipt);
        }
        self.told.push(Told::Receipts(receipts));
    }

    /// Turns a page. A short one must be the end, where asking again gives nothing and looks at nothing.
    async fn read(&mut self, reader: usize, limit: usize) {
        let home = self.readers[reader].home;
        self.model.pass_time(home, self.now, self.delay_s);
        let settled = self.model.homes[home].frontier;
        self.wait_for_frontier(home, settled).await;
        let frontier = self.frontier(home, self.now).await;
        assert_eq!(frontier, settled, "the frontier of {}", ENTERPRISES[home].0);
        let scan = self.readers[reader].scan(limit, self.now, frontier);
        let page = self.trial.page(scan.clone()).await;
        self.readers[reader].turned(&scan, &page, self.now, &self.model);
        if page.entries.len() < limit {
            let after = self.readers[reader].after;
            let again = self.trial.page(Scan { after, ..scan.clone() }).await;
            assert_eq!(again, Page::default(), "the end of {scan:?} is no fixed point");
            let shown = self.ends(&scan.line, scan.below).await.shown;
            match page.last {
                Some(last) => assert_eq!(shown, last, "two ways to the end of {scan:?}"),
                None => assert!(shown <= after, "{shown:?} was not seen from {after:?} by {scan:?}"),
            }
        }
        self.told.push(Told::Page(page));
    }

    /// A keeper whose own work in the background has the enterprise at this moment answers the frontier that is committed,
    /// which may be behind: right, but not what the other keeper says. That work is short, so it is asked a few times.
    async fn wait_for_frontier(&self, home: usize, settled: Second) {
        for _ in 0..1_000 {
            let frontier = self.trial.ledger().frontier(&enterprise_id(home), self.now).await.unwrap();
            assert!(frontier <= settled, "the frontier of {} ran ahead", ENTERPRISES[home].0);
            if frontier == settled {
                return;
            }
        }
    }

    async fn frontier(&mut self, home: usize, now: Second) -> Second {
        let frontier = self.trial.ledger().frontier(&enterprise_id(home), now).await.unwrap();
        self.told.push(Told::Frontier(frontier));
        frontier
    }

    async fn ends(&mut self, line: &Line, below: Place) -> Ends {
        let ends = self.trial.ledger().ends(line, below).await.unwrap();
        assert!(ends.shown <= ends.stored && (ends.shown < below || below == Place::START), "{ends:?} of {line:?}");
        // Only sweeping takes the last entry of a window away; the other lines remember the last place for ever.
        if !matches!(line, Line::Window(_)) {
            let before = self.stored.insert(format!("{line:?}"), ends.stored).unwrap_or_default();
            assert!(before <= ends.stored, "{before:?} was given out in {line:?}, and now it is {ends:?}");
        }
        self.told.push(Told::Ends(ends));
        ends
    }
}
