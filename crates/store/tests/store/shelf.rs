//! The shelf on which processes that share a database keep the files of reports.

use crate::contract::reports::report;
use crate::keeper::Keeper;
use crate::postgres::{Database, missing, options};
use store::postgres::PostgresStore;
use store::report_store::{ReportShelf, ReportStore};

/// Two processes on one database.
async fn two() -> Option<(Database, PostgresStore, PostgresStore)> {
    if missing() {
        return None;
    }
    let database = Database::new().await;
    let one = PostgresStore::open(&database.url(), options(5)).await.unwrap();
    let other = PostgresStore::open(&database.url(), options(5)).await.unwrap();
    Some((database, one, other))
}

#[tokio::test]
async fn what_one_process_puts_there_another_fetches_until_the_report_goes() {
    let Some((_database, one, other)) = two().await else { return };
    assert!(!one.put_piece("r", "a", 0, b"nobody asked").await.unwrap(), "there is no such report");
    assert!(one.add(report("r", "1", 1)).await.unwrap());
    for (file, number, piece) in [("a", 0, "one "), ("a", 1, "two"), ("b", 0, "three"), ("a", 0, "one ")] {
        assert!(one.put_piece("r", file, number, piece.as_bytes()).await.unwrap());
    }
    assert_eq!(other.piece("r", "a", 0).await.unwrap().unwrap(), b"one ");
    assert_eq!(other.piece("r", "a", 1).await.unwrap().unwrap(), b"two");
    assert_eq!(other.piece("r", "a", 2).await.unwrap(), None);
    let length = async |file| other.length("r", file).await.unwrap();
    assert_eq!((length("a").await, length("b").await, length("c").await), (Some(7), Some(5), None));
    other.keep_only("r", &["b".to_owned()]).await.unwrap();
    assert_eq!((length("a").await, length("b").await), (None, Some(5)));
    assert!(other.remove("r").await.unwrap());
    assert_eq!(length("b").await, None);
    assert!(!one.put_piece("r", "a", 0, b"too late").await.unwrap());
}

#[tokio::test]
async fn a_report_is_claimed_by_one_process_until_it_lets_go() {
    let Some((_database, one, other)) = two().await else { return };
    let claim = one.claim("r").await.unwrap();
    assert!(claim.is_some() && other.claim("r").await.unwrap().is_none());
    assert!(other.claim("another").await.unwrap().is_some());
    drop(claim);
    // The database lets go when it notices that the connection has ended, in a moment.
    let mut taken = other.claim("r").await.unwrap();
    while taken.is_none() {
        taken = other.claim("r").await.unwrap();
    }
    assert!(one.claim("r").await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_of_one_process_needs_none() {
    for stores in
        [crate::keeper::Memory::open(5).await.stores().clone(), crate::keeper::Embedded::open(5).await.stores().clone()]
    {
        assert!(stores.reports.shelf().is_none());
    }
}
