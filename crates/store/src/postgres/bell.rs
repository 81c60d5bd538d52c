//! Telling the other processes what grew, so that they wake readers who wait there.
//!
//! `NOTIFY` is sent after the commit and not within it: within, the database would let one transaction commit at a time.
//! What grew while one was being sent goes into the next. A ring is a hint: one that is lost, or a connection that is,
//! only delays, because everybody is rung now and then anyway.

use super::Inner;
use super::connect::{Address, read};
use super::directory::Copy;
use super::fault::Fault;
use super::lane::wait;
use super::patience::Pool;
use crate::ledger::Moved;
use feed::id::{EnterpriseId, ListId, UserId};
use futures_util::{StreamExt, stream};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Notification};

/// The channel that processes listen to.
const CHANNEL: &str = "tidings_moved";
/// Longest payload, in bytes; the database takes somewhat less than 8,000.
const PAYLOAD_BYTES_MAX: usize = 7_000;
/// Most payloads for what grew meanwhile; of more it is only said that something did.
const PAYLOADS_MAX: usize = 20;
/// Most rings that wait to be sent or to be heard; beyond them everybody is rung.
const RINGS_MAX: usize = 1_024;
/// How often everybody is rung who waits, whatever was heard.
const SLOW_POLL: Duration = Duration::from_secs(20);
/// How often while no connection listens, in milliseconds.
const DEAF_POLL_MS: u64 = 2_000;

/// What some process made grow.
#[derive(Debug, Clone)]
pub enum Heard {
    /// These feeds.
    Moved(Moved),
    /// It is not known which; every reader who waits should look.
    Anything,
}

/// What the other processes make grow, as it is heard.
#[derive(Debug)]
pub struct Hearing {
    rings: mpsc::Receiver<Heard>,
}

impl Hearing {
    /// The next ring; `None` when the store is closed.
    pub async fn next(&mut self) -> Option<Heard> {
        self.rings.recv().await
    }
}

/// What goes over the wire: who sends it and has rung already (or nobody), and the feeds.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Ring {
    from: String,
    users: Vec<UserId>,
    /// Lists by their names, because each process numbers them in its own order.
    lists: Vec<(EnterpriseId, String)>,
    enterprises: Vec<EnterpriseId>,
    anything: bool,
}

/// Sends rings, one batch after the other.
#[derive(Debug)]
pub(super) struct Sender {
    name: String,
    rings: mpsc::Sender<Ring>,
}

impl Sender {
    pub(super) async fn start(pool: Pool) -> Result<Self, Fault> {
        // The database gives the process a name that no other has.
        let named = read(&pool, "SELECT gen_random_uuid()::text", &[]).await?;
        let name: String = named.first().map(|row| row.get(0)).unwrap_or_default();
        let (rings, waiting) = mpsc::channel(RINGS_MAX);
        tokio::spawn(send(pool, waiting, name.clone()));
        Ok(Sender { name, rings })
    }

    /// Tells the other processes; this one rings by itself.
    pub(super) fn tell_others(&self, copy: &Copy, moved: &Moved) {
        let named = |(home, list): &(EnterpriseId, ListId)| Some((home.clone(), copy.directory.list_name(list)?));
        self.send(Ring {
            from: self.name.clone(),
            users: moved.users.clone(),
            lists: moved.lists.iter().filter_map(named).collect(),
            enterprises: moved.enterprises.clone(),
            anything: false,
        });
    }

    /// Tells all processes, this one as well, of users whose feeds grew.
    pub(super) fn tell_everybody(&self, moved: &Moved) {
        self.send(Ring { users: moved.users.clone(), ..Ring::default() });
    }

    fn send(&self, ring: Ring) {
        // When it is full, so many rings are under way that the slow poll may see to the rest.
        drop(self.rings.try_send(ring));
    }
}

/// Sends what waits, all of it together, again and again.
async fn send(pool: Pool, mut waiting: mpsc::Receiver<Ring>, name: String) {
    while let Some(first) = waiting.recv().await {
        let mut all = vec![first];
        while let Ok(next) = waiting.try_recv() {
            all.push(next);
        }
        let payloads = payloads(&all, &name);
        if let Err(fault) =
            read(&pool, "SELECT pg_notify($1, payload) FROM unnest($2::text[]) payload", &[&CHANNEL, &payloads]).await
        {
            tracing::debug!(%fault, "other processes could not be told what grew; they look by themselves");
        }
    }
}

/// The fewest payloads that say it all, those rung here already apart from the others.
fn payloads(rings: &[Ring], name: &str) -> Vec<String> {
    let mut payloads = Vec::new();
    for from in [name, ""] {
        let these = || rings.iter().filter(|ring| ring.from == from);
        let users: FxHashSet<&UserId> = these().flat_map(|ring| &ring.users).collect();
        let lists: FxHashSet<&(EnterpriseId, String)> = these().flat_map(|ring| &ring.lists).collect();
        let enterprises: FxHashSet<&EnterpriseId> = these().flat_map(|ring| &ring.enterprises).collect();
        let mut next = Ring { from: from.to_owned(), ..Ring::default() };
        let mut bytes = 0;
        let mut put = |next: &mut Ring, length: usize, full: bool| {
            bytes += length;
            if PAYLOAD_BYTES_MAX < bytes || full {
                let whole = std::mem::replace(next, Ring { from: from.to_owned(), ..Ring::default() });
                payloads.extend(serde_json::to_string(&whole));
                bytes = length;
            }
        };
        let is_empty = users.is_empty() && lists.is_empty() && enterprises.is_empty();
        for user in users {
            put(&mut next, 2 * user.as_str().len() + 8, false);
            next.users.push(user.clone());
        }
        for list in lists {
            put(&mut next, 2 * (list.0.as_str().len() + list.1.len()) + 16, false);
            next.lists.push(list.clone());
        }
        for enterprise in enterprises {
            put(&mut next, 2 * enterprise.as_str().len() + 8, false);
            next.enterprises.push(enterprise.clone());
        }
        if !is_empty {
            put(&mut next, 0, true);
        }
    }
    if PAYLOADS_MAX < payloads.len() {
        let anything = Ring { from: name.to_owned(), anything: true, ..Ring::default() };
        payloads = serde_json::to_string(&anything).into_iter().collect();
    }
    payloads
}

/// Begins to listen.
pub(super) fn listen(inner: &Arc<Inner>) -> Hearing {
    let (heard, rings) = mpsc::channel(RINGS_MAX);
    tokio::spawn(keep_listening(Arc::downgrade(inner), heard));
    Hearing { rings }
}

/// Listens on a connection of its own, and on another when that is lost, until nobody hears any more.
async fn keep_listening(inner: Weak<Inner>, heard: mpsc::Sender<Heard>) {
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let address = strong.listening.clone();
        drop(strong);
        if let Err(fault) = listen_once(&address, &inner, &heard).await {
            tracing::warn!(%fault, "not listening to the other processes; readers who wait look every two seconds");
        }
        // What was missed meanwhile is made up for by looking.
        if heard.send(Heard::Anything).await.is_err() {
            return;
        }
        wait(DEAF_POLL_MS).await;
    }
}

async fn listen_once(address: &Address, inner: &Weak<Inner>, heard: &mpsc::Sender<Heard>) -> Result<(), Fault> {
    let (client, mut connection) = address.connect().await?;
    let (told, mut notifications) = mpsc::channel::<Notification>(RINGS_MAX);
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    // Read on a task of its own, for the client is answered only while the connection is read.
    let reading = tokio::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(notification) = message {
                // When too many wait, the slow poll sees to the rest.
                drop(told.try_send(notification));
            }
        }
    });
    let _ending = Ending(reading);
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    // Between the last connection and this one anything may have been missed.
    let _ = heard.send(Heard::Anything).await;
    loop {
        match tokio::time::timeout(SLOW_POLL, notifications.recv()).await {
            Ok(Some(notification)) => {
                let Some(strong) = inner.upgrade() else { return Ok(()) };
                if let Some(ring) = understand(&strong, notification.payload()).await
                    && heard.send(ring).await.is_err()
                {
                    return Ok(());
                }
            }
            Ok(None) => return Err(Fault::NoConnection("the one for listening was lost".to_owned())),
            Err(_) => {
                let Some(strong) = inner.upgrade() else { return Ok(()) };
                strong.pool.within(async { Ok(client.batch_execute("SELECT 1").await?) }).await?;
                drop(strong);
                if inner.upgrade().is_none() || heard.send(Heard::Anything).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// Ends a task with its owner.
struct Ending(tokio::task::JoinHandle<()>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a payload means here; nothing if this process rang already.
async fn understand(inner: &Inner, payload: &str) -> Option<Heard> {
    let Ok(ring) = serde_json::from_str::<Ring>(payload) else { return Some(Heard::Anything) };
    if ring.from == inner.bell.name {
        return None;
    }
    if ring.anything {
        return Some(Heard::Anything);
    }
    let lists = if ring.lists.is_empty() {
        Vec::new()
    } else {
        // A list that is not known here is one that nobody here waits for.
        let copy = inner.directory.caught_up(&inner.pool).await.ok()?;
        let known =
            |(home, name): (EnterpriseId, String)| Some((home.clone(), copy.directory.list_named(&home, &name)?));
        ring.lists.into_iter().filter_map(known).collect()
    };
    Some(Heard::Moved(Moved { users: ring.users, lists, enterprises: ring.enterprises }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(from: &str, users: std::ops::Range<u32>) -> Ring {
        let user = |n: u32| UserId::new(&(10_000_000 + n).to_string()).unwrap();
        Ring { from: from.to_owned(), users: users.map(user).collect(), ..Ring::default() }
    }

    #[test]
    fn payloads_are_short_and_say_everything_once() {
        let made = payloads(&[ring("me", 0..1_000), ring("me", 500..1_500), ring("", 3..4)], "me");
        assert!(made.len() > 2 && made.iter().all(|payload| payload.len() < 8_000));
        let mut heard: Vec<(String, UserId)> = Vec::new();
        for payload in &made {
            let ring: Ring = serde_json::from_str(payload).unwrap();
            heard.extend(ring.users.into_iter().map(|user| (ring.from.clone(), user)));
        }
        heard.sort();
        let before = heard.len();
        heard.dedup();
        assert_eq!((before, heard.len()), (1_501, 1_501));
    }

    #[test]
    fn too_much_is_told_as_anything() {
        let made = payloads(&[ring("me", 0..100_000)], "me");
        let told: Vec<Ring> = made.iter().map(|payload| serde_json::from_str(payload).unwrap()).collect();
        assert!(told.len() == 1 && told[0].anything && told[0].from == "me");
        assert_eq!(payloads(&[ring("me", 0..0)], "me"), [""; 0]);
    }
}
