//! Read auditing (setting `audit-reads`): who read the audit log is in the audit log.
//!
//! One event tells of all reads by the same reader from the same address in an hour: the first of them is recorded at
//! once, and the next event says how many there were since. A read that showed nothing is none. What is recorded wakes
//! nobody who waits for the enterprise feed (`service::watch`), so a reader who follows it is not kept awake by reading.

use super::Services;
use super::audit::{Deed, user_source};
use super::read::{Page, ReadError, ReadRequest};
use crate::auth::Caller;
use feed::filter::TypeFilter;
use feed::limits::{AUDITED_READERS_MAX, AUDITED_READS_S, PAGE_ENTRIES_DEFAULT};
use feed::position::{Position, Start};
use feed::stream_type::StreamType;
use feed::time::Second;
use rustc_hash::FxHashMap;
use serde_json::json;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The type of the events that tell of reads.
const EVENTS_READ: &str = "EVENTS_READ";

/// Who reads: the token, the stream, the address. Another token or address is news.
type Reader = (String, &'static str, Option<IpAddr>);

/// Reads since they were last recorded.
#[derive(Debug)]
struct Reads {
    recorded_at: Second,
    since: u64,
}

/// The reads that are yet to be told of.
#[derive(Debug, Default)]
pub struct AuditedReads {
    by_reader: Mutex<FxHashMap<Reader, Reads>>,
}

impl AuditedReads {
    /// Counts a read. Answers how many are to be recorded now, if any are.
    fn count(&self, reader: Reader, now: Second) -> Option<u64> {
        let mut by_reader = self.by_reader.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |reads: &Reads| now.0.abs_diff(reads.recorded_at.0) >= AUDITED_READS_S;
        if by_reader.len() >= AUDITED_READERS_MAX && !by_reader.contains_key(&reader) {
            by_reader.retain(|_, reads| !is_due(reads));
            if by_reader.len() >= AUDITED_READERS_MAX {
                // All are recorded anew: rather told twice than not at all.
                by_reader.clear();
            }
        }
        let Some(reads) = by_reader.get_mut(&reader) else {
            by_reader.insert(reader, Reads { recorded_at: now, since: 0 });
            return Some(1);
        };
        reads.since += 1;
        is_due(reads).then(|| {
            reads.recorded_at = now;
            std::mem::take(&mut reads.since)
        })
    }
}

impl Services {
    /// Reads a page, and takes note of it if reads are audited.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_and_tell(&self, caller: &Caller, request: &ReadRequest) -> Result<Page, ReadError> {
        let page = self.read(caller, request).await?;
        self.tell_of_read(caller, request.stream, page.count).await;
        Ok(page)
    }

    /// Takes note that a caller was shown so many events.
    pub(super) async fn tell_of_read(&self, caller: &Caller, stream: StreamType, shown: usize) {
        let (Some(audited), StreamType::Enterprise(_)) = (&self.audited_reads, stream) else { return };
        if shown == 0 {
            return;
        }
        let reader = (caller.token_id().to_owned(), stream.name(), caller.ip());
        let Some(reads) = audited.count(reader, self.clock.now()) else { return };
        self.audit(Deed {
            event_type: EVENTS_READ,
            enterprise: caller.enterprise(),
            actor: Some(caller.token_person()),
            ip: caller.ip(),
            source: user_source(caller.person()),
            details: json!({
                "stream_type": stream.name(), "reads": reads, "token_id": caller.token_id(),
                "service_id": caller.application(),
            }),
        })
        .await;
    }

    /// Whether there is anything after a position of an enterprise stream besides events that tell of reads, and where
    /// that was found out.
    pub(super) async fn look_past_reads(
        &self,
        caller: &Caller,
        stream: StreamType,
        start: Start,
    ) -> Result<(bool, Position), ReadError> {
        let mut request = ReadRequest::new(stream, start, PAGE_ENTRIES_DEFAULT);
        let reads_only = TypeFilter::parse(EVENTS_READ).unwrap_or_default();
        loop {
            let all = self.read(caller, &request).await?;
            if all.count == 0 {
                return Ok((false, all.next));
            }
            let reads = self.read(caller, &ReadRequest { types: reads_only.clone(), ..request.clone() }).await?;
            // The reads among them are as many as all of them, and end where they end: there is nothing else.
            if reads.count < all.count || reads.count == all.count && reads.next != all.next {
                return Ok((true, all.next));
            }
            if reads.count == all.count {
                request.start = Start::After(all.next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_reads_is_told_of_once() {
        let audited = AuditedReads::default();
        let reader = |token: &str| (token.to_owned(), "admin_logs", None);
        assert_eq!(audited.count(reader("a"), Second(10_000)), Some(1));
        for second in 0..AUDITED_READS_S {
            assert_eq!(audited.count(reader("a"), Second(10_000 + second)), None);
        }
        assert_eq!(audited.count(reader("b"), Second(10_001)), Some(1), "another's reads are their own");
        assert_eq!(audited.count(reader("a"), Second(10_000 + AUDITED_READS_S)), Some(u64::from(AUDITED_READS_S) + 1));
        assert_eq!(audited.count(reader("a"), Second(10_001 + AUDITED_READS_S)), None);
    }

    #[test]
    fn readers_do_not_pile_up() {
        let audited = AuditedReads::default();
        for n in 0..AUDITED_READERS_MAX + 10 {
            assert_eq!(audited.count((n.to_string(), "admin_logs", None), Second(10_000)), Some(1));
        }
        assert!(audited.by_reader.lock().unwrap().len() <= AUDITED_READERS_MAX);
    }
}
