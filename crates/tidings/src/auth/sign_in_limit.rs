//! Bounds failed sign-ins: so many a minute at each application from each address. Whoever tries more waits, and nothing
//! is looked at for them meanwhile; the application itself, at another address, is not kept out by somebody who fails in
//! its name. Of all failures at an application only so many a minute are recorded.

use crate::clock::Clock;
use feed::limits::{SIGN_IN_ADDRESSES_MAX, SIGN_IN_FAILURES_PER_MINUTE};
use rustc_hash::FxHashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Failures of the current minute.
pub struct SignInLimit {
    clock: Arc<dyn Clock>,
    state: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    minute: u32,
    by_client: FxHashMap<String, u32>,
    by_address: FxHashMap<(String, Option<IpAddr>), u32>,
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

    /// How many seconds whoever is at this address must wait to sign in as this client; `None` if not at all.
    pub fn wait(&self, client_id: &str, ip: Option<IpAddr>) -> Option<u64> {
        let state = self.current();
        let failures = state.by_address.get(&(client_id.to_owned(), ip)).copied().unwrap_or_default();
        (failures >= SIGN_IN_FAILURES_PER_MINUTE).then(|| u64::from(60 - self.clock.now().0 % 60))
    }

    /// Counts a failure at an application that exists, and answers whether it should be recorded.
    pub fn count(&self, client_id: &str, ip: Option<IpAddr>) -> bool {
        let mut state = self.current();
        let place = (client_id.to_owned(), ip);
        // When too many addresses fail in a minute, the rest are not slowed down: what they guess at cannot be guessed.
        if state.by_address.len() < SIGN_IN_ADDRESSES_MAX || state.by_address.contains_key(&place) {
            *state.by_address.entry(place).or_default() += 1;
        }
        let failures = state.by_client.entry(client_id.to_owned()).or_default();
        *failures += 1;
        *failures <= SIGN_IN_FAILURES_PER_MINUTE
    }

    fn current(&self) -> MutexGuard<'_, Minute> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = self.clock.now().0 / 60;
        if state.minute != minute {
            *state = Minute { minute, ..Minute::default() };
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
    fn failures_are_bounded_by_minute_client_and_address() {
        let clock = Arc::new(ManualClock::at(Second(6_000_020)));
        let limit = SignInLimit::new(clock.clone());
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|ip| Some(ip.parse().unwrap()));
        for _ in 0..SIGN_IN_FAILURES_PER_MINUTE {
            assert_eq!(limit.wait("a", here), None);
            assert!(limit.count("a", here));
        }
        assert_eq!(limit.wait("a", here), Some(40));
        assert_eq!(limit.wait("a", there), None, "the client itself is not kept out");
        assert_eq!(limit.wait("b", here), None);
        assert!(!limit.count("a", there), "enough of them are recorded");
        clock.advance(Duration::from_secs(40));
        assert_eq!(limit.wait("a", here), None);
        assert!(limit.count("a", here));
    }

    #[test]
    fn addresses_do_not_pile_up() {
        let limit = SignInLimit::new(Arc::new(ManualClock::at(Second(6_000_000))));
        for n in 0..u32::try_from(SIGN_IN_ADDRESSES_MAX).unwrap() + 10 {
            limit.count("a", Some(IpAddr::from(n.to_be_bytes())));
        }
        assert_eq!(limit.current().by_address.len(), SIGN_IN_ADDRESSES_MAX);
    }
}
