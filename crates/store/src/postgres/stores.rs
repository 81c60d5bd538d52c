//! The PostgreSQL keeper behind its traits.

use super::connect::read;
use super::fault::Fault;
use super::months::second;
use super::{Clock, PostgresStore, known, lane, scan, sweep};
use crate::directory_store::{DirectoryStore, Question};
use crate::ledger::{AppendError, Appended, Batch, Found, Ledger, Line, Scan, Swept, Unavailable};
use async_trait::async_trait;
use feed::directory::{Enterprise, ListSpan, User};
use feed::event::FeedKind;
use feed::id::{EnterpriseId, EventId, UserId};
use feed::limits::LIST_ROWS_MAX;
use feed::page::{Ends, Slice};
use feed::position::Place;
use feed::time::Second;

/// The frontier, moved to where time would have it: `$2` is the clock or null for the database's, `$3` the settling delay.
/// It stays where it is while somebody who publishes holds the head: what is committed is below nothing that may still come.
const FRONTIER_SQL: &str = "WITH head AS MATERIALIZED ( \
       SELECT frontier, greatest(0, coalesce($2::bigint, floor(extract(epoch FROM clock_timestamp()))::bigint) - $3::bigint) \
         AS settled FROM heads WHERE enterprise = $1), \
     moved AS ( \
       UPDATE heads SET frontier = (SELECT settled FROM head) WHERE enterprise = $1 AND enterprise = ( \
         SELECT h.enterprise FROM heads h WHERE h.enterprise = $1 AND h.frontier < (SELECT settled FROM head) \
         FOR UPDATE SKIP LOCKED) \
       RETURNING frontier) \
     SELECT coalesce((SELECT frontier FROM moved), (SELECT frontier FROM head))";

impl PostgresStore {
    /// The frontier moves at most once a second, because it is whole seconds.
    async fn move_frontier(&self, enterprise: &EnterpriseId, now: Second) -> Result<Second, Fault> {
        let inner = &self.inner;
        inner.lanes.begin(inner, enterprise).await?;
        let id = enterprise.as_str();
        let clock = (inner.options.clock == Clock::Caller).then(|| i64::from(now.0));
        let delay_s = i64::from(inner.options.settling_delay_s);
        let rows = read(&inner.pool, FRONTIER_SQL, &[&id, &clock, &delay_s]).await?;
        Ok(second(rows.first().map_or(0, |row| row.get(0))))
    }
}

#[async_trait]
impl Ledger for PostgresStore {
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        lane::append(&self.inner, batch).await
    }

    async fn scan(&self, scan: Scan) -> Result<Slice, Unavailable> {
        Ok(scan::scan(&self.inner, &scan).await?)
    }

    async fn ends(&self, line: &Line, below: Place) -> Result<Ends, Unavailable> {
        Ok(scan::ends(&self.inner, line, below).await?)
    }

    async fn frontier(&self, enterprise: &EnterpriseId, now: Second) -> Result<Second, Unavailable> {
        Ok(self.move_frontier(enterprise, now).await?)
    }

    async fn find(
        &self,
        enterprise: &EnterpriseId,
        kind: FeedKind,
        event_id: &EventId,
    ) -> Result<Option<Found>, Unavailable> {
        let sql = match kind {
            FeedKind::User => known::FIND_USER_SQL,
            FeedKind::Enterprise => known::FIND_ENTERPRISE_SQL,
        };
        let rows = read(&self.inner.pool, sql, &[&enterprise.as_str(), &event_id.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let copy = self.inner.directory.caught_up(&self.inner.pool).await?;
        Ok(Some(known::found(&copy, enterprise, row)?))
    }

    async fn sweep(&self, now: Second) -> Result<Swept, Unavailable> {
        Ok(sweep::sweep(&self.inner, now).await?)
    }
}

#[async_trait]
impl DirectoryStore for PostgresStore {
    async fn enterprise(&self, id: &EnterpriseId) -> Result<Option<Enterprise>, Unavailable> {
        Ok(self.inner.directory.caught_up(&self.inner.pool).await?.directory.enterprise(id).cloned())
    }

    async fn enterprises(&self) -> Result<Vec<Enterprise>, Unavailable> {
        let copy = self.inner.directory.caught_up(&self.inner.pool).await?;
        let mut all: Vec<Enterprise> = copy.directory.enterprises().cloned().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Unavailable> {
        Ok(self.inner.directory.caught_up(&self.inner.pool).await?.directory.user(id).cloned())
    }

    async fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Result<Option<User>, Unavailable> {
        let copy = self.inner.directory.caught_up(&self.inner.pool).await?;
        Ok(copy.directory.user_by_login(enterprise, login).cloned())
    }

    async fn users(
        &self,
        enterprise: &EnterpriseId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<User>, Unavailable> {
        let copy = self.inner.directory.caught_up(&self.inner.pool).await?;
        let theirs = copy.directory.users().filter(|user| user.home == *enterprise);
        let mut found: Vec<&User> = theirs.filter(|user| after.is_none_or(|after| *after < user.person.id)).collect();
        found.sort_by(|a, b| a.person.id.cmp(&b.person.id));
        Ok(found.into_iter().take(limit.min(LIST_ROWS_MAX)).cloned().collect())
    }

    async fn lists(&self, user: &UserId) -> Result<Vec<ListSpan>, Unavailable> {
        // Asked of the database after any scan that was begun before, so it is never behind what that saw.
        Ok(self.inner.directory.caught_up(&self.inner.pool).await?.directory.lists(user))
    }

    async fn consult(&self, question: Question<'_>) -> Result<(), Unavailable> {
        question(&self.inner.directory.caught_up_with_trees(&self.inner.pool).await?.directory);
        Ok(())
    }
}
