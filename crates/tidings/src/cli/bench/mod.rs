//! `tidings bench`: how fast it is here, beside what the machine itself can do.
//!
//! Machines differ and are noisy, so what counts is ratios: each row stands beside a reference that is measured in the
//! same run, in turn with it, round by round. What each row means is told in `docs/benchmark.md`.

mod bare;
mod child;
mod client;
mod events;
mod machine;
mod pages;
mod place;
mod plain;
mod publish;
mod report;
mod statistics;
mod waking;

use super::say;
use super::stop::asked_to_stop;
use crate::clock::{Clock, SystemClock};
use child::Server;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use events::Deeds;
use indicatif::{ProgressBar, ProgressStyle};
use machine::{Machine, file_system, open_files_max};
use pages::Stream;
use place::Place;
use plain::Plain;
use publish::{Load, Publishers};
use report::Report;
use std::path::PathBuf;
use std::time::Duration;

/// What can be measured, in the order in which it is.
const KINDS: [&str; 4] = ["publish", "pages", "wake", "idle"];
/// Entries of the pages that are read.
const PAGE_SIZES: [usize; 2] = [100, 500];
/// Events that are published before anything is measured, so that there is something to read.
const FILL_EVENTS: usize = 100_000;
/// Files that are open beside those of waiting readers, generously.
const OTHER_FILES: usize = 200;

/// The command.
pub(super) fn command() -> Command {
    let number = |name: &'static str, value: &'static str, default: &'static str| {
        Arg::new(name).long(name).value_name(value).default_value(default)
    };
    Command::new("bench")
        .about("Measures this program on this machine, beside what the machine itself can do")
        .arg(number("data", "WHERE", "memory:").help(
            "Where the measured servers keep their events: 'memory:', or a directory, in which a folder is made for \
             the time of the run",
        ))
        .arg(Arg::new("scratch").long("scratch").value_name("DIR").value_parser(value_parser!(PathBuf)).help(
            "Where the file for plain appending is written if --data is no directory; else among temporary files",
        ))
        .arg(
            number("seconds", "SECONDS", "3")
                .value_parser(value_parser!(u32).range(1..=600))
                .help("How long a round of a row takes, about; half of it is the reference's"),
        )
        .arg(number("rounds", "ROUNDS", "3").value_parser(value_parser!(u32).range(1..=100)).help("Rounds of each row"))
        .arg(
            number("load", "LIST", "16x100,64x1,1x100")
                .value_delimiter(',')
                .value_parser(|text: &str| text.parse::<Load>())
                .help("How is published: connections x drafts in a publish"),
        )
        .arg(
            number("idle", "READERS", "2000")
                .value_parser(value_parser!(u32).range(1..=1_000_000))
                .help("Waiting readers; fewer if this process may not open so many files"),
        )
        .arg(number("seed", "SEED", "1").value_parser(value_parser!(u64)).help("The made-up events follow from it"))
        .arg(
            Arg::new("only")
                .long("only")
                .value_name("LIST")
                .value_delimiter(',')
                .value_parser(KINDS)
                .action(ArgAction::Append)
                .help("Measures only these"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Writes the figures of every round for machines"),
        )
}

/// What is to be measured, and how.
struct Plan {
    data: String,
    scratch: Option<PathBuf>,
    round: Duration,
    rounds: u32,
    loads: Vec<Load>,
    idle: usize,
    seed: u64,
    only: Vec<String>,
    progress: Progress,
}

impl Plan {
    fn of(matches: &ArgMatches) -> Self {
        let number = |name| matches.get_one::<u32>(name).copied().unwrap_or(1);
        let wanted = number("idle") as usize;
        let possible = open_files_max().map_or(wanted, |files| files.saturating_sub(OTHER_FILES).max(1));
        Plan {
            data: matches.get_one::<String>("data").cloned().unwrap_or_default(),
            scratch: matches.get_one::<PathBuf>("scratch").cloned(),
            round: Duration::from_secs(u64::from(number("seconds"))),
            rounds: number("rounds"),
            loads: matches.get_many::<Load>("load").into_iter().flatten().copied().collect(),
            idle: wanted.min(possible),
            seed: matches.get_one::<u64>("seed").copied().unwrap_or(1),
            only: matches.get_many::<String>("only").into_iter().flatten().cloned().collect(),
            progress: Progress::new(),
        }
    }

    /// The time of one side of a round.
    fn half_round(&self) -> Duration {
        self.round / 2
    }

    fn measures(&self, kind: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == kind)
    }

    fn settings(&self, place: &Place) -> Result<Vec<(&'static str, String)>, String> {
        let loads: Vec<String> = self.loads.iter().map(Load::to_string).collect();
        Ok(vec![
            ("data", self.data.clone()),
            ("plain appending on", file_system(place.folder())),
            ("rounds", format!("{} of {} s", self.rounds, self.round.as_secs())),
            ("loads", loads.join(", ")),
            ("waiting readers", self.idle.to_string()),
            ("seed", self.seed.to_string()),
            ("bytes of an event, both renderings", plain::event_bytes(self.seed)?.to_string()),
        ])
    }
}

/// Says what is being measured, if somebody is looking.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Progress(ProgressBar::new_spinner().with_style(style))
    }

    fn tell(&self, what: &str, round: u32) {
        self.0.set_message(format!("{what}, round {}", round + 1));
        self.0.tick();
    }
}

/// Measures, and prints what it found.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let plan = Plan::of(matches);
    let place = Place::make(&plan.data, plan.scratch.as_deref())?;
    let machine = Machine::here();
    // The server needs processors, too; it has a thread on each.
    let threads = (machine.cores / 2).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|why| format!("the runtime cannot be started: {why}"))?;
    let mut report = Report { machine, settings: plan.settings(&place)?, rows: Vec::new() };
    say(report.head());
    say("");
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = measure(&plan, &place, &mut report) => outcome,
            () = asked_to_stop() => Err("stopped before everything was measured".to_owned()),
        }
    });
    plan.progress.0.finish_and_clear();
    if !report.rows.is_empty() {
        say(report.table().trim_end());
    }
    if let Some(path) = matches.get_one::<PathBuf>("json") {
        let text = format!("{:#}\n", report.json());
        std::fs::write(path, text).map_err(|why| format!("{} cannot be written: {why}", path.display()))?;
    }
    outcome
}

async fn measure(plan: &Plan, place: &Place, report: &mut Report) -> Result<(), String> {
    let mut deeds = Deeds::of(plan.seed);
    if ["publish", "pages", "wake"].iter().any(|kind| plan.measures(kind)) {
        let (data, folder) = place.of_server("busy")?;
        let server = Server::start(&data, &folder).await?;
        busy(plan, place, &server, &mut deeds, report).await?;
    }
    if plan.measures("idle") {
        // A server of its own, whose memory holds nothing else.
        let (data, folder) = place.of_server("idle")?;
        let server = Server::start(&data, &folder).await?;
        report.rows.extend(waking::many(plan, &server, &mut deeds, plan.idle).await?);
    }
    Ok(())
}

/// The rows of a server with traffic.
async fn busy(
    plan: &Plan,
    place: &Place,
    server: &Server,
    deeds: &mut Deeds,
    report: &mut Report,
) -> Result<(), String> {
    let publishers = Publishers::of(server);
    let from = SystemClock.now();
    plan.progress.tell("publishing events to read", 0);
    publishers.fill(deeds, FILL_EVENTS).await?;
    if plan.measures("publish") {
        let mut plain = Plain::make(place.folder(), deeds)?;
        for load in &plan.loads {
            let (back, rows) = publishers.measure(plan, deeds, plain, *load).await?;
            plain = back;
            report.rows.extend(rows);
        }
    }
    if plan.measures("pages") {
        let before = SystemClock.now();
        pages::settle().await;
        for stream in [Stream::Arrival, Stream::User, Stream::Window { from, before }] {
            for limit in PAGE_SIZES {
                report.rows.push(pages::measure(plan, server, stream, limit).await?);
            }
        }
    }
    if plan.measures("wake") {
        report.rows.extend(waking::one(plan, server, deeds).await?);
    }
    Ok(())
}
