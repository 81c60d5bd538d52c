//! TLS between the program and its database: what each `sslmode` encrypts, and whom it believes.

use crate::postgres::server::{Cluster, FORGETFUL, somebody};
use crate::postgres::{missing, options, run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use store::postgres::{OpenError, PostgresStore, migrate};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// An authority that signs certificates.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that listens on this machine, with its files.
struct Server {
    _cluster: Cluster,
    files: TempDir,
    port: u16,
}

impl Server {
    /// One that encrypts, with a certificate for `localhost`, or one that cannot.
    fn start(name: &str, encrypts: bool) -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = |name: &str| files.path().join(name);
        let (known, unknown) = (authority(), authority());
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &known).unwrap();
        for (name, text) in [
            ("root.pem", known.pem()),
            ("other.pem", unknown.pem()),
            ("server.pem", certificate.pem()),
            ("server.key", key.serialize_pem()),
            ("empty.pem", String::new()),
        ] {
            std::fs::write(path(name), text).unwrap();
        }
        std::fs::set_permissions(path("server.key"), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::set_permissions(files.path(), PermissionsExt::from_mode(0o755)).unwrap();
        if let Some((user, group)) = somebody(Path::new("/proc/self")) {
            chown(path("server.key"), Some(user), Some(group)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut settings = format!("{FORGETFUL} -c listen_addresses=127.0.0.1 -c port={port}");
        if encrypts {
            let (certificate, key) = (path("server.pem"), path("server.key"));
            settings +=
                &format!(" -c ssl=on -c ssl_cert_file={} -c ssl_key_file={}", certificate.display(), key.display());
        }
        let folder = std::env::temp_dir().join(format!("tidings-tls-{name}-{}", std::process::id()));
        Server { _cluster: Cluster::start(&folder, &settings).unwrap(), files, port }
    }

    /// Its address by this name, with `FILES` in the query standing for the folder of its files.
    fn url(&self, host: &str, query: &str) -> String {
        let files = self.files.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}:{}/postgres?{}", self.port, query.replace("FILES", &files))
    }

    /// Opens a store; answers whether all its connections, the one that listens included, are encrypted.
    async fn open(&self, host: &str, query: &str) -> Result<bool, OpenError> {
        let store = PostgresStore::open(&self.url(host, query), options(5)).await?;
        let mut hearing = store.listen();
        hearing.next().await.unwrap();
        let (client, connection) = tokio_postgres::connect(&self.url(host, "sslmode=disable"), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let sql = "SELECT count(*), count(*) FILTER (WHERE s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                   WHERE a.application_name = 'tidings'";
        let row = client.query_one(sql, &[]).await.unwrap();
        let (all, encrypted): (i64, i64) = (row.get(0), row.get(1));
        assert!(2 <= all && (encrypted == 0 || encrypted == all), "{encrypted} of {all} connections with {query}");
        // The next must not be taken for these.
        run(
            &self.url(host, "sslmode=disable"),
            &["SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'tidings'"],
        )
        .await;
        drop(client);
        connection.await.unwrap().unwrap();
        Ok(encrypted == all)
    }
}

#[tokio::test]
async fn each_mode_encrypts_and_believes_as_it_says() {
    if missing() {
        return;
    }
    let server = Server::start("on", true);
    migrate(&server.url("localhost", "sslmode=require")).await.unwrap();
    for (host, query, encrypted) in [
        ("localhost", "", true),
        ("localhost", "sslmode=prefer", true),
        ("localhost", "sslmode=disable", false),
        ("127.0.0.1", "sslmode=require", true),
        ("127.0.0.1", "sslmode=require&sslrootcert=FILES%2Froot.pem", true),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=FILES%2Froot.pem", true),
        ("localhost", "sslmode=verify-full&sslrootcert=FILES%2Froot.pem", true),
    ] {
        assert_eq!(server.open(host, query).await, Ok(encrypted), "{host} with {query}");
    }
    for (host, query) in [
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=FILES%2Froot.pem"),
        ("localhost", "sslmode=verify-full&sslrootcert=FILES%2Fother.pem"),
        ("localhost", "sslmode=verify-ca&sslrootcert=FILES%2Fother.pem"),
        ("localhost", "sslmode=require&sslrootcert=FILES%2Fother.pem"),
    ] {
        let refused = server.open(host, query).await.unwrap_err();
        assert!(refused.to_string().contains("certificate"), "{host} with {query}: {refused}");
    }
    for (query, word) in [
        ("sslmode=verify-full&sslrootcert=FILES%2Fnone.pem", "none.pem"),
        ("sslmode=verify-full&sslrootcert=FILES%2Fempty.pem", "no certificate"),
        ("sslmode=verify-full&sslrootcert=FILES%2Fserver.key", "no certificate"),
        ("sslmode=verify-full", "sslrootcert"),
        ("sslmode=allow", "allow"),
    ] {
        let refused = server.open("localhost", query).await.unwrap_err();
        assert!(matches!(&refused, OpenError::BadAddress(why) if why.contains(word)), "{query}: {refused}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_encrypt_is_refused_where_that_is_required() {
    if missing() {
        return;
    }
    let server = Server::start("off", false);
    migrate(&server.url("localhost", "")).await.unwrap();
    assert_eq!(server.open("localhost", "sslmode=prefer").await, Ok(false));
    for query in ["sslmode=require", "sslmode=verify-full&sslrootcert=FILES%2Froot.pem"] {
        let refused = server.open("localhost", query).await.unwrap_err();
        assert!(refused.to_string().contains("TLS"), "{query}: {refused}");
    }
}
