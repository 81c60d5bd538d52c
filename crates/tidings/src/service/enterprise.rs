//! The settings of the caller's enterprise.

use super::Services;
use super::administer::{AdminError, deed};
use super::publish::PublishError;
use crate::auth::Caller;
use crate::entropy::random;
use feed::directory::{Effect, Enterprise};
use feed::intake::{self, Format, Rules};
use feed::permission::Action;
use feed::retention::{Days, Retention};
use serde_json::json;
use store::ledger::{Batch, Unavailable};

/// A change of an enterprise; `None` leaves what is there.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseChange {
    /// The name.
    pub name: Option<String>,
    /// Whether types that need opting in reach it.
    pub opted_in: Option<bool>,
    /// How long events are kept, in days.
    pub retention: Option<Days>,
}

impl Services {
    /// The caller's enterprise.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn enterprise(&self, caller: &Caller) -> Result<Enterprise, AdminError> {
        caller.may(Action::ManageEnterprise).map_err(AdminError::Denied)?;
        let found = self.stores.directory.enterprise(caller.enterprise()).await?;
        found.ok_or_else(|| AdminError::Missing("enterprise", caller.enterprise().to_string()))
    }

    /// What the caller's enterprise is called; everybody in it may know.
    ///
    /// # Errors
    /// [`Unavailable`] when the directory cannot be asked.
    pub async fn enterprise_name(&self, caller: &Caller) -> Result<String, Unavailable> {
        let found = self.stores.directory.enterprise(caller.enterprise()).await?;
        Ok(found.map_or_else(|| caller.enterprise().to_string(), |it| it.name.to_string()))
    }

    /// Changes the caller's enterprise. Recorded as `ENTERPRISE_SETTINGS_CHANGED`, with the old and the new settings.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn edit_enterprise(&self, caller: &Caller, change: &EnterpriseChange) -> Result<Enterprise, AdminError> {
        let old = self.enterprise(caller).await?;
        let mut new = old.clone();
        if let Some(name) = &change.name {
            if name.is_empty() || 256 < name.len() || name.chars().any(char::is_control) {
                return Err(AdminError::BadText("A name has 1 to 256 bytes and no control characters."));
            }
            new.name = name.into();
        }
        new.opted_in = change.opted_in.unwrap_or(old.opted_in);
        if let Some(days) = change.retention {
            new.retention =
                Retention::try_from(days).map_err(|wrong| AdminError::Bad(format!("Retention: {wrong}.")))?;
        }
        if new == old {
            return Ok(old);
        }
        let source = json!({"enterprise_id": new.id.as_str(), "enterprise_name": new.name.as_str()});
        let details = json!({"old": settings(&old), "new": settings(&new)});
        let body = deed(caller, "ENTERPRISE_SETTINGS_CHANGED", &source, &details).to_string();
        let (now, home) = (self.clock.now(), caller.enterprise());
        let rules = Rules { catalogue: &self.catalogue, enterprise: home };
        let events = intake::read(body.as_bytes(), Format::Json, &rules, now, &mut random::<20>);
        let mut events = events.map_err(|why| AdminError::Publish(PublishError::Refused(why)))?;
        // A published event of this type changes nothing; only the server says what its settings are.
        events.iter_mut().for_each(|event| event.effects.push(Effect::EnterpriseSet(new.clone())));
        let batch = Batch { enterprise: home.clone(), events, now };
        let appended = self.stores.ledger.append(batch).await;
        let appended = appended.map_err(|why| AdminError::Publish(PublishError::Append(why)))?;
        self.bell.ring(&appended.moved);
        self.enterprise(caller).await
    }
}

fn settings(enterprise: &Enterprise) -> serde_json::Value {
    json!({
        "name": enterprise.name.as_str(), "opted_in": enterprise.opted_in, "retention": enterprise.retention,
    })
}
