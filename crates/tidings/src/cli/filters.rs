//! The options that say which events are wanted.

use super::client::percent;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// An option: its name, the parameter of a search, and what it means.
struct Filter {
    option: &'static str,
    parameter: &'static str,
    many: bool,
    help: &'static str,
}

const fn one(option: &'static str, name: &'static str, help: &'static str) -> Filter {
    Filter { option, parameter: name, many: false, help }
}

const fn many(option: &'static str, parameter: &'static str, help: &'static str) -> Filter {
    Filter { option, parameter, many: true, help }
}

const FILTERS: [Filter; 9] = [
    one("from", "created_after", "Done at or after this time, such as 2025-03-01 or 2025-03-01T09:00:00+01:00"),
    one("to", "created_before", "Done before this time"),
    many("type", "event_type", "Of this event type; may be given several times, as all that follow"),
    many("actor", "actor", "Done by this user, by id or login"),
    many("item", "item", "Done to the thing of this id"),
    many("folder", "folder", "Done to this folder or to anything below it"),
    many("group", "group", "Concerning this group"),
    many("ip", "ip", "Done from this address"),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(arguments: &[&str]) -> ArgMatches {
        with_filters(Command::new("x")).get_matches_from(["x"].iter().chain(arguments))
    }

    #[test]
    fn a_query_says_what_was_given() {
        let given =
            matches(&["--actor", "7", "--actor", "mara@halden.example", "--from", "2025-03-01", "--text", "a b"]);
        assert_eq!(query(&given), "created_after=2025-03-01&actor=7&actor=mara%40halden.example&text=a%20b&");
        assert_eq!(query(&matches(&[])), "");
    }
}
