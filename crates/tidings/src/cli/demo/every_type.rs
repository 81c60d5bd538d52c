//! One event of every type of the catalogue, in both feeds: for those who want to see each of them once.

use super::company;
use super::scenes::files;
use super::shapes::{Draft, Person, Source};
use super::story::Story;
use super::things::{File, Group};
use feed::catalogue::{Catalogue, KnownType, SourceKind};
use feed::event::FeedKind;
use feed::time::Second;
use serde_json::{Value, json};

/// Drafts that cover the catalogue, one for each of its rows.
pub(super) fn drafts(story: &mut Story, catalogue: &Catalogue, now: Second) -> Vec<Draft> {
    // Many of them change the directory, so they are about things that play no other part.
    let mut aside = Story { at: now, ..story.clone() };
    aside.things.folders.truncate(1);
    let folder = &mut aside.things.folders[files::FIRST];
    (folder.id, folder.name, folder.owner) = ("162833009499".to_owned(), "Samples".to_owned(), company::MARA);
    aside.things.groups = vec![Group { id: "7733199".to_owned(), name: "Samples".to_owned(), members: Vec::new() }];
    let name = "Supplier agreement 2025.docx".to_owned();
    let file = aside.things.new_file(&mut aside.dice, name, files::FIRST, company::MARA, now);
    let drafts = catalogue.types().iter().map(|known| draft(&mut aside, known, &file)).collect();
    story.dice = aside.dice;
    drafts
}

fn draft(story: &mut Story, known: &KnownType, file: &File) -> Draft {
    let name = known.name.as_str();
    let by = story.things.person(company::SOLVEIG);
    let draft = match known.feed {
        FeedKind::User => {
            let source = user_source(story, known, file);
            let by = if name == "LOCK_DESTROY" { story.things.person(company::MARA) } else { by };
            Draft { user: Some(story.user_event(name, by, source)), ..Draft::default() }
        }
        FeedKind::Enterprise => {
            let (source, by) = match known.source {
                SourceKind::None => (Source::Nothing, Person::unknown()),
                kind => (enterprise_source(story, name, kind, file), by),
            };
            let details = details(story, name, file);
            let mut event = story.enterprise_event(name, by, "203.0.113.20", source, details);
            if known.source == SourceKind::Collaboration {
                event.accessible_by = Some(json!(story.things.person(company::TOMAS)));
            }
            Draft { enterprise: Some(event), ..Draft::default() }
        }
    };
    Draft { derive: Some(false), ..draft }
}

fn user_source(story: &Story, known: &KnownType, file: &File) -> Source {
    match known.source {
        SourceKind::Folder => story.things.whole_folder(files::FIRST),
        SourceKind::FileOrNone | SourceKind::None => Source::Nothing,
        SourceKind::User => Source::Person(story.things.person(company::SOLVEIG)),
        SourceKind::Group => {
            let group = &story.things.groups[0];
            let whole = json!({"type": "group", "id": group.id, "name": group.name, "group_type": "managed_group"});
            Source::Other(whole)
        }
        SourceKind::Comment => Source::Other(json!({
            "type": "comment", "id": "694112208", "is_reply_comment": false, "message": "Please check clause 4.",
            "created_by": story.things.person(company::SOLVEIG), "created_at": story.at.to_string(),
            "item": {"type": "file", "id": file.id},
        })),
        // A collaboration is on the folder, in the words of user feeds.
        SourceKind::Collaboration => story.things.whole_folder(files::FIRST),
        _ if known.name.as_str() == "ITEM_TRASH" => {
            story.things.whole_file(&File { trashed_at: Some(story.at), ..file.clone() })
        }
        _ => story.things.whole_file(file),
    }
}

fn enterprise_source(story: &Story, name: &str, kind: SourceKind, file: &File) -> Source {
    let (folder, group) = (&story.things.folders[files::FIRST], &story.things.groups[0]);
    let parent = || story.things.thin_parent(files::FIRST);
    let owner = || story.things.person(folder.owner);
    match kind {
        // These change the directory, so they are about somebody who plays no other part.
        SourceKind::User if matches!(name, "NEW_USER" | "EDIT_USER" | "DELETE_USER" | "CHANGE_ADMIN_ROLE") => {
            Source::Person(Person::new("30306999999", "Nils Falk", "nils@halden.example"))
        }
        SourceKind::User => Source::Person(story.things.person(company::TOMAS)),
        SourceKind::Folder => story.things.thin_folder(files::FIRST),
        SourceKind::Group => Source::Other(json!({"group_id": group.id, "group_name": group.name})),
        SourceKind::GroupAndItem => Source::Other(json!({
            "folder_id": folder.id, "folder_name": folder.name, "group_id": group.id, "group_name": group.name,
            "parent": parent(), "owned_by": owner(),
        })),
        SourceKind::Collaboration => {
            let whom = story.things.person(company::TOMAS);
            Source::Other(json!({
                "folder_id": folder.id, "folder_name": folder.name, "user_id": whom.id, "user_name": whom.name,
                "parent": parent(), "owned_by": owner(),
            }))
        }
        SourceKind::Application => Source::Other(
            json!({"type": "application", "name": "Halden SIEM bridge", "api_key": "k3w9zq0t6v1bn8xh5r2m7c4p"}),
        ),
        SourceKind::Barrier => Source::Other(json!({
            "barrier_id": 77120, "barrier_status": name.rsplit('_').next().unwrap_or_default(),
            "barrier_segments": [{"name": "Research", "member_count": 12}, {"name": "Sales", "member_count": 30}],
        })),
        SourceKind::None => Source::Nothing,
        SourceKind::Other => Source::Other(json!({"id": "881177", "name": "Quarterly review"})),
        SourceKind::File | SourceKind::Item | SourceKind::FileOrNone | SourceKind::Comment => {
            story.things.thin_file(file)
        }
    }
}

fn details(story: &mut Story, name: &str, file: &File) -> Value {
    match name {
        "SHIELD_ALERT" => json!({"shield_alert": {
            "rule_category": "Malicious Content", "rule_id": 92, "rule_name": "Known malware",
            "rule_response_action": null, "risk_score": 77, "alert_summary": {}, "alert_id": 500_331,
            "priority": "high", "user": {"id": 2, "name": "Unknown User", "email": ""},
            "link": "https://console.halden.example/shield/alerts/500331", "created_at": story.at.to_string(),
        }}),
        "COMMENT_CREATE" | "COMMENT_DELETE" | "COMMENT_EDIT" => {
            json!({"comment_id": 694_112_208, "message": "Please check clause 4."})
        }
        "GROUP_ADD_USER" | "GROUP_REMOVE_USER" => {
            let group = &story.things.groups[0];
            json!({"group_id": group.id, "group_name": group.name})
        }
        // What a role becomes is said here; said of nobody's, it changes nobody's.
        "CHANGE_ADMIN_ROLE" | "NEW_USER" | "EDIT_USER" | "DELETE_USER" => Value::Null,
        _ if name.starts_with("COLLABORATION_") => json!({
            "type": "box://event/additional_details/collaboration", "collab_id": "40622981155", "role": "Editor",
            "is_performed_by_admin": false,
        }),
        _ => story.content_details(file),
    }
}
