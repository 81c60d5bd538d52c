//! Giving a store to another keeper, in one view of the database; and taking one over, in one transaction: it is there whole
//! or not at all.

use super::connect::Turn;
use super::fault::Fault;
use super::months::{Month, bits, place, second};
use super::search::{mark_of, mark_word};
use super::{PostgresStore, connect, relay, snapshot};
use crate::ledger::Unavailable;
use crate::moving::{Entry, Head, Hearer, Kept, Mark, MoveError, PIECE_BYTES_MAX, PIECE_ENTRIES_MAX, Piece};
use bytes::Bytes;
use deadpool_postgres::Object;
use feed::event::UserStreams;
use feed::id::EnterpriseId;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::Row;

/// Neither reading all nor writing all is to be cut off, however long it takes.
const PATIENTLY: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

const PUBLISHED_SQL: &str = "SELECT place, created_at, event_type, event_id, bytes, history, rank, terms \
     FROM enterprise_entries WHERE enterprise = $1 AND place > $2 ORDER BY place LIMIT $3";
const IMPORTED_SQL: &str = "SELECT rank, rank >> 19, event_type, event_id, bytes, 0::bigint, rank, terms \
     FROM imported_entries WHERE enterprise = $1 AND rank > $2 ORDER BY rank LIMIT $3";
const HEARD_SQL: &str = "SELECT u.place, u.created_at, u.event_type, u.event_id, u.bytes, u.relayed, p.feeds, p.streams \
     FROM (SELECT * FROM user_entries WHERE enterprise = $1 AND place > $2 ORDER BY place LIMIT $3) u \
     CROSS JOIN LATERAL (SELECT array_agg(f.feed ORDER BY f.number) AS feeds, array_agg(p.streams ORDER BY f.number) AS streams \
       FROM unnest(string_to_array(u.feeds, ' ')) WITH ORDINALITY f (feed, number) \
       JOIN postings p ON p.enterprise = $1 AND p.feed = f.feed AND p.place = u.place) p \
     ORDER BY u.place";

const PUT_PUBLISHED_SQL: &str = "INSERT INTO enterprise_entries \
     (enterprise, place, created_at, event_type, event_id, bytes, history, rank, terms) \
     SELECT $1::text, e.place, e.created_at, e.event_type, e.event_id, e.bytes, e.history, e.rank, string_to_array(e.terms, ' ') \
     FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::bigint[], $8::bigint[], $9::text[]) \
     e (place, created_at, event_type, event_id, bytes, history, rank, terms)";
const PUT_IMPORTED_SQL: &str = "INSERT INTO imported_entries (enterprise, rank, event_type, event_id, bytes, terms) \
     SELECT $1::text, e.place, e.event_type, e.event_id, e.bytes, string_to_array(e.terms, ' ') \
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[]) e (place, event_type, event_id, bytes, terms)";
const PUT_HEARD_SQL: &str = "INSERT INTO user_entries \
     (enterprise, place, created_at, event_type, event_id, bytes, relayed, feeds) \
     SELECT $1::text, e.* FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::boolean[], $8::text[]) \
     e (place, created_at, event_type, event_id, bytes, relayed, feeds)";
const PUT_POSTINGS_SQL: &str = "INSERT INTO postings (enterprise, feed, place, streams) \
     SELECT $1::text, * FROM unnest($2::text[], $3::bigint[], $4::smallint[])";

/// The kinds of entries, in the order in which they are given.
#[derive(Debug, Clone, Copy)]
enum Table {
    Published,
    Imported,
    Heard,
}

async fn send(to: &Sender<Piece>, piece: Piece) -> Result<(), Fault> {
    // Who took them is gone, and knows why.
    to.send(piece).await.map_err(|_| Fault::NoConnection("nobody takes the pieces any more".to_owned()))
}

impl PostgresStore {
    /// How many connections of other processes of this program are open to the database, if they bear its usual name.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn others(url: &str) -> Result<i64, super::OpenError> {
        let client = connect::single(&connect::address(url)?).await?;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND application_name = 'tidings' AND pid <> pg_backend_pid()";
        Ok(client.query_one(sql, &[]).await.map_err(Fault::from)?.get(0))
    }

    /// Gives everything in the store away, in pieces, as it is at one moment.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn give(&self, to: &Sender<Piece>) -> Result<(), Unavailable> {
        // What waits for readers at home elsewhere has no place there yet.
        relay::relay_left_behind(&self.inner).await?;
        let mut turn = Turn::begin(&self.inner.pool).await?;
        let given = give_all(turn.client()?, to).await;
        given?;
        turn.done();
        Ok(())
    }

    /// Takes a store over. Nothing of it is there before all is.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn take_over(&self, from: &mut Receiver<Piece>) -> Result<(), MoveError> {
        let mut turn = Turn::begin(&self.inner.pool).await.map_err(Unavailable::from)?;
        let client = turn.client().map_err(Unavailable::from)?;
        let begin = format!("BEGIN; {PATIENTLY}; LOCK TABLE heads, people_head IN EXCLUSIVE MODE");
        client.batch_execute(&begin).await.map_err(|why| Unavailable::from(Fault::from(why)))?;
        let sql = "SELECT EXISTS (SELECT FROM heads) OR EXISTS (SELECT FROM tokens) OR EXISTS (SELECT FROM snapshots) \
                   OR EXISTS (SELECT FROM secrets) OR EXISTS (SELECT FROM people_head WHERE version > 0)";
        let row = client.query_one(sql, &[]).await.map_err(|why| Unavailable::from(Fault::from(why)))?;
        if row.get(0) {
            return Err(MoveError::NotEmpty);
        }
        loop {
            match from.recv().await {
                None => return Err(MoveError::BrokenOff),
                Some(Piece::End) => break,
                Some(piece) => self.take_piece(client, piece).await.map_err(Unavailable::from)?,
            }
        }
        client.batch_execute("COMMIT").await.map_err(|why| Unavailable::from(Fault::from(why)))?;
        turn.done();
        // What is in memory is from before.
        self.inner.directory.change().await.spoiled = true;
        Ok(())
    }

    async fn take_piece(&self, client: &Object, piece: Piece) -> Result<(), Fault> {
        match piece {
            Piece::Directory(directory) => {
                // One version, which nobody has heard, so that everybody reads the snapshot.
                client.execute("UPDATE people_head SET version = 1", &[]).await?;
                snapshot::put(client, 1, &Default::default(), &directory).await
            }
            Piece::Head(head) => {
                let sql = "INSERT INTO heads (enterprise, last, last_history, frontier) VALUES ($1, $2, $3, $4)";
                let (last, last_history) = (bits(head.last), bits(head.last_history));
                let frontier = i64::from(head.frontier.max(head.last_history.second).0);
                client.execute(sql, &[&head.enterprise.as_str(), &last, &last_history, &frontier]).await?;
                Ok(())
            }
            Piece::Entries(line, entries) => self.take_entries(client, &line, entries).await,
            record => super::small_state::take(client, record).await,
        }
    }

    async fn take_entries(&self, client: &Object, line: &EnterpriseId, entries: Vec<Entry>) -> Result<(), Fault> {
        let months: Vec<Month> = {
            let published = entries.iter().filter(|entry| !matches!(entry.kept, Kept::Imported { .. }));
            let mut months: Vec<Month> = published.map(|entry| Month::of(entry.place.second)).collect();
            months.dedup();
            months
        };
        self.inner.months.make(&self.inner.pool, &months).await?;
        let mut columns = Columns::default();
        for entry in &entries {
            columns.places.push(bits(entry.place));
            columns.created.push(i64::from(entry.created_at.0));
            columns.types.push(&entry.event_type);
            columns.ids.push(&entry.event_id);
            columns.bytes.push(&entry.bytes);
            match &entry.kept {
                Kept::Published { history, rank, marks } => {
                    columns.histories.push(bits(*history));
                    columns.ranks.push(bits(*rank));
                    columns.words.push(words(marks));
                }
                Kept::Imported { marks } => columns.words.push(words(marks)),
                Kept::Heard { relayed, by } => {
                    columns.relayed.push(*relayed);
                    let mut feeds = Vec::with_capacity(by.len());
                    for (hearer, streams) in by {
                        let feed = feed_of(hearer);
                        columns.posted_feeds.push(feed.clone());
                        columns.posted_places.push(bits(entry.place));
                        columns.posted_streams.push(i16::from(streams.to_bits()));
                        feeds.push(feed);
                    }
                    columns.words.push(feeds.join(" "));
                }
            }
        }
        columns.put(client, line.as_str()).await
    }
}

fn words(marks: &[Mark]) -> String {
    marks.iter().map(mark_word).collect::<Vec<_>>().join(" ")
}

fn feed_of(hearer: &Hearer) -> String {
    match hearer {
        Hearer::User(id) => format!("u{id}"),
        Hearer::List(name) => format!("l{name}"),
    }
}

fn hearer_of(feed: &str) -> Option<Hearer> {
    match feed.split_at_checked(1)? {
        ("u", id) => Some(Hearer::User(id.to_owned())),
        ("l", name) => Some(Hearer::List(name.to_owned())),
        _ => None,
    }
}

/// Entries of one kind, column by column.
#[derive(Default)]
struct Columns<'a> {
    places: Vec<i64>,
    created: Vec<i64>,
    types: Vec<&'a str>,
    ids: Vec<&'a str>,
    bytes: Vec<&'a [u8]>,
    histories: Vec<i64>,
    ranks: Vec<i64>,
    /// Terms, or feeds.
    words: Vec<String>,
    relayed: Vec<bool>,
    posted_feeds: Vec<String>,
    posted_places: Vec<i64>,
    posted_streams: Vec<i16>,
}

impl Columns<'_> {
    async fn put(&self, client: &Object, line: &str) -> Result<(), Fault> {
        let Columns { places, created, types, ids, bytes, histories, ranks, words, relayed, .. } = self;
        if !histories.is_empty() {
            let statement = client.prepare_cached(PUT_PUBLISHED_SQL).await?;
            client.execute(&statement, &[&line, places, created, types, ids, bytes, histories, ranks, words]).await?;
        } else if !relayed.is_empty() {
            let statement = client.prepare_cached(PUT_HEARD_SQL).await?;
            client.execute(&statement, &[&line, places, created, types, ids, bytes, relayed, words]).await?;
            let statement = client.prepare_cached(PUT_POSTINGS_SQL).await?;
            let Columns { posted_feeds, posted_places, posted_streams, .. } = self;
            client.execute(&statement, &[&line, posted_feeds, posted_places, posted_streams]).await?;
        } else {
            let statement = client.prepare_cached(PUT_IMPORTED_SQL).await?;
            client.execute(&statement, &[&line, places, types, ids, bytes, words]).await?;
        }
        Ok(())
    }
}

async fn give_all(client: &Object, to: &Sender<Piece>) -> Result<(), Fault> {
    client.batch_execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PATIENTLY}")).await?;
    let left: bool = client.query_one("SELECT EXISTS (SELECT FROM outbox)", &[]).await?.get(0);
    if left {
        return Err(Fault::NoConnection("somebody publishes meanwhile; stop all processes first".to_owned()));
    }
    let copy = snapshot::load_within(client).await?;
    send(to, Piece::Directory(Box::new(copy.directory))).await?;
    let mut lines = Vec::new();
    for row in
        client.query("SELECT enterprise, last, last_history, frontier FROM heads ORDER BY enterprise", &[]).await?
    {
        let Ok(enterprise) = EnterpriseId::new(row.get(0)) else { continue };
        lines.push(enterprise.clone());
        let (last, last_history) = (place(row.get(1)), place(row.get(2)));
        send(to, Piece::Head(Head { enterprise, last, last_history, frontier: second(row.get(3)) })).await?;
    }
    super::small_state::give(client, to).await?;
    for table in [Table::Published, Table::Imported, Table::Heard] {
        for line in &lines {
            give_entries(client, to, table, line).await?;
        }
    }
    client.batch_execute("COMMIT").await?;
    send(to, Piece::End).await
}

async fn give_entries(client: &Object, to: &Sender<Piece>, table: Table, line: &EnterpriseId) -> Result<(), Fault> {
    let sql = match table {
        Table::Published => PUBLISHED_SQL,
        Table::Imported => IMPORTED_SQL,
        Table::Heard => HEARD_SQL,
    };
    let statement = client.prepare_cached(sql).await?;
    let most = i64::try_from(PIECE_ENTRIES_MAX).unwrap_or(i64::MAX);
    let mut after = -1_i64;
    loop {
        let rows = client.query(&statement, &[&line.as_str(), &after, &most]).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.get(0);
        let (mut entries, mut size) = (Vec::with_capacity(rows.len()), 0);
        for row in &rows {
            let entry = entry(table, row);
            size += entry.bytes.len();
            entries.push(entry);
            if PIECE_BYTES_MAX <= size {
                size = 0;
                send(to, Piece::Entries(line.clone(), std::mem::take(&mut entries))).await?;
            }
        }
        if !entries.is_empty() {
            send(to, Piece::Entries(line.clone(), entries)).await?;
        }
    }
}

fn entry(table: Table, row: &Row) -> Entry {
    let marks = || row.get::<_, Vec<&str>>(7).into_iter().filter_map(mark_of).collect();
    let kept = match table {
        Table::Published => Kept::Published { history: place(row.get(5)), rank: place(row.get(6)), marks: marks() },
        Table::Imported => Kept::Imported { marks: marks() },
        Table::Heard => {
            let feeds: Vec<&str> = row.get::<_, Option<_>>(6).unwrap_or_default();
            let streams: Vec<i16> = row.get::<_, Option<_>>(7).unwrap_or_default();
            let streams = streams.into_iter().map(|on| UserStreams::from_bits(u8::try_from(on).unwrap_or(0)));
            let by = feeds.into_iter().zip(streams).filter_map(|(feed, on)| Some((hearer_of(feed)?, on)));
            Kept::Heard { relayed: row.get(5), by: by.collect() }
        }
    };
    Entry {
        place: place(row.get(0)),
        created_at: second(row.get(1)),
        event_type: row.get(2),
        event_id: row.get(3),
        bytes: Bytes::copy_from_slice(row.get(4)),
        kept,
    }
}
