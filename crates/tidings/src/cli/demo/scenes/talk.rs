//! What people say about files: comments, tasks, tags, signatures.

use crate::cli::demo::shapes::{Draft, Source};
use crate::cli::demo::story::{Deed, Story};
use crate::cli::demo::things::{Comment, File, FileAt, Task};
use serde_json::{Value, json};

/// Most comments and tasks that a file remembers.
const REMEMBERED_MAX: usize = 10;

const REMARKS: &[&str] = &[
    "Please check clause 4.",
    "Agreed from my side.",
    "Which tolerance did we promise?",
    "The table on page 3 is last year's.",
    "Größe stimmt nicht – bitte nachmessen.",
    "Merci, c’est parfait.",
    "Can Priya see this?",
    "Ready for the board.",
];
const CHORES: &[&str] = &["Review by Friday", "Sign off", "Translate the summary", "Check the figures", "Archive"];

/// A comment as user feeds see it.
fn whole_comment(story: &Story, file: &File, comment: &Comment) -> Source {
    Source::Other(json!({
        "type": "comment", "id": comment.id, "is_reply_comment": false, "message": comment.message,
        "created_by": story.things.person(comment.by), "created_at": comment.created_at.to_string(),
        "item": {"type": "file", "id": file.id},
    }))
}

fn comment_details(comment: &Comment) -> Value {
    let number: u64 = comment.id.parse().unwrap_or_default();
    json!({
        "comment_id": number, "message": comment.message, "service_id": "11111", "service_name": "Halden Web App",
    })
}

fn on_comment(story: &mut Story, event_type: &'static str, at: FileAt, comment: &Comment) -> Draft {
    let file = story.things.files[at].clone();
    let sources = (whole_comment(story, &file, comment), story.things.thin_file(&file));
    let deed = Deed { types: (event_type, event_type), sources, details: comment_details(comment) };
    story.seen_twice(deed, comment.by)
}

/// Somebody comments on a file.
pub(in crate::cli::demo) fn comment(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.comments.len() < REMEMBERED_MAX)?;
    let by = story.user_of(story.things.files[at].folder);
    let (id, message) = (story.dice.digits(9), *story.dice.pick(REMARKS));
    let comment = Comment { id, by, message, created_at: story.at };
    story.things.files[at].comments.push(comment.clone());
    Some(on_comment(story, "COMMENT_CREATE", at, &comment))
}

/// Somebody puts their comment in other words.
pub(in crate::cli::demo) fn edit_comment(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && !file.comments.is_empty())?;
    let message = *story.dice.pick(REMARKS);
    let comment = story.things.files[at].comments.last_mut()?;
    comment.message = message;
    let comment = comment.clone();
    let file = story.things.files[at].clone();
    let source = story.things.thin_file(&file);
    Some(story.for_the_record("COMMENT_EDIT", comment.by, source, comment_details(&comment)))
}

/// Somebody takes their comment back.
pub(in crate::cli::demo) fn delete_comment(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && !file.comments.is_empty())?;
    let comment = story.things.files[at].comments.pop()?;
    Some(on_comment(story, "COMMENT_DELETE", at, &comment))
}

fn task_details(story: &Story, task: &Task, status: &str) -> Value {
    let mini = |at: usize| {
        let person = story.things.person(at);
        json!({"id": person.id, "login": person.login})
    };
    let assignment =
        task.assigned_to.map(|whom| json!({"assigned_to": mini(whom), "status": status, "message": task.message}));
    json!({
        "task": {
            "id": task.id, "message": task.message, "due_at": task.due_at.to_string(), "created_by": mini(task.by),
        },
        "task_assignment": assignment,
    })
}

/// Somebody wants something done with a file.
pub(in crate::cli::demo) fn task(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.tasks.len() < REMEMBERED_MAX)?;
    let by = story.user_of(story.things.files[at].folder);
    let (id, message) = (story.dice.digits(8), *story.dice.pick(CHORES));
    let days = 1 + u32::try_from(story.dice.below(14)).unwrap_or(0);
    let task = Task { id, message, by, assigned_to: None, due_at: story.at.ahead(days * 86_400) };
    story.things.files[at].tasks.push(task.clone());
    let file = story.things.files[at].clone();
    let mut draft = story.on_file(("TASK_CREATE", "TASK_CREATE"), &file, by);
    if let Some(enterprise) = &mut draft.enterprise {
        enterprise.additional_details = task_details(story, &task, "incomplete");
    }
    Some(draft)
}

/// Somebody says who shall do it.
pub(in crate::cli::demo) fn assign(story: &mut Story) -> Option<Draft> {
    let open = |file: &File| file.is_here() && file.tasks.last().is_some_and(|task| task.assigned_to.is_none());
    let at = story.some_file(open)?;
    let whom = story.user_of(story.things.files[at].folder);
    let task = story.things.files[at].tasks.last_mut()?;
    task.assigned_to = Some(whom);
    let task = task.clone();
    let file = story.things.files[at].clone();
    let mut draft = story.on_file(("TASK_ASSIGNMENT_CREATE", "TASK_ASSIGNMENT_CREATE"), &file, task.by);
    if let Some(enterprise) = &mut draft.enterprise {
        enterprise.additional_details = task_details(story, &task, "incomplete");
    }
    Some(draft)
}

/// It is done.
pub(in crate::cli::demo) fn finish(story: &mut Story) -> Option<Draft> {
    let assigned = |file: &File| file.is_here() && file.tasks.last().is_some_and(|task| task.assigned_to.is_some());
    let at = story.some_file(assigned)?;
    let task = story.things.files[at].tasks.pop()?;
    let by = task.assigned_to?;
    let file = story.things.files[at].clone();
    let source = story.things.thin_file(&file);
    let details = task_details(story, &task, "completed");
    Some(story.for_the_record("TASK_ASSIGNMENT_COMPLETE", by, source, details))
}

/// Somebody puts a tag on a file. The enterprise feed has no name for that.
pub(in crate::cli::demo) fn tag(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let by = story.user_of(file.folder);
    let draft = story.on_file(("TAG_ITEM_CREATE", "TAG_ITEM_CREATE"), &file, by);
    Some(Draft { enterprise: None, ..draft })
}

/// Somebody writes into the margin of a file.
pub(in crate::cli::demo) fn annotate(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let by = story.user_of(file.folder);
    let event_type = *story.dice.pick(&["ANNOTATIONV2_CREATE", "ANNOTATIONV2_CREATE", "ANNOTATIONV2_EDIT"]);
    let details = json!({
        "annotation_id": story.dice.digits(7), "service_id": "11111", "service_name": "Halden Web App",
    });
    let source = story.things.thin_file(&file);
    Some(story.for_the_record(event_type, by, source, details))
}

/// A document on its way to being signed.
pub(in crate::cli::demo) fn sign(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let by = story.things.folders[file.folder].owner;
    let (event_type, status) = *story.dice.pick(&[
        ("SIGN_DOCUMENT_CREATED", "created"),
        ("SIGN_DOCUMENT_ASSIGNED", "sent"),
        ("SIGN_DOCUMENT_SIGNED", "signed"),
        ("SIGN_DOCUMENT_COMPLETED", "finalized"),
    ]);
    let id = story.dice.uuid();
    let short: String = id.chars().skip(24).collect();
    let folder = story.things.folders[file.folder].id.clone();
    let details = json!({"sign_request": {
        "sign_request_id": id, "sign_request_short_id": short, "status": status,
        "signer_ip_address": null, "requestor_ip_address": format!("203.0.113.{}", 20 + by),
        "files": [{"id": file.id, "type": "file", "name": file.name, "parent": {"id": folder, "type": "folder"}}],
        "expires": null, "requestor": story.things.person(by), "signer": null, "template": null, "batch_send": null,
        "redirection": {"redirect_url": "", "declined_redirect_url": ""},
        "sender_message": {"subject": "", "message": ""}, "forward": null,
    }});
    let source = story.things.thin_file(&file);
    Some(story.for_the_record(event_type, by, source, details))
}
