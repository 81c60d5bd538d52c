//! A keeper that falls ill or pauses on command, for what a server does then.

use async_trait::async_trait;
use feed::directory::{Enterprise, ListSpan, User};
use feed::event::FeedKind;
use feed::id::{EnterpriseId, EventId, UserId};
use feed::page::{Ends, Slice};
use feed::position::Place;
use feed::time::Second;
use std::sync::{Arc, Mutex};
use store::Stores;
use store::access_store::{AccessKey, AccessKind, AccessRecord, AccessStore};
use store::directory_store::{DirectoryStore, Question};
use store::ledger::{AppendError, Appended, Batch, Found, Ledger, Line, Scan, Swept, Unavailable};
use store::search::{Counting, Counts, Matches, Search, Searching};
use store::token_store::{TokenHash, TokenRecord, TokenStore};
use tokio::sync::watch;

/// What ails a keeper.
#[derive(Debug, Clone)]
pub(crate) enum Ill {
    /// It says that it cannot serve.
    Unavailable(Unavailable),
    /// It takes nothing more for one second of `created_at`.
    SecondFull,
    /// It has a bug.
    Panics,
}

/// Which part of it is ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Ledger,
    Directory,
    Tokens,
}

/// A keeper around another one.
pub(crate) struct Spoiled {
    inner: Stores,
    illness: Arc<Illness>,
}

/// Where it can be made to pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// An append has come, and nothing of it is stored yet.
    BeforeAppend,
    /// A scan has looked, and nobody has been told yet.
    AfterScan,
}

/// The handle by which a test makes it ill and well again, or lets it pause.
#[derive(Debug, Default)]
pub(crate) struct Illness {
    ill: Mutex<Option<(Part, Ill)>>,
    paused: watch::Sender<Option<Pause>>,
}

impl Illness {
    pub(crate) fn strike(&self, part: Part, ill: Ill) {
        *self.ill.lock().unwrap() = Some((part, ill));
    }

    pub(crate) fn heal(&self) {
        *self.ill.lock().unwrap() = None;
    }

    pub(crate) fn pause(&self, at: Pause) {
        self.paused.send_replace(Some(at));
    }

    pub(crate) fn resume(&self) {
        self.paused.send_replace(None);
    }

    async fn pass(&self, at: Pause) {
        self.paused.subscribe().wait_for(|paused| *paused != Some(at)).await.unwrap();
    }

    fn check(&self, part: Part) -> Result<(), Unavailable> {
        let ill = self.ill.lock().unwrap().clone().filter(|(struck, _)| *struck == part);
        match ill {
            Some((_, Ill::Unavailable(why))) => Err(why),
            Some((_, Ill::Panics)) => panic!("a bug, made for a test"),
            Some((_, Ill::SecondFull)) | None => Ok(()),
        }
    }

    fn check_append(&self, batch: &Batch) -> Result<(), AppendError> {
        self.check(Part::Ledger).map_err(AppendError::Unavailable)?;
        match *self.ill.lock().unwrap() {
            Some((_, Ill::SecondFull)) => Err(AppendError::SecondFull { index: 0, created_at: batch.now }),
            _ => Ok(()),
        }
    }
}

impl Spoiled {
    /// Wraps stores; well at first.
    pub(crate) fn around(inner: Stores, illness: Arc<Illness>) -> Stores {
        let spoiled = Arc::new(Spoiled { inner, illness });
        Stores {
            ledger: spoiled.clone(),
            directory: spoiled.clone(),
            tokens: spoiled.clone(),
            access: spoiled.clone(),
            search: spoiled.clone(),
            reports: spoiled.inner.reports.clone(),
            retention: spoiled.inner.retention.clone(),
            import: spoiled.inner.import.clone(),
        }
    }
}

#[async_trait]
impl Ledger for Spoiled {
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        self.illness.check_append(&batch)?;
        self.illness.pass(Pause::BeforeAppend).await;
        self.inner.ledger.append(batch).await
    }

    async fn scan(&self, scan: Scan) -> Result<Slice, Unavailable> {
        self.illness.check(Part::Ledger)?;
        let slice = self.inner.ledger.scan(scan).await;
        self.illness.pass(Pause::AfterScan).await;
        slice
    }

    async fn ends(&self, line: &Line, below: Place) -> Result<Ends, Unavailable> {
        self.illness.check(Part::Ledger)?;
        self.inner.ledger.ends(line, below).await
    }

    async fn frontier(&self, enterprise: &EnterpriseId, now: Second) -> Result<Second, Unavailable> {
        self.illness.check(Part::Ledger)?;
        self.inner.ledger.frontier(enterprise, now).await
    }

    async fn find(
        &self,
        enterprise: &EnterpriseId,
        kind: FeedKind,
        event_id: &EventId,
    ) -> Result<Option<Found>, Unavailable> {
        self.illness.check(Part::Ledger)?;
        self.inner.ledger.find(enterprise, kind, event_id).await
    }

    async fn sweep(&self, now: Second) -> Result<Swept, Unavailable> {
        self.illness.check(Part::Ledger)?;
        self.inner.ledger.sweep(now).await
    }
}

#[async_trait]
impl DirectoryStore for Spoiled {
    async fn lists(&self, user: &UserId) -> Result<Vec<ListSpan>, Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.lists(user).await
    }

    async fn consult(&self, question: Question<'_>) -> Result<(), Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.consult(question).await
    }

    async fn enterprise(&self, id: &EnterpriseId) -> Result<Option<Enterprise>, Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.enterprise(id).await
    }

    async fn enterprises(&self) -> Result<Vec<Enterprise>, Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.enterprises().await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.user(id).await
    }

    async fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Result<Option<User>, Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.user_by_login(enterprise, login).await
    }

    async fn users(
        &self,
        enterprise: &EnterpriseId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<User>, Unavailable> {
        self.illness.check(Part::Directory)?;
        self.inner.directory.users(enterprise, after, limit).await
    }
}

#[async_trait]
impl TokenStore for Spoiled {
    async fn add(&self, token: TokenRecord) -> Result<(), Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.add(token).await
    }

    async fn find(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.find(hash).await
    }

    async fn find_by_id(&self, id: &str) -> Result<Option<TokenRecord>, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.find_by_id(id).await
    }

    async fn list(&self, enterprise: &EnterpriseId) -> Result<Vec<TokenRecord>, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.list(enterprise).await
    }

    async fn remove(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.remove(enterprise, id).await
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.forget_expired(now).await
    }

    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.tokens.secret(name, fresh).await
    }
}

#[async_trait]
impl AccessStore for Spoiled {
    async fn add(&self, record: AccessRecord) -> Result<bool, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.access.add(record).await
    }

    async fn replace(&self, old: &AccessRecord, new: AccessRecord) -> Result<bool, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.access.replace(old, new).await
    }

    async fn get(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.access.get(key).await
    }

    async fn take(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.access.take(key).await
    }

    async fn list(&self, kind: AccessKind, enterprise: &EnterpriseId) -> Result<Vec<AccessRecord>, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.access.list(kind, enterprise).await
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        self.illness.check(Part::Tokens)?;
        self.inner.access.forget_expired(now).await
    }
}

/// Searching reads the ledger.
#[async_trait]
impl Search for Spoiled {
    async fn search(&self, searching: Searching) -> Result<Matches, Unavailable> {
        self.illness.check(Part::Ledger)?;
        self.inner.search.search(searching).await
    }

    async fn count(&self, counting: Counting) -> Result<Counts, Unavailable> {
        self.illness.check(Part::Ledger)?;
        self.inner.search.count(counting).await
    }
}
