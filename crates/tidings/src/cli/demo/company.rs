//! The made-up company: its people and their tokens.

use crate::boot::{BootError, FirstUser};
use crate::service::Services;
use feed::directory::{CoAdminRights, Person, Role};
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;

/// The company's name.
pub(super) const NAME: &str = "Halden Instruments";
/// The user id of Solveig, the admin.
pub(super) const ADMIN: &str = "20306589100";
/// The user id of Ines, a co-admin who may read reports.
pub(super) const CO_ADMIN: &str = "20306589103";
/// The user id of Mara.
pub(super) const USER: &str = "20306589101";
/// The user id of Tomas.
pub(super) const OTHER_USER: &str = "20306589102";
/// The user id of the application that publishes.
const PUBLISHER: &str = "20306589199";

/// The company's id.
pub(super) fn enterprise_id() -> EnterpriseId {
    EnterpriseId::new("884422").expect("digits are visible ASCII")
}

/// Everybody who is in the directory from the start.
pub(super) fn people() -> Vec<FirstUser> {
    let person = |id: &str, name: &str, login: &str, role| FirstUser {
        person: Person {
            id: UserId::new(id).expect("digits are visible ASCII"),
            name: name.into(),
            login: login.into(),
        },
        role,
    };
    vec![
        person(ADMIN, "Solveig Brandt", "solveig@halden.example", Role::Admin),
        person(USER, "Mara Lindqvist", "mara@halden.example", Role::User),
        person(OTHER_USER, "Tomas Okafor", "tomas@halden.example", Role::User),
        person(
            CO_ADMIN,
            "Ines Duarte",
            "ines@halden.example",
            Role::CoAdmin(CoAdminRights { reports: true, users: false }),
        ),
        person(PUBLISHER, "Halden publisher", "publisher@halden.example", Role::ServiceAccount),
    ]
}

/// The tokens of the demo, as secrets.
pub(super) struct Tokens {
    pub(super) admin: String,
    pub(super) co_admin: String,
    pub(super) user: String,
    pub(super) other_user: String,
    pub(super) publish: String,
}

/// Makes the tokens.
pub(super) async fn tokens(services: &Services) -> Result<Tokens, BootError> {
    let make = async |id: &str, scopes: Scopes| -> Result<String, BootError> {
        let id = UserId::new(id).map_err(|_| BootError::NobodyThere)?;
        let user = services.stores.directory.user(&id).await?.ok_or(BootError::NobodyThere)?;
        let (token, _) = services.store_token(&user, scopes, "demo", None).await?;
        Ok(token.secret)
    };
    // Scopes belong to the application, so an ordinary user's token has them too; the right is the user's own.
    let application = Scopes::ENTERPRISE.and(Scopes::USERS);
    Ok(Tokens {
        admin: make(ADMIN, Scopes::EVERY).await?,
        co_admin: make(CO_ADMIN, application).await?,
        user: make(USER, application).await?,
        other_user: make(OTHER_USER, application).await?,
        publish: make(PUBLISHER, Scopes::PUBLISH).await?,
    })
}
