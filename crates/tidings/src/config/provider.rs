//! The identity provider whose access tokens are accepted.

use super::{BadSetting, Values};
use feed::id::EnterpriseId;
use feed::permission::Scopes;
use std::net::IpAddr;
use std::path::PathBuf;

/// An OpenID Connect provider, and what is believed of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Its issuer identifier, exactly as tokens have it in `iss`.
    pub issuer: String,
    /// What tokens for this server have in `aud`.
    pub audience: String,
    /// Where its keys are; found by discovery if `None`.
    pub keys_url: Option<String>,
    /// The claim that names the user, by login or id.
    pub user_claim: String,
    /// The most that its tokens can give.
    pub scopes: Scopes,
    /// The enterprise whose users it knows.
    pub enterprise: EnterpriseId,
    /// The authorities trusted when it is asked; those of browsers if `None`.
    pub ca: Option<PathBuf>,
}

impl ProviderSettings {
    /// Reads them; none without an issuer.
    pub(super) fn load(values: &Values<'_>, enterprise: &EnterpriseId) -> Result<Option<Self>, BadSetting> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let issuer =
            values.read("oidc-issuer", |text| some(text).map(|url| safe_url(&url).map(|()| url)).transpose())?;
        let audience = values.read("oidc-audience", |text| Ok(some(text)))?;
        let keys_url =
            values.read("oidc-keys-url", |text| some(text).map(|url| safe_url(&url).map(|()| url)).transpose())?;
        let user_claim = values.read("oidc-user-claim", |text| {
            some(text).ok_or_else(|| "is empty; name the claim that names the user".to_owned())
        })?;
        let scopes = values.read("oidc-scopes", |text| Scopes::parse(text).map_err(|wrong| wrong.to_string()))?;
        let ca = values.read("oidc-ca", |text| Ok(some(text).map(PathBuf::from)))?;
        match (issuer, audience) {
            (None, None) => Ok(None),
            (Some(issuer), Some(audience)) => {
                let enterprise = enterprise.clone();
                Ok(Some(ProviderSettings { issuer, audience, keys_url, user_claim, scopes, enterprise, ca }))
            }
            // Without an audience, a token that was made for any other application would be good here.
            _ => Err(BadSetting("oidc-issuer and oidc-audience belong together; give both or neither".to_owned())),
        }
    }
}

/// A URL whose answers nobody on the way can change: `https`, or of this machine.
pub fn safe_url(url: &str) -> Result<(), String> {
    let wrong = || Err("is not a URL that begins with https:// (http:// only for this machine)".to_owned());
    let Ok(uri) = url.parse::<http::Uri>() else { return wrong() };
    let Some(host) = uri.host() else { return wrong() };
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_this_machine(host) => Ok(()),
        _ => wrong(),
    }
}

/// Whether a host name or address means this machine.
pub fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_only_from_where_nobody_can_change_them() {
        for good in ["https://login.example", "https://a.example/tenant/v2.0", "http://127.0.0.1:9/x", "http://[::1]:9"]
        {
            assert_eq!(safe_url(good), Ok(()), "{good}");
        }
        for bad in ["http://login.example", "login.example", "ftp://localhost", "http://127.0.0.1.example", "https://"]
        {
            assert!(safe_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        for here in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_this_machine(here), "{here}");
        }
        for elsewhere in ["localhost.example", "10.0.0.1", "[::2]"] {
            assert!(!is_this_machine(elsewhere), "{elsewhere}");
        }
    }
}
