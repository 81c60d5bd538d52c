//! The PostgreSQL keeper under test: a server to be had, and a fresh database for each test.

// The developer command and the tests start a server in the same way.
#[path = "../../../../xtask/src/postgres.rs"]
pub(crate) mod server;

use crate::keeper::Keeper;
use server::{Cluster, FORGETFUL};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use store::Stores;
use store::postgres::{Clock, Options, PostgresStore, migrate};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// A server for tests, and a migrated database that others are cloned from.
struct Server {
    /// The address, with `{}` for the name of the database.
    address: String,
    template: String,
    /// Held for as long as the process runs.
    _own: Option<Cluster>,
}

impl Server {
    fn url(&self, database: &str) -> String {
        self.address.replace("{}", database)
    }
}

/// Waits for something of the database on a thread of its own, so that it can be done anywhere.
fn wait_for<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work)
        });
        waiting.join().unwrap()
    })
}

/// Runs statements in a database.
pub(crate) async fn run(url: &str, statements: &[&str]) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    for statement in statements {
        client.execute(*statement, &[]).await.unwrap();
    }
    drop(client);
    connection.await.unwrap().unwrap();
}

/// The rows that a statement answers, as text.
pub(crate) async fn ask(url: &str, statement: &str) -> Vec<Vec<String>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut rows = Vec::new();
    for message in client.simple_query(statement).await.unwrap() {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push((0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect());
        }
    }
    drop(client);
    connection.await.unwrap().unwrap();
    rows
}

/// Asks until the answer is one value, this one.
pub(crate) async fn until(url: &str, statement: &str, answer: &str) {
    const LOOKS_MAX: usize = 2_000;
    for _ in 0..LOOKS_MAX {
        if ask(url, statement).await == [[answer]] {
            return;
        }
    }
    panic!("never was it {answer}: {statement}");
}

/// The server to test with: the one that `TIDINGS_TEST_POSTGRES` or `TIDINGS_TEST_CITUS` names, or one started here. If
/// there is none the tests are passed over, and say so; with `CI=true` that is a failure.
#[expect(clippy::disallowed_methods, reason = "which server to test with is a setting of the tests")]
fn server() -> Result<&'static Server, &'static str> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let start = || {
        let given = std::env::var("TIDINGS_TEST_CITUS").or_else(|_| std::env::var("TIDINGS_TEST_POSTGRES"));
        let (address, own) = match given {
            Ok(url) => {
                let (server, _) = url.rsplit_once('/').expect("TIDINGS_TEST_POSTGRES is postgres://…/database");
                (format!("{server}/{{}}"), None)
            }
            Err(_) => {
                // That there is none is no fault of the program; that one does not start would be hidden by passing on.
                server::programs().ok_or("none is installed (Debian: `apt-get install postgresql`)")?;
                let folder = std::env::temp_dir().join(format!("tidings-postgres-{}", std::process::id()));
                let cluster = Cluster::start(&folder, FORGETFUL).unwrap();
                (cluster.url("{}"), Some(cluster))
            }
        };
        let template = format!("tidings_template_{}", std::process::id());
        let server = Server { address, template, _own: own };
        let template = server.url(&server.template);
        wait_for(async {
            run(&server.url("postgres"), &[&format!("CREATE DATABASE {}", server.template)]).await;
            if std::env::var("TIDINGS_TEST_CITUS").is_ok() {
                run(&template, &["CREATE EXTENSION citus"]).await;
            }
            migrate(&template).await.unwrap()
        });
        Ok(server)
    };
    let ci = || std::env::var("CI").is_ok_and(|ci| ci == "true");
    let server = SERVER.get_or_init(start).as_ref().map_err(String::as_str);
    assert!(server.is_ok() || !ci(), "with CI=true nothing may be passed over: {server:?}", server = server.err());
    server
}

/// A database of its own, dropped with it.
pub(crate) struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// An empty, migrated one.
    pub(crate) async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = server().unwrap();
        let name = format!("tidings_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE {}", server.template);
        run(&server.url("postgres"), &[&create]).await;
        Database { server, name }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let url = self.server.url("postgres");
        wait_for(async move { run(&url, &[&drop]).await });
    }
}

/// Says that a test is passed over, if it must be.
pub(crate) fn missing() -> bool {
    let missing = server().err();
    if let Some(why) = missing {
        eprintln!("SKIPPED, there is no PostgreSQL to test with: {why}");
    }
    missing.is_some()
}

/// How the keeper is kept in tests: the clock is the test's.
pub(crate) fn options(settling_delay_s: u32) -> Options {
    Options { settling_delay_s, clock: Clock::Caller, connections: 4, ..Options::default() }
}

/// The PostgreSQL keeper in a database of its own. A restart is a new process on the same database.
pub(crate) struct Postgres {
    stores: Stores,
    database: Database,
}

impl Keeper for Postgres {
    const KEEPS_FRONTIER: bool = true;

    fn is_missing() -> bool {
        missing()
    }

    async fn open(settling_delay_s: u32) -> Self {
        let database = Database::new().await;
        let store = PostgresStore::open(&database.url(), options(settling_delay_s)).await.unwrap();
        Postgres { stores: store.stores(), database }
    }

    async fn reopen(self, settling_delay_s: u32) -> Self {
        let Postgres { stores, database } = self;
        drop(stores);
        let store = PostgresStore::open(&database.url(), options(settling_delay_s)).await.unwrap();
        Postgres { stores: store.stores(), database }
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }
}
