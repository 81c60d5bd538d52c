//! The watch that is kept over the company: alerts, and what was stopped.

use crate::cli::demo::company;
use crate::cli::demo::shapes::{Draft, Person, Source};
use crate::cli::demo::story::Story;
use crate::cli::demo::things::File;
use serde_json::{Value, json};

fn is_secret(file: &File) -> bool {
    file.is_here() && file.classification == Some("Confidential")
}

/// An id as the number that some details have.
fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

/// A user whose id is a number, as some details have it.
fn numbered(person: &Person) -> Value {
    json!({"type": "user", "id": number(&person.id), "name": person.name, "login": person.login})
}

fn numbered_file(file: &File) -> Value {
    json!({
        "type": "file", "id": number(&file.id), "name": file.name, "file_version_id": number(&file.version.id),
        "size": file.size, "sha1": file.version.sha1,
    })
}

/// A rule matched: somebody downloads from far away, or far too much.
pub(in crate::cli::demo) fn alert(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(File::is_here)?;
    let file = story.things.files[at].clone();
    let whom = story.user_of(file.folder);
    let whom = story.things.person(whom);
    let id = 500_000 + story.dice.below(99_999);
    let (rule, name, summary) = if story.dice.chance(60) {
        ("Suspicious Locations", "Logins from far away", far_away(story, &file))
    } else {
        let summary = json!({
            "historical_period": {"downloads_count": 14}, "anomaly_period": {"downloads_count": 900},
            "download_ips": [{"ip": "198.51.100.77"}],
        });
        ("Anomalous Download", "Far more than usual", summary)
    };
    let details = json!({"shield_alert": {
        "rule_category": rule, "rule_id": 91, "rule_name": name, "rule_response_action": {"restrict_user": true},
        "risk_score": 40 + story.dice.below(60), "alert_summary": summary, "alert_id": id,
        "priority": *story.dice.pick(&["low", "medium", "high"]),
        "user": {"id": number(&whom.id), "name": whom.name, "email": whom.login},
        "link": format!("https://console.halden.example/shield/alerts/{id}"), "created_at": story.at.to_string(),
    }});
    let event = story.enterprise_event("SHIELD_ALERT", Person::unknown(), "Unknown IP", Source::Nothing, details);
    Some(Draft { enterprise: Some(event), ..Draft::default() })
}

fn far_away(story: &Story, file: &File) -> Value {
    let folder = &story.things.folders[file.folder];
    json!({"alert_activities": [{
        "occurred_at": story.at.back(10).to_string(), "event_type": "Download", "item_name": file.name,
        "item_type": "file", "item_id": file.id, "item_path": format!("All Files/{}", folder.name),
        "ip_info": {
            "ip": "198.51.100.77", "latitude": "6.5244", "longitude": "3.3792", "registrant": "Example Telecom",
            "country_code": "NG", "city_name": "Lagos", "region_name": "Lagos",
        },
        "service_name": "Halden Web App",
    }]})
}

/// Somebody from outside tries to download what must not leave.
pub(in crate::cli::demo) fn download_blocked(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(is_secret)?;
    let file = story.things.files[at].clone();
    if !story.things.users_of(file.folder).contains(&company::PRIYA) {
        return None;
    }
    let whom = story.things.person(company::PRIYA);
    let details = json!({
        "shield_download_enforcement": {
            "item": numbered_file(&file), "access_user": numbered(&whom),
            "service": {"service": 22222, "name": "Halden Desktop"}, "additional_info": "",
            "created_at": story.at.to_string(), "classification": "Confidential", "controlMode": "enforced",
        },
        "service_id": "22222", "service_name": "Halden Desktop",
    });
    let source = story.things.thin_file(&file);
    Some(story.for_the_record("SHIELD_DOWNLOAD_BLOCKED", company::PRIYA, source, details))
}

/// Somebody tries to invite an outsider to what must not leave.
pub(in crate::cli::demo) fn invitation_blocked(story: &mut Story) -> Option<Draft> {
    let at = story.some_file(is_secret)?;
    let file = story.things.files[at].clone();
    let by = story.things.folders[file.folder].owner;
    let (inviter, invitee) = (story.things.person(by), story.things.person(company::PRIYA));
    let details = json!({"shield_external_collab_enforcement": {
        "item": numbered_file(&file), "inviter": numbered(&inviter), "invitee": numbered(&invitee),
        "accessUser": null, "service": null, "additionalInfo": "", "createdAt": null, "justification": null,
        "classification": "Confidential", "controlMode": "enforced",
    }});
    let source = story.things.thin_file(&file);
    Some(story.for_the_record("SHIELD_EXTERNAL_COLLAB_INVITE_BLOCKED", by, source, details))
}

/// The admin parts two departments.
pub(in crate::cli::demo) fn barrier(story: &mut Story) -> Option<Draft> {
    let (event_type, status) = *story.dice.pick(&[
        ("SHIELD_INFORMATION_BARRIER_PENDING", "PENDING"),
        ("SHIELD_INFORMATION_BARRIER_ENABLED", "ENABLED"),
        ("SHIELD_INFORMATION_BARRIER_DISABLED", "DISABLED"),
    ]);
    let source = json!({
        "barrier_id": 77120, "barrier_status": status,
        "barrier_segments": [{"name": "Research", "member_count": 12}, {"name": "Sales", "member_count": 30}],
    });
    Some(story.for_the_record(event_type, company::SOLVEIG, Source::Other(source), Value::Null))
}
