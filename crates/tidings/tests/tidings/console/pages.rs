//! What the pages show, to whom, and that nothing in an event gets out of its place.

use super::{Browser, sent_to};
use crate::deeds::{Draft, login, upload};
use crate::world::{ADMIN, DAY_S, IDLE, MANAGER, MARA, NOW, REPORTER, RIVAL_ADMIN, TOMAS, World};
use serde_json::json;

/// An upload in both kinds of feed.
fn in_both_feeds(id: &str) -> Draft {
    Draft(json!({ "user": upload(id).0 }))
}

/// The sections that somebody's navigation leads to.
async fn sections(world: &World, user: &str) -> Vec<String> {
    let mut browser = Browser::of(world, user).await;
    let first = sent_to(&browser.get("/console/").await).to_owned();
    let page = browser.get(&first).await.ok();
    let nav = page.text().split("aria-label=\"Sections\"").nth(1).unwrap().split("</nav>").next().unwrap();
    nav.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn everybody_sees_what_is_theirs() {
    let world = World::new().await;
    let feed = "/console/feed";
    assert_eq!(sections(&world, MARA).await, [feed]);
    assert_eq!(sections(&world, IDLE).await, [feed]);
    assert_eq!(
        sections(&world, REPORTER).await,
        ["/console/live", "/console/search", "/console/reports", "/console/retention", feed]
    );
    assert_eq!(sections(&world, MANAGER).await, ["/console/people", feed]);
    let all = [
        "/console/live",
        "/console/search",
        "/console/reports",
        "/console/people",
        "/console/applications",
        "/console/retention",
        "/console/health",
        feed,
    ];
    assert_eq!(sections(&world, ADMIN).await, all);
}

#[tokio::test]
async fn every_page_keeps_to_itself() {
    let world = World::new().await;
    world.publish([login("e1")]).await;
    let mut admin = Browser::of(&world, ADMIN).await;
    for path in [
        "/console/live",
        "/console/events/e1",
        "/console/reports",
        "/console/reports/new",
        "/console/people",
        "/console/groups",
        "/console/applications",
        "/console/tokens",
        "/console/health",
        "/console/feed",
        "/console/nothing",
        "/console/assets/console.js",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(
            answer.header("content-security-policy"),
            Some(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                 form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
            ),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let text = answer.text();
        assert!(!text.contains(" style=") && !text.contains("onclick") && !text.contains("<style"), "{path}");
        assert!(!text.contains("https://") || path == "/console/applications", "{path} names another place");
    }
    let mut stranger = Browser::new(&world);
    assert!(stranger.get("/console/sign-in").await.ok().header("content-security-policy").is_some());
}

#[tokio::test]
async fn hostile_content_stays_text() {
    let world = World::new().await;
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;</td>";
    let by = json!({"type": "user", "id": "666", "name": evil, "login": evil});
    let source = json!({"item_type": "file", "item_id": "1", "item_name": evil, evil: {evil: evil}});
    let draft =
        login("evil").with("created_by", by).with("source", source).with("additional_details", json!({evil: [evil]}));
    world.publish([draft.with("ip_address", evil)]).await;
    let mut admin = Browser::of(&world, ADMIN).await;
    for path in ["/console/live", "/console/events/evil", "/console/people", "/console/people/666"] {
        let shown = admin.get(path).await.ok();
        let text = shown.text();
        assert!(text.contains("alert(1)"), "{path} shows it");
        assert!(!text.contains("<script>alert") && !text.contains("<img") && !text.contains("\"'>"), "{path}: {text}");
    }
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("text", evil).append_pair("q", evil).finish();
    for path in ["/console/live", "/console/people", "/console/sign-in"] {
        let shown = admin.get(&format!("{path}?{query}")).await;
        assert!(!shown.text().contains("<script>alert") && !shown.text().contains("<img"), "{path}");
    }
}

#[tokio::test]
async fn an_event_tells_all_to_an_admin_and_less_to_others() {
    let world = World::new().await;
    world.publish([in_both_feeds("e1")]).await;
    let mut admin = Browser::of(&world, ADMIN).await;
    let shown = admin.get("/console/events/e1").await.ok();
    let text = shown.text();
    assert!(text.contains("Who heard it, and why") && text.contains(">mara</th>"), "{text}");
    assert!(text.contains("As user feeds have it") && text.contains("Supplier agreement.docx"));
    let asked = admin.get("/console/events/e1?user=tomas@halden.example").await.ok();
    assert!(asked.text().contains("did not hear it"), "{}", asked.text());
    let asked = admin.get("/console/events/e1?user=no%20body").await.ok();
    assert!(asked.text().contains("role=\"alert\""), "{}", asked.text());
    // A reader of reports reads the enterprise feed, not the feeds of users.
    let mut reporter = Browser::of(&world, REPORTER).await;
    let shown = reporter.get("/console/events/e1").await.ok();
    assert!(!shown.text().contains("As user feeds have it") && !shown.text().contains("Who heard it"));
    for (user, status) in [(MARA, 403), (MANAGER, 403), (RIVAL_ADMIN, 404)] {
        let mut browser = Browser::of(&world, user).await;
        assert_eq!(browser.get("/console/events/e1").await.status, status, "{user}");
    }
    assert_eq!(admin.get("/console/events/none").await.status, 404);
}

#[tokio::test]
async fn what_is_past_its_retention_is_gone() {
    let world = World::new().await;
    world.publish([in_both_feeds("e1")]).await;
    world.advance(61 * DAY_S);
    let mut admin = Browser::of(&world, ADMIN).await;
    let shown = admin.get("/console/events/e1").await.ok();
    assert!(shown.text().contains("As the enterprise feed has it") && !shown.text().contains("As user feeds have it"));
    world.advance(2_500 * DAY_S);
    let mut admin = Browser::of(&world, ADMIN).await;
    assert_eq!(admin.get("/console/events/e1").await.status, 404);
}

#[tokio::test]
async fn pages_count_as_calls() {
    let world = World::set(&["--rate-limit", "3"]).await;
    let mut mara = Browser::of(&world, MARA).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(mara.get("/console/feed").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[tokio::test]
async fn the_api_shows_the_same_event() {
    let world = World::new().await;
    world.publish([in_both_feeds("e1")]).await;
    let admins = world.get(ADMIN, "/api/v1/events/e1").await.ok().json();
    assert_eq!(admins["user"]["event_id"], "e1");
    assert_eq!(admins["enterprise"]["event_type"], "UPLOAD");
    let reporters = world.get(REPORTER, "/api/v1/events/e1").await.ok().json();
    assert_eq!((&reporters["user"], &reporters["enterprise"]), (&json!(null), &admins["enterprise"]));
}

#[tokio::test]
async fn ones_own_feed_is_shown() {
    let world = World::new().await;
    world.publish([upload("e1").heard_by([MARA])]).await;
    let mut mara = Browser::of(&world, MARA).await;
    assert!(mara.get("/console/feed").await.ok().text().contains("Supplier agreement.docx"));
    let mut idle = Browser::of(&world, IDLE).await;
    assert!(idle.get("/console/feed").await.ok().text().contains("Nothing lately"));
}

#[tokio::test]
async fn failures_are_told_as_pages() {
    let world = World::new().await;
    let mut mara = Browser::of(&world, MARA).await;
    let answer = mara.get("/console/health").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (403, Some("text/html; charset=utf-8")));
    assert!(answer.text().contains("The user is not an admin.") && answer.text().contains("Back to the console"));
    let answer = mara.get("/console/nothing").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains(answer.header("box-request-id").unwrap()));
}

#[tokio::test]
async fn people_are_found_by_login_and_page_by_page() {
    let world = World::new().await;
    let mut admin = Browser::of(&world, ADMIN).await;
    assert_eq!(sent_to(&admin.get("/console/people?q=MARA@halden.example").await), format!("/console/people/{MARA}"));
    let missing = admin.get("/console/people?q=nobody").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("There is no user &#39;nobody&#39;"), "{}", missing.text());
    for n in 0..100 {
        let user = json!({"name": format!("n{n}"), "login": format!("n{n}@halden.example")});
        world.send_json(ADMIN, "POST", "/api/v1/users", &user).await.ok();
    }
    let mut seen = 0;
    let mut path = "/console/people".to_owned();
    loop {
        let page = admin.get(&path).await.ok();
        seen += page.text().matches("<tr><th scope=\"row\">").count();
        let Some(next) = page.text().split("href=\"/console/people?after=").nth(1) else { break };
        path = format!("/console/people?after={}", next.split('"').next().unwrap());
    }
    assert_eq!(seen, 107);
}

#[tokio::test]
async fn health_counts_what_was_recorded() {
    let world = World::new().await;
    world.publish([login("e1"), login("e2")]).await;
    let mut admin = Browser::of(&world, ADMIN).await;
    let shown = admin.get("/console/health").await.ok();
    // The sign-in itself is an event, too.
    assert!(shown.text().contains("3 events, this minute"), "{}", shown.text());
    assert!(shown.text().contains("Everything is kept in memory"));
}

#[tokio::test]
async fn people_are_shown_with_their_newest_deed() {
    let world = World::new().await;
    world.publish([login("old").by(TOMAS).at(NOW - DAY_S), login("new").by(TOMAS).at(NOW - 3_600)]).await;
    let mut manager = Browser::of(&world, MANAGER).await;
    let list = manager.get("/console/people").await.ok();
    let row = |id: &str| {
        let mut rows = list.text().split("<tr><th scope=\"row\">");
        rows.find(|row| row.contains(&format!("/console/people/{id}\""))).unwrap().to_owned()
    };
    let active =
        |row: &str| row.split("data-label=\"Last active\">").nth(1).unwrap().split("</td>").next().unwrap().to_owned();
    assert!(active(&row(TOMAS)).contains("2025-06-15 14:06:40 UTC"), "{}", row(TOMAS));
    assert_eq!(active(&row(MARA)).trim(), "nothing kept");
    let page = manager.get(&format!("/console/people/{TOMAS}")).await.ok();
    assert!(page.text().contains("<dt>Last active</dt><dd><time datetime=\"2025-06-15T14:06:40Z\""), "{}", page.text());
}
