//! How long the database is waited for. It ends by itself what takes it too long, and says so; but a connection may fall
//! silent (a network that swallows everything, a machine that stands still), and then only who waits can give up.

use super::Options;
use super::fault::Fault;
use std::future::Future;
use std::ops::Deref;
use std::time::{Duration, Instant};

/// The connections of this process, and how long an answer is waited for.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    longest: Duration,
}

impl Deref for Pool {
    type Target = deadpool_postgres::Pool;

    fn deref(&self) -> &Self::Target {
        &self.pool
    }
}

impl Pool {
    /// Somewhat longer is waited than a statement may take: as long as it speaks, the database says what went wrong.
    pub(super) fn new(pool: deadpool_postgres::Pool, options: &Options) -> Self {
        Pool { pool, longest: options.statement_timeout * 6 / 5 }
    }

    /// What is answered in time. If nothing is, the connections that are not in use are closed as well: they may be as
    /// silent, and new ones may lead to another host.
    pub(super) async fn within<T>(&self, asked: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        match tokio::time::timeout(self.longest, asked).await {
            Ok(answered) => answered,
            Err(_) => {
                self.pool.retain(|_, _| false);
                Err(Fault::Silent(self.longest))
            }
        }
    }
}

/// Measures how long something has been tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since(Instant);

impl Since {
    #[expect(clippy::disallowed_methods, reason = "the database is waited for; no clock of a test can hurry it")]
    pub(super) fn now() -> Self {
        Since(Instant::now())
    }

    pub(super) fn is_past(self, longest: Duration) -> bool {
        longest < self.0.elapsed()
    }
}
