//! Relaying: events heard by readers at home in another enterprise, brought into their home's line.
//!
//! One transaction touches one enterprise. Appending leaves the hearings in the outbox of the publishing enterprise;
//! relaying takes them over under the lock of the home's head, which knows up to which place of each source it has done
//! so. Places of one source become visible in order, so whoever relays sees all up to the last it sees, and doing it
//! twice, or two at once, does nothing twice.

use super::Inner;
use super::commit::{Committed, Rows};
use super::connect::{Turn, change, read};
use super::fault::Fault;
use super::line::{HEAD_SQL, Line};
use super::months::{Month, second};
use crate::ledger::Moved;
use feed::event::UserStreams;
use feed::id::{EnterpriseId, UserId};
use std::sync::Weak;
use std::time::Duration;

/// Hearings taken over in one transaction; those of one event stay together.
const HEARINGS_MAX: i64 = 20_000;
/// How often a process looks for what another left in the outbox.
const LEFT_BEHIND: Duration = Duration::from_secs(5);

const OUTBOX_SQL: &str = "SELECT o.place, o.user_id, o.streams, e.event_type, e.event_id, e.bytes, o.heard_at, e.created_at FROM outbox o \
     JOIN user_entries e ON e.enterprise = o.enterprise AND e.place = o.place \
     WHERE o.enterprise = $1 AND o.home = $2 ORDER BY o.place, o.number LIMIT $3";
const CLEAR_SQL: &str = "DELETE FROM outbox WHERE enterprise = $1 AND home = $2 AND place <= $3";
const MARK_SQL: &str = "INSERT INTO relayed (enterprise, source, place) VALUES ($1, $2, $3) \
     ON CONFLICT (enterprise, source) DO UPDATE SET place = excluded.place";

/// Brings all that `source` has for readers at home in `home` there.
pub(super) async fn relay(inner: &Inner, source: &EnterpriseId, home: &EnterpriseId) -> Result<(), Fault> {
    loop {
        let values = (source.as_str(), home.as_str());
        let mut rows = read(&inner.pool, OUTBOX_SQL, &[&values.0, &values.1, &HEARINGS_MAX]).await?;
        let Some(last) = rows.last().map(|row| row.get::<_, i64>(0)) else { return Ok(()) };
        let is_all = (rows.len() as i64) < HEARINGS_MAX;
        let first: i64 = rows.first().map_or(last, |row| row.get(0));
        if !is_all && first < last {
            // Of the last event some hearings may be missing.
            rows.retain(|row| row.get::<_, i64>(0) < last);
        }
        let upto: i64 = rows.last().map_or(last, |row| row.get(0));
        let moved = take_over(inner, source, home, &rows, upto).await?;
        change(&inner.pool, CLEAR_SQL, &[&values.0, &values.1, &upto]).await?;
        inner.bell.tell_everybody(&moved);
        if is_all {
            return Ok(());
        }
    }
}

/// Gives the hearings places in the home's line, unless somebody did so before.
async fn take_over(
    inner: &Inner,
    source: &EnterpriseId,
    home: &EnterpriseId,
    rows: &[tokio_postgres::Row],
    upto: i64,
) -> Result<Moved, Fault> {
    inner.lanes.begin(inner, home).await?;
    let mut turn = Turn::begin(&inner.pool).await?;
    let client = turn.client()?;
    let asked = async {
        client.batch_execute("BEGIN").await?;
        let head = client.query_one(&client.prepare_cached(HEAD_SQL).await?, &[&home.as_str()]).await?;
        let sql = "SELECT place FROM relayed WHERE enterprise = $1 AND source = $2";
        Ok((head, client.query_opt(sql, &[&home.as_str(), &source.as_str()]).await?))
    };
    let (head, mark) = inner.pool.within(asked).await?;
    let mark: i64 = mark.map_or(-1, |row| row.get(0));
    let (mut line, tree) = Line::of(&head, &[], &[]);
    let mut taken = Rows::relayed();
    let mut moved = Moved::default();
    for row in rows {
        let at: i64 = row.get(0);
        let Ok(user) = UserId::new(row.get(1)) else { continue };
        if at <= mark {
            continue;
        }
        let streams = UserStreams::from_bits(u8::try_from(row.get::<_, i16>(2)).unwrap_or(0));
        let place = line.next_place(second(row.get(6)));
        let feed = (super::known::user_feed(&user), streams);
        taken.add_user_parts(place, (row.get(7), row.get(3), row.get(4), row.get(5)), std::iter::once(feed));
        moved.users.push(user);
    }
    if moved.users.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        turn.done();
        return Ok(moved);
    }
    let months: Vec<Month> = taken.seconds().map(Month::of).collect();
    inner.pool.within(inner.months.make(&inner.pool, &months)).await?;
    let marked = async { Ok(client.execute(MARK_SQL, &[&home.as_str(), &source.as_str(), &upto]).await?) };
    inner.pool.within(marked).await?;
    match taken.commit(&inner.pool, &turn, home, &line, tree).await {
        Committed::Yes => {
            turn.done();
            Ok(moved)
        }
        Committed::Not(fault) | Committed::Perhaps(fault) => Err(fault),
    }
}

/// Relays now and then what a process left in the outbox that ended, or was cut off, between the two commits.
pub(super) async fn keep_relaying(inner: Weak<Inner>) {
    let mut ticks = tokio::time::interval(LEFT_BEHIND);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(fault) = relay_left_behind(&inner).await {
            tracing::warn!(%fault, "events for readers at home elsewhere could not be relayed; it will be tried again");
        }
    }
}

pub(super) async fn relay_left_behind(inner: &Inner) -> Result<(), Fault> {
    for row in read(&inner.pool, "SELECT DISTINCT enterprise, home FROM outbox LIMIT 1000", &[]).await? {
        if let (Ok(source), Ok(home)) = (EnterpriseId::new(row.get(0)), EnterpriseId::new(row.get(1))) {
            relay(inner, &source, &home).await?;
        }
    }
    Ok(())
}
