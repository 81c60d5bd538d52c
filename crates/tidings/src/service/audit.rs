//! Self-audit: what the server itself sees becomes events in the enterprise feed, with address and actor.
//!
//! Names are the catalogue's where it has one. What belongs to no enterprise is counted, not stored: a stranger must not
//! be able to fill the disk.

use super::Services;
use crate::auth::Caller;
use feed::directory::Person;
use feed::id::EnterpriseId;
use feed::intake::Format;
use serde_json::{Value, json};
use std::net::IpAddr;

/// Something that happened to access.
pub(crate) struct Deed<'a> {
    /// The event type.
    pub(crate) event_type: &'static str,
    /// Whose feed it goes to.
    pub(crate) enterprise: &'a EnterpriseId,
    /// Who did it; nobody in particular if `None`.
    pub(crate) actor: Option<&'a Person>,
    /// From where.
    pub(crate) ip: Option<IpAddr>,
    /// What it happened to.
    pub(crate) source: Value,
    /// More of it.
    pub(crate) details: Value,
}

/// A person as an event names them.
pub(crate) fn user_source(person: &Person) -> Value {
    json!({
        "type": "user", "id": person.id.as_str(), "name": person.name.as_str(), "login": person.login.as_str(),
    })
}

/// An application as an event names it.
pub(crate) fn application_source(client_id: &str, name: &str) -> Value {
    json!({"type": "application", "name": name, "api_key": client_id})
}

impl Services {
    /// Records that somebody signed in with a token of the identity provider, if they just did: each token once, also
    /// after a restart, because its event has an id of its own.
    pub async fn record_sign_in(&self, caller: &Caller) {
        let (Some(token_id), Some(issuer)) = (caller.signed_in(), self.authenticator.issuer()) else { return };
        let person = caller.token_person();
        let deed = Deed {
            event_type: "LOGIN",
            enterprise: caller.enterprise(),
            actor: Some(person),
            ip: caller.ip(),
            source: user_source(person),
            details: json!({ "issuer": issuer, "token_id": token_id }),
        };
        self.audit_once(deed, Some(token_id)).await;
    }

    /// Records a deed. It is done already, so a failure to record it cannot undo it: the log of the server has it then.
    pub(crate) async fn audit(&self, deed: Deed<'_>) {
        self.audit_once(deed, None).await;
    }

    /// The same for a deed that has an id: recorded again, it is known.
    async fn audit_once(&self, deed: Deed<'_>, event_id: Option<&str>) {
        let mut draft = json!({
            "feed": "enterprise",
            "event_type": deed.event_type,
            "source": deed.source,
            "additional_details": deed.details,
        });
        if let Some(event_id) = event_id {
            draft["event_id"] = json!(event_id);
        }
        if let Some(actor) = deed.actor {
            draft["created_by"] = user_source(actor);
        }
        if let Some(ip) = deed.ip {
            draft["ip_address"] = json!(ip.to_string());
        }
        let recorded = self.record(deed.enterprise, draft.to_string().as_bytes(), Format::Json).await;
        if recorded.is_err() {
            let (event_type, enterprise) = (deed.event_type, deed.enterprise.as_str());
            tracing::error!(event_type, enterprise, "a deed could not be recorded in the audit log");
        }
    }
}
