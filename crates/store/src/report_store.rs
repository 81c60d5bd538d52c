//! Reports asked for and schedules of reports, as kept. The reports themselves are files of the program's.

use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::id::{EnterpriseId, UserId};
use feed::report::{Asked, Every};
use feed::time::Second;
use serde::{Deserialize, Serialize};

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// Its turn has not come.
    Waiting,
    /// It is being made; after a restart it is gone on with.
    Running,
    /// It can be fetched.
    Finished,
    /// Somebody stopped it.
    Cancelled,
    /// It could not be made.
    Failed,
}

/// A file of a report. It is whole and durable before it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its name.
    pub name: String,
    /// How many events are in it.
    pub rows: u64,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// The SHA-256 of it, in hexadecimal digits.
    pub sha256: String,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// Its id.
    pub id: String,
    /// Whose events.
    pub enterprise: EnterpriseId,
    /// Who asked.
    pub asked_by: UserId,
    /// When.
    pub asked_at: Second,
    /// The schedule that asked, if one did.
    pub schedule: Option<String>,
    /// For what.
    pub asked: Asked,
    /// How far it is.
    pub state: ReportState,
    /// Events recorded before this second were past their retention when it began.
    pub oldest: Second,
    /// The last place of arrival that counts for it, as bits; it is set when it begins.
    pub up_to: Option<u64>,
    /// How many events it is expected to have, worked out when it begins.
    pub expected_rows: Option<u64>,
    /// The place by the true `created_at` up to which `parts` reach, as bits.
    pub reached: Option<u64>,
    /// The files that are whole.
    pub parts: Vec<PartRecord>,
    /// When it began.
    pub started_at: Option<Second>,
    /// When it ended, however it did.
    pub ended_at: Option<Second>,
    /// When its files are removed.
    pub expires_at: Option<Second>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// A report to be made again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRecord {
    /// Its id.
    pub id: String,
    /// Whose events.
    pub enterprise: EnterpriseId,
    /// In whose name.
    pub made_by: UserId,
    /// When it was made.
    pub made_at: Second,
    /// What is asked for each time; its window is that of the period that is over.
    pub asked: Asked,
    /// How often.
    pub every: Every,
    /// When it is due.
    pub next_at: Second,
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptReport {
    /// A report.
    Report(ReportRecord),
    /// A schedule.
    Schedule(ScheduleRecord),
}

impl KeptReport {
    /// What it is found by.
    pub fn id(&self) -> &str {
        match self {
            KeptReport::Report(it) => &it.id,
            KeptReport::Schedule(it) => &it.id,
        }
    }

    /// Whose it is.
    pub fn enterprise(&self) -> &EnterpriseId {
        match self {
            KeptReport::Report(it) => &it.enterprise,
            KeptReport::Schedule(it) => &it.enterprise,
        }
    }
}

/// The part of a store that keeps reports and schedules. Each verb is one step, and what was answered is durable.
#[async_trait]
pub trait ReportStore: Send + Sync {
    /// Keeps something new if there is nothing with its id; answers whether it was kept.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be kept; so with the others.
    async fn add(&self, kept: KeptReport) -> Result<bool, Unavailable>;

    /// Puts `new` in the place of `old`, which has the same id, if that is still as it was; answers whether it was.
    async fn replace(&self, old: &KeptReport, new: KeptReport) -> Result<bool, Unavailable>;

    /// What is kept under this id.
    async fn get(&self, id: &str) -> Result<Option<KeptReport>, Unavailable>;

    /// Everything of an enterprise, or of all; sorted by id. How much there may be is bounded by who adds.
    async fn list(&self, enterprise: Option<&EnterpriseId>) -> Result<Vec<KeptReport>, Unavailable>;

    /// Forgets what is kept under this id, and whatever of it is on the shelf; answers whether there was anything.
    async fn remove(&self, id: &str) -> Result<bool, Unavailable>;

    /// Where the files of reports are kept so that every process that shares the store can fetch them. `None` if no other
    /// process does: then the program keeps them in a directory of its own.
    fn shelf(&self) -> Option<&dyn ReportShelf> {
        None
    }
}

/// Files of reports, kept with the store. A file is put on the shelf piece by piece, and counts once the report's record
/// names it; so nobody sees half of one.
#[async_trait]
pub trait ReportShelf: Send + Sync {
    /// Claims the making of a report, unless another process has; the claim ends when it is dropped, or its process dies.
    /// It keeps two from doing the same work, no more: what counts is who replaces the record.
    ///
    /// # Errors
    /// [`Unavailable`]; so with the others.
    async fn claim(&self, report: &str) -> Result<Option<Claim>, Unavailable>;

    /// Keeps a piece of a file, of at most [`REPORT_PIECE_BYTES`]; `false` if there is no such report any more. Pieces
    /// are numbered from 0.
    async fn put_piece(&self, report: &str, file: &str, number: u32, piece: &[u8]) -> Result<bool, Unavailable>;

    /// A piece of a file; `None` after the last.
    async fn piece(&self, report: &str, file: &str, number: u32) -> Result<Option<Vec<u8>>, Unavailable>;

    /// How long a file is, in bytes, if it is there.
    async fn length(&self, report: &str, file: &str) -> Result<Option<u64>, Unavailable>;

    /// Removes the files of a report except these.
    async fn keep_only(&self, report: &str, files: &[String]) -> Result<(), Unavailable>;
}

/// The size of the pieces in which files are put on a shelf, in bytes.
pub const REPORT_PIECE_BYTES: usize = 512 * 1024;

/// Keeps other processes from making a report, until it is dropped.
pub struct Claim {
    _held: Box<dyn std::any::Any + Send + Sync>,
}

impl Claim {
    /// A claim that lasts as long as this does.
    pub(crate) fn held_by(held: impl Send + Sync + 'static) -> Self {
        Claim { _held: Box::new(held) }
    }
}
