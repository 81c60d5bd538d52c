//! The small state: tokens, access records, secrets and holds, in a redb database.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `tokens` | number, growing | the record as JSON |
//! | `access` | kind and name of an access record | the record as JSON |
//! | `secrets` | name | 32 bytes |
//! | `legal_holds` | id | the hold as JSON |
//! | `reports` | id of a report or of a schedule | the record as JSON |
//! | `holds` | enterprise | nothing; how holds were kept before they had names |
//! | `snapshots` | | the directory, before format 5; see `snapshot` |
//!
//! All of it is in memory as well, and is read and decided about there, so that a disk that is full or
//! failing locks nobody out. A change is made durable first and then in memory, one after the other. If it is told to
//! have failed it may be found made after a restart.

mod access;
mod base;
mod holds;
mod moving;
mod reports;
mod snapshot;
mod tokens;

use super::fault::Fault;
use super::files::Files;
use crate::access_store::{AccessKey, AccessRecord};
use crate::ledger::Unavailable;
use crate::report_store::KeptReport;
use crate::token_store::TokenRecord;
use base::{ACCESS, Base, LEGAL_HOLDS, REPORTS, SECRETS, TOKENS, broken};
use feed::hold::Hold;
use redb::{ReadableDatabase, ReadableTable};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

pub(super) use base::check;

/// What is in memory.
#[derive(Debug, Default)]
struct Kept {
    tokens: BTreeMap<u64, TokenRecord>,
    hashes: FxHashMap<[u8; 32], u64>,
    ids: FxHashMap<String, u64>,
    access: BTreeMap<AccessKey, AccessRecord>,
    secrets: FxHashMap<String, [u8; 32]>,
    /// By id.
    holds: BTreeMap<String, Hold>,
    /// Reports and their schedules, by id.
    reports: BTreeMap<String, KeptReport>,
    /// Grows with each change of a hold.
    holds_version: u64,
}

/// A change of one row.
#[derive(Debug)]
enum Change {
    Token(u64, TokenRecord),
    NoToken(u64),
    Access(AccessRecord),
    NoAccess(AccessKey),
    Secret(String, [u8; 32]),
    Hold(Hold),
    NoHold(String),
    Report(Box<KeptReport>),
    NoReport(String),
}

impl Change {
    /// Makes it in the database.
    fn write(&self, write: &redb::WriteTransaction) -> Result<(), redb::Error> {
        match self {
            Change::Token(number, token) => {
                let json = serde_json::to_vec(token).map_err(broken)?;
                write.open_table(TOKENS)?.insert(number, json.as_slice())?;
            }
            Change::NoToken(number) => {
                write.open_table(TOKENS)?.remove(number)?;
            }
            Change::Access(record) => {
                let json = serde_json::to_vec(record).map_err(broken)?;
                write.open_table(ACCESS)?.insert(record.key().to_string().as_str(), json.as_slice())?;
            }
            Change::NoAccess(key) => {
                write.open_table(ACCESS)?.remove(key.to_string().as_str())?;
            }
            Change::Secret(name, secret) => {
                write.open_table(SECRETS)?.insert(name.as_str(), secret)?;
            }
            Change::Hold(hold) => {
                let json = serde_json::to_vec(hold).map_err(broken)?;
                write.open_table(LEGAL_HOLDS)?.insert(hold.id.as_str(), json.as_slice())?;
            }
            Change::NoHold(id) => {
                write.open_table(LEGAL_HOLDS)?.remove(id.as_str())?;
            }
            Change::Report(report) => {
                let json = serde_json::to_vec(report).map_err(broken)?;
                write.open_table(REPORTS)?.insert(report.id(), json.as_slice())?;
            }
            Change::NoReport(id) => {
                write.open_table(REPORTS)?.remove(id.as_str())?;
            }
        }
        Ok(())
    }

    /// Makes it in memory.
    fn apply(self, kept: &mut Kept) {
        match self {
            Change::Token(number, token) => {
                kept.hashes.insert(token.hash.0, number);
                kept.ids.insert(token.id.clone(), number);
                kept.tokens.insert(number, token);
            }
            Change::NoToken(number) => {
                if let Some(token) = kept.tokens.remove(&number) {
                    kept.hashes.remove(&token.hash.0);
                    kept.ids.remove(&token.id);
                }
            }
            Change::Access(record) => {
                kept.access.insert(record.key(), record);
            }
            Change::NoAccess(key) => {
                kept.access.remove(&key);
            }
            Change::Secret(name, secret) => {
                kept.secrets.insert(name, secret);
            }
            Change::Hold(hold) => {
                kept.holds_version += 1;
                kept.holds.insert(hold.id.clone(), hold);
            }
            Change::NoHold(id) => {
                kept.holds_version += 1;
                kept.holds.remove(&id);
            }
            Change::Report(report) => {
                kept.reports.insert(report.id().to_owned(), *report);
            }
            Change::NoReport(id) => {
                kept.reports.remove(&id);
            }
        }
    }
}

/// The small state of an open store.
#[derive(Debug)]
pub(super) struct SmallState {
    base: Base,
    kept: RwLock<Kept>,
    /// Held from deciding about a change until it is in memory.
    turn: Mutex<()>,
}

impl SmallState {
    /// Opens the database, making it if it is not there.
    pub(super) fn open(files: Arc<dyn Files>, dir: &Path) -> Result<Self, Fault> {
        let base = Base::open(files, dir)?;
        holds::take_over_nameless(&base).map_err(|unavailable| Fault::Damaged(unavailable.to_string()))?;
        let read = base.with(|database| {
            let mut kept = Kept::default();
            let read = database.begin_read()?;
            for row in read.open_table(TOKENS)?.iter()? {
                let (number, json) = row?;
                Change::Token(number.value(), serde_json::from_slice(json.value()).map_err(broken)?).apply(&mut kept);
            }
            for row in read.open_table(ACCESS)?.iter()? {
                Change::Access(serde_json::from_slice(row?.1.value()).map_err(broken)?).apply(&mut kept);
            }
            for row in read.open_table(SECRETS)?.iter()? {
                let (name, secret) = row?;
                Change::Secret(name.value().to_owned(), secret.value()).apply(&mut kept);
            }
            for row in read.open_table(LEGAL_HOLDS)?.iter()? {
                Change::Hold(serde_json::from_slice(row?.1.value()).map_err(broken)?).apply(&mut kept);
            }
            for row in read.open_table(REPORTS)?.iter()? {
                Change::Report(serde_json::from_slice(row?.1.value()).map_err(broken)?).apply(&mut kept);
            }
            Ok(kept)
        });
        let kept = read.map_err(|unavailable| Fault::Damaged(unavailable.to_string()))?;
        Ok(SmallState { base, kept: RwLock::new(kept), turn: Mutex::new(()) })
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides about changes and makes them, all or none; nobody comes between.
    fn change<T>(&self, decide: impl FnOnce(&Kept) -> (T, Vec<Change>)) -> Result<T, Unavailable> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, changes) = decide(&self.kept());
        if !changes.is_empty() {
            self.write(&changes)?;
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            changes.into_iter().for_each(|change| change.apply(&mut kept));
        }
        Ok(answer)
    }

    fn write(&self, changes: &[Change]) -> Result<(), Unavailable> {
        self.base.with(|database| {
            let write = database.begin_write()?;
            changes.iter().try_for_each(|change| change.write(&write))?;
            Ok(write.commit()?)
        })
    }

    /// The secret of this name, which is `fresh` if there was none.
    pub(super) fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        self.change(|kept| match kept.secrets.get(name) {
            Some(secret) => (*secret, Vec::new()),
            None => (fresh, vec![Change::Secret(name.to_owned(), fresh)]),
        })
    }

    /// Copies everything into another, empty one.
    pub(super) fn copy_to(&self, other: &SmallState) -> Result<(), Unavailable> {
        let kept = self.kept();
        let tokens = kept.tokens.iter().map(|(number, token)| Change::Token(*number, token.clone()));
        let access = kept.access.values().map(|record| Change::Access(record.clone()));
        let secrets = kept.secrets.iter().map(|(name, secret)| Change::Secret(name.clone(), *secret));
        let holds = kept.holds.values().map(|hold| Change::Hold(hold.clone()));
        // The files of reports are not copied, so only schedules are.
        let schedules = kept.reports.values().filter(|kept| matches!(kept, KeptReport::Schedule(_)));
        let schedules = schedules.map(|schedule| Change::Report(Box::new(schedule.clone())));
        other.write(&tokens.chain(access).chain(secrets).chain(holds).chain(schedules).collect::<Vec<_>>())
    }
}
