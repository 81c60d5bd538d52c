//! Replaying from any snapshot gives exactly the same directory.

use crate::directory::history::{PEOPLE, beginning, event, name, place, step};
use crate::directory::story::{home, user};
use feed::audience::hear;
use feed::directory::Directory;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happened, and wherever the snapshot was taken: written out, read back and continued by the effects
    /// alone, it is what it would have been, down to the lists of each user.
    #[test]
    fn a_snapshot_continued_is_the_same_directory(
        steps in prop::collection::vec(step(), 1..80),
        cut in 0..80_usize,
    ) {
        let mut directory = beginning();
        let mut snapshot = None;
        for (number, step) in steps.iter().enumerate() {
            if number == cut % steps.len() {
                snapshot = Some(serde_json::to_vec(&directory).unwrap());
            }
            hear(&event(*step), &mut directory, &home(), place(number));
        }
        let mut again: Directory = serde_json::from_slice(&snapshot.unwrap()).unwrap();
        for (number, step) in steps.iter().enumerate().skip(cut % steps.len()) {
            // A keeper that leaves out what changes nothing must come to the same.
            let mut effects = event(*step).effects;
            if effects.len() == 1 {
                effects.retain(|effect| again.changes(effect, &home()));
            }
            again.replay(&effects, &home(), place(number));
        }
        prop_assert_eq!(&again, &directory);
        for who in 0..PEOPLE {
            prop_assert_eq!(again.lists(&user(&name(who))), directory.lists(&user(&name(who))));
        }
    }
}
