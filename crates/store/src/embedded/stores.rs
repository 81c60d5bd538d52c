//! The embedded keeper behind its traits.

use super::EmbeddedStore;
use super::core::Core;
use super::{forecast, known, scan, search, sweep};
use crate::access_store::{AccessKey, AccessKind, AccessRecord, AccessStore};
use crate::directory_store::{DirectoryStore, Question};
use crate::import::{Brought, History, ImportStore};
use crate::ledger::{AppendError, Appended, Batch, Found, Ledger, Line, Scan, Swept, Unavailable};
use crate::report_store::{KeptReport, ReportStore};
use crate::retention_store::{Forecast, RetentionStore};
use crate::search::{Counting, Counts, Matches, Search, Searching};
use crate::token_store::{TokenHash, TokenRecord, TokenStore};
use async_trait::async_trait;
use feed::directory::{Enterprise, ListSpan, User};
use feed::event::FeedKind;
use feed::hold::Hold;
use feed::id::{EnterpriseId, EventId, UserId};
use feed::limits::LIST_ROWS_MAX;
use feed::page::{Ends, Slice};
use feed::position::Place;
use feed::retention::Retention;
use feed::time::Second;

#[async_trait]
impl Ledger for EmbeddedStore {
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        self.inner.hands.append(batch).await
    }

    async fn scan(&self, scan: Scan) -> Result<Slice, Unavailable> {
        let core = &self.inner.core;
        core.reading(|view| scan::scan(view, &core.shelf, &scan))
    }

    async fn ends(&self, line: &Line, below: Place) -> Result<Ends, Unavailable> {
        let core = &self.inner.core;
        let last = |below| core.reading(|view| scan::last_before(view, &core.shelf, line, below));
        // What is stored is asked after what is shown, so that the answer never shows more than is stored.
        let shown = last(below)?.unwrap_or_default();
        let ends = core.lines.get(line.enterprise());
        let stored = match line {
            Line::User { .. } | Line::Streaming(_) => Place::from_bits(ends.last),
            Line::History(_) => Place::from_bits(ends.history),
            // The last place there is lies before the end of all places, which no entry has.
            Line::Window(_) => last(Place::END)?.unwrap_or_default(),
        };
        Ok(Ends { shown, stored })
    }

    async fn frontier(&self, enterprise: &EnterpriseId, now: Second) -> Result<Second, Unavailable> {
        let core = &self.inner.core;
        Ok(core.frontiers.look(enterprise, now, core.options.settling_delay_s))
    }

    async fn find(
        &self,
        enterprise: &EnterpriseId,
        kind: FeedKind,
        event_id: &EventId,
    ) -> Result<Option<Found>, Unavailable> {
        let core = &self.inner.core;
        core.reading(|view| known::find(&core.shelf, view, enterprise, kind, event_id))
    }

    async fn sweep(&self, now: Second) -> Result<Swept, Unavailable> {
        self.inner.hands.turn(now).await?;
        self.inner.hands.upkeep(move |core| sweep::sweep(core, now)).await
    }
}

#[async_trait]
impl ReportStore for EmbeddedStore {
    async fn add(&self, kept: KeptReport) -> Result<bool, Unavailable> {
        self.inner.core.small.add_report(kept)
    }

    async fn replace(&self, old: &KeptReport, new: KeptReport) -> Result<bool, Unavailable> {
        self.inner.core.small.replace_report(old, new)
    }

    async fn get(&self, id: &str) -> Result<Option<KeptReport>, Unavailable> {
        Ok(self.inner.core.small.report(id))
    }

    async fn list(&self, enterprise: Option<&EnterpriseId>) -> Result<Vec<KeptReport>, Unavailable> {
        Ok(self.inner.core.small.list_reports(enterprise))
    }

    async fn remove(&self, id: &str) -> Result<bool, Unavailable> {
        self.inner.core.small.remove_report(id)
    }
}

/// Searching may read a good deal, so it is done on threads that are there for waiting.
#[async_trait]
impl Search for EmbeddedStore {
    async fn search(&self, searching: Searching) -> Result<Matches, Unavailable> {
        self.aside(move |core| core.reading(|view| search::search(view, &core.shelf, &searching))).await
    }

    async fn count(&self, counting: Counting) -> Result<Counts, Unavailable> {
        self.aside(move |core| core.reading(|view| search::count(view, &core.shelf, &counting))).await
    }
}

impl EmbeddedStore {
    async fn aside<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Core) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let core = self.inner.core.clone();
        if !core.options.threads {
            return read(&core);
        }
        tokio::task::spawn_blocking(move || read(&core)).await.unwrap_or(Err(Unavailable::Closing))
    }
}

#[async_trait]
impl DirectoryStore for EmbeddedStore {
    async fn enterprise(&self, id: &EnterpriseId) -> Result<Option<Enterprise>, Unavailable> {
        Ok(self.inner.core.directory().enterprise(id).cloned())
    }

    async fn enterprises(&self) -> Result<Vec<Enterprise>, Unavailable> {
        let mut all: Vec<Enterprise> = self.inner.core.directory().enterprises().cloned().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Unavailable> {
        Ok(self.inner.core.directory().user(id).cloned())
    }

    async fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Result<Option<User>, Unavailable> {
        Ok(self.inner.core.directory().user_by_login(enterprise, login).cloned())
    }

    async fn users(
        &self,
        enterprise: &EnterpriseId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<User>, Unavailable> {
        let directory = self.inner.core.directory();
        let theirs = directory.users().filter(|user| user.home == *enterprise);
        let mut found: Vec<&User> = theirs.filter(|user| after.is_none_or(|after| *after < user.person.id)).collect();
        found.sort_by(|a, b| a.person.id.cmp(&b.person.id));
        Ok(found.into_iter().take(limit.min(LIST_ROWS_MAX)).cloned().collect())
    }

    async fn lists(&self, user: &UserId) -> Result<Vec<ListSpan>, Unavailable> {
        // This directory is changed before a frame becomes visible, so it is never behind what a scan saw.
        Ok(self.inner.core.directory().lists(user))
    }

    async fn consult(&self, question: Question<'_>) -> Result<(), Unavailable> {
        question(&self.inner.core.directory());
        Ok(())
    }
}

#[async_trait]
impl TokenStore for EmbeddedStore {
    async fn add(&self, token: TokenRecord) -> Result<(), Unavailable> {
        self.inner.core.small.add_token(token)
    }

    async fn find(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Unavailable> {
        Ok(self.inner.core.small.token_by_hash(hash))
    }

    async fn find_by_id(&self, id: &str) -> Result<Option<TokenRecord>, Unavailable> {
        Ok(self.inner.core.small.token_by_id(id))
    }

    async fn list(&self, enterprise: &EnterpriseId) -> Result<Vec<TokenRecord>, Unavailable> {
        Ok(self.inner.core.small.tokens(enterprise))
    }

    async fn remove(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        self.inner.core.small.remove_token(enterprise, id)
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        self.inner.core.small.forget_expired_tokens(now)
    }

    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        self.inner.core.small.secret(name, fresh)
    }
}

#[async_trait]
impl AccessStore for EmbeddedStore {
    async fn add(&self, record: AccessRecord) -> Result<bool, Unavailable> {
        self.inner.core.small.add_access(record)
    }

    async fn replace(&self, old: &AccessRecord, new: AccessRecord) -> Result<bool, Unavailable> {
        self.inner.core.small.replace_access(old, new)
    }

    async fn get(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        Ok(self.inner.core.small.access(key))
    }

    async fn take(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        self.inner.core.small.take_access(key)
    }

    async fn list(&self, kind: AccessKind, enterprise: &EnterpriseId) -> Result<Vec<AccessRecord>, Unavailable> {
        Ok(self.inner.core.small.list_access(kind, enterprise))
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        self.inner.core.small.forget_expired_access(now)
    }
}

#[async_trait]
impl RetentionStore for EmbeddedStore {
    async fn add_hold(&self, hold: Hold) -> Result<bool, Unavailable> {
        self.inner.core.small.add_hold(hold)
    }

    async fn replace_hold(&self, old: &Hold, new: Hold) -> Result<bool, Unavailable> {
        self.inner.core.small.replace_hold(old, new)
    }

    async fn forget_hold(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        self.inner.core.small.forget_hold(enterprise, id)
    }

    async fn holds(&self, enterprise: &EnterpriseId) -> Result<Vec<Hold>, Unavailable> {
        Ok(self.inner.core.small.holds_of(enterprise))
    }

    async fn forecast(
        &self,
        enterprise: &EnterpriseId,
        retention: Retention,
        now: Second,
    ) -> Result<Forecast, Unavailable> {
        let core = &self.inner.core;
        let (holds, _) = core.small.holds_in_effect(now);
        core.reading(|view| forecast::forecast(&core.shelf, view, &holds, enterprise, retention, now))
    }
}

#[async_trait]
impl ImportStore for EmbeddedStore {
    async fn import(&self, history: History) -> Result<Vec<Brought>, AppendError> {
        self.inner.hands.import(history).await
    }
}
