//! Calls a minute, of a user or of an application (protocol, section 3 "Rate limit"); off unless configured.

use crate::clock::Clock;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;

/// The server's clock, as the limiter wants it.
#[derive(Clone)]
struct Seconds(Arc<dyn Clock>);

impl GovernorClock for Seconds {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::from(self.0.now().0) * 1_000_000_000)
    }
}

/// How often each of them may call.
pub struct RateLimit {
    limiter: RateLimiter<String, DashMapStateStore<String>, Seconds, NoOpMiddleware<Nanos>>,
    clock: Seconds,
}

impl std::fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimit").finish_non_exhaustive()
    }
}

impl RateLimit {
    /// A limit of so many calls a minute, all of which may come at once.
    pub fn per_minute(calls: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let clock = Seconds(clock);
        let limiter = RateLimiter::new(Quota::per_minute(calls), DashMapStateStore::default(), clock.clone());
        RateLimit { limiter, clock }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// The whole seconds after which this one may call again.
    pub fn check(&self, who: &str) -> Result<(), u64> {
        self.limiter.check_key(&who.to_owned()).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
        })
    }
}
