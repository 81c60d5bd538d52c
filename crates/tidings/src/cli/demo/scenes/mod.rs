//! What happens at the company, and how often. A scene that does not fit the state of things tells nothing.

pub(super) mod files;
pub(super) mod people;
pub(super) mod sharing;
pub(super) mod talk;
pub(super) mod watch;

use super::shapes::Draft;
use super::story::Story;

/// A scene.
pub(super) type Scene = fn(&mut Story) -> Option<Draft>;

/// Every scene, with how often it happens in comparison to the others.
pub(super) const ALL: &[(u64, Scene)] = &[
    (120, files::upload),
    (70, files::new_version),
    (12, files::new_folder),
    (20, files::copy),
    (25, files::rename),
    (25, files::r#move),
    (18, files::trash),
    (9, files::restore),
    (22, files::lock),
    (30, files::unlock),
    (8, files::old_version),
    (14, files::sync),
    (110, files::preview),
    (70, files::download),
    (20, files::content_access),
    (16, files::classify),
    (8, files::favourite),
    (22, sharing::share),
    (10, sharing::update_link),
    (9, sharing::unshare),
    (30, sharing::visit),
    (22, sharing::invite),
    (22, sharing::accept),
    (8, sharing::change_role),
    (8, sharing::leave),
    (6, sharing::invite_by_mail),
    (7, sharing::send_link),
    (5, sharing::folder_settings),
    (45, talk::comment),
    (7, talk::edit_comment),
    (9, talk::delete_comment),
    (20, talk::task),
    (16, talk::assign),
    (14, talk::finish),
    (10, talk::tag),
    (6, talk::annotate),
    (10, talk::sign),
    (90, |story| Some(people::login(story))),
    (14, people::failed_login),
    (10, people::device),
    (4, people::login_as),
    (5, people::new_group),
    (7, people::join_group),
    (5, people::leave_group),
    (5, people::group_folder),
    (5, people::new_user),
    (3, people::edit_user),
    (3, people::delete_user),
    (4, people::second_factor),
    (9, people::token),
    (3, people::change_application),
    (5, watch::alert),
    (5, watch::download_blocked),
    (4, watch::invitation_blocked),
    (2, watch::barrier),
];
