//! The shapes themselves: what the strictest readers insist on, object by object (protocol, sections 11, 12, 18).
//!
//! *Required*: readers fail without it. *Or null*: readers take null for it. Members stand in the order in which the
//! protocol shows them.

use super::{Form, Keep, Member, Shape};

const fn member(name: &'static str, form: Form) -> Member {
    Member { name, form, required: false, nullable: false, keep: Keep::Nothing }
}

impl Member {
    const fn required(self) -> Self {
        Member { required: true, ..self }
    }

    const fn or_null(self) -> Self {
        Member { nullable: true, ..self }
    }

    const fn keep(self, keep: Keep) -> Self {
        Member { keep, ..self }
    }
}

const fn person(id: Keep, name: Keep, login: Keep) -> [Member; 4] {
    [
        member("type", Form::OneOf(&["user"])).required(),
        member("id", Form::Id).required().keep(id),
        member("name", Form::Text).keep(name),
        member("login", Form::Text).keep(login),
    ]
}

const fn folder_mini(id: Keep, name: Keep) -> [Member; 5] {
    [
        member("type", Form::OneOf(&["folder"])).required(),
        member("id", Form::Id).required().keep(id),
        member("sequence_id", Form::Digits).or_null(),
        member("etag", Form::Text).or_null(),
        member("name", Form::Text).keep(name),
    ]
}

/// Who did it.
pub(in crate::intake) static ACTOR: Shape = {
    static MEMBERS: [Member; 4] = person(Keep::ActorId, Keep::ActorName, Keep::ActorLogin);
    Shape::new(&MEMBERS)
};

/// Somebody of whom the server keeps nothing.
pub(in crate::intake) static PERSON: Shape = {
    static MEMBERS: [Member; 4] = person(Keep::Nothing, Keep::Nothing, Keep::Nothing);
    Shape::new(&MEMBERS)
};

/// Who owns an item.
pub(super) static OWNER: Shape = {
    static MEMBERS: [Member; 4] = person(Keep::OwnerId, Keep::OwnerName, Keep::OwnerLogin);
    Shape::new(&MEMBERS)
};

/// Who made or changed an item: like [`PERSON`], but nobody at all has an empty id here.
static AUTHOR: Shape = Shape::new(&[
    member("type", Form::OneOf(&["user"])).required(),
    member("id", Form::Text).required(),
    member("name", Form::Text),
    member("login", Form::Text),
]);

/// The one whom a collaboration lets in.
pub(in crate::intake) static COLLABORATOR: Shape = Shape::new(&[
    member("type", Form::OneOf(&["user", "group"])).required(),
    member("id", Form::Id).required(),
    member("name", Form::Text),
    member("login", Form::Text),
]);

static PARENT: Shape = {
    static MEMBERS: [Member; 5] = folder_mini(Keep::ParentId, Keep::ParentName);
    Shape::new(&MEMBERS)
};

pub(super) static ABOVE: Shape = {
    static MEMBERS: [Member; 5] = folder_mini(Keep::Above, Keep::Nothing);
    Shape::new(&MEMBERS)
};

static PATH: Shape =
    Shape::new(&[member("total_count", Form::Whole).required(), member("entries", Form::ListOf(&ABOVE)).required()]);

static FILE_VERSION: Shape = Shape::new(&[
    member("type", Form::OneOf(&["file_version"])).required(),
    member("id", Form::Id).required(),
    member("sha1", Form::Text),
]);

static LINK_PERMISSIONS: Shape = Shape::new(&[
    member("can_preview", Form::Bool).required(),
    member("can_download", Form::Bool).required(),
    member("can_edit", Form::Bool).required(),
]);

const ACCESS: Form = Form::OneOf(&["open", "company", "collaborators"]);

static SHARED_LINK: Shape = Shape::new(&[
    member("url", Form::Text).required(),
    member("download_url", Form::Text).or_null(),
    member("vanity_url", Form::Text).or_null(),
    member("vanity_name", Form::Text).or_null(),
    member("effective_access", ACCESS).required(),
    member("effective_permission", Form::OneOf(&["can_edit", "can_download", "can_preview", "no_access"])).required(),
    member("is_password_enabled", Form::Bool).required(),
    member("unshared_at", Form::Time).or_null(),
    member("download_count", Form::Whole).required(),
    member("preview_count", Form::Whole).required(),
    member("access", ACCESS).or_null(),
    member("permissions", Form::Object(&LINK_PERMISSIONS)).or_null(),
]);

static UPLOAD_EMAIL: Shape = Shape::new(&[
    member("access", Form::OneOf(&["open", "collaborators"])).or_null(),
    member("email", Form::Text).or_null(),
]);

const ITEM_STATUS: Form = Form::OneOf(&["active", "trashed", "deleted"]);

/// A whole file.
pub(super) static FILE: Shape = Shape::new(&[
    member("type", Form::OneOf(&["file"])).required(),
    member("id", Form::Id).required().keep(Keep::Id),
    member("file_version", Form::Object(&FILE_VERSION)).or_null(),
    member("sequence_id", Form::Digits).or_null(),
    member("etag", Form::Text).or_null(),
    member("sha1", Form::Text),
    member("name", Form::Text).keep(Keep::Name),
    member("description", Form::Text),
    member("size", Form::Whole),
    member("path_collection", Form::Object(&PATH)),
    member("created_at", Form::Time),
    member("modified_at", Form::Time),
    member("trashed_at", Form::Time).or_null(),
    member("purged_at", Form::Time).or_null(),
    member("content_created_at", Form::Time),
    member("content_modified_at", Form::Time),
    member("created_by", Form::Object(&AUTHOR)),
    member("modified_by", Form::Object(&AUTHOR)),
    member("owned_by", Form::Object(&OWNER)).keep(Keep::Owner),
    member("shared_link", Form::Object(&SHARED_LINK)).or_null(),
    member("parent", Form::Object(&PARENT)).or_null(),
    member("item_status", ITEM_STATUS),
]);

/// A whole folder.
pub(super) static FOLDER: Shape = Shape::new(&[
    member("type", Form::OneOf(&["folder"])).required(),
    member("id", Form::Id).required().keep(Keep::Id),
    member("sequence_id", Form::Digits).or_null(),
    member("etag", Form::Text).or_null(),
    member("name", Form::Text).keep(Keep::Name),
    member("created_at", Form::Time),
    member("modified_at", Form::Time),
    member("description", Form::Text),
    member("size", Form::Whole),
    member("path_collection", Form::Object(&PATH)),
    member("created_by", Form::Object(&AUTHOR)),
    member("modified_by", Form::Object(&AUTHOR)),
    member("trashed_at", Form::Time).or_null(),
    member("purged_at", Form::Time).or_null(),
    member("content_created_at", Form::Time),
    member("content_modified_at", Form::Time),
    member("owned_by", Form::Object(&OWNER)).keep(Keep::Owner),
    member("shared_link", Form::Object(&SHARED_LINK)).or_null(),
    member("folder_upload_email", Form::Object(&UPLOAD_EMAIL)).or_null(),
    member("parent", Form::Object(&PARENT)).or_null(),
    member("item_status", ITEM_STATUS),
    member("synced", Form::Bool),
]);

static NOTIFICATION_EMAIL: Shape =
    Shape::new(&[member("email", Form::Text).or_null(), member("is_confirmed", Form::Bool).or_null()]);

/// A user.
pub(super) static USER: Shape = Shape::new(&[
    member("type", Form::OneOf(&["user"])).required(),
    member("id", Form::Id).required().keep(Keep::Id),
    member("name", Form::Text).keep(Keep::Name),
    member("login", Form::Text).keep(Keep::Login),
    member("created_at", Form::Time),
    member("modified_at", Form::Time),
    member("language", Form::Text).or_null(),
    member("timezone", Form::Text).or_null(),
    member("space_amount", Form::Whole),
    member("space_used", Form::Whole),
    member("max_upload_size", Form::Whole),
    member("status", Form::OneOf(&["active", "inactive", "cannot_delete_edit", "cannot_delete_edit_upload"])),
    member("job_title", Form::Text).or_null(),
    member("phone", Form::Text).or_null(),
    member("address", Form::Text).or_null(),
    member("avatar_url", Form::Text).or_null(),
    member("notification_email", Form::Object(&NOTIFICATION_EMAIL)).or_null(),
]);

static GROUP_MINI: Shape = Shape::new(&[
    member("type", Form::OneOf(&["group"])).required(),
    member("id", Form::Id).required(),
    member("name", Form::Text),
    member("group_type", Form::OneOf(&["managed_group", "all_users_group"])),
]);

/// An item of an application.
pub(super) static APP_ITEM: Shape = Shape::new(&[
    member("type", Form::OneOf(&["app_item"])).required(),
    member("id", Form::Id).required(),
    member("app_item_type", Form::Text).required(),
    member("user", Form::Object(&PERSON)).or_null(),
    member("group", Form::Object(&GROUP_MINI)).or_null(),
]);

static CLASSIFICATION: Shape = Shape::new(&[member("name", Form::Text).or_null()]);

/// The thin item of the enterprise feed.
pub(super) static THIN: Shape = Shape::new(&[
    member("item_type", Form::Text).required(),
    member("item_id", Form::Id).required().keep(Keep::Id),
    member("item_name", Form::Text).required(),
    member("parent", Form::Object(&ABOVE)).or_null(),
    member("owned_by", Form::Object(&OWNER)).or_null(),
    member("classification", Form::Object(&CLASSIFICATION)).or_null(),
    member("type", Form::NoneOf(&["file", "folder", "user", "app_item"])),
]);
