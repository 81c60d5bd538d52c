//! The server under test: this very program, as a process of its own, so that its memory and its time are its own.

use super::client::{Ask, Connection};
use crate::clock::{Clock, Stopwatch, SystemClock};
use crate::config::table::{CONFIG, SETTINGS, env_name};
use bytes::Bytes;
use http::Method;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long the server may take until it serves.
const START_TIME: Duration = Duration::from_secs(300);
/// How long something that the server counts may take to come about.
const COUNT_TIME: Duration = Duration::from_secs(60);
/// Linux tells the time of processes in hundredths of a second, whatever its own tick is.
const TICK: Duration = Duration::from_millis(10);

/// What a server says when it serves, before its URL.
pub(super) const SERVING_ON: &str = "Serving on ";

/// What a token is for: reading the own feed, which needs no scope,
pub(super) const READ_OWN: &str = "";
/// and reading the enterprise's.
pub(super) const READ_ENTERPRISE: &str = "manage_enterprise_properties";

/// A server that runs. It ends when this is dropped.
pub(super) struct Server {
    child: Child,
    data: String,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// A token with every scope.
    pub(super) token: String,
    /// The admin whose token it is.
    pub(super) admin: String,
}

impl Server {
    /// Starts a server whose events are kept at `data`. `folder` is for its first words.
    pub(super) async fn start(data: &str, folder: &Path) -> Result<Self, String> {
        let env_file = folder.join("server.env");
        let (child, address) = spawn(data, Some(&env_file)).await?;
        let text = std::fs::read_to_string(&env_file)
            .map_err(|why| format!("the server wrote no token, so its store was not new: {why}"))?;
        let value = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned).ok_or_else(|| format!("the server did not tell its {name}"))
        };
        Ok(Server { child, data: data.to_owned(), address, token: value("ADMIN_TOKEN")?, admin: value("ADMIN_ID")? })
    }

    /// Kills it, without a warning (`kill -9`).
    pub(super) async fn kill(&mut self) -> Result<(), String> {
        self.child.kill().await.map_err(|why| format!("the server cannot be killed: {why}"))
    }

    /// Starts it again after it was killed, and answers how long it took until it served.
    pub(super) async fn start_again(&mut self) -> Result<Duration, String> {
        let watch = Stopwatch::start();
        (self.child, self.address) = spawn(&self.data, None).await?;
        Ok(watch.elapsed())
    }

    /// A fresh token of a user, for what these scopes allow.
    pub(super) async fn token_of(&self, user: &str, scopes: &str) -> Result<String, String> {
        let ask = Ask::new(Method::POST, "/api/v1/tokens", Some(&self.token))?;
        let body = serde_json::json!({"user": user, "scopes": scopes, "note": "benchmark"}).to_string();
        let answer = self.ask(&ask, Bytes::from(body)).await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
        answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token was made for user {user}"))
    }

    /// The bytes that it made go to a disk so far; nothing where the system does not tell.
    pub(super) fn written_bytes(&self) -> Option<u64> {
        let text = self.proc("io")?;
        let line = text.lines().find_map(|line| line.strip_prefix("write_bytes:"))?;
        line.trim().parse().ok()
    }

    /// The processor time it used so far; nothing where the system does not tell.
    pub(super) fn processor_time(&self) -> Option<Duration> {
        let text = self.proc("stat")?;
        // The name of the program, in parentheses, may hold anything.
        let after_name = &text[text.rfind(')')? + 1..];
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks: u32 = fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?;
        Some(TICK * ticks)
    }

    /// How much memory of the machine it holds, in bytes; nothing where the system does not tell.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        let text = self.proc("status")?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }

    fn proc(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()?)).ok()
    }

    /// Asks once, on a connection of its own.
    pub(super) async fn ask(&self, ask: &Ask, body: Bytes) -> Result<Bytes, String> {
        Connection::open(self.address).await?.ask(ask, body).await
    }

    /// Waits until so many long polls are under way.
    pub(super) async fn waiting(&self, count: usize) -> Result<(), String> {
        let ask = Ask::get("/metrics", None)?;
        let mut connection = Connection::open(self.address).await?;
        let watch = Stopwatch::start();
        loop {
            let text = connection.ask(&ask, Bytes::new()).await?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let now = text.lines().find_map(|line| line.strip_prefix("tidings_readers_waiting "));
            if now.and_then(|number| number.trim().parse::<usize>().ok()) == Some(count) {
                return Ok(());
            }
            if COUNT_TIME < watch.elapsed() {
                let now = now.unwrap_or("an unknown number of");
                return Err(format!("of {count} long polls the server holds {now}"));
            }
            SystemClock.wait(Duration::from_millis(10)).await;
        }
    }
}

/// Starts a server, and waits until it serves.
async fn spawn(data: &str, env_file: Option<&Path>) -> Result<(Child, SocketAddr), String> {
    let program = std::env::current_exe().map_err(|why| format!("this program cannot find itself: {why}"))?;
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--data", data]);
    if let Some(env_file) = env_file {
        command.arg("--env").arg(env_file);
    }
    command.stdin(Stdio::null());
    // What is measured is a server as it comes, not as this terminal happens to configure it.
    for name in SETTINGS.iter().map(|setting| setting.name).chain([CONFIG]) {
        command.env_remove(env_name(name));
    }
    serving(command).await
}

/// Starts a server that tells on its standard output where it serves, and waits for that.
pub(super) async fn serving(mut command: Command) -> Result<(Child, SocketAddr), String> {
    command.stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|why| format!("the server cannot be started: {why}"))?;
    let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
    let mut lines = lines.ok_or("the server has no standard output")?;
    let serving = async {
        while let Some(line) = lines.next_line().await.ok().flatten() {
            if let Some(url) = line.strip_prefix(SERVING_ON) {
                return Some(url.to_owned());
            }
        }
        None
    };
    let url = tokio::select! {
        url = serving => url,
        () = SystemClock.wait(START_TIME) => {
            return Err(format!("the server did not serve within {} s", START_TIME.as_secs()));
        }
    };
    let url = url.ok_or("the server ended before it served; its own words stand above")?;
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    let address = address.ok_or_else(|| format!("'{url}' is not where a server of this machine listens"))?;
    Ok((child, address))
}
