//! What is to be measured, and how; and saying what is being measured.

use super::client::CONNECTIONS_OF_A_SOURCE;
use super::growth::Size;
use super::machine::{file_system, open_files_max};
use super::peer::Named;
use super::place::Place;
use super::publish::Load;
use super::rendered::event_bytes;
use clap::ArgMatches;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::time::Duration;

/// Events that are published before anything is measured, so that there is something to read.
pub(super) const FILL: Size = Size(100_000);
/// Files that are open beside those of waiting readers, generously.
const OTHER_FILES: usize = 200;

/// What is to be measured, and how.
pub(super) struct Plan {
    pub(super) data: String,
    pub(super) scratch: Option<PathBuf>,
    /// How long a round of a row takes.
    pub(super) round: Duration,
    pub(super) rounds: u32,
    pub(super) loads: Vec<Load>,
    /// Beside whom is published.
    pub(super) peers: Vec<Named>,
    pub(super) idle: usize,
    pub(super) seed: u64,
    /// At which sizes is measured, from the smallest; at what there is after a first fill if there are none.
    pub(super) sizes: Vec<Size>,
    only: Vec<String>,
    pub(super) progress: Progress,
}

impl Plan {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let number = |name| matches.get_one::<u32>(name).copied().unwrap_or(1);
        let wanted = number("idle") as usize;
        let possible = open_files_max().map_or(wanted, |files| files.saturating_sub(OTHER_FILES).max(1));
        // Elsewhere than on Linux there is only one loopback address to open connections from.
        let possible = if cfg!(target_os = "linux") { possible } else { possible.min(CONNECTIONS_OF_A_SOURCE) };
        let mut sizes: Vec<Size> = matches.get_many("grow").into_iter().flatten().copied().collect();
        sizes.sort_unstable();
        sizes.dedup();
        Plan {
            data: matches.get_one::<String>("data").cloned().unwrap_or_default(),
            scratch: matches.get_one::<PathBuf>("scratch").cloned(),
            round: Duration::from_secs(u64::from(number("seconds"))),
            rounds: number("rounds"),
            loads: matches.get_many::<Load>("load").into_iter().flatten().copied().collect(),
            idle: wanted.min(possible),
            peers: matches.get_many::<Named>("beside").into_iter().flatten().cloned().collect(),
            sizes,
            seed: matches.get_one::<u64>("seed").copied().unwrap_or(1),
            only: matches.get_many::<String>("only").into_iter().flatten().cloned().collect(),
            progress: Progress::new(),
        }
    }

    /// The time of one side of a round.
    pub(super) fn half_round(&self) -> Duration {
        self.round / 2
    }

    pub(super) fn measures(&self, kind: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == kind)
    }

    pub(super) fn settings(&self, place: &Place) -> Result<Vec<(&'static str, String)>, String> {
        let loads: Vec<String> = self.loads.iter().map(Load::to_string).collect();
        let peers: Vec<&str> = self.peers.iter().map(|peer| peer.name.as_str()).collect();
        let mut sizes: Vec<String> = self.sizes.iter().map(|size| format!("{size} events")).collect();
        if sizes.is_empty() {
            sizes.push(format!("{FILL} events and what the run adds"));
        }
        let mut settings = vec![
            ("data", self.data.clone()),
            ("plain appending on", file_system(place.folder())),
            ("rounds", format!("{} of {} s", self.rounds, self.round.as_secs())),
            ("loads", loads.join(", ")),
            ("beside", peers.join(", ")),
            ("measured at", sizes.join(", ")),
            ("waiting readers", self.idle.to_string()),
            ("seed", self.seed.to_string()),
            ("bytes of an event, both renderings", event_bytes(self.seed)?.to_string()),
        ];
        settings.retain(|(_, value)| !value.is_empty());
        Ok(settings)
    }
}

/// Says what is being measured, if somebody is looking.
pub(super) struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Progress(ProgressBar::new_spinner().with_style(style))
    }

    pub(super) fn tell(&self, what: &str, round: u32) {
        self.0.set_message(format!("{what}, round {}", round + 1));
        self.0.tick();
    }

    /// There is nothing more to say.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
