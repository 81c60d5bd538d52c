//! The demo's two applications: one signs in with its secret, the other with a key.

use super::company::{self, AUDITOR, COLLECTOR};
use crate::auth::application::{FreshSecret, fresh_client_id, fresh_secret};
use crate::auth::key_pair::{fresh_key_id, generate, jwt_config};
use crate::boot::BootError;
use crate::service::Services;
use feed::id::UserId;
use feed::permission::Scopes;
use std::path::{Path, PathBuf};
use store::access_store::{AccessRecord, ActsAs, ApplicationRecord, PublicKeyRecord};

/// What clients need to know of them.
pub(super) struct Applications {
    client_id: String,
    client_secret: FreshSecret,
    /// The text of the JWT configuration file.
    pub(super) jwt_config: String,
}

/// Makes them.
pub(super) async fn make(services: &Services) -> Result<Applications, BootError> {
    let (collector, client_secret) = application(services, "Halden collector", COLLECTOR)?;
    let (mut auditor, auditor_secret) = application(services, "Halden auditor", AUDITOR)?;
    let pair = generate().map_err(BootError::Key)?;
    let key =
        PublicKeyRecord { id: fresh_key_id(), pem: pair.public_pem.trim().to_owned(), created_at: auditor.created_at };
    auditor.keys.push(key.clone());
    let jwt_config = jwt_config(&auditor, Some(&auditor_secret.0), &key, &pair);
    let client_id = collector.client_id.clone();
    for record in [collector, auditor] {
        services.stores.access.add(AccessRecord::Application(record)).await?;
    }
    Ok(Applications { client_id, client_secret, jwt_config })
}

fn application(services: &Services, name: &str, account: &str) -> Result<(ApplicationRecord, FreshSecret), BootError> {
    let now = services.clock.now();
    let (secret, kept) = fresh_secret(now);
    let record = ApplicationRecord {
        client_id: fresh_client_id(),
        enterprise: company::enterprise_id(),
        name: name.to_owned(),
        service_account: UserId::new(account).map_err(|_| BootError::NobodyThere)?,
        scopes: Scopes::ENTERPRISE.and(Scopes::USERS),
        acts_as: ActsAs::Everybody,
        redirect_uris: vec!["http://localhost:3000/callback".to_owned()],
        enabled: true,
        secrets: vec![kept],
        keys: Vec::new(),
        created_at: now,
    };
    Ok((record, secret))
}

/// Where the JWT configuration file lies: beside the file of `--env`, whole, so that it is found from anywhere.
pub(super) fn config_path(env_file: &Path) -> std::io::Result<PathBuf> {
    let mut path = std::path::absolute(env_file)?.into_os_string();
    path.push(".jwt.json");
    Ok(path.into())
}

impl Applications {
    /// Their shell lines. A path may have characters that mean something to a shell.
    pub(super) fn env_lines(&self, config: &Path) -> String {
        let path = config.display().to_string().replace('\'', "'\\''");
        format!("CLIENT_ID={}\nCLIENT_SECRET={}\nJWT_CONFIG='{path}'\n", self.client_id, self.client_secret.0)
    }
}
