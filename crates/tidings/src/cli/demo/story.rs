//! The story of the company: deed after deed, each as a draft, told by dice.

use super::company;
use super::dice::Dice;
use super::scenes::{self, Scene};
use super::shapes::{Draft, EnterpriseEvent, Person, Source, UserEvent};
use super::things::{File, FileAt, FolderAt, PersonAt, Things};
use feed::time::Second;
use serde_json::{Value, json};

/// How often another scene is tried when one does not fit the state of things.
const TRIES_MAX: usize = 60;

/// The story, as far as it was told.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) dice: Dice,
    pub(super) things: Things,
    /// When the deed happens that is being told.
    pub(super) at: Second,
}

/// A deed seen in both vocabularies.
pub(super) struct Deed {
    /// The type in user feeds and in the enterprise feed.
    pub(super) types: (&'static str, &'static str),
    /// The source in user feeds and in the enterprise feed.
    pub(super) sources: (Source, Source),
    /// What the enterprise feed says beside it.
    pub(super) details: Value,
}

impl Story {
    /// A story that begins then.
    pub(super) fn new(seed: u64, begin: Second) -> Self {
        Story { dice: Dice::of(seed), things: Things::new(begin), at: begin }
    }

    /// The next deed, which happens now.
    pub(super) fn deed(&mut self, now: Second) -> Draft {
        self.at = now;
        let total = scenes::ALL.iter().map(|(weight, _)| weight).sum();
        for _ in 0..TRIES_MAX {
            let scene = scene_at(self.dice.below(total));
            if let Some(draft) = scene(self) {
                return draft;
            }
        }
        // There is always room for one more login.
        scenes::people::login(self)
    }

    /// One of the company's own people.
    pub(super) fn colleague(&mut self) -> PersonAt {
        self.dice.place(company::COLLEAGUES)
    }

    /// Somebody who may use a folder.
    pub(super) fn user_of(&mut self, folder: FolderAt) -> PersonAt {
        let users = self.things.users_of(folder);
        *self.dice.pick(&users)
    }

    /// One of the files that fit.
    pub(super) fn some_file(&mut self, fits: impl Fn(&File) -> bool) -> Option<FileAt> {
        let fitting: Vec<FileAt> =
            self.things.files.iter().enumerate().filter(|(_, file)| fits(file)).map(|(at, _)| at).collect();
        (!fitting.is_empty()).then(|| *self.dice.pick(&fitting))
    }

    /// One of the folders.
    pub(super) fn some_folder(&mut self) -> FolderAt {
        self.dice.place(self.things.folders.len())
    }

    /// The address somebody works from; mostly the same.
    pub(super) fn address_of(&mut self, by: PersonAt) -> String {
        match by {
            company::COLLEAGUES.. => format!("198.51.100.{}", 20 + by),
            _ if self.dice.chance(8) => format!("198.51.100.{}", 60 + self.dice.below(40)),
            _ => format!("203.0.113.{}", 20 + by),
        }
    }

    /// What the enterprise feed says of nearly every deed with a file.
    pub(super) fn content_details(&mut self, file: &File) -> Value {
        let (id, name) = *self.dice.pick(&[
            ("11111", "Halden Web App"),
            ("11111", "Halden Web App"),
            ("22222", "Halden Desktop"),
            ("33333", "Halden for phones"),
        ]);
        json!({
            "size": file.size, "ekm_id": self.dice.uuid(), "version_id": file.version.id,
            "service_id": id, "service_name": name,
        })
    }

    /// A deed with a file, seen in both vocabularies.
    pub(super) fn on_file(&mut self, types: (&'static str, &'static str), file: &File, by: PersonAt) -> Draft {
        let details = self.content_details(file);
        let sources = (self.things.whole_file(file), self.things.thin_file(file));
        self.seen_twice(Deed { types, sources, details }, by)
    }

    /// A deed seen in both vocabularies; who hears of it is left to the server.
    pub(super) fn seen_twice(&mut self, deed: Deed, by: PersonAt) -> Draft {
        let Deed { types, sources, details } = deed;
        let who = self.things.person(by);
        let address = self.address_of(by);
        let user = self.user_event(types.0, who.clone(), sources.0);
        let enterprise = self.enterprise_event(types.1, who, &address, sources.1, details);
        Draft { user: Some(user), enterprise: Some(enterprise), ..Draft::default() }
    }

    /// A deed that only the enterprise feed knows.
    pub(super) fn for_the_record(&mut self, event_type: &str, by: PersonAt, source: Source, details: Value) -> Draft {
        let who = self.things.person(by);
        let address = self.address_of(by);
        let event = self.enterprise_event(event_type, who, &address, source, details);
        Draft { enterprise: Some(event), ..Draft::default() }
    }

    /// A rendering for user feeds.
    pub(super) fn user_event(&mut self, event_type: &str, by: Person, source: Source) -> UserEvent {
        UserEvent {
            kind: "event",
            event_id: self.dice.hex(20),
            created_by: by,
            created_at: self.at.to_string(),
            event_type: event_type.to_owned(),
            session_id: Some(self.dice.hex(8)),
            source,
        }
    }

    /// A rendering for the enterprise feed.
    pub(super) fn enterprise_event(
        &mut self,
        event_type: &str,
        by: Person,
        address: &str,
        source: Source,
        details: Value,
    ) -> EnterpriseEvent {
        EnterpriseEvent {
            source,
            created_by: by,
            action_by: None,
            created_at: self.at.to_string(),
            event_id: self.dice.uuid(),
            event_type: event_type.to_owned(),
            ip_address: address.to_owned(),
            kind: "event",
            session_id: None,
            additional_details: details,
            accessible_by: None,
        }
    }
}

/// The scene at this place, when every scene is as wide as it is frequent.
fn scene_at(mut place: u64) -> Scene {
    for (weight, scene) in scenes::ALL {
        if place < *weight {
            return *scene;
        }
        place -= weight;
    }
    scenes::ALL[0].1
}
