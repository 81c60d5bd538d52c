//! The filter by event type (protocol, section 8).

use crate::deeds::{Draft, login, upload};
use crate::world::{ADMIN, World};

const BOTH: [&str; 2] = ["admin_logs", "admin_logs_streaming"];

#[tokio::test]
async fn lists_in_every_form() {
    let world = World::new().await;
    let typed = |name: &str| login(name).typed(name);
    world
        .publish([
            typed("LOGIN"),
            typed("FAILED_LOGIN"),
            typed("SIGN_DOCUMENT_VIEWED_BY_SIGNER"),
            typed("MASTER_INVITE_ACCEPT"),
            typed("invoice.paid"),
        ])
        .await;
    world.settle();
    let everything =
        ["LOGIN", "FAILED_LOGIN", "SIGN_DOCUMENT_VIEWED_BY_SIGNER", "MASTER_INVITE_ACCEPT", "invoice.paid"];
    for (filter, expected) in [
        ("event_type=LOGIN", &["LOGIN"][..]),
        ("event_type=LOGIN,FAILED_LOGIN", &["LOGIN", "FAILED_LOGIN"]),
        ("event_type=LOGIN%2CFAILED_LOGIN", &["LOGIN", "FAILED_LOGIN"]),
        ("event_type=FAILED_LOGIN&event_type=LOGIN", &["LOGIN", "FAILED_LOGIN"]),
        ("event_type=%20LOGIN%20,,+FAILED_LOGIN+,", &["LOGIN", "FAILED_LOGIN"]),
        ("event_type=LOGIN,LOGIN&event_type=LOGIN", &["LOGIN"]),
        ("event_type=&event_type=LOGIN&event_type=", &["LOGIN"]),
        ("event_type=", &everything),
        ("event_type=,%20,", &everything),
        ("event_type=login", &[]),
        ("event_type=NO_SUCH_TYPE", &[]),
        ("event_type=NO_SUCH_TYPE,LOGIN", &["LOGIN"]),
        ("event_type=%C3%89", &[]),
        ("event_type=A%20B", &[]),
        ("event_type=invoice.paid", &["invoice.paid"]),
        // The two spellings of one type match each other.
        ("event_type=SIGN_DOCUMENT_VIEWED_BY_SIGNER", &["SIGN_DOCUMENT_VIEWED_BY_SIGNER"]),
        ("event_type=SIGN_DOCUMENT_VIEWED_BY_SIGNED", &["SIGN_DOCUMENT_VIEWED_BY_SIGNER"]),
        // The aliases of SDKs are translated before they are sent.
        ("event_type=MASTER_INVITE_ACCEPT", &["MASTER_INVITE_ACCEPT"]),
        ("event_type=ADMIN_INVITE_ACCEPT", &[]),
    ] {
        for stream in BOTH {
            let page = world.page(ADMIN, &format!("stream_type={stream}&{filter}")).await;
            assert_eq!(page.ids(), expected, "{stream} {filter}");
        }
    }
}

#[tokio::test]
async fn the_event_stored_with_the_other_spelling_is_found_too() {
    let world = World::new().await;
    world.publish([login("e").typed("SIGN_DOCUMENT_VIEWED_BY_SIGNED")]).await;
    for spelling in ["SIGN_DOCUMENT_VIEWED_BY_SIGNER", "SIGN_DOCUMENT_VIEWED_BY_SIGNED"] {
        let page = world.page(ADMIN, &format!("stream_type=admin_logs_streaming&event_type={spelling}")).await;
        assert_eq!(page.ids(), ["e"]);
        assert_eq!(page.entries[0]["event_type"], "SIGN_DOCUMENT_VIEWED_BY_SIGNED", "told as published");
    }
}

#[tokio::test]
async fn too_many_types_are_refused_where_they_count() {
    let world = World::new().await;
    world.publish([upload("u").by(ADMIN)]).await;
    for (types, status) in [(1_000, 200), (1_001, 400)] {
        let list = "A,".repeat(types);
        for stream in BOTH {
            let answer = world.get(ADMIN, &format!("/2.0/events?stream_type={stream}&event_type={list}")).await;
            assert_eq!(answer.status.as_u16(), status, "{stream} {types}");
        }
        assert_eq!(world.page(ADMIN, &format!("event_type={list}")).await.ids(), ["u"]);
    }
}

#[tokio::test]
async fn the_limit_counts_what_matches() {
    let world = World::new().await;
    let rare = |n: usize| if n % 50 == 49 { "FAILED_LOGIN" } else { "LOGIN" };
    let drafts: Vec<Draft> = (0..1_000).map(|n| login(&format!("e{n}")).typed(rare(n))).collect();
    world.publish(drafts).await;
    world.settle();
    for stream in BOTH {
        let query = format!("stream_type={stream}&event_type=FAILED_LOGIN&limit=8");
        let mut page = world.page(ADMIN, &query).await;
        let mut counts = vec![page.entries.len()];
        while !page.entries.is_empty() && counts.len() < 10 {
            page = world.page(ADMIN, &format!("{query}&stream_position={}", page.position())).await;
            counts.push(page.entries.len());
        }
        assert_eq!(counts, [8, 8, 4, 0], "{stream}");
    }
}
