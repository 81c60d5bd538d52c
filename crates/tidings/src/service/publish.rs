//! Publishing: drafts in, one result each out (design, section 3 "Publish").

use super::Services;
use crate::auth::Caller;
use crate::entropy::random;
use feed::event::Event;
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Refused, Rules};
use feed::permission::{Action, Denied};
use store::ledger::{AppendError, Batch, Outcome, Receipt};

/// Why nothing was published.
#[derive(Debug)]
pub enum PublishError {
    /// The caller may not.
    Denied(Denied),
    /// The caller may publish, but not this draft.
    DraftDenied {
        /// Which draft, counted from 0.
        index: usize,
        /// Why not.
        why: Denied,
    },
    /// The drafts are wrong; each is named.
    Refused(Refused),
    /// The ledger took nothing.
    Append(AppendError),
}

impl Services {
    /// Checks drafts and records them: all or none. The answer has one receipt per draft, in order.
    ///
    /// # Errors
    /// [`PublishError`]; nothing is recorded then.
    pub async fn publish(&self, caller: &Caller, body: &[u8], format: Format) -> Result<Vec<Receipt>, PublishError> {
        caller.may(Action::Publish).map_err(PublishError::Denied)?;
        let events = self.checked(caller.enterprise(), body, format)?;
        if let Some(index) = events.iter().position(Event::changes_users) {
            // The directory follows events, so whoever may say that somebody became an admin can make them one.
            let denied = |why| PublishError::DraftDenied { index, why };
            caller.may(Action::PublishUsers).map_err(denied)?;
        }
        self.append(caller.enterprise(), events).await
    }

    /// Publishes what the server itself has to say for an enterprise.
    pub(super) async fn record(
        &self,
        enterprise: &EnterpriseId,
        body: &[u8],
        format: Format,
    ) -> Result<Vec<Receipt>, PublishError> {
        let events = self.checked(enterprise, body, format)?;
        self.append(enterprise, events).await
    }

    fn checked(&self, enterprise: &EnterpriseId, body: &[u8], format: Format) -> Result<Vec<Event>, PublishError> {
        let rules = Rules { catalogue: &self.catalogue, enterprise };
        let events = intake::read(body, format, &rules, self.clock.now(), &mut random::<20>).inspect_err(|_| {
            self.metrics.drafts_refused.inc();
        });
        events.map_err(PublishError::Refused)
    }

    async fn append(&self, enterprise: &EnterpriseId, events: Vec<Event>) -> Result<Vec<Receipt>, PublishError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let batch = Batch { enterprise: enterprise.clone(), events, now };
        let appended = self.stores.ledger.append(batch).await.map_err(PublishError::Append)?;
        self.bell.ring(&appended.moved);
        let fresh = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Recorded { duplicate: false, .. }));
        let recorded = appended.receipts.iter().filter(|it| fresh(&it.user) || fresh(&it.enterprise)).count();
        self.metrics.events_recorded.inc_by(recorded as u64);
        self.metrics.pace.count(now, recorded as u64);
        self.metrics.events_known_before.inc_by((appended.receipts.len() - recorded) as u64);
        Ok(appended.receipts)
    }
}
