//! `tidings app`: applications from the terminal, and clients that sign in with what it printed.

use crate::commands::{Demo, fresh_file};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use std::fs;
use tidings::clock::{Clock, SystemClock};

/// Runs a command as the admin; what it printed.
#[track_caller]
fn admin(demo: &Demo, arguments: &[&str]) -> String {
    let (good, out, wrong) = demo.run("ADMIN_TOKEN", arguments);
    assert!(good, "{arguments:?}: {out}{wrong}");
    out
}

/// Asks for a token: status and body.
fn ask(demo: &Demo, form: &[(&str, &str)]) -> (u16, Value) {
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build());
    let mut answer = agent.post(format!("{}/oauth2/token", demo.url)).send_form(form.iter().copied()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap())
}

fn by_secret(demo: &Demo, id: &str, secret: &str) -> (u16, Value) {
    ask(
        demo,
        &[
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("box_subject_type", "enterprise"),
            ("box_subject_id", demo.value("ENTERPRISE_ID")),
        ],
    )
}

/// Whether a token reads the enterprise feed.
fn reads(demo: &Demo, token: &str) -> bool {
    let follow = ["tail", "--stream", "admin_logs_streaming", "--from", "0", "--until-end", "--token", token];
    demo.run("USER_TOKEN", &follow).0
}

#[test]
fn an_application_lives_from_its_first_secret_to_its_end() {
    let demo = Demo::start();
    let made = admin(&demo, &["app", "create", "SIEM collector", "--scopes", "manage_enterprise_properties"]);
    let [id, secret] = made.lines().collect::<Vec<_>>()[..] else { panic!("{made}") };
    let (status, granted) = by_secret(&demo, id, secret);
    assert_eq!(status, 200, "{granted}");
    let token = granted["access_token"].as_str().unwrap();
    assert!(reads(&demo, token));
    let listed = admin(&demo, &["app", "list"]);
    assert!(listed.contains(id) && listed.contains("SIEM collector") && !listed.contains(secret), "{listed}");

    // The old secret runs on for the overlap, and is no good without one.
    let rotated = admin(&demo, &["app", "rotate-secret", id, "--overlap", "3600"]);
    let second = rotated.lines().nth(1).unwrap();
    assert_eq!((by_secret(&demo, id, secret).0, by_secret(&demo, id, second).0), (200, 200));
    let rotated = admin(&demo, &["app", "rotate-secret", id]);
    let third = rotated.lines().nth(1).unwrap();
    assert_eq!((by_secret(&demo, id, second).0, by_secret(&demo, id, third).0), (400, 200));

    // What the application loses its tokens lose; disabled, it has none.
    admin(&demo, &["app", "change", id, "--scopes", ""]);
    assert!(!reads(&demo, token));
    admin(&demo, &["app", "change", id, "--scopes", "manage_enterprise_properties", "--acts-as", "everybody"]);
    assert!(reads(&demo, token));
    admin(&demo, &["app", "disable", id]);
    assert!(!reads(&demo, token));
    assert_eq!(by_secret(&demo, id, third).1["error"], "unauthorized_client");
    let json: Value = serde_json::from_str(&admin(&demo, &["app", "enable", id, "--json"])).unwrap();
    assert_eq!((&json["enabled"], &json["acts_as"]), (&json!(true), &json!("everybody")));
    assert!(reads(&demo, token));
}

#[test]
fn keys_sign_from_when_they_are_made_until_they_are_removed() {
    let demo = Demo::start();
    let made = admin(&demo, &["app", "create", "Auditor", "--scopes", "manage_enterprise_properties", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let config = admin(&demo, &["app", "keys", "generate", id, "--client-secret", secret]);
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["boxAppSettings"]["clientSecret"], secret);
    let own = &config["boxAppSettings"]["appAuth"];
    let text = |name: &str| own[name].as_str().unwrap();
    let generated = RsaPrivateKey::from_pkcs8_encrypted_pem(text("privateKey"), text("passphrase")).unwrap();
    let sign_in = |key: &RsaPrivateKey, key_id: &str, number: u32| {
        let now = SystemClock.now().0;
        let claims = json!({
            "iss": id, "sub": demo.value("ENTERPRISE_ID"), "box_sub_type": "enterprise", "exp": now + 45,
            "aud": "https://api.box.com/oauth2/token", "jti": format!("0123456789abcdef-{number}"),
        });
        let header = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::RS256) };
        let key = EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes());
        let assertion = encode(&header, &claims, &key).unwrap();
        ask(
            &demo,
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("client_id", id),
                ("client_secret", secret),
                ("assertion", &assertion),
            ],
        )
    };
    let (status, granted) = sign_in(&generated, text("publicKeyID"), 1);
    assert_eq!(status, 200, "{granted}");
    assert!(reads(&demo, granted["access_token"].as_str().unwrap()));

    // A key of one's own: only its public half is shown to the server.
    let private = RsaPrivateKey::new(&mut tidings::entropy::SystemRandom, 2048).unwrap();
    let pem = fresh_file("public.pem", &private.to_public_key().to_public_key_pem(LineEnding::LF).unwrap());
    let added: Value =
        serde_json::from_str(&admin(&demo, &["app", "keys", "add", id, pem.to_str().unwrap(), "--json"])).unwrap();
    let key_id = added["id"].as_str().unwrap();
    assert_eq!(sign_in(&private, key_id, 2).0, 200);
    let listed = admin(&demo, &["app", "keys", "list", id]);
    assert!(listed.contains(key_id) && listed.contains(text("publicKeyID")), "{listed}");
    admin(&demo, &["app", "keys", "remove", id, key_id]);
    assert_eq!(sign_in(&private, key_id, 3).1["error"], "invalid_grant");
    fs::remove_file(pem).unwrap();
}

#[test]
fn faults_name_what_is_wrong() {
    let demo = Demo::start();
    for (arguments, told) in [
        (&["app", "create", "X", "--scopes", "root"][..], "'root' is no scope"),
        (&["app", "disable", "nobody"], "no application"),
        (&["app", "keys", "add", "nobody", "nowhere.pem"], "nowhere.pem"),
        (&["app", "sign-in-code", "nobody@halden.example"], "no user"),
    ] {
        let (good, _, wrong) = demo.run("ADMIN_TOKEN", arguments);
        assert!(!good && wrong.to_lowercase().contains(told), "{arguments:?}: {wrong}");
    }
    let (good, _, wrong) = demo.run("USER_TOKEN", &["app", "list"]);
    assert!(!good && wrong.contains("administer"), "{wrong}");
    let code = admin(&demo, &["app", "sign-in-code", demo.value("USER_ID")]);
    assert_eq!((code.lines().count(), code.trim().len()), (1, 40), "{code}");
}
