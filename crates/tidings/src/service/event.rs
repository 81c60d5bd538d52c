//! One event, whole: both of its renderings as they are kept.

use super::Services;
use super::administer::AdminError;
use crate::auth::Caller;
use bytes::Bytes;
use feed::id::EventId;
use feed::intake::outline;
use feed::permission::Action;
use feed::retention::Retention;
use feed::stream_type::{StreamType, UserStream};
use feed::time::Second;
use store::ledger::Found;

/// An event, by either of its ids.
#[derive(Debug, Clone)]
pub struct WholeEvent {
    /// What readers of the enterprise feed get: id and bytes.
    pub for_enterprise: Option<(EventId, Bytes)>,
    /// What readers of user feeds get; shown only to those who may see who heard it.
    pub for_users: Option<Bytes>,
    /// When it was recorded.
    pub recorded_at: Second,
}

impl Services {
    /// Finds an event of the caller's enterprise by its id in either kind of feed.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn event(&self, caller: &Caller, id: &str) -> Result<WholeEvent, AdminError> {
        caller.may(Action::ReadEnterpriseFeed).map_err(AdminError::Denied)?;
        let missing = || AdminError::Missing("event", id.chars().take(64).collect());
        let known = EventId::new(id).map_err(|_| missing())?;
        let home = caller.enterprise();
        let (for_users, for_enterprise) = self.both_renderings(home, &known).await?;
        let place = for_enterprise.as_ref().map(|(_, found)| found.place).or(for_users.as_ref().map(|it| it.place));
        let recorded_at = place.ok_or_else(missing)?.second;
        let retention = self.stores.directory.enterprise(home).await?.map(|it| it.retention).unwrap_or_default();
        let for_users = for_users.filter(|_| caller.may(Action::ExplainAudience).is_ok());
        let for_users = for_users.filter(|found| self.is_shown_to_users(&retention, found)).map(|found| found.bytes);
        let kept = self.kept(home).await?;
        let for_enterprise = for_enterprise.filter(|(_, found)| {
            let created_at = outline(&found.bytes).and_then(|event| event.created);
            kept.has(found.place.second, created_at.unwrap_or(found.place.second))
        });
        let for_enterprise = for_enterprise.map(|(id, found)| (id, found.bytes));
        if for_users.is_none() && for_enterprise.is_none() {
            return Err(missing());
        }
        Ok(WholeEvent { for_enterprise, for_users, recorded_at })
    }

    /// What is past the retention of user feeds is gone, also before it is swept.
    fn is_shown_to_users(&self, retention: &Retention, found: &Found) -> bool {
        retention.oldest_shown(StreamType::User(UserStream::All), self.clock.now()) <= found.place.second
    }
}
