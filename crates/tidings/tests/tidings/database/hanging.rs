//! A transaction that hangs while it holds the head row of an enterprise: others wait, then go on, and nothing is skipped.

use super::session::Session;
use super::{Stage, cluster, is_missing};

/// Whether anybody waits for a lock.
const WAITING: &str =
    "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'tidings' AND wait_event_type = 'Lock'";

#[test]
fn those_who_wait_for_a_transaction_that_hangs_go_on_when_it_is_given_up() {
    if is_missing() {
        return;
    }
    let database = cluster("hanging", "");
    let data = database.url("postgres");
    let stage = Stage::set("hanging", &[&data, &data], &[]);
    let scene = &stage.scene;
    let outcome = scene.play(|acknowledged| {
        acknowledged.phase();
        // As the program has it, only shorter: the database gives up a transaction in which nothing is asked.
        let mut hanging = Session::open(&data);
        hanging.ask("SET idle_in_transaction_session_timeout = '8s'");
        hanging.ask("BEGIN");
        assert_eq!(hanging.ask("SELECT count(*) FROM (SELECT FROM heads FOR UPDATE) h"), ["1"]);
        let mut looking = Session::open(&data);
        // At one of the processes or both: each publisher goes from one to the other.
        looking.until(WAITING, "t");
        // Readers do not wait for it.
        assert_eq!(scene.status(0, "/2.0/events?stream_type=admin_logs"), 200);
        assert_eq!(scene.status(1, "/2.0/events?stream_type=all"), 200);
        acknowledged.phase();
    });
    println!("{} acknowledged, each read once in every stream; {} sent again", outcome.acknowledged, outcome.refused);
}

#[test]
fn a_process_stopped_within_a_transaction_delays_the_others_and_finds_its_own_event_stored_once() {
    if is_missing() {
        return;
    }
    let database = cluster("stopped", "");
    let data = database.url("postgres");
    // A transaction in which nothing is asked is given up after half of it.
    let stage = Stage::set("stopped", &[&data, &data], &["--database-timeout", "6"]);
    let scene = &stage.scene;
    let draft = |id: &str, actor: &str| {
        format!(
            r#"{{"enterprise":{{"event_id":"{id}","event_type":"LOGIN","created_by":{{"type":"user","id":"{actor}","name":"A","login":"{actor}@x.example"}}}}}}"#
        )
    };
    // Who publishes of somebody new waits for the lock of people, holding that of the head.
    let mut holding = Session::open(&data);
    holding.ask("BEGIN");
    holding.ask("SELECT version FROM people_head FOR UPDATE");
    let mut looking = Session::open(&data);
    std::thread::scope(|threads| {
        let stopped = threads.spawn(|| scene.publish_at(0, &draft("of-the-stopped", "4711")));
        looking.until(WAITING, "t");
        stage.processes[0].signal("-STOP");
        holding.ask("COMMIT");
        looking.until("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'", "1");
        // It waits for the head until the database gives up what the stopped process began.
        assert_eq!(scene.publish_at(1, &draft("of-the-other", "4712")), 200);
        stage.processes[0].signal("-CONT");
        assert_eq!(stopped.join().unwrap(), 200);
    });
    let page = scene.read(1, "/2.0/events?stream_type=admin_logs_streaming&limit=500");
    let ids = page["entries"].as_array().unwrap().iter().filter_map(|entry| entry["event_id"].as_str());
    let ids: Vec<&str> = ids.filter(|id| id.starts_with("of-the-")).collect();
    assert_eq!(ids, ["of-the-other", "of-the-stopped"], "in the order in which they were recorded");
}
