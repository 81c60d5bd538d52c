//! One event as a draft gives it: every member checked, none yet filled in.
//!
//! The same checks serve both vocabularies, because strict readers look at the same members in both.

use super::check::shapes::{ACTOR, COLLABORATOR, PERSON};
use super::check::source::{self, Source};
use super::check::{Kept, Shape, is_id, twice};
use super::fault::{Checked, Fault, Shown};
use super::json::{Kind, Reader, Text, not_of_kind};
use crate::event::{EventType, FeedKind};

/// The members of one event of a draft. What is not given, or is null where null says nothing, is `None`.
#[derive(Default)]
pub(super) struct Given<'a> {
    pub(super) event_id: Option<Text<'a>>,
    pub(super) event_type: Option<Text<'a>>,
    pub(super) created_at: Option<Text<'a>>,
    pub(super) created_by: Option<&'a str>,
    pub(super) action_by: Option<&'a str>,
    pub(super) session_id: Option<&'a str>,
    pub(super) source: Source<'a>,
    pub(super) ip_address: Option<&'a str>,
    pub(super) additional_details: Option<&'a str>,
    pub(super) accessible_by: Option<&'a str>,
    /// Whether `recorded_at` was given. Its value is never used: that time is the server's.
    pub(super) has_recorded_at: bool,
    /// The feed it says it is for.
    pub(super) feed: Option<FeedKind>,
    /// Members nobody knows, in their order; they go to readers as they are.
    pub(super) extra: Vec<(Text<'a>, &'a str)>,
    pub(super) kept: Kept<'a>,
    /// Bit by bit, which of the members known have been read.
    seen: u16,
}

/// The members known.
#[derive(Clone, Copy)]
enum Known {
    Type,
    EventId,
    CreatedBy,
    CreatedAt,
    RecordedAt,
    EventType,
    SessionId,
    Source,
    ActionBy,
    IpAddress,
    AdditionalDetails,
    AccessibleBy,
    Feed,
}

impl Known {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "type" => Known::Type,
            "event_id" => Known::EventId,
            "created_by" => Known::CreatedBy,
            "created_at" => Known::CreatedAt,
            "recorded_at" => Known::RecordedAt,
            "event_type" => Known::EventType,
            "session_id" => Known::SessionId,
            "source" => Known::Source,
            "action_by" => Known::ActionBy,
            "ip_address" => Known::IpAddress,
            "additional_details" => Known::AdditionalDetails,
            "accessible_by" => Known::AccessibleBy,
            "feed" => Known::Feed,
            _ => return None,
        })
    }
}

impl<'a> Given<'a> {
    /// Reads an event that is an object of its own.
    pub(super) fn read(reader: &mut Reader<'a>) -> Checked<Self> {
        let mut given = Given::default();
        given.fill(reader)?;
        Ok(given)
    }

    /// Reads an event that is an object of its own into its place, for it is large to move.
    pub(super) fn fill(&mut self, reader: &mut Reader<'a>) -> Checked<()> {
        let mut first = true;
        reader.enter_object()?;
        while let Some(name) = reader.member(&mut first)? {
            self.member(name, reader)?;
        }
        Ok(())
    }

    /// Reads one member, at whose value the reader is.
    pub(super) fn member(&mut self, name: Text<'a>, reader: &mut Reader<'a>) -> Checked<()> {
        let value = name.value();
        self.take(&value, name, reader).map_err(|fault| fault.under(&value))
    }

    /// The event type, which every event must have.
    pub(super) fn type_text(&self) -> Checked<Text<'a>> {
        self.event_type.ok_or_else(no_type)
    }

    fn take(&mut self, known: &str, name: Text<'a>, reader: &mut Reader<'a>) -> Checked<()> {
        let Some(member) = Known::of_name(known) else {
            if self.extra.iter().any(|(other, _)| other.value() == known) {
                return Err(twice());
            }
            self.extra.push((name, reader.raw()?));
            return Ok(());
        };
        let bit = 1 << member as u16;
        if self.seen & bit != 0 {
            return Err(twice());
        }
        self.seen |= bit;
        match member {
            Known::Type => self.object_type(reader)?,
            Known::EventId => self.event_id = text_or_null(reader, "an id", id)?,
            Known::EventType => self.event_type = Some(typed(reader)?),
            Known::CreatedAt => {
                self.created_at = text_or_null(reader, "a time such as '2025-05-14T02:09:05-07:00'", any)?;
            }
            Known::CreatedBy => {
                // Null says as little as nothing; both become the anonymous user.
                let given = self.person(reader, &ACTOR)?;
                self.created_by = given.filter(|raw| *raw != "null");
            }
            Known::RecordedAt => {
                self.has_recorded_at = true;
                reader.skip()?;
            }
            Known::SessionId => self.session_id = Some(raw_text_or_null(reader)?),
            Known::Source => self.source = source::read(reader, &mut self.kept)?,
            Known::ActionBy => self.action_by = self.person(reader, &PERSON)?,
            Known::IpAddress => self.ip_address = text_or_null(reader, "a string", any)?.map(|text| text.raw),
            Known::AdditionalDetails => self.additional_details = Some(map_or_null(reader)?),
            Known::AccessibleBy => {
                let start = begin(reader)?;
                COLLABORATOR.check(reader, &mut self.kept)?;
                self.accessible_by = Some(reader.since(start));
            }
            Known::Feed => self.feed = Some(feed(reader)?),
        }
        Ok(())
    }

    fn object_type(&self, reader: &mut Reader<'a>) -> Checked<()> {
        match text_or_null(reader, "'event'", any)? {
            Some(word) if !word.is("event") => {
                Err(Fault::new(format!("must be 'event', but is {}", Shown(&word.value()))))
            }
            _ => Ok(()),
        }
    }

    fn person(&mut self, reader: &mut Reader<'a>, shape: &Shape) -> Checked<Option<&'a str>> {
        let start = begin(reader)?;
        if !reader.null()? {
            shape.check(reader, &mut self.kept)?;
        }
        Ok(Some(reader.since(start)))
    }
}

/// The fault of an event that does not say what happened.
pub(super) fn no_type() -> Fault {
    Fault::new("is missing; name what happened, such as \"ITEM_UPLOAD\" or \"LOGIN\"").under("event_type")
}

/// The place of the next value's first byte.
fn begin<'a>(reader: &mut Reader<'a>) -> Checked<Reader<'a>> {
    reader.kind()?;
    Ok(*reader)
}

/// Reads a string that may be left out, for which null counts the same.
fn text_or_null<'a>(
    reader: &mut Reader<'a>,
    wanted: &str,
    check: impl FnOnce(Text<'a>) -> Checked<()>,
) -> Checked<Option<Text<'a>>> {
    if reader.null()? {
        return Ok(None);
    }
    match reader.kind()? {
        Kind::Text => {}
        other => return Err(not_of_kind(wanted, other)),
    }
    let text = reader.string()?;
    check(text)?;
    Ok(Some(text))
}

fn any(_: Text<'_>) -> Checked<()> {
    Ok(())
}

fn id(text: Text<'_>) -> Checked<()> {
    let value = text.value();
    if is_id(&value) {
        return Ok(());
    }
    Err(Fault::new(format!("is {}, but an id is 1 to 64 visible ASCII characters", Shown(&value))))
}

fn typed<'a>(reader: &mut Reader<'a>) -> Checked<Text<'a>> {
    let text = reader.text()?;
    match EventType::check(&text.value()) {
        Ok(()) => Ok(text),
        Err(bad) => Err(Fault::new(format!("is {}, but {bad}", Shown(&text.value())))),
    }
}

fn raw_text_or_null<'a>(reader: &mut Reader<'a>) -> Checked<&'a str> {
    match reader.kind()? {
        Kind::Text | Kind::Null => reader.raw(),
        other => Err(not_of_kind("a string or null", other)),
    }
}

fn map_or_null<'a>(reader: &mut Reader<'a>) -> Checked<&'a str> {
    match reader.kind()? {
        Kind::Object | Kind::Null => reader.raw(),
        other => Err(not_of_kind("an object or null", other)),
    }
}

fn feed(reader: &mut Reader<'_>) -> Checked<FeedKind> {
    let word = reader.text()?.value();
    [FeedKind::User, FeedKind::Enterprise]
        .into_iter()
        .find(|kind| kind.name() == word)
        .ok_or_else(|| Fault::new(format!("must be 'user' or 'enterprise', but is {}", Shown(&word))))
}
