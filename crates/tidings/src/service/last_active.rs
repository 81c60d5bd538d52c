//! When people were last active: the newest deed of theirs in the enterprise feed.
//!
//! It is looked up in the history, by the same indexes as a search, and kept nowhere: what was published, what was done in
//! the console and what the server itself tells of (tokens, sign-ins) all count, and it is right at once for whatever was
//! imported. Everybody asked for is looked for in one walk from the newest event backwards, each until found.

use super::Services;
use super::administer::AdminError;
use crate::auth::Caller;
use feed::id::UserId;
use feed::limits::{LAST_ACTIVE_PAGES_MAX, PAGE_ENTRIES_MAX, SEARCH_VALUES_MAX};
use feed::permission::Action;
use feed::report::{Cell, Column, Row};
use feed::search::{Filters, Order};
use feed::time::Second;
use store::search::{Match, Searching};

/// When somebody last did something that is in the enterprise feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastActive {
    /// At this second.
    At(Second),
    /// Not after this second; before it was not looked.
    NotAfter(Second),
    /// Nothing they did is kept.
    Never,
}

/// Whoever tries to sign in as somebody is not them being active.
const NOT_THEIR_DEED: &str = "FAILED_LOGIN";

impl Services {
    /// When each of these users was last active in the caller's enterprise, in the same order. What one call looks at is
    /// bounded ([`LAST_ACTIVE_PAGES_MAX`]), so somebody who has long been away may be told as [`LastActive::NotAfter`].
    ///
    /// # Errors
    /// [`AdminError::Denied`] or [`AdminError::Unavailable`].
    pub async fn last_active(&self, caller: &Caller, users: &[UserId]) -> Result<Vec<LastActive>, AdminError> {
        caller.may(Action::ManageUsers).map_err(AdminError::Denied)?;
        let oldest = self.oldest_kept(caller.enterprise()).await?;
        let mut told = Vec::with_capacity(users.len());
        for users in users.chunks(SEARCH_VALUES_MAX) {
            told.extend(self.look_back(caller, users, oldest).await?);
        }
        Ok(told)
    }

    async fn look_back(
        &self,
        caller: &Caller,
        users: &[UserId],
        oldest: Second,
    ) -> Result<Vec<LastActive>, AdminError> {
        let mut found: Vec<Option<Second>> = vec![None; users.len()];
        let (mut after, mut otherwise) = (None, LastActive::Never);
        for _ in 0..LAST_ACTIVE_PAGES_MAX {
            let missing =
                || users.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(user, _)| user.clone());
            let filters = Filters { actors: missing().collect(), ..Filters::default() };
            if filters.actors.is_empty() {
                break;
            }
            let searching = Searching {
                enterprise: caller.enterprise().clone(),
                filters,
                order: Order::NewestFirst,
                after,
                limit: PAGE_ENTRIES_MAX,
                oldest,
            };
            let page = self.stores.search.search(searching).await?;
            for entry in &page.entries {
                let Some(actor) = actor_of(entry) else { continue };
                let mine = users.iter().zip(&mut found).filter(|(user, _)| user.as_str() == actor);
                mine.for_each(|(_, found)| {
                    found.get_or_insert(entry.at.second);
                });
            }
            after = page.last;
            otherwise = match after {
                Some(last) if !page.end => LastActive::NotAfter(last.second),
                _ => LastActive::Never,
            };
            // A page that found nothing has looked through very much of the history.
            if page.end || page.entries.is_empty() {
                break;
            }
        }
        Ok(found.into_iter().map(|found| found.map_or(otherwise, LastActive::At)).collect())
    }
}

/// Who did it, if it was they.
fn actor_of(entry: &Match) -> Option<String> {
    let row = Row::of(entry.at.second, entry.recorded.second, &entry.bytes);
    let text = |column| match row.cell(column) {
        Cell::Text(text) => text.into_owned(),
        Cell::Time(_) => String::new(),
    };
    (text(Column::EventType) != NOT_THEIR_DEED).then(|| text(Column::ActorId))
}
