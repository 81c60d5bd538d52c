//! What the operator of a machine may order, above any one enterprise.
//!
//! A token belongs to a user of one enterprise, so none can add another or look into it. Whoever may read and write the
//! store's files can do all that anyway: they are the operator, and are asked for no token (`docs/decisions/0005`). Orders
//! come over the control socket of a serving store, from a command that opened the store itself, or at the start.

use crate::service::Services;
use crate::service::administer::AdminError;
use crate::service::enterprise::{EnterpriseChange, FreshEnterprise};
use crate::service::roster::Roster;
use feed::directory::Enterprise;
use feed::id::EnterpriseId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The right of the operator. It is made only where somebody has shown that the machine is theirs.
#[derive(Debug, Clone, Copy)]
pub struct Operator(());

impl Operator {
    /// The operator of this machine: to be called where only they can come to.
    pub fn of_this_machine() -> Self {
        Operator(())
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// List the enterprises.
    ListEnterprises,
    /// Show one.
    ShowEnterprise(EnterpriseId),
    /// Add one, with its first admin.
    AddEnterprise(FreshEnterprise),
    /// Change the settings of one.
    EditEnterprise(EnterpriseId, EnterpriseChange),
    /// Make a token with every scope for an admin of an enterprise: this one, by id or login, or the first there is.
    MakeToken(EnterpriseId, Option<String>),
    /// Import directories.
    ImportDirectories(Vec<Roster>),
    /// Export the directories of all enterprises, or of one.
    ExportDirectories(Option<EnterpriseId>),
}

/// Does what is ordered.
///
/// # Errors
/// What was wrong, in words.
pub async fn obey(services: &Services, operator: Operator, order: Order) -> Result<Value, String> {
    done(services, operator, order).await.map_err(|wrong| wrong.to_string())
}

async fn done(services: &Services, operator: Operator, order: Order) -> Result<Value, AdminError> {
    Ok(match order {
        Order::ListEnterprises => {
            let all = services.enterprises(operator).await?;
            Value::from(all.iter().map(shown).collect::<Vec<Value>>())
        }
        Order::ShowEnterprise(id) => shown(&services.enterprise_of(operator, &id).await?),
        Order::AddEnterprise(wish) => {
            let (enterprise, admin, token) = services.add_enterprise(operator, &wish).await?;
            let mut added = shown(&enterprise);
            added["admin"] = json!({
                "id": admin.person.id.as_str(), "name": admin.person.name.as_str(), "login": admin.person.login.as_str(),
            });
            added["access_token"] = json!(token.secret);
            added
        }
        Order::EditEnterprise(id, change) => shown(&services.change_enterprise(operator, &id, &change).await?),
        Order::MakeToken(id, user) => {
            let (admin, token) = services.make_admin_token(operator, &id, user.as_deref()).await?;
            json!({
                "enterprise": id.as_str(), "user": admin.person.id.as_str(), "login": admin.person.login.as_str(),
                "access_token": token.secret,
            })
        }
        Order::ImportDirectories(rosters) => {
            let all = services.enterprises(operator).await?;
            let only = if let [only] = all.as_slice() { Some(&only.id) } else { None };
            json!({"changes": services.import_directories(operator, &rosters, only).await?})
        }
        Order::ExportDirectories(only) => {
            let rosters = services.export_directories(operator, only.as_ref()).await?;
            serde_json::to_value(rosters).unwrap_or_default()
        }
    })
}

/// An enterprise as answers show it.
pub fn shown(enterprise: &Enterprise) -> Value {
    json!({
        "type": "enterprise",
        "id": enterprise.id.as_str(),
        "name": enterprise.name.as_str(),
        "opted_in": enterprise.opted_in,
        "retention": enterprise.retention,
    })
}
