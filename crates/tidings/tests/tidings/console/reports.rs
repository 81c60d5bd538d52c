//! Reports, as the console asks for them, shows them and gives them out.

use super::{Browser, sent_to};
use crate::deeds::{login, logins};
use crate::oauth::recorded;
use crate::world::{ADMIN, MANAGER, NOW, REPORTER, RIVAL_ADMIN, TOMAS, World};
use store::report_store::{KeptReport, ReportState};
use tidings::service::report::manifest::check;

/// The types of what was recorded about reports, the oldest first.
async fn deeds(world: &World) -> Vec<String> {
    let types = "REPORT_CREATED,REPORT_FINISHED,REPORT_CANCELLED,REPORT_DOWNLOADED,REPORT_DELETED,REPORT_SCHEDULED,\
                 REPORT_SCHEDULE_DELETED";
    let recorded = recorded(world, types).await;
    recorded.iter().map(|it| it["event_type"].as_str().unwrap().to_owned()).collect()
}

/// Where the files of a report's page are.
fn files(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap());
    links.filter(|link| link.contains("/files/")).map(str::to_owned).collect()
}

/// Changes what is kept of a report.
async fn put(world: &World, path: &str, change: impl Fn(&mut store::report_store::ReportRecord)) {
    let reports = &world.services.stores.reports;
    let Some(KeptReport::Report(old)) = reports.get(path.rsplit('/').next().unwrap()).await.unwrap() else {
        panic!("{path} is kept")
    };
    let mut new = old.clone();
    change(&mut new);
    assert!(reports.replace(&KeptReport::Report(old), KeptReport::Report(new)).await.unwrap());
}

#[tokio::test]
async fn a_search_becomes_a_report_that_is_fetched_and_checked() {
    let world = World::new().await;
    world
        .publish([login("m"), login("t").by(TOMAS).with("ip_address", "=1+1"), login("f").typed("FAILED_LOGIN")])
        .await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let found = browser.get("/console/search?event_type=LOGIN&actor=tomas@halden.example&order=oldest").await.ok();
    let form = "/console/reports/new?event_type=LOGIN&#38;actor=tomas%40halden.example";
    assert!(found.text().contains(&format!("href=\"{form}\"")), "{}", found.text());
    let form = browser.get(&form.replace("&#38;", "&")).await.ok();
    for field in ["name=\"event_type\" list=\"types\" value=\"LOGIN\"", "name=\"actor\" value=\"tomas@halden.example\""]
    {
        assert!(form.text().contains(field), "{field}: {}", form.text());
    }
    let wish = [
        ("name", "Sign-ins of <b>Tomas</b>"),
        ("event_type", "LOGIN, FAILED_LOGIN"),
        ("actor", "tomas@halden.example"),
        ("format", "csv"),
        ("column", "event_type"),
        ("column", "ip_address"),
        ("keep_days", "7"),
    ];
    let page = sent_to(&browser.submit("/console/reports", &wish).await).to_owned();
    let waiting = browser.get(&page).await.ok();
    assert!(waiting.text().contains("data-refresh=\"1\"") && waiting.text().contains(">waiting<"));
    assert_eq!(files(waiting.text()), Vec::<String>::new(), "not yet");
    world.services.make_reports().await;

    let done = browser.get(&page).await.ok();
    let text = done.text();
    assert!(!text.contains("data-refresh") && text.contains(">finished<"), "{text}");
    assert!(
        text.contains("Sign-ins of &#60;b&#62;Tomas") && text.contains("<dd>event_type, ip_address</dd>"),
        "{text}"
    );
    let dir = tempfile::tempdir().unwrap();
    for file in files(text) {
        let answer = browser.get(&file).await.ok();
        let name = file.rsplit('/').next().unwrap();
        assert_eq!(answer.header("content-disposition"), Some(format!("attachment; filename=\"{name}\"").as_str()));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        std::fs::write(dir.path().join(name), &answer.body).unwrap();
    }
    let part = std::fs::read_to_string(dir.path().join("part-00001.csv")).unwrap();
    assert_eq!(part.lines().collect::<Vec<_>>(), ["event_type,ip_address", "LOGIN,\"'=1+1\""]);
    let checked = check(dir.path(), None, &mut |_| {}).unwrap();
    let command = format!("tidings report verify . --fingerprint {}", checked.fingerprint);
    assert!(text.contains(&command), "{text}");
    assert_eq!(sent_to(&browser.submit(&format!("{page}/delete"), &[]).await), "/console/reports");
    assert_eq!(browser.get(&page).await.status, 404);
    let expected = ["REPORT_CREATED", "REPORT_FINISHED", "REPORT_DOWNLOADED", "REPORT_DOWNLOADED", "REPORT_DELETED"];
    assert_eq!(deeds(&world).await, expected);
}

#[tokio::test]
async fn the_list_shows_how_far_each_is() {
    let world = World::new().await;
    world.publish(logins("l", 3)).await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let empty = browser.get("/console/reports").await.ok();
    assert!(empty.text().contains("No reports") && empty.text().contains("No schedules"));
    assert!(!empty.text().contains("data-refresh"), "nothing is going on");
    let mut pages = Vec::new();
    for name in ["waits", "counts", "runs", "fails", "is done"] {
        let wish = [("name", name), ("format", "ndjson"), ("column", "event")];
        pages.push(sent_to(&browser.submit("/console/reports", &wish).await).to_owned());
    }
    let to = |state: ReportState, expected: Option<u64>| {
        move |record: &mut store::report_store::ReportRecord| {
            (record.state, record.expected_rows) = (state, expected);
            record.started_at = Some(feed::time::Second(NOW));
        }
    };
    put(&world, &pages[1], to(ReportState::Running, None)).await;
    put(&world, &pages[2], |record| {
        to(ReportState::Running, Some(4_000))(record);
        record.parts = vec![store::report_store::PartRecord {
            name: "part-00001.ndjson".to_owned(),
            rows: 1_000,
            bytes: 1_500_000,
            sha256: String::new(),
        }];
    })
    .await;
    put(&world, &pages[3], |record| {
        to(ReportState::Failed, None)(record);
        record.problem = Some("The disk <is> full.".to_owned());
    })
    .await;
    put(&world, &pages[4], to(ReportState::Finished, Some(3))).await;
    let list = browser.get("/console/reports").await.ok();
    let text = list.text();
    assert!(text.contains("id=\"reports\" data-refresh=\"2\""), "{text}");
    let rows: Vec<&str> = text.split("<tr><th scope=\"row\">").skip(1).collect();
    let row = |name: &str| rows.iter().position(|row| row.contains(&format!(">{name}</a>"))).unwrap();
    for (name, words) in [
        ("waits", vec![">waiting<", "two are made at a time", "/cancel", "for 30 days"]),
        ("counts", vec![">being made<", "counting what fits", "/cancel"]),
        ("runs", vec![">being made<", "max=\"4000\" value=\"1000\"", "25 %", ">1\u{202f}000 events</span>"]),
        ("fails", vec![">failed<", "/delete"]),
        ("is done", vec![">finished<", "/delete", "NDJSON · the whole history"]),
    ] {
        for word in words {
            assert!(rows[row(name)].contains(word), "{name}: {word}: {}", rows[row(name)]);
        }
    }
    assert!(row("runs") < row("waits") && row("waits") < row("is done"), "what is being made comes first");
    assert!(!rows[row("waits")].contains("<progress"), "there is no progress before it begins");
    let failed = browser.get(&pages[3]).await.ok();
    assert!(failed.text().contains("The disk &#60;is&#62; full.") && failed.text().contains("No files"));
    // One that waits is cancelled, and is then no more to be cancelled but deleted.
    let cancel = format!("{}/cancel", pages[0]);
    assert_eq!(sent_to(&browser.submit(&cancel, &[]).await), pages[0]);
    assert!(browser.get(&pages[0]).await.ok().text().contains(">cancelled<"));
    let again = browser.submit(&cancel, &[]).await;
    assert_eq!(again.status, 400);
    assert!(again.text().contains("role=\"alert\"") && again.text().contains("has ended already"), "{}", again.text());
    let early = browser.submit(&format!("{}/delete", pages[2]), &[]).await;
    assert_eq!(early.status, 400);
    // The page that says so stands at the address of the form; it is kept fresh from its own.
    assert!(early.text().contains(&format!("data-from=\"{}\"", pages[2])), "{}", early.text());
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, ADMIN).await;
    browser.get("/console/reports/new").await.ok();
    for (wrong, word) in [
        (("format", "xls"), "CSV, NDJSON or Parquet"),
        (("created_after", "soon"), "created_after"),
        (("actor", "nobody@halden.example"), "There is no user"),
        (("keep_days", "0"), "keep_days"),
        (("keep_days", "a while"), "whole number of days"),
        (("column", "colour"), "colour"),
        (("every", "hour"), "every day, week or month"),
    ] {
        let fields = [("format", "csv"), ("name", "My \"own\""), ("text", "a, b"), ("column", "event_id"), wrong];
        let answer = browser.submit("/console/reports", &fields).await;
        assert_eq!(answer.status, 400, "{wrong:?}");
        let text = answer.text();
        let alert = text.split("role=\"alert\"").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(alert.contains(word), "{wrong:?}: {alert}");
        assert!(text.contains("value=\"My &#34;own&#34;\"") && text.contains("value=\"a, b\""), "{text}");
        assert!(text.contains("value=\"event_id\" checked") && !text.contains("value=\"actor_id\" checked"), "{text}");
    }
    let scheduled = [("format", "csv"), ("every", "day"), ("created_after", "2025-01-01T00:00")];
    let answer = browser.submit("/console/reports", &scheduled).await;
    assert!(answer.status == 400 && answer.text().contains("leave the times out"), "{}", answer.text());
    assert!(browser.get("/console/reports").await.ok().text().contains("No reports"));
}

#[tokio::test]
async fn schedules_are_made_and_ended() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    browser.get("/console/reports/new").await.ok();
    let wish = [("format", "parquet"), ("every", "week"), ("name", "Weekly"), ("event_type", "FAILED_LOGIN")];
    assert_eq!(sent_to(&browser.submit("/console/reports", &wish).await), "/console/reports");
    let page = browser.get("/console/reports").await.ok();
    for word in ["every Monday, of the week before", "Parquet · type: FAILED_LOGIN", "2025-06-16 00:00:00 UTC"] {
        assert!(page.text().contains(word), "{word}: {}", page.text());
    }
    let end = page.text().split("action=\"/console/report-schedules/").nth(1).unwrap().split('"').next().unwrap();
    let end = format!("/console/report-schedules/{end}");
    assert_eq!(sent_to(&browser.submit(&end, &[]).await), "/console/reports");
    assert!(browser.get("/console/reports").await.ok().text().contains("No schedules"));
    assert_eq!(browser.submit(&end, &[]).await.status, 404);
    assert_eq!(deeds(&world).await, ["REPORT_SCHEDULED", "REPORT_SCHEDULE_DELETED"]);
}

#[tokio::test]
async fn reports_are_of_one_enterprise_and_for_those_with_the_right() {
    let world = World::new().await;
    world.publish([login("l")]).await;
    let mut browser = Browser::of(&world, ADMIN).await;
    let page = sent_to(&browser.submit("/console/reports", &[("format", "csv")]).await).to_owned();
    world.services.make_reports().await;
    let file = files(browser.get(&page).await.ok().text()).remove(0);
    let mut rival = Browser::of(&world, RIVAL_ADMIN).await;
    let mut manager = Browser::of(&world, MANAGER).await;
    for path in [&page, &file] {
        assert_eq!(rival.get(path).await.status, 404, "{path}");
        assert_eq!(manager.get(path).await.status, 403, "{path}");
    }
    for deed in ["cancel", "delete"] {
        assert_eq!(rival.submit(&format!("{page}/{deed}"), &[]).await.status, 404);
        assert_eq!(manager.submit(&format!("{page}/{deed}"), &[]).await.status, 403);
    }
    assert!(rival.get("/console/reports").await.ok().text().contains("No reports"));
    // Whoever has no right to them is not shown the way.
    let people = manager.get("/console/people").await.ok();
    assert!(!people.text().contains("/console/reports"), "{}", people.text());
    assert_eq!(browser.get(&format!("{page}/files/..%2Fmanifest.json")).await.status, 404);
}
