//! Tokens and secrets.

use super::super::PostgresStore;
use super::super::connect::{change, read};
use super::super::fault::Fault;
use super::{of_text, to_text};
use crate::ledger::Unavailable;
use crate::token_store::{TokenHash, TokenRecord, TokenStore};
use async_trait::async_trait;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;
use tokio_postgres::Row;

fn token(row: &Row) -> Result<TokenRecord, Fault> {
    of_text(row.get(0))
}

#[async_trait]
impl TokenStore for PostgresStore {
    async fn add(&self, token: TokenRecord) -> Result<(), Unavailable> {
        let sql = "INSERT INTO tokens (id, hash, enterprise, expires_at, record) VALUES ($1, $2, $3, $4, $5)";
        let expires_at = token.expires_at.map(|at| i64::from(at.0));
        let hash = token.hash.0.as_slice();
        let values = (token.enterprise.as_str(), to_text(&token)?);
        change(&self.inner.pool, sql, &[&token.id, &hash, &values.0, &expires_at, &values.1]).await?;
        Ok(())
    }

    async fn find(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Unavailable> {
        let sql = "SELECT record FROM tokens WHERE hash = $1 ORDER BY number LIMIT 1";
        let rows = read(&self.inner.pool, sql, &[&hash.0.as_slice()]).await?;
        Ok(rows.first().map(token).transpose()?)
    }

    async fn find_by_id(&self, id: &str) -> Result<Option<TokenRecord>, Unavailable> {
        let sql = "SELECT record FROM tokens WHERE id = $1 ORDER BY number LIMIT 1";
        let rows = read(&self.inner.pool, sql, &[&id]).await?;
        Ok(rows.first().map(token).transpose()?)
    }

    async fn list(&self, enterprise: &EnterpriseId) -> Result<Vec<TokenRecord>, Unavailable> {
        let sql = "SELECT record FROM tokens WHERE enterprise = $1 ORDER BY number LIMIT $2";
        let most = i64::try_from(LIST_ROWS_MAX).unwrap_or(i64::MAX);
        let rows = read(&self.inner.pool, sql, &[&enterprise.as_str(), &most]).await?;
        Ok(rows.iter().map(token).collect::<Result<_, _>>()?)
    }

    async fn remove(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        let sql = "DELETE FROM tokens WHERE enterprise = $1 AND id = $2";
        Ok(change(&self.inner.pool, sql, &[&enterprise.as_str(), &id]).await? > 0)
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        Ok(change(&self.inner.pool, "DELETE FROM tokens WHERE expires_at <= $1", &[&i64::from(now.0)]).await?)
    }

    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        let sql = "INSERT INTO secrets (name, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        change(&self.inner.pool, sql, &[&name, &fresh.as_slice()]).await?;
        let rows = read(&self.inner.pool, "SELECT secret FROM secrets WHERE name = $1", &[&name]).await?;
        let kept = rows.first().and_then(|row| row.get::<_, &[u8]>(0).try_into().ok());
        kept.ok_or_else(|| Unavailable::Damaged(format!("the secret {name} is not of 32 bytes")))
    }
}
