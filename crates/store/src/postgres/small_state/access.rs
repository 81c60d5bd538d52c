//! Records of access.

use super::super::PostgresStore;
use super::super::connect::{Turn, change, read};
use super::super::fault::Fault;
use super::{of_text, to_text};
use crate::access_store::{AccessKey, AccessKind, AccessRecord, AccessStore};
use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;

/// The kind of a key as its text begins.
pub(super) fn kind(key: &AccessKey) -> String {
    key.to_string().split('/').next().unwrap_or_default().to_owned()
}

fn expires_at(record: &AccessRecord) -> Option<i64> {
    record.expires_at().map(|at| i64::from(at.0))
}

impl PostgresStore {
    async fn replace_record(&self, old: &AccessRecord, new: &AccessRecord) -> Result<bool, Fault> {
        let key = old.key().to_string();
        let mut turn = Turn::begin(&self.inner.pool).await?;
        let client = turn.client()?;
        client.batch_execute("BEGIN").await?;
        let kept = client.query_opt("SELECT record FROM access WHERE key = $1 FOR UPDATE", &[&key]).await?;
        let kept: Option<AccessRecord> = kept.map(|row| of_text(row.get(0))).transpose()?;
        let is_as_it_was = kept.as_ref() == Some(old);
        if is_as_it_was {
            let sql = "UPDATE access SET record = $2, enterprise = $3, expires_at = $4 WHERE key = $1";
            let values = (to_text(new)?, new.enterprise().as_str(), expires_at(new));
            client.execute(sql, &[&key, &values.0, &values.1, &values.2]).await?;
        }
        client.batch_execute("COMMIT").await?;
        turn.done();
        Ok(is_as_it_was)
    }
}

#[async_trait]
impl AccessStore for PostgresStore {
    async fn add(&self, record: AccessRecord) -> Result<bool, Unavailable> {
        let sql = "INSERT INTO access (key, kind, enterprise, expires_at, record) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT DO NOTHING";
        let key = record.key();
        let values =
            (key.to_string(), kind(&key), record.enterprise().as_str(), expires_at(&record), to_text(&record)?);
        let added = change(&self.inner.pool, sql, &[&values.0, &values.1, &values.2, &values.3, &values.4]).await?;
        Ok(added == 1)
    }

    async fn replace(&self, old: &AccessRecord, new: AccessRecord) -> Result<bool, Unavailable> {
        if old.key() != new.key() {
            return Ok(false);
        }
        Ok(self.inner.pool.within(self.replace_record(old, &new)).await?)
    }

    async fn get(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        let rows = read(&self.inner.pool, "SELECT record FROM access WHERE key = $1", &[&key.to_string()]).await?;
        Ok(rows.first().map(|row| of_text(row.get(0))).transpose()?)
    }

    async fn take(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        // Not asked again when the connection breaks: it may have been taken already.
        let client = self.inner.pool.get().await.map_err(Fault::from)?;
        let sql = "DELETE FROM access WHERE key = $1 RETURNING record";
        let taken = client.query_opt(sql, &[&key.to_string()]).await.map_err(Fault::from)?;
        Ok(taken.map(|row| of_text(row.get(0))).transpose()?)
    }

    async fn list(&self, kind: AccessKind, enterprise: &EnterpriseId) -> Result<Vec<AccessRecord>, Unavailable> {
        let sql = "SELECT record FROM access WHERE kind = $1 AND enterprise = $2 ORDER BY key LIMIT $3";
        let kind = self::kind(&AccessKey { kind, name: String::new() });
        let most = i64::try_from(LIST_ROWS_MAX).unwrap_or(i64::MAX);
        let rows = read(&self.inner.pool, sql, &[&kind, &enterprise.as_str(), &most]).await?;
        Ok(rows.iter().map(|row| of_text(row.get(0))).collect::<Result<_, _>>()?)
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        Ok(change(&self.inner.pool, "DELETE FROM access WHERE expires_at <= $1", &[&i64::from(now.0)]).await?)
    }
}
