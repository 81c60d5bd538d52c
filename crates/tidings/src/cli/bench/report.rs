//! What was measured: as a table for people, as JSON for machines.

use super::goals::{Goal, Judged, Standing};
use super::machine::Machine;
use super::statistics::median;
use serde_json::{Value, json};
use std::fmt::Write;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    EventsASecond,
    PagesASecond,
    Microseconds,
    Milliseconds,
    Seconds,
    Bytes,
    Kilobytes,
    Megabytes,
    Times,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::EventsASecond => "events/s",
            Unit::PagesASecond => "pages/s",
            Unit::Microseconds => "us",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::Bytes => "bytes",
            Unit::Kilobytes => "KiB",
            Unit::Megabytes => "MB",
            Unit::Times => "times",
        }
    }

    /// Whether it counts what should be small: time, memory and space.
    pub(super) fn less_is_better(self) -> bool {
        match self {
            Unit::EventsASecond | Unit::PagesASecond | Unit::Times => false,
            Unit::Microseconds | Unit::Milliseconds | Unit::Seconds => true,
            Unit::Bytes | Unit::Kilobytes | Unit::Megabytes => true,
        }
    }

    /// A figure in words; rates are read without a fraction.
    fn shown(self, figure: f64) -> String {
        match self {
            Unit::EventsASecond | Unit::PagesASecond | Unit::Bytes | Unit::Megabytes => {
                format!("{} {}", grouped(figure), self.name())
            }
            Unit::Microseconds | Unit::Milliseconds | Unit::Seconds | Unit::Kilobytes | Unit::Times => {
                format!("{figure:.2} {}", self.name())
            }
        }
    }
}

/// A whole number with its thousands apart.
fn grouped(figure: f64) -> String {
    let digits = format!("{:.0}", figure.max(0.0));
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// The figures of what a row stands beside.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    pub(super) name: String,
    pub(super) rounds: Vec<f64>,
}

/// One thing measured, round by round.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) rounds: Vec<f64>,
    /// The reference, measured in the same rounds.
    pub(super) beside: Option<Beside>,
    /// What it should reach.
    pub(super) goal: Option<Goal>,
}

impl Row {
    /// A row that stands alone.
    pub(super) fn alone(name: impl Into<String>, unit: Unit) -> Self {
        Row { name: name.into(), unit, rounds: Vec::new(), beside: None, goal: None }
    }

    /// A row with a reference.
    pub(super) fn beside(name: impl Into<String>, unit: Unit, reference: impl Into<String>) -> Self {
        Row { beside: Some(Beside { name: reference.into(), rounds: Vec::new() }), ..Row::alone(name, unit) }
    }

    /// The row with what it should reach.
    pub(super) fn with_goal(self, goal: impl Into<Option<Goal>>) -> Self {
        Row { goal: goal.into(), ..self }
    }

    /// Notes a round.
    pub(super) fn round(&mut self, figure: f64, reference: Option<f64>) {
        self.rounds.push(figure);
        if let (Some(beside), Some(reference)) = (&mut self.beside, reference) {
            beside.rounds.push(reference);
        }
    }

    /// The middle of the rounds' ratios. Each round compares what was measured moments apart, so a machine that is
    /// slower in one round than in another does less harm than in a ratio of middles.
    pub(super) fn ratio(&self) -> Option<f64> {
        let beside = self.beside.as_ref()?;
        let ratios: Vec<f64> = self.rounds.iter().zip(&beside.rounds).map(|(own, other)| own / other).collect();
        median(&ratios)
    }

    /// The number that its goal speaks of, in the middle of the rounds.
    pub(super) fn judged(&self) -> Option<f64> {
        match self.goal?.judged {
            Judged::Figure => median(&self.rounds),
            Judged::Ratio => self.ratio(),
        }
    }

    fn standing(&self) -> Option<Standing> {
        Some(self.goal?.standing(self.judged()?))
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": self.unit.name(),
            "median": median(&self.rounds),
            "rounds": self.rounds,
            "reference": self.beside.as_ref().map(|beside| json!({
                "name": beside.name,
                "median": median(&beside.rounds),
                "rounds": beside.rounds,
            })),
            "ratio": self.ratio(),
            "goal": self.goal.map(|goal| json!({
                "of": match goal.judged {
                    Judged::Figure => "median",
                    Judged::Ratio => "ratio",
                },
                "floor": goal.floor,
                "aim": goal.aim,
                "reached": self.standing().map(Standing::name),
            })),
        })
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) machine: Machine,
    /// What was set, and what follows from it: name and value.
    pub(super) settings: Vec<(&'static str, String)>,
    pub(super) rows: Vec<Row>,
}

impl Report {
    /// For machines.
    pub(super) fn json(&self) -> Value {
        let settings: serde_json::Map<String, Value> =
            self.settings.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
        json!({
            "tidings": env!("CARGO_PKG_VERSION"),
            "optimised": !cfg!(debug_assertions),
            "machine": self.machine.json(),
            "settings": settings,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        })
    }

    /// What stands above the table.
    pub(super) fn head(&self) -> String {
        let Machine { cores, processor, memory_bytes, kernel } = &self.machine;
        let gigabytes = *memory_bytes as f64 / (1_u64 << 30) as f64;
        let mut head = format!("tidings {}", env!("CARGO_PKG_VERSION"));
        // Writing to a string does not fail, here and below.
        let _ = write!(head, " on {cores} cores ({processor}), {gigabytes:.1} GiB, kernel {kernel}");
        for (name, value) in &self.settings {
            let _ = write!(head, "\n  {name}: {value}");
        }
        if cfg!(debug_assertions) {
            head.push_str("\n  NOT OPTIMISED: build with --release before reading any figure");
        }
        head
    }

    /// The table, each row a line.
    pub(super) fn table(&self) -> String {
        let mut lines = vec![["", "median", "beside", "ratio", "floor", "aim", "reached"].map(str::to_owned)];
        lines.extend(self.rows.iter().map(|row| {
            let shown = |rounds: &[f64]| median(rounds).map_or("-".to_owned(), |figure| row.unit.shown(figure));
            let beside = row.beside.as_ref();
            let mark = |mark: fn(Goal) -> f64| {
                row.goal.map_or(String::new(), |goal| match goal.judged {
                    Judged::Figure => row.unit.shown(mark(goal)),
                    Judged::Ratio => format!("{:.2}", mark(goal)),
                })
            };
            [
                row.name.clone(),
                shown(&row.rounds),
                beside.map_or(String::new(), |beside| format!("{}, {}", shown(&beside.rounds), beside.name)),
                row.ratio().map_or(String::new(), |ratio| format!("{ratio:.2}")),
                mark(|goal| goal.floor),
                mark(|goal| goal.aim),
                row.standing().map_or(String::new(), |standing| standing.name().to_owned()),
            ]
        }));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths = [0, 1, 2, 3, 4, 5].map(width);
        let mut table = String::new();
        for [name, own, beside, ratio, floor, aim, reached] in &lines {
            let [names, owns, besides, ratios, floors, aims] = widths;
            let line = format!(
                "{name:names$}  {own:>owns$}   {beside:besides$}  {ratio:>ratios$}  {floor:>floors$}  {aim:>aims$}  {reached}"
            );
            let _ = writeln!(table, "{}", line.trim_end());
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::goals;

    #[test]
    fn a_ratio_is_that_of_rounds_and_not_of_medians() {
        let mut row = Row::beside("pages", Unit::PagesASecond, "bare hyper");
        for (own, other) in [(50.0, 100.0), (10.0, 100.0), (90.0, 90.0)] {
            row.round(own, Some(other));
        }
        assert_eq!(row.ratio(), Some(0.5));
        assert_eq!(Row::alone("pages", Unit::PagesASecond).ratio(), None);
    }

    #[test]
    fn the_table_stands_in_columns() {
        let mut publishing = Row::beside("publishing", Unit::EventsASecond, "plain appending").with_goal(goals::LEDGER);
        publishing.round(1_234_567.4, Some(2_000_000.0));
        let mut cost = Row::alone("CPU an event", Unit::Microseconds).with_goal(goals::PROCESSOR);
        cost.round(10.5, None);
        let mut pages = Row::alone("pages", Unit::PagesASecond);
        pages.round(7.0, None);
        let machine = Machine { cores: 2, processor: "a processor".into(), memory_bytes: 1 << 34, kernel: "6".into() };
        let settings = vec![("data", "memory:".to_owned())];
        let report = Report { machine, settings, rows: vec![publishing, cost, pages] };
        insta::assert_snapshot!(report.table(), @r"
                                  median   beside                               ratio     floor      aim  reached
        publishing    1,234,567 events/s   2,000,000 events/s, plain appending   0.62      0.55     0.85  floor
        CPU an event            10.50 us                                               10.00 us  5.00 us  BELOW
        pages                  7 pages/s
        ");
        assert_eq!(report.json()["rows"][0]["reference"]["median"], 2_000_000.0);
        assert_eq!(report.json()["rows"][0]["goal"]["reached"], "floor");
        assert_eq!(report.json()["rows"][1]["ratio"], Value::Null);
        assert_eq!(report.json()["rows"][2]["goal"], Value::Null);
    }
}
