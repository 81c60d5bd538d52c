//! Sending a batch of history. It may be sent again and again: what arrived is recognised.

use super::rows::Row;
use crate::cli::client::{Client, Failure, read_json};
use crate::cli::patience::Patience;
use serde::Deserialize;

/// How often a batch is sent before the import ends.
const ATTEMPTS_MAX: u32 = 8;
/// Where history goes.
const PATH: &str = "/api/v1/events/import";

/// What the server did with a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Taken {
    pub(super) imported: u64,
    pub(super) known: u64,
    pub(super) differing: u64,
    #[serde(default)]
    pub(super) differing_ids: Vec<String>,
    pub(super) expired: u64,
    pub(super) withheld: u64,
}

/// How sending a batch ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is stored.
    Taken(Taken),
    /// It is not; these rows are bad, by their number in the batch.
    Refused(Vec<(usize, String)>),
}

/// The server.
pub(super) struct Server {
    client: Client,
    patience: Patience,
    reached: bool,
}

impl Server {
    pub(super) fn new(client: Client) -> Result<Self, String> {
        Ok(Server { client, patience: Patience::new()?, reached: false })
    }

    /// Sends rows that are all events.
    pub(super) fn send(&mut self, rows: &[Row]) -> Result<Outcome, String> {
        if rows.is_empty() {
            return Ok(Outcome::Taken(Taken::default()));
        }
        let mut body = String::new();
        for text in rows.iter().filter_map(|row| row.event.as_ref().ok()) {
            body.push_str(text);
            body.push('\n');
        }
        let mut attempts = 1;
        let failure = loop {
            let answer = self.client.post_lines(PATH, body.as_bytes());
            self.reached |= !matches!(answer, Err(Failure::NotSent { .. }));
            match answer.and_then(|answer| read_json(&answer)) {
                Ok(taken) => {
                    self.patience.went_well();
                    return Ok(Outcome::Taken(taken));
                }
                Err(failure) if failure.may_pass() && attempts < ATTEMPTS_MAX && self.reached => {
                    self.patience.wait_longer(failure.retry_after());
                    attempts += 1;
                }
                Err(failure) => break failure,
            }
        };
        if let Failure::Rejected(rejection) = &failure
            && rejection.status == 400
        {
            let of_batch = rejection.errors.iter().filter(|bad| bad.index < rows.len());
            let reasons: Vec<(usize, String)> = of_batch
                .map(|bad| match bad.field.as_str() {
                    "" => (bad.index, bad.reason.clone()),
                    field => (bad.index, format!("`{field}` {}", bad.reason)),
                })
                .collect();
            if !reasons.is_empty() {
                return Ok(Outcome::Refused(reasons));
            }
        }
        Err(format!("{failure}\nRun the same command again to go on: what is there already is recognised."))
    }
}
