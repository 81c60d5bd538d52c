//! Slashes too many in a path: clients whose base URL ends in one ask for `//2.0/events` and `//oauth2/token`, and some
//! end a path with one. They mean the path without.
//!
//! Only where there is no route of that very path; nothing else of it is touched, so a path has one meaning.

use super::error::ApiError;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::Uri;
use http::uri::PathAndQuery;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

/// The routes, and for a path with slashes too many the route of the path without.
pub(super) fn forgiven(routes: Router) -> Router {
    let again = TowerToHyperService::new(routes.clone().fallback(async || ApiError::NotFound));
    routes.fallback(async move |mut request: Request| -> Response {
        let Some(uri) = tidied(request.uri()) else { return ApiError::NotFound.into_response() };
        *request.uri_mut() = uri;
        match again.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    })
}

/// The address without slashes too many; `None` if it has none.
fn tidied(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix('/')?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let path = format!("/{}", parts.join("/"));
    if path == uri.path() {
        return None;
    }
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut tidied = uri.clone().into_parts();
    tidied.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(tidied).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slashes_are_tidied() {
        let tidied = |uri: &str| tidied(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(tidied("//oauth2//token/?a=b//c"), Some("/oauth2/token?a=b//c".to_owned()));
        assert_eq!(tidied("http://h//2.0/events"), Some("http://h/2.0/events".to_owned()));
        assert_eq!(tidied("///"), Some("/".to_owned()));
        for right in ["/", "*", "/2.0/events", "/2.0/../x", "/a%2f%2fb", "/2.0/events?x=//"] {
            assert_eq!(tidied(right), None, "{right}");
        }
    }
}
