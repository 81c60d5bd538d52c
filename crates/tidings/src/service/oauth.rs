//! Getting, giving back and consenting to tokens. Those who come here have no Caller yet; `auth::grant` decides, and
//! this records what came of it.

use super::Services;
use super::audit::{Deed, application_source, user_source};
use crate::auth::grant::revoke::Revoked;
use crate::auth::grant::wish::{GrantType, GrantWish};
use crate::auth::grant::{Consent, ConsentError, GrantError, Granted, Secret};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Why nothing was granted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OauthError {
    /// The grant was refused.
    Grant(GrantError),
    /// Too many failures came from there, or at that client; nothing was looked at.
    TooManyFailures {
        /// When to come back, in whole seconds.
        retry_after_s: u64,
    },
}

/// What a person on the consent page says.
pub struct SignIn<'a> {
    /// Who they are.
    pub login: &'a str,
    /// The one-time code from their admin.
    pub code: &'a str,
    /// From where.
    pub ip: Option<IpAddr>,
}

impl Services {
    /// Grants a token, or not, and records which.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn grant(&self, wish: &GrantWish, ip: Option<IpAddr>) -> Result<Granted, OauthError> {
        self.before_signing_in(wish.client_id.as_deref(), ip)?;
        match self.grants.grant(wish).await {
            Ok(granted) => {
                self.record_granted(&granted, ip).await;
                Ok(granted)
            }
            Err(why) => {
                self.record_refused(wish, &why, ip).await?;
                Err(OauthError::Grant(why))
            }
        }
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// [`OauthError`] for a wrong client.
    pub async fn revoke(&self, wish: &GrantWish, token: Option<&str>, ip: Option<IpAddr>) -> Result<(), OauthError> {
        self.before_signing_in(wish.client_id.as_deref(), ip)?;
        match self.grants.revoke(wish, token).await {
            Ok((application, revoked)) => {
                let (event_type, token) = match &revoked {
                    None => return Ok(()),
                    Some(Revoked::Access(record)) => ("OAUTH2_ACCESS_TOKEN_REVOKE", Some(record.id.as_str())),
                    Some(Revoked::Refresh) => ("OAUTH2_REFRESH_TOKEN_REVOKE", None),
                };
                self.audit(Deed {
                    event_type,
                    enterprise: &application.enterprise,
                    actor: None,
                    ip,
                    source: application_source(&application.client_id, &application.name),
                    details: json!({ "token_id": token }),
                })
                .await;
                Ok(())
            }
            Err(why) => {
                self.record_refused(wish, &why, ip).await?;
                Err(OauthError::Grant(why))
            }
        }
    }

    /// Signs a person in and takes their consent; the answer is the code for the application.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub async fn sign_in(&self, consent: &Consent, sign_in: SignIn<'_>) -> Result<Secret, ConsentError> {
        let SignIn { login, code, ip } = sign_in;
        let client_id = &consent.application.client_id;
        if self.sign_in_limit.wait(client_id, ip).is_some() {
            self.metrics.sign_ins_failed.inc();
            return Err(ConsentError::SignIn(None));
        }
        let outcome = self.grants.sign_in(consent, login, code).await;
        let mut recorded = true;
        let (event_type, person) = match &outcome {
            Ok((_, user)) => ("LOGIN", Some(&user.person)),
            Err(ConsentError::SignIn(named)) => {
                self.metrics.sign_ins_failed.inc();
                recorded = self.sign_in_limit.count(client_id, ip);
                ("FAILED_LOGIN", named.as_ref().map(|user| &user.person))
            }
            Err(_) => ("", None),
        };
        // Somebody whom the directory does not know is nobody's failed login.
        if let Some(person) = person.filter(|_| recorded) {
            self.audit(Deed {
                event_type,
                enterprise: &consent.application.enterprise,
                actor: Some(person),
                ip,
                source: user_source(person),
                details: json!({"service_id": client_id, "service_name": consent.application.name}),
            })
            .await;
        }
        outcome.map(|(code, _)| code)
    }

    fn before_signing_in(&self, client_id: Option<&str>, ip: Option<IpAddr>) -> Result<(), OauthError> {
        match client_id.and_then(|id| self.sign_in_limit.wait(id, ip)) {
            None => Ok(()),
            Some(retry_after_s) => Err(OauthError::TooManyFailures { retry_after_s }),
        }
    }

    async fn record_granted(&self, granted: &Granted, ip: Option<IpAddr>) {
        let event_type = match granted.grant_type {
            GrantType::RefreshToken => "USER_AUTHENTICATE_OAUTH2_TOKEN_REFRESH",
            _ => "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE",
        };
        let source = match &granted.application {
            Some(application) => application_source(&application.client_id, &application.name),
            None => application_source("", &granted.record.note),
        };
        self.audit(Deed {
            event_type,
            enterprise: &granted.record.enterprise,
            actor: Some(&granted.user.person),
            ip,
            source,
            details: json!({
                "token_id": granted.record.id, "scopes": granted.record.scopes.to_string(),
                "grant_type": granted.grant_type.name(),
            }),
        })
        .await;
    }

    /// A failure at a known application goes into its enterprise's feed, so many a minute; any other is only counted.
    async fn record_refused(&self, wish: &GrantWish, why: &GrantError, ip: Option<IpAddr>) -> Result<(), OauthError> {
        if matches!(why, GrantError::Unavailable(_)) {
            return Ok(());
        }
        self.metrics.sign_ins_failed.inc();
        let Some(client_id) = &wish.client_id else { return Ok(()) };
        let unavailable = |why| OauthError::Grant(GrantError::Unavailable(why));
        let Some(application) = self.grants.application(client_id).await.map_err(unavailable)? else { return Ok(()) };
        if !self.sign_in_limit.count(client_id, ip) {
            return Ok(());
        }
        let grant_type = wish.grant_type().map_or(Value::Null, |it| Value::from(it.name()));
        self.audit(Deed {
            event_type: "APPLICATION_SIGN_IN_FAILED",
            enterprise: &application.enterprise,
            actor: None,
            ip,
            source: application_source(&application.client_id, &application.name),
            details: json!({"reason": why.to_string(), "grant_type": grant_type}),
        })
        .await;
        Ok(())
    }
}
