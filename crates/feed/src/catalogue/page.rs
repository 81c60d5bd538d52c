//! The catalogue as a page for people. `docs/event-types.md` is made from it.

use super::{Catalogue, KnownType, Origin};
use crate::event::{FeedKind, UserStreams};
use std::fmt::Write;

const OPENING: &str = "\
# Event types

Every event type this server knows, made from its catalogue. The set is open: an event of any other type is accepted \
as well, and user feeds carry it on the stream `all`.

Users and enterprises speak of the same deed in different names. *Counterpart* is the name in the other feed; `?` \
marks those that no published source states. **Bold** means that the rendering for the other feed is made from this \
one when a draft does not give it and its source allows it: a whole file or folder, or a user.
";

/// Writes the catalogue as Markdown.
pub fn markdown(catalogue: &Catalogue) -> String {
    let mut page = String::from(OPENING);
    let part = |page: &mut String, title: &str, about: &str, wanted: &dyn Fn(&KnownType) -> bool| {
        let rows: Vec<&KnownType> = catalogue.types().iter().filter(|row| wanted(row)).collect();
        if rows.is_empty() {
            return;
        }
        let _ = write!(page, "\n## {title}\n\n{about}\n\n");
        page.push_str("| Type | Feed | Streams | Source | Counterpart | What it tells |\n|---|---|---|---|---|---|\n");
        for row in rows {
            line(page, row);
        }
    };
    part(&mut page, "User feeds", "Carried by `all`, `changes` and `sync` as the table says.", &|row| {
        row.origin == Origin::Box && row.feed == FeedKind::User
    });
    part(&mut page, "Enterprise feed", "Carried by `admin_logs` and `admin_logs_streaming`.", &|row| {
        row.origin == Origin::Box && row.feed == FeedKind::Enterprise
    });
    part(
        &mut page,
        "This server's own",
        "Names for what the server itself does and the protocol has no name for.",
        &|row| row.origin == Origin::Tidings,
    );
    part(&mut page, "Added by the operator", "From the configuration of this server.", &|row| {
        row.origin == Origin::Operator
    });
    page
}

fn line(page: &mut String, row: &KnownType) {
    let streams = [(UserStreams::ALL, "`all`"), (UserStreams::CHANGES, "`changes`"), (UserStreams::SYNC, "`sync`")];
    let streams: Vec<&str> = streams.iter().filter(|(set, _)| row.streams.meets(*set)).map(|(_, word)| *word).collect();
    let counterparts: Vec<String> = row
        .counterparts
        .iter()
        .map(|counterpart| {
            let mark = if counterpart.inferred { " ?" } else { "" };
            let bold = if row.derives.as_ref() == Some(&counterpart.name) { "**" } else { "" };
            format!("{bold}`{}`{bold}{mark}", counterpart.name)
        })
        .collect();
    let mut description = cell(&row.description);
    if row.owner_only {
        description.push_str(". Only the owner of the item hears of it");
    }
    if row.opt_in {
        description.push_str(". Reaches only enterprises that opted in");
    }
    let _ = writeln!(
        page,
        "| `{}` | {} | {} | {} | {} | {description} |",
        cell(row.name.as_str()),
        row.feed.name(),
        streams.join(" "),
        row.source.words(),
        cell(&counterparts.join(", ")),
    );
}

/// Keeps a text within its cell: what an operator writes must not break the table.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::AddedType;

    #[test]
    fn every_type_has_its_line() {
        let added = AddedType {
            name: "A|B".into(),
            feed: FeedKind::User,
            streams: UserStreams::ALL,
            counterpart: Some("UPLOAD".into()),
            description: "one\ntwo|three".into(),
        };
        let catalogue = Catalogue::standard().with([added]).unwrap();
        let page = markdown(&catalogue);
        let lines = |start: &str| page.lines().filter(|line| line.starts_with(start)).collect::<Vec<_>>().join("\n");
        assert_eq!(page.lines().filter(|line| line.starts_with("| `")).count(), catalogue.types().len());
        insta::assert_snapshot!(lines("| `ITEM_UPLOAD`"), @r#"| `ITEM_UPLOAD` | user | `all` `changes` `sync` | item | **`UPLOAD`**, `EDIT` ? | File (or folder of files) uploaded, including a new version of an existing file |"#);
        insta::assert_snapshot!(lines("| `FILE_MARKED_MALICIOUS`"), @r#"| `FILE_MARKED_MALICIOUS` | enterprise |  | file |  | Virus found in a file. Reaches only enterprises that opted in |"#);
        insta::assert_snapshot!(lines("| `A"), @r"
        | `ACCESS_GRANTED` | user | `all` | user | **`ACCESS_GRANTED`** | User let Box support into the account |
        | `ACCESS_REVOKED` | user | `all` | user | **`ACCESS_REVOKED`** | User withdrew Box support's access to the account |
        | `ACCESS_GRANTED` | enterprise |  | user | **`ACCESS_GRANTED`** | User let Box support into the account |
        | `ACCESS_REVOKED` | enterprise |  | user | **`ACCESS_REVOKED`** | User withdrew Box support's access |
        | `ADD_DEVICE_ASSOCIATION` | enterprise |  | user |  | Device linked to a user |
        | `ADD_LOGIN_ACTIVITY_DEVICE` | enterprise |  | user |  | Login from a device not seen before |
        | `ADMIN_LOGIN` | enterprise |  | user |  | Admin entered a managed user's account from the admin console |
        | `ADVANCED_FOLDER_SETTINGS_UPDATE` | enterprise |  | folder |  | Advanced settings of a folder changed (e.g. only owners may invite) |
        | `AI_SECURITY_DETECTION` | enterprise |  | other |  | AI-related security finding |
        | `ANNOTATIONV2_CREATE` | enterprise |  | file |  | Annotation made on a file |
        | `ANNOTATIONV2_DELETE` | enterprise |  | file |  | Annotation removed |
        | `ANNOTATIONV2_EDIT` | enterprise |  | file |  | Annotation changed |
        | `APPLICATION_CREATED` | enterprise |  | application |  | Application created in the developer console |
        | `APPLICATION_PUBLIC_KEY_ADDED` | enterprise |  | application |  | Public key registered for an application |
        | `APPLICATION_PUBLIC_KEY_DELETED` | enterprise |  | application |  | Public key of an application removed |
        | `APPLICATION_SECRET_CHANGED` | enterprise |  | application |  | A new client secret was made for an application |
        | `APPLICATION_SIGN_IN_FAILED` | enterprise |  | application |  | Somebody who named this application showed no good secret, assertion, code or token |
        | `A\|B` | user | `all` | other | **`UPLOAD`** | one two\|three |
        ");
    }
}
