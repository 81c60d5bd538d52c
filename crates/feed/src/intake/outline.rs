//! Reading a stored rendering again: the members that tables of events show, and its terms.
//!
//! Reports and summaries need them; readers of feeds do not, who get the bytes.

use super::check::{Keep, Kept};
use super::effects::{actor, texts};
use super::given::Given;
use super::json::{Kind, Reader, Text};
use super::terms;
use crate::directory::Person;
use crate::term::Term;
use crate::time::{ReadTime, Second};
use smol_str::SmolStr;
use std::borrow::Cow;

/// The members of an event that a table shows. What the event does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline<'a> {
    /// Its id.
    pub event_id: Cow<'a, str>,
    /// Its type.
    pub event_type: Cow<'a, str>,
    /// When it was done, as it says.
    pub created_at: Cow<'a, str>,
    /// The same as a second.
    pub created: Option<Second>,
    /// Who did it.
    pub actor: Option<Person>,
    /// The login of the application's account through which it was done.
    pub action_by: SmolStr,
    /// What kind of thing it happened to, such as `file` or `user`.
    pub source_type: SmolStr,
    /// The id of that.
    pub source_id: SmolStr,
    /// Its name.
    pub source_name: SmolStr,
    /// The folder next above it.
    pub parent_id: SmolStr,
    /// The name of that folder.
    pub parent_name: SmolStr,
    /// The login of its owner.
    pub owner_login: SmolStr,
    /// From where it was done.
    pub ip_address: Cow<'a, str>,
    /// The session.
    pub session_id: Cow<'a, str>,
    /// More of it, as JSON; empty if there is nothing.
    pub additional_details: &'a str,
}

fn given(rendering: &[u8]) -> Option<Given<'_>> {
    let text = std::str::from_utf8(rendering).ok()?;
    Given::read(&mut Reader::new(text)).ok()
}

/// Reads a stored rendering; `None` if it is none that intake made.
pub fn outline(rendering: &[u8]) -> Option<Outline<'_>> {
    let given = given(rendering)?;
    let value = |text: Option<Text<'_>>| text.map(|text| text.value().into_owned().into()).unwrap_or_default();
    let source = given.source.raw.unwrap_or("null");
    let [kind, id, name, item_type, item_id, item_name] =
        texts(source, ["type", "id", "name", "item_type", "item_id", "item_name"]);
    let [file_id, file_name, folder_id, folder_name] =
        texts(source, ["file_id", "file_name", "folder_id", "folder_name"]);
    let [user_id, user_name, group_id, group_name] = texts(source, ["user_id", "user_name", "group_id", "group_name"]);
    let implied = |id: &Option<SmolStr>, word: &'static str| id.as_ref().map(|_| SmolStr::new_static(word));
    let source_type = kind
        .or(item_type)
        .or(implied(&file_id, "file"))
        .or(implied(&folder_id, "folder"))
        .or(implied(&group_id, "group"))
        .or(implied(&user_id, "user"));
    let [parent_id, parent_name] = texts(member(source, "parent"), ["id", "name"]);
    let [owner_login] = texts(member(source, "owned_by"), ["login"]);
    let [action_by] = texts(given.action_by.unwrap_or("null"), ["login"]);
    let created_at = given.created_at.map(Text::value).unwrap_or_default();
    let who = actor(&given.kept);
    Some(Outline {
        event_id: given.event_id.map(Text::value).unwrap_or_default(),
        event_type: given.event_type.map(Text::value).unwrap_or_default(),
        created: ReadTime::parse(&created_at).ok().map(|time| time.second),
        created_at,
        actor: Some(who).filter(|_| given.kept.get(Keep::ActorId).is_some()),
        action_by: action_by.unwrap_or_default(),
        source_type: source_type.unwrap_or_default(),
        source_id: id
            .or(item_id)
            .or(file_id)
            .or(folder_id)
            .or(group_id)
            .or(user_id)
            .unwrap_or_else(|| value(given.kept.get(Keep::Id))),
        source_name: name.or(item_name).or(file_name).or(folder_name).or(group_name).or(user_name).unwrap_or_default(),
        parent_id: parent_id.unwrap_or_default(),
        parent_name: parent_name.unwrap_or_default(),
        owner_login: owner_login.unwrap_or_default(),
        ip_address: string(given.ip_address),
        session_id: string(given.session_id),
        additional_details: given.additional_details.filter(|raw| *raw != "null").unwrap_or_default(),
    })
}

/// The terms of a stored rendering of the enterprise feed, as far as it alone tells them: for events that were stored
/// before keepers kept them.
pub fn stored_terms(rendering: &[u8]) -> Vec<Term> {
    let Some(given) = given(rendering) else { return Vec::new() };
    let nobody = Kept::default();
    let kept = if given.kept.get(Keep::ActorId).is_some() { &given.kept } else { &nobody };
    let name = given.event_type.map(Text::value).unwrap_or_default();
    terms::of([Some(&given), None], &actor(kept).id, &[&name])
}

fn string(raw: Option<&str>) -> Cow<'_, str> {
    let Some(raw) = raw else { return Cow::Borrowed("") };
    let mut reader = Reader::new(raw);
    match reader.kind() {
        Ok(Kind::Text) => reader.text().map(Text::value).unwrap_or_default(),
        _ => Cow::Borrowed(""),
    }
}

/// The text of a member of an object; `null` if it has none of this name.
fn member<'a>(object: &'a str, wanted: &str) -> &'a str {
    let mut reader = Reader::new(object);
    let mut first = true;
    if reader.kind().is_ok_and(|kind| kind != Kind::Object) || reader.enter_object().is_err() {
        return "null";
    }
    while let Ok(Some(name)) = reader.member(&mut first) {
        let Ok(raw) = reader.raw() else { break };
        if name.is(wanted) {
            return raw;
        }
    }
    "null"
}
