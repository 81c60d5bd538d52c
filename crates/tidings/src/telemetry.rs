//! Logs and metrics.
//!
//! Log messages are readable alone and carry fields for searching; never a token, a secret or a body. Metrics are sums
//! over the whole server: they tell nobody what one enterprise does.

use feed::time::Second;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::VecDeque;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use tracing_subscriber::EnvFilter;

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts logging to standard error. `level` is a filter such as `info` or `tidings=debug`.
///
/// # Errors
/// The text of what is wrong with the filter.
pub fn start_logging(level: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|wrong| format!("log-level '{level}' is no filter: {wrong}"))?;
    let colours = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let started = match format {
        LogFormat::Text => logs.with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    // Only a test starts logging twice, and then the first stays.
    drop(started);
    Ok(())
}

/// Minutes that [`Pace`] remembers.
pub const PACE_MINUTES: usize = 60;

/// How many events were recorded in each minute of the last hour, by the server's clock.
#[derive(Debug, Default)]
pub struct Pace {
    minutes: Mutex<VecDeque<(u32, u64)>>,
}

impl Pace {
    /// Counts events recorded now.
    pub fn count(&self, now: Second, events: u64) {
        let minute = now.0 / 60;
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        match minutes.back_mut() {
            Some((last, count)) if *last == minute => *count += events,
            _ => minutes.push_back((minute, events)),
        }
        if minutes.len() > PACE_MINUTES {
            minutes.pop_front();
        }
    }

    /// The last hour, oldest minute first; the last one is the minute that is under way.
    pub fn last_hour(&self, now: Second) -> [u64; PACE_MINUTES] {
        let minute = now.0 / 60;
        let mut hour = [0; PACE_MINUTES];
        for (at, count) in self.minutes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let back = minute.checked_sub(*at).and_then(|back| usize::try_from(back).ok());
            if let Some(place) = back.and_then(|back| hour.iter_mut().rev().nth(back)) {
                *place += count;
            }
        }
        hour
    }
}

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Events recorded for the first time.
    pub events_recorded: Counter,
    /// Events of history brought in.
    pub events_imported: Counter,
    /// Drafts whose events were recorded before.
    pub events_known_before: Counter,
    /// Publishes refused because of their drafts.
    pub drafts_refused: Counter,
    /// Pages read.
    pub pages_read: Counter,
    /// Entries on those pages.
    pub entries_read: Counter,
    /// Requests answered.
    pub requests: Counter,
    /// Requests answered 401.
    pub unauthorized: Counter,
    /// Sign-ins of applications and people that failed.
    pub sign_ins_failed: Counter,
    /// Requests answered 429.
    pub limited: Counter,
    /// Requests answered 500 and above.
    pub failed: Counter,
    /// Renderings removed by the sweep.
    pub renderings_swept: Counter,
    /// Long polls under way.
    pub readers_waiting: Gauge,
    /// Live views under way.
    pub live_views: Gauge,
    /// Bytes of the store's files.
    pub store_bytes: Gauge,
    /// Bytes that the file system of the store still has.
    pub disk_free_bytes: Gauge,
    /// Events recorded, minute by minute, of the last hour.
    pub pace: Pace,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("tidings");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let events_recorded = counter("events_recorded", "Events recorded for the first time");
        let events_imported = counter("events_imported", "Events of history brought in");
        let events_known_before = counter("events_known_before", "Drafts whose events were recorded before");
        let drafts_refused = counter("publishes_refused", "Publishes refused because of their drafts");
        let pages_read = counter("pages_read", "Pages read");
        let entries_read = counter("entries_read", "Entries on the pages read");
        let requests = counter("requests", "Requests answered");
        let unauthorized = counter("requests_unauthorized", "Requests answered 401");
        let sign_ins_failed = counter("sign_ins_failed", "Sign-ins of applications and people that failed");
        let limited = counter("requests_limited", "Requests answered 429");
        let failed = counter("requests_failed", "Requests answered 500 and above");
        let renderings_swept = counter("renderings_swept", "Renderings removed by the sweep");
        let readers_waiting = Gauge::default();
        registry.register("readers_waiting", "Long polls under way", readers_waiting.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let live_views = gauge("live_views", "Live views of the console under way");
        let store_bytes = gauge("store_bytes", "Bytes of the store's files, 0 in memory");
        let disk_free_bytes =
            gauge("disk_free_bytes", "Bytes that the file system of the store still has, 0 in memory");
        Metrics {
            registry,
            events_recorded,
            events_imported,
            events_known_before,
            drafts_refused,
            pages_read,
            entries_read,
            requests,
            unauthorized,
            sign_ins_failed,
            limited,
            failed,
            renderings_swept,
            readers_waiting,
            live_views,
            store_bytes,
            disk_free_bytes,
            pace: Pace::default(),
        }
    }
}

impl Metrics {
    /// The figures in the text form of Prometheus.
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_kept_for_an_hour() {
        let pace = Pace::default();
        pace.count(Second(6_000), 3);
        pace.count(Second(6_059), 4);
        pace.count(Second(6_060), 5);
        let hour = pace.last_hour(Second(6_119));
        assert_eq!(hour[PACE_MINUTES - 2..], [7, 5]);
        assert_eq!(hour.iter().sum::<u64>(), 12);
        assert_eq!(pace.last_hour(Second(6_060 + 59 * 60))[0], 5);
        assert_eq!(pace.last_hour(Second(6_060 + 60 * 60)).iter().sum::<u64>(), 0);
        assert_eq!(pace.last_hour(Second(5_000)).iter().sum::<u64>(), 0, "a clock set back shows nothing wrong");
        for minute in 0..200 {
            pace.count(Second(6_060 + minute * 60), 1);
        }
        assert_eq!(pace.minutes.lock().unwrap().len(), PACE_MINUTES);
    }
}
