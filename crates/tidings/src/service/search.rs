//! Searching the history of an enterprise: who may, what the words of a request mean, and what is kept of it.

use super::Services;
use super::administer::AdminError;
use crate::auth::Caller;
use bytes::Bytes;
use feed::event::EventType;
use feed::hold::Kept;
use feed::id::{EnterpriseId, GroupId, ItemId, UserId};
use feed::limits::PAGE_ENTRIES_MAX;
use feed::permission::Action;
use feed::position::Place;
use feed::search::{Cursor, Filters, Order};
use feed::text_match::TextMatch;
use feed::time::Second;
use store::ledger::Unavailable;
use store::search::Searching;

/// Filters as somebody wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterWords {
    /// Done at or after this second.
    pub created_after: Option<Second>,
    /// Done before this second.
    pub created_before: Option<Second>,
    /// Names of event types.
    pub event_types: Vec<String>,
    /// Ids or logins of users.
    pub actors: Vec<String>,
    /// Ids of things.
    pub items: Vec<String>,
    /// Ids of folders.
    pub folders: Vec<String>,
    /// Ids of groups.
    pub groups: Vec<String>,
    /// Addresses.
    pub ip_addresses: Vec<String>,
    /// A text; empty is none.
    pub text: String,
}

/// A page of events.
#[derive(Debug, Clone)]
pub struct FoundPage {
    /// The events as they were published, in order.
    pub entries: Vec<FoundEvent>,
    /// Where to go on; `None` if nothing was looked at and nothing given.
    pub next: Option<Cursor>,
    /// Whether there is no more. A page may be short, or even empty, without being the last.
    pub end: bool,
}

/// An event that was found.
#[derive(Debug, Clone)]
pub struct FoundEvent {
    /// When it was done.
    pub created_at: Second,
    /// When it was recorded.
    pub recorded_at: Second,
    /// Its rendering in the enterprise feed.
    pub bytes: Bytes,
}

impl Services {
    /// The filters that some words mean in the caller's enterprise.
    ///
    /// # Errors
    /// [`AdminError`] names the word that means nothing.
    pub async fn filters(&self, caller: &Caller, words: &FilterWords) -> Result<Filters, AdminError> {
        caller.may(Action::Search).map_err(AdminError::Denied)?;
        let mut actors = Vec::with_capacity(words.actors.len());
        for actor in &words.actors {
            actors.push(self.actor(caller.enterprise(), actor).await?);
        }
        let bad = |what: &str, word: &str| {
            let shown: String = word.chars().take(60).collect();
            AdminError::Bad(format!("{what} '{}' is no id.", shown.escape_debug()))
        };
        let item = |what: &'static str| move |id: &String| ItemId::new(id).map_err(|_| bad(what, id));
        let kind = |name: &String| {
            EventType::new(name).map_err(|wrong| {
                let shown: String = name.chars().take(60).collect();
                AdminError::Bad(format!("event_type '{}' cannot be one: {wrong}.", shown.escape_debug()))
            })
        };
        let filters = Filters {
            created_from: words.created_after,
            created_before: words.created_before,
            types: words.event_types.iter().map(kind).collect::<Result<_, _>>()?,
            actors,
            items: words.items.iter().map(item("item")).collect::<Result<_, _>>()?,
            folders: words.folders.iter().map(item("folder")).collect::<Result<_, _>>()?,
            groups: words
                .groups
                .iter()
                .map(|id| GroupId::new(id).map_err(|_| bad("group", id)))
                .collect::<Result<_, _>>()?,
            addresses: words.ip_addresses.iter().map(Into::into).collect(),
            text: Some(TextMatch::new(&words.text)).filter(|_| !words.text.is_empty()),
        };
        filters.check().map_err(|wrong| AdminError::Bad(format!("{wrong}.")))?;
        Ok(filters)
    }

    /// Who is meant by an id, or by the login of somebody in the enterprise.
    async fn actor(&self, home: &EnterpriseId, word: &str) -> Result<UserId, AdminError> {
        let unknown = || AdminError::NoSuchUser(word.chars().take(60).collect());
        if word.contains('@') {
            let user = self.stores.directory.user_by_login(home, word).await?;
            return user.map(|user| user.person.id).ok_or_else(unknown);
        }
        // Whoever is not in the directory any more may still be in the history.
        UserId::new(word).map_err(|_| unknown())
    }

    /// Finds a page of events of the caller's enterprise.
    ///
    /// # Errors
    /// [`AdminError::Denied`] or [`AdminError::Unavailable`].
    pub async fn search(
        &self,
        caller: &Caller,
        filters: &Filters,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<FoundPage, AdminError> {
        caller.may(Action::Search).map_err(AdminError::Denied)?;
        let kept = self.kept(caller.enterprise()).await?;
        let searching = Searching {
            enterprise: caller.enterprise().clone(),
            filters: filters.clone(),
            order,
            after: after.map(|cursor| cursor.last),
            limit: limit.min(PAGE_ENTRIES_MAX),
            oldest: kept.looked_from(),
        };
        let page = self.stores.search.search(searching).await?;
        let event = |entry: store::search::Match| FoundEvent {
            created_at: entry.at.second,
            recorded_at: entry.recorded.second,
            bytes: entry.bytes,
        };
        let next = page.last.map(|last: Place| Cursor { order, last });
        let entries = page.entries.into_iter().filter(|entry| kept.has(entry.recorded.second, entry.at.second));
        Ok(FoundPage { entries: entries.map(event).collect(), next, end: page.end })
    }

    /// What is to be seen of the enterprise's events, whether the rest was swept already or not.
    pub(crate) async fn kept(&self, enterprise: &EnterpriseId) -> Result<Kept, Unavailable> {
        let settings = self.stores.directory.enterprise(enterprise).await?;
        let retention = settings.map(|settings| settings.retention).unwrap_or_default();
        let holds = self.stores.retention.holds(enterprise).await?;
        Ok(Kept::of(retention, &holds, self.clock.now()))
    }
}
