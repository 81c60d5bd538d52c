//! Who hears of what, as anybody can read it: the deed, and who hears of it on `all`, `changes` and `sync`.
//!
//! What needs opting in, and that a named audience replaces the derived one, are promises of keepers and tested there.

use crate::directory::story::check;

#[test]
fn a_folder_three_levels_up_lets_in() {
    check(
        "
        ann makes plans                       | ann         | ann         | -
        ann lets bob into plans               | ann bob     | ann bob     | -
        ann makes plans/2025                  | ann bob     | ann bob     | -
        ann makes plans/2025/spring           | ann bob     | ann bob     | -
        cid uploads plans/2025/spring/report  | ann bob cid | ann bob cid | -
        cid comments on report                | ann bob cid | -           | -
        bob downloads plans/2025/spring/report | ann        | -           | -
        ",
    );
}

#[test]
fn a_group_lets_in_whoever_is_in_it_at_the_time() {
    check(
        "
        ann makes plans                | ann          | ann          | -
        ann adds bob to team-sales     | ann bob      | ann bob      | -
        ann lets team-sales into plans | ann bob      | ann bob      | -
        ann uploads plans/a            | ann bob      | ann bob      | -
        ann adds cid to team-sales     | ann cid      | ann cid      | -
        ann uploads plans/b            | ann bob cid  | ann bob cid  | -
        ann takes bob from team-sales  | ann bob      | ann bob      | -
        ann uploads plans/c            | ann cid      | ann cid      | -
        ann dissolves team-sales       | ann          | ann          | -
        ann uploads plans/d            | ann          | ann          | -
        ",
    );
}

#[test]
fn who_is_let_in_twice_hears_once_and_until_both_end() {
    check(
        "
        ann makes plans                      | ann     | ann     | -
        ann adds bob to team-sales           | ann bob | ann bob | -
        ann lets team-sales into plans       | ann bob | ann bob | -
        ann lets bob into plans              | ann bob | ann bob | -
        ann uploads plans/a                  | ann bob | ann bob | -
        ann shuts bob out of plans           | ann bob | ann bob | -
        ann uploads plans/b                  | ann bob | ann bob | -
        ann shuts team-sales out of plans    | ann bob | ann bob | -
        ann uploads plans/c                  | ann     | ann     | -
        ",
    );
}

#[test]
fn access_begins_and_ends_with_the_deed_that_says_so() {
    check(
        "
        ann makes plans            | ann     | ann     | -
        ann uploads plans/early    | ann     | ann     | -
        ann lets bob into plans    | ann bob | ann bob | -
        ann uploads plans/while    | ann bob | ann bob | -
        ann shuts bob out of plans | ann bob | ann bob | -
        ann uploads plans/late     | ann     | ann     | -
        ann lets bob into plans    | ann bob | ann bob | -
        ann uploads plans/again    | ann bob | ann bob | -
        ",
    );
}

#[test]
fn a_collaboration_and_an_upload_of_one_batch_count_in_their_order() {
    check(
        "
        ann makes plans            | ann     | ann     | -
        ann lets bob into plans    | ann bob | ann bob | -
        ann uploads plans/report   | ann bob | ann bob | -
        ann makes notes            | ann     | ann     | -
        ann uploads notes/report2  | ann     | ann     | -
        ann lets bob into notes    | ann bob | ann bob | -
        ",
    );
}

#[test]
fn the_invited_hear_of_the_invitation_only() {
    check(
        "
        ann makes plans          | ann     | ann     | -
        ann invites bob to plans | ann bob | ann bob | -
        ann uploads plans/a      | ann     | ann     | -
        bob lets bob into plans  | ann bob | ann bob | -
        ann uploads plans/b      | ann bob | ann bob | -
        ann invites bob to plans | ann bob | ann bob | -
        ann uploads plans/c      | ann bob | ann bob | -
        ",
    );
}

#[test]
fn of_a_move_both_sides_hear() {
    check(
        "
        ann makes plans                 | ann         | ann         | -
        ann makes trips                 | ann         | ann         | -
        ann lets bob into plans         | ann bob     | ann bob     | -
        ann lets cid into trips         | ann cid     | ann cid     | -
        ann uploads mine                | ann         | ann         | -
        ann moves mine to plans/mine    | ann bob     | ann bob     | -
        ann comments on mine            | ann bob     | -           | -
        ann moves mine to trips/mine    | ann bob cid | ann bob cid | -
        ann comments on mine            | ann cid     | -           | -
        ann moves mine to mine          | ann cid     | ann cid     | -
        ann comments on mine            | ann         | -           | -
        ",
    );
}

#[test]
fn a_folder_takes_along_what_is_below_it() {
    check(
        "
        ann makes plans                    | ann     | ann     | -
        ann makes trips                    | ann     | ann     | -
        ann makes trips/rome               | ann     | ann     | -
        ann uploads trips/rome/map         | ann     | ann     | -
        ann lets bob into plans            | ann bob | ann bob | -
        ann moves trips/rome to plans/rome | ann bob | ann bob | -
        ann comments on map                | ann bob | -       | -
        ",
    );
}

#[test]
fn in_the_trash_collaborations_reach_nothing() {
    check(
        "
        ann makes plans              | ann     | ann     | -
        ann lets bob into plans      | ann bob | ann bob | -
        ann makes plans/2025         | ann bob | ann bob | -
        ann uploads plans/2025/a     | ann bob | ann bob | -
        ann trashes 2025             | ann bob | ann bob | -
        ann comments on a            | ann     | -       | -
        ann restores plans/2025      | ann bob | ann bob | -
        ann comments on a            | ann bob | -       | -
        ann trashes a                | ann bob | ann bob | -
        ann comments on a            | ann     | -       | -
        ",
    );
}

#[test]
fn sync_is_for_items_at_or_below_a_folder_that_this_user_synced() {
    check(
        "
        ann makes plans                 | ann     | ann     | -
        ann makes plans/2025            | ann     | ann     | -
        ann lets bob into plans         | ann bob | ann bob | -
        bob syncs plans/2025            | ann bob | ann bob | bob
        ann uploads plans/2025/deep/a   | ann bob | ann bob | bob
        ann comments on a               | ann bob | -       | -
        ann uploads plans/b             | ann bob | ann bob | -
        ann syncs plans                 | ann bob | ann bob | ann
        ann uploads plans/2025/c        | ann bob | ann bob | ann bob
        bob unsyncs plans/2025          | ann bob | ann bob | ann bob
        ann uploads plans/2025/d        | ann bob | ann bob | ann
        ann shuts bob out of plans      | ann bob | ann bob | ann
        ",
    );
}

#[test]
fn syncing_lets_nobody_in() {
    check(
        "
        ann makes plans     | ann     | ann     | -
        bob syncs plans     | ann bob | ann bob | bob
        ann uploads plans/a | ann     | ann     | -
        ",
    );
}

#[test]
fn somebody_of_another_enterprise_hears_like_anybody() {
    check(
        "
        ann makes plans             | ann      | ann      | -
        ann lets olaf into plans    | ann olaf | ann olaf | -
        ann uploads plans/a         | ann olaf | ann olaf | -
        olaf uploads plans/b        | ann olaf | ann olaf | -
        olaf syncs plans            | ann olaf | ann olaf | olaf
        ann uploads plans/c         | ann olaf | ann olaf | olaf
        ann deletes olaf            | ann      | -        | -
        ann uploads plans/d         | ann olaf | ann olaf | olaf
        ann shuts olaf out of plans | ann olaf | ann olaf | olaf
        ann uploads plans/e         | ann      | ann      | -
        ",
    );
}

#[test]
fn the_anonymous_have_no_feed() {
    check(
        "
        ann makes plans          | ann | ann | -
        somebody uploads plans/a | ann | ann | -
        ann downloads plans/a    | ann | -   | -
        somebody downloads plans/a | ann | - | -
        ",
    );
}

#[test]
fn the_deleted_hear_no_more() {
    check(
        "
        ann makes plans            | ann         | ann         | -
        ann lets bob into plans    | ann bob     | ann bob     | -
        ann adds bob to team-sales | ann bob     | ann bob     | -
        ann deletes bob            | ann         | -           | -
        ann uploads plans/a        | ann         | ann         | -
        ann lets team-sales into plans | ann     | ann         | -
        ",
    );
}

#[test]
fn an_actor_nobody_knew_hears_what_they_did() {
    check(
        "
        ann makes plans           | ann     | ann     | -
        new uploads plans/a       | ann new | ann new | -
        ann uploads plans/b       | ann     | ann     | -
        ",
    );
}
