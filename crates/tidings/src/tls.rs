//! TLS by certificate files, read again while the server runs.
//!
//! Whoever renews certificates writes the files and is done: they are looked at every few seconds, and a pair that has
//! changed and is good is used for the next handshake. One that is no good is named in the log, and the old one stays.

use crate::clock::Clock;
use feed::limits::TLS_FILE_BYTES_MAX;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

/// How often the files are looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the server's certificate first, then those that lead to its root.
    pub certificate: PathBuf,
    /// PEM: the private key, as PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Why a certificate or its key will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCertificate {
    file: PathBuf,
    why: String,
}

impl fmt::Display for BadCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for BadCertificate {}

/// The pair that the next handshake uses.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(…)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Makes connections secret, with whatever pair the files hold.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// The hash of what the files held when they were last looked at.
    seen: [u8; 32],
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`BadCertificate`] names the file and what is wrong with it.
    pub fn open(files: TlsFiles) -> Result<Self, BadCertificate> {
        let provider = Arc::new(ring::default_provider());
        let texts = Texts::read(&files)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(texts.pair(&files, &provider)?))));
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|why| BadCertificate { file: files.certificate.clone(), why: why.to_string() })?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Tls { files, provider, current, seen: texts.hash(), acceptor })
    }

    /// What makes connections secret.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Looks at the files again and again, for ever.
    pub async fn keep_current(mut self, clock: Arc<dyn Clock>) {
        loop {
            clock.wait(LOOK_EVERY).await;
            let looked = tokio::task::spawn_blocking(move || (self.look(), self));
            // Else it panicked, or the server is ending; the pair in use stays.
            let Ok((taken, back)) = looked.await else { return };
            self = back;
            match taken {
                Ok(true) => tracing::info!(file = %self.files.certificate.display(), "the new certificate is used"),
                Ok(false) => {}
                Err(why) => tracing::warn!(%why, "the new certificate will not do; the old one stays in use"),
            }
        }
    }

    /// Takes the pair in the files if it is new and good, and answers whether it did.
    ///
    /// # Errors
    /// [`BadCertificate`] for a pair that is new and no good, once; the one in use stays.
    pub fn look(&mut self) -> Result<bool, BadCertificate> {
        let texts = Texts::read(&self.files)?;
        if texts.hash() == self.seen {
            return Ok(false);
        }
        // Judged once: what stays bad is not complained of every few seconds.
        self.seen = texts.hash();
        let pair = texts.pair(&self.files, &self.provider)?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
        Ok(true)
    }
}

/// What the files hold.
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Texts {
    fn read(files: &TlsFiles) -> Result<Self, BadCertificate> {
        Ok(Texts { certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    fn hash(&self) -> [u8; 32] {
        let length = (self.certificate.len() as u64).to_le_bytes();
        Sha256::new().chain_update(length).chain_update(&self.certificate).chain_update(&self.key).finalize().into()
    }

    fn pair(&self, files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, BadCertificate> {
        let bad = |file: &Path, why: &str| BadCertificate { file: file.to_owned(), why: why.to_owned() };
        let chain = certificates(&self.certificate).map_err(|why| bad(&files.certificate, &why))?;
        // What is wrong with a key is not told: its text must be in no log.
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| bad(&files.key, "holds no private key in PEM that can be read"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|why| match why {
            rustls::Error::InconsistentKeys(_) => bad(&files.key, "is not the key of the certificate"),
            other => bad(&files.certificate, &other.to_string()),
        })
    }
}

/// The certificates of a PEM text; there is at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|_| "holds a certificate in PEM that cannot be read".to_owned())?;
    if chain.is_empty() {
        Err("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned())
    } else {
        Ok(chain)
    }
}

/// The certificates in a file: those of authorities that are trusted.
///
/// # Errors
/// [`BadCertificate`].
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, BadCertificate> {
    certificates(&read(path)?).map_err(|why| BadCertificate { file: path.to_owned(), why })
}

fn read(path: &Path) -> Result<Vec<u8>, BadCertificate> {
    let bad = |why: String| BadCertificate { file: path.to_owned(), why };
    let file = File::open(path).map_err(|why| bad(format!("cannot be read: {why}")))?;
    let mut text = Vec::new();
    let most = TLS_FILE_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut text).map_err(|why| bad(format!("cannot be read: {why}")))?;
    if text.len() > TLS_FILE_BYTES_MAX {
        return Err(bad(format!("is larger than {TLS_FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}
