//! The schema: brought up to date by `tidings migrate`, checked by everybody else.

use super::OpenError;
use super::citus;
use super::connect;
use super::fault::Fault;
use super::months::{LOCK as MONTHS_LOCK, Months};
use super::patience::Pool;
use feed::time::Second;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// The migrations, in order. One that was released is never changed.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema/0001_ledger.sql"),
    include_str!("schema/0002_access.sql"),
    include_str!("schema/0003_terms.sql"),
    include_str!("schema/0004_imports.sql"),
    include_str!("schema/0005_reports.sql"),
];
/// The advisory lock under which the schema changes.
const LOCK: i64 = 0x0074_6964_696e_6701;
/// The oldest version of the server that this program works with.
const SERVER_MIN: i32 = 150_000;

/// What a migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The version found; 0 is an empty database.
    pub from: i32,
    /// The version it has now.
    pub to: i32,
    /// Whether Citus is there, and the tables are spread over its machines.
    pub citus: bool,
}

/// The version that this program works with.
pub(super) fn newest() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Brings a database up to date. Two that do so at once wait for each other; servers that run meanwhile go on.
///
/// # Errors
/// [`OpenError`]; each migration is made whole or not at all.
pub async fn migrate(url: &str) -> Result<Migrated, OpenError> {
    let mut client = connect::single(&connect::address(url)?).await.map_err(OpenError::from)?;
    check_server(&client).await?;
    // Held by the session, so that it lasts over several transactions.
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(Fault::from)?;
    let done = migrate_alone(&mut client).await;
    let released = client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await;
    let migrated = done?;
    released.map_err(Fault::from)?;
    Ok(migrated)
}

async fn migrate_alone(client: &mut Client) -> Result<Migrated, OpenError> {
    let from = version(client).await?;
    if newest() < from {
        return Err(OpenError::TooNew { found: from, known: newest() });
    }
    let citus = citus::is_there(client).await?;
    for (number, sql) in (1_i32..).zip(MIGRATIONS) {
        if number <= from {
            continue;
        }
        let step = client.transaction().await.map_err(Fault::from)?;
        // Locks on tables in use are waited for briefly only: those who wait behind would wait, too.
        let set_up = "SET LOCAL lock_timeout = '10s'; CREATE TABLE IF NOT EXISTS schema_versions \
                      (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())";
        step.batch_execute(set_up).await.map_err(Fault::from)?;
        step.batch_execute(sql).await.map_err(Fault::from)?;
        step.execute("INSERT INTO schema_versions (version) VALUES ($1)", &[&number]).await.map_err(Fault::from)?;
        step.commit().await.map_err(Fault::from)?;
    }
    if citus {
        citus::distribute(client).await?;
    }
    Ok(Migrated { from, to: newest(), citus })
}

async fn check_server(client: &Client) -> Result<(), OpenError> {
    let row = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await.map_err(Fault::from)?;
    let found: i32 = row.get(0);
    if found < SERVER_MIN { Err(OpenError::ServerTooOld { found }) } else { Ok(()) }
}

/// The version of the schema; 0 if there is none.
async fn version(client: &Client) -> Result<i32, OpenError> {
    match client.query_one("SELECT coalesce(max(version), 0) FROM schema_versions", &[]).await {
        Ok(row) => Ok(row.get(0)),
        Err(wrong) if wrong.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(0),
        Err(wrong) => Err(Fault::from(wrong).into()),
    }
}

/// Refuses a database that this program does not work with.
///
/// # Errors
/// [`OpenError`] says what to do.
pub(super) async fn check(pool: &Pool) -> Result<(), OpenError> {
    let client = pool.get().await.map_err(Fault::from)?;
    check_server(&client).await?;
    let found = version(&client).await?;
    match found.cmp(&newest()) {
        std::cmp::Ordering::Less => Err(OpenError::TooOld { found, needed: newest() }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::TooNew { found, known: newest() }),
    }
}

/// Makes the partitions that will be needed next.
pub(super) async fn make_ahead(pool: &Pool, months: &Months, now: Second) -> Result<(), Fault> {
    const _: () = assert!(MONTHS_LOCK != LOCK);
    months.make(pool, &[super::months::Month::of(now)]).await
}
