//! What to follow, from where, and until when.

use crate::cli::client::percent;
use clap::ArgMatches;
use feed::limits::PAGE_ENTRIES_MAX;
use feed::position::{Family, Place, Position, Start};
use feed::stream_type::{EnterpriseStream, StreamType};
use feed::time::{ReadTime, Second};

/// The path of a stream.
pub(super) const PATH: &str = "/2.0/events";

/// The wish of whoever typed the command.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// Which stream.
    pub(super) stream: StreamType,
    /// From where.
    pub(super) from: Start,
    types: String,
    after: Option<Second>,
    /// The upper bound of a window.
    pub(super) before: Option<Second>,
    /// Whether to end where the stream ends now.
    pub(super) until_end: bool,
}

impl Wish {
    /// Reads the arguments.
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, String> {
        let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        let stream = StreamType::parse(text("stream").unwrap_or_default()).map_err(|wrong| wrong.to_string())?;
        let bound = |name: &str| -> Result<Option<Second>, String> {
            let read = |text| ReadTime::parse(text).map_err(|wrong| format!("--{name}: {wrong}"));
            Ok(text(name).map(read).transpose()?.map(ReadTime::as_bound))
        };
        let (after, before) = (bound("after")?, bound("before")?);
        let windowed = after.is_some() || before.is_some();
        if windowed && stream != StreamType::Enterprise(EnterpriseStream::History) {
            return Err("--after and --before are for --stream admin_logs; --from takes a time on every stream".into());
        }
        let types = text("type").unwrap_or_default().to_owned();
        if !types.is_empty() && matches!(stream, StreamType::User(_)) {
            return Err("--type is for the streams admin_logs and admin_logs_streaming".into());
        }
        let from = match text("from") {
            Some(text) => start(text, stream)?,
            None if windowed => Start::Oldest,
            None => Start::Now,
        };
        Ok(Wish { stream, from, types, after, before, until_end: matches.get_flag("until-end") })
    }

    /// The path and query of a page from here.
    pub(super) fn page(&self, from: Start) -> String {
        let position = match from {
            Start::Oldest => String::new(),
            Start::Now => "&stream_position=now".to_owned(),
            Start::After(position) => format!("&stream_position={position}"),
        };
        format!("{PATH}?stream_type={}&limit={PAGE_ENTRIES_MAX}{position}{}", self.stream.name(), self.filters())
    }

    /// The path and query of an empty page, whose position tells whether the window is closed.
    pub(super) fn probe(&self) -> String {
        format!("{PATH}?stream_type={}&limit=0{}", self.stream.name(), self.filters())
    }

    fn filters(&self) -> String {
        let mut filters = String::new();
        if !self.types.is_empty() {
            filters.push_str(&format!("&event_type={}", percent(&self.types)));
        }
        for (name, bound) in [("created_after", self.after), ("created_before", self.before)] {
            if let Some(second) = bound {
                filters.push_str(&format!("&{name}={}", percent(&second.to_string())));
            }
        }
        filters
    }
}

/// Reads `now`, `0`, a position, or a time: a position grows like time, so one can be made from it.
fn start(text: &str, stream: StreamType) -> Result<Start, String> {
    if text == "now" || text.bytes().all(|b| b.is_ascii_digit()) {
        return Start::parse(text).map_err(|wrong| wrong.to_string());
    }
    let wrong =
        |_| format!("--from: '{}' is not now, 0, a position, or a time such as 2025-05-14T02:09:05-07:00", text);
    let second = ReadTime::parse(text).map_err(wrong)?.as_bound();
    let family = match stream {
        StreamType::User(_) => Family::User,
        StreamType::Enterprise(EnterpriseStream::Streaming) => Family::Streaming,
        StreamType::Enterprise(EnterpriseStream::History) => Family::History,
    };
    Ok(Start::After(Position::new(Place::at(second), family)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(arguments: &[&str]) -> Result<Wish, String> {
        let command = super::super::command();
        let all = ["tail"].iter().chain(arguments);
        Wish::of(&command.try_get_matches_from(all).map_err(|wrong| wrong.to_string())?)
    }

    #[test]
    fn a_wish_becomes_a_query() {
        let page = |arguments: &[&str]| wish(arguments).map(|wish| wish.page(wish.from)).unwrap();
        assert_eq!(page(&[]), "/2.0/events?stream_type=all&limit=500&stream_position=now");
        assert_eq!(page(&["--stream", "changes", "--from", "0"]), "/2.0/events?stream_type=changes&limit=500");
        assert_eq!(
            page(&["--stream", "admin_logs", "--after", "1970-01-01T00:01:00+00:00", "--type", "A,B"]),
            "/2.0/events?stream_type=admin_logs&limit=500&event_type=A%2CB\
             &created_after=1970-01-01T00%3A01%3A00%2B00%3A00"
        );
        assert_eq!(page(&["--from", "41207"]), "/2.0/events?stream_type=all&limit=500&stream_position=41207");
    }

    #[test]
    fn a_time_is_a_position_of_the_stream() {
        for (stream, family) in
            [("sync", Family::User), ("admin_logs_streaming", Family::Streaming), ("admin_logs", Family::History)]
        {
            let wish = wish(&["--stream", stream, "--from", "1970-01-01T00:01:00Z"]).unwrap();
            assert_eq!(wish.from, Start::After(Position::new(Place::at(Second(60)), family)));
        }
        assert!(wish(&["--from", "yesterday"]).is_err());
    }

    #[test]
    fn what_a_stream_does_not_have_is_refused() {
        assert!(wish(&["--after", "2025-05-14"]).is_err());
        assert!(wish(&["--stream", "admin_logs_streaming", "--before", "2025-05-14"]).is_err());
        assert!(wish(&["--type", "LOGIN"]).is_err());
        assert!(wish(&["--stream", "sink"]).is_err());
    }
}
