//! Retention and holds, as the console shows and changes them.

use super::{Browser, sent_to};
use crate::oauth::recorded;
use crate::world::{ADMIN, REPORTER, World};

/// The path for releasing the newest hold of a page, if it can be released.
fn release_of(page: &str) -> Option<String> {
    let action = page.split("action=\"/console/holds/").nth(1)?.split('"').next()?;
    Some(format!("/console/holds/{action}"))
}

#[tokio::test]
async fn a_hold_is_placed_and_released() {
    let world = World::new().await;
    let mut admin = Browser::of(&world, ADMIN).await;
    assert!(admin.get("/console/retention").await.ok().text().contains("No holds"));
    let wish =
        [("name", "Case <i>12</i>"), ("why", "counsel"), ("created_from", "2025-03-01"), ("until", "2028-01-01")];
    assert_eq!(sent_to(&admin.submit("/console/holds", &wish).await), "/console/retention");
    let shown = admin.get("/console/retention").await.ok();
    let text = shown.text();
    assert!(text.contains("Case &#60;i&#62;12") && text.contains("2025-03-01 00:00:00 UTC"), "{text}");
    assert!(text.contains(">in effect<") && text.contains("solveig"));
    let release = release_of(text).unwrap();
    // Whoever may see holds may not release them, nor is shown how.
    let mut reporter = Browser::of(&world, REPORTER).await;
    assert_eq!(release_of(reporter.get("/console/retention").await.ok().text()), None);
    assert_eq!(reporter.submit(&release, &[]).await.status, 403);
    assert_eq!(sent_to(&admin.submit(&release, &[]).await), "/console/retention");
    assert!(admin.get("/console/retention").await.ok().text().contains(">released<"));
    // Once it has ended it cannot end again.
    let again = admin.submit(&release, &[]).await;
    assert_eq!(again.status, 400);
    assert!(again.text().contains("This hold has ended"), "{}", again.text());
    let types: Vec<String> = recorded(&world, "LEGAL_HOLD_POLICY_CREATE,LEGAL_HOLD_POLICY_DELETE")
        .await
        .iter()
        .map(|it| it["event_type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["LEGAL_HOLD_POLICY_CREATE", "LEGAL_HOLD_POLICY_DELETE"]);
}

#[tokio::test]
async fn a_hold_that_will_not_do_is_told_on_the_page() {
    let world = World::new().await;
    let mut admin = Browser::of(&world, ADMIN).await;
    admin.get("/console/retention").await.ok();
    for wrong in [
        [("name", "A"), ("created_from", "yesterday")],
        [("name", "A"), ("until", "2001-01-01")],
        [("name", ""), ("why", "x")],
    ] {
        let answer = admin.submit("/console/holds", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong:?}");
        assert!(answer.text().contains("role=\"alert\"") && answer.text().contains("No holds"), "{}", answer.text());
    }
}

#[tokio::test]
async fn periods_are_tried_out_before_they_are_saved() {
    let world = World::new().await;
    let mut admin = Browser::of(&world, ADMIN).await;
    let trial = admin.get("/console/retention?user=30&events=400").await.ok();
    assert!(trial.text().contains("now 60;") && trial.text().contains("Save these periods"), "{}", trial.text());
    let still = admin.get("/console/retention").await.ok();
    assert!(!still.text().contains("Save these periods"), "looking changes nothing");
    assert_eq!(sent_to(&admin.submit("/console/retention", &[("user", "30")]).await), "/console/retention");
    let changed = admin.get("/console/retention").await.ok();
    assert!(
        changed.text().contains("name=\"user\" type=\"number\" min=\"14\" max=\"62\" value=\"30\""),
        "{}",
        changed.text()
    );
    for wrong in ["/console/retention?user=5", "/console/retention?user=x"] {
        let answer = admin.get(wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.text().contains("role=\"alert\""), "{}", answer.text());
    }
    assert_eq!(admin.submit("/console/retention", &[("user", "5")]).await.status, 400);
}

#[tokio::test]
async fn a_hold_is_changed_on_its_page() {
    let world = World::new().await;
    let mut admin = Browser::of(&world, ADMIN).await;
    admin.get("/console/retention").await.ok();
    let wish = [("name", "Case 12"), ("why", "counsel"), ("created_from", "2025-03-01"), ("until", "2028-01-01")];
    assert_eq!(admin.submit("/console/holds", &wish).await.status, 303);
    let list = admin.get("/console/retention").await.ok();
    let page = list.text().split("<a href=\"/console/holds/").nth(1).unwrap().split('"').next().unwrap();
    let page = format!("/console/holds/{page}");
    let shown = admin.get(&page).await.ok();
    assert!(shown.text().contains("name=\"until\" type=\"datetime-local\" step=\"1\" value=\"2028-01-01T00:00:00\""));
    // Sent as it was shown it is no change.
    let same = [("name", "Case 12"), ("why", "counsel"), ("until", "2028-01-01T00:00:00")];
    assert_eq!(sent_to(&admin.submit(&page, &same).await), page);
    let other = [("name", "Case 12b"), ("why", ""), ("until", "")];
    assert_eq!(sent_to(&admin.submit(&page, &other).await), page);
    let shown = admin.get(&page).await.ok();
    for word in ["<h1>Case 12b</h1>", "not said", "<dd>it is released</dd>", "2025-03-01 00:00:00 UTC"] {
        assert!(shown.text().contains(word), "{word}: {}", shown.text());
    }
    for (wrong, word) in [
        ([("name", ""), ("until", "")], "name"),
        ([("name", "A"), ("until", "2001-01-01T00:00")], "until"),
        ([("name", "A"), ("until", "later")], "later"),
    ] {
        let answer = admin.submit(&page, &wrong).await;
        assert_eq!(answer.status, 400, "{wrong:?}");
        let alert = answer.text().split("role=\"alert\"").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(alert.contains(word) && answer.text().contains("<h1>Case 12b</h1>"), "{wrong:?}: {alert}");
    }
    let mut reporter = Browser::of(&world, REPORTER).await;
    let seen = reporter.get(&page).await.ok();
    assert!(seen.text().contains("Case 12b") && !seen.text().contains("<h2 id=\"change\">"), "{}", seen.text());
    assert_eq!(reporter.submit(&page, &[("name", "Mine")]).await.status, 403);
    let changes = recorded(&world, "LEGAL_HOLD_POLICY_UPDATE").await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0]["additional_details"]["until"], serde_json::Value::Null);
    // What has ended can be looked at and no more.
    assert_eq!(admin.submit(&format!("{page}/release"), &[]).await.status, 303);
    assert!(!admin.get(&page).await.ok().text().contains("<h2 id=\"change\">"));
    assert_eq!(admin.submit(&page, &[("name", "Late")]).await.status, 400);
}
