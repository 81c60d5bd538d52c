//! History brought in: a table of its own, in the order of the true `created_at` only.

use super::connect::Turn;
use super::fault::Fault;
use super::known::{self, Known};
use super::line::{HEAD_SQL, Line, RANKS_SQL};
use super::months::bits;
use super::{Inner, PostgresStore};
use crate::import::{Brought, History, ImportStore, Past, firsts};
use crate::ledger::{AppendError, Outcome};
use async_trait::async_trait;
use feed::event::FeedKind;
use feed::position::Place;
use rustc_hash::FxHashSet;

/// How often an import is tried in all when it fails for a passing reason. Ids tell what was stored, so that is safe.
const ATTEMPTS: usize = 4;

const INSERT_SQL: &str = "INSERT INTO imported_entries (enterprise, rank, event_type, event_id, bytes, terms) \
     SELECT $1::text, rank, event_type, event_id, bytes, string_to_array(terms, ' ') \
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[]) i (rank, event_type, event_id, bytes, terms)";

type Answer = Result<Vec<Brought>, AppendError>;

#[async_trait]
impl ImportStore for PostgresStore {
    async fn import(&self, history: History) -> Answer {
        let mut attempt = 1;
        loop {
            match self.inner.pool.within(bring_in(&self.inner, &history)).await {
                Ok(answer) => return answer,
                Err(fault) if fault.is_passing() && attempt < ATTEMPTS => attempt += 1,
                Err(fault) => return Err(AppendError::Unavailable(fault.into())),
            }
        }
    }
}

/// What is stored, column by column.
#[derive(Debug, Default)]
struct Rows<'a> {
    ranks: Vec<i64>,
    types: Vec<&'a str>,
    ids: Vec<&'a str>,
    bytes: Vec<&'a [u8]>,
    terms: Vec<String>,
}

impl<'a> Rows<'a> {
    fn add(&mut self, rank: Place, past: &'a Past) {
        let rendering = &past.rendering;
        self.ranks.push(bits(rank));
        self.types.push(rendering.event_type.as_str());
        self.ids.push(rendering.event_id.as_str());
        self.bytes.push(&rendering.bytes);
        self.terms.push(super::search::words(&past.terms));
    }
}

/// Under the lock of the enterprise's head, so that ranks and ids agree with what is published meanwhile.
async fn bring_in(inner: &Inner, history: &History) -> Result<Answer, Fault> {
    let enterprise = history.enterprise.as_str();
    inner.lanes.begin(inner, &history.enterprise).await?;
    let mut turn = Turn::begin(&inner.pool).await?;
    let client = turn.client()?;
    let renderings = || history.events.iter().map(|past| &past.rendering);
    let ids: Vec<&str> = renderings().map(|rendering| rendering.event_id.as_str()).collect();
    let created: FxHashSet<i64> = renderings().map(|rendering| i64::from(rendering.created_at.0)).collect();
    let created: Vec<i64> = created.into_iter().collect();
    let since = known::since_of(renderings().map(|rendering| rendering.created_at), history.now);
    client.batch_execute("BEGIN").await?;
    let head = client.query_one(&client.prepare_cached(HEAD_SQL).await?, &[&enterprise]).await?;
    let ranks = client.query(&client.prepare_cached(RANKS_SQL).await?, &[&enterprise, &created]).await?;
    let published = client.prepare_cached(known::ENTERPRISE_SQL).await?;
    let published = client.query(&published, &[&enterprise, &ids, &since]).await?;
    let known = Known::of(&[], &published);
    let (mut line, _) = Line::of(&head, &[], &ranks);

    let firsts = firsts(&history.events);
    let brought: Vec<Brought> = (history.events.iter().zip(&firsts).enumerate())
        .map(|(index, (past, first))| {
            if *first < index {
                return Brought::Known {
                    differs: !past.rendering.says_the_same(&history.events[*first].rendering.bytes),
                };
            }
            match known.outcome(FeedKind::Enterprise, Some(&past.rendering)) {
                Some(Outcome::Recorded { differs, .. }) => Brought::Known { differs },
                _ => Brought::New,
            }
        })
        .collect();
    let mut rows = Rows::default();
    for (index, past) in history.events.iter().enumerate().filter(|(index, _)| brought[*index] == Brought::New) {
        let rendering = &past.rendering;
        let created_at = rendering.created_at;
        if line.ranks_left(created_at) == 0 {
            return Ok(Err(AppendError::SecondFull { index, created_at }));
        }
        rows.add(line.next_rank(created_at), past);
    }
    if !rows.ranks.is_empty() {
        let Rows { ranks, types, ids, bytes, terms } = &rows;
        client.execute(INSERT_SQL, &[&enterprise, ranks, types, ids, bytes, terms]).await?;
    }
    // As in `commit`: a commit that waits for a standby has all the time it needs.
    client.batch_execute("SET LOCAL statement_timeout = 0; COMMIT").await?;
    turn.done();
    Ok(Ok(brought))
}
