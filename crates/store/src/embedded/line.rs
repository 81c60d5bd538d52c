//! Lines of positions: what the writer knows of each, what readers may be shown of each, and the frontier between.

use super::manifest::LineEnds;
use feed::history_order::Frontier;
use feed::id::EnterpriseId;
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// So many remembered seconds of a line are kept before they are forgotten and looked up again.
const SECONDS_REMEMBERED_MAX: usize = 20_000;

/// What the writer knows of a line, frames included that are not durable yet.
#[derive(Debug, Clone, Default)]
pub(super) struct WriterLine {
    /// The last place given in arrival order.
    pub(super) last: Place,
    /// The largest place given in history order.
    pub(super) last_history: Place,
    /// The last ordinal given in a second of history order, for seconds looked at lately.
    pub(super) history: FxHashMap<Second, u32>,
    /// The same for window order.
    pub(super) window: FxHashMap<Second, u32>,
}

impl WriterLine {
    pub(super) fn of(ends: LineEnds) -> Self {
        let (last, last_history) = (Place::from_bits(ends.last), Place::from_bits(ends.history));
        WriterLine { last, last_history, ..WriterLine::default() }
    }

    /// Gives the next place in arrival order: the larger of (last + 1) and the first of `now`.
    pub(super) fn next_place(&mut self, now: Second) -> Place {
        self.last = self.last.next().max(Place { second: now, ordinal: 1 });
        self.last
    }

    /// Gives the next place in a second of history order, or in the next second that has room. `last` answers the
    /// last ordinal that is stored in a second, or `None` if that cannot be read: then the place counts on from the
    /// last one given, which is later than need be and always right.
    pub(super) fn next_history(
        &mut self,
        second: Second,
        frontier: Frontier,
        mut last: impl FnMut(Second) -> Option<u32>,
    ) -> Place {
        let (mut at, mut unreadable) = (second, false);
        let ordinal = loop {
            let remembered = self.history.get(&at).copied();
            let ordinal = remembered.or_else(|| last(at));
            unreadable |= ordinal.is_none();
            match ordinal {
                // A second that ran full goes on in the next.
                Some(ORDINAL_MAX) => at = at.ahead(1),
                ordinal => break ordinal.unwrap_or(0),
            }
        };
        let next = Place { second: at, ordinal }.next();
        // Readers may stand where an entry was swept since. In the last second given, and wherever the clock went back
        // behind the frontier, a place counts on from the last one given and not from what is still kept.
        let readers_were_here = second == self.last_history.second || second < frontier.shown_below();
        let count_on = readers_were_here || unreadable;
        let next = if count_on { next.max(self.last_history.next()) } else { next };
        self.history.insert(next.second, next.ordinal);
        self.last_history = self.last_history.max(next);
        next
    }

    /// Forgets what can be looked up, if it became much, or all because it may have been swept. Only when nothing waits
    /// to become durable.
    pub(super) fn forget(&mut self, all: bool) {
        for remembered in [&mut self.history, &mut self.window] {
            if all || remembered.len() > SECONDS_REMEMBERED_MAX {
                remembered.clear();
            }
        }
    }
}

/// The ends of all lines as readers see them.
#[derive(Debug, Default)]
pub(super) struct Lines(RwLock<FxHashMap<EnterpriseId, LineEnds>>);

impl Lines {
    pub(super) fn of(lines: FxHashMap<EnterpriseId, LineEnds>) -> Self {
        Lines(RwLock::new(lines))
    }

    pub(super) fn get(&self, line: &EnterpriseId) -> LineEnds {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(line).copied().unwrap_or_default()
    }

    /// All of them.
    pub(super) fn all(&self) -> FxHashMap<EnterpriseId, LineEnds> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Moves ends on; they never move back.
    pub(super) fn advance<'a>(&self, lines: impl Iterator<Item = (&'a EnterpriseId, LineEnds)>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (line, ends) in lines {
            let kept = held.entry(line.clone()).or_default();
            *kept = LineEnds { last: kept.last.max(ends.last), history: kept.history.max(ends.history) };
        }
    }
}

/// The frontiers of all lines, shared by the writer and readers.
///
/// Events are given their history second when they are encoded, but become visible only when their frame is durable.
/// In between no reader may be told a frontier beyond them, or they would appear behind readers:
///
/// ```text
///   frame begun          frame durable, visible
///  ──┼───────────────────────┼──────────────▶ time
///    frontier 95             │
///    event admitted at 95    │
///    time moves on to 101    │
///    readers are told 95 ────┤ readers are told 96
/// ```
#[derive(Debug, Default)]
pub(super) struct Frontiers(Mutex<FxHashMap<EnterpriseId, Cell>>);

#[derive(Debug, Default)]
struct Cell {
    frontier: Frontier,
    /// The last frontier readers were told.
    told: Second,
    /// Frames under way that hold events of the line, with the frontier before each.
    waiting: VecDeque<(u64, Second)>,
}

impl Frontiers {
    pub(super) fn on_opening<'a>(lines: impl Iterator<Item = (&'a EnterpriseId, &'a LineEnds)>) -> Self {
        let cells = lines.map(|(line, ends)| {
            let second = Place::from_bits(ends.history).second;
            let frontier = Frontier::on_opening(second);
            (line.clone(), Cell { frontier, told: second, waiting: VecDeque::new() })
        });
        Frontiers(Mutex::new(cells.collect()))
    }

    fn cells(&self) -> MutexGuard<'_, FxHashMap<EnterpriseId, Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits an event that goes into frame number `frame`; answers its history second and the frontier then.
    pub(super) fn admit(
        &self,
        line: &EnterpriseId,
        frame: u64,
        created_at: Second,
        recorded: Second,
        delay_s: u32,
    ) -> (Second, Frontier) {
        let mut cells = self.cells();
        let cell = cells.entry(line.clone()).or_default();
        if cell.waiting.back().is_none_or(|(last, _)| *last != frame) {
            cell.waiting.push_back((frame, cell.frontier.shown_below()));
        }
        (cell.frontier.admit(created_at, recorded, delay_s), cell.frontier)
    }

    /// What readers may be shown at `now`: seconds below the answer.
    pub(super) fn look(&self, line: &EnterpriseId, now: Second, delay_s: u32) -> Second {
        let mut cells = self.cells();
        let cell = cells.entry(line.clone()).or_default();
        if cell.waiting.is_empty() {
            cell.frontier.pass_time(now, delay_s);
            cell.told = cell.frontier.shown_below();
        }
        cell.told
    }

    /// Frame number `frame` has become visible.
    pub(super) fn settle<'a>(&self, frame: u64, lines: impl Iterator<Item = &'a EnterpriseId>) {
        let mut cells = self.cells();
        for line in lines {
            let Some(cell) = cells.get_mut(line) else { continue };
            while cell.waiting.front().is_some_and(|(waiting, _)| *waiting <= frame) {
                cell.waiting.pop_front();
            }
            let safe = cell.waiting.front().map_or(cell.frontier.shown_below(), |(_, before)| *before);
            cell.told = cell.told.max(safe);
        }
    }

    /// No frame that waits will ever be. Readers were told nothing meanwhile, so the frontiers go back to before them.
    pub(super) fn give_up(&self) {
        for cell in self.cells().values_mut() {
            if let Some((_, before)) = cell.waiting.front() {
                cell.frontier = Frontier::on_opening(*before);
            }
            cell.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_not_told_of_seconds_that_may_still_fill() {
        let (line, frontiers) = (EnterpriseId::new("1").unwrap(), Frontiers::default());
        assert_eq!(frontiers.look(&line, Second(100), 5), Second(95));
        let admitted = |frame, created, now| frontiers.admit(&line, frame, Second(created), Second(now), 5).0;
        assert_eq!(admitted(1, 50, 100), Second(95));
        assert_eq!(admitted(2, 99, 102), Second(99));
        assert_eq!(frontiers.look(&line, Second(200), 5), Second(95), "both frames are under way");
        frontiers.settle(1, [&line].into_iter());
        assert_eq!(frontiers.look(&line, Second(200), 5), Second(95), "the second began at 95");
        assert_eq!(admitted(3, 150, 150), Second(150));
        frontiers.settle(2, [&line].into_iter());
        assert_eq!(frontiers.look(&line, Second(200), 5), Second(97));
        frontiers.settle(3, [&line].into_iter());
        assert_eq!(frontiers.look(&line, Second(200), 5), Second(195));
    }

    #[test]
    fn a_full_second_of_history_runs_on() {
        let mut line = WriterLine::default();
        let last = |second: Second| Some(if second == Second(9) { ORDINAL_MAX } else { 0 });
        let place = line.next_history(Second(9), Frontier::default(), last);
        assert_eq!(place, Place { second: Second(10), ordinal: 1 });
    }
}
