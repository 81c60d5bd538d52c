//! Whole requests to every route: first line, headers, an empty line, the body. The first byte picks who asks. Whatever
//! is asked, the server answers or waits, and its answer is never one of the 500s.

#![no_main]

use clap::Command;
use feed::directory::{Person, Role};
use feed::id::UserId;
use feed::permission::Scopes;
use feed::time::Second;
use futures_util::FutureExt;
use http::Request;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::cell::RefCell;
use std::sync::Arc;
use store::memory::MemoryStore;
use store::token_store::TokenRecord;
use tidings::auth::token::hash_of;
use tidings::boot::{FirstUser, services, set_up};
use tidings::clock::ManualClock;
use tidings::config::{Settings, table};
use tidings::http::finish::Finishing;
use tidings::http::{Server, Shared, router};
use tokio::runtime::{Builder, Runtime};

/// After so many requests the world begins anew, so that what was published does not pile up.
const REQUESTS_MAX: u32 = 20_000;

const NOW: Second = Second(1_750_000_000);

struct World {
    router: TowerToHyperService<Finishing>,
    tokens: Vec<String>,
    requests: u32,
}

async fn world() -> World {
    let flags = ["tidings", "--data", "memory:", "--trusted-proxies", "10.0.0.0/8", "--audit-reads", "on"];
    let matches = table::with_settings(Command::new("tidings")).get_matches_from(flags);
    let settings = Settings::load(&matches).expect("the settings are good");
    let stores = MemoryStore::new(settings.settling_delay_s).stores();
    let clock = Arc::new(ManualClock::at(NOW));
    let services = Arc::new(services(&settings, stores, clock).await.expect("memory serves"));
    let people = [("7", Role::Admin), ("8", Role::User)].map(|(id, role)| FirstUser {
        person: Person {
            id: UserId::new(id).expect("an id"),
            name: id.into(),
            login: format!("{id}@h").as_str().into(),
        },
        role,
    });
    set_up(&services, &settings.enterprise.0, "H", &people).await.expect("memory records");
    let mut tokens = vec![String::new(), "no-token".to_owned(), "a.b.c".to_owned()];
    for person in &people {
        let secret = format!("token-of-{}", person.person.id);
        let record = TokenRecord {
            id: format!("id-{}", person.person.id),
            hash: hash_of(&secret),
            user: person.person.id.clone(),
            enterprise: settings.enterprise.0.clone(),
            scopes: Scopes::EVERY,
            application: None,
            family: None,
            note: String::new(),
            created_at: NOW,
            expires_at: None,
        };
        services.stores.tokens.add(record).await.expect("memory keeps");
        tokens.push(secret);
    }
    let router = router::router(Server::new(Shared {
        services,
        public_url: None,
        rate_limit: None,
        application_limit: None,
        metrics_shown: true,
        trusted_proxies: settings.trusted_proxies.clone(),
    }));
    World { router: TowerToHyperService::new(router), tokens, requests: 0 }
}

/// A request out of bytes; `None` if `http` takes it for none, as hyper would before us.
fn request(bytes: &[u8], token: &str) -> Option<Request<axum::body::Body>> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let (method, uri) = (first.next()?, first.next()?);
    let mut request = Request::builder().method(method).uri(uri);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut body = Vec::new();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            body = lines.collect::<Vec<_>>().join(&b'\n');
            break;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        request = request.header(parts.next()?, parts.next()?);
    }
    request.body(body.into()).ok()
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((who, rest)) = bytes.split_first() else { return };
    RUNTIME.with(|runtime| {
        WORLD.with_borrow_mut(|kept| {
            let spent = kept.as_ref().is_none_or(|world| world.requests == REQUESTS_MAX);
            if spent {
                *kept = Some(runtime.block_on(world()));
            }
            let Some(world) = kept else { return };
            world.requests += 1;
            let token = &world.tokens[usize::from(*who) % world.tokens.len()];
            let Some(request) = request(rest, token) else { return };
            let _inside = runtime.enter();
            // One that waits is left: nobody listens any more.
            if let Some(answer) = world.router.call(request).now_or_never() {
                let status = answer.expect("the router never fails").status();
                assert!(!status.is_server_error(), "{status}");
            }
        });
    });
});
