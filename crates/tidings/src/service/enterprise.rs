//! Enterprises: the caller's own and its settings; and all of them, for the operator of the machine.

use super::Services;
use super::administer::{AdminError, UserChange, check_texts, fresh_user_id};
use super::audit::{Deed, application_source};
use super::changes::{self, Doer};
use super::sharing::checked_name;
use crate::auth::Caller;
use crate::auth::token::FreshToken;
use crate::operator::Operator;
use feed::directory::{Enterprise, Person, Role, Status, User};
use feed::id::EnterpriseId;
use feed::permission::{Action, Scopes};
use feed::retention::{Days, Retention};
use store::ledger::Unavailable;

/// A change of an enterprise; `None` leaves what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseChange {
    /// The name.
    pub name: Option<String>,
    /// Whether types that need opting in reach it.
    pub opted_in: Option<bool>,
    /// How long events are kept, in days.
    pub retention: Option<Days>,
}

/// An enterprise to be added, with its first admin.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FreshEnterprise {
    /// The id.
    pub id: EnterpriseId,
    /// The name.
    pub name: String,
    /// The name of the first admin.
    pub admin_name: String,
    /// Their login.
    pub admin_login: String,
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
        let new = change.applied_to(&old)?;
        if new == old {
            return Ok(old);
        }
        self.change(caller, &[changes::enterprise(caller, Some(&old), &new)]).await?;
        self.enterprise(caller).await
    }
}

impl Services {
    /// All enterprises, by id.
    ///
    /// # Errors
    /// [`AdminError`]; so with the others.
    pub async fn enterprises(&self, _: Operator) -> Result<Vec<Enterprise>, AdminError> {
        Ok(self.stores.directory.enterprises().await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn enterprise_of(&self, _: Operator, id: &EnterpriseId) -> Result<Enterprise, AdminError> {
        let found = self.stores.directory.enterprise(id).await?;
        found.ok_or_else(|| AdminError::NoSuchEnterprise(id.clone()))
    }

    /// Adds an enterprise with its first admin, and makes a token with every scope for them. Recorded in its own audit
    /// log as `ENTERPRISE_ADDED`, `NEW_USER` and `CHANGE_ADMIN_ROLE`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_enterprise(
        &self,
        _: Operator,
        wish: &FreshEnterprise,
    ) -> Result<(Enterprise, User, FreshToken), AdminError> {
        let fresh = Enterprise {
            id: wish.id.clone(),
            name: checked_name(Some(&wish.name))?.into(),
            retention: Retention::default(),
            opted_in: false,
        };
        let admin = UserChange {
            name: Some(wish.admin_name.clone()),
            login: Some(wish.admin_login.clone()),
            ..UserChange::default()
        };
        check_texts(&admin)?;
        if wish.admin_name.is_empty() {
            return Err(AdminError::BadText("The first admin needs a name and a login."));
        }
        if self.stores.directory.enterprise(&wish.id).await?.is_some() {
            return Err(AdminError::EnterpriseExists(wish.id.clone()));
        }
        let person = Person {
            id: fresh_user_id(),
            name: wish.admin_name.as_str().into(),
            login: wish.admin_login.as_str().into(),
        };
        let changes = [
            changes::enterprise(Doer::Operator, None, &fresh),
            changes::user(Doer::Operator, "NEW_USER", &person),
            changes::role(Doer::Operator, &person, &Role::Admin),
        ];
        self.carry_out(&wish.id, &changes).await.map_err(|broken| AdminError::Publish(broken.why))?;
        let admin = self.own_user(&wish.id, person.id.as_str()).await?;
        let token = self.token_of_the_operator(&admin).await?;
        Ok((fresh, admin, token))
    }

    /// Changes the settings of an enterprise. Recorded in its audit log as `ENTERPRISE_SETTINGS_CHANGED`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn change_enterprise(
        &self,
        operator: Operator,
        id: &EnterpriseId,
        change: &EnterpriseChange,
    ) -> Result<Enterprise, AdminError> {
        let old = self.enterprise_of(operator, id).await?;
        let new = change.applied_to(&old)?;
        if new != old {
            let changes = [changes::enterprise(Doer::Operator, Some(&old), &new)];
            self.carry_out(id, &changes).await.map_err(|broken| AdminError::Publish(broken.why))?;
        }
        Ok(new)
    }

    /// Makes a token with every scope for an admin of an enterprise: for when nobody there has one (any more).
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn make_admin_token(
        &self,
        operator: Operator,
        id: &EnterpriseId,
        user: Option<&str>,
    ) -> Result<(User, FreshToken), AdminError> {
        self.enterprise_of(operator, id).await?;
        let is_admin = |user: &&User| user.home == *id && user.role == Role::Admin && user.status == Status::Active;
        let admin = match user {
            Some(user) => Some(self.own_user(id, user).await?).filter(|user| is_admin(&user)),
            None => self.stores.directory.ask(|directory| directory.users().find(is_admin).cloned()).await?,
        };
        let whom = |user: &str| format!("'{}' is no admin of the enterprise {id}.", user.escape_debug());
        let nobody = || user.map_or_else(|| format!("The enterprise {id} has no admin; import or add one."), whom);
        let admin = admin.ok_or_else(|| AdminError::Bad(nobody()))?;
        let token = self.token_of_the_operator(&admin).await?;
        Ok((admin, token))
    }

    async fn token_of_the_operator(&self, admin: &User) -> Result<FreshToken, AdminError> {
        let (token, record) = self.store_token(admin, Scopes::EVERY, "made by the operator", None).await?;
        self.audit(Deed {
            event_type: "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE",
            enterprise: &admin.home,
            actor: None,
            ip: None,
            source: application_source("", &record.note),
            details: serde_json::json!({
                "token_id": record.id, "user_id": record.user.as_str(), "scopes": record.scopes.to_string(),
                "performed_by": "operator",
            }),
        })
        .await;
        Ok(token)
    }
}

impl EnterpriseChange {
    /// The enterprise as it is after the change.
    pub(super) fn applied_to(&self, old: &Enterprise) -> Result<Enterprise, AdminError> {
        let mut new = old.clone();
        if let Some(name) = &self.name {
            new.name = checked_name(Some(name))?.into();
        }
        new.opted_in = self.opted_in.unwrap_or(old.opted_in);
        if let Some(days) = self.retention {
            new.retention =
                Retention::try_from(days).map_err(|wrong| AdminError::Bad(format!("Retention: {wrong}.")))?;
        }
        Ok(new)
    }
}
