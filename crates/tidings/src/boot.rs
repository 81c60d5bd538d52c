//! Putting the parts together: from settings to a server that answers.

use crate::auth::channel::ChannelKey;
use crate::auth::grant::Grants;
use crate::auth::key_pair::BadKey;
use crate::auth::oidc::Provider;
use crate::auth::sign_in_limit::SignInLimit;
use crate::auth::token::FreshToken;
use crate::auth::{Authenticator, role_name};
use crate::bell::Bell;
use crate::clock::Clock;
use crate::config::{BadSetting, Data, Settings};
use crate::control;
use crate::entropy::random;
use crate::http::rate_limit::RateLimit;
use crate::http::serve::{self, Answering};
use crate::http::{Server, Shared, router};
use crate::keeper::{self, Keeper, Opened};
use crate::operator::Operator;
use crate::service::Services;
use crate::service::audited_reads::AuditedReads;
use crate::service::health::{Disk, Ready};
use crate::service::live::LiveViews;
use crate::service::report::Reports;
use crate::service::report::manifest::ReportKey;
use crate::service::roster::{Roster, RosterUser};
use crate::service::watch::{Channels, Polls};
use crate::telemetry::Metrics;
use crate::tls::{BadCertificate, Tls};
use feed::catalogue::Catalogue;
use feed::directory::{Effect, Enterprise, Person, Role, Status, User};
use feed::event::Event;
use feed::id::{EnterpriseId, UserId};
use feed::limits::LONG_POLL_S_MAX;
use feed::permission::Scopes;
use feed::retention::Retention;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use store::Stores;
use store::embedded::OpenError;
use store::ledger::{AppendError, Batch, Unavailable};
use tokio::net::TcpListener;

/// Why a server did not come up.
#[derive(Debug)]
pub enum BootError {
    /// A setting will not do.
    Setting(BadSetting),
    /// The store cannot be opened.
    Open(OpenError),
    /// The database cannot be used as a store.
    Database(store::postgres::OpenError),
    /// The store cannot be used.
    Store(Unavailable),
    /// The first entries could not be recorded.
    Append(AppendError),
    /// The address cannot be listened on.
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why not.
        why: std::io::Error,
    },
    /// A key pair could not be made.
    Key(BadKey),
    /// A user who was just set up is not in the directory: a bug in the store.
    NobodyThere,
    /// The directory of `--directory` could not be imported.
    Directory(String),
    /// The certificate or its key will not do.
    Tls(BadCertificate),
    /// The authorities for the identity provider will not do.
    Provider(BadCertificate),
    /// Serving ended in an error.
    Serve(std::io::Error),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Setting(wrong) => wrong.fmt(f),
            BootError::Open(why) => write!(f, "the store cannot be opened: {why}"),
            BootError::Database(why) => write!(f, "the store cannot be opened: {why}"),
            BootError::Store(why) => write!(f, "the store cannot be used: {why}"),
            BootError::Append(why) => write!(f, "the first entries could not be recorded: {why}"),
            BootError::Listen { address, why } => write!(
                f,
                "cannot listen on {address}: {why}. Is another server there? `--listen 127.0.0.1:0` picks a free port"
            ),
            BootError::Key(why) => why.fmt(f),
            BootError::NobodyThere => f.write_str("the store lost a user who was just set up"),
            BootError::Directory(why) => write!(f, "the directory was not imported: {why}"),
            BootError::Tls(why) => write!(f, "no TLS: {why}"),
            BootError::Provider(why) => write!(f, "no identity provider: {why}"),
            BootError::Serve(why) => write!(f, "serving ended: {why}"),
        }
    }
}

impl std::error::Error for BootError {}

impl From<BadSetting> for BootError {
    fn from(wrong: BadSetting) -> Self {
        BootError::Setting(wrong)
    }
}

impl From<Unavailable> for BootError {
    fn from(why: Unavailable) -> Self {
        BootError::Store(why)
    }
}

/// A server that listens but does not answer yet.
pub struct Booted {
    /// The verbs, for those who use them from inside.
    pub services: Arc<Services>,
    /// What the store is kept in.
    pub keeper: Keeper,
    /// Where it listens.
    pub address: SocketAddr,
    listener: TcpListener,
    server: Server,
    tls: Option<Tls>,
    /// Answers the operator for as long as the server serves.
    control: Option<control::Listening>,
}

/// The name under which the store keeps the key that signs channels.
const CHANNEL_SECRET: &str = "channel";
/// The same for the key that signs reports.
const REPORT_SECRET: &str = "report-signing";
/// The directory of reports within that of the store.
const REPORTS: &str = "reports";

/// Makes the services over a store.
///
/// # Errors
/// [`BootError`].
pub async fn services(settings: &Settings, stores: Stores, clock: Arc<dyn Clock>) -> Result<Services, BootError> {
    let catalogue = Catalogue::standard()
        .with(settings.added_types.clone())
        .map_err(|wrong| BadSetting(format!("event-type in the configuration file: {wrong}")))?;
    let provider = settings.provider.clone().map(|provider| Provider::new(provider, clock.clone()));
    let provider = provider.transpose().map_err(BootError::Provider)?;
    let channel_key = ChannelKey::new(stores.tokens.secret(CHANNEL_SECRET, random()).await?);
    let report_key = ReportKey::new(&stores.tokens.secret(REPORT_SECRET, random()).await?);
    let reports = match &settings.data {
        Data::Memory => Reports::temporary(report_key),
        Data::Directory(directory) => Reports::kept_in(directory.join(REPORTS), report_key),
        // What is whole goes into the database; only what is being written lies here.
        Data::Postgres(_) => Reports::temporary(report_key),
    };
    Ok(Services {
        grants: Grants::new(stores.clone(), clock.clone(), settings.token_lifetime_s),
        sign_in_limit: SignInLimit::new(clock.clone()),
        live_views: LiveViews::default(),
        disk: None,
        database: None,
        started_at: clock.now(),
        authenticator: Authenticator::new(stores.clone(), clock.clone(), provider),
        stores,
        clock,
        catalogue,
        bell: Bell::default(),
        channel_key,
        channels: Channels::default(),
        polls: Polls::default(),
        audited_reads: settings.audit_reads.then(AuditedReads::default),
        reports,
        hold: Duration::from_secs(u64::from(LONG_POLL_S_MAX)),
        metrics: Metrics::default(),
    })
}

/// Opens the store, makes the parts, and binds the address.
///
/// # Errors
/// [`BootError`].
pub async fn boot(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Booted, BootError> {
    let tls = settings.tls.clone().map(Tls::open).transpose().map_err(BootError::Tls)?;
    let Opened { stores, keeper } = keeper::open(settings).await?;
    let mut services = services(settings, stores, clock.clone()).await?;
    if let (Data::Directory(directory), Keeper::Directory(store)) = (&settings.data, &keeper) {
        services.disk = Some(Disk::new(store.clone(), directory));
    }
    if let Keeper::Postgres(store) = &keeper {
        services.database = Some(store.clone());
        // That it does not answer now is no reason not to start: it did a moment ago.
        if let Ok(Ready { clock_off_s: Some(seconds) }) = services.ready().await {
            tracing::warn!(seconds, "the clock of this machine is not that of the database, which events go by");
        }
    }
    let services = Arc::new(services);
    let listen_error = |why| BootError::Listen { address: settings.listen, why };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let limit = |calls: Option<NonZeroU32>| calls.map(|calls| Arc::new(RateLimit::per_minute(calls, clock.clone())));
    let server = Server::new(Shared {
        services: services.clone(),
        public_url: settings.public_url.clone(),
        rate_limit: limit(settings.rate_limit_per_minute),
        application_limit: limit(settings.application_rate_limit_per_minute),
        metrics_shown: settings.metrics,
        trusted_proxies: settings.trusted_proxies.clone(),
    });
    let control = match (&settings.data, &keeper) {
        (Data::Directory(directory), Keeper::Directory(store)) => {
            let listening = control::listen(directory, store.clone(), services.clone());
            let failed = |why: &std::io::Error| tracing::warn!(%why, "no control socket: backup and stats cannot ask this server");
            listening.inspect_err(failed).ok()
        }
        _ => None,
    };
    Ok(Booted { services, keeper, address, listener, server, tls, control })
}

impl Booted {
    /// The base URL under which it can be reached from this machine.
    pub fn base_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match &self.server.public_url {
            Some(url) => url.clone(),
            None if self.address.ip().is_unspecified() => format!("{scheme}://localhost:{}", self.address.port()),
            None => format!("{scheme}://{}", self.address),
        }
    }

    /// Answers until `stop` ends.
    ///
    /// # Errors
    /// [`BootError::Serve`].
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), BootError> {
        let services = self.services.clone();
        let sweeping = tokio::spawn(async move { services.keep_sweeping().await });
        let services = self.services.clone();
        let reporting = tokio::spawn(async move { services.keep_reporting().await });
        let (services, keeper) = (self.services.clone(), self.keeper);
        let hearing = tokio::spawn(async move { keeper.ring_for_others(&services.bell).await });
        let clock = self.services.clock.clone();
        let answering = Answering {
            clock: clock.clone(),
            tls: self.tls.as_ref().map(Tls::acceptor),
            proxies: self.server.trusted_proxies.clone(),
            router: router::router(self.server),
        };
        let looking = self.tls.map(|tls| tokio::spawn(tls.keep_current(clock)));
        serve::serve(self.listener, answering, &self.services.bell, stop).await.map_err(BootError::Serve)?;
        drop(self.control);
        if let Some(looking) = looking {
            looking.abort();
        }
        // A sweep under way, and reports being made, end by themselves at the ring that told them to close.
        drop((sweeping.await, reporting.await));
        hearing.abort();
        Ok(())
    }
}

/// A user to set up a new store with.
#[derive(Debug, Clone)]
pub struct FirstUser {
    /// Id, name and login.
    pub person: Person,
    /// What they may do.
    pub role: Role,
}

/// Sets up an enterprise and its first users, as an entry that no feed shows: it is nobody's deed.
///
/// # Errors
/// [`BootError`].
pub async fn set_up(services: &Services, id: &EnterpriseId, name: &str, users: &[FirstUser]) -> Result<(), BootError> {
    let enterprise = Enterprise { id: id.clone(), name: name.into(), retention: Retention::default(), opted_in: false };
    let mut effects = vec![Effect::EnterpriseSet(enterprise)];
    effects.extend(users.iter().map(|user| Effect::UserSet {
        id: user.person.id.clone(),
        name: Some(user.person.name.clone()),
        login: Some(user.person.login.clone()),
        role: Some(user.role.clone()),
    }));
    let batch = Batch { enterprise: id.clone(), events: vec![Event::unseen(effects)], now: services.clock.now() };
    services.stores.ledger.append(batch).await.map_err(BootError::Append)?;
    Ok(())
}

/// What a store begins with, to be shown once.
#[derive(Debug)]
pub struct FirstStart {
    /// The enterprise.
    pub enterprise: Enterprise,
    /// Its first admin.
    pub admin: User,
    /// A token with every scope.
    pub token: FreshToken,
}

/// Gives a store that has no enterprise yet its first: those of a directory file if that has an admin, else the one that
/// the settings name, with an admin; and makes a token for the first admin of each. So it does for the settings' one
/// while that has no token at all: a first start that was cut off in the middle is made up for by the second. Then the
/// directory is brought to what the file says. Answers what there is to be shown, and how many changes the file took.
///
/// # Errors
/// [`BootError`].
pub async fn first_start(
    services: &Services,
    settings: &Settings,
    rosters: Option<&[Roster]>,
) -> Result<(Vec<FirstStart>, Option<usize>), BootError> {
    let (id, name) = &settings.enterprise;
    let directory = &services.stores.directory;
    let is_new = directory.enterprises().await?.is_empty();
    let is_admin = |user: &RosterUser| user.role.as_deref() == Some(role_name(&Role::Admin));
    let brings_admin = rosters.is_some_and(|rosters| rosters.iter().flat_map(|it| &it.users).any(is_admin));
    if is_new && !brings_admin {
        let (admin_name, login) = &settings.admin;
        let number = 10_000_000_000 + u64::from_le_bytes(random()) % 90_000_000_000;
        let admin = UserId::new(&number.to_string()).expect("digits are visible ASCII");
        let person = Person { id: admin, name: admin_name.into(), login: login.into() };
        set_up(services, id, name, &[FirstUser { person, role: Role::Admin }]).await?;
    }
    let changes = match rosters {
        None => None,
        Some(rosters) => Some(import_directories(services, settings, rosters).await?),
    };
    let mut begun = Vec::new();
    for enterprise in directory.enterprises().await? {
        let wanted = is_new || enterprise.id == *id;
        if wanted && services.stores.tokens.list(&enterprise.id).await?.is_empty() {
            let own_admin =
                |user: &&User| user.home == enterprise.id && user.role == Role::Admin && user.status == Status::Active;
            let admin = directory.ask(|directory| directory.users().find(own_admin).cloned()).await?;
            let Some(admin) = admin else { continue };
            let note = "first token, made at the first start";
            let (token, _) = services.store_token(&admin, Scopes::EVERY, note, None).await?;
            begun.push(FirstStart { enterprise, admin, token });
        }
    }
    begun.sort_by_key(|first| first.enterprise.id != *id);
    Ok((begun, changes))
}

/// Brings directories to what a file says, as the operator: each change is in the audit log of its enterprise. What does
/// not say of which enterprise it is, is of the server's own.
async fn import_directories(services: &Services, settings: &Settings, rosters: &[Roster]) -> Result<usize, BootError> {
    let (id, name) = &settings.enterprise;
    let is_there = services.stores.directory.enterprise(id).await?.is_some();
    let mut rosters = rosters.to_vec();
    for roster in rosters.iter_mut().filter(|it| it.id.as_deref().is_none_or(|it| it == id.as_str())) {
        roster.id = Some(id.to_string());
        if !is_there {
            roster.name.get_or_insert_with(|| name.clone());
        }
    }
    let imported = services.import_directories(Operator::of_this_machine(), &rosters, None).await;
    imported.map_err(|why| BootError::Directory(why.to_string()))
}
