//! The filters of a search or a report as they stand in an address and in the fields of a form.

use super::telling::moment;
use crate::http::error::ApiError;
use crate::http::native_api::search::words;
use crate::http::oauth::form::Form;
use crate::http::query::Query;
use crate::service::search::FilterWords;
use feed::search::Filters;
use feed::time::{ReadTime, Second};
use form_urlencoded::Serializer;

/// The filters, as the API names them, in the order of the pages.
const FILTERS: [&str; 10] =
    ["created_after", "created_before", "event_type", "actor", "item", "folder", "group", "ip", "text", "order"];
/// The page that finds events.
const SEARCH: &str = "/console/search";
/// The page that asks for a report.
const NEW_REPORT: &str = "/console/reports/new";

/// What is asked for, as it stands in the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Vec<(&'static str, String)>);

/// A filter in force, and the page without it.
pub struct Chip {
    /// The filter in words.
    pub text: String,
    /// Where the same is searched for without it.
    pub without: String,
}

impl Address {
    /// The filters in a query; whatever else stands there is left out.
    pub fn of(query: &Query<'_>) -> Self {
        let given = |name: &'static str| match name {
            // The one that is not a list, and may hold commas.
            "text" => query.get(name).map(|text| (name, text.to_owned())),
            _ => Some((name, query.list(name).join(","))).filter(|(_, text)| !text.is_empty()),
        };
        Address(FILTERS.into_iter().filter_map(given).collect())
    }

    /// The filters of a report that was asked for.
    pub fn kept(filters: &Filters) -> Self {
        let time = |second: Option<Second>| second.map(|second| moment(second).machine()).unwrap_or_default();
        let list = |words: Vec<&str>| words.join(",");
        let given = |name: &'static str| match name {
            "created_after" => time(filters.created_from),
            "created_before" => time(filters.created_before),
            "event_type" => list(filters.types.iter().map(|it| it.as_str()).collect()),
            "actor" => list(filters.actors.iter().map(|it| it.as_str()).collect()),
            "item" => list(filters.items.iter().map(|it| it.as_str()).collect()),
            "folder" => list(filters.folders.iter().map(|it| it.as_str()).collect()),
            "group" => list(filters.groups.iter().map(|it| it.as_str()).collect()),
            "ip" => list(filters.addresses.iter().map(|it| it.as_str()).collect()),
            "text" => filters.text.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            _ => String::new(),
        };
        let given = FILTERS.into_iter().map(|name| (name, given(name)));
        Address(given.filter(|(_, text)| !text.is_empty()).collect())
    }

    /// The filters in the fields of a form.
    pub fn sent(form: &Form) -> Self {
        let given = |name: &'static str| form.get(name).map(|text| (name, text.to_owned()));
        Address(FILTERS.into_iter().filter_map(given).collect())
    }

    /// A filter as it was written; empty if it is not given.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The same with another value; an empty one takes the filter away.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut pairs = self.0.clone();
        pairs.retain(|(key, _)| *key != name);
        if !value.is_empty() {
            pairs.push((name, value.to_owned()));
        }
        Address(pairs)
    }

    /// The filters in words, read as the API reads them.
    ///
    /// # Errors
    /// [`ApiError`] for a time that cannot be read.
    pub fn words(&self) -> Result<FilterWords, ApiError> {
        let query = self.query(&[]);
        words(&Query::of(Some(&query)))
    }

    /// Where this is searched for.
    pub fn path(&self) -> String {
        self.path_with(&[])
    }

    /// The same with more parameters.
    pub fn path_with(&self, more: &[(&str, &str)]) -> String {
        at(SEARCH, &self.query(more))
    }

    /// Where a report of this is asked for. A report has an order of its own.
    pub fn report_path(&self) -> String {
        at(NEW_REPORT, &self.with("order", "").query(&[]))
    }

    fn query(&self, more: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.0).extend_pairs(more);
        query.finish()
    }

    /// All of them in one line of words.
    pub fn told(&self) -> String {
        let told: Vec<String> = self.chips().into_iter().map(|chip| chip.text).collect();
        if told.is_empty() { "the whole history".to_owned() } else { told.join(" · ") }
    }

    /// Each filter in words, with a way to take it away.
    pub fn chips(&self) -> Vec<Chip> {
        let shown = self.0.iter().filter(|(key, _)| *key != "order");
        let chip = |(key, value): &(&'static str, String)| {
            let value = match ReadTime::parse(value) {
                Ok(time) if key.starts_with("created_") => moment(time.as_bound()).to_string(),
                _ => value.clone(),
            };
            Chip { text: format!("{}: {value}", in_words(key)), without: self.with(key, "").path() }
        };
        shown.map(chip).collect()
    }
}

fn at(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What a filter is called on a page.
fn in_words(name: &str) -> &'static str {
    match name {
        "created_after" => "from",
        "created_before" => "before",
        "event_type" => "type",
        "ip" => "address",
        "item" => "item",
        "actor" => "actor",
        "folder" => "below folder",
        "group" => "group",
        _ => "text",
    }
}

/// A time as a field for date and time has it: without a zone. What cannot be read stays as it is, for its writer to mend.
pub fn field_time(text: &str) -> String {
    match ReadTime::parse(text) {
        Ok(time) => time.as_bound().to_string()[..19].to_owned(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::text_match::TextMatch;

    fn address(raw: &str) -> Address {
        Address::of(&Query::of(Some(raw)))
    }

    #[test]
    fn filters_are_the_address() {
        let it = address("actor=7&event_type=LOGIN&event_type=EDIT&cursor=x&evil=1&text=a%26b");
        assert_eq!(it.path(), "/console/search?event_type=LOGIN%2CEDIT&actor=7&text=a%26b");
        assert_eq!(it.with("actor", "").with("text", "").path(), "/console/search?event_type=LOGIN%2CEDIT");
        assert_eq!(it.with("actor", "8").get("actor"), "8");
        assert_eq!(address("").path(), "/console/search");
        assert_eq!(address("text=a,%20b").get("text"), "a, b", "a text is not a list");
    }

    #[test]
    fn a_form_says_the_same_as_an_address() {
        let raw = "event_type=LOGIN%2CEDIT&text=a%26b&order=oldest";
        let form = Form::of(None, format!("form_key=k&actor=&{raw}").as_bytes());
        assert_eq!(Address::sent(&form), address(raw));
        assert_eq!(address(raw).report_path(), "/console/reports/new?event_type=LOGIN%2CEDIT&text=a%26b");
        let words = Address::sent(&form).words().unwrap();
        assert_eq!((words.event_types, words.text), (vec!["LOGIN".to_owned(), "EDIT".to_owned()], "a&b".to_owned()));
    }

    #[test]
    fn what_is_kept_of_a_report_is_searched_for_again() {
        let filters = Filters {
            created_from: Some(Second(60)),
            addresses: vec!["203.0.113.7".into(), "203.0.113.8".into()],
            text: Some(TextMatch::new("a, b")),
            ..Filters::default()
        };
        let address = Address::kept(&filters);
        assert_eq!(address.told(), "from: 1970-01-01 00:01:00 UTC · address: 203.0.113.7,203.0.113.8 · text: a, b");
        let words = address.words().unwrap();
        assert_eq!(words.created_after, filters.created_from);
        assert_eq!(
            (words.ip_addresses, words.text),
            (vec!["203.0.113.7".to_owned(), "203.0.113.8".to_owned()], "a, b".to_owned())
        );
        assert_eq!(Address::kept(&Filters::default()).told(), "the whole history");
    }
}
