//! What keepers promise, tested from outside.
//!
//! - [`contract`]: one function per promise of `store::ledger` and its neighbours, run for every keeper from one list.
//! - [`histories`]: random histories, checked by invariants, and played on two keepers side by side.
//! - [`bell`], [`plans`]: over PostgreSQL, how processes hear of each other, and how statements find what they look for.
//! - [`searching`]: random searches in random histories, held against the memory keeper.
//!
//! To bring a new keeper under test, implement [`keeper::Keeper`] for it and add it to the lists at the end of this page.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "everything here is a test; a panic and a word about it is how it fails"
)]

mod bell;
mod contract;
mod deed;
mod directory_files;
mod disk;
mod faults;
mod formats;
mod histories;
mod holding;
mod importing;
mod keeper;
mod long_frames;
mod many_partitions;
mod moving;
mod overlapping;
mod plans;
mod postgres;
mod searching;
mod secrecy;
mod shelf;
mod together;
mod trial;
mod under_way;
mod upkeep;

/// The memory keeper.
mod memory {
    crate::contract::every_promise!(crate::keeper::Memory);
    crate::histories::random_histories!(crate::keeper::Memory);
}

/// The embedded keeper.
mod embedded {
    crate::contract::every_promise!(crate::keeper::Embedded);

    #[tokio::test]
    async fn random_histories_are_those_of_the_memory_keeper() {
        crate::histories::differential::<crate::keeper::EmbeddedInMemory, crate::keeper::Memory>(0..200).await;
    }

    #[tokio::test]
    async fn random_searches_find_what_the_memory_keeper_finds() {
        crate::searching::differential::<crate::keeper::EmbeddedInMemory>(0..150).await;
    }
}

/// The embedded keeper with everything in small pieces.
mod embedded_in_pieces {
    crate::contract::every_promise!(crate::keeper::EmbeddedInPieces);

    #[tokio::test]
    async fn random_histories_are_those_of_the_memory_keeper() {
        crate::histories::differential::<crate::keeper::EmbeddedInPieces, crate::keeper::Memory>(200..600).await;
    }

    #[tokio::test]
    async fn random_searches_find_what_the_memory_keeper_finds() {
        crate::searching::differential::<crate::keeper::EmbeddedInPieces>(1_000..1_200).await;
    }
}

/// The embedded keeper with everything in small pieces that are sealed where they lie.
mod embedded_in_place {
    crate::contract::every_promise!(crate::keeper::EmbeddedInPlace);

    #[tokio::test]
    async fn random_histories_are_those_of_the_memory_keeper() {
        crate::histories::differential::<crate::keeper::EmbeddedInPlace, crate::keeper::Memory>(1_300..1_600).await;
    }

    #[tokio::test]
    async fn random_searches_find_what_the_memory_keeper_finds() {
        crate::searching::differential::<crate::keeper::EmbeddedInPlace>(1_600..1_700).await;
    }
}

/// The PostgreSQL keeper.
mod postgresql {
    crate::contract::every_promise!(crate::postgres::Postgres);

    // A restart of one process leaves the frontier where the database has it, for others may be at work.
    #[tokio::test]
    async fn random_histories_are_those_of_the_memory_keeper() {
        crate::histories::differential::<crate::postgres::Postgres, crate::keeper::MemoryGoingOn>(600..630).await;
    }

    #[tokio::test]
    async fn random_searches_find_what_the_memory_keeper_finds() {
        crate::searching::differential::<crate::postgres::Postgres>(1_200..1_210).await;
    }
}
