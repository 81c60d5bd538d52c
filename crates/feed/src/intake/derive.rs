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

/// What the other rendering differs in.
pub(super) struct Derived<'a> {
    pub(super) event_type: EventType,
    pub(super) source: SourceText<'a>,
}

/// The rendering for the other feed, if `given` of the feed `from` can give it.
pub(super) fn other<'a>(given: &Given<'a>, from: FeedKind, catalogue: &Catalogue) -> Option<Derived<'a>> {
    let known = catalogue.find(from, &given.event_type?.value())?;
    let event_type = known.derives.clone()?;
    if !is_of_kind(given.source.shape, known) {
        return None;
    }
    let source = match (from, given.source.shape) {
        (FeedKind::User, SourceShape::File | SourceShape::Folder) => SourceText::Thin(Thin::of(given)?),
        _ => SourceText::Whole(given.source.raw),
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

/// The source of a rendering.
#[derive(Clone, Copy)]
pub(super) enum SourceText<'a> {
    /// As it was given, if it was.
    Whole(Option<&'a str>),
    /// Made of a whole one.
    Thin(Thin<'a>),
}

/// The thin item of a whole file or folder, each part as JSON.
#[derive(Clone, Copy)]
pub(super) struct Thin<'a> {
    item_type: &'static str,
    id: &'a str,
    name: &'a str,
    parent_id: Option<&'a str>,
    parent_name: Option<&'a str>,
    owner: Option<&'a str>,
}

impl<'a> Thin<'a> {
    /// `None` without a name, which readers of the thin one need.
    fn of(given: &Given<'a>) -> Option<Self> {
        let kept = |what| given.kept.get(what).map(|text| text.raw);
        Some(Thin {
            item_type: if given.source.shape == SourceShape::File { "file" } else { "folder" },
            id: kept(Keep::Id)?,
            name: kept(Keep::Name)?,
            parent_id: kept(Keep::ParentId),
            parent_name: kept(Keep::ParentName),
            owner: kept(Keep::Owner),
        })
    }

    /// Writes the item.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        let Thin { item_type, id, name, .. } = self;
        let mut write = |parts: &[&str]| parts.iter().for_each(|part| to.extend_from_slice(part.as_bytes()));
        write(&["{\"item_type\":\"", item_type, "\",\"item_id\":", id, ",\"item_name\":", name, ",\"parent\":"]);
        match (self.parent_id, self.parent_name) {
            (Some(id), Some(name)) => write(&["{\"type\":\"folder\",\"name\":", name, ",\"id\":", id, "}"]),
            (Some(id), None) => write(&["{\"type\":\"folder\",\"id\":", id, "}"]),
            _ => write(&["null"]),
        }
        if let Some(owner) = self.owner {
            write(&[",\"owned_by\":", owner]);
        }
        write(&["}"]);
    }

    /// At least as many bytes as [`Thin::write`] writes.
    fn size(&self) -> usize {
        // More than all its names together.
        const FIXED: usize = 120;
        let given: usize = [self.parent_id, self.parent_name, self.owner].into_iter().flatten().map(str::len).sum();
        FIXED + self.id.len() + self.name.len() + given
    }
}

impl SourceText<'_> {
    /// At least as many bytes as it has.
    pub(super) fn size(&self) -> usize {
        match self {
            SourceText::Whole(text) => text.map_or(0, str::len),
            SourceText::Thin(thin) => thin.size(),
        }
    }
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
    let (mut text, mut length) = ([b'-'; 40], 0);
    for (index, byte) in bytes[..count].iter().enumerate() {
        // The hyphens are there already.
        length += usize::from(feed == FeedKind::Enterprise && matches!(index, 4 | 6 | 8 | 10));
        text[length] = DIGITS[usize::from(byte >> 4)];
        text[length + 1] = DIGITS[usize::from(byte & 15)];
        length += 2;
    }
    let text = std::str::from_utf8(&text[..length]).unwrap_or_default();
    EventId::new(text).expect("hexadecimal digits and hyphens are visible ASCII, and these are 36 or 40")
}
