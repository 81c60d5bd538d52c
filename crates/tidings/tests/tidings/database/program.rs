//! The program, serving over a database in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that serves. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

impl Process {
    /// Starts one over this database. The first one writes its token to `env`.
    pub(crate) fn start(data: &str, env: &Path) -> Self {
        Self::start_with(data, env, &[])
    }

    /// Starts one with more arguments.
    pub(crate) fn start_with(data: &str, env: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidings"))
            .args(["serve", "--listen", "127.0.0.1:0", "--settling-delay", "0", "--log-level", "off", "--data", data])
            .arg("--env")
            .arg(env)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving =
            lines.map(|line| line.unwrap()).find_map(|line| line.strip_prefix("Serving on ").map(str::to_owned));
        Process { child, url: serving.expect("the program serves") }
    }

    /// Kills it without a warning.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal, such as `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        super::signal(self.child.id(), signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
