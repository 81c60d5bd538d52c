//! The manifest of a report: what it holds, and a signature by which anybody can check that it is whole and unchanged,
//! without the server.
//!
//! The file is `{"manifest":{…},"signature":{…}}`. What is signed are the bytes of the value of `manifest` as they stand.

use crate::entropy::hex;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use store::report_store::{PartRecord, ReportRecord};

/// The name of the file.
pub const MANIFEST: &str = "manifest.json";
const ALGORITHM: &str = "Ed25519";

/// The server's key for signing reports. It is kept with the server's secrets.
pub struct ReportKey(SigningKey);

impl ReportKey {
    /// The key of these random bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        ReportKey(SigningKey::from_bytes(secret))
    }

    /// A short name for the public key, by which people compare it.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.0.verifying_key().as_bytes())
    }

    /// The signed manifest of a report.
    pub(super) fn manifest(&self, report: &ReportRecord, asked_by: &Value, words: &Value) -> Vec<u8> {
        let rows: u64 = report.parts.iter().map(|part| part.rows).sum();
        let bytes: u64 = report.parts.iter().map(|part| part.bytes).sum();
        let time = |time: Option<feed::time::Second>| time.map(|time| time.to_string());
        let manifest = json!({
            "report": report.id,
            "name": report.asked.name,
            "enterprise": report.enterprise.as_str(),
            "asked_by": asked_by,
            "asked_at": report.asked_at.to_string(),
            "schedule": report.schedule,
            "filters": words,
            "format": report.asked.format.word(),
            "columns": report.asked.columns.iter().map(|column| column.name()).collect::<Vec<_>>(),
            "started_at": time(report.started_at),
            "finished_at": time(report.ended_at),
            "rows": rows,
            "bytes": bytes,
            "complete": {
                "recorded_from": report.oldest.to_string(),
                "held": report.held.iter().map(|scope| json!({
                    "created_from": time(scope.created_from), "created_before": time(scope.created_before),
                })).collect::<Vec<_>>(),
                "up_to_position": report.up_to,
            },
            "parts": report.parts,
        });
        let signed = manifest.to_string();
        let signature = self.0.sign(signed.as_bytes());
        let public = self.0.verifying_key();
        let signature = json!({
            "algorithm": ALGORITHM,
            "public_key": hex(public.as_bytes()),
            "fingerprint": self.fingerprint(),
            "value": hex(&signature.to_bytes()),
        });
        format!("{{\"manifest\":{signed},\n\"signature\":{signature}}}\n").into_bytes()
    }
}

fn fingerprint(public: &[u8]) -> String {
    let digits = hex(&Sha256::digest(public)[..16]);
    let groups = digits.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("-")
}

/// What a check of a report found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The id of the report.
    pub report: String,
    /// How many events it has.
    pub rows: u64,
    /// How many parts.
    pub parts: usize,
    /// Whose key signed it: to be compared with what the server shows.
    pub fingerprint: String,
}

/// Why a report is not what the server made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadReport {
    /// The manifest is none.
    Unreadable(String),
    /// The manifest does not match its signature.
    Signature,
    /// It was signed by another key than expected.
    OtherKey {
        /// The fingerprint of the key that signed it.
        found: String,
    },
    /// A part is not there or cannot be read.
    Missing {
        /// Which.
        part: String,
        /// Why.
        why: String,
    },
    /// A part has other bytes than the server wrote.
    Changed {
        /// Which.
        part: String,
    },
}

impl fmt::Display for BadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadReport::Unreadable(why) => write!(f, "{MANIFEST} cannot be read: {why}"),
            BadReport::Signature => write!(f, "{MANIFEST} was changed: it does not match its signature"),
            BadReport::OtherKey { found } => write!(f, "{MANIFEST} was signed by another key: {found}"),
            BadReport::Missing { part, why } => write!(f, "{part} cannot be read: {why}"),
            BadReport::Changed { part } => write!(f, "{part} was changed: it does not match its SHA-256 in {MANIFEST}"),
        }
    }
}

impl std::error::Error for BadReport {}

#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(borrow)]
    manifest: &'a RawValue,
    signature: Signer25519,
}

#[derive(Deserialize)]
struct Signer25519 {
    algorithm: String,
    public_key: String,
    value: String,
}

#[derive(Deserialize, Serialize)]
struct Told {
    report: String,
    rows: u64,
    parts: Vec<PartRecord>,
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Checks a report in a directory: its manifest, and every part. `expected` is the fingerprint of the key that must have
/// signed it, if that is known. `progress` is told how many bytes were read.
///
/// # Errors
/// [`BadReport`] names what is wrong first.
pub fn check(dir: &Path, expected: Option<&str>, progress: &mut dyn FnMut(u64)) -> Result<Checked, BadReport> {
    let unreadable = |why: &dyn fmt::Display| BadReport::Unreadable(why.to_string());
    let bytes = std::fs::read(dir.join(MANIFEST)).map_err(|why| unreadable(&why))?;
    let signed: Signed<'_> = serde_json::from_slice(&bytes).map_err(|why| unreadable(&why))?;
    let key = unhex::<32>(&signed.signature.public_key).and_then(|key| VerifyingKey::from_bytes(&key).ok());
    let value = unhex::<64>(&signed.signature.value).map(|value| Signature::from_bytes(&value));
    let (Some(key), Some(value)) = (key, value) else { return Err(unreadable(&"its signature is none")) };
    if signed.signature.algorithm != ALGORITHM {
        return Err(unreadable(&"it was signed in a way that this version does not know"));
    }
    key.verify(signed.manifest.get().as_bytes(), &value).map_err(|_| BadReport::Signature)?;
    let found = fingerprint(key.as_bytes());
    if expected.is_some_and(|expected| !expected.eq_ignore_ascii_case(&found)) {
        return Err(BadReport::OtherKey { found });
    }
    let told: Told = serde_json::from_str(signed.manifest.get()).map_err(|why| unreadable(&why))?;
    for part in &told.parts {
        if Path::new(&part.name).components().count() != 1 {
            return Err(unreadable(&"a part has no plain name"));
        }
        let hashed = hash_of(&dir.join(&part.name), progress);
        let sha256 = hashed.map_err(|why| BadReport::Missing { part: part.name.clone(), why: why.to_string() })?;
        if sha256 != part.sha256 {
            return Err(BadReport::Changed { part: part.name.clone() });
        }
    }
    Ok(Checked { report: told.report, rows: told.rows, parts: told.parts.len(), fingerprint: found })
}

fn hash_of(path: &Path, progress: &mut dyn FnMut(u64)) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..length]);
        progress(length as u64);
    }
}
