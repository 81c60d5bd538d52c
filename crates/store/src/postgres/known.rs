//! What was published before, found by its id.

use super::directory::Copy;
use super::fault::Fault;
use super::months::{bits, place};
use crate::commit;
use crate::ledger::{Batch, Found, Outcome};
use bytes::Bytes;
use feed::event::{EventType, FeedKind, Rendering};
use feed::id::{EnterpriseId, EventId, ListId, UserId};
use feed::position::Place;
use feed::time::Second;
use rustc_hash::FxHashMap;
use tokio_postgres::Row;

/// Ids are looked for among all that was recorded in the last two months, whatever their `created_at` says; and with the
/// same `created_at` for as long as they are kept, because nothing is recorded long before it is done.
const REMEMBERED_S: u32 = 62 * 86_400;
/// How far clocks may have been apart when an event was recorded, in seconds.
const SLACK_S: u32 = 86_400;

// `OFFSET 0` keeps the inner question to itself: one look into the index for each id, whatever the planner believes of a
// month that was empty when it last looked. Nothing lies after the last place given, so the months made ahead are left alone.

/// Which of these ids enterprise feeds have already; and imported history, in which an event stands at its rank.
pub(super) const ENTERPRISE_SQL: &str = "SELECT i.id, e.place, e.bytes, false FROM unnest($2::text[]) i (id) \
     CROSS JOIN LATERAL (SELECT e.place, e.bytes FROM enterprise_entries e \
       WHERE e.enterprise = $1 AND e.event_id = i.id AND e.place >= $3::bigint \
       AND e.place <= (SELECT last FROM heads WHERE enterprise = $1) OFFSET 0) e \
     UNION ALL SELECT i.id, e.rank, e.bytes, true FROM unnest($2::text[]) i (id) \
     CROSS JOIN LATERAL (SELECT e.rank, e.bytes FROM imported_entries e \
       WHERE e.enterprise = $1 AND e.event_id = i.id OFFSET 0) e";
/// Which of these ids user feeds have already.
pub(super) const USER_SQL: &str = "SELECT i.id, e.place, e.bytes, false FROM unnest($2::text[]) i (id) \
     CROSS JOIN LATERAL (SELECT e.place, e.bytes FROM user_entries e \
       WHERE e.enterprise = $1 AND e.event_id = i.id AND e.place >= $3::bigint AND NOT e.relayed \
       AND e.place <= (SELECT last FROM heads WHERE enterprise = $1) OFFSET 0) e";
/// An id in enterprise feeds, wherever it is; imported last.
pub(super) const FIND_ENTERPRISE_SQL: &str = "SELECT * FROM ( \
       SELECT place, event_type, bytes, '' FROM enterprise_entries WHERE enterprise = $1 AND event_id = $2 LIMIT 1) e \
     UNION ALL SELECT * FROM ( \
       SELECT rank, event_type, bytes, '' FROM imported_entries WHERE enterprise = $1 AND event_id = $2 LIMIT 1) i";
/// An id in user feeds, wherever it is.
pub(super) const FIND_USER_SQL: &str = "SELECT place, event_type, bytes, feeds FROM user_entries \
     WHERE enterprise = $1 AND event_id = $2 AND NOT relayed";

/// The ids to look for, of one kind of feed.
pub(super) fn ids(batches: &[Batch], kind: FeedKind) -> Vec<&str> {
    let renderings = batches.iter().flat_map(|batch| &batch.events).filter_map(|event| match kind {
        FeedKind::User => event.user.as_ref(),
        FeedKind::Enterprise => event.enterprise.as_ref(),
    });
    renderings.map(|rendering| rendering.event_id.as_str()).collect()
}

/// From which place on they are looked for.
pub(super) fn since(batches: &[Batch]) -> i64 {
    let events = batches.iter().flat_map(|batch| &batch.events);
    let created = events.flat_map(|event| [&event.user, &event.enterprise]).flatten().map(|it| it.created_at);
    since_of(created, batches.iter().map(|batch| batch.now).min().unwrap_or_default())
}

/// The same of the times of some deeds, by this clock.
pub(super) fn since_of(created: impl Iterator<Item = Second>, now: Second) -> i64 {
    let oldest: Option<Second> = created.min().map(|oldest| oldest.back(SLACK_S));
    let remembered = now.back(REMEMBERED_S);
    bits(Place::at(oldest.unwrap_or(remembered).min(remembered)))
}

/// What is stored under one id.
#[derive(Debug)]
struct Stored {
    place: Place,
    bytes: Vec<u8>,
    imported: bool,
}

/// What is stored under the ids asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    stored: FxHashMap<(FeedKind, EventId), Stored>,
}

impl Known {
    pub(super) fn of(user: &[Row], enterprise: &[Row]) -> Self {
        let mut known = Known::default();
        for (kind, rows) in [(FeedKind::User, user), (FeedKind::Enterprise, enterprise)] {
            for row in rows {
                if let Ok(id) = EventId::new(row.get(0)) {
                    let stored = Stored { place: place(row.get(1)), bytes: row.get(2), imported: row.get(3) };
                    let published = known.stored.get(&(kind, id.clone())).is_some_and(|before| !before.imported);
                    if !(stored.imported && published) {
                        known.stored.insert((kind, id), stored);
                    }
                }
            }
        }
        known
    }

    /// The first result of a rendering's id, if it is stored.
    pub(super) fn outcome(&self, kind: FeedKind, rendering: Option<&Rendering>) -> Option<Outcome> {
        let rendering = rendering?;
        let stored = self.stored.get(&(kind, rendering.event_id.clone()))?;
        let known = commit::known(kind, rendering, stored.place, &stored.bytes);
        Some(if stored.imported { commit::imported(known) } else { known })
    }

    /// Remembers what is being stored.
    pub(super) fn add(&mut self, kind: FeedKind, rendering: &Rendering, place: Place) {
        let stored = Stored { place, bytes: rendering.bytes.clone(), imported: false };
        self.stored.insert((kind, rendering.event_id.clone()), stored);
    }
}

/// The feed of a user, as postings name it.
pub(super) fn user_feed(user: &UserId) -> String {
    format!("u{user}")
}

/// The feed of a list, as postings name it; lists are numbered by this process alone, so they go by their names.
pub(super) fn list_feed(copy: &Copy, list: &ListId) -> Option<String> {
    copy.directory.list_name(list).map(|name| format!("l{name}"))
}

/// What was found under an id.
pub(super) fn found(copy: &Copy, enterprise: &EnterpriseId, row: &Row) -> Result<Found, Fault> {
    let event_type = EventType::new(row.get(1)).map_err(|wrong| Fault::Damaged(format!("an event type: {wrong}")))?;
    let feeds: &str = row.get(3);
    let feeds = || feeds.split(' ');
    Ok(Found {
        place: place(row.get(0)),
        event_type,
        bytes: Bytes::copy_from_slice(row.get(2)),
        heard_by: feeds().filter_map(|feed| UserId::new(feed.strip_prefix('u')?).ok()).collect(),
        lists: feeds().filter_map(|feed| copy.directory.list_named(enterprise, feed.strip_prefix('l')?)).collect(),
    })
}
