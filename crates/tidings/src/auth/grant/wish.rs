//! What somebody at the token endpoint asks for.

use super::GrantError;
use std::fmt;

/// The kinds of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// By client id and secret.
    ClientCredentials,
    /// By a signed assertion.
    JwtBearer,
    /// By a code that a person's consent gave.
    AuthorizationCode,
    /// By a refresh token.
    RefreshToken,
    /// A weaker token for a token.
    TokenExchange,
}

impl GrantType {
    /// Each with its word on the wire.
    pub const NAMES: [(GrantType, &'static str); 5] = [
        (GrantType::ClientCredentials, "client_credentials"),
        (GrantType::JwtBearer, "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        (GrantType::AuthorizationCode, "authorization_code"),
        (GrantType::RefreshToken, "refresh_token"),
        (GrantType::TokenExchange, "urn:ietf:params:oauth:grant-type:token-exchange"),
    ];

    /// Its word on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(it, _)| *it == self).map_or("", |(_, name)| name)
    }
}

/// The parameters, as they came; empty ones are absent. It holds secrets, so it is never printed.
#[derive(Clone, Default)]
pub struct GrantWish {
    /// `grant_type`.
    pub grant_type: Option<String>,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `client_secret`.
    pub client_secret: Option<String>,
    /// `box_subject_type`.
    pub subject_type: Option<String>,
    /// `box_subject_id`.
    pub subject_id: Option<String>,
    /// `assertion`.
    pub assertion: Option<String>,
    /// `code`.
    pub code: Option<String>,
    /// `redirect_uri`.
    pub redirect_uri: Option<String>,
    /// `refresh_token`.
    pub refresh_token: Option<String>,
    /// `subject_token`.
    pub subject_token: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// `resource` or `box_shared_link`: what a token should be narrowed to.
    pub narrowed_to: Option<String>,
    /// The base URL under which the client sees this server.
    pub own_base: String,
}

impl fmt::Debug for GrantWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantWish").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl GrantWish {
    /// The kind of grant.
    ///
    /// # Errors
    /// [`GrantError::Missing`] or [`GrantError::GrantType`].
    pub fn grant_type(&self) -> Result<GrantType, GrantError> {
        let word = self.grant_type.as_deref().ok_or(GrantError::Missing("grant_type"))?;
        let known = GrantType::NAMES.into_iter().find(|(_, name)| *name == word);
        known.map(|(it, _)| it).ok_or_else(|| GrantError::GrantType(word.chars().take(60).collect()))
    }
}
