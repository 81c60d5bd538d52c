//! Tests of intake through its public face: a body goes in, events or a refusal come out.

mod bad;
mod effects;
mod facts;
mod feeds;
mod properties;
mod renderings;
mod samples;
mod sharing;

use feed::catalogue::Catalogue;
use feed::event::Event;
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Refused, Rules};
use feed::time::Second;
use std::sync::LazyLock;

/// 2025-05-14T10:00:00Z, half an hour after the last of the samples.
const NOW: Second = Second(1_747_216_800);

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::standard);

fn read(body: &[u8], format: Format) -> Result<Vec<Event>, Refused> {
    read_at(body, format, NOW)
}

/// Reads with ids that count 1, 2, 3.
fn read_at(body: &[u8], format: Format, now: Second) -> Result<Vec<Event>, Refused> {
    let enterprise = EnterpriseId::new("884422").unwrap();
    let rules = Rules { catalogue: &CATALOGUE, enterprise: &enterprise };
    let mut count = 0_u8;
    let mut ids = || {
        count = count.wrapping_add(1);
        [count; 20]
    };
    intake::read(body, format, &rules, now, &mut ids)
}

/// The one event of a good draft.
fn one(draft: &str) -> Event {
    let mut events = read(draft.as_bytes(), Format::Json).unwrap_or_else(|refused| panic!("{refused}\n{draft}"));
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// A whole file in the shape of the user feed, with further members at its end.
fn file(more: &str) -> String {
    format!(
        r#"{{"type":"file","id":"31","sequence_id":"0","etag":"0","name":"A \"plan\".txt","size":7,"path_collection":{{"total_count":2,"entries":[{{"type":"folder","id":"0","sequence_id":null,"etag":null,"name":"All Files"}},{{"type":"folder","id":"11","sequence_id":"2","etag":"2","name":"Plans"}}]}},"owned_by":{{"type":"user","id":"8","name":"Tomas","login":"tomas@halden.example"}},"parent":{{"type":"folder","id":"11","sequence_id":"2","etag":"2","name":"Plans"}},"item_status":"active"{more}}}"#
    )
}

const MARA: &str = r#"{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"}"#;
