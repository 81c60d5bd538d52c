//! The contract: one function per promise, each taking any keeper. The list below runs them for one.
//!
//! A promise that is not in the list is an unused function, which the compiler reports. What the lines of a ledger owe
//! to *lists* (a shared folder, a group) is tested only for lists nobody posted to: `feed::audience` names none yet.

pub(crate) mod again;
pub(crate) mod arrival;
pub(crate) mod pages;

/// Makes a named test of every promise, for one keeper.
macro_rules! every_promise {
    ($keeper:ty) => {
        $crate::contract::promises! { $keeper:
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
            arrival {
                positions_grow_whatever_the_clock_does
                positions_go_on_after_a_restart
                a_position_begins_with_the_second_of_its_recording
                both_renderings_of_a_deed_stand_at_one_place
                each_enterprise_has_its_own_line_of_positions
                what_comes_later_lies_after_every_place_given_out
            }
            pages {
                pages_of_any_size_give_every_entry_once
                a_page_is_full_when_there_is_enough
                scanning_an_empty_stretch_looks_at_nothing
                a_short_page_has_looked_as_far_as_the_line_goes
                the_ends_are_the_last_entry_shown_and_the_last_place_given
                the_largest_page_has_room_for_the_largest_limit
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
                        $crate::contract::$topic::$promise::<$keeper>().await;
                    }
                )*
            }
        )*
    };
}

pub(crate) use {every_promise, promises};
