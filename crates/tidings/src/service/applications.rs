//! Applications of the caller's own enterprise: create, change, secrets, keys. Each change is recorded.

use super::Services;
use super::administer::{AdminError, UserChange};
use super::audit::{Deed, application_source, user_source};
use crate::auth::Caller;
use crate::auth::application::{FreshSecret, fresh_client_id, fresh_secret, rotate};
use crate::auth::grant::Secret;
use crate::auth::key_pair::{self, BadKey, fresh_key_id, public_key};
use feed::id::UserId;
use feed::limits::{APPLICATIONS_MAX, CLIENT_KEYS_MAX, CLIENT_LIST_MAX, SECRET_OVERLAP_S_MAX};
use feed::permission::{Action, Scopes};
use feed::time::Second;
use serde::Deserialize;
use serde_json::{Value, json};
use store::access_store::{AccessKey, AccessKind, AccessRecord, ActsAs, ApplicationRecord, PublicKeyRecord};

/// How an application should be; what is missing stays, or begins empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationWish {
    /// What people call it.
    pub name: Option<String>,
    /// The most that its tokens can give, separated by blanks or commas.
    pub scopes: Option<String>,
    /// `nobody`, `everybody`, or user ids: for whom it may have tokens without asking them.
    pub acts_as: Option<ActsAsWish>,
    /// Where people may be sent back to after consenting.
    pub redirect_uris: Option<Vec<String>>,
    /// Whether it gets tokens, and whether those it has work.
    pub enabled: Option<bool>,
}

/// For whom an application may act.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ActsAsWish {
    /// `nobody` or `everybody`.
    Word(String),
    /// Some, by id.
    Users(Vec<String>),
}

/// How often a change is tried again when another came between.
const TRIES: usize = 8;
const NAME_BYTES_MAX: usize = 256;
const URI_BYTES_MAX: usize = 2_048;

impl Services {
    /// The applications of the caller's enterprise, sorted by client id.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn applications(&self, caller: &Caller) -> Result<Vec<ApplicationRecord>, AdminError> {
        caller.may(Action::ManageApplications).map_err(AdminError::Denied)?;
        let records = self.stores.access.list(AccessKind::Application, caller.enterprise()).await?;
        let application = |record| match record {
            AccessRecord::Application(application) => Some(application),
            _ => None,
        };
        Ok(records.into_iter().filter_map(application).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`AdminError`]; another enterprise's application is as unknown as none.
    pub async fn application(&self, caller: &Caller, client_id: &str) -> Result<ApplicationRecord, AdminError> {
        caller.may(Action::ManageApplications).map_err(AdminError::Denied)?;
        match self.stores.access.get(&AccessKey::application(client_id)).await? {
            Some(AccessRecord::Application(it)) if it.enterprise == *caller.enterprise() => Ok(it),
            _ => Err(AdminError::NoSuchApplication(client_id.chars().take(60).collect())),
        }
    }

    /// Creates an application, with a service account of its own. The secret is in this answer and nowhere else.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn create_application(
        &self,
        caller: &Caller,
        wish: &ApplicationWish,
    ) -> Result<(ApplicationRecord, FreshSecret), AdminError> {
        if self.applications(caller).await?.len() >= APPLICATIONS_MAX {
            return Err(AdminError::BadText("The enterprise has as many applications as it can have."));
        }
        let client_id = fresh_client_id();
        let now = self.clock.now();
        let (secret, kept) = fresh_secret(now);
        let mut record = ApplicationRecord {
            client_id: client_id.clone(),
            enterprise: caller.enterprise().clone(),
            name: String::new(),
            service_account: UserId::anonymous(),
            scopes: Scopes::NONE,
            acts_as: ActsAs::Nobody,
            redirect_uris: Vec::new(),
            enabled: true,
            secrets: vec![kept],
            keys: Vec::new(),
            created_at: now,
        };
        change(&mut record, wish, caller)?;
        if record.name.is_empty() {
            return Err(AdminError::BadText("An application needs a name."));
        }
        let account = UserChange {
            name: Some(record.name.clone()),
            login: Some(format!("app-{client_id}@{}.invalid", caller.enterprise())),
            role: Some("service_account".to_owned()),
            ..UserChange::default()
        };
        record.service_account = self.add_user(caller, &account).await?.person.id;
        if !self.stores.access.add(AccessRecord::Application(record.clone())).await? {
            return Err(AdminError::BadText("The client id is taken; try again."));
        }
        self.audit_application(caller, "APPLICATION_CREATED", &record, shown_scopes(&record)).await;
        Ok((record, secret))
    }

    /// Changes an application. Disabling it stops its tokens at once.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn change_application(
        &self,
        caller: &Caller,
        client_id: &str,
        wish: &ApplicationWish,
    ) -> Result<ApplicationRecord, AdminError> {
        let changed = self.update(caller, client_id, |record| change(record, wish, caller)).await?;
        let event_type = match changed.enabled {
            true => "ENTERPRISE_APP_AUTHORIZATION_UPDATE",
            false => "ENTERPRISE_APP_AUTHORIZATION_DELETE",
        };
        self.audit_application(caller, event_type, &changed, shown_scopes(&changed)).await;
        Ok(changed)
    }

    /// Gives an application a new secret; old ones run on for `overlap_s` seconds.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        client_id: &str,
        overlap_s: u32,
    ) -> Result<(ApplicationRecord, FreshSecret), AdminError> {
        if overlap_s > SECRET_OVERLAP_S_MAX {
            return Err(AdminError::BadText("Two secrets overlap for at most 30 days (2592000 s)."));
        }
        let now = self.clock.now();
        let (secret, kept) = fresh_secret(now);
        let turn = |record: &mut ApplicationRecord| {
            rotate(record, kept.clone(), overlap_s, now);
            Ok(())
        };
        let changed = self.update(caller, client_id, turn).await?;
        let details = json!({ "overlap_s": overlap_s });
        self.audit_application(caller, "APPLICATION_SECRET_CHANGED", &changed, details).await;
        Ok((changed, secret))
    }

    /// Registers a public key.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_key(&self, caller: &Caller, client_id: &str, pem: &str) -> Result<PublicKeyRecord, AdminError> {
        public_key(pem).map_err(AdminError::BadKey)?;
        let now = self.clock.now();
        self.keep_key(caller, client_id, pem, now).await
    }

    /// Makes a key pair, registers its public half, and answers the JWT configuration file, which has the private one.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn generate_key(
        &self,
        caller: &Caller,
        client_id: &str,
        secret: Option<&str>,
    ) -> Result<(PublicKeyRecord, Secret), AdminError> {
        let application = self.application(caller, client_id).await?;
        // Computing for so long would hold up others on this thread.
        let pair = tokio::task::spawn_blocking(key_pair::generate)
            .await
            .map_err(|_| AdminError::BadKey(BadKey::Generation))?;
        let pair = pair.map_err(AdminError::BadKey)?;
        let key = self.keep_key(caller, client_id, &pair.public_pem, self.clock.now()).await?;
        let config = key_pair::jwt_config(&application, secret, &key, &pair);
        Ok((key, Secret(config)))
    }

    /// Removes a public key: assertions signed with it are refused from now on.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn remove_key(&self, caller: &Caller, client_id: &str, key_id: &str) -> Result<(), AdminError> {
        let remove = |record: &mut ApplicationRecord| {
            let before = record.keys.len();
            record.keys.retain(|key| key.id != key_id);
            if record.keys.len() == before {
                return Err(AdminError::NoSuchKey(key_id.chars().take(60).collect()));
            }
            Ok(())
        };
        let changed = self.update(caller, client_id, remove).await?;
        let details = json!({ "public_key_id": key_id });
        self.audit_application(caller, "APPLICATION_PUBLIC_KEY_DELETED", &changed, details).await;
        Ok(())
    }

    /// Makes a one-time sign-in code for a user of the enterprise.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn make_sign_in_code(&self, caller: &Caller, id_or_login: &str) -> Result<(Secret, Second), AdminError> {
        caller.may(Action::ManageTokens).map_err(AdminError::Denied)?;
        let user = self.own_user(caller.enterprise(), id_or_login).await?;
        let (code, record) = self.grants.sign_in_code(&user).await?;
        self.audit(Deed {
            event_type: "SIGN_IN_CODE_CREATED",
            enterprise: caller.enterprise(),
            actor: Some(caller.person()),
            ip: caller.ip(),
            source: user_source(&user.person),
            details: json!({"expires_at": record.expires_at.to_string()}),
        })
        .await;
        Ok((code, record.expires_at))
    }

    async fn keep_key(
        &self,
        caller: &Caller,
        client_id: &str,
        pem: &str,
        now: Second,
    ) -> Result<PublicKeyRecord, AdminError> {
        let key = PublicKeyRecord { id: fresh_key_id(), pem: pem.trim().to_owned(), created_at: now };
        let add = |record: &mut ApplicationRecord| {
            if record.keys.len() >= CLIENT_KEYS_MAX {
                return Err(AdminError::BadText("The application has as many keys as it can have; remove one."));
            }
            record.keys.push(key.clone());
            Ok(())
        };
        let changed = self.update(caller, client_id, add).await?;
        let details = json!({ "public_key_id": key.id });
        self.audit_application(caller, "APPLICATION_PUBLIC_KEY_ADDED", &changed, details).await;
        Ok(key)
    }

    /// Changes a record as it stands, again if somebody else changed it meanwhile.
    async fn update(
        &self,
        caller: &Caller,
        client_id: &str,
        change: impl Fn(&mut ApplicationRecord) -> Result<(), AdminError>,
    ) -> Result<ApplicationRecord, AdminError> {
        for _ in 0..TRIES {
            let old = self.application(caller, client_id).await?;
            let mut new = old.clone();
            change(&mut new)?;
            let (old, kept) = (AccessRecord::Application(old), AccessRecord::Application(new.clone()));
            if self.stores.access.replace(&old, kept).await? {
                return Ok(new);
            }
        }
        Err(AdminError::BadText("Others are changing the application at the same time; try again."))
    }

    async fn audit_application(
        &self,
        caller: &Caller,
        event_type: &'static str,
        application: &ApplicationRecord,
        details: Value,
    ) {
        self.audit(Deed {
            event_type,
            enterprise: caller.enterprise(),
            actor: Some(caller.person()),
            ip: caller.ip(),
            source: application_source(&application.client_id, &application.name),
            details,
        })
        .await;
    }
}

fn shown_scopes(application: &ApplicationRecord) -> Value {
    json!({"scopes": application.scopes.to_string(), "enabled": application.enabled})
}

fn change(record: &mut ApplicationRecord, wish: &ApplicationWish, caller: &Caller) -> Result<(), AdminError> {
    if let Some(name) = &wish.name {
        if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(AdminError::BadText("The name of an application has 1 to 256 bytes, none of them a control."));
        }
        record.name.clone_from(name);
    }
    if let Some(words) = &wish.scopes {
        let scopes = Scopes::parse(words).map_err(AdminError::BadScope)?;
        if !caller.scopes().contains(scopes) {
            return Err(AdminError::ScopeBeyondOwn(caller.scopes()));
        }
        record.scopes = scopes;
    }
    if let Some(acts_as) = &wish.acts_as {
        record.acts_as = match acts_as {
            ActsAsWish::Word(word) if word == "nobody" => ActsAs::Nobody,
            ActsAsWish::Word(word) if word == "everybody" => ActsAs::Everybody,
            ActsAsWish::Word(_) => return Err(AdminError::BadText("acts_as is nobody, everybody, or a list of ids.")),
            ActsAsWish::Users(ids) if ids.len() > CLIENT_LIST_MAX => {
                return Err(AdminError::BadText("acts_as lists at most 100 users; say everybody instead."));
            }
            ActsAsWish::Users(ids) => {
                let ids: Result<Vec<UserId>, _> = ids.iter().map(|id| UserId::new(id)).collect();
                ActsAs::Users(ids.map_err(AdminError::BadId)?)
            }
        };
    }
    if let Some(uris) = &wish.redirect_uris {
        if uris.len() > CLIENT_LIST_MAX || !uris.iter().all(|uri| is_redirect_uri(uri)) {
            return Err(AdminError::BadText(
                "redirect_uris lists at most 100 absolute URLs without a fragment: https, or http to this machine.",
            ));
        }
        record.redirect_uris.clone_from(uris);
    }
    if let Some(enabled) = wish.enabled {
        record.enabled = enabled;
    }
    Ok(())
}

/// Whether people may be sent to this place: nobody on the way can read the code then.
fn is_redirect_uri(uri: &str) -> bool {
    let plain = uri.len() <= URI_BYTES_MAX
        && uri.bytes().all(|b| b.is_ascii_graphic())
        && !uri.contains(['#', '"', '<', '>', '\\']);
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let host_ends = |rest: &str| rest.is_empty() || rest.starts_with([':', '/', '?']);
    let safe = uri.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?']))
        || local.iter().any(|start| uri.strip_prefix(start).is_some_and(host_ends));
    plain && safe && !uri.contains('@')
}

#[cfg(test)]
mod tests {
    use super::is_redirect_uri;

    #[test]
    fn people_are_sent_to_safe_places_only() {
        for good in ["https://a.example/b?c=d", "http://localhost:8080/x", "http://127.0.0.1/", "http://[::1]:9"] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "http://a.example/",
            "https://",
            "https:///x",
            "https://a.example/#x",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "https://a.example/\r\nX: y",
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }
}
