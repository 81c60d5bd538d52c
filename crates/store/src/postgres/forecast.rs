//! What the sweep would do.

use super::fault::Fault;
use super::months::{bits, place};
use crate::retention_store::{Expired, Forecast};
use deadpool_postgres::Object;
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::retention::Retention;
use feed::stream_type::{StreamType, UserStream};
use feed::time::Second;

/// Most renderings of one kind that are counted.
const COUNTED_MAX: i64 = 250_000;

/// Of the oldest renderings before a place: how many no hold keeps, their bytes, how many are held, the first held one,
/// and how many were looked at; then the first of all, and the first from the place on.
const SQL: &str = "WITH past AS MATERIALIZED ( \
       SELECT e.place, octet_length(e.bytes)::bigint AS length, EXISTS ( \
         SELECT FROM unnest($4::bigint[], $5::bigint[]) h (f, b) WHERE h.f <= e.created_at AND e.created_at < h.b) AS held \
       FROM TABLE e WHERE e.enterprise = $1 AND e.place < $2 ORDER BY e.place LIMIT $3::bigint) \
     SELECT count(*) FILTER (WHERE NOT held), (coalesce(sum(length) FILTER (WHERE NOT held), 0))::bigint, \
       count(*) FILTER (WHERE held), min(place) FILTER (WHERE held), count(*), \
       (SELECT e.place FROM TABLE e WHERE e.enterprise = $1 ORDER BY e.place LIMIT 1), \
       (SELECT e.place FROM TABLE e WHERE e.enterprise = $1 AND e.place >= $2 ORDER BY e.place LIMIT 1) \
     FROM past";

/// Imported history in the form of the others: it ages by its original time.
const IMPORTED: &str = "(SELECT enterprise, rank AS place, rank >> 19 AS created_at, bytes FROM imported_entries)";

/// What sweeping at `now` would remove of an enterprise with these periods and these scopes held.
pub(super) async fn forecast(
    client: &Object,
    enterprise: &EnterpriseId,
    retention: Retention,
    now: Second,
    (from, before): &(Vec<i64>, Vec<i64>),
) -> Result<Forecast, Fault> {
    let mut forecast = Forecast::default();
    let user = retention.oldest_shown(StreamType::User(UserStream::All), now);
    let events = retention.oldest_kept(now);
    let mut more = false;
    for (kind, table, oldest) in [
        (FeedKind::User, "user_entries", user),
        (FeedKind::Enterprise, "enterprise_entries", events),
        (FeedKind::Enterprise, IMPORTED, events),
    ] {
        let cut = bits(Place::at(oldest));
        let sql = SQL.replace("TABLE", table);
        let row = client.query_one(&sql, &[&enterprise.as_str(), &cut, &COUNTED_MAX, from, before]).await?;
        let number = |column: usize| u64::try_from(row.get::<_, i64>(column)).unwrap_or(0);
        let at = |column: usize| row.get::<_, Option<i64>>(column).map(|bits| place(bits).second);
        let into = match kind {
            FeedKind::User => &mut forecast.user,
            FeedKind::Enterprise => &mut forecast.events,
        };
        *into = Expired {
            renderings: into.renderings + number(0),
            bytes: into.bytes + number(1),
            held: into.held + number(2),
            oldest: into.oldest.into_iter().chain(at(5)).min(),
            oldest_left: into.oldest_left.into_iter().chain(at(3)).chain(at(6)).min(),
        };
        more |= row.get::<_, i64>(4) == COUNTED_MAX;
    }
    Ok(Forecast { more, ..forecast })
}
