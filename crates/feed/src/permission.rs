//! Who may do what: one table of actions against roles and scopes (protocol, section 10; design, section 10).
//!
//! A check says literally what is being done; who may do it stands here and nowhere else.

use crate::directory::Role;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a token's application was granted, beyond reading its own user's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(u8);

impl Scopes {
    /// No scope: the token reads its own user's feed.
    pub const NONE: Scopes = Scopes(0);
    /// Read the enterprise feed.
    pub const ENTERPRISE: Scopes = Scopes(1);
    /// Act for users of the enterprise.
    pub const USERS: Scopes = Scopes(2);
    /// Publish events (native).
    pub const PUBLISH: Scopes = Scopes(4);
    /// Administer users and tokens (native).
    pub const ADMINISTER: Scopes = Scopes(8);
    /// Publish events that change users and their roles (native).
    pub const PUBLISH_USERS: Scopes = Scopes(16);
    /// Bring in history (native).
    pub const IMPORT: Scopes = Scopes(32);
    /// Every scope.
    pub const EVERY: Scopes = Scopes(63);

    /// Each scope with the word for it.
    pub const NAMES: [(Scopes, &'static str); 6] = [
        (Scopes::ENTERPRISE, "manage_enterprise_properties"),
        (Scopes::USERS, "manage_managed_users"),
        (Scopes::PUBLISH, "publish"),
        (Scopes::PUBLISH_USERS, "publish_users"),
        (Scopes::ADMINISTER, "administer"),
        (Scopes::IMPORT, "import"),
    ];

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Scopes) -> Self {
        Scopes(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn within(self, other: Scopes) -> Self {
        Scopes(self.0 & other.0)
    }

    /// Whether all of the other's scopes are in this set.
    pub const fn contains(self, other: Scopes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Reads words separated by blanks or commas.
    ///
    /// # Errors
    /// [`UnknownScope`] names the first word that is no scope.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split([' ', ',']).filter(|word| !word.is_empty()).try_fold(Scopes::NONE, |scopes, word| {
            let (scope, _) = Self::NAMES
                .into_iter()
                .find(|(_, name)| *name == word)
                .ok_or_else(|| UnknownScope(word.chars().take(60).collect()))?;
            Ok(scopes.and(scope))
        })
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Self::NAMES.iter().filter(|(scope, _)| self.contains(*scope));
        for (i, (_, name)) in held.enumerate() {
            write!(f, "{}{name}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Scopes {
    type Error = UnknownScope;
    fn try_from(text: String) -> Result<Self, UnknownScope> {
        Self::parse(&text)
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> String {
        scopes.to_string()
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScope(String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = Scopes::NAMES.iter().map(|(_, name)| *name).collect();
        write!(f, "'{}' is no scope; the scopes are {}", self.0.escape_debug(), known.join(", "))
    }
}

impl std::error::Error for UnknownScope {}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read one's own feed: `all`, `changes`, `sync`.
    ReadOwnFeed,
    /// Read the enterprise's feed: `admin_logs`, `admin_logs_streaming`.
    ReadEnterpriseFeed,
    /// Act for another user of the same enterprise (`As-User`).
    ActAsUser,
    /// Publish events.
    Publish,
    /// Publish events that add, change or delete users, or change what they may do: the directory follows them.
    PublishUsers,
    /// Add, change and remove users.
    ManageUsers,
    /// Make, list and revoke tokens of any user of the enterprise, and sign-in codes for them.
    ManageTokens,
    /// Create, change and list applications, their secrets and their keys.
    ManageApplications,
    /// Add, change and remove groups, collaborations and synced folders.
    ManageSharing,
    /// Change the settings of the enterprise; import and export its directory.
    ManageEnterprise,
    /// See who heard an event, and why.
    ExplainAudience,
    /// Bring in history from elsewhere.
    ImportHistory,
    /// Search the history of the enterprise.
    Search,
    /// Ask for reports, fetch them, and remove them.
    Report,
    /// See how long events are kept, the legal holds, and what the sweep would remove.
    SeeRetention,
    /// Change how long events are kept; place, change and release legal holds.
    ManageRetention,
}

impl Action {
    /// All of them, in the order of the printed table.
    pub const EVERY: [Action; 16] = [
        Action::ReadOwnFeed,
        Action::ReadEnterpriseFeed,
        Action::ActAsUser,
        Action::Publish,
        Action::PublishUsers,
        Action::ManageUsers,
        Action::ManageTokens,
        Action::ManageApplications,
        Action::ManageSharing,
        Action::ManageEnterprise,
        Action::ExplainAudience,
        Action::ImportHistory,
        Action::Search,
        Action::Report,
        Action::SeeRetention,
        Action::ManageRetention,
    ];

    /// The scope that the application needs.
    fn scope(self) -> Scopes {
        match self {
            Action::ReadOwnFeed => Scopes::NONE,
            Action::ReadEnterpriseFeed | Action::Search | Action::Report => Scopes::ENTERPRISE,
            Action::ActAsUser => Scopes::USERS,
            Action::Publish => Scopes::PUBLISH,
            Action::PublishUsers => Scopes::PUBLISH_USERS,
            Action::ImportHistory => Scopes::IMPORT,
            Action::ManageUsers
            | Action::ManageTokens
            | Action::ManageApplications
            | Action::ManageSharing
            | Action::ManageEnterprise
            | Action::ExplainAudience
            | Action::SeeRetention
            | Action::ManageRetention => Scopes::ADMINISTER,
        }
    }

    /// Whether the role carries the right.
    fn open_to(self, role: &Role) -> bool {
        match (self, role) {
            (Action::ReadOwnFeed | Action::Publish, _) => true,
            (_, Role::Admin) => true,
            (_, Role::User) => false,
            (
                Action::ReadEnterpriseFeed | Action::SeeRetention | Action::Search | Action::Report,
                Role::CoAdmin(rights),
            ) => rights.reports,
            (Action::ActAsUser | Action::ManageUsers | Action::ManageSharing, Role::CoAdmin(rights)) => rights.users,
            (
                Action::PublishUsers
                | Action::ManageTokens
                | Action::ManageApplications
                | Action::ManageEnterprise
                | Action::ExplainAudience
                | Action::ImportHistory
                | Action::ManageRetention,
                Role::CoAdmin(_),
            ) => false,
            (_, Role::ServiceAccount) => true,
        }
    }

    /// Whether somebody with this role and these scopes may do it.
    ///
    /// # Errors
    /// [`Denied`] says which of scope and role is at fault: users stumble over a bare 403 (protocol, section 21).
    pub fn check(self, role: &Role, scopes: Scopes) -> Result<(), Denied> {
        if !scopes.contains(self.scope()) {
            return Err(Denied::Scope(self.scope()));
        }
        if !self.open_to(role) {
            return Err(Denied::Right(self));
        }
        Ok(())
    }
}

/// Why somebody may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The application lacks this scope.
    Scope(Scopes),
    /// The user lacks the right.
    Right(Action),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Scope(scope) => write!(f, "The token lacks the scope '{scope}'."),
            Denied::Right(action) => f.write_str(match action {
                Action::ReadOwnFeed | Action::Publish => "The user may not do this.",
                Action::ReadEnterpriseFeed | Action::SeeRetention | Action::Search | Action::Report => {
                    "The user is neither an admin nor a co-admin with the permission to run and access reports."
                }
                Action::ActAsUser => "The token's user is neither an admin nor a co-admin who may manage users.",
                Action::ManageUsers | Action::ManageSharing => {
                    "The user is neither an admin nor a co-admin who may manage users."
                }
                Action::PublishUsers
                | Action::ManageTokens
                | Action::ManageApplications
                | Action::ManageEnterprise
                | Action::ExplainAudience
                | Action::ImportHistory
                | Action::ManageRetention => "The user is not an admin.",
            }),
        }
    }
}

impl std::error::Error for Denied {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::CoAdminRights;
    use std::fmt::Write;

    #[test]
    fn the_whole_table() {
        let co_admin = |reports, users| Role::CoAdmin(CoAdminRights { reports, users });
        let roles = [
            ("user", Role::User),
            ("co-admin", co_admin(false, false)),
            ("co-admin (reports)", co_admin(true, false)),
            ("co-admin (users)", co_admin(false, true)),
            ("admin", Role::Admin),
            ("service account", Role::ServiceAccount),
        ];
        let mut table = String::new();
        for action in Action::EVERY {
            let may = |(name, role): &(&'static str, Role)| action.check(role, Scopes::EVERY).is_ok().then_some(*name);
            let who: Vec<&str> = roles.iter().filter_map(may).collect();
            writeln!(table, "{action:?} [{}]: {}", action.scope(), who.join(", ")).unwrap();
            if action.scope() != Scopes::NONE {
                let without = Scopes::NAMES.iter().filter(|(scope, _)| *scope != action.scope());
                let others = without.fold(Scopes::NONE, |all, (scope, _)| all.and(*scope));
                assert_eq!(action.check(&Role::Admin, others), Err(Denied::Scope(action.scope())));
            }
        }
        insta::assert_snapshot!(table, @r"
        ReadOwnFeed []: user, co-admin, co-admin (reports), co-admin (users), admin, service account
        ReadEnterpriseFeed [manage_enterprise_properties]: co-admin (reports), admin, service account
        ActAsUser [manage_managed_users]: co-admin (users), admin, service account
        Publish [publish]: user, co-admin, co-admin (reports), co-admin (users), admin, service account
        PublishUsers [publish_users]: admin, service account
        ManageUsers [administer]: co-admin (users), admin, service account
        ManageTokens [administer]: admin, service account
        ManageApplications [administer]: admin, service account
        ManageSharing [administer]: co-admin (users), admin, service account
        ManageEnterprise [administer]: admin, service account
        ExplainAudience [administer]: admin, service account
        ImportHistory [import]: admin, service account
        Search [manage_enterprise_properties]: co-admin (reports), admin, service account
        Report [manage_enterprise_properties]: co-admin (reports), admin, service account
        SeeRetention [administer]: co-admin (reports), admin, service account
        ManageRetention [administer]: admin, service account
        ");
    }

    #[test]
    fn scopes_are_words() {
        let both = Scopes::ENTERPRISE.and(Scopes::PUBLISH);
        assert_eq!(both.to_string(), "manage_enterprise_properties publish");
        assert_eq!(Scopes::parse("publish,manage_enterprise_properties"), Ok(both));
        assert_eq!(Scopes::parse(""), Ok(Scopes::NONE));
        assert!(Scopes::parse("root").is_err());
    }
}
