//! How one process over PostgreSQL hears what another makes grow: by being told, not by looking now and then.

use crate::deed::{deed, enterprise, user};
use crate::postgres::{Database, ask, missing, options, until};
use crate::trial::{HOME, NOW};
use feed::time::Second;
use store::ledger::{Batch, Moved};
use store::postgres::{Heard, Hearing, PostgresStore};

/// The connection that listens.
const LISTENING: &str = "FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()";

/// What is told next; that something may have been missed is passed over.
async fn told(hearing: &mut Hearing) -> Moved {
    loop {
        if let Heard::Moved(moved) = hearing.next().await.unwrap() {
            return moved;
        }
    }
}

async fn publish(store: &PostgresStore, id: &str) {
    let now = Second(NOW);
    let events = vec![deed(id).event(now)];
    store.stores().ledger.append(Batch { enterprise: enterprise(HOME), events, now }).await.unwrap();
}

#[tokio::test]
async fn what_grows_at_one_process_is_told_to_the_others_also_after_their_connection_was_lost() {
    if missing() {
        return;
    }
    let database = Database::new().await;
    let url = database.url();
    let open = || async { PostgresStore::open(&url, options(5)).await.unwrap() };
    let (publisher, reader) = (open().await, open().await);
    let mut hearing = reader.listen();
    let mut own = publisher.listen();
    let count = format!("SELECT count(*) {LISTENING}");
    until(&url, &count, "2").await;

    for (id, lost) in [("a", false), ("b", true)] {
        if lost {
            ask(&url, &format!("SELECT pg_terminate_backend(pid) {LISTENING}")).await;
            // Who waits is to look, for something may be missed.
            while !matches!(hearing.next().await.unwrap(), Heard::Anything) {}
            until(&url, &count, "2").await;
        }
        publish(&publisher, id).await;
        let moved = told(&mut hearing).await;
        assert_eq!((moved.enterprises, moved.users), (vec![enterprise(HOME)], vec![user("7")]));
    }
    // It has rung already for what it published itself.
    publish(&reader, "c").await;
    assert_eq!(told(&mut own).await.enterprises, [enterprise(HOME)], "of the other's, not of its own two");
    drop((publisher, reader, hearing, own));
}
