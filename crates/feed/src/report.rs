//! Reports: what can be asked for, what a row of one shows, and when a scheduled one is due.

use crate::intake::{Outline, outline};
use crate::search::Filters;
use crate::time::Second;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Columns for a spreadsheet; no cell becomes a formula.
    Csv,
    /// Each event as it was published, one a line.
    Ndjson,
    /// Typed columns for analysis.
    Parquet,
}

impl Format {
    /// The word for it, which is also how its files end.
    pub fn word(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }
}

/// A column of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// When it was done, in UTC.
    CreatedAt,
    /// When the server recorded it, in UTC.
    RecordedAt,
    /// The type.
    EventType,
    /// The id of the event.
    EventId,
    /// The id of who did it.
    ActorId,
    /// Their name.
    ActorName,
    /// Their login.
    ActorLogin,
    /// The login of the account through which an application did it.
    ActionBy,
    /// What kind of thing it happened to.
    SourceType,
    /// The id of that.
    SourceId,
    /// Its name.
    SourceName,
    /// The id of the folder next above it.
    ParentId,
    /// The name of that folder.
    ParentName,
    /// The login of the owner.
    OwnerLogin,
    /// The address it came from.
    IpAddress,
    /// The session.
    SessionId,
    /// More of it, as JSON.
    AdditionalDetails,
    /// The whole event, as JSON. Only when it is asked for.
    Event,
}

/// What a column holds of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// A time.
    Time(Second),
    /// A text; empty if the event does not say.
    Text(Cow<'a, str>),
}

impl Column {
    /// All of them, in the order in which a report shows them unless it says otherwise.
    pub const EVERY: [(Column, &'static str); 18] = [
        (Column::CreatedAt, "created_at"),
        (Column::RecordedAt, "recorded_at"),
        (Column::EventType, "event_type"),
        (Column::EventId, "event_id"),
        (Column::ActorId, "actor_id"),
        (Column::ActorName, "actor_name"),
        (Column::ActorLogin, "actor_login"),
        (Column::ActionBy, "action_by"),
        (Column::SourceType, "source_type"),
        (Column::SourceId, "source_id"),
        (Column::SourceName, "source_name"),
        (Column::ParentId, "parent_id"),
        (Column::ParentName, "parent_name"),
        (Column::OwnerLogin, "owner_login"),
        (Column::IpAddress, "ip_address"),
        (Column::SessionId, "session_id"),
        (Column::AdditionalDetails, "additional_details"),
        (Column::Event, "event"),
    ];

    /// The columns of a report that does not say: all but the whole event.
    pub fn usual() -> Vec<Column> {
        Self::EVERY.iter().map(|(column, _)| *column).filter(|column| *column != Column::Event).collect()
    }

    /// The column of this name.
    pub fn named(name: &str) -> Option<Column> {
        Self::EVERY.iter().find(|(_, known)| *known == name).map(|(column, _)| *column)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::EVERY.iter().find(|(column, _)| *column == self).map_or("", |(_, name)| name)
    }

    /// Whether it holds times.
    pub fn is_time(self) -> bool {
        matches!(self, Column::CreatedAt | Column::RecordedAt)
    }
}

/// An event as a row.
#[derive(Debug)]
pub struct Row<'a> {
    created_at: Second,
    recorded_at: Second,
    bytes: &'a [u8],
    outline: Outline<'a>,
}

impl<'a> Row<'a> {
    /// The row of a rendering in the enterprise feed.
    pub fn of(created_at: Second, recorded_at: Second, bytes: &'a [u8]) -> Self {
        Row { created_at, recorded_at, bytes, outline: outline(bytes).unwrap_or_default() }
    }

    /// What a column holds.
    pub fn cell(&self, column: Column) -> Cell<'_> {
        let it = &self.outline;
        let actor = |part: fn(&crate::directory::Person) -> &str| it.actor.as_ref().map_or("", part);
        let text: &str = match column {
            Column::CreatedAt => return Cell::Time(self.created_at),
            Column::RecordedAt => return Cell::Time(self.recorded_at),
            Column::Event => return Cell::Text(String::from_utf8_lossy(self.bytes)),
            Column::EventType => &it.event_type,
            Column::EventId => &it.event_id,
            Column::ActorId => actor(|person| person.id.as_str()),
            Column::ActorName => actor(|person| person.name.as_str()),
            Column::ActorLogin => actor(|person| person.login.as_str()),
            Column::ActionBy => &it.action_by,
            Column::SourceType => &it.source_type,
            Column::SourceId => &it.source_id,
            Column::SourceName => &it.source_name,
            Column::ParentId => &it.parent_id,
            Column::ParentName => &it.parent_name,
            Column::OwnerLogin => &it.owner_login,
            Column::IpAddress => &it.ip_address,
            Column::SessionId => &it.session_id,
            Column::AdditionalDetails => it.additional_details,
        };
        Cell::Text(Cow::Borrowed(text))
    }
}

/// What a report is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What it is called, in the words of who asked.
    pub name: String,
    /// Which events.
    pub filters: Filters,
    /// In which form.
    pub format: Format,
    /// Which columns, in this order; none for NDJSON, which has whole events.
    pub columns: Vec<Column>,
    /// For how many days it is kept when it is finished.
    pub keep_days: u32,
    /// At how many events a part ends; `None` is as many as `limits` allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_rows: Option<u64>,
}

/// How often a scheduled report is made: at midnight (UTC) when a period is over, of the deeds done in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Every day.
    Day,
    /// Every week, which begins on Monday.
    Week,
    /// Every month.
    Month,
}

const DAY_S: u32 = 86_400;

impl Every {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Every::Day => "day",
            Every::Week => "week",
            Every::Month => "month",
        }
    }

    /// The beginning of the period that a second lies in.
    pub fn beginning(self, of: Second) -> Second {
        let day = of.day();
        let first = match self {
            Every::Day => day,
            // 1970-01-01 was a Thursday.
            Every::Week => day.saturating_sub((day + 3) % 7),
            Every::Month => {
                let text = of.to_string();
                let of_month: u32 = text.get(8..10).and_then(|day| day.parse().ok()).unwrap_or(1);
                day + 1 - of_month
            }
        };
        Second(first * DAY_S)
    }

    /// The beginning of the period after the one that a second lies in.
    pub fn next(self, after: Second) -> Second {
        // No period is longer than 31 days, and none begins within the last few of another.
        let beginning = self.beginning(after);
        let within_next = match self {
            Every::Day => beginning.ahead(DAY_S),
            Every::Week => beginning.ahead(7 * DAY_S),
            Every::Month => beginning.ahead(31 * DAY_S),
        };
        self.beginning(within_next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ReadTime;

    fn at(text: &str) -> Second {
        ReadTime::parse(text).unwrap().second
    }

    #[test]
    fn periods_begin_at_midnight() {
        let cases = [
            (Every::Day, "2025-06-15T15:06:40Z", "2025-06-15", "2025-06-16"),
            (Every::Week, "2025-06-15T15:06:40Z", "2025-06-09", "2025-06-16"),
            (Every::Week, "2025-06-16T00:00:00Z", "2025-06-16", "2025-06-23"),
            (Every::Month, "2025-01-31T23:59:59Z", "2025-01-01", "2025-02-01"),
            (Every::Month, "2025-02-28", "2025-02-01", "2025-03-01"),
            (Every::Month, "2024-12-01", "2024-12-01", "2025-01-01"),
        ];
        for (every, now, beginning, next) in cases {
            assert_eq!((every.beginning(at(now)), every.next(at(now))), (at(beginning), at(next)), "{every:?} {now}");
        }
    }

    #[test]
    fn a_row_shows_what_the_event_says() {
        let event =
            br#"{"source":{"item_type":"file","item_id":"5","item_name":"=A1","parent":{"type":"folder","id":"9",
            "name":"Plans"}},"created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},
            "action_by":null,"created_at":"2025-06-15T15:06:40+00:00","event_id":"e","event_type":"DOWNLOAD",
            "ip_address":"10.0.0.1","type":"event","session_id":null,"additional_details":{"size":1}}"#;
        let row = Row::of(Second(5), Second(6), event);
        let shown: Vec<String> = Column::usual()
            .into_iter()
            .map(|column| match row.cell(column) {
                Cell::Time(time) => time.0.to_string(),
                Cell::Text(text) => text.into_owned(),
            })
            .collect();
        let wanted = "5|6|DOWNLOAD|e|7|Mara|mara@halden.example||file|5|=A1|9|Plans||10.0.0.1||{\"size\":1}";
        assert_eq!(shown.join("|"), wanted);
        assert_eq!(Column::named("event"), Some(Column::Event));
    }

    #[test]
    fn what_no_event_is_makes_an_empty_row() {
        let row = Row::of(Second(5), Second(6), b"{]");
        assert_eq!(row.cell(Column::EventId), Cell::Text("".into()));
    }
}
