//! A reader who waits at one process hears of what is published at another.

use super::session::Session;
use super::{Stage, cluster, is_missing};

/// The connections that listen.
const LISTENING: &str = "FROM pg_stat_activity WHERE application_name = 'tidings' AND query LIKE 'LISTEN %'";

#[test]
fn a_long_poll_is_answered_after_a_publish_elsewhere_whatever_became_of_the_listening_connection() {
    if is_missing() {
        return;
    }
    let database = cluster("waking", "");
    let data = database.url("postgres");
    let stage = Stage::set("waking", &[&data, &data], &[]);
    let scene = &stage.scene;
    let mut looking = Session::open(&data);
    let count = format!("SELECT count(*) {LISTENING}");
    let draft = |id: &str| format!(r#"{{"enterprise":{{"event_id":"{id}","event_type":"LOGIN"}}}}"#);
    let stream = "stream_type=admin_logs_streaming";

    let round = |id: &str, meanwhile: &mut dyn FnMut()| {
        let now = scene.read(1, &format!("/2.0/events?{stream}&stream_position=now"));
        let position = now["next_stream_position"].to_string().replace('"', "");
        std::thread::scope(|threads| {
            let poll = threads.spawn(|| scene.wait_at(1, &position));
            scene.until_waiting(1, 1);
            meanwhile();
            assert_eq!(scene.publish_at(0, &draft(id)), 200);
            assert_eq!(poll.join().unwrap()["message"], "new_change");
        });
        let page = scene.read(1, &format!("/2.0/events?{stream}&stream_position={position}"));
        assert_eq!(page["entries"][0]["event_id"], id);
    };
    looking.until(&count, "2");
    round("told", &mut || ());
    // Nobody listens when it is published: who waits looks by themselves.
    round("missed", &mut || drop(looking.ask(&format!("SELECT pg_terminate_backend(pid) {LISTENING}"))));
    // And then they listen again.
    looking.until(&count, "2");
    round("told-again", &mut || ());
}
