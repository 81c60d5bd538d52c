//! What each row should reach: a floor, below which something is wrong, and an aim.
//!
//! They are ratios where there is something to stand beside, so that they hold on other machines, too.

/// Which number of a row is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// The figure itself.
    Figure,
    /// Its ratio to what stands beside it.
    Ratio,
}

/// A floor and an aim. Where the aim lies below the floor, less is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Goal {
    pub(super) judged: Judged,
    pub(super) floor: f64,
    pub(super) aim: f64,
}

/// How a row stands to its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The aim is reached.
    Aim,
    /// The floor is held.
    Floor,
    /// The floor is not held.
    Below,
}

impl Standing {
    pub(super) fn name(self) -> &'static str {
        match self {
            Standing::Aim => "aim",
            Standing::Floor => "floor",
            Standing::Below => "BELOW",
        }
    }
}

const fn ratio(floor: f64, aim: f64) -> Goal {
    Goal { judged: Judged::Ratio, floor, aim }
}

const fn figure(floor: f64, aim: f64) -> Goal {
    Goal { judged: Judged::Figure, floor, aim }
}

/// The ledger alone beside plain appending.
pub(super) const LEDGER: Goal = ratio(0.55, 0.85);
/// Publishing 16x100 beside plain appending.
pub(super) const PUBLISHING: Goal = ratio(0.25, 0.5);
/// Publishing 64x1, events a second.
pub(super) const PUBLISHING_SINGLY: Goal = figure(25_000.0, 45_000.0);
/// Processor time of the server for an event, in microseconds.
pub(super) const PROCESSOR: Goal = figure(10.0, 5.0);
/// What reaches the device beside what readers get.
pub(super) const DEVICE: Goal = ratio(1.3, 1.15);
/// What cold data takes on the disk beside what readers get.
pub(super) const COLD: Goal = ratio(0.4, 0.25);
/// Pages of the enterprise stream beside bare hyper.
pub(super) const PAGES: Goal = ratio(0.7, 0.9);
/// Pages of user feeds beside those of the enterprise stream.
pub(super) const USER_PAGES: Goal = ratio(0.4, 0.6);
/// Bounded history with a type that is one event of a hundred, beside no filter.
pub(super) const RARE_TYPE: Goal = ratio(0.3, 0.6);
/// The same with one event of ten thousand.
pub(super) const RAREST_TYPE: Goal = ratio(0.1, 0.3);
/// From publish to page for one reader, with nothing else going on: the 99th of a hundred, in milliseconds.
pub(super) const WAKING: Goal = figure(100.0, 10.0);
/// The same while half of what can be published is published.
pub(super) const WAKING_LOADED: Goal = figure(300.0, 50.0);
/// Memory of a waiting reader, in KiB.
pub(super) const WAITING: Goal = figure(16.0, 9.0);
/// Waking all waiting readers beside as many plain requests.
pub(super) const WAKING_ALL: Goal = ratio(3.0, 1.5);
/// Publishing with a derived audience beside the same audience named.
pub(super) const DERIVED: Goal = ratio(0.7, 0.9);
/// Publishing what 100,000 hear beside what 5 hear.
pub(super) const HEARD_BY_ALL: Goal = ratio(3.0, 1.2);
/// Opening after a kill, in seconds.
pub(super) const OPENING: Goal = figure(2.0, 1.0);
/// Any row at the largest size beside the smallest.
pub(super) const GROWTH: Goal = ratio(0.8, 0.95);

/// Publishing beside another product, by its name.
pub(super) fn beside(peer: &str) -> Option<Goal> {
    let known = [
        ("PostgreSQL", ratio(5.0, 10.0)),
        ("COPY into the same tables", ratio(0.4, 0.6)),
        ("Redis", ratio(7.0, 14.0)),
        ("JetStream as shipped", ratio(1.3, 2.5)),
        ("JetStream", ratio(25.0, 45.0)),
    ];
    known.into_iter().find_map(|(name, goal)| peer.starts_with(name).then_some(goal))
}

impl Goal {
    /// Where a number stands.
    pub(super) fn standing(self, number: f64) -> Standing {
        let reaches = |mark: f64| if self.less_is_better() { number <= mark } else { mark <= number };
        match (reaches(self.aim), reaches(self.floor)) {
            (true, _) => Standing::Aim,
            (false, true) => Standing::Floor,
            (false, false) => Standing::Below,
        }
    }

    /// Whether smaller numbers are better.
    pub(super) fn less_is_better(self) -> bool {
        self.aim < self.floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_or_less_is_better() {
        let of = |goal: Goal, numbers: [f64; 3]| numbers.map(|number| goal.standing(number));
        let all = [Standing::Aim, Standing::Floor, Standing::Below];
        assert_eq!(of(LEDGER, [0.85, 0.84, 0.54]), all);
        assert_eq!(of(WAKING_ALL, [1.5, 1.51, 3.01]), all);
    }

    #[test]
    fn goals_of_peers_go_by_name() {
        assert_eq!(beside("PostgreSQL 15"), Some(ratio(5.0, 10.0)));
        assert_eq!(beside("JetStream as shipped (not durable)"), Some(ratio(1.3, 2.5)));
        assert_eq!(beside("JetStream synced"), Some(ratio(25.0, 45.0)));
        assert_eq!(beside("a pigeon"), None);
    }
}
