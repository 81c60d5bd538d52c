//! Connections: how many, to which server, and what each is told before its first use.

use super::fault::Fault;
use super::patience::Pool;
use super::tls::{Encrypted, Secrecy, Wish};
use super::{OpenError, Options};
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime, Timeouts};
use std::time::Duration;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Connection, Row, Socket};

/// Longest wait for a connection: for a free one, and for a new one to be made.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How often a read is tried in all when the connection it was asked on turns out to be gone.
const READ_ATTEMPTS: usize = 3;

/// Where the database is, and how its connections are made secret.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    secrecy: Secrecy,
}

impl Address {
    /// A connection, and its other half, which has to be run.
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, Encrypted>), tokio_postgres::Error> {
        self.config.connect(self.secrecy.clone()).await
    }
}

/// Reads the address of a database. Whatever it says, only a server that takes writes will do: after a fail-over that is
/// another one of the hosts it names, and feeds are read from there too.
pub(super) fn address(url: &str) -> Result<Address, OpenError> {
    let (wish, url) = Wish::take(url).map_err(OpenError::BadAddress)?;
    let mut config: Config = url.parse().map_err(|wrong: tokio_postgres::Error| {
        let why = std::error::Error::source(&wrong).map_or_else(|| wrong.to_string(), |source| source.to_string());
        OpenError::BadAddress(why)
    })?;
    let secrecy = wish.fulfil(&mut config).map_err(OpenError::BadAddress)?;
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_application_name().is_none() {
        config.application_name("tidings");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT);
    }
    config.tcp_user_timeout(Duration::from_secs(30));
    config.keepalives_idle(Duration::from_secs(30));
    Ok(Address { config, secrecy })
}

/// What each connection is told. Plans are made once for all values, for partitions are left out when a statement runs;
/// and never read a whole table, which only statistics of a table that was empty could suggest. Citus cannot plan without
/// the values, because they tell where to go; it sees to it by itself that none is made once for all.
fn greeting(options: &Options) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
         SELECT set_config('plan_cache_mode', CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') \
         THEN 'auto' ELSE 'force_generic_plan' END, false); SET enable_seqscan = off; SET jit = off; SET timezone = 'UTC'; \
         SET client_min_messages = warning",
        options.statement_timeout.as_millis(),
        options.lock_timeout.as_millis(),
        // A process that is stopped while it holds a head row must not hold it for ever.
        options.idle_timeout.as_millis(),
    )
}

pub(super) fn pool(address: Address, options: &Options) -> Result<Pool, OpenError> {
    let Address { config, secrecy } = address;
    let manager = Manager::from_config(config, secrecy, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let greeting = greeting(options);
    let greet = Hook::async_fn(move |client, _| {
        let greeting = greeting.clone();
        Box::pin(async move { client.batch_execute(&greeting).await.map_err(HookError::Backend) })
    });
    let wait = Some(CONNECT_WAIT.min(options.statement_timeout));
    let timeouts = Timeouts { wait, create: wait, recycle: wait };
    let pool = deadpool_postgres::Pool::builder(manager)
        .max_size(options.connections.max(2))
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .post_create(greet)
        .build()
        .map_err(|wrong| OpenError::BadAddress(wrong.to_string()))?;
    Ok(Pool::new(pool, options))
}

/// A single connection outside the pool, with its other half running.
pub(super) async fn single(address: &Address) -> Result<Client, Fault> {
    let (client, connection) = address.connect().await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// Parameters of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Asks one question that changes nothing. A connection that turns out to be gone is no answer: another one is asked.
pub(super) async fn read(pool: &Pool, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
    let mut attempt = 1;
    loop {
        match read_once(pool, sql, values).await {
            Err(fault) if fault.is_passing() && attempt < READ_ATTEMPTS => attempt += 1,
            answered => return answered,
        }
    }
}

async fn read_once(pool: &Pool, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
    let asked = async {
        let client = pool.get().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, values).await?)
    };
    pool.within(asked).await
}

/// Changes something in one statement, which commits by itself. Answers how many rows it was about.
pub(super) async fn change(pool: &Pool, sql: &str, values: Values<'_>) -> Result<u64, Fault> {
    let asked = async {
        let client = pool.get().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute(&statement, values).await?)
    };
    pool.within(asked).await
}

/// A connection on which a transaction may be open. Dropped before [`Turn::done`], the connection is closed, and with it
/// the transaction given up: it must not come back to the pool with a transaction in it.
pub(super) struct Turn {
    client: Option<Object>,
    done: bool,
}

impl Turn {
    pub(super) async fn begin(pool: &Pool) -> Result<Self, Fault> {
        Ok(Turn { client: Some(pool.get().await?), done: false })
    }

    pub(super) fn client(&self) -> Result<&Object, Fault> {
        self.client.as_ref().ok_or_else(|| Fault::NoConnection("it was given back".to_owned()))
    }

    /// The transaction has ended.
    pub(super) fn done(&mut self) {
        self.done = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|_| !self.done) {
            drop(Object::take(client));
        }
    }
}
