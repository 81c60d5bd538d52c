//! Publishing into a large directory: 100,000 users, 10,000 groups of ten, and a million collaborations on 100,000
//! folders, made as everything else is, by events.

use super::child::{READ_OWN, Server};
use super::client::{Ask, Connection, all, open};
use super::events::{Bundle, Deeds, Scene, person, user_id};
use super::goals;
use super::pages::head;
use super::plan::Plan;
use super::publish::{Publishers, USUAL};
use super::report::{Row, Unit};
use bytes::Bytes;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

const USERS: usize = 100_000;
const GROUPS: usize = 10_000;
const COLLABORATIONS: usize = 1_000_000;
/// Folders with an owner and four more, which deeds of five hearers happen in.
const SMALL_FOLDERS: usize = 1_000;
/// Hearers of a deed in one of those.
const HEARERS: usize = 5;
/// The folder that everybody is let in on.
const EVERYBODYS: &str = "199000000000";
/// Drafts in one publish while the directory is made.
const AT_ONCE: usize = 2_000;
/// Connections that make it.
const MAKERS: usize = 4;
/// Different publishes of each connection.
const BUNDLES: usize = 4;

/// Makes the directory, and measures.
pub(super) async fn measure(plan: &Plan, server: &Server, deeds: &mut Deeds) -> Result<Vec<Row>, String> {
    plan.progress.tell("making a large directory", 0);
    make(server).await?;
    let publishers = Publishers::of(server)?;
    check(server, &publishers, deeds).await?;
    let name = format!("publishing, {USUAL}, derived audience");
    let mut derived = Row::beside(name, Unit::EventsASecond, "audience named").with_goal(goals::DERIVED);
    let name = format!("publishing, {USUAL}, heard by {USERS}: each event");
    let mut by_all = Row::beside(name, Unit::Microseconds, "heard by 5").with_goal(goals::HEARD_BY_ALL);
    for round in 0..plan.rounds {
        let mut rates = Vec::with_capacity(4);
        for setting in [Setting::Derived, Setting::Named, Setting::Everybodys, Setting::Derived] {
            plan.progress.tell("publishing into a large directory", round);
            let bundles = setting.bundles(deeds);
            let span = plan.half_round();
            let (events, elapsed) = publishers.send(bundles, USUAL.batch, move |_, passed| passed < span).await?;
            rates.push(events as f64 / elapsed.as_secs_f64());
        }
        derived.round(rates[0], Some(rates[1]));
        by_all.round(1e6 / rates[2], Some(1e6 / rates[3]));
    }
    Ok(vec![derived, by_all])
}

/// Where deeds happen, and who says who hears them.
#[derive(Debug, Clone, Copy)]
enum Setting {
    Derived,
    Named,
    Everybodys,
}

impl Setting {
    fn bundle(self, deeds: &mut Deeds, first: usize, count: usize) -> Bundle {
        let places: Vec<_> = (first..first + count)
            .map(|number| {
                let folder = number % SMALL_FOLDERS;
                (small(folder), (0..HEARERS).map(|n| folder * HEARERS + n).collect::<Vec<_>>())
            })
            .collect();
        deeds.bundle_of(places.iter().map(|(folder, hearers)| Scene {
            event_type: "ITEM_UPLOAD",
            actor: hearers[0],
            owner: hearers[0],
            folder: Some(if let Setting::Everybodys = self { EVERYBODYS } else { folder }),
            audience: if let Setting::Named = self { Some(hearers) } else { None },
        }))
    }

    /// Those of all connections.
    fn bundles(self, deeds: &mut Deeds) -> Vec<Vec<Bundle>> {
        let mut first = 0;
        let mut next = || {
            first += USUAL.batch;
            self.bundle(deeds, first, USUAL.batch)
        };
        (0..USUAL.connections).map(|_| (0..BUNDLES).map(|_| next()).collect()).collect()
    }
}

fn small(number: usize) -> String {
    format!("{}", 198_000_000_000_usize + number)
}

/// Publishes a deed of each kind, and looks whether those hear it who should: else nothing worth a figure is measured.
async fn check(server: &Server, publishers: &Publishers, deeds: &mut Deeds) -> Result<(), String> {
    for (setting, rank) in [(Setting::Derived, HEARERS - 1), (Setting::Everybodys, USERS - 1)] {
        let bundle = setting.bundle(deeds, 0, 1);
        publishers.send(vec![vec![bundle]], 1, |sent, _| sent == 0).await?;
        let token = server.token_of(&user_id(rank), READ_OWN).await?;
        let ask = Ask::get("/2.0/events?stream_type=all&stream_position=0", Some(&token))?;
        let page = server.ask(&ask, Bytes::new()).await?;
        match head(&page) {
            Some((1, _)) => {}
            other => return Err(format!("of one event the user of rank {rank} should hear, and found {other:?}")),
        }
    }
    Ok(())
}

/// Publishes what makes the directory.
async fn make(server: &Server) -> Result<(), String> {
    let ask = Ask::publish(&server.token)?;
    // Users and groups first, so that collaborations are of somebody who is there.
    for (count, draft) in [(USERS, member as fn(usize, &mut String)), (COLLABORATIONS, collaboration)] {
        send(server, &ask, count, draft).await?;
    }
    send(server, &ask, SMALL_FOLDERS * (HEARERS - 1), |n, text| {
        let (folder, other) = (n / (HEARERS - 1), n % (HEARERS - 1) + 1);
        let_in(text, &small(folder), "user", folder * HEARERS + other, COLLABORATIONS + n);
    })
    .await?;
    send(server, &ask, USERS, |n, text| let_in(text, EVERYBODYS, "user", n, 2 * COLLABORATIONS + n)).await
}

/// Publishes so many drafts, each made from its number, on several connections.
async fn send(server: &Server, ask: &Ask, count: usize, draft: fn(usize, &mut String)) -> Result<(), String> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut connection in open(MAKERS, server.address).await? {
        let (ask, next) = (ask.clone(), next.clone());
        tasks.spawn(async move {
            loop {
                let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
                if count <= first {
                    return Ok(());
                }
                publish(&mut connection, &ask, first..count.min(first + AT_ONCE), draft).await?;
            }
        });
    }
    all(tasks).await.map(drop)
}

async fn publish(
    connection: &mut Connection,
    ask: &Ask,
    numbers: std::ops::Range<usize>,
    draft: fn(usize, &mut String),
) -> Result<(), String> {
    let mut body = String::new();
    for number in numbers {
        draft(number, &mut body);
        body.push('\n');
    }
    connection.count(ask, Bytes::from(body)).await.map(drop)
}

/// A user comes into a group; ten to a group.
fn member(n: usize, text: &mut String) {
    let group = n / (USERS / GROUPS);
    let (user, actor) = (person(n), person(0));
    // Writing to a string does not fail, here and below.
    let _ = write!(
        text,
        r#"{{"enterprise":{{"event_type":"GROUP_ADD_USER","created_by":{actor},"source":{user},"additional_details":{{"group_id":"{}","group_name":"Group {group}"}}}},"audience":[],"derive":false}}"#,
        group_id(group)
    );
}

/// Ten collaborations to a folder, the last of them a group's.
fn collaboration(n: usize, text: &mut String) {
    let folder = n / 10;
    let id = format!("{}", 197_000_000_000_usize + folder);
    if n % 10 == 9 {
        let_in(text, &id, "group", folder % GROUPS, n);
    } else {
        let_in(text, &id, "user", (folder * 7 + n * 13) % USERS, n);
    }
}

fn group_id(number: usize) -> String {
    format!("{}", 7_000_000 + number)
}

/// Somebody is let in on a folder.
fn let_in(text: &mut String, folder: &str, kind: &str, number: usize, collaboration: usize) {
    let actor = person(0);
    let whom = match kind {
        "group" => format!(r#"{{"type":"group","id":"{}","name":"Group {number}"}}"#, group_id(number)),
        _ => person(number),
    };
    let _ = write!(
        text,
        r#"{{"enterprise":{{"event_type":"COLLABORATION_INVITE","created_by":{actor},"source":{{"folder_id":"{folder}","folder_name":"Folder {folder}","parent":{{"type":"folder","name":"All Files","id":"0"}}}},"accessible_by":{whom},"additional_details":{{"collab_id":"{}","role":"Editor"}}}},"audience":[],"derive":false}}"#,
        40_000_000_000_usize + collaboration
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::rendered::enterprise;
    use feed::catalogue::Catalogue;
    use feed::directory::{Collaborator, Effect};
    use feed::intake::{self, Format, Rules};
    use feed::time::Second;

    #[test]
    fn what_is_published_makes_the_directory() {
        let mut body = String::new();
        member(25, &mut body);
        body.push('\n');
        collaboration(19, &mut body);
        body.push('\n');
        collaboration(20, &mut body);
        let (catalogue, enterprise) = (Catalogue::standard(), enterprise());
        let rules = Rules { catalogue: &catalogue, enterprise: &enterprise };
        let events = intake::read(body.as_bytes(), Format::Ndjson, &rules, Second(1_800_000_000), &mut || [7; 20]);
        let events = events.unwrap();
        assert!(events.iter().all(|event| event.user.is_none() && event.audience == Some(Vec::new())));
        let joined = |effect: &Effect| matches!(effect, Effect::Joined { user, group } if user.as_str() == user_id(25) && group.as_str() == "7000002");
        assert!(events[0].effects.iter().any(joined), "{:?}", events[0].effects);
        let lets_in = |effect: &Effect, wanted: &str| match effect {
            Effect::Collaborates { with: Collaborator::Group(group), .. } => group.as_str() == wanted,
            Effect::Collaborates { with: Collaborator::User(user), .. } => user.as_str() == wanted,
            _ => false,
        };
        assert!(events[1].effects.iter().any(|effect| lets_in(effect, "7000001")), "{:?}", events[1].effects);
        let user = user_id(2 * 7 + 20 * 13);
        assert!(events[2].effects.iter().any(|effect| lets_in(effect, &user)), "{:?}", events[2].effects);
    }
}
