//! Talking to the database past the program, through its own terminal.

use super::LOOKS_MAX;
use super::postgres::{program, somebody};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// Said when an answer is over.
const OVER: &str = "-- over --";

/// A session. Dropped, it ends, and so does whatever transaction it has.
pub(super) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Session {
    /// Begins a session with the database at this address.
    pub(super) fn open(url: &str) -> Self {
        let mut psql = program("psql", somebody(Path::new("/proc/self"))).unwrap();
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", url]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Session { input: child.stdin.take(), child, output }
    }

    /// The lines that are answered; none for what fails.
    pub(super) fn ask(&mut self, sql: &str) -> Vec<String> {
        let mut input = self.input.as_ref().unwrap();
        writeln!(input, "{sql};\n\\echo '{OVER}'").unwrap();
        input.flush().unwrap();
        self.output.by_ref().map(|line| line.unwrap()).take_while(|line| line != OVER).collect()
    }

    /// Asks until the first line of the answer is this.
    pub(super) fn until(&mut self, sql: &str, answer: &str) {
        for _ in 0..LOOKS_MAX {
            if self.ask(sql).first().is_some_and(|first| first == answer) {
                return;
            }
            self.pause();
        }
        panic!("never was it {answer}: {sql}; at last {:?}", self.ask(sql));
    }

    /// Asks something that takes a moment, between two looks at something else.
    pub(super) fn pause(&mut self) {
        self.ask("SELECT pg_sleep(0.01)");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.child.wait());
    }
}
