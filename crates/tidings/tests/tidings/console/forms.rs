//! Forms: only ours count, and what each does is done by the same service as at the API.

use super::{Browser, sent_to};
use crate::oauth::{CLIENT, recorded, world};
use crate::world::{ADMIN, MANAGER, MARA, TOMAS, World, token_of};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Sends the form for adding a user, with these headers.
async fn add_user(browser: &mut Browser<'_>, key: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = browser.request("POST", "/console/people");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = format!("form_key={key}&name=New&login=new%40halden.example");
    browser.send(request.body(Body::from(body)).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, ADMIN).await;
    let key = browser.form_key().to_owned();
    let other = Browser::of(&world, ADMIN).await.form_key().to_owned();
    for wrong in ["", "x", &other] {
        assert_eq!(add_user(&mut browser, wrong, &[]).await, 403, "{wrong}");
    }
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(add_user(&mut browser, &key, &[(name, value)]).await, 403, "{name}: {value}");
    }
    let there = world.get(ADMIN, "/api/v1/users").await.ok();
    assert!(!there.text().contains("new@halden.example"), "nothing was done");
    assert_eq!(add_user(&mut browser, &key, &[("origin", "http://tidings.example")]).await, 303);
    let there = world.get(ADMIN, "/api/v1/users").await.ok();
    assert!(there.text().contains("new@halden.example"));
}

#[tokio::test]
async fn every_form_is_refused_without_its_key() {
    let world = world(&[]).await;
    let mut browser = Browser::of(&world, ADMIN).await;
    let forms = tidings::http::router::routes();
    let forms = forms.iter().filter(|it| it.method == "POST" && it.path.starts_with("/console/"));
    let mut tried = 0;
    for form in forms {
        let path = form.path.replace("{id}", TOMAS).replace("{key}", "k");
        let answer = browser.submit_with(&path, &[("form_key", "wrong"), ("token", &token_of(ADMIN))]).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("was not sent from a page of this session"), "{path}");
        tried += 1;
    }
    assert!(tried > 10, "{tried} forms");
}

#[tokio::test]
async fn the_form_for_signing_in_belongs_to_one_browser() {
    let world = World::new().await;
    let mut one = Browser::new(&world);
    one.get("/console/sign-in").await;
    let stolen = one.form_key().to_owned();
    let mut other = Browser::new(&world);
    let token = token_of(ADMIN);
    let answer = other.submit_with("/console/sign-in", &[("form_key", &stolen), ("token", &token)]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.headers.get_all("set-cookie").iter().next().is_none());
}

#[tokio::test]
async fn people_are_added_changed_and_deleted() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, ADMIN).await;
    browser.get("/console/people").await.ok();
    let new = [("name", "Ada"), ("login", "ada@halden.example"), ("role", "coadmin reports")];
    let page = sent_to(&browser.submit("/console/people", &new).await).to_owned();
    let shown = browser.get(&page).await.ok();
    assert!(shown.text().contains("Co-admin (reports)"), "{}", shown.text());
    // The login is taken now; the page says so and the form can be sent again.
    let answer = browser.submit("/console/people", &new).await;
    assert_eq!(answer.status, 409);
    assert!(
        answer.text().contains("A user with the login &#39;ada@halden.example&#39; exists already"),
        "{}",
        answer.text()
    );
    let changed =
        [("name", "Ada B"), ("login", "ada@halden.example"), ("role", "user"), ("old_role", "coadmin reports")];
    assert_eq!(sent_to(&browser.submit(&page, &changed).await), page);
    let shown = browser.get(&page).await.ok();
    assert!(shown.text().contains("<h1>Ada B</h1>") && shown.text().contains("<dd>User</dd>"), "{}", shown.text());
    let shown = browser.submit(&format!("{page}/sign-in-code"), &[]).await.ok();
    assert!(shown.text().contains("One-time code:"));
    assert_eq!(sent_to(&browser.submit(&format!("{page}/delete"), &[]).await), "/console/people");
    assert_eq!(browser.get(&page).await.status, 404);
    let types: Vec<String> = recorded(&world, "NEW_USER,EDIT_USER,CHANGE_ADMIN_ROLE,SIGN_IN_CODE_CREATED,DELETE_USER")
        .await
        .iter()
        .map(|it| it["event_type"].as_str().unwrap().to_owned())
        .collect();
    let expected =
        ["NEW_USER", "CHANGE_ADMIN_ROLE", "EDIT_USER", "CHANGE_ADMIN_ROLE", "SIGN_IN_CODE_CREATED", "DELETE_USER"];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_co_admin_cannot_give_roles_by_a_form_he_is_not_shown() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, MANAGER).await;
    let shown = browser.get(&format!("/console/people/{MARA}")).await.ok();
    assert!(!shown.text().contains("name=\"role\"") && !shown.text().contains("sign-in-code"));
    let path = format!("/console/people/{MARA}");
    let answer = browser.submit(&path, &[("name", "mara"), ("role", "admin"), ("old_role", "user")]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(browser.submit(&format!("{path}/sign-in-code"), &[]).await.status, 403);
}

#[tokio::test]
async fn applications_get_secrets_that_are_shown_once() {
    let world = world(&[]).await;
    let mut browser = Browser::of(&world, ADMIN).await;
    browser.get("/console/applications").await.ok();
    let wish = [("name", "Portal"), ("scope", "publish"), ("scope", "manage_managed_users"), ("acts_as", "everybody")];
    let made = browser.submit("/console/applications", &wish).await.ok();
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let secret = made.text().split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let client_id = made.text().split("<dt>Client id</dt><dd><code>").nth(1).unwrap().split('<').next().unwrap();
    let page = format!("/console/applications/{client_id}");
    let shown = browser.get(&page).await.ok();
    assert!(!shown.text().contains(&secret), "only then");
    assert!(shown.text().contains("Act for users, Publish events"), "{}", shown.text());
    let again = browser.submit(&format!("{page}/secrets"), &[("overlap_s", "3600")]).await.ok();
    assert!(again.text().contains("class=\"secret\">") && !again.text().contains(&secret));
    assert_eq!(sent_to(&browser.submit(&page, &[("enabled", "no")]).await), page);
    assert!(browser.get(&page).await.ok().text().contains(">disabled</span>"));
    let answer = browser.submit(&format!("/console/applications/{CLIENT}/keys"), &[("public_key", "rubbish")]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("role=\"alert\""));
}

#[tokio::test]
async fn an_application_is_changed_and_only_as_far_as_is_said() {
    let world = world(&[]).await;
    let mut browser = Browser::of(&world, ADMIN).await;
    let page = format!("/console/applications/{CLIENT}");
    browser.get(&page).await.ok();
    let wish = [
        ("name", "Portal"),
        ("scope", "publish"),
        ("scope", "import"),
        ("acts_as", "listed"),
        ("users", "mara@halden.example\n20306589102 mara@halden.example"),
        ("redirect_uri", "https://a.example/back\nhttps://b.example/back"),
    ];
    assert_eq!(sent_to(&browser.submit(&page, &wish).await), page);
    let path = format!("/api/v1/applications/{CLIENT}");
    let kept = world.get(ADMIN, &path).await.ok().json();
    assert_eq!((&kept["name"], &kept["scopes"]), (&json!("Portal"), &json!("publish import")));
    assert_eq!(kept["acts_as"], json!([MARA, TOMAS]));
    assert_eq!(kept["redirect_uris"], json!(["https://a.example/back", "https://b.example/back"]));
    assert_eq!(kept["enabled"], true, "that is another form");
    let shown = browser.get(&page).await.ok();
    for word in ["value=\"import\" checked", "value=\"listed\" selected", &format!(">{MARA}\n{TOMAS}</textarea>")] {
        assert!(shown.text().contains(word), "{word}: {}", shown.text());
    }
    for (field, word) in [
        (("name", ""), "name of an application"),
        (("users", "nobody@halden.example"), "nobody@halden.example"),
        (("users", ""), "Name the users"),
        (("scope", "everything"), "is no scope"),
        (("acts_as", "somebody"), "acts_as is"),
        (("redirect_uri", "http://a.example/"), "redirect_uris"),
    ] {
        let fields: Vec<_> = wish.into_iter().filter(|(name, _)| *name != field.0).chain([field]).collect();
        let answer = browser.submit(&page, &fields).await;
        assert_eq!(answer.status, 400, "{field:?}");
        let alert = answer.text().split("role=\"alert\"").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(alert.contains(word), "{field:?}: {alert}");
    }
    assert_eq!(world.get(ADMIN, &path).await.ok().json(), kept, "nothing of it was done");
}

#[tokio::test]
async fn a_key_pair_is_made_whose_configuration_signs_in() {
    let world = world(&[]).await;
    let mut browser = Browser::of(&world, ADMIN).await;
    let page = format!("/console/applications/{CLIENT}");
    browser.get(&page).await.ok();
    let made = browser.submit(&format!("{page}/keys"), &[("make", "pair"), ("client_secret", "its secret")]).await.ok();
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let link = made.text().split("href=\"data:application/json;base64,").nth(1).unwrap();
    let (file, rest) = link.split_once('"').unwrap();
    let file = file.replace("&#43;", "+").replace("&#47;", "/").replace("&#61;", "=");
    let config: Value = serde_json::from_slice(&STANDARD.decode(file).unwrap()).unwrap();
    let settings = &config["boxAppSettings"];
    let key = settings["appAuth"]["publicKeyID"].as_str().unwrap();
    assert!(rest.starts_with(&format!(" download=\"{CLIENT}_{key}_config.json\"")), "{rest}");
    assert_eq!((&settings["clientID"], &settings["clientSecret"]), (&json!(CLIENT), &json!("its secret")));
    assert!(settings["appAuth"]["privateKey"].as_str().unwrap().contains("ENCRYPTED PRIVATE KEY"));
    let again = browser.get(&page).await.ok();
    assert!(again.text().contains(key) && !again.text().contains("data:application/json"), "only then");
    // A form for a key of one's own that is sent empty makes none.
    assert_eq!(browser.submit(&format!("{page}/keys"), &[("public_key", " ")]).await.status, 400);
}

#[tokio::test]
async fn tokens_are_made_and_revoked() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, ADMIN).await;
    browser.get("/console/tokens").await.ok();
    let wish = [("user", TOMAS), ("note", "for <b>Tomas</b>"), ("expires_in", "3600")];
    let made = browser.submit("/console/tokens", &wish).await.ok();
    let token = made.text().split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(made.text().contains("for &#60;b&#62;Tomas"), "{}", made.text());
    assert!(!browser.get("/console/tokens").await.ok().text().contains(&token), "only then");
    let id = made.text().split("Tomas&#60;/b&#62; <code class=\"muted\">").nth(1).unwrap().split('<').next().unwrap();
    crate::oauth::call(&world, &token, "/2.0/users/me").await.ok();
    assert_eq!(sent_to(&browser.submit(&format!("/console/tokens/{id}/revoke"), &[]).await), "/console/tokens");
    assert_eq!(crate::oauth::call(&world, &token, "/2.0/users/me").await.status, 401);
    let answer = browser.submit("/console/tokens", &[("user", "nobody@halden.example")]).await;
    assert_eq!(answer.status, 400);
}
