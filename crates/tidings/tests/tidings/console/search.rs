//! Searching: filters as the address, the histogram and the lists as links that narrow, page after page.

use super::Browser;
use crate::deeds::{login, logins};
use crate::world::{NOW, REPORTER, TOMAS, World};

/// Where the links lead whose text has this in it, in some HTML.
fn link(html: &str, text: &str) -> String {
    let links = html.split("<a ").skip(1).filter_map(|it| it.split_once("</a>")).map(|(link, _)| link);
    let found = links.into_iter().find(|link| link.contains(text)).unwrap_or_else(|| panic!("no link {text}: {html}"));
    found.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&")
}

/// The ids of the events in some HTML, in their order.
fn ids(html: &str) -> Vec<&str> {
    html.split("href=\"/console/events/").skip(1).map(|it| it.split('"').next().unwrap()).collect()
}

/// Logins of three days, by two people, from two addresses.
async fn three_days() -> World {
    let world = World::new().await;
    for day in 0..3_u32 {
        let at = NOW - (3 - day) * 86_400;
        world
            .publish([
                login(&format!("m{day}")).at(at).with("ip_address", "203.0.113.7"),
                login(&format!("t{day}")).by(TOMAS).at(at + 60).typed("FAILED_LOGIN"),
            ])
            .await;
    }
    world
}

#[tokio::test]
async fn filters_narrow_and_stand_in_the_fields() {
    let world = three_days().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    for (query, expected) in [
        ("event_type=FAILED_LOGIN", vec!["t2", "t1", "t0"]),
        ("event_type=FAILED_LOGIN&order=oldest", vec!["t0", "t1", "t2"]),
        ("actor=tomas@halden.example", vec!["t2", "t1", "t0"]),
        ("ip=203.0.113.7", vec!["m2", "m1", "m0"]),
        ("text=FAILED&actor=20306589102", vec!["t2", "t1", "t0"]),
        ("ip=203.0.113.7&actor=20306589102", vec![]),
    ] {
        let page = browser.get(&format!("/console/search?{query}")).await.ok();
        assert_eq!(ids(page.text()), expected, "{query}");
    }
    let page = browser.get("/console/search?actor=%22%3E%3Cb%3E@x&text=a%26b").await;
    assert_eq!(page.status, 400);
    assert!(page.text().contains("value=\"&#34;&#62;&#60;b&#62;@x\""), "{}", page.text());
    assert!(page.text().contains("There is no user"));
    for wrong in ["created_after=never", "cursor=rubbish", "created_after=2025-01-02&created_before=2025-01-01"] {
        let page = browser.get(&format!("/console/search?{wrong}")).await;
        assert_eq!(page.status, 400, "{wrong}");
        assert!(page.text().contains("role=\"alert\""), "{wrong}");
    }
}

#[tokio::test]
async fn histogram_and_lists_are_links_that_narrow() {
    let world = three_days().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let page = browser.get("/console/search?ip=203.0.113.7").await.ok();
    assert!(page.text().contains(">3 events</p>"), "{}", page.text());
    let oldest = link(page.text(), "1 event from 2025-06-12");
    let narrowed = browser.get(&oldest).await.ok();
    assert_eq!(ids(narrowed.text()), ["m0"], "{oldest}");
    // What narrows is shown, and each filter can be taken away.
    assert!(narrowed.text().contains("address: 203.0.113.7"));
    let without = link(narrowed.text(), "Remove the filter address: 203.0.113.7");
    assert_eq!(ids(browser.get(&without).await.ok().text()), ["t0", "m0"]);
    let page = browser.get("/console/search").await.ok();
    let tomas = link(page.text(), ">tomas");
    assert_eq!(ids(browser.get(&tomas).await.ok().text()), ["t2", "t1", "t0"]);
    let failed = link(page.text(), ">FAILED_LOGIN");
    // The first link of that name leads to an event; the list stands after the rows.
    assert!(failed.starts_with("/console/events/t2"), "{failed}");
    let listed = link(page.text().split("aria-label=\"Most frequent\"").nth(1).unwrap(), ">FAILED_LOGIN");
    assert_eq!(ids(browser.get(&listed).await.ok().text()), ["t2", "t1", "t0"]);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let world = World::new().await;
    world.publish(logins("e", 120)).await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let mut path = "/console/search?text=mara".to_owned();
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = browser.get(&path).await.ok();
        seen.extend(ids(page.text()).into_iter().map(str::to_owned));
        pages += 1;
        if !page.text().contains("Next page") {
            break;
        }
        path = link(page.text(), "Next page");
    }
    assert_eq!((seen.len(), pages), (120, 3));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 120, "each once");
}

#[tokio::test]
async fn an_empty_store_says_so() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let page = browser.get("/console/search?event_type=EDIT").await.ok();
    assert!(page.text().contains("Nothing found") && page.text().contains(">0 events</p>"), "{}", page.text());
}
