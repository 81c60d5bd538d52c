//! The bell wakes readers who wait. A ring is a hint, never the truth: whoever is woken looks again.
//!
//! A reader registers *first*, then looks at the stream, then waits; so nothing that happens in between is missed.

use feed::id::{EnterpriseId, UserId};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::ledger::Moved;
use tokio::sync::{Notify, futures::Notified, watch};

/// A feed that readers wait for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Feed {
    /// One user's.
    User(UserId),
    /// One enterprise's.
    Enterprise(EnterpriseId),
}

#[derive(Debug)]
struct Waiters {
    count: usize,
    ring: Arc<Notify>,
}

/// Who waits for which feed, and whether the server is closing.
#[derive(Debug)]
pub struct Bell {
    waiting: Mutex<FxHashMap<Feed, Waiters>>,
    closing: watch::Sender<bool>,
}

/// A reader's place at the bell, given up when dropped.
#[derive(Debug)]
pub struct Registration<'a> {
    bell: &'a Bell,
    feed: Feed,
    ring: Arc<Notify>,
}

impl Default for Bell {
    fn default() -> Self {
        Bell { waiting: Mutex::default(), closing: watch::Sender::new(false) }
    }
}

impl Bell {
    /// Registers a reader for a feed.
    pub fn register(&self, feed: Feed) -> Registration<'_> {
        let mut waiting = self.waiting();
        let waiters = waiting.entry(feed.clone()).or_insert_with(|| Waiters { count: 0, ring: Arc::default() });
        waiters.count += 1;
        Registration { bell: self, feed, ring: waiters.ring.clone() }
    }

    /// Wakes everybody who waits for a feed that grew.
    pub fn ring(&self, moved: &Moved) {
        let waiting = self.waiting();
        if waiting.is_empty() {
            return;
        }
        for user in &moved.users {
            if let Some(waiters) = waiting.get(&Feed::User(user.clone())) {
                waiters.ring.notify_waiters();
            }
        }
        for enterprise in &moved.enterprises {
            if let Some(waiters) = waiting.get(&Feed::Enterprise(enterprise.clone())) {
                waiters.ring.notify_waiters();
            }
        }
    }

    /// How many readers wait.
    pub fn readers_waiting(&self) -> usize {
        self.waiting().values().map(|waiters| waiters.count).sum()
    }

    /// Tells everybody who waits, now or later, that the server is closing.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Ends when the server is closing.
    pub async fn closed(&self) {
        // The sender lives in this very bell, so the wait cannot end in an error.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    fn waiting(&self) -> MutexGuard<'_, FxHashMap<Feed, Waiters>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration<'_> {
    /// A future that ends at the next ring. Rings count from the moment it is enabled or first polled; enable it
    /// before looking at the stream.
    pub fn rung(&self) -> Notified<'_> {
        self.ring.notified()
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let mut waiting = self.bell.waiting();
        if let Some(waiters) = waiting.get_mut(&self.feed) {
            waiters.count -= 1;
            if waiters.count == 0 {
                waiting.remove(&self.feed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(user: &str) -> Moved {
        Moved { users: vec![UserId::new(user).unwrap()], ..Moved::default() }
    }

    #[tokio::test]
    async fn a_ring_between_looking_and_waiting_is_not_missed() {
        let bell = Bell::default();
        let here = bell.register(Feed::User(UserId::new("7").unwrap()));
        let mut rung = std::pin::pin!(here.rung());
        rung.as_mut().enable();
        bell.ring(&moved("7"));
        rung.await;
    }

    #[tokio::test]
    async fn nobody_stays_registered_who_has_left() {
        let bell = Bell::default();
        let one = bell.register(Feed::User(UserId::new("7").unwrap()));
        let two = bell.register(Feed::User(UserId::new("7").unwrap()));
        assert_eq!(bell.readers_waiting(), 2);
        drop((one, two));
        assert_eq!(bell.readers_waiting(), 0);
        assert!(bell.waiting().is_empty());
    }

    #[tokio::test]
    async fn closing_reaches_those_who_come_later() {
        let bell = Bell::default();
        bell.close();
        bell.closed().await;
    }
}
