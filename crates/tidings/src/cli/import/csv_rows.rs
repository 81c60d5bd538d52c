//! Rows out of CSV: each becomes an event by what its columns are.

use super::columns::{Mapping, Member};
use super::rows::{Row, Rows};
use csv::{Position, Reader, ReaderBuilder, StringRecord};
use feed::limits::ID_BYTES_MAX;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// A CSV file with headings.
pub(super) struct CsvRows<R> {
    reader: Reader<R>,
    members: Vec<Member>,
    mapping: Mapping,
    head: String,
    delimiter: u8,
    /// 1 if lines end in two characters: a record is then said to begin at the second of the line before.
    breaks: u64,
    record: StringRecord,
    /// The time of the last row, and how often each row of that time was met: rows that say the same are apart only if
    /// they stand together, so this needs to be remembered no longer.
    time: String,
    met: HashMap<[u8; 16], u32>,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads the headings. Commas or semicolons or tabs, whichever the headings have most of.
    pub(super) fn new(mut from: R, mapping: &Mapping) -> Result<Self, String> {
        let beginning = from.fill_buf().map_err(|why| format!("cannot be read: {why}"))?;
        let first = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let breaks = u64::from(first.ends_with(b"\r"));
        let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|it| (count(*it), *it == b',')).unwrap_or(b',');
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(from);
        let headings = reader.headers().map_err(|why| format!("its headings cannot be read: {why}"))?.clone();
        let names: Vec<String> = headings.iter().map(str::to_owned).collect();
        let unused = mapping.unused(&names);
        if !unused.is_empty() {
            return Err(format!("--map names columns that are not there: {}", unused.join(", ")));
        }
        let members: Vec<Member> = names.iter().map(|heading| mapping.member(heading)).collect();
        for (member, what) in [(Member::CreatedAt, "created_at"), (Member::EventType, "event_type")] {
            match members.iter().filter(|it| **it == member).count() {
                1 => {}
                0 => return Err(format!("no column tells {what}; say which one does with --map 'HEADING={what}'")),
                _ => return Err(format!("several columns tell {what}; leave the others out with --map 'HEADING=-'")),
            }
        }
        Ok(CsvRows {
            reader,
            members,
            mapping: mapping.clone(),
            head: written(&headings, delimiter),
            delimiter,
            breaks,
            record: StringRecord::new(),
            time: String::new(),
            met: HashMap::new(),
        })
    }

    fn event(&mut self) -> Result<String, String> {
        if self.record.len() > self.members.len() {
            return Err(format!("has {} columns, but there are {} headings", self.record.len(), self.members.len()));
        }
        let mut event = Map::new();
        let (mut actor, mut item, mut parent, mut details) = (Map::new(), Map::new(), Map::new(), Map::new());
        for (member, cell) in self.members.iter().zip(&self.record) {
            let cell = unguarded(cell.trim());
            if cell.is_empty() {
                continue;
            }
            let text = || Value::from(cell);
            match member {
                Member::EventId => drop(event.insert("event_id".to_owned(), text())),
                Member::EventType => {
                    event.insert("event_type".to_owned(), Value::from(self.mapping.event_type(cell)?));
                }
                Member::CreatedAt => drop(event.insert("created_at".to_owned(), Value::from(self.mapping.time(cell)?))),
                Member::IpAddress => drop(event.insert("ip_address".to_owned(), text())),
                Member::SessionId => drop(event.insert("session_id".to_owned(), text())),
                Member::ActorId => drop(actor.insert("id".to_owned(), text())),
                Member::ActorName => drop(actor.insert("name".to_owned(), text())),
                Member::ActorLogin => drop(actor.insert("login".to_owned(), text())),
                Member::ItemType => drop(item.insert("item_type".to_owned(), Value::from(cell.to_ascii_lowercase()))),
                Member::ItemId => drop(item.insert("item_id".to_owned(), text())),
                Member::ItemName => drop(item.insert("item_name".to_owned(), text())),
                Member::ParentId => drop(parent.insert("id".to_owned(), text())),
                Member::ParentName => drop(parent.insert("name".to_owned(), text())),
                Member::Json(name) => match serde_json::from_str::<Value>(cell) {
                    Ok(value @ Value::Object(_)) => drop(event.insert((*name).to_owned(), value)),
                    Ok(Value::Null) => {}
                    _ if *name == "additional_details" => drop(details.insert("details".to_owned(), text())),
                    _ => return Err(format!("`{name}` is no JSON object")),
                },
                Member::Detail(name) => drop(details.insert(name.clone(), text())),
                Member::Nothing => {}
            }
        }
        if !event.contains_key("created_at") {
            return Err("has no time".to_owned());
        }
        if !event.contains_key("created_by") {
            put_actor(&mut event, actor, &mut details);
        }
        if !event.contains_key("source") {
            put_item(&mut event, item, parent, &mut details);
        }
        match event.get_mut("additional_details") {
            Some(Value::Object(own)) => own.extend(details),
            _ if !details.is_empty() => drop(event.insert("additional_details".to_owned(), Value::Object(details))),
            _ => {}
        }
        if !event.contains_key("event_id") {
            event.insert("event_id".to_owned(), Value::from(self.made_id(&event)));
        }
        Ok(Value::Object(event).to_string())
    }

    /// An id made of what a row says, and of how many rows of the same second said it before.
    fn made_id(&mut self, event: &Map<String, Value>) -> String {
        let time = event.get("created_at").and_then(Value::as_str).unwrap_or_default();
        if self.time != time {
            time.clone_into(&mut self.time);
            self.met.clear();
        }
        let said = Sha256::digest(Value::Object(event.clone()).to_string().as_bytes());
        let short: [u8; 16] = std::array::from_fn(|at| said[at]);
        let met = self.met.entry(short).or_default();
        *met += 1;
        let digits: String = short.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("csv-{digits}-{met}")
    }
}

/// A report guards cells that a spreadsheet would take for formulas with an apostrophe, which is none of the text.
fn unguarded(cell: &str) -> &str {
    let rest = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r']));
    rest.unwrap_or(cell)
}

/// The actor needs an id; who has only a login is known by that. A name alone is kept in the details.
fn put_actor(event: &mut Map<String, Value>, mut actor: Map<String, Value>, details: &mut Map<String, Value>) {
    if !actor.contains_key("id")
        && let Some(login) = actor.get("login").and_then(Value::as_str)
        && login.len() <= ID_BYTES_MAX
    {
        actor.insert("id".to_owned(), Value::from(login));
    }
    if actor.contains_key("id") {
        actor.insert("type".to_owned(), json!("user"));
        event.insert("created_by".to_owned(), Value::Object(actor));
    } else {
        details.extend(actor.into_iter().map(|(name, value)| (format!("created_by.{name}"), value)));
    }
}

/// An item needs an id; what has only a name is kept in the details.
fn put_item(
    event: &mut Map<String, Value>,
    mut item: Map<String, Value>,
    mut parent: Map<String, Value>,
    details: &mut Map<String, Value>,
) {
    if item.contains_key("item_id") {
        item.entry("item_type").or_insert_with(|| json!("file"));
        item.entry("item_name").or_insert_with(|| json!(""));
        if parent.contains_key("id") {
            parent.insert("type".to_owned(), json!("folder"));
            item.insert("parent".to_owned(), Value::Object(std::mem::take(&mut parent)));
        }
        event.insert("source".to_owned(), Value::Object(item));
    } else {
        details.extend(item);
    }
    details.extend(parent.into_iter().map(|(name, value)| (format!("parent.{name}"), value)));
}

/// A record as a line of CSV.
fn written(record: &StringRecord, delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    // Writing into memory cannot fail.
    drop(writer.write_record(record));
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

impl<R: BufRead> Rows for CsvRows<R> {
    fn next(&mut self) -> io::Result<Option<Row>> {
        let mut record = std::mem::take(&mut self.record);
        let read = self.reader.read_record(&mut record);
        let line = record.position().map_or_else(|| self.reader.position().line(), Position::line) + self.breaks;
        self.record = record;
        match read {
            Ok(false) => Ok(None),
            Ok(true) => {
                let event = self.event();
                Ok(Some(Row { line, event, raw: written(&self.record, self.delimiter) }))
            }
            Err(wrong) if wrong.is_io_error() => Err(io::Error::other(wrong)),
            Err(wrong) => {
                let raw = written(&self.record, self.delimiter);
                Ok(Some(Row { line, event: Err(format!("cannot be read: {wrong}")), raw }))
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.reader.position().byte()
    }

    fn head(&self) -> Option<&str> {
        Some(&self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        let mut rows = CsvRows::new(text.as_bytes(), &Mapping::default()).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            found.push(row);
        }
        found
    }

    fn event(row: &Row) -> Value {
        serde_json::from_str(row.event.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn a_row_becomes_an_event() {
        let text = "Event ID,Date,User ID,User Name,User Email,Action,Item ID,Item Name,IP Address,Size\r\n\
                    e1,2025-05-14T02:09:05Z,7,Mara,mara@halden.example,Uploaded,31,\"A, b.txt\",192.0.2.1,12\r\n";
        let rows = rows(text);
        assert_eq!(rows[0].line, 2);
        let expected = json!({
            "event_id": "e1", "event_type": "UPLOAD", "created_at": "2025-05-14T02:09:05Z", "ip_address": "192.0.2.1",
            "created_by": {"type": "user", "id": "7", "name": "Mara", "login": "mara@halden.example"},
            "source": {"item_type": "file", "item_id": "31", "item_name": "A, b.txt"},
            "additional_details": {"Size": "12"},
        });
        assert_eq!(event(&rows[0]), expected);
    }

    #[test]
    fn what_has_no_id_is_given_one_that_is_always_the_same() {
        let text = "date;user email;action\n2025-05-14;a@b.c;LOGIN\n2025-05-14;a@b.c;LOGIN\n2025-05-15;a@b.c;LOGIN\n";
        let ids = |rows: Vec<Row>| rows.iter().map(|row| event(row)["event_id"].clone()).collect::<Vec<_>>();
        let first = ids(rows(text));
        assert_eq!(first, ids(rows(text)));
        assert_ne!(first[0], first[1], "two rows that say the same are two events");
        assert_ne!(first[0], first[2]);
        assert!(first.iter().all(|id| id.as_str().is_some_and(|id| id.len() <= ID_BYTES_MAX)));
        assert_eq!(event(&rows(text)[0])["created_by"]["id"], "a@b.c");
    }

    #[test]
    fn what_does_not_fit_is_kept_in_the_details() {
        let text = "created_at,event_type,user,item,details,source\n\
                    2025-05-14,LOGIN,Mara,A.txt,\"said so\",\n\
                    2025-05-14,LOGIN,,,\"{\"\"a\"\":1}\",\"{\"\"type\"\":\"\"x\"\"}\"\n";
        let rows = rows(text);
        let details = json!({"created_by.name": "Mara", "item_name": "A.txt", "details": "said so"});
        assert_eq!(event(&rows[0])["additional_details"], details);
        assert_eq!(
            (&event(&rows[1])["additional_details"], &event(&rows[1])["source"]),
            (&json!({"a": 1}), &json!({"type": "x"}))
        );
    }

    #[test]
    fn bad_rows_say_why_and_the_next_is_read() {
        let text = "created_at,event_type\nyesterday,LOGIN\n2025-05-14,LOGIN,more\n,LOGIN\n2025-05-14,LOGIN\n";
        let rows = rows(text);
        let bad: Vec<(u64, bool)> = rows.iter().map(|row| (row.line, row.event.is_err())).collect();
        assert_eq!(bad, [(2, true), (3, true), (4, true), (5, false)]);
        assert_eq!(rows[0].raw, "yesterday,LOGIN");
    }

    #[test]
    fn cells_guarded_from_spreadsheets_are_read_as_they_were() {
        let rows = rows("created_at,event_type,note\n2025-05-14,LOGIN,'=1+1\n2025-05-14,LOGIN,'tis\n");
        let note = |row: &Row| event(row)["additional_details"]["note"].clone();
        assert_eq!((note(&rows[0]), note(&rows[1])), (json!("=1+1"), json!("'tis")));
    }

    #[test]
    fn headings_must_tell_time_and_type() {
        let told = |text: &str| CsvRows::new(text.as_bytes(), &Mapping::default()).err().unwrap_or_default();
        assert!(told("a,b\n").contains("no column tells created_at"));
        assert!(told("date,time,action\n").contains("several columns tell created_at"));
        assert!(told("").contains("no column"));
    }
}
