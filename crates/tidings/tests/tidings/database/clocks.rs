//! A process whose clock is not that of the database serves, and says so.

use super::{cluster, is_missing, migrate};
use clap::Command;
use feed::time::Second;
use std::sync::Arc;
use tidings::boot::boot;
use tidings::clock::ManualClock;
use tidings::config::{Settings, table};

#[tokio::test]
async fn a_clock_that_is_not_the_database_s_is_told_by_readiness() {
    if is_missing() {
        return;
    }
    let database = cluster("clocks", "");
    let data = database.url("postgres");
    migrate(&data);
    let flags = ["tidings", "--data", &data, "--listen", "127.0.0.1:0"];
    let settings = Settings::load(&table::with_settings(Command::new("tidings")).get_matches_from(flags)).unwrap();
    // In the year 2033.
    let clock = Arc::new(ManualClock::at(Second(2_000_000_000)));
    let booted = boot(&settings, clock.clone()).await.unwrap();
    let services = booted.services.clone();
    let off = services.ready().await.unwrap().clock_off_s.unwrap();
    assert!(off > 0);
    // Set right, it is not spoken of any more.
    clock.set(Second((2_000_000_000 - off).try_into().unwrap()));
    assert_eq!(services.ready().await.unwrap().clock_off_s, None);
}
