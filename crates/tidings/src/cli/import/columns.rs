//! What the columns of a CSV file are: by their headings, or as the person says.

use feed::event::EventType;
use feed::time::ReadTime;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use std::collections::BTreeMap;

/// The place of a column in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    EventId,
    EventType,
    CreatedAt,
    ActorId,
    ActorName,
    ActorLogin,
    IpAddress,
    SessionId,
    ItemType,
    ItemId,
    ItemName,
    ParentId,
    ParentName,
    /// A member that is JSON as it stands: `source`, `created_by`, `action_by`, `additional_details`, `accessible_by`.
    Json(&'static str),
    /// A member of `additional_details`.
    Detail(String),
    /// Left out.
    Nothing,
}

/// Members with the headings that mean them, in lower case with `_` for whatever is no letter or digit. The first is how
/// `--map` calls it.
const HEADINGS: [(&str, Member, &[&str]); 18] = [
    ("event_id", Member::EventId, &[]),
    ("event_type", Member::EventType, &["event", "action", "event_name", "type_of_event"]),
    (
        "created_at",
        Member::CreatedAt,
        &["date", "time", "timestamp", "date_time", "datetime", "event_time", "event_date"],
    ),
    ("created_by.id", Member::ActorId, &["actor_id", "user_id"]),
    ("created_by.name", Member::ActorName, &["actor_name", "user_name", "actor", "user", "name"]),
    (
        "created_by.login",
        Member::ActorLogin,
        &["actor_login", "user_login", "user_email", "email", "login", "email_address"],
    ),
    ("ip_address", Member::IpAddress, &["ip"]),
    ("session_id", Member::SessionId, &[]),
    ("source.item_type", Member::ItemType, &["item_type", "source_type"]),
    ("source.item_id", Member::ItemId, &["item_id", "source_id", "affected_id", "file_id", "folder_id"]),
    ("source.item_name", Member::ItemName, &["item_name", "source_name", "item", "affected", "affected_name"]),
    ("source.parent.id", Member::ParentId, &["parent_id"]),
    ("source.parent.name", Member::ParentName, &["parent_name", "folder"]),
    ("source", Member::Json("source"), &[]),
    ("created_by", Member::Json("created_by"), &[]),
    ("action_by", Member::Json("action_by"), &[]),
    ("additional_details", Member::Json("additional_details"), &["details"]),
    ("accessible_by", Member::Json("accessible_by"), &[]),
];

/// What the words of other products' reports mean. A type's own name means itself, in any case and with blanks.
const TYPES: [(&str, &str); 20] = [
    ("uploaded", "UPLOAD"),
    ("downloaded", "DOWNLOAD"),
    ("previewed", "PREVIEW"),
    ("edited", "EDIT"),
    ("deleted", "DELETE"),
    ("restored", "UNDELETE"),
    ("copied", "COPY"),
    ("moved", "MOVE"),
    ("renamed", "RENAME"),
    ("locked", "LOCK"),
    ("unlocked", "UNLOCK"),
    ("shared", "SHARE"),
    ("unshared", "UNSHARE"),
    ("logged_in", "LOGIN"),
    ("failed_login_attempt", "FAILED_LOGIN"),
    ("created_user", "NEW_USER"),
    ("new_user_created", "NEW_USER"),
    ("edited_user", "EDIT_USER"),
    ("deleted_user", "DELETE_USER"),
    ("commented", "COMMENT_CREATE"),
];

/// How times are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    /// A format of `strptime`, if they are not RFC 3339.
    pub(super) format: Option<String>,
    /// Seconds east of UTC for times that name no offset.
    pub(super) offset_s: i32,
}

/// What columns and words mean.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    columns: BTreeMap<String, Member>,
    types: BTreeMap<String, String>,
    times: Times,
}

impl Mapping {
    /// What the person says, checked.
    pub(super) fn new(
        columns: Vec<(String, String)>,
        types: Vec<(String, String)>,
        times: Times,
    ) -> Result<Self, String> {
        let mut mapping = Mapping { times, ..Mapping::default() };
        for (heading, member) in columns {
            let member = named(&member)?;
            mapping.columns.insert(plain(&heading), member);
        }
        for (words, name) in types {
            EventType::new(&name).map_err(|wrong| format!("--type: {wrong}"))?;
            mapping.types.insert(plain(&words), name);
        }
        Ok(mapping)
    }

    /// What a column is.
    pub(super) fn member(&self, heading: &str) -> Member {
        let key = plain(heading);
        if let Some(member) = self.columns.get(&key) {
            return member.clone();
        }
        let known = HEADINGS.iter().find(|(name, _, others)| plain(name) == key || others.contains(&key.as_str()));
        known.map_or_else(|| Member::Detail(heading.trim().to_owned()), |(_, member, _)| member.clone())
    }

    /// The headings that were said to be something and are not there.
    pub(super) fn unused(&self, headings: &[String]) -> Vec<String> {
        let there: Vec<String> = headings.iter().map(|heading| plain(heading)).collect();
        self.columns.keys().filter(|said| !there.contains(said)).cloned().collect()
    }

    /// The event type that some words mean.
    pub(super) fn event_type(&self, words: &str) -> Result<String, String> {
        let key = plain(words);
        if let Some(name) = self.types.get(&key) {
            return Ok(name.clone());
        }
        if let Some((_, name)) = TYPES.iter().find(|(known, _)| *known == key) {
            return Ok((*name).to_owned());
        }
        if !words.is_empty() && words.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
            return Ok(words.to_owned());
        }
        let name = key.to_ascii_uppercase();
        EventType::new(&name).map_err(|wrong| {
            format!("'{}' is no event type ({wrong}); say what it means with --type", words.escape_debug())
        })?;
        Ok(name)
    }

    /// A time as events have it.
    pub(super) fn time(&self, text: &str) -> Result<String, String> {
        let offset = jiff::tz::Offset::from_seconds(self.times.offset_s).unwrap_or(jiff::tz::Offset::UTC);
        if let Some(format) = &self.times.format {
            let wrong =
                |why: jiff::Error| format!("the time '{}' is not written as {format}: {why}", text.escape_debug());
            let read = BrokenDownTime::parse(format, text).map_err(wrong)?;
            let second = match read.to_timestamp() {
                Ok(instant) => instant.as_second(),
                Err(_) => {
                    let local: DateTime = read.to_datetime().map_err(wrong)?;
                    offset.to_timestamp(local).map_err(wrong)?.as_second()
                }
            };
            let second = u32::try_from(second).map_err(|_| format!("the time '{text}' lies outside 1970 to 2106"))?;
            return Ok(feed::time::Second(second).to_string());
        }
        // A local time without an offset is read as UTC; the offset is taken off then.
        let names_offset = text.trim().ends_with(['Z', 'z'])
            || text.trim().get(19..).is_some_and(|tail| tail.contains(['+', '-', ' ']));
        let read =
            ReadTime::parse(text).map_err(|wrong| format!("{wrong}; say how times are written with --time-format"))?;
        if names_offset {
            return Ok(text.trim().to_owned());
        }
        let second = i64::from(read.second.0) - i64::from(self.times.offset_s);
        let second = u32::try_from(second).map_err(|_| format!("the time '{text}' lies outside 1970 to 2106"))?;
        Ok(feed::time::Second(second).to_string())
    }
}

/// The member that a person names.
fn named(name: &str) -> Result<Member, String> {
    if name == "-" {
        return Ok(Member::Nothing);
    }
    if let Some(detail) = name.strip_prefix("additional_details.").filter(|detail| !detail.is_empty()) {
        return Ok(Member::Detail(detail.to_owned()));
    }
    let found = HEADINGS.iter().find(|(known, ..)| *known == name).map(|(_, member, _)| member.clone());
    found.ok_or_else(|| {
        let known: Vec<&str> = HEADINGS.iter().map(|(known, ..)| *known).collect();
        format!(
            "--map: '{}' is no member; the members are {}, additional_details.NAME, and - for none",
            name.escape_debug(),
            known.join(", ")
        )
    })
}

/// A heading without what people write differently.
fn plain(heading: &str) -> String {
    let mut plain = String::new();
    for c in heading.trim().trim_start_matches('\u{feff}').chars() {
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        } else if !plain.ends_with('_') && !plain.is_empty() {
            plain.push('_');
        }
    }
    plain.trim_end_matches('_').to_owned()
}

/// Reads `A=B`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (a, b) = text.rsplit_once('=').ok_or("write it as A=B")?;
    if a.trim().is_empty() || b.trim().is_empty() {
        return Err("write it as A=B".to_owned());
    }
    Ok((a.trim().to_owned(), b.trim().to_owned()))
}

/// Checks a format of times: it must at least tell the day.
pub(super) fn time_format(text: &str) -> Result<String, String> {
    let trial = jiff::civil::date(2025, 5, 14).at(13, 9, 5, 0);
    let written = jiff::fmt::strtime::format(text, trial).map_err(|why| why.to_string())?;
    let read = BrokenDownTime::parse(text, &written).and_then(|read| read.to_date()).map_err(|why| why.to_string())?;
    if read != trial.date() {
        return Err("it does not tell the day".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads an offset such as `-08:00`; in seconds.
pub(super) fn offset(text: &str) -> Result<i32, String> {
    let wrong = || format!("'{}' is no offset such as -08:00", text.escape_debug());
    if text == "Z" {
        return Ok(0);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().map_err(|_| wrong())?, minutes.parse().map_err(|_| wrong())?);
    if !(0..=14).contains(&hours) || !(0..60).contains(&minutes) {
        return Err(wrong());
    }
    Ok(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(format: Option<&str>, zone: &str) -> Mapping {
        let times = Times { format: format.map(str::to_owned), offset_s: offset(zone).unwrap() };
        Mapping::new(vec![pair("What = created_by.id").unwrap()], vec![pair("Did it=DONE").unwrap()], times).unwrap()
    }

    #[test]
    fn headings_are_known_whatever_their_case() {
        let mapping = mapping(None, "+00:00");
        for (heading, member) in [
            ("event_id", Member::EventId),
            ("\u{feff}Date", Member::CreatedAt),
            ("Date/Time", Member::CreatedAt),
            ("User Email", Member::ActorLogin),
            ("created_by.login", Member::ActorLogin),
            ("IP Address", Member::IpAddress),
            ("WHAT", Member::ActorId),
            ("Shoe size", Member::Detail("Shoe size".to_owned())),
        ] {
            assert_eq!(mapping.member(heading), member, "{heading}");
        }
        assert!(Mapping::new(vec![pair("a=b").unwrap()], vec![], Times::default()).is_err());
        assert!(Mapping::new(vec![], vec![pair("a=b c").unwrap()], Times::default()).is_err());
        assert_eq!(mapping.unused(&["Date".to_owned()]), ["what"]);
    }

    #[test]
    fn words_mean_types() {
        let mapping = mapping(None, "+00:00");
        for (words, name) in [
            ("UPLOAD", "UPLOAD"),
            ("Uploaded", "UPLOAD"),
            ("Failed login", "FAILED_LOGIN"),
            ("did it", "DONE"),
            ("Shield alert", "SHIELD_ALERT"),
        ] {
            assert_eq!(mapping.event_type(words).unwrap(), name);
        }
        assert!(mapping.event_type("").is_err() && mapping.event_type("äöü").is_err());
    }

    #[test]
    fn times_are_read_with_their_offset_or_the_one_given() {
        let time = |format, zone, text: &str| mapping(format, zone).time(text);
        assert_eq!(time(None, "-08:00", "2025-05-14T02:09:05-07:00").unwrap(), "2025-05-14T02:09:05-07:00");
        assert_eq!(time(None, "-08:00", "2025-05-14 02:09:05").unwrap(), "2025-05-14T10:09:05+00:00");
        assert_eq!(time(None, "+00:00", "2025-05-14").unwrap(), "2025-05-14T00:00:00+00:00");
        let american = Some("%m/%d/%Y %I:%M %p");
        assert_eq!(time(american, "+01:00", "05/14/2025 02:09 PM").unwrap(), "2025-05-14T13:09:00+00:00");
        let told = Some("%Y-%m-%d %H:%M:%S %z");
        assert_eq!(time(told, "+01:00", "2025-05-14 02:09:05 -0700").unwrap(), "2025-05-14T09:09:05+00:00");
        assert!(time(american, "+00:00", "14.5.2025").is_err());
        assert!(time(None, "+00:00", "05/14/2025").unwrap_err().contains("--time-format"));
        assert!(time_format("%H:%M").is_err() && time_format("%q").is_err());
        assert!(offset("8").is_err() && offset("+15:00").is_err() && offset("-08:60").is_err());
    }
}
