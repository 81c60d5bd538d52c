//! A peer's server: a child process on loopback, with a port, a folder and a password of its own.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START_TIME: Duration = Duration::from_secs(60);
/// How long an answer may take before the peer counts as broken.
const ANSWER_TIME: Duration = Duration::from_secs(120);
/// Between two looks whether it listens.
const STEP: Duration = Duration::from_millis(50);
/// The unprivileged user and group of Unix systems.
const NOBODY: u32 = 65_534;

/// A server that runs. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Where a server may keep its things, and by whom it is run.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) password: String,
    /// The user to run it as, if that is not who runs this.
    user: Option<u32>,
}

impl Home {
    /// Makes a folder of this name.
    pub(crate) fn make(within: &Path, name: &str) -> io::Result<Self> {
        let folder = within.join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut random = [0; 16];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let password = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Home { folder, port, password, user: None })
    }

    /// Gives the folder to an unprivileged user if it is the superuser's, for servers that refuse to be run by that one.
    pub(crate) fn not_of_superuser(mut self) -> io::Result<Self> {
        // What was made belongs to the user who made it, so this tells who runs this.
        if std::fs::metadata(&self.folder)?.uid() == 0 {
            chown(&self.folder, Some(NOBODY), Some(NOBODY))?;
            self.user = Some(NOBODY);
        }
        Ok(self)
    }

    /// Writes a file that only the server may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        if let Some(user) = self.user {
            chown(&path, Some(user), Some(user))?;
        }
        Ok(path)
    }

    /// A program, run by the user of this folder, in it. What it says is not shown, but for its errors.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Starts the server, and waits until a first connection to it is made as `open` wants it.
    pub(crate) fn start<C>(
        &self,
        mut command: Command,
        open: impl Fn(TcpStream) -> io::Result<C>,
    ) -> io::Result<(Server, C)> {
        let program = command.get_program().to_owned();
        let child = command.spawn().map_err(|why| io::Error::other(format!("{}: {why}", program.display())))?;
        let mut server = Server { child, address: (Ipv4Addr::LOCALHOST, self.port).into() };
        let begun = Instant::now();
        loop {
            let why = match server.connect().and_then(&open) {
                Ok(connection) => return Ok((server, connection)),
                Err(why) => why,
            };
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("{} ended with {status} before it listened", program.display())));
            }
            if START_TIME < begun.elapsed() {
                return Err(io::Error::other(format!("{} cannot be spoken to: {why}", program.display())));
            }
            std::thread::sleep(STEP);
        }
    }
}

impl Server {
    /// A connection to it.
    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME))?;
        stream.set_write_timeout(Some(ANSWER_TIME))?;
        Ok(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
