//! What a transaction writes, and writing it: in one round trip with the commit.

use super::connect::Turn;
use super::fault::Fault;
use super::line::Line;
use super::months::bits;
use super::patience::Pool;
use feed::audience::Hearing;
use feed::directory::Effect;
use feed::event::{Rendering, UserStreams};
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::time::Second;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

const ENTERPRISE_SQL: &str = "INSERT INTO enterprise_entries \
     (enterprise, place, history, rank, created_at, event_type, event_id, bytes, terms) \
     SELECT $1::text, place, history, rank, created_at, event_type, event_id, bytes, string_to_array(terms, ' ') \
     FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bytea[], $9::text[]) \
     e (place, history, rank, created_at, event_type, event_id, bytes, terms)";
const USER_SQL: &str = "INSERT INTO user_entries (enterprise, place, relayed, created_at, event_type, event_id, feeds, bytes) \
     SELECT $1::text, place, $2::boolean, created_at, event_type, event_id, feeds, bytes \
     FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bytea[]) \
     u (place, created_at, event_type, event_id, feeds, bytes)";
const POSTINGS_SQL: &str = "INSERT INTO postings (enterprise, feed, place, streams) \
     SELECT $1::text, * FROM unnest($2::text[], $3::bigint[], $4::smallint[])";
const OUTBOX_SQL: &str = "INSERT INTO outbox (enterprise, home, place, number, user_id, streams, heard_at) \
     SELECT $1::text, * FROM unnest($2::text[], $3::bigint[], $4::integer[], $5::text[], $6::smallint[], $7::bigint[])";
const PEOPLE_SQL: &str = "INSERT INTO people_changes (enterprise, version, place, effects) \
     SELECT $1::text, * FROM unnest($2::bigint[], $3::bigint[], $4::text[])";
const PEOPLE_HEAD_SQL: &str = "UPDATE people_head SET version = $1";
const TREE_SQL: &str = "INSERT INTO tree_changes (enterprise, version, place, effects) \
     SELECT $1::text, * FROM unnest($2::bigint[], $3::bigint[], $4::text[])";
const HEAD_SQL: &str =
    "UPDATE heads SET last = $2, last_history = $3, frontier = greatest(frontier, $4), tree = $5 WHERE enterprise = $1";

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Committed {
    Yes,
    /// Certainly not.
    Not(Fault),
    /// Nobody answered; it may have been.
    Perhaps(Fault),
}

/// Changes of the directory, by version and place.
#[derive(Debug, Default)]
struct ChangeRows {
    versions: Vec<i64>,
    places: Vec<i64>,
    effects: Vec<String>,
}

impl ChangeRows {
    fn push(&mut self, version: i64, place: Place, effects: &[Effect]) {
        self.versions.push(version);
        self.places.push(bits(place));
        // Effects are plain values; there is nothing in them that JSON cannot say.
        self.effects.push(serde_json::to_string(effects).unwrap_or_default());
    }
}

/// Rows to be written, column by column.
#[derive(Debug, Default)]
pub(super) struct Rows {
    enterprise_places: Vec<i64>,
    histories: Vec<i64>,
    ranks: Vec<i64>,
    created: Vec<i64>,
    enterprise_types: Vec<String>,
    enterprise_ids: Vec<String>,
    enterprise_bytes: Vec<Vec<u8>>,
    terms: Vec<String>,
    user_places: Vec<i64>,
    user_created: Vec<i64>,
    user_types: Vec<String>,
    user_ids: Vec<String>,
    user_feeds: Vec<String>,
    user_bytes: Vec<Vec<u8>>,
    /// By feed, place and streams.
    postings: Vec<(String, i64, i16)>,
    homes: Vec<String>,
    outbox_places: Vec<i64>,
    outbox_numbers: Vec<i32>,
    outbox_users: Vec<String>,
    outbox_streams: Vec<i16>,
    heard_at: Vec<i64>,
    people: ChangeRows,
    tree: ChangeRows,
    relayed: bool,
}

/// The streams as the database keeps them.
fn stream_bits(streams: UserStreams) -> i16 {
    i16::from(streams.to_bits())
}

type Step<'a> = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send + 'a>>;

impl Rows {
    /// Rows of what was published in another enterprise.
    pub(super) fn relayed() -> Self {
        Rows { relayed: true, ..Rows::default() }
    }

    pub(super) fn add_enterprise(
        &mut self,
        place: Place,
        history: Place,
        rank: Place,
        rendering: Rendering,
        terms: String,
    ) {
        self.terms.push(terms);
        self.enterprise_places.push(bits(place));
        self.histories.push(bits(history));
        self.ranks.push(bits(rank));
        self.created.push(i64::from(rendering.created_at.0));
        self.enterprise_types.push(rendering.event_type.as_str().to_owned());
        self.enterprise_ids.push(rendering.event_id.as_str().to_owned());
        self.enterprise_bytes.push(rendering.bytes);
    }

    pub(super) fn add_user(
        &mut self,
        place: Place,
        rendering: Rendering,
        feeds: impl Iterator<Item = (String, UserStreams)>,
    ) {
        let (event_type, event_id) = (rendering.event_type.as_str().to_owned(), rendering.event_id.as_str().to_owned());
        let created_at = i64::from(rendering.created_at.0);
        self.add_user_parts(place, (created_at, event_type, event_id, rendering.bytes), feeds);
    }

    /// The same of time, type, id and bytes.
    pub(super) fn add_user_parts(
        &mut self,
        place: Place,
        (created_at, event_type, event_id, bytes): (i64, String, String, Vec<u8>),
        feeds: impl Iterator<Item = (String, UserStreams)>,
    ) {
        let mut all = String::new();
        for (feed, streams) in feeds {
            if !all.is_empty() {
                all.push(' ');
            }
            all += &feed;
            self.postings.push((feed, bits(place), stream_bits(streams)));
        }
        self.user_places.push(bits(place));
        self.user_created.push(created_at);
        self.user_types.push(event_type);
        self.user_ids.push(event_id);
        self.user_feeds.push(all);
        self.user_bytes.push(bytes);
    }

    /// Hearings of the event at this place by readers at home elsewhere.
    pub(super) fn hear_elsewhere(&mut self, place: Place, now: Second, hearings: &[Hearing]) {
        for (number, hearing) in (0_i32..).zip(hearings) {
            self.homes.push(hearing.home.as_str().to_owned());
            self.outbox_places.push(bits(place));
            self.outbox_numbers.push(number);
            self.outbox_users.push(hearing.user.as_str().to_owned());
            self.outbox_streams.push(stream_bits(hearing.streams));
            self.heard_at.push(i64::from(now.0));
        }
    }

    pub(super) fn change_people(&mut self, version: i64, place: Place, effects: &[Effect]) {
        self.people.push(version, place, effects);
    }

    pub(super) fn change_tree(&mut self, version: i64, place: Place, effects: &[Effect]) {
        self.tree.push(version, place, effects);
    }

    /// How many hearings by readers at home elsewhere there are.
    pub(super) fn hearings_elsewhere(&self) -> usize {
        self.homes.len()
    }

    /// Where those readers are at home.
    pub(super) fn homes_elsewhere(&self) -> Vec<EnterpriseId> {
        let homes: BTreeSet<&String> = self.homes.iter().collect();
        homes.into_iter().filter_map(|home| EnterpriseId::new(home).ok()).collect()
    }

    /// Whether anything in the directory changes.
    pub(super) fn changes_directory(&self) -> bool {
        !self.people.versions.is_empty() || !self.tree.versions.is_empty()
    }

    /// The seconds in which something is recorded.
    pub(super) fn seconds(&self) -> impl Iterator<Item = Second> {
        let ends = |places: &[i64]| [places.first().copied(), places.last().copied()];
        let all = [ends(&self.enterprise_places), ends(&self.user_places)];
        all.into_iter().flatten().flatten().map(|bits| super::months::place(bits).second)
    }

    /// Writes the rows and the head on a connection with the transaction open, and commits.
    pub(super) async fn commit(
        self,
        pool: &Pool,
        turn: &Turn,
        enterprise: &EnterpriseId,
        line: &Line,
        tree: i64,
    ) -> Committed {
        match pool.within(self.write(turn, enterprise, line, tree)).await {
            Ok(()) => Committed::Yes,
            // An error that the database tells of ended the transaction; silence may mean anything.
            Err(fault @ Fault::Silent(_)) => Committed::Perhaps(fault),
            Err(fault @ Fault::Database(_)) if !told(&fault) => Committed::Perhaps(fault),
            Err(fault) => Committed::Not(fault),
        }
    }

    async fn write(mut self, turn: &Turn, enterprise: &EnterpriseId, line: &Line, tree: i64) -> Result<(), Fault> {
        let client = turn.client()?;
        let id = enterprise.as_str();
        let id = &id;
        let [last, last_history, frontier] = &line.head();
        let tree = &tree;
        // Those of a feed side by side: its leaf of the index is found once for all of them, and a third of the time is saved.
        self.postings.sort_unstable();
        let (posted_feeds, posted): (Vec<String>, Vec<(i64, i16)>) =
            self.postings.drain(..).map(|(feed, place, streams)| (feed, (place, streams))).unzip();
        let (posted_places, posted_streams): (Vec<i64>, Vec<i16>) = posted.into_iter().unzip();
        let (posted_feeds, posted_places, posted_streams) = (&posted_feeds, &posted_places, &posted_streams);
        let people = self.people.versions.last();
        let this = &self;
        let mut steps: Vec<Step<'_>> = Vec::new();
        macro_rules! step {
            ($when:expr, $sql:expr, $($value:expr),+) => {
                if $when {
                    let statement = client.prepare_cached($sql).await?;
                    steps.push(Box::pin(async move { client.execute(&statement, &[$($value),+]).await.map(drop) }));
                }
            };
        }
        step!(
            !this.enterprise_places.is_empty(),
            ENTERPRISE_SQL,
            id,
            &this.enterprise_places,
            &this.histories,
            &this.ranks,
            &this.created,
            &this.enterprise_types,
            &this.enterprise_ids,
            &this.enterprise_bytes,
            &this.terms
        );
        step!(
            !this.user_places.is_empty(),
            USER_SQL,
            id,
            &this.relayed,
            &this.user_places,
            &this.user_created,
            &this.user_types,
            &this.user_ids,
            &this.user_feeds,
            &this.user_bytes
        );
        step!(!posted_places.is_empty(), POSTINGS_SQL, id, posted_feeds, posted_places, posted_streams);
        step!(
            !this.homes.is_empty(),
            OUTBOX_SQL,
            id,
            &this.homes,
            &this.outbox_places,
            &this.outbox_numbers,
            &this.outbox_users,
            &this.outbox_streams,
            &this.heard_at
        );
        step!(!this.tree.versions.is_empty(), TREE_SQL, id, &this.tree.versions, &this.tree.places, &this.tree.effects);
        if let Some(people) = people {
            step!(true, PEOPLE_SQL, id, &this.people.versions, &this.people.places, &this.people.effects);
            step!(true, PEOPLE_HEAD_SQL, people);
        }
        step!(true, HEAD_SQL, id, last, last_history, frontier, tree);
        // A timeout that struck while the commit waits for a standby would end the wait, but not undo the commit; then
        // something would be acknowledged that the standby does not have. So a commit has all the time it needs.
        steps.push(Box::pin(client.batch_execute("SET LOCAL statement_timeout = 0")));
        steps.push(Box::pin(client.batch_execute("COMMIT")));
        // All are sent at once. After one that fails the database refuses the others and gives the transaction up.
        for done in join_all(steps).await {
            done?;
        }
        Ok(())
    }
}

/// Whether the database itself said that the transaction went wrong. What ends the whole connection says nothing about
/// it: the commit may have been made and only wait for a standby.
fn told(fault: &Fault) -> bool {
    let Fault::Database(error) = fault else { return false };
    error.as_db_error().is_some_and(|told| !matches!(told.severity(), "FATAL" | "PANIC"))
}
