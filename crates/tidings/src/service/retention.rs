//! How long the caller's enterprise keeps events, and what the next sweep would remove.

use super::Services;
use super::administer::AdminError;
use super::enterprise::EnterpriseChange;
use crate::auth::Caller;
use feed::permission::Action;
use feed::retention::{Days, Retention};
use store::retention_store::Forecast;

/// A change of periods, in days; `None` leaves what is there.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodsChange {
    /// `all`, `changes`, `sync`.
    pub user: Option<u32>,
    /// `admin_logs_streaming`.
    pub streaming: Option<u32>,
    /// `admin_logs`.
    pub history: Option<u32>,
    /// The events themselves.
    pub events: Option<u32>,
}

impl PeriodsChange {
    fn of(&self, old: Retention) -> Days {
        let old = Days::from(old);
        Days {
            user: self.user.unwrap_or(old.user),
            streaming: self.streaming.unwrap_or(old.streaming),
            history: self.history.unwrap_or(old.history),
            events: self.events.unwrap_or(old.events),
        }
    }
}

/// Periods, and what a sweep would remove by them.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// The periods.
    pub retention: Retention,
    /// What would go.
    pub forecast: Forecast,
    /// How many legal holds are in effect.
    pub holds: usize,
}

impl Services {
    /// What a sweep would remove of the caller's enterprise if its periods were changed like this; with no change, what
    /// the next one will remove.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn keeping(&self, caller: &Caller, change: &PeriodsChange) -> Result<Keeping, AdminError> {
        caller.may(Action::SeeRetention).map_err(AdminError::Denied)?;
        let (home, now) = (caller.enterprise(), self.clock.now());
        let enterprise = self.stores.directory.enterprise(home).await?;
        let old = enterprise.map(|enterprise| enterprise.retention).unwrap_or_default();
        let retention = Retention::try_from(change.of(old)).map_err(|wrong| AdminError::Bad(format!("{wrong}.")))?;
        let forecast = self.stores.retention.forecast(home, retention, now).await?;
        let holds = self.stores.retention.holds(home).await?;
        Ok(Keeping { retention, forecast, holds: holds.iter().filter(|hold| hold.is_in_effect(now)).count() })
    }

    /// Changes the periods of the caller's enterprise. Recorded as `ENTERPRISE_SETTINGS_CHANGED`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn change_periods(&self, caller: &Caller, change: &PeriodsChange) -> Result<Keeping, AdminError> {
        caller.may(Action::ManageRetention).map_err(AdminError::Denied)?;
        let enterprise = self.stores.directory.enterprise(caller.enterprise()).await?;
        let old = enterprise.map(|enterprise| enterprise.retention).unwrap_or_default();
        let settings = EnterpriseChange { retention: Some(change.of(old)), ..EnterpriseChange::default() };
        self.edit_enterprise(caller, &settings).await?;
        self.keeping(caller, &PeriodsChange::default()).await
    }
}
