//! The bell wakes readers who wait. A ring is a hint, never the truth: whoever is woken looks again.
//!
//! A reader registers *first*, then looks at the stream, then waits; so nothing that happens in between is missed. A
//! reader with lists waits for all of them at once: the ring of any is the same to them.

use feed::id::{EnterpriseId, ListId, UserId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::ledger::Moved;
use tokio::sync::{Notify, watch};

/// A feed that readers wait for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Feed {
    /// One user's.
    User(UserId),
    /// That of a list of an enterprise.
    List(EnterpriseId, ListId),
    /// One enterprise's.
    Enterprise(EnterpriseId),
}

/// Everybody who waits, by feed. Each waiting reader has a ring of their own, so that it can hang on several feeds.
#[derive(Debug, Default)]
struct Waiting {
    rings: FxHashMap<Feed, Vec<Arc<Notify>>>,
    readers: usize,
}

/// Who waits for which feed, and whether the server is closing.
#[derive(Debug)]
pub struct Bell {
    waiting: Mutex<Waiting>,
    closing: watch::Sender<bool>,
}

/// A reader's place at the bell, given up when dropped.
#[derive(Debug)]
pub struct Registration<'a> {
    bell: &'a Bell,
    feeds: FxHashSet<Feed>,
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
        self.waiting().readers += 1;
        let mut registration = Registration { bell: self, feeds: FxHashSet::default(), ring: Arc::default() };
        registration.also(feed);
        registration
    }

    /// Wakes everybody who waits for a feed that grew.
    pub fn ring(&self, moved: &Moved) {
        let waiting = self.waiting();
        if waiting.readers == 0 {
            return;
        }
        let wake = |feed: Feed| waiting.rings.get(&feed).into_iter().flatten().for_each(|ring| ring.notify_waiters());
        moved.users.iter().for_each(|user| wake(Feed::User(user.clone())));
        moved.lists.iter().for_each(|(home, list)| wake(Feed::List(home.clone(), list.clone())));
        moved.enterprises.iter().for_each(|enterprise| wake(Feed::Enterprise(enterprise.clone())));
    }

    /// Wakes everybody who waits, because something may have grown and it is not known what.
    pub fn ring_everybody(&self) {
        self.waiting().rings.values().flatten().for_each(|ring| ring.notify_waiters());
    }

    /// How many readers wait.
    pub fn readers_waiting(&self) -> usize {
        self.waiting().readers
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

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration<'_> {
    /// Waits for this feed, too.
    pub fn also(&mut self, feed: Feed) {
        if self.feeds.insert(feed.clone()) {
            self.bell.waiting().rings.entry(feed).or_default().push(self.ring.clone());
        }
    }

    /// What rings. Rings count from the moment its `notified()` is enabled or first polled; enable it before looking
    /// at the stream.
    pub fn ring(&self) -> Arc<Notify> {
        self.ring.clone()
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let mut waiting = self.bell.waiting();
        waiting.readers -= 1;
        for feed in &self.feeds {
            if let Some(rings) = waiting.rings.get_mut(feed) {
                rings.retain(|ring| !Arc::ptr_eq(ring, &self.ring));
                if rings.is_empty() {
                    waiting.rings.remove(feed);
                }
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
        let ring = here.ring();
        let mut rung = std::pin::pin!(ring.notified());
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
        assert!(bell.waiting().rings.is_empty());
    }

    #[tokio::test]
    async fn closing_reaches_those_who_come_later() {
        let bell = Bell::default();
        bell.close();
        bell.closed().await;
    }

    #[tokio::test]
    async fn a_reader_with_lists_is_woken_by_any_of_them() {
        let bell = Bell::default();
        let home = EnterpriseId::new("1").unwrap();
        let list = ListId::new("g1").unwrap();
        let mut here = bell.register(Feed::User(UserId::new("7").unwrap()));
        here.also(Feed::List(home.clone(), list.clone()));
        let ring = here.ring();
        let mut rung = std::pin::pin!(ring.notified());
        rung.as_mut().enable();
        bell.ring(&Moved { lists: vec![(home, list)], ..Moved::default() });
        rung.await;
        assert_eq!(bell.readers_waiting(), 1);
    }
}
