//! Reports: asked for, made in the background, fetched later. Who may, and what is kept of them; [`run`] makes them.
//!
//! A report is some part files and a signed manifest; `files` knows where they are kept. Asking for one, its end, fetching
//! and deleting it each leave an event in the enterprise's audit log.

mod csv;
mod files;
pub mod manifest;
mod parquet;
mod part;
pub mod run;
pub mod schedule;

pub use files::ReportFile;

use super::Services;
use super::administer::AdminError;
use super::audit::Deed;
use crate::auth::Caller;
use crate::entropy::{hex, random};
use feed::directory::Person;
use feed::limits::{REPORT_KEPT_DAYS_MAX, REPORT_NAME_CHARS_MAX, REPORTS_MAX};
use feed::permission::Action;
use feed::report::{Asked, Column, Format};
use feed::search::Filters;
use manifest::{MANIFEST, ReportKey};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::report_store::{KeptReport, ReportRecord, ReportState};
use tokio::sync::Notify;

/// What the server shares about reports.
pub struct Reports {
    dir: PathBuf,
    /// Whether nothing is to be left of them when the server ends.
    temporary: bool,
    key: ReportKey,
    /// Rung when there is something to make.
    pub(crate) nudge: Notify,
    /// Whether the server is closing, so that reports are to be left where they are.
    closing: AtomicBool,
    under_way: Mutex<FxHashMap<String, UnderWay>>,
}

/// How far a report that is being made is beyond its last whole part.
#[derive(Debug, Clone, Copy, Default)]
struct UnderWay {
    rows: u64,
    bytes: u64,
    /// Events of the whole parts that were made since it was begun or gone on with.
    made: u64,
    since: feed::time::Second,
    cancelled: bool,
}

impl Drop for Reports {
    fn drop(&mut self) {
        if self.temporary {
            // It is a directory of our own, with a name that nobody else has.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

impl Reports {
    /// Reports kept in a directory of the store.
    pub fn kept_in(dir: PathBuf, key: ReportKey) -> Self {
        Reports {
            dir,
            temporary: false,
            key,
            nudge: Notify::new(),
            closing: AtomicBool::new(false),
            under_way: Mutex::default(),
        }
    }

    /// Reports of a store that keeps nothing: in the machine's directory for temporary files, until the server ends.
    pub fn temporary(key: ReportKey) -> Self {
        let dir = std::env::temp_dir().join(format!("tidings-reports-{}", hex(&random::<12>())));
        let mut reports = Self::kept_in(dir, key);
        reports.temporary = true;
        reports
    }

    /// The short name of the key that signs reports.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint()
    }

    /// The directory of a report. Ids are made by the server, so they are plain names.
    fn dir_of(&self, id: &str) -> PathBuf {
        self.dir.join(id)
    }

    fn under_way(&self) -> MutexGuard<'_, FxHashMap<String, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn must_stop(&self, id: &str) -> bool {
        self.closing.load(Ordering::Acquire) || self.under_way().get(id).is_some_and(|it| it.cancelled)
    }
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct ReportWish {
    /// What it is called; the server finds a name if it is empty.
    pub name: String,
    /// Which events.
    pub filters: Filters,
    /// In which form.
    pub format: Format,
    /// Names of columns; none means the usual ones.
    pub columns: Vec<String>,
    /// For how many days it is kept; `None` is 30.
    pub keep_days: Option<u32>,
}

/// Days for which a finished report is kept unless it says otherwise.
pub const KEEP_DAYS_DEFAULT: u32 = 30;

impl ReportWish {
    fn asked(&self) -> Result<Asked, AdminError> {
        let bad = |why: String| Err(AdminError::Bad(why));
        if self.name.chars().count() > REPORT_NAME_CHARS_MAX {
            return bad(format!("name has more than {REPORT_NAME_CHARS_MAX} characters."));
        }
        let keep_days = self.keep_days.unwrap_or(KEEP_DAYS_DEFAULT);
        if !(1..=REPORT_KEPT_DAYS_MAX).contains(&keep_days) {
            return bad(format!("keep_days must be 1 to {REPORT_KEPT_DAYS_MAX}."));
        }
        let mut columns = Vec::new();
        for name in &self.columns {
            let Some(column) = Column::named(name) else {
                let known: Vec<&str> = Column::EVERY.iter().map(|(_, name)| *name).collect();
                let shown: String = name.chars().take(60).collect();
                return bad(format!("'{}' is no column; the columns are {}.", shown.escape_debug(), known.join(", ")));
            };
            if columns.contains(&column) {
                return bad(format!("The column {name} is there twice."));
            }
            columns.push(column);
        }
        match self.format {
            Format::Ndjson if !columns.is_empty() => {
                return bad("NDJSON has whole events; leave the columns out, or ask for csv or parquet.".to_owned());
            }
            Format::Ndjson => {}
            Format::Csv | Format::Parquet if columns.is_empty() => columns = Column::usual(),
            Format::Csv | Format::Parquet => {}
        }
        let name = if self.name.trim().is_empty() { "Report".to_owned() } else { self.name.trim().to_owned() };
        Ok(Asked { name, filters: self.filters.clone(), format: self.format, columns, keep_days })
    }
}

/// A report, and how far it is.
#[derive(Debug, Clone)]
pub struct ShownReport {
    /// What is kept of it.
    pub record: ReportRecord,
    /// How many events are in it by now.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// When it will be finished if it goes on like this; only while it is being made.
    pub expected_end: Option<feed::time::Second>,
}

/// The filters of a report, in the words in which they are asked for.
pub fn filter_words(filters: &Filters) -> Value {
    let mut words = serde_json::Map::new();
    let mut put = |name: &str, value: Value| drop(words.insert(name.to_owned(), value));
    if let Some(from) = filters.created_from {
        put("created_after", json!(from.to_string()));
    }
    if let Some(before) = filters.created_before {
        put("created_before", json!(before.to_string()));
    }
    let lists: [(&str, Vec<&str>); 6] = [
        ("event_types", filters.types.iter().map(|it| it.as_str()).collect()),
        ("actors", filters.actors.iter().map(|it| it.as_str()).collect()),
        ("items", filters.items.iter().map(|it| it.as_str()).collect()),
        ("folders", filters.folders.iter().map(|it| it.as_str()).collect()),
        ("groups", filters.groups.iter().map(|it| it.as_str()).collect()),
        ("ip_addresses", filters.addresses.iter().map(|it| it.as_str()).collect()),
    ];
    for (name, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        put(name, json!(values));
    }
    if let Some(text) = &filters.text {
        put("text", json!(text.as_str()));
    }
    Value::Object(words)
}

/// Does something that waits for the disk.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(act).await.unwrap_or_else(|_| Err(io::Error::other("it broke off")))
}

fn missing(id: &str) -> AdminError {
    AdminError::Missing("report", id.chars().take(64).collect())
}

impl Services {
    /// Asks for a report.
    ///
    /// # Errors
    /// [`AdminError`] names what cannot be asked.
    pub async fn ask_report(&self, caller: &Caller, wish: &ReportWish) -> Result<ShownReport, AdminError> {
        caller.may(Action::Report).map_err(AdminError::Denied)?;
        let asked = wish.asked()?;
        let record = self.new_report(caller.enterprise(), caller.person(), asked, None).await?;
        self.audit_report("REPORT_CREATED", &record, Some(caller.person()), caller.ip(), json!({})).await;
        Ok(self.shown(record))
    }

    async fn new_report(
        &self,
        enterprise: &feed::id::EnterpriseId,
        by: &Person,
        asked: Asked,
        schedule: Option<String>,
    ) -> Result<ReportRecord, AdminError> {
        let there = self.stores.reports.list(Some(enterprise)).await?;
        if there.iter().filter(|kept| matches!(kept, KeptReport::Report(_))).count() >= REPORTS_MAX {
            return Err(AdminError::Bad(format!("There are {REPORTS_MAX} reports already; delete some first.")));
        }
        let record = ReportRecord {
            id: hex(&random::<8>()),
            enterprise: enterprise.clone(),
            asked_by: by.id.clone(),
            asked_at: self.clock.now(),
            schedule,
            asked,
            state: ReportState::Waiting,
            oldest: feed::time::Second(0),
            up_to: None,
            expected_rows: None,
            reached: None,
            parts: Vec::new(),
            started_at: None,
            ended_at: None,
            expires_at: None,
            problem: None,
        };
        if !self.stores.reports.add(KeptReport::Report(record.clone())).await? {
            return Err(AdminError::BadText("The id of the report is taken; try again."));
        }
        self.reports.nudge.notify_one();
        Ok(record)
    }

    fn shown(&self, record: ReportRecord) -> ShownReport {
        let mut shown = ShownReport {
            rows: record.parts.iter().map(|part| part.rows).sum(),
            bytes: record.parts.iter().map(|part| part.bytes).sum(),
            expected_end: None,
            record,
        };
        let under_way = self.reports.under_way().get(&shown.record.id).copied();
        if let Some(it) = under_way.filter(|_| shown.record.state == ReportState::Running) {
            shown.rows += it.rows;
            shown.bytes += it.bytes;
            let made = it.made + it.rows;
            let left = shown.record.expected_rows.map(|all| all.saturating_sub(shown.rows));
            let now = self.clock.now();
            let elapsed = u64::from(now.0.saturating_sub(it.since.0));
            if let (Some(left), true) = (left, made > 0 && elapsed > 0) {
                let seconds = u32::try_from(left.saturating_mul(elapsed) / made).unwrap_or(u32::MAX);
                shown.expected_end = Some(now.ahead(seconds));
            }
        }
        shown
    }

    async fn own_report(&self, caller: &Caller, id: &str) -> Result<ReportRecord, AdminError> {
        caller.may(Action::Report).map_err(AdminError::Denied)?;
        match self.stores.reports.get(id).await? {
            Some(KeptReport::Report(record)) if record.enterprise == *caller.enterprise() => Ok(record),
            _ => Err(missing(id)),
        }
    }

    /// The reports of the caller's enterprise, the newest first.
    ///
    /// # Errors
    /// [`AdminError::Denied`] or [`AdminError::Unavailable`].
    pub async fn list_reports(&self, caller: &Caller) -> Result<Vec<ShownReport>, AdminError> {
        caller.may(Action::Report).map_err(AdminError::Denied)?;
        let kept = self.stores.reports.list(Some(caller.enterprise())).await?;
        let records = kept.into_iter().filter_map(|kept| match kept {
            KeptReport::Report(record) => Some(self.shown(record)),
            KeptReport::Schedule(_) => None,
        });
        let mut shown: Vec<ShownReport> = records.collect();
        shown.sort_by(|a, b| b.record.asked_at.cmp(&a.record.asked_at).then_with(|| a.record.id.cmp(&b.record.id)));
        Ok(shown)
    }

    /// A report.
    ///
    /// # Errors
    /// [`AdminError::Missing`], also for another enterprise's.
    pub async fn report(&self, caller: &Caller, id: &str) -> Result<ShownReport, AdminError> {
        Ok(self.shown(self.own_report(caller, id).await?))
    }

    /// Stops a report that is not finished. What was made of it goes.
    ///
    /// # Errors
    /// [`AdminError::Bad`] if it has ended already.
    pub async fn cancel_report(&self, caller: &Caller, id: &str) -> Result<ShownReport, AdminError> {
        loop {
            let old = self.own_report(caller, id).await?;
            if !matches!(old.state, ReportState::Waiting | ReportState::Running) {
                return Err(AdminError::Bad("The report has ended already; delete it instead.".to_owned()));
            }
            let now = Some(self.clock.now());
            let new = ReportRecord {
                state: ReportState::Cancelled,
                ended_at: now,
                expires_at: now.map(|now| now.ahead(old.asked.keep_days * 86_400)),
                parts: Vec::new(),
                ..old.clone()
            };
            let (old, new) = (KeptReport::Report(old), new);
            if self.stores.reports.replace(&old, KeptReport::Report(new.clone())).await? {
                if let Some(it) = self.reports.under_way().get_mut(id) {
                    it.cancelled = true;
                }
                self.remove_files(id).await;
                self.audit_report("REPORT_CANCELLED", &new, Some(caller.person()), caller.ip(), json!({})).await;
                return Ok(self.shown(new));
            }
            // It went on in the meantime.
        }
    }

    /// Deletes a report that has ended, with its files.
    ///
    /// # Errors
    /// [`AdminError::Bad`] while it is being made.
    pub async fn delete_report(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        let record = self.own_report(caller, id).await?;
        if matches!(record.state, ReportState::Waiting | ReportState::Running) {
            return Err(AdminError::Bad("The report is not finished; cancel it first.".to_owned()));
        }
        self.stores.reports.remove(id).await?;
        self.remove_files(id).await;
        self.audit_report("REPORT_DELETED", &record, Some(caller.person()), caller.ip(), json!({})).await;
        Ok(())
    }

    /// Opens the manifest or a part of a finished report. Each fetch is in the audit log.
    ///
    /// # Errors
    /// [`AdminError::Missing`] if there is no such file.
    pub async fn report_file(&self, caller: &Caller, id: &str, name: &str) -> Result<ReportFile, AdminError> {
        let record = self.own_report(caller, id).await?;
        if record.state != ReportState::Finished {
            return Err(AdminError::Bad("The report is not finished.".to_owned()));
        }
        let known = name == MANIFEST || record.parts.iter().any(|part| part.name == name);
        let gone = || AdminError::Missing("file of the report", name.chars().take(64).collect());
        if !known {
            return Err(gone());
        }
        let file = self.open_file(&record, name).await?.ok_or_else(gone)?;
        let details = json!({ "file": name, "bytes": file.bytes });
        self.audit_report("REPORT_DOWNLOADED", &record, Some(caller.person()), caller.ip(), details).await;
        Ok(file)
    }

    /// The short name of the key that signs reports, to be compared with what a check of one shows.
    ///
    /// # Errors
    /// [`AdminError::Denied`].
    pub fn report_key(&self, caller: &Caller) -> Result<String, AdminError> {
        caller.may(Action::Report).map_err(AdminError::Denied)?;
        Ok(self.reports.fingerprint())
    }

    async fn audit_report(
        &self,
        event_type: &'static str,
        record: &ReportRecord,
        actor: Option<&Person>,
        ip: Option<IpAddr>,
        more: Value,
    ) {
        let mut details = json!({
            "format": record.asked.format.word(),
            "filters": filter_words(&record.asked.filters),
        });
        if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
            details.extend(more);
        }
        let source = json!({"type": "report", "id": record.id, "name": record.asked.name});
        self.audit(Deed { event_type, enterprise: &record.enterprise, actor, ip, source, details }).await;
    }
}
