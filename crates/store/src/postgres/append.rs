//! The commit point: event by event, in position order, what is known, who hears it, where it stands.
//!
//! All of it happens between locking the enterprise's head row and committing. One round trip to the database locks and
//! asks everything that deciding needs; the deciding is done here, where the rules of the audience are; one more writes
//! and commits.

use super::Inner;
use super::commit::{Committed, Rows};
use super::connect::{Turn, read};
use super::directory::{CHANGES_MAX, Change, Copy, PEOPLE_HEAD_SQL, PEOPLE_SQL, TREE_SQL, read_again_if_spoiled};
use super::fault::Fault;
use super::known::{self, Known};
use super::line::{HEAD_SQL, HISTORY_SQL, Line, RANKS_SQL};
use super::months::{Month, second};
use super::search::words;
use super::{Clock, relay};
use crate::commit;
use crate::ledger::{AppendError, Appended, Batch, Moved, Receipt};
use feed::audience::{self, Hearing};
use feed::event::{Event, FeedKind};
use feed::id::{EnterpriseId, EventId};
use feed::time::Second;
use futures_util::future::{join, join_all, join4};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio_postgres::types::ToSql;

/// One result for each batch.
pub(super) type Results = Vec<Result<Appended, AppendError>>;

/// Why nothing was answered.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// Whether it may have been committed all the same.
    pub(super) uncertain: bool,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure { fault, uncertain: false }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::from(Fault::from(error))
    }
}

/// A parameter of a statement.
type Value<'a> = &'a (dyn ToSql + Sync);

/// What the first round trip brought.
struct Asked {
    line: Line,
    tree: i64,
    now: Second,
    known: Known,
    trees: Vec<Change>,
    people_head: i64,
    people: Vec<Change>,
}

/// Records batches of one enterprise in one transaction: each whole or not at all.
pub(super) async fn append(inner: &Inner, enterprise: &EnterpriseId, batches: Vec<Batch>) -> Result<Results, Failure> {
    let mut turn = Turn::begin(&inner.pool).await?;
    let mut asked = inner.pool.within(ask(inner, &turn, enterprise, &batches)).await?;
    let events = batches.iter().map(|batch| batch.events.len()).sum();
    asked.line.look_past_full_seconds(&inner.pool, enterprise, events).await?;

    let mut copy = inner.directory.change().await;
    read_again_if_spoiled(&mut copy, &inner.pool).await?;
    copy.hear_people(&asked.people);
    copy.hear_trees(&asked.trees);
    while !copy.spoiled && copy.tree(enterprise) < asked.tree {
        // More changes than are fetched at once; or they are gone after a snapshot.
        let before = copy.tree(enterprise);
        let values = (enterprise.as_str(), before);
        copy.hear_trees(&Change::all(&read(&inner.pool, TREE_SQL, &[&values.0, &values.1, &CHANGES_MAX]).await?)?);
        copy.spoiled |= copy.tree(enterprise) == before;
    }
    copy.spoiled |= copy.tree(enterprise) != asked.tree;
    let mut changes_people = changes_people(&copy, enterprise, &batches);
    if copy.spoiled || copy.people < asked.people_head || changes_people {
        if changes_people {
            lock_people(inner, &turn).await?;
        }
        catch_up_within(inner, &mut copy, &turn).await?;
        if copy.tree(enterprise) != asked.tree {
            return Err(Fault::Behind.into());
        }
        // What was caught up with may make a difference, but a lock taken for nothing does no harm.
        if !changes_people && self::changes_people(&copy, enterprise, &batches) {
            lock_people(inner, &turn).await?;
            catch_up_within(inner, &mut copy, &turn).await?;
            changes_people = true;
        }
    }

    let delay_s = inner.options.settling_delay_s;
    let rows = Rows::default();
    let mut deciding = Deciding { enterprise, line: asked.line, known: asked.known, copy: &mut copy, rows, delay_s };
    let mut results = Vec::with_capacity(batches.len());
    let mut relays = Vec::with_capacity(batches.len());
    for batch in batches {
        let before = deciding.rows.hearings_elsewhere();
        results.push(deciding.admit(batch, asked.now));
        relays.push(before < deciding.rows.hearings_elsewhere());
    }
    let Deciding { line, rows, .. } = deciding;
    let homes = rows.homes_elsewhere();
    let heard = rows.changes_directory();
    let tree = copy.tree(enterprise);
    // Others may look at the copy again, unless people changed in it, of whom they are told when it is committed.
    let mut held = Some(copy);
    if !changes_people {
        held = None;
    }
    let committed = match inner.pool.within(inner.months.make(&inner.pool, &months_of(&line, &rows))).await {
        Ok(()) => rows.commit(&inner.pool, &turn, enterprise, &line, tree).await,
        Err(fault) => Committed::Not(fault),
    };
    if heard && !matches!(committed, Committed::Yes) {
        match held.take() {
            Some(mut copy) => copy.spoiled = true,
            None => inner.directory.change().await.spoiled = true,
        }
    }
    drop(held);
    match committed {
        Committed::Yes => turn.done(),
        Committed::Not(fault) => return Err(Failure { fault, uncertain: false }),
        Committed::Perhaps(fault) => return Err(Failure { fault, uncertain: true }),
    }
    drop(turn);

    // Acknowledged only when the readers at home elsewhere have it, too.
    let relayed = join_all(homes.iter().map(|home| relay::relay(inner, enterprise, home))).await;
    if let Some(Err(fault)) = relayed.into_iter().find(Result::is_err) {
        tracing::warn!(%fault, %enterprise, "recorded, but not yet relayed to readers at home elsewhere; it will be");
        let why = format!("the events are recorded, but not yet with readers at home elsewhere: {fault}");
        for (result, _) in results.iter_mut().zip(&relays).filter(|(_, relays)| **relays) {
            *result = Err(AppendError::Unavailable(crate::ledger::Unavailable::Unreachable(why.clone())));
        }
    }
    let copy = inner.directory.look().await;
    for appended in results.iter().flatten() {
        inner.bell.tell_others(&copy, &appended.moved);
    }
    drop(copy);
    Ok(results)
}

/// Opens the transaction, locks the head, and asks all that deciding needs; in one round trip.
async fn ask(inner: &Inner, turn: &Turn, enterprise: &EnterpriseId, batches: &[Batch]) -> Result<Asked, Fault> {
    let (tree, people) = {
        let copy = inner.directory.look().await;
        (copy.tree(enterprise), copy.people)
    };
    let client = turn.client()?;
    let id = enterprise.as_str();
    inner.lanes.begin(inner, enterprise).await?;
    let statements = [
        HEAD_SQL,
        HISTORY_SQL,
        RANKS_SQL,
        known::USER_SQL,
        known::ENTERPRISE_SQL,
        TREE_SQL,
        PEOPLE_HEAD_SQL,
        PEOPLE_SQL,
    ];
    let mut prepared = Vec::with_capacity(statements.len());
    for sql in statements {
        prepared.push(client.prepare_cached(sql).await?);
    }
    let clock = match inner.options.clock {
        Clock::Database => None,
        Clock::Caller => batches.iter().map(|batch| i64::from(batch.now.0)).max(),
    };
    let delay_s = i64::from(inner.options.settling_delay_s);
    let renderings = batches.iter().flat_map(|batch| &batch.events).filter_map(|event| event.enterprise.as_ref());
    let created: FxHashSet<i64> = renderings.map(|rendering| i64::from(rendering.created_at.0)).collect();
    let created: Vec<i64> = created.into_iter().collect();
    let (user_ids, enterprise_ids) = (known::ids(batches, FeedKind::User), known::ids(batches, FeedKind::Enterprise));
    let since = known::since(batches);

    // Each is sent when it is first polled, which is in this order; the answers come in this order, too. Every statement
    // sees what was committed before it began, so all after the first see what the last holder of the lock did.
    let (head, ranks): ([Value<'_>; 1], [Value<'_>; 2]) = ([&id], [&id, &created]);
    let history: [Value<'_>; 4] = [&id, &clock, &delay_s, &created];
    let (user, known): ([Value<'_>; 3], [Value<'_>; 3]) = ([&id, &user_ids, &since], [&id, &enterprise_ids, &since]);
    let (trees, changes): ([Value<'_>; 3], [Value<'_>; 2]) = ([&id, &tree, &CHANGES_MAX], [&people, &CHANGES_MAX]);
    let locked = join(client.batch_execute("BEGIN"), client.query(&prepared[0], &head));
    let times = join(client.query(&prepared[1], &history), client.query(&prepared[2], &ranks));
    let ids = join(client.query(&prepared[3], &user), client.query(&prepared[4], &known));
    // Items before the people whom they may name.
    let people = join(client.query(&prepared[6], &[]), client.query(&prepared[7], &changes));
    let directory = join(client.query(&prepared[5], &trees), people);
    let ((began, head), (history, ranks), (user, known), (trees, (people_head, people))) =
        join4(locked, times, ids, directory).await;
    began?;
    let (head, history) = (head?, history?);
    let (Some(head), Some(first)) = (head.first(), history.first()) else {
        return Err(Fault::Damaged(format!("the head of enterprise {enterprise} is gone")));
    };
    let (line, tree) = Line::of(head, &history, &ranks?);
    Ok(Asked {
        line,
        tree,
        now: second(first.get(0)),
        known: Known::of(&user?, &known?),
        trees: Change::all(&trees?)?,
        people_head: people_head?.first().map_or(0, |row| row.get(0)),
        people: Change::all(&people?)?,
    })
}

/// Whether these batches change anything among people. If none of their effects would at first, none will.
fn changes_people(copy: &Copy, enterprise: &EnterpriseId, batches: &[Batch]) -> bool {
    let mut effects = batches.iter().flat_map(|batch| &batch.events).flat_map(|event| &event.effects);
    effects.any(|effect| !effect.is_of_the_tree() && copy.directory.changes(effect, enterprise))
}

async fn lock_people(inner: &Inner, turn: &Turn) -> Result<(), Fault> {
    let client = turn.client()?;
    let asked = async { Ok(client.query("SELECT version FROM people_head FOR UPDATE", &[]).await?) };
    inner.pool.within(asked).await.map(drop)
}

/// Catches up with people on the transaction's own connection.
async fn catch_up_within(inner: &Inner, copy: &mut Copy, turn: &Turn) -> Result<(), Fault> {
    read_again_if_spoiled(copy, &inner.pool).await?;
    let client = turn.client()?;
    loop {
        let asked = async {
            let rows = client.query(PEOPLE_SQL, &[&copy.people, &CHANGES_MAX]).await?;
            Ok((rows, client.query_one(PEOPLE_HEAD_SQL, &[]).await?.get::<_, i64>(0)))
        };
        let (rows, head) = inner.pool.within(asked).await?;
        copy.hear_people(&Change::all(&rows)?);
        if copy.spoiled || (rows.is_empty() && copy.people < head) {
            copy.spoiled = true;
            read_again_if_spoiled(copy, &inner.pool).await?;
        } else if head <= copy.people {
            return Ok(());
        }
    }
}

/// The months in which something is recorded; mostly one, sometimes the next.
fn months_of(line: &Line, rows: &Rows) -> Vec<Month> {
    let mut months: Vec<Month> = rows.seconds().map(Month::of).collect();
    months.push(Month::of(line.last.second));
    months.dedup();
    months
}

/// A transaction in the making.
struct Deciding<'a> {
    enterprise: &'a EnterpriseId,
    line: Line,
    known: Known,
    copy: &'a mut Copy,
    rows: Rows,
    delay_s: u32,
}

impl Deciding<'_> {
    /// Settles a batch. One that is refused changes nothing.
    fn admit(&mut self, batch: Batch, now: Second) -> Result<Appended, AppendError> {
        self.refuse_full_seconds(&batch)?;
        let mut appended = Appended::default();
        for event in batch.events {
            let receipt = self.record(event, now, &mut appended.moved);
            appended.receipts.push(receipt);
        }
        Ok(appended)
    }

    /// A second of `created_at` has so many ranks and no more; found out before anything changes. What is stored already
    /// needs no rank.
    fn refuse_full_seconds(&self, batch: &Batch) -> Result<(), AppendError> {
        let mut more: FxHashMap<Second, u32> = FxHashMap::default();
        let mut ids: FxHashSet<&EventId> = FxHashSet::default();
        for (index, event) in batch.events.iter().enumerate() {
            let Some(rendering) = &event.enterprise else { continue };
            let known = self.known.outcome(FeedKind::Enterprise, Some(rendering)).is_some();
            if !ids.insert(&rendering.event_id) || known {
                continue;
            }
            let created_at = rendering.created_at;
            let waiting = more.entry(created_at).or_default();
            if self.line.ranks_left(created_at) <= *waiting {
                return Err(AppendError::SecondFull { index, created_at });
            }
            *waiting += 1;
        }
        Ok(())
    }

    fn record(&mut self, mut event: Event, now: Second, moved: &mut Moved) -> Receipt {
        let enterprise = self.enterprise;
        let mut receipt = Receipt {
            user: self.known.outcome(FeedKind::User, event.user.as_ref()),
            enterprise: self.known.outcome(FeedKind::Enterprise, event.enterprise.as_ref()),
        };
        let directory = &mut self.copy.directory;
        let opted_in = directory.enterprise(enterprise).is_some_and(|enterprise| enterprise.opted_in);
        if !commit::settle(&mut event, &mut receipt, opted_in) {
            return receipt;
        }

        let place = self.line.next_place(now);
        let recorded = place.second;
        let audience = audience::hear(&event, directory, enterprise, place);
        audience.keep_changed(&mut event.effects);
        moved.users.extend(audience.called);
        let (tree, people): (Vec<_>, Vec<_>) =
            std::mem::take(&mut event.effects).into_iter().partition(feed::directory::Effect::is_of_the_tree);
        if !people.is_empty() {
            self.copy.people += 1;
            self.rows.change_people(self.copy.people, place, &people);
        }
        if !tree.is_empty() {
            let version = self.copy.trees.entry(enterprise.clone()).or_default();
            *version += 1;
            self.rows.change_tree(*version, place, &tree);
        }

        let (at_home, elsewhere): (Vec<Hearing>, Vec<Hearing>) =
            audience.users.into_iter().partition(|hearing| hearing.home == *enterprise);
        if let Some(mut rendering) = event.user.take() {
            rendering.stamp(recorded);
            receipt.user = Some(commit::recorded(FeedKind::User, rendering.event_id.clone(), place));
            self.known.add(FeedKind::User, &rendering, place);
            let users = at_home.iter().map(|hearing| (known::user_feed(&hearing.user), hearing.streams));
            let lists = audience.lists.iter();
            let lists = lists.filter_map(|(list, streams)| Some((known::list_feed(self.copy, list)?, *streams)));
            self.rows.add_user(place, rendering, users.chain(lists));
            self.rows.hear_elsewhere(place, now, &elsewhere);
            moved.users.extend(elsewhere.into_iter().chain(at_home).map(|hearing| hearing.user));
            moved.lists.extend(audience.lists.into_iter().map(|(list, _)| (enterprise.clone(), list)));
        }
        if let Some(rendering) = event.enterprise.take() {
            receipt.enterprise = Some(commit::recorded(FeedKind::Enterprise, rendering.event_id.clone(), place));
            self.known.add(FeedKind::Enterprise, &rendering, place);
            let second = self.line.frontier.admit(rendering.created_at, recorded, self.delay_s);
            let rank = self.line.next_rank(rendering.created_at);
            let history = self.line.next_history(second);
            self.rows.add_enterprise(place, history, rank, rendering, words(&event.terms));
            moved.enterprises.push(enterprise.clone());
        }
        receipt
    }
}
