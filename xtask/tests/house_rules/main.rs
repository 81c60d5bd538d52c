//! House rules that no compiler knows, as ordinary tests.
//!
//! Each rule is a function from a tree of files to its faults, so it is tried on small made-up trees, which it must
//! find fault with, and on the real one, which it must not.

mod code;
mod floors;
mod tree;
mod words;

use tree::{Fault, Tree};

fn assert_none(faults: &[Fault]) {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{} broken house rules:\n{}", faults.len(), told.join("\n"));
}

#[test]
fn crates_depend_downwards_only() {
    assert_none(&floors::dependencies(&Tree::real()));
}

#[test]
fn modules_keep_to_their_floor() {
    assert_none(&floors::modules(&Tree::real()));
}

#[test]
fn the_environment_is_read_in_config_only() {
    assert_none(&floors::environment(&Tree::real()));
}

#[test]
fn every_crate_inherits_the_lints() {
    assert_none(&floors::lints(&Tree::real()));
}

#[test]
fn everything_has_a_name_that_says_what_it_is() {
    assert_none(&words::names(&Tree::real()));
}

#[test]
fn nothing_is_ignored_or_left_to_be_done() {
    assert_none(&words::unfinished(&Tree::real()));
}

#[test]
fn a_file_is_about_one_thing() {
    assert_none(&words::length(&Tree::real()));
}

#[test]
fn the_project_stands_alone() {
    assert_none(&words::places(&Tree::real()));
}
