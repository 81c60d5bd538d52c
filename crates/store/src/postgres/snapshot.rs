//! Snapshots of the directory: so that a process starts without applying every change there ever was.

use super::connect::Turn;
use super::directory::{Change, Copy};
use super::fault::Fault;
use super::patience::Pool;
use feed::directory::Directory;
use feed::id::EnterpriseId;
use rustc_hash::FxHashMap;
use tokio_postgres::Client;

/// How hard the directory is compressed (zstd).
const LEVEL: i32 = 3;
/// A new snapshot is taken when so many changes have come since the last.
const CHANGES_BETWEEN: i64 = 100_000;
/// The advisory lock of whoever takes one.
const LOCK: i64 = 0x0074_6964_696e_6703;

/// Reads the directory as it was committed: the snapshot and all changes since, in one view of the database.
pub(super) async fn load(client: &Client) -> Result<Copy, Fault> {
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let loaded = load_within(client).await;
    client.batch_execute("COMMIT").await?;
    loaded
}

pub(super) async fn load_within(client: &Client) -> Result<Copy, Fault> {
    let mut copy = Copy::default();
    let snapshot = client.query_opt("SELECT people, trees, directory FROM snapshots", &[]).await?;
    if let Some(row) = snapshot {
        let damaged = |what: String| Fault::Damaged(format!("the snapshot of the directory: {what}"));
        let trees: FxHashMap<EnterpriseId, i64> =
            serde_json::from_str(row.get(1)).map_err(|wrong| damaged(wrong.to_string()))?;
        let json = zstd::decode_all(row.get::<_, &[u8]>(2)).map_err(|wrong| damaged(wrong.to_string()))?;
        copy.directory = serde_json::from_slice(&json).map_err(|wrong| damaged(wrong.to_string()))?;
        (copy.people, copy.trees) = (row.get(0), trees);
    }
    // People before the items that may name them.
    let sql = "SELECT version, enterprise, place, effects FROM people_changes WHERE version > $1 ORDER BY version";
    copy.hear_people(&Change::all(&client.query(sql, &[&copy.people]).await?)?);
    let sql = "SELECT version, enterprise, place, effects FROM tree_changes ORDER BY enterprise, version";
    copy.hear_trees(&Change::all(&client.query(sql, &[]).await?)?);
    if copy.spoiled {
        return Err(Fault::Damaged("changes of the directory are missing after its snapshot".to_owned()));
    }
    Ok(copy)
}

/// Puts a snapshot that goes up to these versions in the place of the one before.
pub(super) async fn put(
    client: &Client,
    people: i64,
    trees: &FxHashMap<EnterpriseId, i64>,
    directory: &Directory,
) -> Result<(), Fault> {
    let json = serde_json::to_vec(directory).map_err(|wrong| Fault::Damaged(wrong.to_string()))?;
    let bytes = zstd::encode_all(json.as_slice(), LEVEL).map_err(|wrong| Fault::Damaged(wrong.to_string()))?;
    let trees = serde_json::to_string(trees).map_err(|wrong| Fault::Damaged(wrong.to_string()))?;
    let sql = "INSERT INTO snapshots (single, people, trees, directory) VALUES (true, $1, $2, $3) ON CONFLICT (single) \
               DO UPDATE SET people = excluded.people, trees = excluded.trees, directory = excluded.directory";
    client.execute(sql, &[&people, &trees, &bytes]).await?;
    Ok(())
}

/// Takes a snapshot if it is time, and removes the changes that are in it. One process does so at a time.
pub(super) async fn take_if_due(pool: &Pool) -> Result<(), Fault> {
    let mut turn = Turn::begin(pool).await?;
    let client = turn.client()?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let alone: bool = client.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await?.get(0);
    let sql = "SELECT (SELECT count(*) FROM people_changes) + (SELECT count(*) FROM tree_changes)";
    let due = alone && CHANGES_BETWEEN <= client.query_one(sql, &[]).await?.get::<_, i64>(0);
    if due {
        let copy = load_within(client).await?;
        put(client, copy.people, &copy.trees, &copy.directory).await?;
        client.execute("DELETE FROM people_changes WHERE version <= $1", &[&copy.people]).await?;
        for (enterprise, version) in &copy.trees {
            let sql = "DELETE FROM tree_changes WHERE enterprise = $1 AND version <= $2";
            client.execute(sql, &[&enterprise.as_str(), version]).await?;
        }
    }
    client.batch_execute("COMMIT").await?;
    turn.done();
    Ok(())
}
