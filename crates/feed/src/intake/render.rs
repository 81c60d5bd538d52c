//! Writes the renderings: the exact bytes that readers get.
//!
//! The order of members is that of the protocol's examples (section 14). What a draft gave is copied as it stands.

use super::check::time::Moment;
use super::derive::SourceText;
use super::fault::{Checked, Fault};
use super::json::Text;
use crate::event::{EventType, FeedKind, Rendering};
use crate::id::EventId;
use crate::limits::EVENT_BYTES_MAX;
use crate::time::WIRE_TIME_BYTES;

/// The user who stands for everybody not signed in, as events name him (protocol, section 10).
pub(super) const ANONYMOUS: &str = r#"{"type":"user","id":"2","name":"Unknown User","login":""}"#;
/// The address of a deed that came from nowhere known.
const UNKNOWN_IP: &str = r#""Unknown IP""#;
/// Stands where the time of recording is written at the commit point.
const UNSTAMPED: [u8; WIRE_TIME_BYTES] = *b"0000-00-00T00:00:00+00:00";

/// What a rendering is made of, each part as JSON.
pub(super) struct Parts<'p> {
    pub(super) event_id: EventId,
    pub(super) event_type: EventType,
    /// The id as the draft wrote it, if it did.
    pub(super) id_text: Option<&'p str>,
    /// The type as the draft wrote it, if it did.
    pub(super) type_text: Option<&'p str>,
    pub(super) created_at: Moment,
    pub(super) created_by: Option<&'p str>,
    pub(super) session_id: Option<&'p str>,
    pub(super) source: SourceText<'p>,
    pub(super) action_by: Option<&'p str>,
    pub(super) ip_address: Option<&'p str>,
    pub(super) additional_details: Option<&'p str>,
    pub(super) accessible_by: Option<&'p str>,
    pub(super) extra: &'p [(Text<'p>, &'p str)],
}

/// An object being written, member by member.
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn with_room_for(parts: &Parts<'_>) -> Self {
        Writer { bytes: Vec::with_capacity(parts.capacity()) }
    }

    /// Writes a member: its name with what comes before and after it, such as `,"source":`.
    fn member(&mut self, name: &str, value: &str) {
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    fn given(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.member(name, value);
        }
    }

    /// Writes a word of visible ASCII, as the draft wrote it if it did.
    fn word(&mut self, name: &str, given: Option<&str>, word: &str) {
        if let Some(given) = given {
            return self.member(name, given);
        }
        self.member(name, "\"");
        // An operator's type may have a quote in its name.
        if word.contains(['"', '\\']) {
            let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
            self.bytes.extend_from_slice(escaped.as_bytes());
        } else {
            self.bytes.extend_from_slice(word.as_bytes());
        }
        self.bytes.push(b'"');
    }

    fn source(&mut self, name: &str, source: SourceText<'_>) {
        match source {
            SourceText::Whole(text) => self.member(name, text.unwrap_or("null")),
            SourceText::Thin(thin) => {
                self.bytes.extend_from_slice(name.as_bytes());
                thin.write(&mut self.bytes);
            }
        }
    }

    /// Writes a time and tells where it lies.
    fn time(&mut self, name: &str, time: &[u8; WIRE_TIME_BYTES]) -> Option<u32> {
        self.member(name, "\"");
        let offset = u32::try_from(self.bytes.len()).ok();
        self.bytes.extend_from_slice(time);
        self.bytes.push(b'"');
        offset
    }

    fn extra(&mut self, extra: &[(Text<'_>, &str)]) {
        for (name, value) in extra {
            self.member(",", name.raw);
            self.member(":", value);
        }
    }
}

impl Parts<'_> {
    /// The rendering for this kind of feed.
    pub(super) fn render(self, feed: FeedKind) -> Checked<Rendering> {
        match feed {
            FeedKind::User => self.for_users(),
            FeedKind::Enterprise => self.for_enterprise(),
        }
    }

    /// What user feeds get.
    fn for_users(self) -> Checked<Rendering> {
        let mut writer = Writer::with_room_for(&self);
        writer.word(r#"{"type":"event","event_id":"#, self.id_text, self.event_id.as_str());
        writer.member(r#","created_by":"#, self.created_by.unwrap_or(ANONYMOUS));
        let created_at = writer.time(r#","created_at":"#, &self.created_at.wire);
        let recorded_at = writer.time(r#","recorded_at":"#, &UNSTAMPED);
        writer.word(r#","event_type":"#, self.type_text, self.event_type.as_str());
        writer.member(r#","session_id":"#, self.session_id.unwrap_or("null"));
        writer.source(r#","source":"#, self.source);
        writer.given(r#","action_by":"#, self.action_by);
        writer.given(r#","ip_address":"#, self.ip_address);
        writer.given(r#","additional_details":"#, self.additional_details);
        writer.given(r#","accessible_by":"#, self.accessible_by);
        self.finish(writer, created_at, recorded_at)
    }

    /// What the enterprise feed gets.
    fn for_enterprise(self) -> Checked<Rendering> {
        let mut writer = Writer::with_room_for(&self);
        writer.source(r#"{"source":"#, self.source);
        writer.member(r#","created_by":"#, self.created_by.unwrap_or(ANONYMOUS));
        writer.member(r#","action_by":"#, self.action_by.unwrap_or("null"));
        let created_at = writer.time(r#","created_at":"#, &self.created_at.wire);
        writer.word(r#","event_id":"#, self.id_text, self.event_id.as_str());
        writer.word(r#","event_type":"#, self.type_text, self.event_type.as_str());
        writer.member(r#","ip_address":"#, self.ip_address.unwrap_or(UNKNOWN_IP));
        writer.member(r#","type":"event","session_id":"#, self.session_id.unwrap_or("null"));
        writer.member(r#","additional_details":"#, self.additional_details.unwrap_or("null"));
        writer.given(r#","accessible_by":"#, self.accessible_by);
        self.finish(writer, created_at, None)
    }

    fn finish(self, mut writer: Writer, created_at: Option<u32>, recorded_at: Option<u32>) -> Checked<Rendering> {
        writer.extra(self.extra);
        writer.bytes.push(b'}');
        let size = writer.bytes.len();
        if size > EVENT_BYTES_MAX {
            return Err(Fault::new(format!("has {size} bytes as readers get it; at most {EVENT_BYTES_MAX} are taken")));
        }
        Ok(Rendering {
            event_id: self.event_id,
            event_type: self.event_type,
            created_at: self.created_at.second,
            bytes: writer.bytes,
            recorded_at_offset: recorded_at,
            filled_created_at_offset: created_at.filter(|_| self.created_at.filled),
        })
    }

    /// At least as many bytes as the rendering will have.
    fn capacity(&self) -> usize {
        // More than all fixed names, times and default values together.
        const FIXED: usize = 400;
        let given = [
            self.created_by,
            self.session_id,
            self.action_by,
            self.ip_address,
            self.additional_details,
            self.accessible_by,
        ];
        let given: usize = given.into_iter().flatten().map(str::len).sum();
        let extra: usize = self.extra.iter().map(|(name, value)| name.raw.len() + value.len() + 2).sum();
        // A text in the draft may be longer than what it stands for, because of escapes.
        let word = |given: Option<&str>, word: &str| given.map_or(2 * word.len() + 2, str::len);
        let words = word(self.id_text, self.event_id.as_str()) + word(self.type_text, self.event_type.as_str());
        FIXED + words + self.source.size() + given + extra
    }
}
