//! Sharing: links for anybody, collaborations for some.

use crate::cli::demo::company;
use crate::cli::demo::shapes::{Draft, LinkPermissions, Person, SharedLink, Source};
use crate::cli::demo::story::{Deed, Story};
use crate::cli::demo::things::{Collaborator, File, FolderAt, PersonAt};
use serde_json::{Value, json};

/// Somebody makes a link to a file, for people without an account.
pub(in crate::cli::demo) fn share(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.link.is_none())?;
    let by = story.user_of(story.things.files[at].folder);
    let name = story.dice.hex(8);
    let is_password_enabled = story.dice.chance(20);
    let file = &mut story.things.files[at];
    file.link = Some(SharedLink {
        url: format!("https://halden.example/s/{name}"),
        download_url: Some(format!("https://halden.example/shared/static/{name}")),
        vanity_url: None,
        vanity_name: None,
        effective_access: "open",
        effective_permission: "can_download",
        is_password_enabled,
        unshared_at: None,
        download_count: 0,
        preview_count: 0,
        access: "open",
        permissions: LinkPermissions { can_preview: true, can_download: true, can_edit: false },
    });
    file.link_id = name;
    file.sequence += 1;
    let file = file.clone();
    Some(with_link(story.on_file(("ITEM_SHARED_CREATE", "SHARE"), &file, by), &file))
}

/// Says in the details through which link.
fn with_link(mut draft: Draft, file: &File) -> Draft {
    if let Some(enterprise) = &mut draft.enterprise {
        enterprise.additional_details["shared_link_id"] = json!(file.link_id);
    }
    draft
}

/// Somebody changes the settings of a link.
pub(in crate::cli::demo) fn update_link(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.link.is_some())?;
    let file = &mut story.things.files[at];
    if let Some(link) = &mut file.link {
        link.is_password_enabled = !link.is_password_enabled;
    }
    file.sequence += 1;
    let file = file.clone();
    let by = story.user_of(file.folder);
    let details = story.content_details(&file);
    let source = story.things.thin_file(&file);
    Some(with_link(story.for_the_record("ITEM_SHARED_UPDATE", by, source, details), &file))
}

/// Somebody takes a link away.
pub(in crate::cli::demo) fn unshare(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.link.is_some())?;
    let file = &mut story.things.files[at];
    file.link = None;
    file.sequence += 1;
    let file = file.clone();
    let by = story.user_of(file.folder);
    Some(story.on_file(("ITEM_SHARED_UNSHARE", "UNSHARE"), &file, by))
}

/// Somebody who is not signed in opens a link, to look or to download.
pub(in crate::cli::demo) fn visit(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.link.is_some())?;
    let downloads = story.dice.chance(50);
    let file = &mut story.things.files[at];
    let link = file.link.as_mut()?;
    let types = match downloads {
        true => ("ITEM_DOWNLOAD", "DOWNLOAD"),
        false => ("ITEM_PREVIEW", "PREVIEW"),
    };
    link.download_count += u64::from(downloads);
    link.preview_count += u64::from(!downloads);
    let file = file.clone();
    let details = story.content_details(&file);
    let address = format!("192.0.2.{}", 1 + story.dice.below(250));
    let nobody = Person::unknown();
    let source = story.things.whole_file(&file);
    let user = story.user_event(types.0, nobody.clone(), source);
    let source = story.things.thin_file(&file);
    let enterprise = story.enterprise_event(types.1, nobody, &address, source, details);
    Some(with_link(Draft { user: Some(user), enterprise: Some(enterprise), ..Draft::default() }, &file))
}

/// Somebody sends a link by mail.
pub(in crate::cli::demo) fn send_link(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(|file| file.is_here() && file.link.is_some())?;
    let file = story.things.files[at].clone();
    let by = story.user_of(file.folder);
    let event_type = *story.dice.pick(&["SHARED_LINK_SEND", "ITEM_EMAIL_SEND"]);
    let source = story.things.thin_file(&file);
    let details = json!({
        "recipients": ["purchasing@brightmoor.example"], "service_id": "11111", "service_name": "Halden Web App",
    });
    Some(with_link(story.for_the_record(event_type, by, source, details), &file))
}

/// What the details say of a collaboration.
fn details(collaborator: &Collaborator, message: &str) -> Value {
    let mut details = json!({
        "type": "box://event/additional_details/collaboration", "collab_id": collaborator.id,
        "role": collaborator.role, "is_performed_by_admin": false, "invitation_message": message,
        "service_id": "11111", "service_name": "Halden Web App",
    });
    if !collaborator.accepted {
        details["status"] = json!("pending");
    }
    details
}

/// A deed with somebody's collaboration on a folder.
fn on_collaboration(
    story: &mut Story,
    types: (&'static str, &'static str),
    at: FolderAt,
    collaborator: &Collaborator,
    by: PersonAt,
) -> Draft {
    let whom = story.things.person(collaborator.who);
    let folder = &story.things.folders[at];
    let thin = json!({
        "folder_id": folder.id, "folder_name": folder.name, "user_id": whom.id, "user_name": whom.name,
        "parent": story.things.thin_parent(at), "owned_by": story.things.person(folder.owner),
    });
    let sources = (story.things.whole_folder(at), Source::Other(thin));
    let deed = Deed { types, sources, details: details(collaborator, "") };
    let mut draft = story.seen_twice(deed, by);
    if let Some(enterprise) = &mut draft.enterprise {
        enterprise.accessible_by = Some(json!(whom));
    }
    draft
}

/// The owner of a folder invites somebody, now and then from outside.
pub(in crate::cli::demo) fn invite(story: &mut Story) -> Option<Draft> {
    let at = story.some_folder();
    let by = story.things.folders[at].owner;
    let guests = [company::PRIYA, company::BEN];
    let who = if story.dice.chance(20) { *story.dice.pick(&guests) } else { story.colleague() };
    let known = story.things.folders[at].collaborators.iter().any(|it| it.who == who);
    if known || story.things.users_of(at).contains(&who) {
        return None;
    }
    let role = *story.dice.pick(&["Editor", "Viewer", "Previewer"]);
    let id = format!("406{}", story.dice.digits(8));
    let collaborator = Collaborator { who, role, id, accepted: false };
    let folder = &mut story.things.folders[at];
    folder.collaborators.push(collaborator.clone());
    folder.sequence += 1;
    let types = ("COLLAB_INVITE_COLLABORATOR", "COLLABORATION_INVITE");
    Some(on_collaboration(story, types, at, &collaborator, by))
}

/// Which of a folder's collaborations, if it has some that fit.
fn some_collaboration(story: &mut Story, at: FolderAt, accepted: bool) -> Option<usize> {
    let all = &story.things.folders[at].collaborators;
    let fitting: Vec<usize> = (0..all.len()).filter(|place| all[*place].accepted == accepted).collect();
    (!fitting.is_empty()).then(|| *story.dice.pick(&fitting))
}

/// Somebody accepts an invitation.
pub(in crate::cli::demo) fn accept(story: &mut Story) -> Option<Draft> {
    let open = |at: &FolderAt| story.things.folders[*at].collaborators.iter().any(|it| !it.accepted);
    let at = (0..story.things.folders.len()).find(open)?;
    let place = some_collaboration(story, at, false)?;
    let collaborator = &mut story.things.folders[at].collaborators[place];
    collaborator.accepted = true;
    let collaborator = collaborator.clone();
    let types = ("COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT");
    Some(on_collaboration(story, types, at, &collaborator, collaborator.who))
}

/// The owner changes what somebody may do.
pub(in crate::cli::demo) fn change_role(story: &mut Story) -> Option<Draft> {
    let at = story.some_folder();
    let place = some_collaboration(story, at, true)?;
    let folder = &mut story.things.folders[at];
    let (by, collaborator) = (folder.owner, &mut folder.collaborators[place]);
    collaborator.role = if collaborator.role == "Editor" { "Viewer" } else { "Editor" };
    let collaborator = collaborator.clone();
    let types = ("COLLAB_ROLE_CHANGE", "COLLABORATION_ROLE_CHANGE");
    Some(on_collaboration(story, types, at, &collaborator, by))
}

/// A collaboration ends. Whoever loses it still hears of that.
pub(in crate::cli::demo) fn leave(story: &mut Story) -> Option<Draft> {
    let at = story.some_folder();
    let place = some_collaboration(story, at, true)?;
    let collaborator = story.things.folders[at].collaborators[place].clone();
    let by = story.things.folders[at].owner;
    let types = ("COLLAB_REMOVE_COLLABORATOR", "COLLABORATION_REMOVE");
    let draft = on_collaboration(story, types, at, &collaborator, by);
    let folder = &mut story.things.folders[at];
    folder.collaborators.remove(place);
    folder.synced_by.retain(|it| *it != collaborator.who);
    Some(draft)
}

/// The owner invites an address that has no account.
pub(in crate::cli::demo) fn invite_by_mail(story: &mut Story) -> Option<Draft> {
    let at = story.some_folder();
    let folder = &story.things.folders[at];
    let by = folder.owner;
    let address = format!("guest{}@brightmoor.example", story.dice.below(9) + 1);
    let source = json!({
        "folder_id": folder.id, "folder_name": folder.name, "user_email": address,
        "parent": story.things.thin_parent(at), "owned_by": story.things.person(by),
    });
    let id = format!("406{}", story.dice.digits(8));
    let invited = Collaborator { who: by, role: "Viewer", id, accepted: false };
    let details = details(&invited, "Have a look");
    Some(story.for_the_record("COLLABORATION_INVITE", by, Source::Other(source), details))
}

/// The owner of a folder changes who may invite.
pub(in crate::cli::demo) fn folder_settings(story: &mut Story) -> Option<Draft> {
    let at = story.some_folder();
    let by = story.things.folders[at].owner;
    let only_owner = story.dice.chance(50);
    let details =
        json!({"advancedFolderSettings": {"oldOwnerOnlyInvite": !only_owner, "newOwnerOnlyInvite": only_owner}});
    let source = story.things.thin_folder(at);
    Some(story.for_the_record("ADVANCED_FOLDER_SETTINGS_UPDATE", by, source, details))
}
