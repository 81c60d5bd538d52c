//! What the sweep would do.

use super::fault::Fault;
use super::months::{bits, place};
use crate::retention_store::{Expired, Forecast};
use deadpool_postgres::Object;
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
       (SELECT place FROM TABLE WHERE enterprise = $1 ORDER BY place LIMIT 1), \
       (SELECT place FROM TABLE WHERE enterprise = $1 AND place >= $2 ORDER BY place LIMIT 1) \
     FROM past";

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
    let kinds = [
        ("user_entries", user, &mut forecast.user),
        ("enterprise_entries", retention.oldest_kept(now), &mut forecast.events),
    ];
    let mut more = false;
    for (table, oldest, expired) in kinds {
        let cut = bits(Place::at(oldest));
        let sql = SQL.replace("TABLE", table);
        let row = client.query_one(&sql, &[&enterprise.as_str(), &cut, &COUNTED_MAX, from, before]).await?;
        let number = |column: usize| u64::try_from(row.get::<_, i64>(column)).unwrap_or(0);
        let at = |column: usize| row.get::<_, Option<i64>>(column).map(|bits| place(bits).second);
        *expired = Expired {
            renderings: number(0),
            bytes: number(1),
            held: number(2),
            oldest: at(5),
            oldest_left: at(3).into_iter().chain(at(6)).min(),
        };
        more |= row.get::<_, i64>(4) == COUNTED_MAX;
    }
    Ok(Forecast { more, ..forecast })
}
