//! How long events are kept, what suspends the sweep, and history brought in from elsewhere.

mod holds;
mod periods;

use crate::world::{ADMIN, World};
use feed::time::Second;
use serde_json::Value;

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
