//! Bounds failed sign-ins: so many a minute at each application. Whoever tries more waits, and nothing is looked at or
//! recorded for them meanwhile. It is bounded itself, because it is counted for known applications only.

use crate::clock::Clock;
use feed::limits::SIGN_IN_FAILURES_PER_MINUTE;
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Failures of the current minute, by client id.
pub struct SignInLimit {
    clock: Arc<dyn Clock>,
    state: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    minute: u32,
    failures: FxHashMap<String, u32>,
}

impl fmt::Debug for SignInLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInLimit").finish_non_exhaustive()
    }
}

impl SignInLimit {
    /// Nobody has failed yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        SignInLimit { clock, state: Mutex::default() }
    }

    /// How many seconds this client must wait; `None` if it need not.
    pub fn wait(&self, client_id: &str) -> Option<u64> {
        let state = self.current();
        let failures = state.failures.get(client_id).copied().unwrap_or_default();
        (failures >= SIGN_IN_FAILURES_PER_MINUTE).then(|| u64::from(60 - self.clock.now().0 % 60))
    }

    /// Counts a failure at an application that exists.
    pub fn count(&self, client_id: &str) {
        *self.current().failures.entry(client_id.to_owned()).or_default() += 1;
    }

    fn current(&self) -> MutexGuard<'_, Minute> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = self.clock.now().0 / 60;
        if state.minute != minute {
            *state = Minute { minute, failures: FxHashMap::default() };
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use feed::time::Second;
    use std::time::Duration;

    #[test]
    fn failures_are_bounded_by_the_minute_and_by_the_client() {
        let clock = Arc::new(ManualClock::at(Second(6_000_020)));
        let limit = SignInLimit::new(clock.clone());
        for _ in 0..SIGN_IN_FAILURES_PER_MINUTE {
            assert_eq!(limit.wait("a"), None);
            limit.count("a");
        }
        assert_eq!(limit.wait("a"), Some(40));
        assert_eq!(limit.wait("b"), None);
        clock.advance(Duration::from_secs(40));
        assert_eq!(limit.wait("a"), None);
    }
}
