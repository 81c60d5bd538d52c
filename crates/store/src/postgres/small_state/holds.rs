//! Legal holds. They change under the lock of the sweep, so that a sweep which did not know of one has ended before its
//! placing is answered.

use super::super::PostgresStore;
use super::super::connect::{Turn, read};
use super::super::fault::Fault;
use super::super::forecast::forecast;
use super::super::sweep::{Held, LOCK};
use super::{of_text, to_text};
use crate::ledger::Unavailable;
use crate::retention_store::{Forecast, RetentionStore};
use async_trait::async_trait;
use deadpool_postgres::Object;
use feed::hold::Hold;
use feed::id::EnterpriseId;
use feed::retention::Retention;
use feed::time::Second;

/// What the holds in effect keep, as the database has them now.
pub(in super::super) async fn in_effect(client: &Object, now: Second) -> Result<Held, Fault> {
    let mut held = Held::default();
    for row in client.query("SELECT record FROM holds", &[]).await? {
        let hold: Hold = of_text(row.get(0))?;
        if hold.is_in_effect(now) {
            let (from, before) = held.entry(hold.enterprise).or_default();
            from.push(hold.scope.created_from.map_or(0, |from| i64::from(from.0)));
            before.push(hold.scope.created_before.map_or(i64::MAX, |before| i64::from(before.0)));
        }
    }
    Ok(held)
}

impl PostgresStore {
    /// Changes holds while nobody sweeps. `change` is told the hold with this id, and answers the statement to run for
    /// it, if any.
    async fn change_hold(
        &self,
        id: &str,
        change: impl FnOnce(Option<Hold>) -> Result<Option<(&'static str, Option<Hold>)>, Fault>,
    ) -> Result<bool, Fault> {
        let mut turn = Turn::begin(&self.inner.pool).await?;
        let client = turn.client()?;
        client.batch_execute("BEGIN").await?;
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let kept = client.query_opt("SELECT record FROM holds WHERE id = $1", &[&id]).await?;
        let change = change(kept.map(|row| of_text(row.get(0))).transpose()?)?;
        match &change {
            Some((sql, Some(hold))) => {
                client.execute(*sql, &[&id, &hold.enterprise.as_str(), &to_text(hold)?]).await?;
            }
            Some((sql, None)) => {
                client.execute(*sql, &[&id]).await?;
            }
            None => {}
        }
        client.batch_execute("COMMIT").await?;
        turn.done();
        Ok(change.is_some())
    }
}

#[async_trait]
impl RetentionStore for PostgresStore {
    async fn add_hold(&self, hold: Hold) -> Result<bool, Unavailable> {
        let sql = "INSERT INTO holds (id, enterprise, record) VALUES ($1, $2, $3)";
        let id = hold.id.clone();
        Ok(self
            .inner
            .pool
            .within(self.change_hold(&id, |kept| Ok(kept.is_none().then_some((sql, Some(hold))))))
            .await?)
    }

    async fn replace_hold(&self, old: &Hold, new: Hold) -> Result<bool, Unavailable> {
        if new.id != old.id || new.enterprise != old.enterprise {
            return Ok(false);
        }
        let sql = "UPDATE holds SET enterprise = $2, record = $3 WHERE id = $1";
        let is_as_it_was = |kept: Option<Hold>| Ok((kept.as_ref() == Some(old)).then_some((sql, Some(new))));
        Ok(self.inner.pool.within(self.change_hold(&old.id, is_as_it_was)).await?)
    }

    async fn forget_hold(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        let is_theirs = |kept: Option<Hold>| kept.is_some_and(|hold| hold.enterprise == *enterprise);
        let sql = "DELETE FROM holds WHERE id = $1";
        Ok(self.inner.pool.within(self.change_hold(id, |kept| Ok(is_theirs(kept).then_some((sql, None))))).await?)
    }

    async fn holds(&self, enterprise: &EnterpriseId) -> Result<Vec<Hold>, Unavailable> {
        let sql = "SELECT record FROM holds WHERE enterprise = $1";
        let rows = read(&self.inner.pool, sql, &[&enterprise.as_str()]).await?;
        let mut holds = rows.iter().map(|row| of_text(row.get(0))).collect::<Result<Vec<Hold>, Fault>>()?;
        holds.sort_by(|a, b| (a.placed_at, &a.id).cmp(&(b.placed_at, &b.id)));
        Ok(holds)
    }

    async fn forecast(
        &self,
        enterprise: &EnterpriseId,
        retention: Retention,
        now: Second,
    ) -> Result<Forecast, Unavailable> {
        let client = self.inner.pool.get().await.map_err(Fault::from)?;
        let held = in_effect(&client, now).await?;
        let nothing = Default::default();
        Ok(forecast(&client, enterprise, retention, now, held.get(enterprise).unwrap_or(&nothing)).await?)
    }
}
