//! TLS to the database, by the words that PostgreSQL's own clients know: `sslmode` and `sslrootcert` in the address mean
//! what they mean to libpq.
//!
//! | `sslmode` | encrypted | the server is who it says it is |
//! |---|---|---|
//! | `disable` | no | not checked |
//! | `prefer`, or none | if the server can | not checked |
//! | `require` | yes | not checked; with `sslrootcert` as `verify-ca` |
//! | `verify-ca` | yes | its certificate is signed by one of `sslrootcert` |
//! | `verify-full` | yes | and it is of the host that the address names |

use futures_util::future::BoxFuture;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// The parts of an address that are about TLS; the database client does not know all of them.
const SSLMODE: &str = "sslmode";
const SSLROOTCERT: &str = "sslrootcert";

/// What is asked about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// What an address says about TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    mode: Mode,
    root: Option<String>,
}

impl Wish {
    /// Takes what is about TLS out of an address; answers it and the rest.
    ///
    /// # Errors
    /// What is wrong with it, in plain words.
    pub(super) fn take(url: &str) -> Result<(Self, String), String> {
        let mut wish = Wish { mode: Mode::Prefer, root: None };
        let Some((base, query)) = url.split_once('?') else { return Ok((wish, url.to_owned())) };
        let mut rest = Vec::new();
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some((SSLMODE, value)) => wish.mode = mode(value)?,
                Some((SSLROOTCERT, value)) => wish.root = Some(unescaped(value)?),
                _ => rest.push(pair),
            }
        }
        if wish.root.as_deref() == Some("system") {
            let why = "sslrootcert=system is not known to this program; name the file, such as /etc/ssl/certs/ca-certificates.crt";
            return Err(why.to_owned());
        }
        if matches!(wish.mode, Mode::VerifyCa | Mode::VerifyFull) && wish.root.is_none() {
            return Err(format!("{SSLMODE}=verify-… needs {SSLROOTCERT}, a file with the certificates to trust (PEM)"));
        }
        let rest = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        Ok((wish, rest))
    }

    /// What makes the connections of a configuration secret, as far as it is wished; the configuration is told.
    ///
    /// # Errors
    /// What is wrong, in plain words.
    pub(super) fn fulfil(&self, config: &mut Config) -> Result<Secrecy, String> {
        // A socket of this machine is not encrypted, whatever is wished; as with libpq.
        let is_local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        config.ssl_mode(match self.mode {
            _ if is_local => SslMode::Disable,
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        let provider = Arc::new(ring::default_provider());
        let roots = self.root.as_deref().filter(|_| !matches!(self.mode, Mode::Disable | Mode::Prefer));
        let roots = roots.map(|file| read_roots(Path::new(file))).transpose()?;
        let verifier: Arc<dyn ServerCertVerifier> = match roots {
            None => Arc::new(Anybody { provider: provider.clone() }),
            Some(roots) => {
                let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
                let strict = strict.map_err(|why| format!("{SSLROOTCERT}: {why}"))?;
                match self.mode {
                    Mode::VerifyFull => strict,
                    _ => Arc::new(AnyHost { strict }),
                }
            }
        };
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Secrecy { client: Arc::new(client) })
    }
}

fn mode(value: &str) -> Result<Mode, String> {
    match value {
        "disable" => Ok(Mode::Disable),
        "prefer" => Ok(Mode::Prefer),
        "require" => Ok(Mode::Require),
        "verify-ca" => Ok(Mode::VerifyCa),
        "verify-full" => Ok(Mode::VerifyFull),
        other => Err(format!(
            "{SSLMODE}={} is not known to this program; it knows disable, prefer, require, verify-ca and verify-full",
            other.escape_debug()
        )),
    }
}

/// A value of an address, in which `%2F` is a slash.
fn unescaped(value: &str) -> Result<String, String> {
    let wrong = || format!("{SSLROOTCERT} is not escaped as it should be");
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.split_at_checked(2).ok_or_else(wrong)?;
        let text = std::str::from_utf8(digits.0).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(text, 16).map_err(|_| wrong())?);
        rest = digits.1;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// The certificates to trust, in a file.
fn read_roots(file: &Path) -> Result<RootCertStore, String> {
    let bad = |why: &dyn std::fmt::Display| format!("{SSLROOTCERT}: {}: {why}", file.display());
    let text = std::fs::read(file).map_err(|why| bad(&why))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|why| bad(&why))?;
        roots.add(certificate).map_err(|why| bad(&why))?;
    }
    match roots.is_empty() {
        true => Err(bad(&"there is no certificate in it")),
        false => Ok(roots),
    }
}

/// Believes any server, but that it has the key of the certificate it shows.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes a server whose certificate is signed by somebody trusted, whatever host it is of.
#[derive(Debug)]
struct AnyHost {
    strict: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The name is looked at last, when everything else was found good.
        match self.strict.verify_server_cert(certificate, between, host, stapled, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

/// Makes connections to the database secret.
#[derive(Clone)]
pub(super) struct Secrecy {
    client: Arc<ClientConfig>,
}

/// The same for one host.
pub(super) struct ToHost {
    client: Arc<ClientConfig>,
    host: String,
}

impl MakeTlsConnect<Socket> for Secrecy {
    type Stream = Encrypted;
    type TlsConnect = ToHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ToHost> {
        // Asked also where nothing is to be encrypted, so the name is looked at later.
        Ok(ToHost { client: self.client.clone(), host: host.to_owned() })
    }
}

impl TlsConnect<Socket> for ToHost {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Encrypted>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let host = ServerName::try_from(self.host).map_err(io::Error::other)?;
            Ok(Encrypted(TlsConnector::from(self.client).connect(host, socket).await?))
        })
    }
}

/// An encrypted connection.
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    /// None is told: a password is sent as `SCRAM-SHA-256`, not as its `-PLUS`. Who must not be fooled asks for
    /// `verify-full`.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str) -> Result<(Mode, Option<String>, String), String> {
        Wish::take(url).map(|(wish, rest)| (wish.mode, wish.root, rest))
    }

    #[test]
    fn what_is_about_tls_is_taken_out_of_an_address() {
        let plain = "postgres://t@h/d".to_owned();
        assert_eq!(taken(&plain), Ok((Mode::Prefer, None, plain.clone())));
        assert_eq!(taken("postgres://t@h/d?sslmode=disable"), Ok((Mode::Disable, None, plain)));
        let full = "postgres://t@h/d?application_name=x&sslmode=verify-full&sslrootcert=%2Fetc%2Froot.pem&port=7";
        let rest = "postgres://t@h/d?application_name=x&port=7".to_owned();
        assert_eq!(taken(full), Ok((Mode::VerifyFull, Some("/etc/root.pem".to_owned()), rest)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (query, word) in [
            ("sslmode=allow", "disable, prefer, require"),
            ("sslmode=", "disable, prefer, require"),
            ("sslmode=verify-ca", "sslrootcert"),
            ("sslmode=verify-full", "sslrootcert"),
            ("sslmode=verify-full&sslrootcert=system", "ca-certificates.crt"),
            ("sslmode=verify-full&sslrootcert=%2", "escaped"),
            ("sslmode=verify-full&sslrootcert=%zz", "escaped"),
        ] {
            let refused = taken(&format!("postgres://t@h/d?{query}")).unwrap_err();
            assert!(refused.contains(word), "{query}: {refused}");
        }
    }

    #[test]
    fn a_socket_of_this_machine_is_never_encrypted() {
        let mut config: Config = "postgres://t@%2Ftmp/d".parse().unwrap();
        Wish { mode: Mode::Require, root: None }.fulfil(&mut config).unwrap();
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
    }
}
