//! The source of an event: which of its shapes it has, and the check by that shape (protocol, section 12).
//!
//! Readers choose a strict parser by `type`, then by `item_type`; everything else is a free object to them, and
//! passes here. Of a free object the server keeps what it can use and is content with what it cannot.

use super::shapes::{ABOVE, APP_ITEM, FILE, FOLDER, OWNER, THIN, USER};
use super::{Keep, Kept, Shape, is_id, twice};
use crate::intake::fault::{Checked, Fault};
use crate::intake::json::{Kind, Reader, Text};

/// Which shape a source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::intake) enum SourceShape {
    /// Null, or not given.
    #[default]
    Null,
    File,
    Folder,
    User,
    AppItem,
    /// The thin item of the enterprise feed.
    Thin,
    /// Any other object.
    Free,
}

impl SourceShape {
    fn of_type(word: Text<'_>) -> Option<Self> {
        match &*word.value() {
            "file" => Some(SourceShape::File),
            "folder" => Some(SourceShape::Folder),
            "user" => Some(SourceShape::User),
            "app_item" => Some(SourceShape::AppItem),
            _ => None,
        }
    }

    fn rules(self) -> Option<&'static Shape> {
        match self {
            SourceShape::Null | SourceShape::Free => None,
            SourceShape::File => Some(&FILE),
            SourceShape::Folder => Some(&FOLDER),
            SourceShape::User => Some(&USER),
            SourceShape::AppItem => Some(&APP_ITEM),
            SourceShape::Thin => Some(&THIN),
        }
    }

    /// Whether it is a whole file or folder.
    pub(in crate::intake) fn is_whole_item(self) -> bool {
        matches!(self, SourceShape::File | SourceShape::Folder)
    }
}

/// The source of an event.
#[derive(Clone, Copy, Default)]
pub(in crate::intake) struct Source<'a> {
    pub(in crate::intake) shape: SourceShape,
    /// As given; `None` when it is not.
    pub(in crate::intake) raw: Option<&'a str>,
}

/// Reads a source and checks it by its shape.
pub(in crate::intake) fn read<'a>(reader: &mut Reader<'a>, kept: &mut Kept<'a>) -> Checked<Source<'a>> {
    match reader.kind()? {
        Kind::Null => {
            reader.null()?;
            return Ok(Source { shape: SourceShape::Null, raw: Some("null") });
        }
        Kind::Object => {}
        _ => return Err(Fault::new("must be an object or null: what it happened to")),
    }
    let start = *reader;
    let shape = match first_member(start)? {
        Some(shape) => shape,
        None => {
            let sketch = Sketch::read(reader)?;
            if sketch.shape == SourceShape::Free {
                sketch.keep_what_fits(kept);
            } else {
                *reader = start;
            }
            sketch.shape
        }
    };
    if let Some(rules) = shape.rules() {
        rules.check(reader, kept)?;
    }
    Ok(Source { shape, raw: Some(reader.since(start)) })
}

/// The shape, when the first member tells it. It nearly always does, and then the source is read only once.
fn first_member(mut ahead: Reader<'_>) -> Checked<Option<SourceShape>> {
    ahead.enter_object()?;
    let Some(name) = ahead.member(&mut true)? else { return Ok(Some(SourceShape::Free)) };
    if ahead.kind()? != Kind::Text {
        return Ok(None);
    }
    if name.is("type") {
        return Ok(SourceShape::of_type(ahead.text()?));
    }
    // A `type` further on is looked at by the rules for the thin item.
    Ok(name.is("item_type").then_some(SourceShape::Thin))
}

/// A source read without rules: which shape it has, and what may be of use if it has none.
#[derive(Default)]
struct Sketch<'a> {
    shape: SourceShape,
    file_id: Option<Reader<'a>>,
    folder_id: Option<Reader<'a>>,
    item: Option<Reader<'a>>,
    parent: Option<Reader<'a>>,
    owned_by: Option<Reader<'a>>,
}

impl<'a> Sketch<'a> {
    fn read(reader: &mut Reader<'a>) -> Checked<Self> {
        let mut sketch = Sketch { shape: SourceShape::Free, ..Sketch::default() };
        let (mut typed, mut thin, mut first) = (None, false, true);
        reader.enter_object()?;
        while let Some(name) = reader.member(&mut first)? {
            let here = *reader;
            match &*name.value() {
                "type" => {
                    let word = if reader.kind()? == Kind::Text { Some(reader.text()?) } else { None };
                    if typed.replace(word.and_then(SourceShape::of_type)).is_some() {
                        return Err(twice().under("type"));
                    }
                    *reader = here;
                }
                "item_type" | "item_id" | "item_name" => thin = true,
                "file_id" => sketch.file_id = Some(here),
                "folder_id" => sketch.folder_id = Some(here),
                "item" => sketch.item = Some(here),
                "parent" => sketch.parent = Some(here),
                "owned_by" => sketch.owned_by = Some(here),
                _ => {}
            }
            reader.skip().map_err(|fault| fault.under(&name.value()))?;
        }
        if let Some(Some(shape)) = typed {
            sketch.shape = shape;
        } else if thin {
            sketch.shape = SourceShape::Thin;
        }
        Ok(sketch)
    }

    /// Keeps the item, the folder above it and the owner, as far as they are what they seem to be.
    fn keep_what_fits(&self, kept: &mut Kept<'a>) {
        let id = |place: Option<Reader<'a>>| place.and_then(|mut place| place.text().ok());
        let inner = |place: Option<Reader<'a>>| place.and_then(id_within);
        let item = id(self.file_id).or_else(|| id(self.folder_id)).or_else(|| inner(self.item));
        if let Some(item) = item.filter(|item| is_id(&item.value())) {
            kept.put(Keep::Id, item);
        }
        let mut trial = Kept::default();
        if self.parent.is_some_and(|mut place| ABOVE.check(&mut place, &mut trial).is_ok()) {
            kept.above = trial.above;
            kept.rooted = trial.rooted;
        }
        let mut trial = Kept::default();
        if self.owned_by.is_some_and(|mut place| OWNER.check(&mut place, &mut trial).is_ok()) {
            kept.fill_from(&trial, &[Keep::OwnerId, Keep::OwnerName, Keep::OwnerLogin]);
        }
    }
}

/// The `id` of an object, if it has one.
fn id_within(mut reader: Reader<'_>) -> Option<Text<'_>> {
    reader.enter_object().ok()?;
    let mut first = true;
    while let Some(name) = reader.member(&mut first).ok()? {
        if name.is("id") {
            return reader.text().ok();
        }
        reader.skip().ok()?;
    }
    None
}
