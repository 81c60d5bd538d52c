//! Applications: who they are, and for whom they may act. What is kept of one is `store`'s [`ApplicationRecord`].

use super::token::hash_of;
use crate::entropy::{hex, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::id::UserId;
use feed::limits::CLIENT_SECRETS_MAX;
use feed::time::Second;
use store::access_store::{ActsAs, ApplicationRecord, SecretRecord};
use subtle::{Choice, ConstantTimeEq};

/// A client secret that was just made. It can be shown once; it is not kept.
pub struct FreshSecret(pub String);

impl std::fmt::Debug for FreshSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FreshSecret(…)")
    }
}

/// A fresh client id: not secret, never guessed by chance.
pub fn fresh_client_id() -> String {
    hex(&random::<16>())
}

/// A fresh secret of 256 random bits, and what is kept of it.
pub fn fresh_secret(now: Second) -> (FreshSecret, SecretRecord) {
    let secret = URL_SAFE_NO_PAD.encode(random::<32>());
    let record = SecretRecord { hash: hash_of(&secret), created_at: now, ends_at: None };
    (FreshSecret(secret), record)
}

/// Whether this is a secret of the application, or of nobody if there is none. How long it takes depends neither on the
/// secret nor on which of them fits; hashing alone would be safe, as a secret has 256 random bits.
pub fn secret_fits(application: Option<&ApplicationRecord>, secret: &str, now: Second) -> bool {
    let given = hash_of(secret).0;
    let secrets = application.map(|it| it.secrets.as_slice()).unwrap_or_default();
    let running = secrets.iter().filter(|it| it.ends_at.is_none_or(|ends| now < ends));
    let fits = running.fold(Choice::from(0), |fits, it| fits | it.hash.0.ct_eq(&given));
    fits.into()
}

/// Adds a secret; those before it end after `overlap_s` seconds, and what ended is dropped.
pub fn rotate(application: &mut ApplicationRecord, fresh: SecretRecord, overlap_s: u32, now: Second) {
    let end = now.ahead(overlap_s);
    for secret in &mut application.secrets {
        secret.ends_at = Some(secret.ends_at.map_or(end, |ends| ends.min(end)));
    }
    application.secrets.retain(|secret| secret.ends_at.is_none_or(|ends| now < ends));
    application.secrets.push(fresh);
    let excess = application.secrets.len().saturating_sub(CLIENT_SECRETS_MAX);
    application.secrets.drain(..excess);
}

/// Whether the application may have tokens for this user without asking them.
pub fn may_act_as(application: &ApplicationRecord, user: &UserId) -> bool {
    if *user == application.service_account {
        return true;
    }
    match &application.acts_as {
        ActsAs::Nobody => false,
        ActsAs::Everybody => true,
        ActsAs::Users(users) => users.contains(user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::id::EnterpriseId;
    use feed::permission::Scopes;

    fn application(secrets: Vec<SecretRecord>, acts_as: ActsAs) -> ApplicationRecord {
        ApplicationRecord {
            client_id: "c".to_owned(),
            enterprise: EnterpriseId::new("1").unwrap(),
            name: "Collector".to_owned(),
            service_account: UserId::new("7").unwrap(),
            scopes: Scopes::NONE,
            acts_as,
            redirect_uris: Vec::new(),
            enabled: true,
            secrets,
            keys: Vec::new(),
            created_at: Second(1),
        }
    }

    #[test]
    fn an_old_secret_runs_on_for_the_overlap() {
        let (first, record) = fresh_secret(Second(1));
        let mut application = application(vec![record], ActsAs::Nobody);
        let (second, record) = fresh_secret(Second(10));
        rotate(&mut application, record, 60, Second(10));
        for (secret, now, fits) in [(&first, 69, true), (&first, 70, false), (&second, 70, true)] {
            assert_eq!(secret_fits(Some(&application), &secret.0, Second(now)), fits, "at {now}");
        }
        let (_, record) = fresh_secret(Second(80));
        rotate(&mut application, record, 0, Second(80));
        assert_eq!(application.secrets.len(), 1, "what ended is dropped");
        assert!(!secret_fits(Some(&application), &second.0, Second(80)));
        assert!(!secret_fits(None, &second.0, Second(80)));
    }

    #[test]
    fn secrets_do_not_pile_up() {
        let mut application = application(Vec::new(), ActsAs::Nobody);
        for now in 1..20 {
            rotate(&mut application, fresh_secret(Second(now)).1, 1_000, Second(now));
        }
        assert_eq!(application.secrets.len(), CLIENT_SECRETS_MAX);
        assert_eq!(application.secrets.last().unwrap().ends_at, None);
    }

    #[test]
    fn whom_an_application_may_be() {
        let [seven, eight, nine] = ["7", "8", "9"].map(|id| UserId::new(id).unwrap());
        let nobody = application(Vec::new(), ActsAs::Nobody);
        assert!(may_act_as(&nobody, &seven), "itself");
        assert!(!may_act_as(&nobody, &eight));
        let some = application(Vec::new(), ActsAs::Users(vec![eight.clone()]));
        assert!(may_act_as(&some, &eight) && !may_act_as(&some, &nine));
        assert!(may_act_as(&application(Vec::new(), ActsAs::Everybody), &nine));
    }
}
