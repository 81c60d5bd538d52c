//! The live view: a reader of a feed who stays.
//!
//! A turn registers at the bell, looks, and waits for at most so long, as a long poll does; unlike that it hands over
//! what it found. Where it read to goes with it, so that whoever comes back goes on from there without loss or repeat.

use super::Services;
use super::read::{Page, ReadError, ReadRequest};
use crate::auth::Caller;
use crate::bell::Feed;
use feed::limits::{LIVE_VIEWS_MAX, LIVE_VIEWS_PER_SESSION_MAX, PAGE_ENTRIES_MAX, RECENT_PAGES_MAX};
use feed::position::{Family, Place, Position, Start};
use feed::stream_type::StreamType;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many live views are watched, by session, so that nobody takes every connection.
#[derive(Debug, Clone, Default)]
pub struct LiveViews {
    watched: Arc<Mutex<Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    by_session: FxHashMap<String, usize>,
    all: usize,
}

/// A place among the live views, given up when dropped.
#[derive(Debug)]
pub struct LivePlace {
    views: LiveViews,
    session: String,
}

impl LiveViews {
    /// A place for one more view of this session, if there is room.
    pub fn begin(&self, session: &str) -> Option<LivePlace> {
        let mut watched = self.watched();
        let theirs = watched.by_session.get(session).copied().unwrap_or_default();
        if watched.all >= LIVE_VIEWS_MAX || theirs >= LIVE_VIEWS_PER_SESSION_MAX {
            return None;
        }
        watched.all += 1;
        watched.by_session.insert(session.to_owned(), theirs + 1);
        Some(LivePlace { views: self.clone(), session: session.to_owned() })
    }

    /// How many are watched.
    pub fn count(&self) -> usize {
        self.watched().all
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LivePlace {
    fn drop(&mut self) {
        let mut watched = self.views.watched();
        watched.all -= 1;
        if let Some(theirs) = watched.by_session.get_mut(&self.session) {
            *theirs -= 1;
            if *theirs == 0 {
                watched.by_session.remove(&self.session);
            }
        }
    }
}

/// What a turn of a live view brought.
#[derive(Debug)]
pub enum Turn {
    /// Entries, or at least a later position to go on from.
    Page(Page),
    /// Nothing in all that time.
    Silence,
    /// The server is closing.
    Closing,
}

/// How far back the newest entries of a feed are looked for, step by step, in seconds.
const STEPS_BACK_S: [u32; 6] = [10, 120, 1_800, 6 * 3_600, 3 * 86_400, 62 * 86_400];

impl Services {
    /// Reads on in an enterprise stream that the caller may read, and waits for something to come if there is nothing,
    /// for at most so long.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_live(
        &self,
        caller: &Caller,
        request: &ReadRequest,
        at_most: Duration,
    ) -> Result<Turn, ReadError> {
        let silence = self.clock.wait(at_most);
        let watching = async {
            let here = self.bell.register(Feed::Enterprise(caller.enterprise().clone()));
            let ring = here.ring();
            let mut request = request.clone();
            loop {
                let mut rung = std::pin::pin!(ring.notified());
                rung.as_mut().enable();
                let page = self.read(caller, &request).await?;
                self.tell_of_read(caller, request.stream, page.count).await;
                if page.count > 0 || request.start != Start::After(page.next) {
                    return Ok(Turn::Page(page));
                }
                request.start = Start::After(page.next);
                rung.await;
            }
        };
        tokio::select! {
            turn = watching => turn,
            () = silence => Ok(Turn::Silence),
            () = self.bell.closed() => Ok(Turn::Closing),
        }
    }

    /// The newest entries that a request for a stream in arrival order would ever give, oldest first, wherever it
    /// starts: at least as many as its limit if there are so many within the last 62 days, perhaps more. The last page
    /// says where to read on.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_newest(&self, caller: &Caller, request: &ReadRequest) -> Result<Vec<Page>, ReadError> {
        let wanted = request.limit;
        let mut request = ReadRequest { start: Start::Now, limit: PAGE_ENTRIES_MAX, ..request.clone() };
        let end = self.read(caller, &request).await?.next;
        let family = if matches!(request.stream, StreamType::User(_)) { Family::User } else { Family::Streaming };
        let mut best = vec![Page { runs: Vec::new(), count: 0, next: end }];
        for (step, back) in STEPS_BACK_S.into_iter().enumerate() {
            request.start = Start::After(Position::new(Place::at(self.clock.now().back(back)), family));
            let Some(pages) = self.read_to_end(caller, request.clone(), step == 0).await? else { return Ok(best) };
            best = pages;
            if best.iter().map(|page| page.count).sum::<usize>() >= wanted {
                break;
            }
        }
        Ok(best)
    }

    /// The pages from there to the end; `None` when that is too far: more than a page, or than many if `patient`.
    async fn read_to_end(
        &self,
        caller: &Caller,
        mut request: ReadRequest,
        patient: bool,
    ) -> Result<Option<Vec<Page>>, ReadError> {
        let most = if patient { RECENT_PAGES_MAX } else { 2 };
        let mut pages: Vec<Page> = Vec::new();
        for _ in 0..most {
            let page = self.read(caller, &request).await?;
            request.start = Start::After(page.next);
            let last = page.count < PAGE_ENTRIES_MAX;
            pages.push(page);
            if last {
                return Ok(Some(pages));
            }
        }
        Ok(patient.then_some(pages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_of_a_session_are_bounded_and_forgotten() {
        let views = LiveViews::default();
        let held: Vec<_> = (0..LIVE_VIEWS_PER_SESSION_MAX).map(|_| views.begin("a").unwrap()).collect();
        assert!(views.begin("a").is_none());
        assert!(views.begin("b").is_some(), "another's are its own");
        assert_eq!(views.count(), LIVE_VIEWS_PER_SESSION_MAX);
        drop(held);
        assert_eq!(views.count(), 0);
        assert!(views.begin("a").is_some());
    }

    #[test]
    fn views_of_everybody_are_bounded() {
        let views = LiveViews::default();
        let held: Vec<_> = (0..LIVE_VIEWS_MAX).map(|n| views.begin(&n.to_string()).unwrap()).collect();
        assert!(views.begin("one more").is_none());
        assert_eq!(held.len(), views.count());
    }
}
