//! The body of a publish: one draft, a list of them, or one on each line.

use super::draft::{self, Desk};
use super::fault::Fault;
use super::json::{Kind, Reader};
use super::refusal::{BadDraft, Refused};
use super::{Format, Rules};
use crate::event::Event;
use crate::limits::{PUBLISH_BYTES_MAX, PUBLISH_DRAFTS_MAX, REFUSED_DRAFTS_MAX};
use crate::time::Second;

/// Reads the drafts of a publish. All are taken, or none.
///
/// An empty body and an empty list are legal and hold no drafts. Blank lines between drafts are passed over.
///
/// # Errors
/// [`Refused`]: the body is too large, cannot be read at all, or has bad drafts, listed with place, field and reason.
pub fn read(
    body: &[u8],
    format: Format,
    rules: &Rules<'_>,
    now: Second,
    ids: &mut dyn FnMut() -> [u8; 20],
) -> Result<Vec<Event>, Refused> {
    read_as(body, format, Desk { rules, now, ids, hearers: 0, history: false })
}

/// Reads history from elsewhere (design, section 7): bare events of the enterprise feed, each with the id and the time
/// that it has had. They are heard by nobody and change nothing in the directory.
///
/// # Errors
/// [`Refused`], as [`read`].
pub fn read_history(body: &[u8], format: Format, rules: &Rules<'_>, now: Second) -> Result<Vec<Event>, Refused> {
    // No id is ever made for what has one.
    let ids = &mut || [0; 20];
    read_as(body, format, Desk { rules, now, ids, hearers: 0, history: true })
}

fn read_as(body: &[u8], format: Format, desk: Desk<'_>) -> Result<Vec<Event>, Refused> {
    if body.len() > PUBLISH_BYTES_MAX {
        return Err(Refused::TooLarge { bytes: body.len() });
    }
    let text = text_of(body)?;
    let mut batch = Batch {
        // A guess; events are seldom shorter, and the bound keeps a large body from reserving more than it can fill.
        events: Vec::with_capacity((body.len() / 1024 + 1).min(PUBLISH_DRAFTS_MAX)),
        bad: Vec::new(),
        drafts: 0,
        stopped: false,
        desk,
    };
    match format {
        Format::Json => batch.json(text)?,
        Format::Ndjson => batch.lines(text)?,
    }
    if batch.bad.is_empty() {
        Ok(batch.events)
    } else {
        Err(Refused::Drafts { bad: batch.bad, stopped: batch.stopped })
    }
}

/// The body as text.
fn text_of(body: &[u8]) -> Result<&str, Refused> {
    // The quick check tells good from bad, the other one where it is bad.
    let text = simdutf8::basic::from_utf8(body).or_else(|_| std::str::from_utf8(body));
    let text = text.map_err(|bad| {
        let reason = format!("the body is not UTF-8 from byte {} on; publish JSON in UTF-8", bad.valid_up_to());
        Refused::Unreadable { reason }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

struct Batch<'r> {
    events: Vec<Event>,
    bad: Vec<BadDraft>,
    drafts: usize,
    stopped: bool,
    desk: Desk<'r>,
}

impl Batch<'_> {
    fn json(&mut self, text: &str) -> Result<(), Refused> {
        let mut reader = Reader::new(text);
        if reader.is_at_end() {
            return Ok(());
        }
        match reader.kind() {
            Ok(Kind::Object) => {
                if !self.draft(&mut reader)? {
                    return Ok(());
                }
            }
            Ok(Kind::List) => {
                if !self.list(&mut reader)? {
                    return Ok(());
                }
            }
            _ => {
                let reason = "the body must be a draft, which is an object, or a list of drafts".into();
                return Err(Refused::Unreadable { reason });
            }
        }
        if reader.is_at_end() {
            return Ok(());
        }
        let reason = "the body goes on after its end; to publish one draft on each line, send it as \
                      application/x-ndjson";
        Err(Refused::Unreadable { reason: reason.into() })
    }

    /// Reads a list of drafts; false if its end was not reached.
    fn list(&mut self, reader: &mut Reader<'_>) -> Result<bool, Refused> {
        let mut first = true;
        let mut unreadable = |fault: Fault| Refused::Unreadable { reason: format!("the body {}", fault.into_reason()) };
        reader.enter_list().map_err(&mut unreadable)?;
        loop {
            match reader.entry(&mut first) {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                // What comes after the last draft is nobody's; if drafts were bad before, they are the better answer.
                Err(fault) if self.bad.is_empty() => return Err(unreadable(fault)),
                Err(_) => {
                    self.stopped = true;
                    return Ok(false);
                }
            }
            let start = *reader;
            let good = self.draft(reader)?;
            if self.stopped {
                return Ok(false);
            }
            if !good {
                *reader = start;
                if reader.skip().is_err() {
                    self.stopped = true;
                    return Ok(false);
                }
            }
        }
    }

    fn lines(&mut self, text: &str) -> Result<(), Refused> {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
        let mut from = 0;
        for end in ends {
            let line = &text[std::mem::replace(&mut from, end + 1)..end];
            let mut reader = Reader::new(line);
            if reader.is_at_end() {
                continue;
            }
            if self.draft(&mut reader)? && !reader.is_at_end() {
                let reason = "has more text after it on its line; put each draft on a line of its own";
                self.note(self.drafts - 1, Fault::new(reason));
            }
            if self.stopped {
                break;
            }
        }
        Ok(())
    }

    /// Reads a draft; false if it is bad.
    fn draft(&mut self, reader: &mut Reader<'_>) -> Result<bool, Refused> {
        if self.drafts == PUBLISH_DRAFTS_MAX {
            return Err(Refused::TooManyDrafts);
        }
        let index = self.drafts;
        self.drafts += 1;
        match reader.afresh(|reader| draft::read(reader, &mut self.desk)) {
            Ok(event) => {
                // Once a draft is bad nothing will be published, so later ones are only looked at.
                if self.bad.is_empty() {
                    self.events.push(event);
                }
                Ok(true)
            }
            Err(_) if self.desk.has_too_many_hearers() => Err(Refused::TooManyHearers),
            Err(fault) => {
                self.note(index, fault);
                Ok(false)
            }
        }
    }

    fn note(&mut self, index: usize, fault: Fault) {
        self.bad.push(BadDraft { index, field: fault.field(), reason: fault.into_reason() });
        self.stopped |= self.bad.len() == REFUSED_DRAFTS_MAX;
    }
}
