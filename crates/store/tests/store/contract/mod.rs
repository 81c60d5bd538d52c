//! The contract: one function per promise, each taking any keeper. The list below runs them for one.
//!
//! A promise that is not in the list is an unused function, which the compiler reports.

pub(crate) mod access;
pub(crate) mod again;
pub(crate) mod apart;
pub(crate) mod arrival;
pub(crate) mod audience;
pub(crate) mod batches;
pub(crate) mod directory;
pub(crate) mod filters;
pub(crate) mod finding;
pub(crate) mod history;
pub(crate) mod importing;
pub(crate) mod lists;
pub(crate) mod pages;
pub(crate) mod reports;
pub(crate) mod restarts;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod streams;
pub(crate) mod sweeping;
pub(crate) mod tokens;
pub(crate) mod windows;

/// Makes a named test of every promise, for one keeper.
macro_rules! every_promise {
    ($keeper:ty) => {
        $crate::contract::promises! { $keeper:
            access {
                a_key_is_given_once
                kinds_do_not_meet_under_one_name
                a_record_is_replaced_only_as_it_was_seen
                of_two_takers_one_gets_it
                records_are_listed_by_kind_and_enterprise_in_order_of_keys
                what_expired_is_forgotten_and_nothing_else
                records_are_kept_across_restarts
            }
            again {
                an_event_published_twice_is_stored_once
                a_batch_is_looked_through_for_its_own_duplicates
                a_duplicate_that_says_something_else_differs_and_the_first_stands
                what_the_server_filled_in_is_no_difference
                the_same_id_in_another_enterprise_is_another_event
                the_same_id_in_the_other_kind_of_feed_is_another_event
                of_a_half_known_envelope_the_other_half_is_stored
                duplicates_are_known_after_a_restart
            }
            apart {
                an_enterprise_sees_nothing_of_another
                frontiers_are_apart
                a_reader_at_home_elsewhere_hears_in_that_home_once
                the_bell_rings_for_readers_in_both_homes
                what_is_relayed_says_the_same_bytes
                two_readers_of_one_other_home_hear_each_once
                relayed_entries_stand_in_the_order_of_the_readers_home
                an_id_relayed_is_not_taken_in_the_readers_home
            }
            arrival {
                positions_grow_whatever_the_clock_does
                positions_go_on_after_a_restart
                a_position_begins_with_the_second_of_its_recording
                both_renderings_of_a_deed_stand_at_one_place
                each_enterprise_has_its_own_line_of_positions
                what_comes_later_lies_after_every_place_given_out
            }
            audience {
                the_actor_and_the_owner_hear_each_once
                a_named_audience_replaces_the_derived_one
                an_empty_audience_is_nobody
                some_deeds_reach_only_the_owner
                the_anonymous_user_hears_nothing
                a_name_in_the_audience_makes_nobody_known
                the_deleted_hear_of_it_and_then_no_more
                nobody_hears_what_happened_before_they_were_known
                what_needs_opting_in_is_withheld_until_then
            }
            batches {
                a_batch_is_recorded_in_its_order
                an_empty_batch_is_nothing
                an_unseen_event_is_in_no_feed
            }
            directory {
                whoever_an_event_names_is_known_from_then_on
                users_are_set_edited_and_deleted
                effects_of_a_duplicate_are_not_applied_again
                of_a_half_known_deed_its_people_are_met
                an_enterprise_decides_only_about_its_own
                enterprises_are_listed_in_order
                users_are_listed_page_by_page
                logins_are_found_in_their_enterprise_whatever_their_case
                the_directory_is_kept_across_restarts
            }
            filters {
                a_filter_by_type_takes_exactly_those_types
                rare_types_fill_pages_from_far_apart
                bounds_of_created_at_take_the_lower_and_leave_the_upper
                bounds_go_by_the_true_time_also_where_order_does_not
                filters_hold_together
                what_was_recorded_before_the_oldest_is_not_shown
            }
            finding {
                what_is_stored_is_found_by_its_id_and_kind
                the_bytes_are_those_published_with_the_time_of_recording
                recorded_at_agrees_with_the_position
            }
            history {
                it_follows_created_at_within_the_settling_delay
                late_deeds_stand_at_the_frontier
                no_deed_stands_beyond_its_recording
                the_frontier_moves_with_events_and_with_time
                the_frontier_never_falls
                deeds_after_the_clock_went_back_lie_behind_what_was_shown
                followers_lose_nothing_across_restarts_and_changed_delays
                a_restart_does_not_open_what_was_shown
                the_settling_delay_is_that_of_the_last_start
            }
            importing {
                what_is_imported_stands_at_its_true_time_and_nowhere_else
                imported_twice_is_stored_once
                what_was_published_is_known_when_it_is_imported
                what_was_imported_is_known_when_it_is_published
                ranks_are_given_after_those_that_are_there
                nobody_hears_it_and_nobody_becomes_known
                it_ages_by_its_original_time
                a_hold_keeps_it_and_it_is_foretold
                windows_over_it_are_read_page_by_page_by_type_and_time
                many_small_imports_read_like_one
                an_import_of_another_enterprise_is_apart
                it_is_the_same_after_a_restart
            }
            lists {
                a_large_audience_hears_by_a_list_and_each_once
                who_joins_leaves_and_joins_again_hears_only_the_time_between
                lists_are_read_page_by_page
                the_bell_rings_for_lists_and_for_who_comes_to_belong_to_one
            }
            pages {
                pages_of_any_size_give_every_entry_once
                a_page_is_full_when_there_is_enough
                scanning_an_empty_stretch_looks_at_nothing
                a_short_page_has_looked_as_far_as_the_line_goes
                enterprise_feeds_of_types_are_those_of_everything_without_the_others
                the_ends_are_the_last_entry_shown_and_the_last_place_given
                the_largest_page_has_room_for_the_largest_limit
            }
            reports {
                an_id_of_a_report_is_given_once
                a_report_is_replaced_only_as_it_was_seen
                reports_are_kept_and_listed_across_restarts
            }
            restarts {
                every_line_is_the_same_after_a_restart
                what_is_found_is_the_same_after_a_restart
                reading_goes_on_where_it_stood
                writing_goes_on_after_a_restart
                an_empty_keeper_restarts_empty
            }
            search {
                filters_of_one_kind_widen_and_of_several_narrow
                a_folder_finds_itself_and_whatever_lies_below
                both_orders_go_by_the_true_time_of_the_deed
                pages_of_any_size_give_every_match_once
                what_is_published_meanwhile_moves_nobody
                searching_goes_on_after_a_restart
                a_text_is_found_whatever_its_case
                an_enterprise_finds_only_its_own
                only_deeds_in_the_enterprise_feed_are_found
                what_was_recorded_before_the_oldest_is_not_found
                what_was_swept_is_not_found
                counts_are_those_of_what_is_found
            }
            retention {
                a_hold_keeps_what_is_past_its_period_until_it_is_released
                a_hold_ends_by_the_clock
                while_one_hold_is_left_it_keeps
                a_hold_with_a_window_keeps_what_was_done_in_it
                a_late_deed_is_held_by_the_time_it_was_done
                holds_are_listed_and_changed_only_as_they_were_seen
                what_a_sweep_takes_is_foretold
            }
            streams {
                each_stream_carries_its_types
                sync_carries_items_at_or_below_a_synced_folder
                marking_and_unmarking_a_folder_are_themselves_on_sync
                a_stream_looks_past_what_the_others_carry
                lists_without_entries_add_nothing
            }
            sweeping {
                what_is_past_its_retention_goes_and_nothing_else
                what_is_just_inside_its_retention_stays
                swept_ids_are_free_again
                no_place_is_given_again_after_everything_was_swept
                no_place_is_given_again_after_a_restart_either
                sweeping_moves_no_rank
                sweeping_what_was_relayed_leaves_the_id_of_an_own_event
                the_directory_outlives_the_events_it_came_from
            }
            tokens {
                a_token_is_found_by_its_hash_and_by_its_id
                tokens_are_listed_per_enterprise_oldest_first
                an_enterprise_removes_only_its_own_tokens
                tokens_that_expired_are_forgotten
                of_a_secret_the_first_one_stays
                tokens_and_secrets_are_kept_across_restarts
            }
            windows {
                windows_go_by_the_true_time_of_the_deed
                ranks_count_arrivals_within_a_second
                ranks_do_not_depend_on_the_filter
                adjoining_windows_neither_overlap_nor_leave_a_gap
                late_deeds_move_no_rank
            }
        }
    };
}

/// One test for each promise of a list, in a module for each topic.
macro_rules! promises {
    ($keeper:ty: $($topic:ident { $($promise:ident)* })*) => {
        $(
            mod $topic {
                $(
                    #[tokio::test]
                    async fn $promise() {
                        if <$keeper as $crate::keeper::Keeper>::is_missing() {
                            return;
                        }
                        $crate::contract::$topic::$promise::<$keeper>().await;
                    }
                )*
            }
        )*
    };
}

pub(crate) use {every_promise, promises};
