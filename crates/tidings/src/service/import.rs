//! Importing: history from elsewhere, which keeps the ids and times it has had (design, section 7).

use super::Services;
use super::audit::Deed;
use super::publish::PublishError;
use crate::auth::Caller;
use feed::event::Event;
use feed::id::EventId;
use feed::intake::{self, Format, Rules};
use feed::limits::REFUSED_DRAFTS_MAX;
use feed::permission::Action;
use feed::time::Second;
use serde_json::json;
use store::import::{Brought, History, Past};

/// What became of a batch of history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Events that are stored now.
    pub imported: u64,
    /// Events that were stored before, and say the same.
    pub known: u64,
    /// Events with an id that is stored with another content, which stands.
    pub differing: u64,
    /// The ids of the first of these.
    pub differing_ids: Vec<EventId>,
    /// Events left out because they are past the period of events already.
    pub expired: u64,
    /// Events left out because the enterprise has not opted in to their type.
    pub withheld: u64,
}

impl Services {
    /// Brings in a batch of history: all of it or none, but for what is past its period, known, or withheld.
    ///
    /// # Errors
    /// [`PublishError`]; nothing is stored then.
    pub async fn import(&self, caller: &Caller, body: &[u8], format: Format) -> Result<Imported, PublishError> {
        caller.may(Action::ImportHistory).map_err(PublishError::Denied)?;
        let (home, now) = (caller.enterprise(), self.clock.now());
        let rules = Rules { catalogue: &self.catalogue, enterprise: home };
        let events = intake::read_history(body, format, &rules, now).inspect_err(|_| {
            self.metrics.drafts_refused.inc();
        });
        let events = events.map_err(PublishError::Refused)?;
        let settings = self.stores.directory.enterprise(home).await.map_err(unavailable)?;
        let oldest = settings.as_ref().map(|it| it.retention).unwrap_or_default().oldest_kept(now);
        let opted_in = settings.is_some_and(|it| it.opted_in);
        let mut done = Imported::default();
        let mut pasts = Vec::with_capacity(events.len());
        for Event { enterprise, opt_in, terms, .. } in events {
            let Some(rendering) = enterprise else { continue };
            if rendering.created_at < oldest {
                done.expired += 1;
            } else if opt_in && !opted_in {
                done.withheld += 1;
            } else {
                pasts.push(Past { rendering, terms });
            }
        }
        let of: Vec<(EventId, Second)> =
            pasts.iter().map(|past| (past.rendering.event_id.clone(), past.rendering.created_at)).collect();
        let history = History { enterprise: home.clone(), events: pasts, now };
        let brought = self.stores.import.import(history).await.map_err(PublishError::Append)?;
        let mut span: Option<(Second, Second)> = None;
        for ((id, created_at), brought) in of.into_iter().zip(brought) {
            match brought {
                Brought::New => {
                    done.imported += 1;
                    let (first, last) = span.unwrap_or((created_at, created_at));
                    span = Some((first.min(created_at), last.max(created_at)));
                }
                Brought::Known { differs: false } => done.known += 1,
                Brought::Known { differs: true } => {
                    done.differing += 1;
                    if done.differing_ids.len() < REFUSED_DRAFTS_MAX {
                        done.differing_ids.push(id);
                    }
                }
            }
        }
        self.metrics.events_imported.inc_by(done.imported);
        self.metrics.events_known_before.inc_by(done.known + done.differing);
        if let Some(span) = span {
            self.audit_import(caller, &done, span).await;
        }
        Ok(done)
    }

    async fn audit_import(&self, caller: &Caller, done: &Imported, (first, last): (Second, Second)) {
        self.audit(Deed {
            event_type: "EVENTS_IMPORTED",
            enterprise: caller.enterprise(),
            actor: Some(caller.person()),
            ip: caller.ip(),
            source: json!({"type": "history", "id": first.0.to_string()}),
            details: json!({
                "imported": done.imported, "known": done.known, "differing": done.differing,
                "first_created_at": first.to_string(), "last_created_at": last.to_string(),
            }),
        })
        .await;
    }
}

fn unavailable(why: store::ledger::Unavailable) -> PublishError {
    PublishError::Append(store::ledger::AppendError::Unavailable(why))
}
