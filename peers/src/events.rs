//! The events to be kept, as `tidings bench` writes them: one a line, its fields apart by tabs.
//!
//! ```text
//! id, time in seconds since 1970, type, users who hear it (apart by commas), user rendering, enterprise rendering
//! ```
//!
//! They are read once and handed over many times. Each time they get fresh ids, because ids occur once.

use std::io;
use std::path::Path;

/// Events in one commit.
pub(crate) const BATCH: usize = 500;
/// What stands before the id in a rendering.
const ID: &str = r#""event_id":""#;
/// So many characters at the beginning of an id are set anew.
const FRESH: usize = 16;

/// One event, with the id of this time.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: Vec<u8>,
    /// Seconds since 1970.
    pub(crate) time: String,
    pub(crate) event_type: String,
    /// Ids of users, which are numbers.
    pub(crate) hearers: Vec<String>,
    pub(crate) user: Vec<u8>,
    pub(crate) enterprise: Vec<u8>,
    /// Where the id stands in the renderings.
    id_at: [usize; 2],
}

/// Events of one commit.
pub(crate) struct Batch<'e> {
    pub(crate) events: &'e [Event],
    /// The position of the first; the others follow. Positions begin at 1.
    pub(crate) position: u64,
}

/// All events.
pub(crate) struct Events {
    batches: Vec<Vec<Event>>,
    handed_over: u64,
}

impl Events {
    /// Reads them from a file.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        Self::of(&text).map_err(|why| io::Error::other(format!("{}: {why}", path.display())))
    }

    /// Reads them from text. Events that fill no whole batch are left out.
    pub(crate) fn of(text: &str) -> Result<Self, String> {
        let mut batches = vec![Vec::with_capacity(BATCH)];
        for (number, line) in text.lines().enumerate() {
            let event = Event::of(line).ok_or_else(|| format!("line {} is no event", number + 1))?;
            match batches.last_mut() {
                Some(batch) if batch.len() < BATCH => batch.push(event),
                _ => batches.push(vec![event]),
            }
        }
        batches.retain(|batch| batch.len() == BATCH);
        if batches.is_empty() {
            return Err(format!("there are fewer than {BATCH} events"));
        }
        Ok(Events { batches, handed_over: 0 })
    }

    /// The next events, with ids that none had before.
    pub(crate) fn next_batch(&mut self) -> Batch<'_> {
        let first = self.handed_over + 1;
        self.handed_over += BATCH as u64;
        let next = (first as usize / BATCH) % self.batches.len();
        let events = &mut self.batches[next];
        for (event, number) in events.iter_mut().zip(first..) {
            event.name(number);
        }
        Batch { events, position: first }
    }
}

impl Event {
    fn of(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let mut field = || fields.next();
        let (id, time, event_type, hearers, user, enterprise) =
            (field()?, field()?, field()?, field()?, field()?, field()?);
        time.parse::<u32>().ok()?;
        let hearers: Vec<String> = hearers.split(',').map(str::to_owned).collect();
        hearers.iter().try_for_each(|user| user.parse::<u64>().map(drop)).ok()?;
        // Each rendering has an id of its own.
        let at = |rendering: &str| {
            let at = rendering.find(ID)? + ID.len();
            rendering.get(at..at + FRESH).map(|_| at)
        };
        let id_at = [at(user)?, at(enterprise)?];
        (id.len() >= FRESH && field().is_none()).then(|| Event {
            id: id.into(),
            time: time.to_owned(),
            event_type: event_type.to_owned(),
            hearers,
            user: user.into(),
            enterprise: enterprise.into(),
            id_at,
        })
    }

    /// Gives the event the id of a number, everywhere it stands.
    fn name(&mut self, number: u64) {
        // Ids that follow each other should not lie side by side in an index; no two numbers give the same.
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
        let fresh = format!("{mixed:0FRESH$x}");
        let [user_at, enterprise_at] = self.id_at;
        self.id[..FRESH].copy_from_slice(fresh.as_bytes());
        self.user[user_at..user_at + FRESH].copy_from_slice(fresh.as_bytes());
        self.enterprise[enterprise_at..enterprise_at + FRESH].copy_from_slice(fresh.as_bytes());
    }
}

/// Lines of so many events, for tests.
#[cfg(test)]
pub(crate) fn made_up(count: usize) -> String {
    let line = |n: usize| {
        let id = format!("0000000000000000-{n}");
        format!(
            "{id}\t1700000000\tUPLOAD\t3{n},31\t{{\"event_id\":\"{id}\",\"of\":\"user\"}}\t{{\"event_id\":\"another-id-of-{n:09}\"}}\n"
        )
    };
    (0..count).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_fresh_and_stand_in_both_renderings() {
        let mut events = Events::of(&made_up(2 * BATCH + 7)).unwrap();
        let mut ids = HashSet::new();
        for turn in 0..5 {
            let batch = events.next_batch();
            assert_eq!(batch.position, turn * BATCH as u64 + 1);
            for event in batch.events {
                let id = String::from_utf8(event.id.clone()).unwrap();
                assert!(String::from_utf8_lossy(&event.user).contains(&id));
                assert!(String::from_utf8_lossy(&event.enterprise).contains(&id[..FRESH]));
                assert!(ids.insert(id), "an id came twice");
            }
        }
    }

    #[test]
    fn lines_that_are_no_events_are_named() {
        let good = made_up(1);
        for (wrong, line) in [
            (good.replace('\t', " "), 1),
            (good.replace("1700000000", "yesterday"), 1),
            (format!("{good}{}", good.replace("31\t", "Ada\t")), 2),
            (good.replace("event_id", "id"), 1),
            (good.replace("another-id-of-", ""), 1),
        ] {
            let why = Events::of(&wrong).err().unwrap();
            assert_eq!(why, format!("line {line} is no event"), "{wrong}");
        }
        assert!(Events::of(&good).err().unwrap().contains("fewer"));
    }
}
