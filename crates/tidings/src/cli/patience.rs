//! Waiting in commands: through the clock, with bounded growing pauses between attempts.

use crate::clock::{Clock, SystemClock};
use std::time::Duration;

/// The first pause between two attempts.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// The longest pause between two attempts, whatever a server asks for.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Waits on the clock, in a thread that may block.
pub(super) struct Patience {
    runtime: tokio::runtime::Runtime,
    pause: Duration,
}

impl Patience {
    /// A waiter with a small runtime of its own.
    pub(super) fn new() -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|why| format!("the clock cannot be started: {why}"))?;
        Ok(Patience { runtime, pause: PAUSE_FIRST })
    }

    /// Waits so long.
    pub(super) fn wait(&self, duration: Duration) {
        self.runtime.block_on(async { SystemClock.wait(duration).await });
    }

    /// Waits before the next attempt: each time longer, at least as long as the server asked for, never beyond
    /// [`PAUSE_MAX`].
    pub(super) fn wait_longer(&mut self, asked: Option<Duration>) {
        let pause = next_pause(self.pause, asked);
        self.wait(pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    /// After an attempt that went well the pauses begin small again.
    pub(super) fn went_well(&mut self) {
        self.pause = PAUSE_FIRST;
    }
}

fn next_pause(own: Duration, asked: Option<Duration>) -> Duration {
    own.max(asked.unwrap_or_default()).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_ask_for_more_but_not_for_ever() {
        let second = Duration::from_secs(1);
        assert_eq!(next_pause(second, None), second);
        assert_eq!(next_pause(second, Some(second * 5)), second * 5);
        assert_eq!(next_pause(second * 8, Some(second)), second * 8);
        assert_eq!(next_pause(second, Some(second * 100_000)), PAUSE_MAX);
    }
}
