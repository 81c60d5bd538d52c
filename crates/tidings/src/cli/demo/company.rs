//! The made-up company: its people and their tokens.

use super::shapes::Person as Mini;
use crate::boot::{BootError, FirstUser};
use crate::service::Services;
use feed::directory::{CoAdminRights, Effect, Enterprise, Person, Role};
use feed::event::Event;
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use store::ledger::Batch;

/// The company's name.
pub(super) const NAME: &str = "Halden Instruments";
/// The user id of Solveig, the admin.
pub(super) const ADMIN: &str = "20306589100";
/// Her login.
pub(super) const ADMIN_LOGIN: &str = "solveig@halden.example";
/// The user id of Ines, a co-admin who may read reports.
pub(super) const CO_ADMIN: &str = "20306589103";
/// The user id of Mara.
pub(super) const USER: &str = "20306589101";
/// The user id of Tomas.
pub(super) const OTHER_USER: &str = "20306589102";
/// The user id of the application that publishes.
const PUBLISHER: &str = "20306589199";
/// The user id of the application that signs in with its secret.
pub(super) const COLLECTOR: &str = "20306589198";
/// The user id of the application that signs in with a key.
pub(super) const AUDITOR: &str = "20306589197";

/// The company's id.
pub(super) fn enterprise_id() -> EnterpriseId {
    EnterpriseId::new("884422").expect("digits are visible ASCII")
}

/// Which of [`everybody`] is Solveig, the admin.
pub(super) const SOLVEIG: usize = 0;
/// Which of [`everybody`] is Mara.
pub(super) const MARA: usize = 1;
/// Which of [`everybody`] is Tomas.
pub(super) const TOMAS: usize = 2;
/// Which of [`everybody`] is Ines, the co-admin.
pub(super) const INES: usize = 3;
/// Which of [`everybody`] is Lena.
pub(super) const LENA: usize = 4;
/// Which of [`everybody`] is Jonas.
pub(super) const JONAS: usize = 5;
/// Which of [`everybody`] is Aisha.
pub(super) const AISHA: usize = 6;
/// Which of [`everybody`] is Priya, who works at another company.
pub(super) const PRIYA: usize = 7;
/// How many of [`everybody`], from the first, work here.
pub(super) const COLLEAGUES: usize = 7;
/// The user id of Priya.
pub(super) const PRIYA_ID: &str = "19904412377";

/// Id, name and login of everybody who plays a part.
const EVERYBODY: [(&str, &str, &str); 8] = [
    (ADMIN, "Solveig Brandt", ADMIN_LOGIN),
    (USER, "Mara Lindqvist", "mara@halden.example"),
    (OTHER_USER, "Tomas Okafor", "tomas@halden.example"),
    (CO_ADMIN, "Ines Duarte", "ines@halden.example"),
    ("20306589104", "Lena Vogt", "lena@halden.example"),
    ("20306589105", "Jonas Haugen", "jonas@halden.example"),
    ("20306589106", "Aisha Rahimi", "aisha@halden.example"),
    (PRIYA_ID, "Priya Raman", "priya@brightmoor.example"),
];

/// Everybody who plays a part in the story.
pub(super) fn everybody() -> Vec<Mini> {
    EVERYBODY.iter().map(|(id, name, login)| Mini::new(id, name, login)).collect()
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
    let colleague = |(at, (id, name, login)): (usize, &(&str, &str, &str))| {
        let role = match at {
            SOLVEIG => Role::Admin,
            INES => Role::CoAdmin(CoAdminRights { reports: true, users: false }),
            _ => Role::User,
        };
        person(id, name, login, role)
    };
    let mut people: Vec<FirstUser> = EVERYBODY.iter().take(COLLEAGUES).enumerate().map(colleague).collect();
    for (id, name, login) in [
        (PUBLISHER, "Halden publisher", "publisher@halden.example"),
        (COLLECTOR, "Halden collector", "collector@halden.example"),
        (AUDITOR, "Halden auditor", "auditor@halden.example"),
    ] {
        people.push(person(id, name, login, Role::ServiceAccount));
    }
    people
}

/// Opts in to the event types that need it, so that they reach the company, too.
pub(super) async fn opt_in(services: &Services) -> Result<(), BootError> {
    let id = enterprise_id();
    let Some(enterprise) = services.stores.directory.enterprise(&id).await? else { return Ok(()) };
    let effects = vec![Effect::EnterpriseSet(Enterprise { opted_in: true, ..enterprise })];
    let batch = Batch { enterprise: id, events: vec![Event::unseen(effects)], now: services.clock.now() };
    services.stores.ledger.append(batch).await.map_err(BootError::Append)?;
    Ok(())
}

/// The tokens of the demo and a code, as secrets.
pub(super) struct Tokens {
    pub(super) admin: String,
    pub(super) co_admin: String,
    pub(super) user: String,
    pub(super) other_user: String,
    pub(super) publish: String,
    /// With which the admin can sign in to the console, once.
    pub(super) sign_in_code: String,
}

/// Makes the tokens.
pub(super) async fn tokens(services: &Services) -> Result<Tokens, BootError> {
    let make = async |id: &str, scopes: Scopes| -> Result<String, BootError> {
        let id = UserId::new(id).map_err(|_| BootError::NobodyThere)?;
        let user = services.stores.directory.user(&id).await?.ok_or(BootError::NobodyThere)?;
        let (token, _) = services.store_token(&user, scopes, "demo", None).await?;
        Ok(token.secret)
    };
    let admin = UserId::new(ADMIN).map_err(|_| BootError::NobodyThere)?;
    let admin = services.stores.directory.user(&admin).await?.ok_or(BootError::NobodyThere)?;
    let (sign_in_code, _) = services.grants.sign_in_code(&admin).await?;
    // Scopes belong to the application, so an ordinary user's token has them too; the right is the user's own.
    let application = Scopes::ENTERPRISE.and(Scopes::USERS);
    Ok(Tokens {
        admin: make(ADMIN, Scopes::EVERY).await?,
        co_admin: make(CO_ADMIN, application).await?,
        user: make(USER, application).await?,
        other_user: make(OTHER_USER, application).await?,
        publish: make(PUBLISHER, Scopes::PUBLISH.and(Scopes::PUBLISH_USERS)).await?,
        sign_in_code: sign_in_code.0,
    })
}
