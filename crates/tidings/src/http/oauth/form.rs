//! Parameters of the OAuth calls: from the query and from the body, whatever its media type says, and the client's own
//! from Basic, too. An empty parameter counts as absent; the body goes before the query, and of a repeated one the last
//! counts.

use crate::auth::grant::wish::GrantWish;
use crate::http::error::ApiError;
use crate::http::native_api::body::whole;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use feed::limits::FORM_BYTES_MAX;
use http::{HeaderMap, header};

/// The parameters of a call.
#[derive(Default)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Parameters out of a query and a body. Bytes that are no UTF-8 are replaced: they fit nothing then.
    pub fn of(query: Option<&str>, body: &[u8]) -> Self {
        let query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let pairs = query.chain(form_urlencoded::parse(body));
        Form { pairs: pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect() }
    }

    /// Reads the parameters of a call.
    ///
    /// # Errors
    /// [`ApiError`] for a body that is too large or breaks off.
    pub async fn read(query: Option<&str>, body: Body) -> Result<Self, ApiError> {
        let body = whole(body, FORM_BYTES_MAX).await?;
        Ok(Form::of(query, &body))
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = self.pairs.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.trim()).rfind(|value| !value.is_empty())
    }

    /// All values of a parameter, in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.pairs.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// What is wished for. Client id and secret in the parameters go before those in Basic.
    pub fn wish(&self, headers: &HeaderMap, own_base: String) -> GrantWish {
        let text = |name: &str| self.get(name).map(str::to_owned);
        let basic = basic(headers);
        let (id, secret) = basic.unzip();
        GrantWish {
            grant_type: text("grant_type"),
            client_id: text("client_id").or(id),
            client_secret: text("client_secret").or(secret),
            subject_type: text("box_subject_type"),
            subject_id: text("box_subject_id"),
            assertion: text("assertion"),
            code: text("code"),
            redirect_uri: text("redirect_uri"),
            refresh_token: text("refresh_token"),
            subject_token: text("subject_token"),
            scope: text("scope"),
            narrowed_to: text("resource").or_else(|| text("box_shared_link")),
            own_base,
        }
    }
}

/// Client id and secret of `Authorization: Basic …`.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, coded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let coded = coded.trim();
    let bytes = STANDARD.decode(coded).or_else(|_| STANDARD_NO_PAD.decode(coded)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    (!id.is_empty() && !secret.is_empty()).then(|| (id.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn parameters_come_from_body_and_query() {
        let form = Form::of(Some("box_subject_type=enterprise&box_subject_id=7"), b"grant_type=x&box_subject_id=8&a=");
        assert_eq!(form.get("box_subject_type"), Some("enterprise"));
        assert_eq!(form.get("box_subject_id"), Some("8"));
        assert_eq!(form.get("a"), None);
        assert_eq!(form.all("box_subject_id").collect::<Vec<_>>(), ["7", "8"]);
        // Legacy Java does not encode its body.
        let form = Form::of(None, b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b-c_d");
        assert_eq!(form.get("grant_type"), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        assert_eq!(form.get("assertion"), Some("a.b-c_d"));
        assert!(Form::of(None, b"\xFF\xFE=%FF&&&==").get("x").is_none());
    }

    #[test]
    fn basic_is_read_with_and_without_padding() {
        let read = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
            basic(&headers)
        };
        let both = Some(("id".to_owned(), "se:cret".to_owned()));
        assert_eq!(read("Basic aWQ6c2U6Y3JldA=="), both);
        assert_eq!(read("basic  aWQ6c2U6Y3JldA"), both);
        for wrong in ["Bearer aWQ6c2U6Y3JldA==", "Basic", "Basic §", "Basic aWQ=", "Basic Og==", "Basic /////w=="] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
