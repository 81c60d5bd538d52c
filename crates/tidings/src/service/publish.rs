//! Publishing: drafts in, one result each out (design, section 3 "Publish").

use super::Services;
use crate::auth::Caller;
use crate::entropy::random;
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Refused, Rules};
use feed::permission::{Action, Denied};
use store::ledger::{AppendError, Batch, Outcome, Receipt};

/// Why nothing was published.
#[derive(Debug)]
pub enum PublishError {
    /// The caller may not.
    Denied(Denied),
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
        self.record(caller.enterprise(), body, format).await
    }

    /// Publishes what the server itself has to say for an enterprise.
    pub(super) async fn record(
        &self,
        enterprise: &EnterpriseId,
        body: &[u8],
        format: Format,
    ) -> Result<Vec<Receipt>, PublishError> {
        let now = self.clock.now();
        let rules = Rules { catalogue: &self.catalogue, enterprise };
        let events = intake::read(body, format, &rules, now, &mut random::<20>).inspect_err(|_| {
            self.metrics.drafts_refused.inc();
        });
        let events = events.map_err(PublishError::Refused)?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
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
