//! Scheduled reports: asked for by the clock when a day, a week or a month is over, in the name of who made the schedule.

use super::{ReportWish, Services};
use crate::auth::Caller;
use crate::entropy::{hex, random};
use crate::service::administer::AdminError;
use crate::service::audit::Deed;
use feed::directory::Status;
use feed::limits::REPORT_SCHEDULES_MAX;
use feed::permission::{Action, Scopes};
use feed::report::{Asked, Every};
use feed::search::Filters;
use feed::time::Second;
use serde_json::json;
use store::report_store::{KeptReport, ScheduleRecord};

impl Services {
    /// Has a report made again and again. Its filters must not have a window: that is the period that is over.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn schedule_report(
        &self,
        caller: &Caller,
        wish: &ReportWish,
        every: Every,
    ) -> Result<ScheduleRecord, AdminError> {
        caller.may(Action::Report).map_err(AdminError::Denied)?;
        if wish.filters.created_from.is_some() || wish.filters.created_before.is_some() {
            return Err(AdminError::Bad(
                "A scheduled report is of the period that is over; leave the times out.".to_owned(),
            ));
        }
        let asked = wish.asked()?;
        let there = self.list_schedules(caller).await?.len();
        if there >= REPORT_SCHEDULES_MAX {
            let why = format!("There are {REPORT_SCHEDULES_MAX} schedules already; delete one first.");
            return Err(AdminError::Bad(why));
        }
        let now = self.clock.now();
        let record = ScheduleRecord {
            id: hex(&random::<8>()),
            enterprise: caller.enterprise().clone(),
            made_by: caller.person().id.clone(),
            made_at: now,
            asked,
            every,
            next_at: every.next(now),
        };
        if !self.stores.reports.add(KeptReport::Schedule(record.clone())).await? {
            return Err(AdminError::BadText("The id of the schedule is taken; try again."));
        }
        self.audit_schedule("REPORT_SCHEDULED", caller, &record).await;
        Ok(record)
    }

    /// The schedules of the caller's enterprise.
    ///
    /// # Errors
    /// [`AdminError::Denied`] or [`AdminError::Unavailable`].
    pub async fn list_schedules(&self, caller: &Caller) -> Result<Vec<ScheduleRecord>, AdminError> {
        caller.may(Action::Report).map_err(AdminError::Denied)?;
        let kept = self.stores.reports.list(Some(caller.enterprise())).await?;
        let schedules = kept.into_iter().filter_map(|kept| match kept {
            KeptReport::Schedule(schedule) => Some(schedule),
            KeptReport::Report(_) => None,
        });
        Ok(schedules.collect())
    }

    /// Ends a schedule. Reports it asked for stay.
    ///
    /// # Errors
    /// [`AdminError::Missing`].
    pub async fn delete_schedule(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        let schedules = self.list_schedules(caller).await?;
        let Some(record) = schedules.into_iter().find(|schedule| schedule.id == id) else {
            return Err(AdminError::Missing("schedule", id.chars().take(64).collect()));
        };
        self.stores.reports.remove(id).await?;
        self.audit_schedule("REPORT_SCHEDULE_DELETED", caller, &record).await;
        Ok(())
    }

    async fn audit_schedule(&self, event_type: &'static str, caller: &Caller, record: &ScheduleRecord) {
        let deed = Deed {
            event_type,
            enterprise: &record.enterprise,
            actor: Some(caller.person()),
            ip: caller.ip(),
            source: json!({"type": "report_schedule", "id": record.id, "name": record.asked.name}),
            details: json!({"every": record.every.word(), "format": record.asked.format.word()}),
        };
        self.audit(deed).await;
    }

    /// Asks for the report of a schedule that is due: of the last period that is over. Periods missed while no server ran
    /// are not made up for one by one.
    pub(super) async fn ask_scheduled(&self, schedule: &ScheduleRecord, now: Second) {
        let before = schedule.every.beginning(now);
        let from = schedule.every.beginning(before.back(1));
        let next = ScheduleRecord { next_at: schedule.every.next(now), ..schedule.clone() };
        let (old, new) = (KeptReport::Schedule(schedule.clone()), KeptReport::Schedule(next));
        // First the schedule moves on: a report that is asked for twice is worse than one asked for by hand again.
        if !self.stores.reports.replace(&old, new).await.unwrap_or(false) {
            return;
        }
        let user = self.stores.directory.user(&schedule.made_by).await.ok().flatten();
        let may = |user: &feed::directory::User| {
            user.status != Status::Deleted
                && user.home == schedule.enterprise
                && Action::Report.check(&user.role, Scopes::EVERY).is_ok()
        };
        let Some(user) = user.filter(may) else {
            tracing::warn!(
                schedule = schedule.id,
                "a scheduled report was not made: who made the schedule may not any more"
            );
            return;
        };
        let window =
            Filters { created_from: Some(from), created_before: Some(before), ..schedule.asked.filters.clone() };
        let asked = Asked { filters: window, ..schedule.asked.clone() };
        match self.new_report(&schedule.enterprise, &user.person, asked, Some(schedule.id.clone())).await {
            Ok(record) => {
                let details = json!({ "schedule": schedule.id });
                self.audit_report("REPORT_CREATED", &record, Some(&user.person), None, details).await;
            }
            Err(why) => tracing::warn!(%why, schedule = schedule.id, "a scheduled report was not asked for"),
        }
    }
}
