//! Makes the missing rendering of a deed from the one that a draft gives, where that can be done faithfully: the
//! name of the counterpart, and a source that needs nothing invented.
//!
//! A whole file or folder can be thinned for the enterprise feed; a thin item cannot be made whole again, so the
//! other way round only a source that is whole already, or a user, will do.

use super::check::Keep;
use super::check::source::SourceShape;
use super::given::Given;
use crate::catalogue::{Catalogue, KnownType, SourceKind};
use crate::event::{EventType, FeedKind};
use crate::id::{EnterpriseId, EventId};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// What the other rendering differs in.
pub(super) struct Derived<'a> {
    pub(super) event_type: EventType,
    pub(super) source: Option<Cow<'a, str>>,
}

/// The rendering for the other feed, if `given` of the feed `from` can give it.
pub(super) fn other<'a>(given: &Given<'a>, from: FeedKind, catalogue: &Catalogue) -> Option<Derived<'a>> {
    let known = catalogue.find(from, &given.event_type?.value())?;
    let event_type = known.derives.clone()?;
    if !is_of_kind(given.source.shape, known) {
        return None;
    }
    let source = match (from, given.source.shape) {
        (FeedKind::User, SourceShape::File | SourceShape::Folder) => Some(Cow::Owned(thin(given)?)),
        _ => given.source.raw.map(Cow::Borrowed),
    };
    Some(Derived { event_type, source })
}

/// Whether the source given is one that the type speaks of, and whole.
fn is_of_kind(shape: SourceShape, known: &KnownType) -> bool {
    match known.source {
        SourceKind::File => shape == SourceShape::File,
        SourceKind::Folder => shape == SourceShape::Folder,
        SourceKind::Item => shape.is_whole_item(),
        SourceKind::FileOrNone => matches!(shape, SourceShape::File | SourceShape::Null),
        SourceKind::User => shape == SourceShape::User,
        SourceKind::Other => shape.is_whole_item() || shape == SourceShape::User,
        _ => false,
    }
}

/// The thin item of a whole file or folder; `None` without a name, which readers of the thin one need.
fn thin(given: &Given<'_>) -> Option<String> {
    let kept = |what| given.kept.get(what).map(|text| text.raw);
    let (id, name) = (kept(Keep::Id)?, kept(Keep::Name)?);
    let item_type = if given.source.shape == SourceShape::File { "file" } else { "folder" };
    let mut source = String::with_capacity(256 + id.len() + name.len());
    let mut write = |parts: &[&str]| parts.iter().for_each(|part| source.push_str(part));
    write(&["{\"item_type\":\"", item_type, "\",\"item_id\":", id, ",\"item_name\":", name, ",\"parent\":"]);
    match (kept(Keep::ParentId), kept(Keep::ParentName)) {
        (Some(id), Some(name)) => write(&["{\"type\":\"folder\",\"name\":", name, ",\"id\":", id, "}"]),
        (Some(id), None) => write(&["{\"type\":\"folder\",\"id\":", id, "}"]),
        _ => write(&["null"]),
    }
    if let Some(owner) = kept(Keep::Owner) {
        write(&[",\"owned_by\":", owner]);
    }
    write(&["}"]);
    Some(source)
}

/// The id of the rendering for `feed`, when only that of the other rendering is known. The same deed published again
/// has the same id again, and so is recognised in both feeds.
pub(super) fn id_from(other: &EventId, feed: FeedKind, enterprise: &EnterpriseId) -> EventId {
    let mut hash = Sha256::new();
    // Ids hold no blanks, so the parts cannot run into each other.
    for part in ["tidings event id", " ", enterprise.as_str(), " ", feed.name(), " ", other.as_str()] {
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[..20]);
    id_of(bytes, feed)
}

/// An id made of 20 bytes, in the form that ids of this kind of feed have: 40 hexadecimal digits, or a UUID.
pub(super) fn id_of(mut bytes: [u8; 20], feed: FeedKind) -> EventId {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if feed == FeedKind::Enterprise {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
    }
    let count = if feed == FeedKind::Enterprise { 16 } else { 20 };
    let mut text = String::with_capacity(40);
    for (index, byte) in bytes[..count].iter().enumerate() {
        if feed == FeedKind::Enterprise && matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    EventId::new(&text).expect("hexadecimal digits and hyphens are visible ASCII, and these are 36 or 40")
}
