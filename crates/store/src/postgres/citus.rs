//! Citus: spreading enterprises over machines. Without the extension nothing differs.
//!
//! Every table that grows with events has the enterprise in each of its keys and is distributed by it, all of them
//! together, so that what belongs to one enterprise lies on one machine. What concerns people across enterprises, and
//! what is small, is kept on every machine (reference tables).

use super::fault::Fault;
use tokio_postgres::Client;

/// Distributed by `enterprise`, together.
const DISTRIBUTED: [&str; 8] = [
    "heads",
    "enterprise_entries",
    "imported_entries",
    "user_entries",
    "postings",
    "outbox",
    "relayed",
    "tree_changes",
];
/// Kept on every machine.
const EVERYWHERE: [&str; 10] = [
    "schema_versions",
    "people_head",
    "people_changes",
    "snapshots",
    "secrets",
    "access",
    "tokens",
    "holds",
    "reports",
    "report_pieces",
];

/// Whether the extension is installed in this database.
pub(super) async fn is_there(client: &Client) -> Result<bool, Fault> {
    let found = client.query_one("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')", &[]).await?;
    Ok(found.get(0))
}

/// Distributes the tables that are not distributed yet.
pub(super) async fn distribute(client: &Client) -> Result<(), Fault> {
    for table in DISTRIBUTED.into_iter().chain(EVERYWHERE) {
        let known = "SELECT EXISTS (SELECT FROM citus_tables WHERE table_name = $1::text::regclass)";
        if client.query_one(known, &[&table]).await?.get(0) {
            continue;
        }
        let sql = match table {
            "heads" => "SELECT create_distributed_table('heads', 'enterprise')".to_owned(),
            _ if DISTRIBUTED.contains(&table) => {
                format!("SELECT create_distributed_table('{table}', 'enterprise', colocate_with => 'heads')")
            }
            _ => format!("SELECT create_reference_table('{table}')"),
        };
        client.batch_execute(&sql).await?;
    }
    Ok(())
}
