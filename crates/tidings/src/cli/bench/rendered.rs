//! What intake makes of the made-up drafts: the events themselves, and the bytes that readers get.

use super::events::{Bundle, Deeds, Serials};
use crate::clock::{Clock, SystemClock};
use feed::catalogue::Catalogue;
use feed::event::Event;
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Rules};
use std::io::Write;
use std::path::Path;

/// The enterprise that everything happens in.
pub(super) fn enterprise() -> EnterpriseId {
    EnterpriseId::new("1").expect("a digit is visible ASCII")
}

/// Reads drafts as the server does.
pub(super) struct Intake {
    catalogue: Catalogue,
    enterprise: EnterpriseId,
}

impl Intake {
    pub(super) fn new() -> Self {
        Intake { catalogue: Catalogue::standard(), enterprise: enterprise() }
    }

    /// The events of a bundle, as of now, with fresh ids.
    pub(super) fn read(&self, bundle: &Bundle, serials: &Serials) -> Result<Vec<Event>, String> {
        let rules = Rules { catalogue: &self.catalogue, enterprise: &self.enterprise };
        let now = SystemClock.now();
        let body = bundle.fresh(serials, now);
        let events = intake::read(&body, Format::Ndjson, &rules, now, &mut || [0; 20]);
        events.map_err(|refused| format!("made-up events were refused: {refused}"))
    }
}

/// The renderings of events, one after the other.
pub(super) fn bytes(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(events.len() * 2_100);
    for rendering in events.iter().flat_map(|event| [&event.user, &event.enterprise]).flatten() {
        bytes.extend_from_slice(&rendering.bytes);
    }
    bytes
}

/// Bytes of an event of this seed, as readers get them in both feeds together: the mean.
pub(super) fn event_bytes(seed: u64) -> Result<usize, String> {
    const COUNT: usize = 5_000;
    let events = Intake::new().read(&Deeds::of(seed).bundle(COUNT), &Serials::default())?;
    Ok(bytes(&events).len() / COUNT)
}

/// Writes so many events to a file, for programs that keep them elsewhere: one a line, its fields apart by tabs. They
/// are the id, the time in seconds, the type, the ids of those who hear it, and both renderings.
pub(super) fn write(deeds: &mut Deeds, count: usize, path: &Path) -> Result<(), String> {
    let events = Intake::new().read(&deeds.bundle(count), &Serials::default())?;
    let written = || {
        let mut file = std::io::BufWriter::new(std::fs::File::create_new(path)?);
        for event in &events {
            let (Some(user), Some(enterprise)) = (&event.user, &event.enterprise) else { continue };
            let hearers: Vec<&str> = event.audience.iter().flatten().map(|id| id.as_str()).collect();
            let (id, time) = (user.event_id.as_str(), user.created_at.0);
            write!(file, "{id}\t{time}\t{}\t{}\t", enterprise.event_type.as_str(), hearers.join(","))?;
            file.write_all(&user.bytes)?;
            file.write_all(b"\t")?;
            file.write_all(&enterprise.bytes)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    written().map_err(|why| format!("{} cannot be written: {why}", path.display()))
}
