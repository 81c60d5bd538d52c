//! The PostgreSQL keeper: any number of processes over one database, which keeps the data and copies it to other machines.
//!
//! Files bear the names of those of the embedded keeper where they do the same: `append` decides, `commit` makes durable,
//! `known` finds what was published before, `scan` reads, `sweep` removes. What is new: `lane` gathers what waits for an
//! enterprise into one transaction, `directory` holds a copy that follows the database, `relay` brings events to readers
//! at home elsewhere, `bell` tells the other processes. `docs/decisions/0009` to `0011` have the reasons.

mod append;
mod bell;
mod citus;
mod commit;
mod connect;
mod directory;
mod fault;
mod forecast;
mod import;
mod known;
mod lane;
mod line;
mod migrate;
mod months;
mod moving;
mod patience;
mod relay;
mod scan;
mod search;
mod small_state;
mod snapshot;
mod stores;
mod sweep;
mod tls;

pub use bell::{Heard, Hearing};
pub use migrate::{Migrated, migrate};

use crate::Stores;
use crate::ledger::Unavailable;
use directory::DirectoryCopy;
use fault::Fault;
use feed::limits::{DATABASE_TIMEOUT_S_DEFAULT, SETTLING_DELAY_S_DEFAULT};
use feed::time::Second;
use lane::Lanes;
use months::Months;
use patience::Pool;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whose clock positions follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The database's: all processes of a store then agree, however their own clocks go.
    Database,
    /// That of whoever calls, for tests that move it.
    Caller,
}

/// How a keeper works.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long history order settles, in seconds.
    pub settling_delay_s: u32,
    /// Whose clock positions follow.
    pub clock: Clock,
    /// Most connections of this process, one for listening not counted.
    pub connections: usize,
    /// Longest time a statement may take.
    pub statement_timeout: Duration,
    /// Longest wait for a lock, such as that of an enterprise's head while another process publishes there.
    pub lock_timeout: Duration,
    /// After so long the database gives up a transaction in which nothing is asked any more.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let options = Options {
            settling_delay_s: SETTLING_DELAY_S_DEFAULT,
            clock: Clock::Database,
            connections: 16,
            statement_timeout: Duration::ZERO,
            lock_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
        };
        options.patient(Duration::from_secs(u64::from(DATABASE_TIMEOUT_S_DEFAULT)))
    }
}

impl Options {
    /// With timeouts that follow from the longest time a statement may take: a lock is waited for two thirds of it, and a
    /// transaction in which nothing is asked is given up after half, so that those who wait for its lock still get it.
    #[must_use]
    pub fn patient(self, statement_timeout: Duration) -> Self {
        let (lock_timeout, idle_timeout) = (statement_timeout * 2 / 3, statement_timeout / 2);
        Options { statement_timeout, lock_timeout, idle_timeout, ..self }
    }
}

/// Why a database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// The address cannot be read.
    BadAddress(String),
    /// The database does not answer, or not as it should.
    Unavailable(Unavailable),
    /// The server is older than PostgreSQL 15.
    ServerTooOld {
        /// Its version as a number.
        found: i32,
    },
    /// The schema is older than this program, or not there (0).
    TooOld {
        /// Its version.
        found: i32,
        /// The version needed.
        needed: i32,
    },
    /// The schema is newer than this program.
    TooNew {
        /// Its version.
        found: i32,
        /// The newest version known.
        known: i32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::BadAddress(why) => write!(f, "this is no address of a PostgreSQL database: {why}"),
            OpenError::Unavailable(why) => why.fmt(f),
            OpenError::ServerTooOld { found } => {
                write!(f, "the server is PostgreSQL {}; 15 or newer is needed", found / 10_000)
            }
            OpenError::TooOld { found: 0, .. } => f.write_str(
                "the database has no tables of this program; run `tidings migrate --data postgres://…` first",
            ),
            OpenError::TooOld { found, needed } => write!(
                f,
                "the schema has version {found}, and this program needs {needed}; run `tidings migrate --data postgres://…`"
            ),
            OpenError::TooNew { found, known } => write!(
                f,
                "the schema has version {found}, and this program knows up to {known}; use a newer release of it"
            ),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        OpenError::Unavailable(fault.into())
    }
}

/// An open keeper. Clones are the same one.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    options: Options,
    directory: DirectoryCopy,
    lanes: Lanes,
    months: Months,
    bell: bell::Sender,
    listening: connect::Address,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may have a password in it.
        f.debug_struct("PostgresStore").field("options", &self.options).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens a store in the database at this address, which must have been migrated.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        let address = connect::address(url)?;
        let pool = connect::pool(address.clone(), &options)?;
        migrate::check(&pool).await?;
        let months = Months::default();
        migrate::make_ahead(&pool, &months, database_clock(&pool).await?).await?;
        let directory = DirectoryCopy::default();
        directory.catch_up(&pool).await?;
        let bell = bell::Sender::start(pool.clone()).await?;
        let inner = Inner { pool, options, directory, lanes: Lanes::default(), months, bell, listening: address };
        let inner = Arc::new(inner);
        tokio::spawn(relay::keep_relaying(Arc::downgrade(&inner)));
        Ok(PostgresStore { inner })
    }

    /// The keeper behind all its traits.
    pub fn stores(&self) -> Stores {
        let store = Arc::new(self.clone());
        Stores {
            ledger: store.clone(),
            directory: store.clone(),
            tokens: store.clone(),
            access: store.clone(),
            search: store.clone(),
            retention: store.clone(),
            reports: store.clone(),
            import: store,
        }
    }

    /// Waits until no other process holds this, to set the store up for the first time, say.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn alone(&self) -> Result<Alone, Unavailable> {
        let client = connect::single(&self.inner.listening).await?;
        client.execute("SELECT pg_advisory_lock($1)", &[&ALONE_LOCK]).await.map_err(Fault::from)?;
        Ok(Alone { _client: client })
    }

    /// What the database's clock says.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn now(&self) -> Result<Second, Unavailable> {
        Ok(database_clock(&self.inner.pool).await?)
    }

    /// Hears what other processes make grow, from now on.
    pub fn listen(&self) -> Hearing {
        bell::listen(&self.inner)
    }
}

/// The advisory lock of whoever wants to be alone.
const ALONE_LOCK: i64 = 0x0074_6964_696e_6705;

/// Keeps other processes from setting up the same store, until it is dropped.
#[derive(Debug)]
pub struct Alone {
    /// The lock ends with its connection.
    _client: tokio_postgres::Client,
}

/// What the database's clock says.
async fn database_clock(pool: &Pool) -> Result<Second, Fault> {
    let rows = connect::read(pool, "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint", &[]).await?;
    Ok(rows.first().map(|row| months::second(row.get(0))).unwrap_or_default())
}
