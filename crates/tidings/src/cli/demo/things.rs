//! The things of the company: folders and files with their lives, people and groups.

use super::company;
use super::dice::Dice;
use super::shapes::{
    Classification, FileVersion, FolderMini, Path, Person, SharedLink, Source, ThinItem, ThinParent, WholeFile,
    WholeFolder,
};
use feed::directory::{CollaborationRole, CollaborationStatus, Collaborator as LetIn, Effect};
use feed::id::{GroupId, ItemId, UserId};
use feed::time::Second;

/// Days that an item stays in the trash.
const TRASH_DAYS: u32 = 30;

/// Which of the people.
pub(super) type PersonAt = usize;
/// Which of the folders. Folders are never taken away, so it stays.
pub(super) type FolderAt = usize;
/// Which of the files, until the next is taken away.
pub(super) type FileAt = usize;

/// Somebody who may use a folder.
#[derive(Debug, Clone)]
pub(super) struct Collaborator {
    /// Who.
    pub(super) who: PersonAt,
    /// As what.
    pub(super) role: &'static str,
    /// The id of the collaboration.
    pub(super) id: String,
    /// Whether the invitation was accepted.
    pub(super) accepted: bool,
}

/// A folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: PersonAt,
    pub(super) above: Option<FolderAt>,
    pub(super) collaborators: Vec<Collaborator>,
    pub(super) groups: Vec<usize>,
    pub(super) synced_by: Vec<PersonAt>,
    pub(super) sequence: u64,
    pub(super) created_at: Second,
    pub(super) modified_at: Second,
}

/// A remark on a file.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) by: PersonAt,
    pub(super) message: &'static str,
    pub(super) created_at: Second,
}

/// Something to be done with a file.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) message: &'static str,
    pub(super) by: PersonAt,
    pub(super) assigned_to: Option<PersonAt>,
    pub(super) due_at: Second,
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) folder: FolderAt,
    pub(super) size: u64,
    pub(super) version: FileVersion,
    pub(super) older: Vec<(FileVersion, u64)>,
    pub(super) classification: Option<&'static str>,
    pub(super) link: Option<SharedLink>,
    pub(super) link_id: String,
    pub(super) locked_by: Option<PersonAt>,
    pub(super) trashed_at: Option<Second>,
    pub(super) comments: Vec<Comment>,
    pub(super) tasks: Vec<Task>,
    pub(super) sequence: u64,
    pub(super) created_by: PersonAt,
    pub(super) modified_by: PersonAt,
    pub(super) created_at: Second,
    pub(super) modified_at: Second,
}

impl File {
    /// Whether it is not in the trash.
    pub(super) fn is_here(&self) -> bool {
        self.trashed_at.is_none()
    }
}

/// A group of people.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) members: Vec<PersonAt>,
}

/// The company as it stands.
#[derive(Debug, Clone)]
pub(super) struct Things {
    pub(super) people: Vec<Person>,
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<File>,
    pub(super) groups: Vec<Group>,
    /// People who joined during the story, and may leave again.
    pub(super) newcomers: Vec<Person>,
}

impl Things {
    /// The company when the story begins.
    pub(super) fn new(begin: Second) -> Self {
        let folder = |(at, first): (usize, &company::FirstFolder)| Folder {
            id: first.id.to_owned(),
            name: first.name.to_owned(),
            owner: first.owner,
            above: first.above,
            collaborators: first
                .users
                .iter()
                .map(|who| Collaborator {
                    who: *who,
                    role: "Editor",
                    id: format!("4062298{at}{who:03}"),
                    accepted: true,
                })
                .collect(),
            groups: first.teams.to_vec(),
            synced_by: first.synced_by.to_vec(),
            sequence: 1,
            created_at: begin,
            modified_at: begin,
        };
        let team = |(id, name, members): &(&str, &str, &[PersonAt])| Group {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            members: members.to_vec(),
        };
        Things {
            people: company::everybody(),
            folders: company::FOLDERS.iter().enumerate().map(folder).collect(),
            files: Vec::new(),
            groups: company::TEAMS.iter().map(team).collect(),
            newcomers: Vec::new(),
        }
    }

    /// What the directory must know of folders and groups for who hears of a deed.
    pub(super) fn effects(&self) -> Vec<Effect> {
        let user = |at: &PersonAt| UserId::new(&self.people[*at].id).expect("digits are visible ASCII");
        let item = |at: FolderAt| ItemId::new(&self.folders[at].id).expect("digits are visible ASCII");
        let team = |at: usize| GroupId::new(&self.groups[at].id).expect("digits are visible ASCII");
        let mut effects = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            effects.push(Effect::GroupSet { group: team(at), name: Some(group.name.as_str().into()) });
            effects.extend(group.members.iter().map(|who| Effect::Joined { user: user(who), group: team(at) }));
        }
        for (at, folder) in self.folders.iter().enumerate() {
            let above = folder.above.map(item);
            effects.push(Effect::Placed {
                item: item(at),
                rooted: above.is_none(),
                folders: above.into_iter().collect(),
                owner: Some(user(&folder.owner)),
            });
            let let_in = |with, id: &str, role: &str| Effect::Collaborates {
                item: item(at),
                with,
                role: Some(CollaborationRole::of_word(role)),
                status: Some(CollaborationStatus::Accepted),
                id: Some(id.into()),
            };
            for it in &folder.collaborators {
                effects.push(let_in(LetIn::User(user(&it.who)), &it.id, it.role));
            }
            for it in &folder.groups {
                effects.push(let_in(LetIn::Group(team(*it)), &format!("4062299{at}{it:03}"), "Editor"));
            }
            effects.extend(folder.synced_by.iter().map(|who| Effect::Synced { user: user(who), folder: item(at) }));
        }
        effects
    }

    /// Somebody.
    pub(super) fn person(&self, at: PersonAt) -> Person {
        self.people[at].clone()
    }

    /// The owner, and everybody whose collaboration covers the folder, their own or that of a group.
    pub(super) fn users_of(&self, folder: FolderAt) -> Vec<PersonAt> {
        let mut users = vec![self.folders[folder].owner];
        let mut next = Some(folder);
        while let Some(at) = next {
            let folder = &self.folders[at];
            users.extend(folder.collaborators.iter().filter(|it| it.accepted).map(|it| it.who));
            users.extend(folder.groups.iter().flat_map(|group| self.groups[*group].members.iter().copied()));
            next = folder.above;
        }
        users.sort_unstable();
        users.dedup();
        users
    }

    /// A folder, in short.
    pub(super) fn folder_mini(&self, at: FolderAt) -> FolderMini {
        let folder = &self.folders[at];
        FolderMini::new(&folder.id, folder.sequence, &folder.name)
    }

    /// The way from the root down to a folder, with the folder itself.
    fn way_to(&self, folder: Option<FolderAt>) -> Vec<FolderMini> {
        let mut way = Vec::new();
        let mut next = folder;
        while let Some(at) = next {
            way.push(self.folder_mini(at));
            next = self.folders[at].above;
        }
        way.push(FolderMini::root());
        way.reverse();
        way
    }

    /// A file as user feeds see it.
    pub(super) fn whole_file(&self, file: &File) -> Source {
        let trashed = file.trashed_at;
        let owner = self.folders[file.folder].owner;
        Source::File(Box::new(WholeFile {
            kind: "file",
            id: file.id.clone(),
            file_version: file.version.clone(),
            sequence_id: file.sequence.to_string(),
            etag: file.sequence.to_string(),
            sha1: file.version.sha1.clone(),
            name: file.name.clone(),
            description: String::new(),
            size: file.size,
            path_collection: Path::of(if trashed.is_some() { Vec::new() } else { self.way_to(Some(file.folder)) }),
            created_at: file.created_at.to_string(),
            modified_at: file.modified_at.to_string(),
            trashed_at: trashed.map(|second| second.to_string()),
            purged_at: trashed.map(|second| second.ahead(TRASH_DAYS * 86_400).to_string()),
            content_created_at: file.created_at.back(3_600).to_string(),
            content_modified_at: file.modified_at.back(60).to_string(),
            created_by: self.person(file.created_by),
            modified_by: self.person(file.modified_by),
            owned_by: self.person(owner),
            shared_link: file.link.clone(),
            parent: trashed.is_none().then(|| self.folder_mini(file.folder)),
            item_status: if trashed.is_some() { "trashed" } else { "active" },
        }))
    }

    /// A folder as user feeds see it.
    pub(super) fn whole_folder(&self, at: FolderAt) -> Source {
        let folder = &self.folders[at];
        let way = self.way_to(folder.above);
        let owner = self.person(folder.owner);
        Source::Folder(Box::new(WholeFolder {
            kind: "folder",
            id: folder.id.clone(),
            sequence_id: folder.sequence.to_string(),
            etag: folder.sequence.to_string(),
            name: folder.name.clone(),
            created_at: folder.created_at.to_string(),
            modified_at: folder.modified_at.to_string(),
            description: "",
            size: self.files.iter().filter(|file| file.folder == at && file.is_here()).map(|it| it.size).sum(),
            parent: way.last().cloned().unwrap_or_else(FolderMini::root),
            path_collection: Path::of(way),
            created_by: owner.clone(),
            modified_by: owner.clone(),
            trashed_at: None,
            purged_at: None,
            content_created_at: folder.created_at.to_string(),
            content_modified_at: folder.modified_at.to_string(),
            owned_by: owner,
            shared_link: None,
            folder_upload_email: None,
            item_status: "active",
        }))
    }

    /// A file as the enterprise feed sees it.
    pub(super) fn thin_file(&self, file: &File) -> Source {
        let folder = &self.folders[file.folder];
        Source::Thin(Box::new(ThinItem {
            item_type: "file",
            item_id: file.id.clone(),
            item_name: file.name.clone(),
            parent: ThinParent { kind: "folder", name: folder.name.clone(), id: folder.id.clone() },
            owned_by: self.person(folder.owner),
            classification: file.classification.map(|name| Classification { name }),
        }))
    }

    /// A folder as the enterprise feed sees it.
    pub(super) fn thin_folder(&self, at: FolderAt) -> Source {
        let folder = &self.folders[at];
        Source::Thin(Box::new(ThinItem {
            item_type: "folder",
            item_id: folder.id.clone(),
            item_name: folder.name.clone(),
            parent: self.thin_parent(at),
            owned_by: self.person(folder.owner),
            classification: None,
        }))
    }

    /// The folder above a folder, as the enterprise feed sees it.
    pub(super) fn thin_parent(&self, at: FolderAt) -> ThinParent {
        let (name, id) = match self.folders[at].above {
            Some(above) => (self.folders[above].name.clone(), self.folders[above].id.clone()),
            None => ("All Files".to_owned(), "0".to_owned()),
        };
        ThinParent { kind: "folder", name, id }
    }

    /// A new file in a folder.
    pub(super) fn new_file(&self, dice: &mut Dice, name: String, folder: FolderAt, by: PersonAt, at: Second) -> File {
        File {
            id: format!("15266{}", dice.digits(8)),
            name,
            folder,
            size: 4_000 + dice.below(900_000),
            version: FileVersion::new(format!("16566{}", dice.digits(8)), dice.hex(20)),
            older: Vec::new(),
            classification: dice.chance(20).then_some("Confidential"),
            link: None,
            link_id: String::new(),
            locked_by: None,
            trashed_at: None,
            comments: Vec::new(),
            tasks: Vec::new(),
            sequence: 0,
            created_by: by,
            modified_by: by,
            created_at: at,
            modified_at: at,
        }
    }
}
