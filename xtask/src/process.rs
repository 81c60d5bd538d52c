//! Running other programs: their words are passed on as they come, and none may hang for ever.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::stopwatch::Stopwatch;
use crate::tally::Tally;

/// Enough of what a program said to explain why it failed.
const LINES_KEPT: usize = 200;
/// How long after a program's end its output may still come. Only a grandchild left behind holds it open longer.
const OUTPUT_AFTER_END: Duration = Duration::from_secs(5);

/// A program to run.
pub(crate) struct Call {
    command: Command,
    shown: String,
    limit: Duration,
    aloud: bool,
}

/// How a call went.
pub(crate) struct Ended {
    /// Nothing if it ended well, else what went wrong in one line.
    pub(crate) fault: Option<String>,
    /// The tests it reported, if it ran any.
    pub(crate) tally: Tally,
    /// The last lines it said.
    pub(crate) said: String,
}

enum Told {
    Line { aside: bool, text: String },
    Silent,
    Ended(std::io::Result<ExitStatus>),
}

impl Call {
    /// A call in the folder given, ended by force after `limit`.
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path, limit: Duration) -> Self {
        let mut command = Command::new(program.as_ref());
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What cargo tells this program of itself is not meant for others: build scripts that ask for it would be run
        // again and again, and all that needs them built anew.
        for (name, _) in std::env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
                command.env_remove(name);
            }
        }
        let shown = Path::new(program.as_ref()).file_name().unwrap_or(program.as_ref()).to_string_lossy().into_owned();
        Self { command, shown, limit, aloud: true }
    }

    pub(crate) fn words(mut self, words: &[impl AsRef<OsStr>]) -> Self {
        for word in words {
            self.command.arg(word.as_ref());
            self.shown.push(' ');
            self.shown.push_str(&word.as_ref().to_string_lossy());
        }
        self
    }

    pub(crate) fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What it says is kept, but not shown.
    pub(crate) fn quiet(mut self) -> Self {
        self.aloud = false;
        self
    }

    /// Runs it to its end, or to the end of its time.
    pub(crate) fn run(mut self) -> Ended {
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let fault = Some(format!("`{}` could not be started: {error}", self.shown));
                return Ended { fault, tally: Tally::default(), said: String::new() };
            }
        };
        let id = child.id();
        let (teller, told) = mpsc::channel();
        pass_on(child.stdout.take(), false, &teller);
        pass_on(child.stderr.take(), true, &teller);
        thread::spawn(move || {
            // Nobody listens any more after the time is over; then it only remains to reap the child.
            let _ = teller.send(Told::Ended(child.wait()));
        });

        let watch = Stopwatch::start();
        let mut deadline = self.limit;
        let mut status = None;
        let mut open = 2;
        let mut tally = Tally::default();
        let mut kept = VecDeque::new();
        let mut fault = None;
        while status.is_none() || open > 0 {
            let left = deadline.saturating_sub(watch.elapsed());
            // A program that never stops talking must not outlive its time either.
            let heard = if left.is_zero() { Err(RecvTimeoutError::Timeout) } else { told.recv_timeout(left) };
            match heard {
                Ok(Told::Line { aside, text }) => {
                    match (self.aloud, aside) {
                        (true, false) => println!("{text}"),
                        (true, true) => eprintln!("{text}"),
                        (false, _) => {}
                    }
                    tally.hear(&text);
                    if kept.len() == LINES_KEPT {
                        kept.pop_front();
                    }
                    kept.push_back(text);
                }
                Ok(Told::Silent) => open -= 1,
                Ok(Told::Ended(end)) => {
                    status = Some(end);
                    deadline = watch.elapsed() + OUTPUT_AFTER_END;
                }
                Err(RecvTimeoutError::Timeout) if status.is_none() && fault.is_none() => {
                    kill_with_descendants(id);
                    fault = Some(format!("`{}` was ended: not done after {:?}", self.shown, self.limit));
                    deadline = watch.elapsed() + OUTPUT_AFTER_END;
                }
                Err(_) => break,
            }
        }
        let fault = fault.or(match status {
            Some(Ok(status)) if status.success() => None,
            Some(Ok(status)) => Some(format!("`{}` ended with {status}", self.shown)),
            Some(Err(error)) => Some(format!("`{}` could not be waited for: {error}", self.shown)),
            None => Some(format!("`{}` fell silent without an end", self.shown)),
        });
        Ended { fault, tally, said: Vec::from(kept).join("\n") }
    }
}

impl Ended {
    /// The fault together with the line that most likely tells its reason: the first that speaks of an error, else
    /// the last.
    pub(crate) fn reason(&self) -> Option<String> {
        let fault = self.fault.as_ref()?;
        let mut lines = self.said.lines().map(str::trim).filter(|line| !line.is_empty());
        let told = lines.clone().find(|line| line.to_ascii_lowercase().contains("error")).or_else(|| lines.next_back());
        Some(told.map_or_else(|| fault.clone(), |told| format!("{fault}: {told}")))
    }
}

fn pass_on(stream: Option<impl Read + Send + 'static>, aside: bool, teller: &Sender<Told>) {
    let teller = teller.clone();
    thread::spawn(move || {
        let lines = stream.map(|stream| BufReader::new(stream).split(b'\n'));
        for line in lines.into_iter().flatten().map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if teller.send(Told::Line { aside, text }).is_err() {
                return;
            }
        }
        let _ = teller.send(Told::Silent);
    });
}

/// Ends a process and all that it started. Its children must be found first: they are nobody's once it is gone.
fn kill_with_descendants(id: u32) {
    let parents = parents();
    let mut doomed = vec![id];
    let mut next = 0;
    while let Some(&parent) = doomed.get(next) {
        doomed.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    // Signals are not in the standard library; every shell has a `kill` of its own.
    let ids = doomed.iter().map(u32::to_string);
    let killed = Command::new("sh").args(["-c", "kill -KILL \"$@\"", "kill"]).args(ids).status();
    if let Err(error) = killed {
        eprintln!("processes {doomed:?} could not be ended: {error}");
    }
}

/// Every process with its parent: from /proc where it is, else from `ps`.
fn parents() -> Vec<(u32, u32)> {
    let pair = |child: &str, parent: &str| Some((child.parse().ok()?, parent.parse().ok()?));
    let listed: Vec<_> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // `id (name) state parent …`, where the name may hold anything, also blanks and brackets.
            let (_, rest) = stat.rsplit_once(')')?;
            pair(&entry.file_name().to_string_lossy(), rest.split_whitespace().nth(1)?)
        })
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let Ok(table) = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&table.stdout)
        .lines()
        .filter_map(|line| {
            let mut columns = line.split_whitespace();
            pair(columns.next()?, columns.next()?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        Call::new("sh", Path::new("."), limit).words(&["-c", script]).quiet().run()
    }

    #[test]
    fn a_program_that_ends_well_has_no_fault() {
        let ended = shell("echo out; echo aside >&2", Duration::from_secs(20));
        assert_eq!(ended.fault, None);
        let mut said: Vec<_> = ended.said.lines().collect();
        said.sort_unstable();
        assert_eq!(said, ["aside", "out"]);
    }

    #[test]
    fn a_failure_names_the_last_words() {
        let ended = shell("echo first; echo the reason; exit 3", Duration::from_secs(20));
        let reason = ended.reason().expect("status 3 is a failure");
        assert!(reason.ends_with("exit status: 3: the reason"), "{reason}");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let watch = Stopwatch::start();
        let ended = shell("sleep 600 & wait", Duration::from_millis(300));
        assert!(ended.fault.is_some_and(|fault| fault.contains("was ended")));
        // The child holds the same output, so that it was closed in time means that the child is gone, too.
        assert!(watch.elapsed() < OUTPUT_AFTER_END, "the child still runs");
    }

    #[test]
    fn a_program_that_never_stops_talking_is_ended_too() {
        let ended = shell("while true; do echo more; done", Duration::from_millis(300));
        assert!(ended.fault.is_some_and(|fault| fault.contains("was ended")));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let ended = Call::new("no-such-program", Path::new("."), Duration::from_secs(1)).run();
        assert!(ended.fault.is_some_and(|fault| fault.contains("could not be started")));
    }
}
