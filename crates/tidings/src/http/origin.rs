//! Where a request comes from and under which URL its client sees this server.
//!
//! The address is that of the connection. `X-Forwarded-*` counts only when the connection comes from a configured proxy;
//! from anybody else it is just what somebody says.

use super::Server;
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// The other end of the connection; put into every request by [`super::serve`].
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Says that a request came through TLS; put into it by [`super::serve`].
#[derive(Debug, Clone, Copy)]
pub struct Encrypted;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address; unknown in tests without a connection.
    pub ip: Option<IpAddr>,
    /// The base URL that the client sees: configured, else from the request's own host.
    pub base_url: String,
}

impl FromRequestParts<Server> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Infallible> {
        Ok(Origin::of(parts, server))
    }
}

impl Origin {
    /// The origin of a request.
    pub fn of(parts: &Parts, server: &Server) -> Self {
        let (ip, through_proxy) = seen_from(parts, server);
        let encrypted = parts.extensions.get::<Encrypted>().is_some();
        Origin { ip, base_url: base_url(server, &parts.headers, through_proxy, encrypted) }
    }

    /// The client's address alone, which is all that most requests need of it.
    pub fn ip_of(parts: &Parts, server: &Server) -> Option<IpAddr> {
        seen_from(parts, server).0
    }
}

/// The client's address, and whether the request came through a proxy that is believed.
fn seen_from(parts: &Parts, server: &Server) -> (Option<IpAddr>, bool) {
    let peer = parts.extensions.get::<Peer>().map(|Peer(address)| address.ip());
    let through_proxy = peer.is_some_and(|peer| server.trusted_proxies.believe(peer));
    let ip = if through_proxy { client_of(&parts.headers, server).or(peer) } else { peer };
    (ip, through_proxy)
}

/// The last address in `X-Forwarded-For` that is not itself a proxy's: those before it are only what it said.
fn client_of(headers: &HeaderMap, server: &Server) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    let mut client = None;
    for hop in hops.iter().rev() {
        let Ok(ip) = hop.trim().parse::<IpAddr>() else { break };
        client = Some(ip);
        if !server.trusted_proxies.believe(ip) {
            break;
        }
    }
    client
}

fn base_url(server: &Server, headers: &HeaderMap, through_proxy: bool, encrypted: bool) -> String {
    if let Some(url) = &server.public_url {
        return url.clone();
    }
    // Each proxy of a chain appends, so the first value is that of the one the client spoke to.
    let text = |name: &str| {
        let first = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
        (!first.is_empty()).then_some(first)
    };
    let forwarded = |name: &str| text(name).filter(|_| through_proxy);
    let https = forwarded("x-forwarded-proto").map_or(encrypted, |it| it.eq_ignore_ascii_case("https"));
    let scheme = if https { "https" } else { "http" };
    let host = forwarded("x-forwarded-host").or_else(|| text("host")).unwrap_or("localhost");
    format!("{scheme}://{host}")
}
