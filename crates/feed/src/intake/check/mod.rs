//! Checks objects against shapes, and keeps the few members the server itself needs.
//!
//! A [`Shape`] is a table of what readers insist on (the strictest known ones: protocol, sections 12 and 18).
//! Whatever a shape does not name passes unseen: strict about what would break a reader, lenient about the rest.
//! One malformed event stops a strict reader at its page for ever, so this is the place to find it.

pub(super) mod shapes;
pub(super) mod source;
pub(super) mod time;

use super::fault::{Checked, Fault, Shown};
use super::json::{Kind, Next, Reader, Text, not_of_kind};
use crate::id::ItemId;
use crate::limits::{ID_BYTES_MAX, TEXT_BYTES_MAX};

/// What an object must look like.
pub(super) struct Shape {
    /// At most 64 of them, in the order in which drafts usually give them: finding a member starts after the last.
    members: &'static [Member],
    /// Bit by bit, which of them are required.
    required: u64,
}

/// One member of a shape.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) keep: Keep,
}

/// What a value must be.
pub(super) enum Form {
    Text,
    /// An id: 1 to 64 visible ASCII characters.
    Id,
    /// A string of decimal digits.
    Digits,
    /// A whole number that every reader keeps exact.
    Whole,
    Bool,
    /// A time in a form that every reader parses.
    Time,
    OneOf(&'static [&'static str]),
    /// A string, but none of these, because they promise another shape.
    NoneOf(&'static [&'static str]),
    Object(&'static Shape),
    ListOf(&'static Shape),
}

/// What the server keeps of a value, for the commit point or for the other rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    ActorId,
    ActorName,
    ActorLogin,
    /// The whole owner.
    Owner,
    OwnerId,
    OwnerName,
    OwnerLogin,
    /// Of the source: the item or the user.
    Id,
    Name,
    Login,
    ParentId,
    ParentName,
    /// A folder above the item, from the root down.
    Above,
}

const KEPT: usize = Keep::Above as usize;

/// The members kept of one event.
#[derive(Default)]
pub(super) struct Kept<'a> {
    slots: [Option<Text<'a>>; KEPT],
    /// The folders above the item, from the root down, without the root itself: that is everybody's own, so it tells
    /// nothing about who shares an item.
    pub(super) above: Vec<ItemId>,
    /// Whether that root was seen, so that nothing lies above the first of them.
    pub(super) rooted: bool,
}

/// The id of everybody's root folder.
pub(super) const ROOT_FOLDER: &str = "0";

impl<'a> Kept<'a> {
    pub(super) fn get(&self, what: Keep) -> Option<Text<'a>> {
        *self.slots.get(what as usize)?
    }

    fn put(&mut self, what: Keep, text: Text<'a>) {
        match what {
            Keep::Nothing => {}
            Keep::Above => self.put_above(&text.value()),
            what => {
                if let Some(slot) = self.slots.get_mut(what as usize) {
                    *slot = Some(text);
                }
            }
        }
    }

    pub(super) fn put_above(&mut self, id: &str) {
        if id == ROOT_FOLDER {
            self.rooted = true;
        } else if let Ok(id) = ItemId::new(id) {
            self.above.push(id);
        }
    }

    /// Takes what another reading kept, where this one has nothing.
    pub(super) fn fill_from(&mut self, other: &Kept<'a>, what: &[Keep]) {
        for keep in what {
            let index = *keep as usize;
            if let (Some(slot @ None), Some(found)) = (self.slots.get_mut(index), other.slots.get(index)) {
                *slot = *found;
            }
        }
    }
}

impl Shape {
    pub(super) const fn new(members: &'static [Member]) -> Self {
        assert!(members.len() <= 64, "the members of a shape are counted in 64 bits");
        let (mut required, mut at) = (0, 0);
        while at < members.len() {
            required |= (members[at].required as u64) << at;
            at += 1;
        }
        Shape { members, required }
    }

    /// The member of this name, looked for from `after` on and then from the start.
    fn find(&self, name: Text<'_>, after: usize) -> Option<usize> {
        let (early, late) = self.members.split_at(after.min(self.members.len()));
        let here = |member: &Member| name.is(member.name);
        late.iter().position(here).map(|at| at + early.len()).or_else(|| early.iter().position(here))
    }

    /// Reads an object that must have this shape.
    pub(super) fn check<'a>(&self, reader: &mut Reader<'a>, kept: &mut Kept<'a>) -> Checked<()> {
        reader.enter_object()?;
        let (mut first, mut after, mut seen) = (true, 0, 0_u64);
        loop {
            let at = match reader.member_expecting(self.members.get(after).map(|member| member.name), &mut first)? {
                Next::End => break,
                Next::Expected => after,
                Next::Other(name) => match self.find(name, after) {
                    Some(at) => at,
                    None => {
                        reader.skip().map_err(|fault| fault.under(&name.value()))?;
                        continue;
                    }
                },
            };
            let member = &self.members[at];
            if seen & 1 << at != 0 {
                return Err(twice().under(member.name));
            }
            seen |= 1 << at;
            after = at + 1;
            member.check(reader, kept).map_err(|fault| fault.under(member.name))?;
        }
        match self.required & !seen {
            0 => Ok(()),
            missing => Err(self.members[missing.trailing_zeros() as usize].missing()),
        }
    }
}

/// The fault of a member that is there twice, where the server would have to choose.
#[cold]
pub(super) fn twice() -> Fault {
    Fault::new("is there twice; leave one of them out")
}

impl Member {
    fn check<'a>(&self, reader: &mut Reader<'a>, kept: &mut Kept<'a>) -> Checked<()> {
        let found = reader.kind()?;
        if found != self.form.kind() {
            if found == Kind::Null && self.nullable {
                return reader.null().map(|_| ());
            }
            return Err(self.other_kind(found));
        }
        let start = *reader;
        match &self.form {
            Form::Object(shape) => {
                shape.check(reader, kept)?;
                if self.keep != Keep::Nothing {
                    kept.put(self.keep, Text::of_value(reader.since(start)));
                }
                Ok(())
            }
            Form::ListOf(shape) => {
                reader.enter_list()?;
                let (mut first, mut index) = (true, 0);
                while reader.entry(&mut first)? {
                    shape.check(reader, kept).map_err(|fault| fault.within(index))?;
                    index += 1;
                }
                Ok(())
            }
            Form::Bool => reader.boolean().map(|_| ()),
            Form::Whole => whole(reader.digits()?),
            form => {
                let text = reader.string()?;
                form.check_text(text)?;
                if self.keep != Keep::Nothing {
                    if text.raw.len() > TEXT_BYTES_MAX {
                        return Err(Fault::new(format!("is longer than {TEXT_BYTES_MAX} bytes; shorten it")));
                    }
                    kept.put(self.keep, text);
                }
                Ok(())
            }
        }
    }

    #[cold]
    fn missing(&self) -> Fault {
        Fault::new(format!("is missing; readers need it to be {}", self.form.words())).under(self.name)
    }

    #[cold]
    fn other_kind(&self, found: Kind) -> Fault {
        let hint = match (&self.form, found) {
            (Form::Id | Form::Digits, Kind::Number) => "; write it in quotes",
            (Form::Whole, Kind::Text) => "; write it without quotes",
            (_, Kind::Null) if !self.required => "; leave it out instead",
            _ => "",
        };
        Fault::new(not_of_kind(&self.form.words(), found).into_reason() + hint)
    }
}

impl Form {
    fn kind(&self) -> Kind {
        match self {
            Form::Text | Form::Id | Form::Digits | Form::Time | Form::OneOf(_) | Form::NoneOf(_) => Kind::Text,
            Form::Whole => Kind::Number,
            Form::Bool => Kind::Bool,
            Form::Object(_) => Kind::Object,
            Form::ListOf(_) => Kind::List,
        }
    }

    fn words(&self) -> String {
        match self {
            Form::Text | Form::NoneOf(_) => "a string".into(),
            Form::Id => format!("an id, a string of 1 to {ID_BYTES_MAX} visible ASCII characters"),
            Form::Digits => "a string of digits".into(),
            Form::Whole => "a whole number".into(),
            Form::Bool => "true or false".into(),
            Form::Time => "a time such as '2025-05-14T02:09:05-07:00'".into(),
            Form::OneOf([only]) => format!("'{only}'"),
            Form::OneOf(words) => format!("one of '{}'", words.join("', '")),
            Form::Object(_) => "an object".into(),
            Form::ListOf(_) => "a list of objects".into(),
        }
    }

    fn check_text(&self, text: Text<'_>) -> Checked<()> {
        if let Form::Text = self {
            return Ok(());
        }
        let value = text.value();
        let good = match self {
            Form::Id => is_id(&value),
            Form::Digits => (1..=18).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit()),
            Form::Time => time::every_reader_parses(&value),
            Form::OneOf(words) => words.contains(&&*value),
            Form::NoneOf(words) => !words.contains(&&*value),
            _ => true,
        };
        if good { Ok(()) } else { Err(self.other_text(&value)) }
    }

    #[cold]
    fn other_text(&self, found: &str) -> Fault {
        let found = Shown(found);
        match self {
            Form::NoneOf(_) => Fault::new(format!(
                "{found} promises a whole object, but this one has item_type, item_id or item_name; leave out either"
            )),
            _ => Fault::new(format!("must be {}, but is {found}", self.words())),
        }
    }
}

/// Whether a text can be an id.
pub(super) fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Checks that a number is whole and exact for readers that know only doubles.
fn whole(number: &str) -> Checked<()> {
    const EXACT_MAX: u64 = (1 << 53) - 1;
    match number.parse::<u64>() {
        Ok(value) if value <= EXACT_MAX => Ok(()),
        _ => {
            let found = Shown(number);
            Err(Fault::new(format!("must be a whole number from 0 to {EXACT_MAX}, but is {found}")))
        }
    }
}
