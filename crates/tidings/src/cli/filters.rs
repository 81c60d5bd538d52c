//! The options that say which events are wanted: the same for a search and for a report.

use super::client::percent;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};

/// An option: its name, the parameter of a search, the member of a report's filters, and what it means.
struct Filter {
    option: &'static str,
    parameter: &'static str,
    member: &'static str,
    many: bool,
    help: &'static str,
}

const fn one(option: &'static str, name: &'static str, help: &'static str) -> Filter {
    Filter { option, parameter: name, member: name, many: false, help }
}

const fn many(option: &'static str, parameter: &'static str, member: &'static str, help: &'static str) -> Filter {
    Filter { option, parameter, member, many: true, help }
}

const FILTERS: [Filter; 9] = [
    one("from", "created_after", "Done at or after this time, such as 2025-03-01 or 2025-03-01T09:00:00+01:00"),
    one("to", "created_before", "Done before this time"),
    many("type", "event_type", "event_types", "Of this event type; may be given several times, as all that follow"),
    many("actor", "actor", "actors", "Done by this user, by id or login"),
    many("item", "item", "items", "Done to the thing of this id"),
    many("folder", "folder", "folders", "Done to this folder or to anything below it"),
    many("group", "group", "groups", "Concerning this group"),
    many("ip", "ip", "ip_addresses", "Done from this address"),
    one("text", "text", "With this text anywhere in the event; case does not count"),
];

/// Gives a command the options.
pub(super) fn with_filters(command: Command) -> Command {
    FILTERS.iter().fold(command, |command, filter| {
        let action = if filter.many { ArgAction::Append } else { ArgAction::Set };
        let value = filter.option.to_uppercase();
        command.arg(Arg::new(filter.option).long(filter.option).value_name(value).action(action).help(filter.help))
    })
}

fn given<'m>(matches: &'m ArgMatches, filter: &Filter) -> Vec<&'m str> {
    matches.get_many::<String>(filter.option).into_iter().flatten().map(String::as_str).collect()
}

/// What was given, as parameters of a query; each ends in `&`.
pub(super) fn query(matches: &ArgMatches) -> String {
    let pairs = FILTERS.iter().flat_map(|filter| {
        given(matches, filter).into_iter().map(|value| format!("{}={}&", filter.parameter, percent(value)))
    });
    pairs.collect()
}

/// What was given, as the filters of a report.
pub(super) fn members(matches: &ArgMatches) -> Value {
    let mut members = Map::new();
    for filter in &FILTERS {
        let values = given(matches, filter);
        match (filter.many, values.first()) {
            (_, None) => {}
            (true, _) => drop(members.insert(filter.member.to_owned(), Value::from(values))),
            (false, Some(value)) => drop(members.insert(filter.member.to_owned(), Value::from(*value))),
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(arguments: &[&str]) -> ArgMatches {
        with_filters(Command::new("x")).get_matches_from(["x"].iter().chain(arguments))
    }

    #[test]
    fn both_forms_say_what_was_given() {
        let given =
            matches(&["--actor", "7", "--actor", "mara@halden.example", "--from", "2025-03-01", "--text", "a b"]);
        assert_eq!(query(&given), "created_after=2025-03-01&actor=7&actor=mara%40halden.example&text=a%20b&");
        assert_eq!(
            members(&given).to_string(),
            r#"{"actors":["7","mara@halden.example"],"created_after":"2025-03-01","text":"a b"}"#
        );
        assert_eq!((query(&matches(&[])), members(&matches(&[])).to_string()), (String::new(), "{}".to_owned()));
    }
}
