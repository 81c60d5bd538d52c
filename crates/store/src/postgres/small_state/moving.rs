//! Giving the small records to another keeper, and taking them over.

use super::super::fault::Fault;
use super::access::kind;
use super::{of_text, to_text};
use crate::moving::Piece;
use crate::report_store::KeptReport;
use deadpool_postgres::Object;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;

async fn records<T: DeserializeOwned>(client: &Object, sql: &str) -> Result<Vec<T>, Fault> {
    client.query(sql, &[]).await?.iter().map(|row| of_text(row.get(0))).collect()
}

/// Gives all of them away.
pub(in super::super) async fn give(client: &Object, to: &Sender<Piece>) -> Result<(), Fault> {
    let mut pieces: Vec<Piece> = Vec::new();
    let tokens = records(client, "SELECT record FROM tokens ORDER BY number").await?;
    pieces.extend(tokens.into_iter().map(Piece::Token));
    for row in client.query("SELECT name, secret FROM secrets", &[]).await? {
        let name: String = row.get(0);
        let secret = row.get::<_, &[u8]>(1).try_into();
        let secret = secret.map_err(|_| Fault::Damaged(format!("the secret {name} is not of 32 bytes")))?;
        pieces.push(Piece::Secret(name, secret));
    }
    pieces.extend(records(client, "SELECT record FROM access").await?.into_iter().map(Piece::Access));
    pieces.extend(records(client, "SELECT record FROM holds").await?.into_iter().map(Piece::Hold));
    let reports: Vec<KeptReport> = records(client, "SELECT record FROM reports").await?;
    let schedules = reports.into_iter().filter(|kept| matches!(kept, KeptReport::Schedule(_)));
    pieces.extend(schedules.map(|schedule| Piece::Schedule(Box::new(schedule))));
    for piece in pieces {
        let sent = to.send(piece).await;
        sent.map_err(|_| Fault::NoConnection("nobody takes the pieces any more".to_owned()))?;
    }
    Ok(())
}

/// Keeps a record within a transaction. Other pieces are passed over.
pub(in super::super) async fn take(client: &Object, piece: Piece) -> Result<(), Fault> {
    match piece {
        Piece::Token(token) => {
            let sql = "INSERT INTO tokens (id, hash, enterprise, expires_at, record) VALUES ($1, $2, $3, $4, $5)";
            let expires_at = token.expires_at.map(|at| i64::from(at.0));
            let (hash, record) = (token.hash.0.as_slice(), to_text(&token)?);
            client.execute(sql, &[&token.id, &hash, &token.enterprise.as_str(), &expires_at, &record]).await?;
        }
        Piece::Secret(name, secret) => {
            let sql = "INSERT INTO secrets (name, secret) VALUES ($1, $2)";
            client.execute(sql, &[&name, &secret.as_slice()]).await?;
        }
        Piece::Access(record) => {
            let sql = "INSERT INTO access (key, kind, enterprise, expires_at, record) VALUES ($1, $2, $3, $4, $5)";
            let (key, expires_at) = (record.key(), record.expires_at().map(|at| i64::from(at.0)));
            let (text, kind, json) = (key.to_string(), kind(&key), to_text(&record)?);
            client.execute(sql, &[&text, &kind, &record.enterprise().as_str(), &expires_at, &json]).await?;
        }
        Piece::Hold(hold) => {
            let sql = "INSERT INTO holds (id, enterprise, record) VALUES ($1, $2, $3)";
            client.execute(sql, &[&hold.id, &hold.enterprise.as_str(), &to_text(&hold)?]).await?;
        }
        Piece::Schedule(kept) => {
            let sql = "INSERT INTO reports (id, enterprise, record) VALUES ($1, $2, $3)";
            client.execute(sql, &[&kept.id(), &kept.enterprise().as_str(), &to_text(&*kept)?]).await?;
        }
        Piece::Directory(_) | Piece::Head(_) | Piece::Entries(..) | Piece::End => {}
    }
    Ok(())
}
