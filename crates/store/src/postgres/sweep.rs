//! The sweep: months that are past every enterprise's period are dropped whole; of the others, what is expired of single
//! enterprises is deleted in bounded portions. One process sweeps at a time.

use super::connect::Turn;
use super::fault::Fault;
use super::months::{LOCK as MONTHS_LOCK, Month, bits};
use super::small_state::in_effect;
use super::{Inner, database_clock, migrate, snapshot};
use crate::ledger::Swept;
use deadpool_postgres::Object;
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::stream_type::{StreamType, UserStream};
use feed::time::Second;
use rustc_hash::FxHashMap;
use tokio_postgres::types::ToSql;

/// The advisory lock of whoever sweeps, or changes what holds keep.
pub(super) const LOCK: i64 = 0x0074_6964_696e_6704;
/// Most renderings deleted in one portion.
const PORTION: i64 = 5_000;
/// A month larger than this (pages of the database, 8 KB) is not counted but estimated when it is dropped.
const COUNTED_PAGES: i32 = 25_000;

const EXPIRED_SQL: &str = "SELECT c.enterprise FROM unnest($1::text[], $2::bigint[]) c (enterprise, cut) \
     WHERE EXISTS (SELECT FROM TABLE e WHERE e.enterprise = c.enterprise AND e.COLUMN < c.cut)";
const DELETE_ENTERPRISE_SQL: &str = "DELETE FROM enterprise_entries WHERE enterprise = $1 AND place < $2 \
     AND place = ANY (ARRAY(SELECT place FROM enterprise_entries e WHERE enterprise = $1 AND place < $2 AND NOT EXISTS ( \
       SELECT FROM unnest($4::bigint[], $5::bigint[]) h (f, b) WHERE h.f <= e.created_at AND e.created_at < h.b) \
     ORDER BY place LIMIT $3))";
const DELETE_IMPORTED_SQL: &str = "DELETE FROM imported_entries WHERE enterprise = $1 AND rank < $2 \
     AND rank = ANY (ARRAY(SELECT rank FROM imported_entries e WHERE enterprise = $1 AND rank < $2 AND NOT EXISTS ( \
       SELECT FROM unnest($4::bigint[], $5::bigint[]) h (f, b) WHERE h.f <= e.rank >> 19 AND e.rank >> 19 < h.b) \
     ORDER BY rank LIMIT $3))";
const DELETE_USER_SQL: &str = "WITH gone AS ( \
       DELETE FROM user_entries WHERE enterprise = $1 AND place < $2 \
       AND place = ANY (ARRAY(SELECT place FROM user_entries e WHERE enterprise = $1 AND place < $2 AND NOT EXISTS ( \
         SELECT FROM unnest($4::bigint[], $5::bigint[]) h (f, b) WHERE h.f <= e.created_at AND e.created_at < h.b) \
       ORDER BY place LIMIT $3)) \
       RETURNING place, feeds), \
     posted AS ( \
       DELETE FROM postings p USING (SELECT place, unnest(string_to_array(feeds, ' ')) AS feed FROM gone) g \
       WHERE p.enterprise = $1 AND p.feed = g.feed AND p.place = g.place) \
     SELECT count(*) FROM gone";
const PARTITIONS_SQL: &str = "SELECT c.relname::text, c.relpages, greatest(c.reltuples, 0)::bigint \
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::text::regclass ORDER BY c.relname";

/// From which place on an enterprise keeps what user feeds have, and what its own feed has.
struct Cut {
    enterprise: EnterpriseId,
    user: i64,
    events: i64,
}

/// What holds keep, by enterprise: deeds done from the first second up to below the second.
pub(super) type Held = FxHashMap<EnterpriseId, (Vec<i64>, Vec<i64>)>;

pub(super) async fn sweep(inner: &Inner, now: Second) -> Result<Swept, Fault> {
    let clock = database_clock(&inner.pool).await?;
    migrate::make_ahead(&inner.pool, &inner.months, clock).await?;
    snapshot::take_if_due(&inner.pool).await?;
    let cuts = cuts(inner, now).await?;
    let mut turn = Turn::begin(&inner.pool).await?;
    let client = turn.client()?;
    client.batch_execute("BEGIN; SET LOCAL lock_timeout = '2s'").await?;
    let alone: bool = client.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await?.get(0);
    let mut swept = Swept::default();
    if alone {
        // Read under the lock: whoever places a hold takes it, too, and so waits for a sweep that did not know of it.
        let held = in_effect(client, now).await?;
        swept = drop_month(inner, client, &cuts, &held, Month::of(clock)).await?;
        if !swept.more {
            swept = delete(client, &cuts, &held).await?;
        }
    }
    client.batch_execute("COMMIT").await?;
    turn.done();
    Ok(swept)
}

async fn cuts(inner: &Inner, now: Second) -> Result<Vec<Cut>, Fault> {
    let rows = super::connect::read(&inner.pool, "SELECT enterprise FROM heads", &[]).await?;
    let copy = inner.directory.caught_up(&inner.pool).await?;
    let cut = |row: &tokio_postgres::Row| {
        let enterprise = EnterpriseId::new(row.get(0)).ok()?;
        let retention = copy.directory.enterprise(&enterprise).map(|it| it.retention).unwrap_or_default();
        let user = bits(Place::at(retention.oldest_shown(StreamType::User(UserStream::All), now)));
        Some(Cut { enterprise, user, events: bits(Place::at(retention.oldest_kept(now))) })
    };
    Ok(rows.iter().filter_map(cut).collect())
}

/// Drops the oldest month that every enterprise is past, of one kind of feed; `more` says whether there was one.
async fn drop_month(inner: &Inner, client: &Object, cuts: &[Cut], held: &Held, current: Month) -> Result<Swept, Fault> {
    for kind in [FeedKind::User, FeedKind::Enterprise] {
        let (table, cut) = match kind {
            FeedKind::User => ("user_entries", cuts.iter().map(|cut| cut.user).min()),
            FeedKind::Enterprise => ("enterprise_entries", cuts.iter().map(|cut| cut.events).min()),
        };
        for row in client.query(PARTITIONS_SQL, &[&table]).await? {
            let (name, pages, estimate): (String, i32, i64) = (row.get(0), row.get(1), row.get(2));
            // Those made ahead stay, whatever the clock of the caller says.
            let is_over = |month: &Month| *month < current && cut.is_some_and(|cut| month.places().1 <= cut);
            let Some(month) = Month::of_partition(&name).filter(is_over) else { continue };
            if is_held(client, &name, held).await? {
                continue;
            }
            let count = match COUNTED_PAGES < pages {
                true => estimate,
                false => client.query_one(&format!("SELECT count(*) FROM {name}"), &[]).await?.get(0),
            };
            client.execute("SELECT pg_advisory_xact_lock($1)", &[&MONTHS_LOCK]).await?;
            let mut sql = format!("DROP TABLE {name}");
            if kind == FeedKind::User {
                sql += &format!("; DROP TABLE IF EXISTS postings_{}", month.suffix());
            }
            client.batch_execute(&sql).await?;
            inner.months.forget(month);
            return Ok(Swept { renderings: u64::try_from(count).unwrap_or(0), more: true });
        }
    }
    Ok(Swept::default())
}

/// Whether a partition has anything that holds keep.
async fn is_held(client: &Object, partition: &str, held: &Held) -> Result<bool, Fault> {
    let sql = format!(
        "SELECT EXISTS (SELECT FROM {partition} e, unnest($2::bigint[], $3::bigint[]) h (f, b) \
         WHERE e.enterprise = $1 AND h.f <= e.created_at AND e.created_at < h.b)"
    );
    for (enterprise, (from, before)) in held {
        if client.query_one(&sql, &[&enterprise.as_str(), from, before]).await?.get(0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes a portion of what is expired of single enterprises.
async fn delete(client: &Object, cuts: &[Cut], held: &Held) -> Result<Swept, Fault> {
    let mut left = PORTION;
    let mut swept = Swept::default();
    // Imported history ages by its original time, which its rank begins with.
    let kinds = [
        (FeedKind::User, "user_entries", "place", DELETE_USER_SQL),
        (FeedKind::Enterprise, "enterprise_entries", "place", DELETE_ENTERPRISE_SQL),
        (FeedKind::Enterprise, "imported_entries", "rank", DELETE_IMPORTED_SQL),
    ];
    for (kind, table, column, sql) in kinds {
        let enterprises: Vec<&str> = cuts.iter().map(|cut| cut.enterprise.as_str()).collect();
        let of = |cut: &Cut| if kind == FeedKind::User { cut.user } else { cut.events };
        let places: Vec<i64> = cuts.iter().map(of).collect();
        let expired = EXPIRED_SQL.replace("TABLE", table).replace("COLUMN", column);
        let expired = client.query(&expired, &[&enterprises, &places]).await?;
        for row in expired {
            let enterprise: &str = row.get(0);
            let Some(cut) = cuts.iter().find(|cut| cut.enterprise.as_str() == enterprise).map(of) else { continue };
            if left <= 0 {
                return Ok(Swept { more: true, ..swept });
            }
            let nothing = Default::default();
            let (from, before) = EnterpriseId::new(enterprise).ok().and_then(|id| held.get(&id)).unwrap_or(&nothing);
            let values: [&(dyn ToSql + Sync); 5] = [&enterprise, &cut, &left, from, before];
            let gone = match kind {
                FeedKind::User => client.query_one(sql, &values).await?.get(0),
                FeedKind::Enterprise => {
                    let gone = client.execute(sql, &values).await?;
                    i64::try_from(gone).unwrap_or(i64::MAX)
                }
            };
            swept.renderings += u64::try_from(gone).unwrap_or(0);
            left -= gone;
        }
    }
    Ok(Swept { more: left <= 0, ..swept })
}
