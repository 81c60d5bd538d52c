//! Query parameters of the event calls: read leniently in form, strictly in meaning (protocol, sections 3 and 4).

use super::error::ApiError;
use crate::service::read::ReadRequest;
use feed::filter::TypeFilter;
use feed::limits::{PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX};
use feed::position::Start;
use feed::stream_type::{EnterpriseStream, StreamType};
use feed::time::{ReadTime, Second};
use std::borrow::Cow;

/// The parameters of a request. Unknown ones are ignored; an empty value counts as absent; of a repeated parameter the
/// last counts.
#[derive(Debug)]
pub struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// The parameters of a raw query, percent-decoded; `+` and `%20` both are blanks.
    pub fn of(raw: Option<&'a str>) -> Self {
        Query { pairs: form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).collect() }
    }

    /// The last value of a parameter, if it is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// All values of a parameter, which may be given several times or separated by commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        let words = self.values(name).flat_map(|value| value.split(',')).map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// `stream_type`; `all` if absent.
    ///
    /// # Errors
    /// [`ApiError::StreamType`].
    pub fn stream(&self) -> Result<StreamType, ApiError> {
        StreamType::parse(self.get("stream_type").unwrap_or_default()).map_err(ApiError::StreamType)
    }

    /// `stream_position`, if there is one.
    ///
    /// # Errors
    /// [`ApiError::Position`].
    pub fn position(&self) -> Result<Option<Start>, ApiError> {
        self.get("stream_position").map(|text| Start::parse(text).map_err(ApiError::Position)).transpose()
    }

    /// What `GET /2.0/events` asks for.
    ///
    /// # Errors
    /// [`ApiError`] for a parameter that counts for the stream and cannot be read. Where it does not count it is
    /// ignored, whatever it says (trap 19).
    pub fn read_request(&self) -> Result<ReadRequest, ApiError> {
        let stream = self.stream()?;
        let start = self.position()?.unwrap_or(Start::Oldest);
        let mut request = ReadRequest::new(stream, start, self.limit()?);
        if matches!(stream, StreamType::Enterprise(_)) {
            let all: Vec<&str> = self.values("event_type").collect();
            request.types = TypeFilter::parse(&all.join(",")).map_err(ApiError::TypeFilter)?;
        }
        if stream == StreamType::Enterprise(EnterpriseStream::History) {
            request.created_from = self.time("created_after")?;
            request.created_before = self.time("created_before")?;
        }
        Ok(request)
    }

    /// `limit`: lowered to the largest page, never refused for being large; legacy Java always sends 800.
    ///
    /// # Errors
    /// [`ApiError::Limit`].
    pub fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.get("limit") else { return Ok(PAGE_ENTRIES_DEFAULT) };
        if text.bytes().all(|b| b.is_ascii_digit()) {
            // A number too large to read is larger than the largest page.
            return Ok(text.parse().unwrap_or(PAGE_ENTRIES_MAX).min(PAGE_ENTRIES_MAX));
        }
        Err(ApiError::Limit(text.chars().take(40).collect()))
    }

    /// A time, as a bound of a window.
    ///
    /// # Errors
    /// [`ApiError::Time`].
    pub fn time(&self, name: &'static str) -> Result<Option<Second>, ApiError> {
        let read = |text| ReadTime::parse(text).map(ReadTime::as_bound).map_err(|wrong| ApiError::Time { name, wrong });
        self.get(name).map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(raw: &str) -> Result<ReadRequest, ApiError> {
        Query::of(Some(raw)).read_request()
    }

    #[test]
    fn odd_limits() {
        let limit = |raw| request(raw).ok().map(|request| request.limit);
        assert_eq!(limit(""), Some(100));
        assert_eq!(limit("limit="), Some(100));
        assert_eq!(limit("limit=0"), Some(0));
        assert_eq!(limit("limit=800"), Some(500));
        assert_eq!(limit("limit=99999999999999999999999"), Some(500));
        assert_eq!(limit("limit=1&limit=2"), Some(2));
        for wrong in ["limit=-1", "limit=ten", "limit=1.5", "limit=1e2"] {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_apply_is_ignored() {
        assert!(request("stream_type=all&created_after=rubbish&event_type=A").unwrap().types.takes_all());
        assert!(request("stream_type=admin_logs_streaming&created_after=rubbish").is_ok());
        assert!(request("stream_type=admin_logs&created_after=rubbish").is_err());
        assert!(request("fields=a&timeout=3&unknown=%FF").is_ok());
    }

    #[test]
    fn types_are_joined_and_times_have_lost_their_plus() {
        let raw = "stream_type=admin_logs&event_type=A&event_type=B%2CC&created_after=1970-01-01T00:01:00+00:00";
        let request = request(raw).unwrap();
        assert_eq!(request.types.wanted().len(), 3);
        assert_eq!(request.created_from, Some(Second(60)));
    }
}
