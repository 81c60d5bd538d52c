//! Applications and what their grants need.

use crate::deed::{enterprise, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial};
use feed::permission::Scopes;
use feed::time::Second;
use store::access_store::{
    AccessKey, AccessKind, AccessRecord, ActsAs, ApplicationRecord, AssertionRecord, CodeRecord, FamilyRecord,
    PublicKeyRecord, SecretRecord, SessionRecord, SignInCodeRecord,
};
use store::token_store::TokenHash;

fn application(client_id: &str, home: &str) -> AccessRecord {
    AccessRecord::Application(ApplicationRecord {
        client_id: client_id.to_owned(),
        enterprise: enterprise(home),
        name: "Collector".to_owned(),
        service_account: user("7"),
        scopes: Scopes::ENTERPRISE,
        acts_as: ActsAs::Users(vec![user("8")]),
        redirect_uris: vec!["https://client.example/back".to_owned()],
        enabled: true,
        secrets: vec![SecretRecord { hash: TokenHash([1; 32]), created_at: Second(NOW), ends_at: None }],
        keys: vec![PublicKeyRecord { id: "k1".to_owned(), pem: "…".to_owned(), created_at: Second(NOW) }],
        created_at: Second(NOW),
    })
}

fn family(expires: u32) -> AccessRecord {
    AccessRecord::Family(FamilyRecord {
        id: "same".to_owned(),
        client_id: "a".to_owned(),
        enterprise: enterprise("1"),
        user: user("7"),
        scopes: Scopes::NONE,
        current: TokenHash([2; 32]),
        expires_at: Second(expires),
    })
}

/// One of each kind that ends by itself, ending at these seconds.
fn short_lived(code: u32, sign_in: u32, assertion: u32) -> [AccessRecord; 3] {
    let hash = TokenHash([3; 32]);
    [
        AccessRecord::Code(CodeRecord {
            hash,
            client_id: "a".to_owned(),
            enterprise: enterprise("1"),
            user: user("7"),
            scopes: Scopes::NONE,
            redirect_uri: String::new(),
            expires_at: Second(code),
        }),
        AccessRecord::SignInCode(SignInCodeRecord {
            hash,
            enterprise: enterprise("1"),
            user: user("7"),
            expires_at: Second(sign_in),
        }),
        AccessRecord::Assertion(AssertionRecord { hash, enterprise: enterprise("1"), expires_at: Second(assertion) }),
    ]
}

fn session(expires: u32) -> AccessRecord {
    AccessRecord::Session(SessionRecord {
        id: "s1".to_owned(),
        hash: TokenHash([3; 32]),
        enterprise: enterprise("1"),
        user: user("7"),
        token: Some("t1".to_owned()),
        created_at: Second(NOW),
        seen_at: Second(NOW),
        expires_at: Second(expires),
    })
}

pub(crate) async fn a_key_is_given_once<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let access = trial.access();
    assert!(access.add(application("a", "1")).await.unwrap());
    assert!(!access.add(application("a", "9")).await.unwrap(), "the key is taken");
    let kept = access.get(&AccessKey::application("a")).await.unwrap();
    assert_eq!(kept, Some(application("a", "1")));
    assert_eq!(access.get(&AccessKey::application("b")).await.unwrap(), None);
}

pub(crate) async fn kinds_do_not_meet_under_one_name<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let access = trial.access();
    for record in short_lived(NOW, NOW, NOW).into_iter().chain([application("same", "1"), family(NOW), session(NOW)]) {
        assert!(access.add(record.clone()).await.unwrap());
        assert_eq!(access.get(&record.key()).await.unwrap(), Some(record));
    }
}

pub(crate) async fn a_record_is_replaced_only_as_it_was_seen<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let access = trial.access();
    let (old, new) = (family(5), family(6));
    assert!(!access.replace(&old, new.clone()).await.unwrap(), "there is nothing to replace");
    access.add(old.clone()).await.unwrap();
    assert!(access.replace(&old, new.clone()).await.unwrap());
    assert!(!access.replace(&old, family(7)).await.unwrap(), "it has changed since");
    assert_eq!(access.get(&old.key()).await.unwrap(), Some(new));
}

pub(crate) async fn of_two_takers_one_gets_it<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let access = trial.access();
    access.add(family(5)).await.unwrap();
    assert_eq!(access.take(&AccessKey::family("same")).await.unwrap(), Some(family(5)));
    assert_eq!(access.take(&AccessKey::family("same")).await.unwrap(), None);
    assert_eq!(access.get(&AccessKey::family("same")).await.unwrap(), None);
}

pub(crate) async fn records_are_listed_by_kind_and_enterprise_in_order_of_keys<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let access = trial.access();
    for record in [application("c", "1"), application("a", "1"), application("b", "9"), family(5)] {
        access.add(record).await.unwrap();
    }
    let listed = access.list(AccessKind::Application, &enterprise("1")).await.unwrap();
    assert_eq!(listed, [application("a", "1"), application("c", "1")]);
    assert_eq!(access.list(AccessKind::Family, &enterprise("1")).await.unwrap(), [family(5)]);
    assert_eq!(access.list(AccessKind::Application, &enterprise("404")).await.unwrap(), []);
}

pub(crate) async fn what_expired_is_forgotten_and_nothing_else<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let access = trial.access();
    let [code, sign_in, assertion] = short_lived(NOW - 1, NOW, NOW + 1);
    for record in [code.clone(), sign_in.clone(), assertion.clone(), session(NOW), application("a", "1")] {
        access.add(record).await.unwrap();
    }
    assert_eq!(access.forget_expired(Second(NOW)).await.unwrap(), 3);
    assert_eq!(access.get(&code.key()).await.unwrap(), None);
    assert_eq!(access.get(&sign_in.key()).await.unwrap(), None);
    assert_eq!(access.get(&session(NOW).key()).await.unwrap(), None);
    assert_eq!(access.get(&assertion.key()).await.unwrap(), Some(assertion));
    assert_eq!(access.get(&AccessKey::application("a")).await.unwrap(), Some(application("a", "1")));
}

pub(crate) async fn records_are_kept_across_restarts<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.access().add(application("a", "1")).await.unwrap();
    trial.access().add(family(5)).await.unwrap();
    trial.access().add(session(9)).await.unwrap();
    trial.access().replace(&family(5), family(6)).await.unwrap();
    trial.access().add(application("b", "1")).await.unwrap();
    trial.access().take(&AccessKey::application("b")).await.unwrap();
    let trial = trial.reopened().await;
    let listed = trial.access().list(AccessKind::Application, &enterprise("1")).await.unwrap();
    assert_eq!(listed, [application("a", "1")]);
    assert_eq!(trial.access().get(&AccessKey::family("same")).await.unwrap(), Some(family(6)));
    assert_eq!(trial.access().get(&session(9).key()).await.unwrap(), Some(session(9)));
}
