//! Reading: a slice of a line, and its ends.
//!
//! Each is one statement, and so sees one moment of the database: an entry that comes while it is read is neither shown
//! nor passed over. Filters look at the indexes only; bytes are fetched for what is shown.

use super::Inner;
use super::connect::read;
use super::fault::Fault;
use super::known;
use super::months::{bits, place};
use crate::ledger::{Line, Scan};
use bytes::Bytes;
use feed::event::EventType;
use feed::limits::SCAN_ENTRIES_MAX;
use feed::page::{Ends, Slice};
use feed::position::Place;
use tokio_postgres::Row;

/// A page of an enterprise line: the entries shown, and in a row without bytes the last one looked at, if the page is not
/// full. `COLUMN` is the column that the line is in the order of. Bytes are asked for in the order of places, though there
/// is one: of a month that was empty when the plan was made any index seems as good, and only this one gives the order.
const ENTERPRISE_SQL: &str = "WITH matched AS MATERIALIZED ( \
       SELECT l.at, l.place FROM ( \
         SELECT COLUMN AS at, place, event_type, created_at FROM enterprise_entries \
         WHERE enterprise = $1 AND COLUMN > $2 AND COLUMN < $3 AND place >= greatest($4::bigint, $5::bigint) \
         ORDER BY COLUMN LIMIT $6::bigint) l \
       WHERE l.created_at >= $7 AND l.created_at < $8 AND ($9::text[] IS NULL OR l.event_type = ANY ($9)) \
       ORDER BY l.at LIMIT $10::bigint) \
     SELECT m.at, e.bytes FROM matched m CROSS JOIN LATERAL ( \
       SELECT e.bytes FROM enterprise_entries e WHERE e.enterprise = $1 AND e.place BETWEEN m.place AND m.place \
       ORDER BY e.place LIMIT 1) e \
     UNION ALL \
     SELECT CASE WHEN (SELECT count(*) FROM matched) < $10::bigint THEN coalesce( \
       (SELECT COLUMN FROM enterprise_entries WHERE $11::boolean AND enterprise = $1 AND COLUMN > $2 AND COLUMN < $3 \
          AND place >= greatest($4::bigint, $5::bigint) ORDER BY COLUMN OFFSET $6::bigint - 1 LIMIT 1), \
       (SELECT COLUMN FROM enterprise_entries WHERE enterprise = $1 AND COLUMN > $2 AND COLUMN < $3 \
          AND place >= $4 ORDER BY COLUMN DESC LIMIT 1)) END, NULL::bytea";

/// The same of the order of true `created_at`, where imported history stands among what was published. It ages by its
/// original time.
const WINDOW_SQL: &str = "WITH matched AS MATERIALIZED ( \
       SELECT l.at, l.place FROM ( \
         (SELECT rank AS at, place, event_type, created_at FROM enterprise_entries \
          WHERE enterprise = $1 AND rank > $2 AND rank < $3 AND place >= greatest($4::bigint, $5::bigint) \
          ORDER BY rank LIMIT $6::bigint) \
         UNION ALL \
         (SELECT rank, NULL::bigint, event_type, rank >> 19 FROM imported_entries \
          WHERE enterprise = $1 AND rank > $2 AND rank < $3 AND rank >= $5::bigint ORDER BY rank LIMIT $6::bigint) \
         ORDER BY at LIMIT $6::bigint) l \
       WHERE l.created_at >= $7 AND l.created_at < $8 AND ($9::text[] IS NULL OR l.event_type = ANY ($9)) \
       ORDER BY l.at LIMIT $10::bigint) \
     SELECT m.at, e.bytes FROM matched m CROSS JOIN LATERAL ( \
       SELECT e.bytes FROM enterprise_entries e WHERE e.enterprise = $1 AND e.place BETWEEN m.place AND m.place \
       ORDER BY e.place LIMIT 1) e \
     UNION ALL \
     SELECT m.at, i.bytes FROM matched m CROSS JOIN LATERAL ( \
       SELECT i.bytes FROM imported_entries i WHERE m.place IS NULL AND i.enterprise = $1 AND i.rank = m.at OFFSET 0) i \
     UNION ALL \
     SELECT CASE WHEN (SELECT count(*) FROM matched) < $10::bigint THEN coalesce( \
       (SELECT l.at FROM ( \
          (SELECT rank AS at FROM enterprise_entries WHERE $11::boolean AND enterprise = $1 AND rank > $2 AND rank < $3 \
             AND place >= greatest($4::bigint, $5::bigint) ORDER BY rank LIMIT $6::bigint) \
          UNION ALL \
          (SELECT rank FROM imported_entries WHERE $11::boolean AND enterprise = $1 AND rank > $2 AND rank < $3 \
             AND rank >= $5::bigint ORDER BY rank LIMIT $6::bigint) \
          ORDER BY at OFFSET $6::bigint - 1 LIMIT 1) l), \
       greatest( \
         (SELECT rank FROM enterprise_entries WHERE enterprise = $1 AND rank > $2 AND rank < $3 \
            AND place >= $4 ORDER BY rank DESC LIMIT 1), \
         (SELECT rank FROM imported_entries WHERE enterprise = $1 AND rank > $2 AND rank < $3 \
            ORDER BY rank DESC LIMIT 1))) END, NULL::bytea";

/// The same of a user's feed: the user's own postings merged with those of lists, each within its span.
const USER_SQL: &str = "WITH sources AS MATERIALIZED ( \
       SELECT feed, greatest(f, $2::bigint) AS f, least(t, $3::bigint - 1) AS t \
       FROM unnest($4::text[], $5::bigint[], $6::bigint[]) s (feed, f, t)), \
     matched AS MATERIALIZED ( \
       SELECT DISTINCT l.place FROM sources s CROSS JOIN LATERAL ( \
         SELECT p.place FROM ( \
           SELECT p.place, p.streams FROM postings p \
           WHERE p.enterprise = $1 AND p.feed = s.feed AND p.place > s.f AND p.place <= s.t AND p.place >= $7 \
           ORDER BY p.place LIMIT $8::bigint) p \
         WHERE p.streams & $9::smallint <> 0 ORDER BY p.place LIMIT $10::bigint) l \
       ORDER BY l.place LIMIT $10::bigint) \
     SELECT m.place, e.bytes FROM matched m CROSS JOIN LATERAL ( \
       SELECT e.bytes FROM user_entries e WHERE e.enterprise = $1 AND e.place = m.place OFFSET 0) e \
     UNION ALL \
     SELECT CASE WHEN (SELECT count(*) FROM matched) < $10::bigint THEN coalesce( \
       (SELECT min(l.place) FROM sources s CROSS JOIN LATERAL ( \
          SELECT p.place FROM postings p \
          WHERE p.enterprise = $1 AND p.feed = s.feed AND p.place > s.f AND p.place <= s.t AND p.place >= $7 \
          ORDER BY p.place OFFSET $8::bigint - 1 LIMIT 1) l), \
       (SELECT max(l.place) FROM sources s CROSS JOIN LATERAL ( \
          SELECT p.place FROM postings p \
          WHERE p.enterprise = $1 AND p.feed = s.feed AND p.place > s.f AND p.place <= s.t \
          ORDER BY p.place DESC LIMIT 1) l)) END, NULL::bytea";

/// The last entry of an enterprise line before a place, the last of all, and what the head row says.
const ENTERPRISE_ENDS_SQL: &str = "SELECT \
       (SELECT COLUMN FROM enterprise_entries WHERE enterprise = $1 AND COLUMN < $2 ORDER BY COLUMN DESC LIMIT 1), \
       h.last, h.last_history \
     FROM heads h WHERE h.enterprise = $1";
/// The same of the order of true `created_at`.
const WINDOW_ENDS_SQL: &str = "SELECT greatest( \
       (SELECT rank FROM enterprise_entries WHERE enterprise = $1 AND rank < $2 ORDER BY rank DESC LIMIT 1), \
       (SELECT rank FROM imported_entries WHERE enterprise = $1 AND rank < $2 ORDER BY rank DESC LIMIT 1)), \
       h.last, h.last_history, greatest( \
       (SELECT rank FROM enterprise_entries WHERE enterprise = $1 ORDER BY rank DESC LIMIT 1), \
       (SELECT rank FROM imported_entries WHERE enterprise = $1 ORDER BY rank DESC LIMIT 1)) \
     FROM heads h WHERE h.enterprise = $1";
/// The same of a user's feed.
const USER_ENDS_SQL: &str = "SELECT \
       (SELECT max(l.place) FROM unnest($3::text[], $4::bigint[], $5::bigint[]) s (feed, f, t) CROSS JOIN LATERAL ( \
          SELECT p.place FROM postings p \
          WHERE p.enterprise = $1 AND p.feed = s.feed AND p.place > s.f AND p.place <= s.t AND p.place < $2 \
          ORDER BY p.place DESC LIMIT 1) l), \
       h.last FROM heads h WHERE h.enterprise = $1";

/// How far before its history second or its `created_at` an event may have been recorded, in seconds; by the rules five
/// minutes, and a day is more than any clock is off. Older partitions need no look.
const RECORDED_BEFORE_S: u32 = 86_400;

/// The statement of a line, and from which place on its entries may lie.
fn statement(sql: &'static str, line: &Line, after: Place) -> (String, i64) {
    let within = |column: &str| sql.replace("COLUMN", column);
    match line {
        Line::User { .. } | Line::Streaming(_) => (within("place"), bits(after)),
        Line::History(_) => (within("history"), bits(Place::at(after.second.back(RECORDED_BEFORE_S)))),
        Line::Window(_) => (within("rank"), bits(Place::at(after.second.back(RECORDED_BEFORE_S)))),
    }
}

/// The postings that a user's feed is made of: feeds, and between which places.
#[derive(Debug, Default)]
struct Sources {
    feeds: Vec<String>,
    from: Vec<i64>,
    to: Vec<i64>,
}

async fn sources(inner: &Inner, line: &Line) -> Sources {
    let Line::User { user, lists, .. } = line else { return Sources::default() };
    let mut sources = Sources { feeds: vec![known::user_feed(user)], from: vec![-1], to: vec![bits(Place::END)] };
    if lists.is_empty() {
        return sources;
    }
    let copy = inner.directory.look().await;
    for span in lists.iter().filter(|span| span.from < span.to) {
        if let Some(feed) = known::list_feed(&copy, &span.list) {
            sources.feeds.push(feed);
            sources.from.push(bits(span.from));
            sources.to.push(bits(span.to));
        }
    }
    sources
}

pub(super) async fn scan(inner: &Inner, scan: &Scan) -> Result<Slice, Fault> {
    if scan.below <= scan.after || scan.limit == 0 {
        return Ok(Slice::default());
    }
    let home = scan.line.enterprise().as_str();
    let (after, below) = (bits(scan.after), bits(scan.below));
    let oldest = bits(Place::at(scan.oldest));
    let limit = i64::try_from(scan.limit).unwrap_or(i64::MAX);
    let most = i64::try_from(SCAN_ENTRIES_MAX).unwrap_or(i64::MAX);
    let rows = if let Line::User { streams, .. } = &scan.line {
        let Sources { feeds, from, to } = sources(inner, &scan.line).await;
        let mask = i16::from(streams.to_bits());
        read(&inner.pool, USER_SQL, &[&home, &after, &below, &feeds, &from, &to, &oldest, &most, &mask, &limit]).await?
    } else {
        let all = if matches!(scan.line, Line::Window(_)) { WINDOW_SQL } else { ENTERPRISE_SQL };
        let (sql, since) = statement(all, &scan.line, scan.after);
        let created_from = i64::from(scan.created_from.0);
        let created_before = scan.created_before.map_or(i64::MAX, |before| i64::from(before.0));
        let wanted = || scan.types.wanted().iter().map(EventType::as_str).collect::<Vec<_>>();
        let types: Option<Vec<&str>> = (!scan.types.takes_all()).then(wanted);
        // Without a filter a page that is not full has looked at everything.
        let filters = types.is_some() || created_from > 0 || scan.created_before.is_some();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 11] =
            [&home, &after, &below, &since, &oldest, &most, &created_from, &created_before, &types, &limit, &filters];
        read(&inner.pool, &sql, &values).await?
    };
    Ok(slice(&rows, scan.limit))
}

fn slice(rows: &[Row], limit: usize) -> Slice {
    let mut shown: Vec<(i64, &[u8])> = Vec::with_capacity(rows.len());
    let mut looked_at = None;
    for row in rows {
        match (row.get::<_, Option<i64>>(0), row.get::<_, Option<&[u8]>>(1)) {
            (Some(at), Some(bytes)) => shown.push((at, bytes)),
            (at, _) => looked_at = at,
        }
    }
    shown.sort_unstable_by_key(|(at, _)| *at);
    // Of one source so much may have been looked at that the others are cut off there, too.
    if let Some(end) = looked_at.filter(|_| shown.len() < limit) {
        shown.retain(|(at, _)| *at <= end);
    }
    let last = looked_at.max(shown.last().map(|(at, _)| *at));
    let runs: Vec<Bytes> = shown.iter().map(|(_, bytes)| Bytes::copy_from_slice(bytes)).collect();
    Slice { count: runs.len(), runs, last: last.map(place) }
}

pub(super) async fn ends(inner: &Inner, line: &Line, below: Place) -> Result<Ends, Fault> {
    let home = line.enterprise().as_str();
    let below = bits(below);
    let at = |bits: Option<i64>| bits.map(place).unwrap_or_default();
    if let Line::User { .. } = line {
        let Sources { feeds, from, to } = sources(inner, line).await;
        let rows = read(&inner.pool, USER_ENDS_SQL, &[&home, &below, &feeds, &from, &to]).await?;
        let Some(row) = rows.first() else { return Ok(Ends::default()) };
        return Ok(Ends { shown: at(row.get(0)), stored: at(row.get(1)) });
    }
    let all = if matches!(line, Line::Window(_)) { WINDOW_ENDS_SQL } else { ENTERPRISE_ENDS_SQL };
    let (sql, _) = statement(all, line, Place::START);
    let rows = read(&inner.pool, &sql, &[&home, &below]).await?;
    let Some(row) = rows.first() else { return Ok(Ends::default()) };
    let stored = match line {
        Line::User { .. } | Line::Streaming(_) => row.get(1),
        Line::History(_) => row.get(2),
        Line::Window(_) => row.get(3),
    };
    Ok(Ends { shown: at(row.get(0)), stored: at(stored) })
}
