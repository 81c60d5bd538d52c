//! The directory as this process has it: a copy in memory that follows what the database has of it.
//!
//! Its changes are of two kinds. Those of *people* (users, groups, collaborations, synced folders, enterprises) matter
//! across enterprises and have one order for all, given under the lock of one row; they are rare. Those of the *tree*
//! (where items lie) come with most events, matter to their enterprise only, and are ordered by its head. The order
//! between the two does not matter as long as people come first (`Effect::is_of_the_tree`). Before anything is decided or
//! answered, the copy is compared with the versions in the database and caught up.

use super::connect::{Turn, read};
use super::fault::Fault;
use super::months::place;
use super::patience::Pool;
use super::snapshot;
use feed::directory::{Directory, Effect};
use feed::id::EnterpriseId;
use rustc_hash::FxHashMap;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio_postgres::Row;

/// Most changes fetched at once.
pub(super) const CHANGES_MAX: i64 = 5_000;
/// The changes of people after a version.
pub(super) const PEOPLE_SQL: &str =
    "SELECT version, enterprise, place, effects FROM people_changes WHERE version > $1 ORDER BY version LIMIT $2";
/// The changes of an enterprise's tree after a version.
pub(super) const TREE_SQL: &str = "SELECT version, enterprise, place, effects FROM tree_changes \
     WHERE enterprise = $1 AND version > $2 ORDER BY version LIMIT $3";
/// The version of people.
pub(super) const PEOPLE_HEAD_SQL: &str = "SELECT version FROM people_head";

/// The copy and the versions it stands at.
#[derive(Debug, Default)]
pub(super) struct Copy {
    pub(super) directory: Directory,
    pub(super) people: i64,
    pub(super) trees: FxHashMap<EnterpriseId, i64>,
    /// It has heard of something that may not have been committed, so it is to be read again.
    pub(super) spoiled: bool,
    /// How often it was read again; lists are numbered anew then.
    pub(super) editions: u64,
}

/// One change as stored.
pub(super) struct Change {
    version: i64,
    enterprise: EnterpriseId,
    place: i64,
    effects: Vec<Effect>,
}

impl Change {
    pub(super) fn of(row: &Row) -> Result<Self, Fault> {
        let version = row.get(0);
        let damaged = |what: String| Fault::Damaged(format!("change {version} of the directory: {what}"));
        let enterprise = EnterpriseId::new(row.get(1)).map_err(|wrong| damaged(wrong.to_string()))?;
        let effects = serde_json::from_str(row.get(3)).map_err(|wrong| damaged(wrong.to_string()))?;
        Ok(Change { version, enterprise, place: row.get(2), effects })
    }

    pub(super) fn all(rows: &[Row]) -> Result<Vec<Self>, Fault> {
        rows.iter().map(Change::of).collect()
    }
}

impl Copy {
    pub(super) fn tree(&self, enterprise: &EnterpriseId) -> i64 {
        self.trees.get(enterprise).copied().unwrap_or(0)
    }

    /// Applies changes of people. What it knows already is passed over; a gap means that the changes in it were taken
    /// away after a snapshot, and the copy is spoiled.
    pub(super) fn hear_people(&mut self, changes: &[Change]) {
        for change in changes {
            match change.version - self.people {
                1 => {
                    self.directory.replay(&change.effects, &change.enterprise, place(change.place));
                    self.people = change.version;
                }
                ..=0 => {}
                _ => self.spoiled = true,
            }
        }
    }

    /// Applies changes of trees in the same way.
    pub(super) fn hear_trees(&mut self, changes: &[Change]) {
        for change in changes {
            match change.version - self.tree(&change.enterprise) {
                1 => {
                    self.directory.replay(&change.effects, &change.enterprise, place(change.place));
                    self.trees.insert(change.enterprise.clone(), change.version);
                }
                ..=0 => {}
                _ => self.spoiled = true,
            }
        }
    }
}

/// The copy behind a lock. Whoever changes people holds it until that is committed, so that nobody is told of people
/// whom the database does not know.
#[derive(Debug, Default)]
pub(super) struct DirectoryCopy {
    copy: RwLock<Copy>,
}

impl DirectoryCopy {
    /// The copy as it is.
    pub(super) async fn look(&self) -> RwLockReadGuard<'_, Copy> {
        self.copy.read().await
    }

    /// The copy, to be changed.
    pub(super) async fn change(&self) -> RwLockWriteGuard<'_, Copy> {
        self.copy.write().await
    }

    /// The copy with all changes of people that were committed when this was called.
    pub(super) async fn caught_up(&self, pool: &Pool) -> Result<RwLockReadGuard<'_, Copy>, Fault> {
        let rows = read(pool, PEOPLE_HEAD_SQL, &[]).await?;
        let head: i64 = rows.first().map_or(0, |row| row.get(0));
        loop {
            let copy = self.copy.read().await;
            if head <= copy.people && !copy.spoiled {
                return Ok(copy);
            }
            drop(copy);
            self.catch_up(pool).await?;
        }
    }

    /// Fetches and applies what was committed of people; reads everything again if the copy was spoiled.
    pub(super) async fn catch_up(&self, pool: &Pool) -> Result<(), Fault> {
        let mut copy = self.copy.write().await;
        read_again_if_spoiled(&mut copy, pool).await?;
        follow_people(&mut copy, pool).await
    }

    /// Catches up with the trees of all enterprises, too, for a question to the whole directory.
    pub(super) async fn caught_up_with_trees(&self, pool: &Pool) -> Result<RwLockReadGuard<'_, Copy>, Fault> {
        let heads = read(pool, "SELECT enterprise, tree FROM heads WHERE tree > 0", &[]).await?;
        let mut copy = self.copy.write().await;
        read_again_if_spoiled(&mut copy, pool).await?;
        for row in &heads {
            let Ok(enterprise) = EnterpriseId::new(row.get(0)) else { continue };
            while copy.tree(&enterprise) < row.get(1) {
                let values = (enterprise.as_str(), copy.tree(&enterprise));
                // Read before the people whom it may name are.
                let changes = Change::all(&read(pool, TREE_SQL, &[&values.0, &values.1, &CHANGES_MAX]).await?)?;
                let before = copy.tree(&enterprise);
                follow_people(&mut copy, pool).await?;
                copy.hear_trees(&changes);
                if copy.spoiled || copy.tree(&enterprise) == before {
                    copy.spoiled = true;
                    read_again_if_spoiled(&mut copy, pool).await?;
                }
            }
        }
        follow_people(&mut copy, pool).await?;
        Ok(copy.downgrade())
    }
}

/// Fetches and applies what was committed of people.
async fn follow_people(copy: &mut Copy, pool: &Pool) -> Result<(), Fault> {
    loop {
        let rows = read(pool, PEOPLE_SQL, &[&copy.people, &CHANGES_MAX]).await?;
        copy.hear_people(&Change::all(&rows)?);
        if copy.spoiled {
            read_again_if_spoiled(copy, pool).await?;
        } else if (rows.len() as i64) < CHANGES_MAX {
            let head: i64 = read(pool, PEOPLE_HEAD_SQL, &[]).await?.first().map_or(0, |row| row.get(0));
            // Nothing came, and yet there is more: it was taken away after a snapshot.
            if rows.is_empty() && copy.people < head {
                copy.spoiled = true;
                read_again_if_spoiled(copy, pool).await?;
            } else if head <= copy.people {
                return Ok(());
            }
        }
    }
}

/// Takes a new copy from the database if the one at hand is of no use.
pub(super) async fn read_again_if_spoiled(copy: &mut Copy, pool: &Pool) -> Result<(), Fault> {
    if copy.spoiled {
        let mut turn = Turn::begin(pool).await?;
        let fresh = snapshot::load(turn.client()?).await?;
        turn.done();
        *copy = Copy { editions: copy.editions + 1, ..fresh };
    }
    Ok(())
}
