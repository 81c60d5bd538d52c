//! Retention: how long each kind of stream shows an event (design, section 7).
//!
//! Periods are per enterprise and checked against their bounds here. A read that starts before the oldest kept event
//! starts at the oldest; published events age by when they were recorded.

use crate::stream_type::{EnterpriseStream, StreamType};
use crate::time::Second;
use serde::{Deserialize, Serialize};
use std::fmt;

const DAY_S: u32 = 86_400;

/// The periods of one enterprise, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Days", into = "Days")]
pub struct Retention {
    days: Days,
}

/// The periods before they are checked, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// `all`, `changes`, `sync`: 14 to 62.
    pub user: u32,
    /// `admin_logs_streaming`: 1 to 62.
    pub streaming: u32,
    /// `admin_logs`: 14 to 2,557 (seven years), not longer than `events`.
    pub history: u32,
    /// The event itself, for reports: up to 2,557 days; not shorter than any of the others.
    pub events: u32,
}

/// The periods by name, with the least and the most that each may be, in days. `events` is besides at least as long as
/// any of the others.
pub const BOUNDS: [(&str, u32, u32); 4] =
    [("user", 14, 62), ("streaming", 1, 62), ("history", 14, SEVEN_YEARS), ("events", 14, SEVEN_YEARS)];

/// A period outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRetention(&'static str);

impl fmt::Display for BadRetention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadRetention {}

/// Seven years, leap days included.
const SEVEN_YEARS: u32 = 2_557;

impl TryFrom<Days> for Retention {
    type Error = BadRetention;

    fn try_from(days: Days) -> Result<Self, BadRetention> {
        if !(14..=62).contains(&days.user) {
            return Err(BadRetention("user feeds are kept for 14 to 62 days"));
        }
        if !(1..=62).contains(&days.streaming) {
            return Err(BadRetention("admin_logs_streaming is kept for 1 to 62 days"));
        }
        if !(14..=SEVEN_YEARS).contains(&days.history) {
            return Err(BadRetention("admin_logs is kept for 14 to 2557 days"));
        }
        let longest = days.user.max(days.streaming).max(days.history);
        if !(longest..=SEVEN_YEARS).contains(&days.events) {
            return Err(BadRetention("events are kept at least as long as any stream shows them, at most 2557 days"));
        }
        Ok(Retention { days })
    }
}

impl From<Retention> for Days {
    fn from(retention: Retention) -> Days {
        retention.days
    }
}

impl Default for Retention {
    fn default() -> Self {
        Retention { days: Days { user: 60, streaming: 14, history: 365, events: SEVEN_YEARS } }
    }
}

impl Retention {
    /// The oldest second of recording that a stream still shows at `now`.
    pub fn oldest_shown(&self, stream: StreamType, now: Second) -> Second {
        now.back(DAY_S * self.stream_days(stream))
    }

    /// The oldest second of recording that is kept at all at `now`.
    pub fn oldest_kept(&self, now: Second) -> Second {
        now.back(DAY_S * self.days.events)
    }

    fn stream_days(&self, stream: StreamType) -> u32 {
        match stream {
            StreamType::User(_) => self.days.user,
            StreamType::Enterprise(EnterpriseStream::Streaming) => self.days.streaming,
            StreamType::Enterprise(EnterpriseStream::History) => self.days.history,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_bounds() {
        let days = Days::from(Retention::default());
        assert!(Retention::try_from(days).is_ok());
        assert!(Retention::try_from(Days { user: 13, ..days }).is_err());
        assert!(Retention::try_from(Days { user: 63, ..days }).is_err());
        assert!(Retention::try_from(Days { streaming: 0, ..days }).is_err());
        assert!(Retention::try_from(Days { history: 2_558, ..days }).is_err());
        assert!(Retention::try_from(Days { events: 364, ..days }).is_err());
    }

    #[test]
    fn the_bounds_told_are_those_that_hold() {
        let with = |name, n| {
            let days = Days::from(Retention::default());
            Retention::try_from(match name {
                "user" => Days { user: n, ..days },
                "streaming" => Days { streaming: n, ..days },
                "history" => Days { history: n, ..days },
                _ => Days { user: 14, streaming: 1, history: 14, events: n },
            })
        };
        for (name, least, most) in BOUNDS {
            assert!(with(name, least).is_ok() && with(name, most).is_ok(), "{name}");
            assert!(with(name, least - 1).is_err() && with(name, most + 1).is_err(), "{name}");
        }
    }

    #[test]
    fn each_stream_has_its_own_oldest() {
        let now = Second(DAY_S * 10_000);
        let oldest = |stream| Retention::default().oldest_shown(stream, now).day();
        let shown: Vec<u32> = StreamType::EVERY.into_iter().map(oldest).collect();
        assert_eq!(shown, [9_940, 9_940, 9_940, 9_635, 9_986]);
    }
}
