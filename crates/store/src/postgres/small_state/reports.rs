//! Reports, their schedules, and the files of reports in pieces, for all processes that share the database.

use super::super::PostgresStore;
use super::super::connect::{self, Turn, change, read};
use super::super::fault::Fault;
use super::{of_text, to_text};
use crate::ledger::Unavailable;
use crate::report_store::{Claim, KeptReport, ReportShelf, ReportStore};
use async_trait::async_trait;
use feed::id::EnterpriseId;

/// The class of the advisory locks of those who make reports; the other number is made of the report's id.
const CLAIMS: i32 = 0x7469_6406;

impl PostgresStore {
    async fn replace_report(&self, old: &KeptReport, new: &KeptReport) -> Result<bool, Fault> {
        let mut turn = Turn::begin(&self.inner.pool).await?;
        let client = turn.client()?;
        client.batch_execute("BEGIN").await?;
        let locked = "SELECT record FROM reports WHERE id = $1 FOR NO KEY UPDATE";
        let kept = client.query_opt(locked, &[&old.id()]).await?;
        // Records are compared, not words: another version of the program may have worded it.
        let kept: Option<KeptReport> = kept.map(|row| of_text(row.get(0))).transpose()?;
        let is_as_it_was = kept.as_ref() == Some(old);
        if is_as_it_was {
            let sql = "UPDATE reports SET enterprise = $2, record = $3 WHERE id = $1";
            client.execute(sql, &[&old.id(), &new.enterprise().as_str(), &to_text(new)?]).await?;
        }
        client.batch_execute("COMMIT").await?;
        turn.done();
        Ok(is_as_it_was)
    }
}

#[async_trait]
impl ReportStore for PostgresStore {
    async fn add(&self, kept: KeptReport) -> Result<bool, Unavailable> {
        let sql = "INSERT INTO reports (id, enterprise, record) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let (id, enterprise, record) = (kept.id(), kept.enterprise().as_str(), to_text(&kept)?);
        Ok(change(&self.inner.pool, sql, &[&id, &enterprise, &record]).await? == 1)
    }

    async fn replace(&self, old: &KeptReport, new: KeptReport) -> Result<bool, Unavailable> {
        if new.id() != old.id() {
            return Ok(false);
        }
        Ok(self.replace_report(old, &new).await?)
    }

    async fn get(&self, id: &str) -> Result<Option<KeptReport>, Unavailable> {
        let rows = read(&self.inner.pool, "SELECT record FROM reports WHERE id = $1", &[&id]).await?;
        Ok(rows.first().map(|row| of_text(row.get(0))).transpose()?)
    }

    async fn list(&self, enterprise: Option<&EnterpriseId>) -> Result<Vec<KeptReport>, Unavailable> {
        let sql = "SELECT record FROM reports WHERE $1::text IS NULL OR enterprise = $1 ORDER BY id";
        let rows = read(&self.inner.pool, sql, &[&enterprise.map(EnterpriseId::as_str)]).await?;
        Ok(rows.iter().map(|row| of_text(row.get(0))).collect::<Result<_, Fault>>()?)
    }

    async fn remove(&self, id: &str) -> Result<bool, Unavailable> {
        Ok(change(&self.inner.pool, "DELETE FROM reports WHERE id = $1", &[&id]).await? == 1)
    }

    fn shelf(&self) -> Option<&dyn ReportShelf> {
        Some(self)
    }
}

#[async_trait]
impl ReportShelf for PostgresStore {
    async fn claim(&self, report: &str) -> Result<Option<Claim>, Unavailable> {
        // The lock ends with its connection, and so with the process, however that ends.
        let client = connect::single(&self.inner.listening).await?;
        let sql = "SELECT pg_try_advisory_lock($1, hashtext($2))";
        let row = client.query_one(sql, &[&CLAIMS, &report]).await.map_err(Fault::from)?;
        let mine: bool = row.get(0);
        Ok(mine.then(|| Claim::held_by(client)))
    }

    async fn put_piece(&self, report: &str, file: &str, number: u32, piece: &[u8]) -> Result<bool, Unavailable> {
        // Locked, so that the report is not removed between the look and the keeping.
        let sql = "INSERT INTO report_pieces (report, file, number, bytes) \
             SELECT id, $2, $3::integer, $4 FROM (SELECT id FROM reports WHERE id = $1 FOR KEY SHARE) r \
             ON CONFLICT (report, file, number) DO UPDATE SET bytes = excluded.bytes";
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        Ok(change(&self.inner.pool, sql, &[&report, &file, &number, &piece]).await? == 1)
    }

    async fn piece(&self, report: &str, file: &str, number: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        let sql = "SELECT bytes FROM report_pieces WHERE report = $1 AND file = $2 AND number = $3";
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let rows = read(&self.inner.pool, sql, &[&report, &file, &number]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    async fn length(&self, report: &str, file: &str) -> Result<Option<u64>, Unavailable> {
        let sql = "SELECT sum(octet_length(bytes))::bigint FROM report_pieces WHERE report = $1 AND file = $2";
        let rows = read(&self.inner.pool, sql, &[&report, &file]).await?;
        let length: Option<i64> = rows.first().and_then(|row| row.get(0));
        Ok(length.and_then(|length| u64::try_from(length).ok()))
    }

    async fn keep_only(&self, report: &str, files: &[String]) -> Result<(), Unavailable> {
        let sql = "DELETE FROM report_pieces WHERE report = $1 AND file <> ALL ($2)";
        change(&self.inner.pool, sql, &[&report, &files]).await?;
        Ok(())
    }
}
