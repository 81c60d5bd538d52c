//! Files and folders: made, changed, moved, read.

use crate::cli::demo::company;
use crate::cli::demo::shapes::{Draft, FileVersion};
use crate::cli::demo::story::{Deed, Story};
use crate::cli::demo::things::{File, FileAt, Folder, FolderAt, PersonAt};
use serde_json::json;

/// A folder that is there from the start.
pub(in crate::cli::demo) const FIRST: FolderAt = 0;
/// Most files that are not in the trash; from then on old ones are worked on.
const FILES_MAX: usize = 400;
/// Most folders.
const FOLDERS_MAX: usize = 40;
/// Most files in the trash; the oldest are gone for good then.
const TRASH_MAX: usize = 30;
/// Most versions that a file remembers.
const VERSIONS_MAX: usize = 5;

const STEMS: &[&str] = &[
    "Supplier agreement",
    "Calibration report",
    "Sensor housing",
    "Minutes",
    "Budget",
    "Test protocol",
    "Offer",
    "Delivery note",
    "Risk assessment",
    "Site plan",
    "Training record",
    "Release notes",
    "Pressure curve",
    "Travel policy",
    "Ümlaut check – größer als 5 µm",
];
const SUFFIXES: &[&str] = &["2024", "2025", "draft", "v2", "Oslo", "Porto", "north wing", "Q1", "Q3", "final"];
const KINDS: &[&str] = &["docx", "pdf", "xlsx", "dwg", "csv", "pptx", "txt"];
const FOLDER_NAMES: &[&str] =
    &["Archive", "Suppliers", "Oslo plant", "Reviews", "Photos", "Certificates", "Customer visits", "Spare parts"];

fn name(story: &mut Story) -> String {
    let (stem, suffix) = (*story.dice.pick(STEMS), *story.dice.pick(SUFFIXES));
    let (number, kind) = (story.dice.below(90) + 10, *story.dice.pick(KINDS));
    format!("{stem} {suffix} {number}.{kind}")
}

/// Changes a file and counts the change.
fn changed(story: &mut Story, at: FileAt, change: impl FnOnce(&mut File)) -> File {
    let now = story.at;
    let file = &mut story.things.files[at];
    change(file);
    file.sequence += 1;
    file.modified_at = now;
    file.clone()
}

/// Somebody uploads a file.
pub(in crate::cli::demo) fn upload(story: &mut Story) -> Option<Draft> {
    if story.things.files.len() >= FILES_MAX {
        return None;
    }
    let folder = story.some_folder();
    let by = story.user_of(folder);
    let name = name(story);
    let file = story.things.new_file(&mut story.dice, name, folder, by, story.at);
    story.things.files.push(file.clone());
    Some(story.on_file(("ITEM_UPLOAD", "UPLOAD"), &file, by))
}

/// Somebody uploads a new version of a file.
pub(in crate::cli::demo) fn new_version(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let by = story.user_of(story.things.files[at].folder);
    if story.things.files[at].locked_by.is_some_and(|holder| holder != by) {
        return None;
    }
    let version = FileVersion::new(format!("16566{}", story.dice.digits(8)), story.dice.hex(20));
    let size = 4_000 + story.dice.below(900_000);
    let file = changed(story, at, |file| {
        let older = (std::mem::replace(&mut file.version, version), std::mem::replace(&mut file.size, size));
        file.older.push(older);
        if file.older.len() > VERSIONS_MAX {
            file.older.remove(0);
        }
        file.modified_by = by;
    });
    Some(story.on_file(("ITEM_UPLOAD", "EDIT"), &file, by))
}

/// Somebody makes a folder.
pub(in crate::cli::demo) fn new_folder(story: &mut Story) -> Option<Draft> {
    if story.things.folders.len() >= FOLDERS_MAX {
        return None;
    }
    let above = story.dice.chance(70).then(|| story.some_folder());
    let by = match above {
        Some(above) => story.user_of(above),
        None => story.colleague(),
    };
    let owner = above.map_or(by, |above| story.things.folders[above].owner);
    let name = format!("{} {}", story.dice.pick(FOLDER_NAMES), story.dice.below(90) + 10);
    let folder = Folder {
        id: format!("16283{}", story.dice.digits(7)),
        name,
        owner,
        above,
        collaborators: Vec::new(),
        groups: Vec::new(),
        synced_by: Vec::new(),
        sequence: 0,
        created_at: story.at,
        modified_at: story.at,
    };
    story.things.folders.push(folder);
    let at = story.things.folders.len() - 1;
    let details = json!({"service_id": "11111", "service_name": "Halden Web App"});
    Some(on_folder(story, ("ITEM_CREATE", "UPLOAD"), at, by, details))
}

fn on_folder(
    story: &mut Story,
    types: (&'static str, &'static str),
    at: FolderAt,
    by: PersonAt,
    details: serde_json::Value,
) -> Draft {
    let sources = (story.things.whole_folder(at), story.things.thin_folder(at));
    story.seen_twice(Deed { types, sources, details }, by)
}

/// Somebody copies a file.
pub(in crate::cli::demo) fn copy(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    if story.things.files.len() >= FILES_MAX {
        return None;
    }
    let original = story.things.files[at].clone();
    let by = story.user_of(original.folder);
    let name = match original.name.rsplit_once('.') {
        Some((stem, kind)) => format!("{stem} (1).{kind}"),
        None => original.name.clone(),
    };
    let mut file = story.things.new_file(&mut story.dice, name, original.folder, by, story.at);
    (file.size, file.version.sha1) = (original.size, original.version.sha1);
    story.things.files.push(file.clone());
    Some(story.on_file(("ITEM_COPY", "COPY"), &file, by))
}

/// Somebody renames a file.
pub(in crate::cli::demo) fn rename(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.locked_by.is_none())?;
    let by = story.user_of(story.things.files[at].folder);
    let name = name(story);
    let file = changed(story, at, |file| file.name = name);
    Some(story.on_file(("ITEM_RENAME", "RENAME"), &file, by))
}

/// Somebody moves a file to another of their folders.
pub(in crate::cli::demo) fn r#move(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.locked_by.is_none())?;
    let from = story.things.files[at].folder;
    let by = story.user_of(from);
    let mine = |to: &FolderAt| *to != from && story.things.users_of(*to).contains(&by);
    let open: Vec<FolderAt> = (0..story.things.folders.len()).filter(mine).collect();
    if open.is_empty() {
        return None;
    }
    let to = *story.dice.pick(&open);
    let file = changed(story, at, |file| file.folder = to);
    Some(story.on_file(("ITEM_MOVE", "MOVE"), &file, by))
}

/// Somebody puts a file into the trash.
pub(in crate::cli::demo) fn trash(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.locked_by.is_none())?;
    let by = story.user_of(story.things.files[at].folder);
    let now = story.at;
    let file = changed(story, at, |file| {
        file.trashed_at = Some(now);
        file.link = None;
    });
    let trashed = |file: &File| file.trashed_at.is_some();
    if story.things.files.iter().filter(|file| trashed(file)).count() > TRASH_MAX
        && let Some(oldest) = story.things.files.iter().position(trashed)
    {
        story.things.files.remove(oldest);
    }
    Some(story.on_file(("ITEM_TRASH", "DELETE"), &file, by))
}

/// Somebody takes a file out of the trash.
pub(in crate::cli::demo) fn restore(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.trashed_at.is_some())?;
    let by = story.user_of(story.things.files[at].folder);
    let file = changed(story, at, |file| file.trashed_at = None);
    Some(story.on_file(("ITEM_UNDELETE_VIA_TRASH", "UNDELETE"), &file, by))
}

/// Somebody locks a file to work on it alone.
pub(in crate::cli::demo) fn lock(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.locked_by.is_none())?;
    let by = story.user_of(story.things.files[at].folder);
    story.things.files[at].locked_by = Some(by);
    let file = story.things.files[at].clone();
    Some(story.on_file(("LOCK_CREATE", "LOCK"), &file, by))
}

/// The holder of a lock releases it.
pub(in crate::cli::demo) fn unlock(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.locked_by.is_some())?;
    let by = story.things.files[at].locked_by.take()?;
    let file = story.things.files[at].clone();
    Some(story.on_file(("LOCK_DESTROY", "UNLOCK"), &file, by))
}

/// Somebody goes back to an older version.
pub(in crate::cli::demo) fn old_version(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.locked_by.is_none() && !file.older.is_empty())?;
    let by = story.user_of(story.things.files[at].folder);
    let file = changed(story, at, |file| {
        if let Some((version, size)) = file.older.pop() {
            (file.version, file.size) = (version, size);
        }
        file.modified_by = by;
    });
    Some(story.on_file(("ITEM_MAKE_CURRENT_VERSION", "FILE_VERSION_RESTORE"), &file, by))
}

/// Somebody marks a folder to be synced to their desktop, or no longer.
pub(in crate::cli::demo) fn sync(story: &mut Story) -> Option<Draft> {
    let at = story.some_folder();
    let by = story.user_of(at);
    Some(sync_folder(story, at, by))
}

/// Marks a folder, or unmarks it if it was marked.
fn sync_folder(story: &mut Story, at: FolderAt, by: PersonAt) -> Draft {
    let synced = &mut story.things.folders[at].synced_by;
    let event_type = match synced.iter().position(|it| *it == by) {
        Some(place) => {
            synced.remove(place);
            "ITEM_UNSYNC"
        }
        None => {
            synced.push(by);
            "ITEM_SYNC"
        }
    };
    let who = story.things.person(by);
    let source = story.things.whole_folder(at);
    // The enterprise's rendering is left to the server. It is nobody else's business which folders one syncs.
    let audience = Some(vec![who.id.clone()]);
    Draft { user: Some(story.user_event(event_type, who, source)), audience, ..Draft::default() }
}

/// Somebody looks at a file. Only its owner is told.
pub(in crate::cli::demo) fn preview(story: &mut Story) -> Option<Draft> {
    read(story, ("ITEM_PREVIEW", "PREVIEW"))
}

/// Somebody downloads a file. Only its owner is told.
pub(in crate::cli::demo) fn download(story: &mut Story) -> Option<Draft> {
    read(story, ("ITEM_DOWNLOAD", "DOWNLOAD"))
}

fn read(story: &mut Story, types: (&'static str, &'static str)) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let by = story.user_of(file.folder);
    let details = story.content_details(&file);
    let sources = (story.things.whole_file(&file), story.things.thin_file(&file));
    Some(story.seen_twice(Deed { types, sources, details }, by))
}

/// A program on somebody's desktop reads a file.
pub(in crate::cli::demo) fn content_access(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let by = story.user_of(file.folder);
    let details = story.content_details(&file);
    let source = story.things.thin_file(&file);
    Some(story.for_the_record("CONTENT_ACCESS", by, source, details))
}

/// Somebody writes down what a file is.
pub(in crate::cli::demo) fn classify(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let by = story.user_of(story.things.files[at].folder);
    let (event_type, mark) = match story.things.files[at].classification {
        None => ("METADATA_INSTANCE_CREATE", Some("Confidential")),
        Some("Confidential") => ("METADATA_INSTANCE_UPDATE", Some("Internal")),
        Some(_) => ("METADATA_INSTANCE_DELETE", None),
    };
    story.things.files[at].classification = mark;
    let file = story.things.files[at].clone();
    let source = story.things.thin_file(&file);
    let details = json!({
        "type": "securityClassification", "operationParams": "[]", "service_id": "11111",
        "service_name": "Halden Web App",
    });
    Some(story.for_the_record(event_type, by, source, details))
}

/// Somebody marks a file as a favourite.
pub(in crate::cli::demo) fn favourite(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let by = story.user_of(file.folder);
    if by >= company::COLLEAGUES {
        return None;
    }
    let event_type = *story.dice.pick(&["FAVORITE", "FAVORITE", "UNFAVORITE"]);
    let source = story.things.thin_file(&file);
    let details = json!({"service_id": "33333", "service_name": "Halden for phones"});
    Some(story.for_the_record(event_type, by, source, details))
}
