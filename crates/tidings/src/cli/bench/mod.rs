//! `tidings bench`: how fast it is here, beside what the machine itself can do.
//!
//! Machines differ and are noisy, so what counts is ratios: each row stands beside a reference that is measured in the
//! same run, in turn with it, round by round. What each row means is told in `docs/benchmark.md`.

mod audience;
mod bare;
mod child;
mod client;
mod events;
mod goals;
mod growth;
mod idle;
mod ledger;
mod machine;
mod opening;
mod pages;
mod peer;
mod place;
mod plain;
mod plan;
mod publish;
mod rendered;
mod report;
mod statistics;
mod waking;

use super::say;
use super::stop::asked_to_stop;
use crate::clock::{Clock, SystemClock};
use child::Server;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use events::Deeds;
use feed::time::Second;
use growth::Size;
use ledger::Alone;
use machine::{Machine, free_bytes};
use pages::Stream;
use peer::Named;
use place::Place;
use plain::Plain;
use plan::{FILL, Plan};
use publish::{Load, Publishers};
use report::{Report, Row};
use std::path::PathBuf;

/// What can be measured, in the order in which it is.
const KINDS: [&str; 9] = ["ledger", "publish", "peers", "pages", "history", "wake", "open", "audience", "idle"];
/// Those that are measured on one server, which fills up.
const BUSY: [&str; 6] = ["publish", "peers", "pages", "history", "wake", "open"];
/// Entries of the pages that are read.
const PAGE_SIZES: [usize; 2] = [100, 500];
/// Bytes of the disk that an event takes while a store fills up, and a bit: 2,300 were measured, indexes included.
const EVENT_ON_DISK_BYTES: u64 = 2_500;

/// The command.
pub(super) fn command() -> Command {
    let number = |name: &'static str, value: &'static str, default: &'static str| {
        Arg::new(name).long(name).value_name(value).default_value(default)
    };
    Command::new("bench")
        .about("Measures this program on this machine, beside what the machine itself can do")
        .arg(number("data", "WHERE", ".").help(
            "Where the measured servers keep their events: a directory, in which a folder is made for the time of the \
             run, or 'memory:'",
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
            number("idle", "READERS", "19000")
                .value_parser(value_parser!(u32).range(1..=1_000_000))
                .help("Waiting readers; fewer if this process may not open so many files"),
        )
        .arg(
            Arg::new("beside")
                .long("beside")
                .value_name("NAME=PROGRAM")
                .value_parser(|text: &str| text.parse::<Named>())
                .action(ArgAction::Append)
                .help("Publishes in turn with something else that keeps events (docs/benchmark.md); may be repeated"),
        )
        .arg(
            Arg::new("grow")
                .long("grow")
                .value_name("LIST")
                .value_delimiter(',')
                .value_parser(|text: &str| text.parse::<Size>())
                .help("Measures what a growing store can slow down at each of these sizes, such as 1M,10M,30M"),
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
        .subcommand(bare::command())
}

/// Measures, and prints what it found.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    if let Some((bare::WORD, matches)) = matches.subcommand() {
        return bare::run(matches);
    }
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
    plan.progress.end();
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
    let mut plain = Plain::make(place.folder(), &mut deeds)?;
    if plan.measures("ledger") {
        let mut ledger = Alone::open(place).await?;
        report.rows.push(ledger.measure(plan, &mut deeds, &mut plain).await?);
        report.rows.extend(ledger.when_cold(plan).await?);
    }
    if BUSY.iter().any(|kind| plan.measures(kind)) {
        busy(plan, place, &mut deeds, &mut plain, report).await?;
    }
    if plan.measures("audience") {
        let (data, folder) = place.of_server("audience")?;
        let server = Server::start(&data, &folder).await?;
        report.rows.extend(audience::measure(plan, &server, &mut deeds).await?);
    }
    if plan.measures("idle") {
        // A server of its own, whose memory holds nothing else.
        let (data, folder) = place.of_server("idle")?;
        let server = Server::start(&data, &folder).await?;
        report.rows.extend(idle::many(plan, &server, &mut deeds, plan.idle).await?);
    }
    Ok(())
}

/// The rows of a server with traffic: once, or again at each size.
async fn busy(
    plan: &Plan,
    place: &Place,
    deeds: &mut Deeds,
    plain: &mut Plain,
    report: &mut Report,
) -> Result<(), String> {
    let (data, folder) = place.of_server("busy")?;
    let from = SystemClock.now();
    let server = Server::start(&data, &folder).await?;
    let publishers = Publishers::of(&server)?;
    let mut traffic = Traffic { server, publishers, from };
    let Some(first) = plan.sizes.first() else {
        traffic.fill(plan, place, deeds, FILL).await?;
        return traffic.rows(plan, place, deeds, plain, &mut report.rows).await;
    };
    let mut at_first = Vec::new();
    for size in &plan.sizes {
        traffic.fill(plan, place, deeds, *size).await?;
        let mut rows = Vec::new();
        let outcome = traffic.rows(plan, place, deeds, plain, &mut rows).await;
        report.rows.extend(growth::named(rows.clone(), *size));
        outcome?;
        if size == first {
            at_first = rows;
        } else {
            report.rows.extend(growth::rows((*first, &at_first), (*size, &rows)));
        }
    }
    Ok(())
}

/// A server that is published to and read from.
struct Traffic {
    server: Server,
    publishers: Publishers,
    /// When its first event was published.
    from: Second,
}

impl Traffic {
    /// Publishes until there are so many events.
    async fn fill(&self, plan: &Plan, place: &Place, deeds: &mut Deeds, size: Size) -> Result<(), String> {
        /// Between two looks.
        const STEP: usize = 500_000;
        while let missing @ 1.. = size.0.saturating_sub(self.publishers.published()) {
            plan.progress.tell(&format!("publishing {size} events to read, {missing} to go"), 0);
            let (needed, free) = (missing as u64 * EVENT_ON_DISK_BYTES, free_bytes(place.folder()));
            if let (true, Some(free)) = (place.keeps(), free.filter(|free| *free < needed)) {
                let (needed, free) = (needed >> 30, free >> 30);
                return Err(format!("{missing} more events may take {needed} GiB of the disk, which has {free} left"));
            }
            self.publishers.fill(deeds, missing.min(STEP)).await?;
        }
        Ok(())
    }

    /// What is measured of it, as it is now.
    async fn rows(
        &mut self,
        plan: &Plan,
        place: &Place,
        deeds: &mut Deeds,
        plain: &mut Plain,
        rows: &mut Vec<Row>,
    ) -> Result<(), String> {
        let Traffic { server, publishers, from } = self;
        if plan.measures("publish") {
            for load in &plan.loads {
                rows.extend(publishers.measure(plan, place, server, deeds, plain, *load).await?);
            }
        }
        if plan.measures("peers") {
            rows.extend(publishers.beside(plan, place, deeds, &plan.peers).await?);
        }
        let (from, before) = (*from, SystemClock.now());
        let window = |only| Stream::Window { from, before, only };
        if plan.measures("pages") || plan.measures("history") {
            pages::settle().await;
        }
        if plan.measures("pages") {
            for stream in [Stream::Arrival, Stream::User, window(None)] {
                for limit in PAGE_SIZES {
                    rows.push(pages::measure(plan, place, server, stream, limit).await?);
                }
            }
            let streams = [Stream::User, Stream::Arrival];
            rows.push(pages::compare(plan, server, streams, PAGE_SIZES[0], goals::USER_PAGES).await?);
        }
        if plan.measures("history") {
            for (only, goal) in [(pages::RARE, goals::RARE_TYPE), (pages::RAREST, goals::RAREST_TYPE)] {
                let streams = [window(Some(only)), window(None)];
                rows.push(pages::compare(plan, server, streams, PAGE_SIZES[0], goal).await?);
            }
        }
        if plan.measures("wake") {
            rows.extend(waking::one(plan, server, publishers, deeds).await?);
        }
        if plan.measures("open") && place.keeps() {
            rows.push(opening::after_kill(plan, server, publishers, deeds).await?);
        }
        Ok(())
    }
}
