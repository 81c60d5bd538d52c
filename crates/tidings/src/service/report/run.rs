//! Making reports: page by page of a search, oldest first, into part files.
//!
//! A part is recorded when it is whole and durable, together with the place that it reaches. After a crash everything after
//! the last recorded part is made again, so each event is in the report once. What counts is fixed when a report begins:
//! what was recorded up to then.

use super::manifest::MANIFEST;
use super::part::{Entry, Part, put_file};
use super::{Services, UnderWay, aside, filter_words};
use feed::limits::{PAGE_ENTRIES_MAX, REPORT_PART_BYTES_MAX, REPORT_PART_ROWS_MAX, REPORTS_RUNNING_MAX};
use feed::position::Place;
use feed::search::Order;
use feed::time::Second;
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::ledger::{Line, Unavailable};
use store::report_store::{KeptReport, PartRecord, ReportRecord, ReportState};
use store::search::{Counting, Searching};
use tokio::task::JoinSet;

/// Between two looks at schedules and at what has expired.
const LOOK_PAUSE: Duration = Duration::from_secs(60);

/// Why a report is not gone on with.
pub(super) enum Stop {
    /// Somebody changed it, or the server closes: it is left as it is.
    Left,
    /// The store is away; it is tried again.
    Away(Unavailable),
    /// A file could not be written.
    Failed(String),
}

impl From<Unavailable> for Stop {
    fn from(why: Unavailable) -> Self {
        Stop::Away(why)
    }
}

impl From<io::Error> for Stop {
    fn from(why: io::Error) -> Self {
        Stop::Failed(format!("a file of the report could not be written: {why}"))
    }
}

impl Services {
    /// Makes reports, a bounded number at a time, until the server closes; they are gone on with at the next start.
    pub async fn keep_reporting(self: &Arc<Self>) {
        let mut at_work = JoinSet::new();
        let (mut taken, mut resting): (BTreeSet<String>, BTreeSet<String>) = Default::default();
        loop {
            self.tend_reports().await;
            while at_work.len() < REPORTS_RUNNING_MAX {
                let waiting = self.unfinished().await;
                let Some(id) = waiting.into_iter().find(|id| !taken.contains(id) && !resting.contains(id)) else {
                    break;
                };
                taken.insert(id.clone());
                let services = self.clone();
                at_work.spawn(async move {
                    let done = services.run_report(&id).await;
                    (id, done)
                });
            }
            tokio::select! {
                Some(ended) = at_work.join_next(), if !at_work.is_empty() => {
                    if let Ok((id, done)) = ended {
                        taken.remove(&id);
                        if !done {
                            resting.insert(id);
                        }
                    }
                }
                () = self.reports.nudge.notified() => resting.clear(),
                () = self.clock.wait(LOOK_PAUSE) => resting.clear(),
                () = self.bell.closed() => {
                    self.reports.closing.store(true, Ordering::Release);
                    while at_work.join_next().await.is_some() {}
                    return;
                }
            }
        }
    }

    /// Makes what is due and what waits, one after the other, and comes back.
    pub async fn make_reports(&self) {
        self.tend_reports().await;
        for id in self.unfinished().await {
            self.run_report(&id).await;
        }
    }

    /// The reports that wait or were broken off, in the order in which they were asked for.
    async fn unfinished(&self) -> Vec<String> {
        let kept = self.stores.reports.list(None).await.unwrap_or_default();
        let mut waiting: Vec<(Second, String)> = kept
            .into_iter()
            .filter_map(|kept| match kept {
                KeptReport::Report(it) if matches!(it.state, ReportState::Waiting | ReportState::Running) => {
                    Some((it.asked_at, it.id))
                }
                _ => None,
            })
            .collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, id)| id).collect()
    }

    /// Asks for scheduled reports that are due, and removes reports that have expired.
    async fn tend_reports(&self) {
        let now = self.clock.now();
        let Ok(kept) = self.stores.reports.list(None).await else { return };
        for kept in kept {
            match kept {
                KeptReport::Schedule(schedule) if schedule.next_at <= now => self.ask_scheduled(&schedule, now).await,
                KeptReport::Report(it) if it.expires_at.is_some_and(|expires| expires <= now) => {
                    self.forget_report(&it.id).await;
                }
                _ => {}
            }
        }
    }

    async fn forget_report(&self, id: &str) {
        if self.stores.reports.remove(id).await.unwrap_or(false) {
            self.remove_files(id).await;
        }
    }

    /// Makes a report, or goes on with it; answers whether there is nothing more to do about it.
    async fn run_report(&self, id: &str) -> bool {
        let _claim = match self.stores.reports.shelf() {
            None => None,
            Some(shelf) => match shelf.claim(id).await {
                Ok(Some(claim)) => Some(claim),
                // Another process makes it, or the store is away: it is looked at again.
                Ok(None) | Err(_) => return false,
            },
        };
        let begun = UnderWay { since: self.clock.now(), ..UnderWay::default() };
        self.reports.under_way().insert(id.to_owned(), begun);
        let made = self.make_report(id).await;
        let cancelled = self.reports.under_way().remove(id).is_some_and(|it| it.cancelled);
        self.tidy(id).await;
        match made {
            Ok(record) => {
                self.drop_leftovers(&record).await;
                let rows: u64 = record.parts.iter().map(|part| part.rows).sum();
                self.audit_report("REPORT_FINISHED", &record, None, None, json!({ "rows": rows })).await;
                true
            }
            Err(Stop::Left) => {
                if cancelled || self.was_cancelled(id).await {
                    self.remove_files(id).await;
                }
                true
            }
            Err(Stop::Away(why)) => {
                tracing::warn!(%why, report = id, "a report cannot go on; it will be tried again");
                false
            }
            Err(Stop::Failed(problem)) => {
                tracing::error!(problem, report = id, "a report failed");
                self.fail_report(id, problem).await;
                true
            }
        }
    }

    /// Whether a report was stopped, perhaps by way of another process.
    async fn was_cancelled(&self, id: &str) -> bool {
        let kept = self.stores.reports.get(id).await;
        matches!(kept, Ok(Some(KeptReport::Report(it))) if it.state == ReportState::Cancelled)
    }

    async fn fail_report(&self, id: &str, problem: String) {
        let Ok(Some(KeptReport::Report(old))) = self.stores.reports.get(id).await else { return };
        let now = self.clock.now();
        let expires_at = Some(now.ahead(old.asked.keep_days * 86_400));
        let state = ReportState::Failed;
        let new = ReportRecord { state, problem: Some(problem), ended_at: Some(now), expires_at, ..old.clone() };
        if self.move_on(old, new.clone()).await.is_ok() {
            self.audit_report("REPORT_FAILED", &new, None, None, json!({ "problem": new.problem })).await;
        }
    }

    async fn move_on(&self, old: ReportRecord, new: ReportRecord) -> Result<ReportRecord, Stop> {
        let kept = KeptReport::Report(new.clone());
        match self.stores.reports.replace(&KeptReport::Report(old), kept).await? {
            true => Ok(new),
            false => Err(Stop::Left),
        }
    }

    async fn make_report(&self, id: &str) -> Result<ReportRecord, Stop> {
        let Some(KeptReport::Report(record)) = self.stores.reports.get(id).await? else { return Err(Stop::Left) };
        let mut record = match record.state {
            ReportState::Waiting => self.begin(record).await?,
            ReportState::Running => record,
            _ => return Err(Stop::Left),
        };
        let dir = self.reports.dir_of(id);
        let (at, parts) = (dir.clone(), record.parts.clone());
        aside(move || clear(&at, &parts)).await?;
        let up_to = Place::from_bits(record.up_to.unwrap_or(0));
        let mut after = record.reached.map(Place::from_bits);
        let mut part: Option<Part> = None;
        loop {
            if self.reports.must_stop(id) {
                return Err(Stop::Left);
            }
            let searching = Searching {
                enterprise: record.enterprise.clone(),
                filters: record.asked.filters.clone(),
                order: Order::OldestFirst,
                after,
                limit: PAGE_ENTRIES_MAX,
                oldest: record.oldest,
            };
            let page = self.stores.search.search(searching).await?;
            after = page.last;
            let counts = page.entries.into_iter().filter(|entry| entry.recorded <= up_to);
            let entries: Vec<Entry> = counts
                .map(|entry| Entry {
                    created_at: entry.at.second,
                    recorded_at: entry.recorded.second,
                    bytes: entry.bytes,
                })
                .collect();
            if !entries.is_empty() || (page.end && part.is_none() && record.parts.is_empty()) {
                let (at, number, asked) = (dir.clone(), record.parts.len() + 1, record.asked.clone());
                let open = part.take();
                let written = aside(move || {
                    let mut part = match open {
                        Some(part) => part,
                        None => Part::begin(&at, number, &asked)?,
                    };
                    part.write(&entries)?;
                    Ok(part)
                });
                let written = written.await?;
                if let Some(it) = self.reports.under_way().get_mut(id) {
                    (it.rows, it.bytes) = (written.rows, written.bytes);
                }
                part = Some(written);
            }
            let full = |part: &Part| part.rows >= REPORT_PART_ROWS_MAX || part.bytes >= REPORT_PART_BYTES_MAX;
            if let Some(whole) = part.take_if(|part| page.end || full(part)) {
                let whole = aside(move || whole.finish()).await?;
                let rows = whole.rows;
                let name = whole.name.clone();
                let mut parts = record.parts.clone();
                parts.push(whole);
                let further = ReportRecord { parts, reached: after.map(Place::to_bits), ..record.clone() };
                self.shelve(&further, &name).await?;
                record = self.move_on(record, further).await?;
                if let Some(it) = self.reports.under_way().get_mut(id) {
                    *it = UnderWay { rows: 0, bytes: 0, made: it.made + rows, ..*it };
                }
            }
            if page.end {
                return self.finish(record, dir).await;
            }
        }
    }

    /// Fixes what counts, and guesses how much it is.
    async fn begin(&self, old: ReportRecord) -> Result<ReportRecord, Stop> {
        let now = self.clock.now();
        let oldest = self.oldest_kept(&old.enterprise).await?;
        let ends = self.stores.ledger.ends(&Line::Streaming(old.enterprise.clone()), Place::END).await?;
        let expected_rows = self.expected_rows(&old, oldest).await?;
        let new = ReportRecord {
            state: ReportState::Running,
            oldest,
            up_to: Some(ends.stored.to_bits()),
            expected_rows,
            started_at: Some(now),
            ..old.clone()
        };
        self.move_on(old, new).await
    }

    /// How many events there will be, if that can be counted.
    async fn expected_rows(&self, report: &ReportRecord, oldest: Second) -> Result<Option<u64>, Stop> {
        let filters = report.asked.filters.clone();
        let edges = vec![Second(0), Second::MAX];
        let counting = Counting { enterprise: report.enterprise.clone(), filters, oldest, edges };
        let counts = self.stores.search.count(counting).await?;
        Ok(Some(counts.buckets.iter().sum()).filter(|_| counts.counted_from == Second(0)))
    }

    async fn finish(&self, old: ReportRecord, dir: PathBuf) -> Result<ReportRecord, Stop> {
        let now = self.clock.now();
        let expires_at = Some(now.ahead(old.asked.keep_days * 86_400));
        let new = ReportRecord { state: ReportState::Finished, ended_at: Some(now), expires_at, ..old.clone() };
        let asked_by = self.stores.directory.user(&old.asked_by).await?.map(|user| user.person);
        let asked_by = match asked_by {
            Some(person) => super::super::audit::user_source(&person),
            None => json!({"type": "user", "id": old.asked_by.as_str()}),
        };
        let manifest = self.reports.key.manifest(&new, &asked_by, &filter_words(&old.asked.filters));
        aside(move || put_file(&dir, MANIFEST, &manifest)).await?;
        self.shelve(&new, MANIFEST).await?;
        self.move_on(old, new).await
    }
}

/// Makes the directory of a report, with nothing in it but these parts: what a crash left behind goes.
fn clear(dir: &Path, parts: &[PartRecord]) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if !parts.iter().any(|part| entry.file_name() == part.name.as_str()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
