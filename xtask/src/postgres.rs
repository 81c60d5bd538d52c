//! A throw-away PostgreSQL on this machine, for tests: found, started in a folder of its own, and gone with whoever
//! started it. Tests that want one of their own take this very file in.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Settings for tests that never need the data after a crash.
pub(crate) const FORGETFUL: &str = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off";

/// A server that runs until this is dropped, or its process ends however it ends.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: PathBuf,
    /// A shell that stops the server and removes the folder as soon as nobody holds its input any more.
    guard: Child,
}

/// Where the programs of PostgreSQL 15 or newer are; the newest, if there are several.
pub(crate) fn programs() -> Option<PathBuf> {
    let version = |folder: &PathBuf| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    found.retain(|folder| folder.join("initdb").exists() && version(folder).is_some_and(|version| 15 <= version));
    found.sort_by_key(version);
    found.pop().or_else(|| {
        let elsewhere = ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"];
        elsewhere.into_iter().map(PathBuf::from).find(|folder| folder.join("initdb").exists())
    })
}

/// Somebody else to be, for the server refuses to run as root: user and group; nobody else if this is not root.
pub(crate) fn somebody(own: &Path) -> Option<(u32, u32)> {
    if std::fs::metadata(own).ok()?.uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let id = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    id("postgres").or_else(|| id("nobody"))
}

/// A program of PostgreSQL as the user that runs the server.
pub(crate) fn program(name: &str, user: Option<(u32, u32)>) -> Result<Command, String> {
    let folder = programs().ok_or("no PostgreSQL 15 or newer is installed (Debian: `apt-get install postgresql`)")?;
    let mut command = Command::new(folder.join(name));
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    Ok(command)
}

impl Cluster {
    /// Makes and starts a server that listens on a socket in `folder`, which must not exist yet.
    ///
    /// # Errors
    /// Why there is none, in plain words.
    pub(crate) fn start(folder: &Path, settings: &str) -> Result<Self, String> {
        let failed = |what: &str, why: std::io::Error| format!("{what}: {why}");
        std::fs::create_dir(folder).map_err(|why| failed("the folder cannot be made", why))?;
        let user = somebody(folder);
        if let Some((user, group)) = user {
            chown(folder, Some(user), Some(group)).map_err(|why| failed("the folder cannot be given away", why))?;
        }
        let data = folder.join("data");
        let mut init = program("initdb", user)?;
        init.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data);
        if !init.status().map_err(|why| failed("initdb", why))?.success() {
            return Err("initdb failed".to_owned());
        }
        Self::run(folder, settings)
    }

    /// Starts the server in a folder that is ready.
    ///
    /// # Errors
    /// Why it does not start.
    pub(crate) fn run(folder: &Path, settings: &str) -> Result<Self, String> {
        let user = somebody(Path::new("/proc/self"));
        let control = programs().ok_or("PostgreSQL is gone")?.join("pg_ctl");
        let (control, folder_text) = (control.display(), folder.display());
        let options = format!(
            "-k {folder_text} -c listen_addresses= -c max_connections=400 -c shared_buffers=64MB \
             -c unix_socket_permissions=0777 {settings}"
        );
        let script = format!(
            "trap '' INT HUP TERM; {control} -w -s -t 60 -D {folder_text}/data -l {folder_text}/log -o '{options}' start \
             && echo ready; cat > /dev/null; {control} -s -m immediate -D {folder_text}/data stop; \
             rm -rf {folder_text}"
        );
        let mut guard = Command::new("sh");
        guard.args(["-c", &script]).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some((user, group)) = user {
            guard.uid(user).gid(group);
        }
        let mut guard = guard.spawn().map_err(|why| format!("no shell: {why}"))?;
        let mut line = String::new();
        if let Some(output) = guard.stdout.take() {
            // The end without a word means that it did not start.
            drop(BufReader::new(output).read_line(&mut line));
        }
        let cluster = Cluster { folder: folder.to_path_buf(), guard };
        if line.trim() == "ready" {
            return Ok(cluster);
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        Err(format!("PostgreSQL did not start: {}", log.lines().last().unwrap_or("it says nothing")))
    }

    /// The address of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        url(&self.folder, database)
    }
}

/// The address of a database of the server whose socket is in this folder.
pub(crate) fn url(folder: &Path, database: &str) -> String {
    format!("postgres://postgres@{}/{database}", folder.display().to_string().replace('/', "%2F"))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut input) = self.guard.stdin.take() {
            drop(input.flush());
        }
        drop(self.guard.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
