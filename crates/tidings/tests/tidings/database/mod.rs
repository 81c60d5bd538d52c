//! Several processes of the real program on one database, published to and read from through all of them, while something
//! goes wrong: [`kills`] of processes and of the database, transactions that hang ([`hanging`]), connections that fall
//! silent ([`silence`]), a primary that is lost ([`standby`]). And how readers in one process hear of what was published
//! in another ([`waking`]), and that a clock which is off is noticed ([`clocks`]).
//!
//! [`traffic`] publishes, reads and checks. A phase ends after so many acknowledged batches, and whatever else is waited
//! for is asked for again and again, so nothing here waits for a clock.

mod clocks;
mod hanging;
mod kills;
// The developer command and the tests start a server in the same way.
#[path = "../../../../../xtask/src/postgres.rs"]
pub(crate) mod postgres;
mod program;
mod session;
mod silence;
mod standby;
mod traffic;
mod waking;

use postgres::Cluster;
pub(crate) use program::Process;
use std::path::{Path, PathBuf};
use std::process::Command;
use traffic::Scene;

/// How often something is looked for before it is taken for missing; between two looks the database is asked something
/// that takes it a moment.
const LOOKS_MAX: usize = 100_000;

/// Whether there is a PostgreSQL to test with; if not it is said.
#[expect(clippy::disallowed_methods, reason = "whether this is CI is a setting of the tests")]
#[expect(clippy::print_stderr, reason = "what is passed over is to be seen")]
fn is_missing() -> bool {
    let missing = postgres::programs().is_none();
    if missing {
        assert!(std::env::var("CI").is_err(), "with CI=true nothing may be passed over");
        eprintln!("SKIPPED, there is no PostgreSQL to test with (Debian: `apt-get install postgresql`)");
    }
    missing
}

/// A folder that is not there yet.
fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tidings-{name}-{}", std::process::id()))
}

/// A server whose data outlive it.
fn cluster(name: &str, settings: &str) -> Cluster {
    Cluster::start(&folder(name), settings).unwrap()
}

/// Sends a signal, such as `-STOP`, to a process that was started here.
fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// The process that runs the server in this folder.
fn postmaster(folder: &Path) -> u32 {
    let text = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Makes the tables.
fn migrate(data: &str) {
    let migrate = || Command::new(env!("CARGO_BIN_EXE_tidings")).args(["migrate", "--data", data]).spawn().unwrap();
    // Two at once do no harm.
    let both = [migrate(), migrate()];
    assert!(both.into_iter().all(|mut one| one.wait().unwrap().success()));
}

/// Processes on a database, and what publishing to them needs.
struct Stage {
    processes: Vec<Process>,
    scene: Scene,
    env: PathBuf,
}

impl Stage {
    /// Makes the tables, and starts a process for each of these addresses of the database.
    fn set(name: &str, addresses: &[&str], arguments: &[&str]) -> Self {
        migrate(addresses[0]);
        let env = folder(&format!("{name}.env"));
        let processes: Vec<Process> = addresses.iter().map(|data| Process::start_with(data, &env, arguments)).collect();
        let text = std::fs::read_to_string(&env).unwrap();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches('=').trim_matches('\'').to_owned()
        };
        let urls = processes.iter().map(|process| process.url.clone()).collect();
        let scene = Scene::new(urls, value("ADMIN_TOKEN"), value("ADMIN_ID"));
        Stage { processes, scene, env }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // If it cannot be removed, it is a file too many and no harm.
        drop(std::fs::remove_file(&self.env));
    }
}
