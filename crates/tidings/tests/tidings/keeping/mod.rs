//! How long events are kept, what suspends the sweep, and history brought in from elsewhere.

mod commands;
mod holds;
mod importing;
mod killed;
mod periods;

use crate::world::{ADMIN, DAY_S, World};
use feed::time::Second;
use serde_json::Value;
use tidings::clock::{Clock, SystemClock};

/// The beginning of the day so many days ago, by the clock of the real program.
pub(crate) fn days_ago(days: u32) -> Second {
    let now = SystemClock.now().0;
    Second(now - now % DAY_S - days * DAY_S)
}

/// The query of a closed window over the last weeks, long enough ago for every time zone.
pub(crate) fn weeks() -> String {
    let time = |days| days_ago(days).to_string().replace('+', "%2B");
    format!("stream_type=admin_logs&limit=500&created_after={}&created_before={}", time(60), time(5))
}

/// Asks in the admin's name; answers the body if the status is the one expected.
pub(crate) async fn ask(world: &World, method: &str, path: &str, body: &Value, expected: u16) -> Value {
    let answer = world.send_json(ADMIN, method, path, body).await;
    assert_eq!(answer.status.as_u16(), expected, "{method} {path} {body}: {}", answer.text());
    serde_json::from_str(answer.text()).unwrap_or_default()
}

/// Sweeps until nothing waits, at the clock's time and so many seconds; answers how many renderings went.
pub(crate) async fn sweep(world: &World, ahead_s: u32) -> u64 {
    let now = Second(world.services.clock.now().0 + ahead_s);
    let mut renderings = 0;
    loop {
        let swept = world.services.stores.ledger.sweep(now).await.unwrap();
        renderings += swept.renderings;
        if !swept.more {
            return renderings;
        }
    }
}
