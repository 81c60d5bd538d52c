//! History order: how `admin_logs` follows the time of deeds and still loses nothing (design, section 4).
//!
//! An event's *history second* is its `created_at`, raised to the frontier if it arrives later than that, and never
//! beyond the second it was recorded in. Readers are shown only seconds *below* the frontier:
//!
//! ```text
//!  shown, closed for ever │ still settling
//!  ───────────────────────┼───────────────────────▶ history seconds
//!                     frontier          recorded second
//!        created 3 s ago ─┤◀ raised to the frontier: late, but not lost
//!                         │   created just now ─┤ its own second
//! ```
//!
//! A position handed out is always that of an entry that was shown. Hence it is enough that on opening the frontier
//! is at least the largest history second stored; no clock, delay, restart or fail-over can then put an event where a
//! reader has already been.

use crate::time::Second;

/// The line between what history order shows and what may still come in below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frontier {
    shown_below: Second,
}

impl Frontier {
    /// The frontier of a line that was just opened: nothing may come in below what is stored.
    pub fn on_opening(largest_history_second: Second) -> Self {
        Frontier { shown_below: largest_history_second }
    }

    /// Entries of smaller seconds are shown.
    pub fn shown_below(self) -> Second {
        self.shown_below
    }

    /// Time alone moves the frontier, at `now` less the settling `delay_s`. It never moves back.
    pub fn pass_time(&mut self, now: Second, delay_s: u32) {
        self.shown_below = self.shown_below.max(now.back(delay_s));
    }

    /// Moves the frontier for an event recorded at `recorded`, and answers the event's history second.
    pub fn admit(&mut self, created_at: Second, recorded: Second, delay_s: u32) -> Second {
        self.pass_time(recorded, delay_s);
        created_at.max(self.shown_below).min(recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_events_stand_at_the_frontier_and_early_ones_at_their_recording() {
        let mut frontier = Frontier::default();
        assert_eq!(frontier.admit(Second(98), Second(100), 5), Second(98));
        assert_eq!(frontier.admit(Second(50), Second(100), 5), Second(95));
        assert_eq!(frontier.admit(Second(300), Second(100), 5), Second(100));
    }

    #[test]
    fn a_frontier_ahead_of_the_clock_stays() {
        let mut frontier = Frontier::on_opening(Second(200));
        frontier.pass_time(Second(100), 5);
        assert_eq!(frontier.shown_below(), Second(200));
        // The frontier may lie beyond what is stored when the clock went back. Nobody was shown an entry above the last
        // recorded second, so the event stands at its own recording, after all of them, and is shown at once.
        assert_eq!(frontier.admit(Second(90), Second(100), 5), Second(100));
    }
}
