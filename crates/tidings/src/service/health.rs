//! Whether the server can do its work, and how it is doing.

use super::Services;
use super::administer::AdminError;
use crate::auth::Caller;
use crate::telemetry::PACE_MINUTES;
use feed::limits::{CLOCK_OFF_S_MAX, READY_S_MAX};
use feed::permission::Action;
use feed::time::Second;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::embedded::EmbeddedStore;
use store::ledger::Unavailable;

/// The store's directory.
#[derive(Clone)]
pub struct Disk {
    store: EmbeddedStore,
    directory: PathBuf,
}

/// How large a store is and how much room it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskHealth {
    /// Bytes of the store's files.
    pub store_bytes: u64,
    /// Bytes that its file system still has for it, if it says so.
    pub free_bytes: Option<u64>,
    /// Renderings kept for enterprise feeds, all enterprises together.
    pub enterprise_entries: u64,
    /// Renderings kept for user feeds.
    pub user_entries: u64,
    /// The oldest second of recording that is kept.
    pub oldest: Option<Second>,
    /// Why no more writes are taken, if none are.
    pub failed: Option<String>,
}

impl Disk {
    /// The directory of an open store.
    pub fn new(store: EmbeddedStore, directory: &Path) -> Self {
        Disk { store, directory: directory.to_owned() }
    }

    fn health(&self) -> DiskHealth {
        let stats = self.store.stats();
        let free = rustix::fs::statvfs(&self.directory).ok().map(|it| it.f_bavail.saturating_mul(it.f_frsize));
        DiskHealth {
            store_bytes: stats.data_bytes + stats.index_bytes + stats.frame_bytes,
            free_bytes: free,
            enterprise_entries: stats.enterprise_entries,
            user_entries: stats.user_entries,
            oldest: stats.oldest,
            failed: stats.failed,
        }
    }
}

/// How the server is doing. But for the lag these are sums over the whole server, as at `/metrics`.
#[derive(Debug, Clone)]
pub struct Health {
    /// The second it is.
    pub now: Second,
    /// When the server came up.
    pub started_at: Second,
    /// Events recorded since then.
    pub events_recorded: u64,
    /// Events recorded in each minute of the last hour, oldest first; the last minute is under way.
    pub last_hour: [u64; PACE_MINUTES],
    /// Long polls under way.
    pub readers_waiting: u64,
    /// Live views under way.
    pub live_views: u64,
    /// How many seconds the history of the caller's enterprise lies behind now; `admin_logs` shows what lies before.
    pub history_lag_s: u32,
    /// Pages read.
    pub pages_read: u64,
    /// Requests answered.
    pub requests: u64,
    /// Requests answered 500 and above.
    pub failed: u64,
    /// Requests answered 429.
    pub limited: u64,
    /// Sign-ins that failed.
    pub sign_ins_failed: u64,
    /// The store's directory; `None` when everything is kept in memory.
    pub disk: Option<DiskHealth>,
}

/// A server that can do its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ready {
    /// How many seconds this machine's clock is before that of the database, if it is worth speaking of. Positions follow
    /// the database's, and so are right; periods of tokens and of retention, and the times given to deeds without one, follow
    /// this machine's.
    pub clock_off_s: Option<i64>,
}

/// How far a clock is before another, if that is more than passes for the same.
fn clock_off(ours: Second, theirs: Second) -> Option<i64> {
    let off = i64::from(ours.0) - i64::from(theirs.0);
    (i64::from(CLOCK_OFF_S_MAX) < off.abs()).then_some(off)
}

impl Services {
    /// Ready means that the store answers, and soon.
    ///
    /// # Errors
    /// [`Unavailable`] says why not.
    pub async fn ready(&self) -> Result<Ready, Unavailable> {
        let asked = async {
            self.stores.directory.enterprises().await?;
            let Some(database) = &self.database else { return Ok(Ready::default()) };
            let theirs = database.now().await?;
            Ok(Ready { clock_off_s: clock_off(self.clock.now(), theirs) })
        };
        tokio::select! {
            answered = asked => answered,
            () = self.clock.wait(Duration::from_secs(u64::from(READY_S_MAX))) => {
                Err(Unavailable::Unreachable(format!("the store has not answered for {READY_S_MAX} s")))
            }
        }
    }

    /// How the server is doing, for an admin.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn health(&self, caller: &Caller) -> Result<Health, AdminError> {
        caller.may(Action::ManageEnterprise).map_err(AdminError::Denied)?;
        let now = self.clock.now();
        let frontier = self.stores.ledger.frontier(caller.enterprise(), now).await?;
        let metrics = &self.metrics;
        Ok(Health {
            now,
            started_at: self.started_at,
            events_recorded: metrics.events_recorded.get(),
            last_hour: metrics.pace.last_hour(now),
            readers_waiting: u64::try_from(metrics.readers_waiting.get()).unwrap_or_default(),
            live_views: self.live_views.count() as u64,
            history_lag_s: now.0.saturating_sub(frontier.0),
            pages_read: metrics.pages_read.get(),
            requests: metrics.requests.get(),
            failed: metrics.failed.get(),
            limited: metrics.limited.get(),
            sign_ins_failed: metrics.sign_ins_failed.get(),
            disk: self.disk_health().await,
        })
    }

    /// Looks at what is not counted as it happens, and answers all figures in the text form of Prometheus.
    pub async fn figures(&self) -> String {
        let gauge = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        if let Some(disk) = self.disk_health().await {
            self.metrics.store_bytes.set(gauge(disk.store_bytes));
            self.metrics.disk_free_bytes.set(gauge(disk.free_bytes.unwrap_or_default()));
        }
        self.metrics.live_views.set(gauge(self.live_views.count() as u64));
        self.metrics.render()
    }

    /// Asking a file system may take its time, so it is done beside.
    async fn disk_health(&self) -> Option<DiskHealth> {
        let disk = self.disk.clone()?;
        tokio::task::spawn_blocking(move || disk.health()).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_spoken_of() {
        let off = |ours| clock_off(Second(ours), Second(1_000));
        assert_eq!([995, 1_000, 1_005].map(off), [None; 3]);
        assert_eq!([994, 1_006].map(off), [Some(-6), Some(6)]);
    }
}
