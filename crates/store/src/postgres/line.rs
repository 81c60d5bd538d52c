//! One enterprise's line as its head row and the ends of a few seconds tell: enough to give every place.

use super::connect::read;
use super::fault::Fault;
use super::months::{bits, place, second};
use super::patience::Pool;
use feed::history_order::Frontier;
use feed::id::EnterpriseId;
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use rustc_hash::FxHashMap;
use tokio_postgres::Row;

/// Locks the head of an enterprise until the transaction ends.
pub(super) const HEAD_SQL: &str =
    "SELECT last, last_history, frontier, tree FROM heads WHERE enterprise = $1 FOR UPDATE";

/// The clock, and the last places within those seconds of history order that deeds of these times may fall into: each
/// raised to the frontier and lowered to the recording, as `feed::history_order` will do. The clock is `$2`, or the
/// database's own. The last recorded second itself is always among them.
pub(super) const HISTORY_SQL: &str = "WITH head AS MATERIALIZED ( \
       SELECT clock.now, greatest(clock.now, h.last >> 19) AS recorded, h.frontier \
       FROM heads h, (SELECT coalesce($2::bigint, floor(extract(epoch FROM clock_timestamp()))::bigint) AS now) clock \
       WHERE h.enterprise = $1) \
     SELECT s.now, s.second, (SELECT max(e.history) FROM enterprise_entries e WHERE e.enterprise = $1 \
         AND e.history >= s.second << 19 AND e.history < (s.second + 1) << 19 AND e.place >= (s.second - 86400) << 19) \
     FROM (SELECT DISTINCT head.now, \
             least(greatest(created.at, head.frontier, head.recorded - $3::bigint), head.recorded) AS second \
           FROM head, unnest($4::bigint[] || 4294967295::bigint) created (at)) s";

/// The last place within some seconds of history order.
const HISTORY_OF_SQL: &str = "SELECT s.second, (SELECT max(e.history) FROM enterprise_entries e WHERE e.enterprise = $1 \
     AND e.history >= s.second << 19 AND e.history < (s.second + 1) << 19 AND e.place >= (s.second - 86400) << 19) \
     FROM unnest($2::bigint[]) s (second)";

/// The last rank within each of these seconds of true `created_at`. No deed is recorded long before it was done;
/// imported history counts, too.
pub(super) const RANKS_SQL: &str = "SELECT s.second, greatest( \
       (SELECT max(e.rank) FROM enterprise_entries e WHERE e.enterprise = $1 AND e.rank >= s.second << 19 \
          AND e.rank < (s.second + 1) << 19 AND e.place >= (s.second - 86400) << 19), \
       (SELECT max(i.rank) FROM imported_entries i WHERE i.enterprise = $1 AND i.rank >= s.second << 19 \
          AND i.rank < (s.second + 1) << 19)) \
     FROM unnest($2::bigint[]) s (second)";

/// The line, as far as appending needs it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) last: Place,
    pub(super) last_history: Place,
    pub(super) frontier: Frontier,
    /// The last ordinal given within seconds of history order; those asked about are there, 0 if nothing is in them.
    history: FxHashMap<Second, u32>,
    /// The last rank given within seconds of true `created_at`.
    ranks: FxHashMap<Second, u32>,
}

/// The last ordinals by second, from rows of (second, place or null).
fn ordinals<'r>(rows: impl Iterator<Item = (i64, Option<i64>)> + 'r) -> FxHashMap<Second, u32> {
    rows.map(|(at, last)| (second(at), last.map_or(0, |last| place(last).ordinal))).collect()
}

impl Line {
    /// The line as the rows tell, and the version of the tree.
    pub(super) fn of(head: &Row, history: &[Row], ranks: &[Row]) -> (Self, i64) {
        let line = Line {
            last: place(head.get(0)),
            last_history: place(head.get(1)),
            frontier: Frontier::on_opening(second(head.get(2))),
            history: ordinals(history.iter().map(|row| (row.get(1), row.get(2)))),
            ranks: ordinals(ranks.iter().map(|row| (row.get(0), row.get(1)))),
        };
        (line, head.get(3))
    }

    /// Asks about the seconds after those that have too little room left for `events` more.
    pub(super) async fn look_past_full_seconds(
        &mut self,
        pool: &Pool,
        enterprise: &EnterpriseId,
        events: usize,
    ) -> Result<(), Fault> {
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        loop {
            let full = self.history.iter().filter(|(_, last)| ORDINAL_MAX.saturating_sub(**last) < events);
            let next: Vec<i64> = full
                .map(|(at, _)| at.ahead(1))
                .filter(|next| !self.history.contains_key(next))
                .map(|next| i64::from(next.0))
                .collect();
            if next.is_empty() {
                return Ok(());
            }
            // What is committed is enough: this transaction has added nothing yet, and nobody else can.
            let rows = read(pool, HISTORY_OF_SQL, &[&enterprise.as_str(), &next]).await?;
            self.history.extend(ordinals(rows.iter().map(|row| (row.get(0), row.get(1)))));
        }
    }

    /// The next place in arrival order: the larger of (last + 1) and the first of `now`.
    pub(super) fn next_place(&mut self, now: Second) -> Place {
        self.last = self.last.next().max(Place { second: now, ordinal: 1 });
        self.last
    }

    /// The next place within a second of history order, or the next second that has room.
    pub(super) fn next_history(&mut self, second: Second) -> Place {
        let mut at = second;
        while self.history.get(&at) == Some(&ORDINAL_MAX) {
            at = at.ahead(1);
        }
        let next = Place { second: at, ordinal: self.history.get(&at).copied().unwrap_or(0) }.next();
        // Readers may stand where an entry was swept since. In the last second given, and wherever the clock went back
        // behind the frontier, a place counts on from the last one given and not from what is still kept.
        let readers_were_here = second == self.last_history.second || second < self.frontier.shown_below();
        // A second nobody asked about comes after all that are stored, unless full seconds ran over into it.
        let unknown = !self.history.contains_key(&at);
        let next = if readers_were_here || unknown { next.max(self.last_history.next()) } else { next };
        self.history.insert(next.second, next.ordinal);
        self.last_history = self.last_history.max(next);
        next
    }

    /// How many ranks are left within a second of true `created_at`.
    pub(super) fn ranks_left(&self, second: Second) -> u32 {
        ORDINAL_MAX - self.ranks.get(&second).copied().unwrap_or(0)
    }

    /// The next rank within a second of true `created_at`, which must have one left.
    pub(super) fn next_rank(&mut self, second: Second) -> Place {
        let last = self.ranks.entry(second).or_default();
        *last += 1;
        Place { second, ordinal: *last }
    }

    /// What the head row is to say, beside the version of the tree.
    pub(super) fn head(&self) -> [i64; 3] {
        [bits(self.last), bits(self.last_history), i64::from(self.frontier.shown_below().0)]
    }
}
