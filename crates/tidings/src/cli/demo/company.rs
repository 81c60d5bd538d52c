//! The made-up company: its people and their tokens.

use super::shapes::Person as Mini;
use super::things::Things;
use crate::boot::BootError;
use crate::service::Services;
use feed::directory::{CoAdminRights, Effect, Enterprise, Role};
use feed::event::Event;
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::retention::Retention;
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
/// Which of [`everybody`] is Nora.
pub(super) const NORA: usize = 7;
/// Which of [`everybody`] is Emil.
pub(super) const EMIL: usize = 8;
/// Which of [`everybody`] is Sofia.
pub(super) const SOFIA: usize = 9;
/// Which of [`everybody`] is Henrik.
pub(super) const HENRIK: usize = 10;
/// How many of [`everybody`], from the first, work here; the others are guests from the other company.
pub(super) const COLLEAGUES: usize = 11;
/// Which of [`everybody`] is Priya, a guest.
pub(super) const PRIYA: usize = 11;
/// Which of [`everybody`] is Ben, a guest.
pub(super) const BEN: usize = 12;
/// The user id of Priya.
pub(super) const GUEST: &str = "19904412377";

/// Id, name and login of everybody who plays a part.
const EVERYBODY: [(&str, &str, &str); 13] = [
    (ADMIN, "Solveig Brandt", ADMIN_LOGIN),
    (USER, "Mara Lindqvist", "mara@halden.example"),
    (OTHER_USER, "Tomas Okafor", "tomas@halden.example"),
    (CO_ADMIN, "Ines Duarte", "ines@halden.example"),
    ("20306589104", "Lena Vogt", "lena@halden.example"),
    ("20306589105", "Jonas Haugen", "jonas@halden.example"),
    ("20306589106", "Aisha Rahimi", "aisha@halden.example"),
    ("20306589107", "Nora Bakke", "nora@halden.example"),
    ("20306589108", "Emil Strand", "emil@halden.example"),
    ("20306589109", "Sofia Marchetti", "sofia@halden.example"),
    ("20306589110", "Henrik Dahl", "henrik@halden.example"),
    (GUEST, "Priya Raman", "priya@brightmoor.example"),
    ("19904412378", "Ben Achterberg", "ben@brightmoor.example"),
];

/// The teams that there are from the start: id, name, who is in them.
pub(super) const TEAMS: &[(&str, &str, &[usize])] = &[
    ("7733185", "Procurement", &[TOMAS, HENRIK]),
    ("7733186", "Engineering", &[JONAS, AISHA, NORA, EMIL]),
    ("7733187", "Quality", &[LENA, AISHA, SOFIA]),
];

/// A folder that is there from the start.
pub(super) struct FirstFolder {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) owner: usize,
    /// Which of the folders it lies in.
    pub(super) above: Option<usize>,
    /// Who is let in on it, beside the owner.
    pub(super) users: &'static [usize],
    /// Which of [`TEAMS`] are let in on it.
    pub(super) teams: &'static [usize],
    /// Who has it synced.
    pub(super) synced_by: &'static [usize],
}

const fn folder(id: &'static str, name: &'static str, owner: usize, above: Option<usize>) -> FirstFolder {
    FirstFolder { id, name, owner, above, users: &[], teams: &[], synced_by: &[] }
}

/// The folders that there are from the start, each after the one it lies in.
pub(super) const FOLDERS: &[FirstFolder] = &[
    FirstFolder { users: &[TOMAS], teams: &[0], synced_by: &[MARA], ..folder("162833009411", "Contracts", MARA, None) },
    FirstFolder { synced_by: &[TOMAS], ..folder("162833009412", "Drafts", TOMAS, None) },
    FirstFolder {
        users: &[MARA],
        teams: &[1],
        synced_by: &[JONAS, AISHA],
        ..folder("162833009420", "Instrument designs", JONAS, None)
    },
    FirstFolder { users: &[TOMAS, INES], teams: &[2], ..folder("162833009421", "Quality records", LENA, None) },
    FirstFolder { users: &[INES], ..folder("162833009422", "Board papers", SOLVEIG, None) },
    FirstFolder { users: &[PRIYA], ..folder("162833009431", "Brightmoor 2025", MARA, Some(0)) },
    folder("162833009432", "Sensors", JONAS, Some(2)),
    FirstFolder { users: &[BEN], teams: &[2], ..folder("162833009433", "Calibration", JONAS, Some(6)) },
];

/// Everybody who plays a part in the story.
pub(super) fn everybody() -> Vec<Mini> {
    EVERYBODY.iter().map(|(id, name, login)| Mini::new(id, name, login)).collect()
}

/// What is there from the start: the guests' company, and the company with its people, teams, folders and who shares them.
pub(super) fn beginning(things: &Things) -> [(EnterpriseId, Vec<Effect>); 2] {
    let other = EnterpriseId::new("990117").expect("digits are visible ASCII");
    let at = |which: usize| EVERYBODY[which];
    let guest = |which: usize| somebody(at(which), if which == BEN { Role::Admin } else { Role::User });
    let mut there = vec![enterprise(&other, "Brightmoor")];
    there.extend([PRIYA, BEN].map(guest));

    let mut here = vec![enterprise(&enterprise_id(), NAME)];
    here.extend((0..COLLEAGUES).map(|which| {
        let role = match which {
            SOLVEIG => Role::Admin,
            INES => Role::CoAdmin(CoAdminRights { reports: true, users: false }),
            _ => Role::User,
        };
        somebody(at(which), role)
    }));
    let applications = [
        (PUBLISHER, "Halden publisher", "publisher@halden.example"),
        (COLLECTOR, "Halden collector", "collector@halden.example"),
        (AUDITOR, "Halden auditor", "auditor@halden.example"),
    ];
    here.extend(applications.map(|application| somebody(application, Role::ServiceAccount)));
    here.extend(things.effects());
    [(other, there), (enterprise_id(), here)]
}

fn enterprise(id: &EnterpriseId, name: &str) -> Effect {
    let (id, name) = (id.clone(), name.into());
    Effect::EnterpriseSet(Enterprise { id, name, retention: Retention::default(), opted_in: false })
}

fn somebody((id, name, login): (&str, &str, &str), role: Role) -> Effect {
    let id = UserId::new(id).expect("digits are visible ASCII");
    Effect::UserSet { id, name: Some(name.into()), login: Some(login.into()), role: Some(role) }
}

/// Sets up what is there from the start, as entries that no feed shows: it is nobody's deed.
pub(super) async fn set_up(services: &Services, things: &Things) -> Result<(), BootError> {
    for (enterprise, effects) in beginning(things) {
        let batch = Batch { enterprise, events: vec![Event::unseen(effects)], now: services.clock.now() };
        services.stores.ledger.append(batch).await.map_err(BootError::Append)?;
    }
    Ok(())
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
    pub(super) guest: String,
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
        guest: make(GUEST, application).await?,
        publish: make(PUBLISHER, Scopes::PUBLISH.and(Scopes::PUBLISH_USERS)).await?,
        sign_in_code: sign_in_code.0,
    })
}
