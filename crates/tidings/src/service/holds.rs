//! Legal holds of the caller's enterprise: placing, changing, releasing. Each is recorded under the names that the
//! catalogue has for policies of legal hold.

use super::Services;
use super::administer::AdminError;
use super::audit::Deed;
use crate::auth::Caller;
use crate::entropy::random;
use feed::directory::Person;
use feed::hold::{Hold, Release, Scope};
use feed::limits::{HOLDS_MAX, TEXT_BYTES_MAX};
use feed::permission::Action;
use feed::time::Second;
use serde_json::json;

/// A hold to be placed.
#[derive(Debug, Clone, Default)]
pub struct HoldWish {
    /// What people call it.
    pub name: String,
    /// Why.
    pub why: String,
    /// What it keeps.
    pub scope: Scope,
    /// When it ends by itself.
    pub until: Option<Second>,
}

/// A change of a hold; `None` leaves what is there. What it keeps is not changed: a wider one is placed beside it.
#[derive(Debug, Clone, Default)]
pub struct HoldChange {
    /// What people call it.
    pub name: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// When it ends by itself; the inner `None` is never.
    pub until: Option<Option<Second>>,
}

/// A hold as it is shown.
#[derive(Debug, Clone)]
pub struct ShownHold {
    /// The hold.
    pub hold: Hold,
    /// Who placed it, as far as the directory knows.
    pub placed_by: Option<Person>,
    /// Whether it suspends the sweep now.
    pub in_effect: bool,
}

/// How often a change is tried again when another came between.
const TRIES: usize = 8;
const NAME_BYTES_MAX: usize = 256;

impl Services {
    /// The holds of the caller's enterprise, also those that ended, oldest first.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn holds(&self, caller: &Caller) -> Result<Vec<ShownHold>, AdminError> {
        caller.may(Action::SeeRetention).map_err(AdminError::Denied)?;
        let mut shown = Vec::new();
        for hold in self.stores.retention.holds(caller.enterprise()).await? {
            shown.push(self.shown_hold(hold).await?);
        }
        Ok(shown)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`AdminError`]; another enterprise's hold is as unknown as none.
    pub async fn hold(&self, caller: &Caller, id: &str) -> Result<ShownHold, AdminError> {
        caller.may(Action::SeeRetention).map_err(AdminError::Denied)?;
        self.shown_hold(self.own_hold(caller, id).await?).await
    }

    /// Places a hold: once this has answered, nothing that it keeps is swept.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn place_hold(&self, caller: &Caller, wish: HoldWish) -> Result<ShownHold, AdminError> {
        caller.may(Action::ManageRetention).map_err(AdminError::Denied)?;
        let now = self.clock.now();
        check_texts(&wish.name, &wish.why)?;
        check_end(wish.until, now)?;
        if wish.scope.is_empty() {
            return Err(AdminError::BadText(
                "created_before lies at or before created_from, so nothing would be held.",
            ));
        }
        self.make_room_for_a_hold(caller, now).await?;
        let hold = Hold {
            id: format!("{:016x}", u64::from_be_bytes(random())),
            enterprise: caller.enterprise().clone(),
            name: wish.name,
            why: wish.why,
            scope: wish.scope,
            placed_by: caller.person().id.clone(),
            placed_at: now,
            until: wish.until,
            released: None,
        };
        if !self.stores.retention.add_hold(hold.clone()).await? {
            return Err(AdminError::Taken("hold", hold.id));
        }
        self.audit_hold(caller, "LEGAL_HOLD_POLICY_CREATE", &hold).await;
        self.shown_hold(hold).await
    }

    /// Changes a hold that is in effect.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn change_hold(&self, caller: &Caller, id: &str, change: &HoldChange) -> Result<ShownHold, AdminError> {
        let now = self.clock.now();
        if let Some(until) = change.until {
            check_end(until, now)?;
        }
        let changed = self.update_hold(caller, id, |hold| Hold {
            name: change.name.clone().unwrap_or(hold.name),
            why: change.why.clone().unwrap_or(hold.why),
            until: change.until.unwrap_or(hold.until),
            ..hold
        });
        let changed = changed.await?;
        self.audit_hold(caller, "LEGAL_HOLD_POLICY_UPDATE", &changed).await;
        self.shown_hold(changed).await
    }

    /// Ends a hold that is in effect: the next sweep takes what is past its period.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn release_hold(&self, caller: &Caller, id: &str) -> Result<ShownHold, AdminError> {
        let release = Release { at: self.clock.now(), by: caller.person().id.clone() };
        let released = self.update_hold(caller, id, |hold| Hold { released: Some(release.clone()), ..hold }).await?;
        self.audit_hold(caller, "LEGAL_HOLD_POLICY_DELETE", &released).await;
        self.shown_hold(released).await
    }

    async fn update_hold(&self, caller: &Caller, id: &str, change: impl Fn(Hold) -> Hold) -> Result<Hold, AdminError> {
        caller.may(Action::ManageRetention).map_err(AdminError::Denied)?;
        for _ in 0..TRIES {
            let old = self.own_hold(caller, id).await?;
            if !old.is_in_effect(self.clock.now()) {
                return Err(AdminError::BadText("This hold has ended; place another."));
            }
            let new = change(old.clone());
            check_texts(&new.name, &new.why)?;
            if self.stores.retention.replace_hold(&old, new.clone()).await? {
                return Ok(new);
            }
        }
        Err(AdminError::BadText("Others are changing this hold at this moment; look at it and try again."))
    }

    async fn own_hold(&self, caller: &Caller, id: &str) -> Result<Hold, AdminError> {
        let holds = self.stores.retention.holds(caller.enterprise()).await?;
        let missing = || AdminError::Missing("hold", id.chars().take(60).collect());
        holds.into_iter().find(|hold| hold.id == id).ok_or_else(missing)
    }

    /// Holds that ended are kept for whoever asks later, but they make room for new ones, oldest first.
    async fn make_room_for_a_hold(&self, caller: &Caller, now: Second) -> Result<(), AdminError> {
        let holds = self.stores.retention.holds(caller.enterprise()).await?;
        let too_many = (holds.len() + 1).saturating_sub(HOLDS_MAX);
        let ended: Vec<&Hold> = holds.iter().filter(|hold| !hold.is_in_effect(now)).take(too_many).collect();
        if ended.len() < too_many {
            return Err(AdminError::Bad(format!("There are {HOLDS_MAX} holds in effect; release some first.")));
        }
        for hold in ended {
            self.stores.retention.forget_hold(caller.enterprise(), &hold.id).await?;
        }
        Ok(())
    }

    async fn shown_hold(&self, hold: Hold) -> Result<ShownHold, AdminError> {
        let placed_by = self.stores.directory.user(&hold.placed_by).await?.map(|user| user.person);
        let in_effect = hold.is_in_effect(self.clock.now());
        Ok(ShownHold { hold, placed_by, in_effect })
    }

    async fn audit_hold(&self, caller: &Caller, event_type: &'static str, hold: &Hold) {
        let time = |second: Option<Second>| second.map(|second| second.to_string());
        self.audit(Deed {
            event_type,
            enterprise: caller.enterprise(),
            actor: Some(caller.person()),
            ip: caller.ip(),
            source: json!({"type": "legal_hold_policy", "id": hold.id, "name": hold.name}),
            details: json!({
                "why": hold.why,
                "created_from": time(hold.scope.created_from),
                "created_before": time(hold.scope.created_before),
                "until": time(hold.until),
            }),
        })
        .await;
    }
}

fn check_texts(name: &str, why: &str) -> Result<(), AdminError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(AdminError::BadText("A hold has a name of 1 to 256 bytes without control characters."));
    }
    if why.len() > TEXT_BYTES_MAX {
        return Err(AdminError::BadText("The reason of a hold has at most 4096 bytes."));
    }
    Ok(())
}

fn check_end(until: Option<Second>, now: Second) -> Result<(), AdminError> {
    match until.filter(|until| *until <= now) {
        Some(_) => Err(AdminError::BadText("until lies in the past; a hold is ended by releasing it.")),
        None => Ok(()),
    }
}
