//! The one home of time: the clock on the wall, and waiting.
//!
//! Everything else takes a [`Clock`], so that tests move time instead of sleeping.

use feed::time::Second;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A wait that ends when the clock has moved on.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and waits for it to pass.
pub trait Clock: Send + Sync {
    /// The second it is.
    fn now(&self) -> Second;

    /// Ends when `duration` has passed.
    fn wait(&self, duration: Duration) -> Wait;

    /// How long it has been since some moment that stays the same, by the clock that waits go by.
    fn passed(&self) -> Duration;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the home of the system clock")]
    fn now(&self) -> Second {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Second(u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the home of waiting")]
    fn wait(&self, duration: Duration) -> Wait {
        Box::pin(tokio::time::sleep(duration))
    }

    fn passed(&self) -> Duration {
        static BEGAN: LazyLock<Stopwatch> = LazyLock::new(Stopwatch::start);
        BEGAN.elapsed()
    }
}

/// Measures how long something takes, whatever happens to the clock on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "this is the home of the steady clock")]
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// When it was started, for those who count from there.
    pub fn began(&self) -> Instant {
        self.0
    }

    /// How long it has been.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is moved: for tests.
#[derive(Debug)]
pub struct ManualClock {
    /// Milliseconds since 1970.
    time: watch::Sender<u64>,
}

impl ManualClock {
    /// A clock standing at this second.
    pub fn at(second: Second) -> Self {
        ManualClock { time: watch::Sender::new(u64::from(second.0) * 1_000) }
    }

    /// Moves on; every wait that is over ends.
    pub fn advance(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.time.send_modify(|now| *now += ms);
    }

    /// Steps to another second, perhaps back, as a clock does that is set by hand.
    pub fn set(&self, second: Second) {
        self.time.send_replace(u64::from(second.0) * 1_000);
    }

    /// How many waits are under way.
    pub fn waiting(&self) -> usize {
        self.time.receiver_count()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Second {
        Second(u32::try_from(*self.time.borrow() / 1_000).unwrap_or(u32::MAX))
    }

    fn wait(&self, duration: Duration) -> Wait {
        let mut time = self.time.subscribe();
        let until = *time.borrow() + u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Box::pin(async move {
            // An error means that the clock is gone, and with it the test.
            let _ = time.wait_for(|now| until <= *now).await;
        })
    }

    fn passed(&self) -> Duration {
        Duration::from_millis(*self.time.borrow())
    }
}
