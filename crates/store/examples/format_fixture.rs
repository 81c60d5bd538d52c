//! Makes the files of `tests/store/fixtures/format-N`: a small store as this version writes it, each file compressed.
//!
//! ```text
//! cargo run -p store --example format_fixture -- crates/store/tests/store/fixtures/format-2
//! ```
//!
//! To be run once for each version of the format, when it is released. What it made then must open for ever.

#![expect(clippy::unwrap_used, reason = "it is run by hand, and a panic is how it fails")]

use feed::directory::{Effect, Enterprise, Person};
use feed::event::{Event, EventType, Rendering, UserStreams};
use feed::id::{EnterpriseId, EventId, UserId};
use feed::permission::Scopes;
use feed::retention::Retention;
use feed::term::Term;
use feed::time::Second;
use std::path::Path;
use store::embedded::{EmbeddedStore, Options};
use store::import::{History, ImportStore, Past};
use store::ledger::{Batch, Ledger};
use store::token_store::{TokenHash, TokenRecord, TokenStore};

const NOW: u32 = 1_750_000_000;

fn event(number: u32) -> Event {
    let rendering = |prefix: &str| Rendering {
        event_id: EventId::new(&format!("{prefix}{number}")).unwrap(),
        event_type: EventType::new(if number.is_multiple_of(5) { "RARE" } else { "UPLOAD" }).unwrap(),
        created_at: Second(NOW + number - number % 7),
        bytes: format!("{{\"event_id\":\"{prefix}{number}\"}}").into_bytes(),
        recorded_at_offset: None,
        filled_created_at_offset: None,
    };
    let user = UserId::new("7").unwrap();
    Event {
        actor: user.clone(),
        user: Some(rendering("u")),
        enterprise: Some(rendering("e")),
        terms: vec![Term::actor(&user)],
        carried_by: UserStreams::ALL,
        audience: Some(vec![user]),
        ..Event::unseen(Vec::new())
    }
}

#[tokio::main]
async fn main() {
    let to = std::env::args().nth(1).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = Options { partition_entries: 40, preallocate_bytes: 4_096, threads: false, ..Options::default() };
    let store = EmbeddedStore::open(dir.path(), options).unwrap();
    let enterprise = EnterpriseId::new("1").unwrap();
    let settings =
        Enterprise { id: enterprise.clone(), name: "Halden".into(), retention: Retention::default(), opted_in: false };
    let mara = Person { id: UserId::new("7").unwrap(), name: "Mara".into(), login: "mara@halden.example".into() };
    let effects = vec![Effect::EnterpriseSet(settings), Effect::Met(mara.clone())];
    let append = async |events, now| {
        store.append(Batch { enterprise: enterprise.clone(), events, now: Second(now) }).await.unwrap();
    };
    append(vec![Event::unseen(effects)], NOW).await;
    for number in 0..50 {
        append(vec![event(number)], NOW + number).await;
    }
    // The first partition is compressed, the others are not.
    let token = TokenRecord {
        id: "t".to_owned(),
        hash: TokenHash([7; 32]),
        user: mara.id,
        enterprise: enterprise.clone(),
        scopes: Scopes::ENTERPRISE,
        application: None,
        family: None,
        note: "a token".to_owned(),
        created_at: Second(NOW),
        expires_at: None,
    };
    TokenStore::add(&store, token).await.unwrap();
    // Some history of another time, two batches of it.
    for numbers in [[100, 101], [102, 103]] {
        let past = numbers.into_iter().filter_map(|number| {
            let rendering = event(number).enterprise?;
            let rendering = Rendering { created_at: Second(NOW - 1_000 + number), ..rendering };
            Some(Past { rendering, terms: event(number).terms })
        });
        let history = History { enterprise: enterprise.clone(), events: past.collect(), now: Second(NOW + 60) };
        store.import(history).await.unwrap();
    }
    store.sweep(Second(NOW + 4 * 86_400)).await.unwrap();
    append(vec![event(50)], NOW + 4 * 86_400).await;
    drop(store);
    let to = Path::new(&to);
    std::fs::create_dir_all(to).unwrap();
    for (folder, prefix) in [(dir.path().to_owned(), ""), (dir.path().join("events"), "events--")] {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && name != "lock" {
                let bytes = zstd::bulk::compress(&std::fs::read(entry.path()).unwrap(), 19).unwrap();
                std::fs::write(to.join(format!("{prefix}{name}.zst")), bytes).unwrap();
            }
        }
    }
}
