//! TLS: the certificate that the files hold, and clients that never finish shaking hands.

use super::{Listening, ask, check, get};
use crate::world::World;
use rcgen::{CertificateParams, KeyPair, generate_simple_self_signed};
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tidings::tls::{LOOK_EVERY, Tls, TlsFiles};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A pair of files, as somebody who renews certificates writes them.
struct Files {
    _folder: TempDir,
    files: TlsFiles,
}

impl Files {
    /// Files with a fresh pair, and its certificate.
    fn new() -> (Self, CertificateDer<'static>) {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("server.pem"), key: folder.path().join("server.key") };
        let here = Files { _folder: folder, files };
        let certificate = here.renew();
        (here, certificate)
    }

    fn renew(&self) -> CertificateDer<'static> {
        let pair = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&self.files.certificate, pair.cert.pem()).unwrap();
        fs::write(&self.files.key, pair.signing_key.serialize_pem()).unwrap();
        pair.cert.der().clone()
    }
}

/// A connection of a client who trusts this certificate alone.
async fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test]
async fn a_renewed_certificate_is_used_and_a_bad_one_is_not() {
    let (files, first) = Files::new();
    let mut tls = Tls::open(files.files.clone()).unwrap();
    let listening = Listening::with(World::new().await, Some(tls.acceptor())).await;
    let address = listening.address;
    let mut stream = connect(address, &first).await.unwrap();
    check(&ask(&mut stream, &get("/2.0/users/me")).await, "200 OK");
    assert_eq!(tls.look(), Ok(false), "nothing is new");

    let second = files.renew();
    assert_eq!(tls.look(), Ok(true));
    assert!(connect(address, &first).await.is_err());
    check(&ask(&mut connect(address, &second).await.unwrap(), &get("/2.0/users/me")).await, "200 OK");
    check(&ask(&mut stream, &get("/2.0/users/me")).await, "200 OK");

    // A key of another certificate, half a file, no file.
    let (certificate, key) = (&files.files.certificate, &files.files.key);
    let good = (fs::read(certificate).unwrap(), fs::read(key).unwrap());
    fs::write(key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(tls.look().unwrap_err().to_string().ends_with("is not the key of the certificate"));
    assert_eq!(tls.look(), Ok(false), "what is bad is complained of once");
    fs::write(certificate, &good.0[..good.0.len() / 2]).unwrap();
    assert!(tls.look().unwrap_err().to_string().contains("PEM"));
    fs::write(key, "").unwrap();
    assert!(tls.look().is_err());
    fs::remove_file(certificate).unwrap();
    assert!(tls.look().unwrap_err().to_string().contains("cannot be read"));
    check(&ask(&mut connect(address, &second).await.unwrap(), &get("/2.0/users/me")).await, "200 OK");
    fs::write(certificate, &good.0).unwrap();
    fs::write(key, &good.1).unwrap();
    assert_eq!(tls.look(), Ok(true));
    assert!(Tls::open(TlsFiles { key: "nowhere.key".into(), ..files.files.clone() }).is_err());
}

#[tokio::test]
async fn the_files_are_looked_at_while_the_server_runs() {
    let (files, _) = Files::new();
    let tls = Tls::open(files.files.clone()).unwrap();
    let listening = Listening::with(World::new().await, Some(tls.acceptor())).await;
    let clock = listening.world.clock.clone();
    let looking = tokio::spawn(tls.keep_current(clock.clone()));
    let renewed = files.renew();
    while clock.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(LOOK_EVERY);
    // The look is under way in a thread of its own; whoever comes until it ends is shown the old one.
    let mut stream = loop {
        if let Ok(stream) = connect(listening.address, &renewed).await {
            break stream;
        }
    };
    check(&ask(&mut stream, &get("/2.0/users/me")).await, "200 OK");
    looking.abort();
}

#[tokio::test]
async fn urls_begin_with_https_and_other_names_are_not_trusted() {
    let (files, certificate) = Files::new();
    let tls = Tls::open(files.files.clone()).unwrap();
    let listening = Listening::with(World::new().await, Some(tls.acceptor())).await;
    let mut stream = connect(listening.address, &certificate).await.unwrap();
    let opened = ask(&mut stream, &get("/2.0/events").replace("GET", "OPTIONS")).await;
    assert!(opened.body.contains("\"url\":\"https://localhost/realtime/"), "{}", opened.body);
    let other = CertificateParams::new(["elsewhere".to_owned()]).unwrap();
    let other = other.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert!(connect(listening.address, other.der()).await.is_err());
    // Plain HTTP at this port is no handshake; the connection just ends, and others go on.
    let mut plain = listening.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut plain, get("/2.0/users/me").as_bytes()).await.unwrap();
    let mut said = Vec::new();
    drop(plain.read_to_end(&mut said).await);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    check(&ask(&mut stream, &get("/2.0/users/me")).await, "200 OK");
}

#[tokio::test]
async fn who_does_not_shake_hands_is_let_go() {
    let (files, _) = Files::new();
    let tls = Tls::open(files.files.clone()).unwrap();
    let listening = Listening::with(World::new().await, Some(tls.acceptor())).await;
    let clock = &listening.world.clock;
    let mut silent = listening.connect().await;
    while clock.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(silent.read(&mut [0]).await.unwrap_or_default(), 0);
    // One that comes when the server stops does not hold it up.
    let mut silent = listening.connect().await;
    while clock.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    listening.stop.send(()).unwrap();
    listening.serving.await.unwrap();
    assert_eq!(silent.read(&mut [0]).await.unwrap_or_default(), 0);
}
