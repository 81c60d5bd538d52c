//! Access tokens and the server's secrets.

use crate::deed::{enterprise, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial};
use feed::permission::Scopes;
use feed::time::Second;
use store::token_store::{TokenHash, TokenRecord, TokenStore};

fn token(n: u8, home: &str) -> TokenRecord {
    TokenRecord {
        id: format!("token-{n}"),
        hash: TokenHash([n; 32]),
        user: user("7"),
        enterprise: enterprise(home),
        scopes: Scopes::ENTERPRISE.and(Scopes::PUBLISH),
        application: None,
        family: None,
        note: "for the tests".to_owned(),
        created_at: Second(NOW + u32::from(n)),
        expires_at: (n != 3).then_some(Second(NOW + 99)),
    }
}

/// Tokens 1, 2 and 3 of enterprise 1, and 4 of enterprise 9.
async fn four<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    for (n, home) in [(1, "1"), (2, "1"), (4, "9"), (3, "1")] {
        trial.tokens().add(token(n, home)).await.unwrap();
    }
    trial
}

async fn listed(tokens: &dyn TokenStore, home: &str) -> Vec<TokenRecord> {
    tokens.list(&enterprise(home)).await.unwrap()
}

pub(crate) async fn a_token_is_found_by_its_hash_and_by_its_id<K: Keeper>() {
    let trial = four::<K>().await;
    let tokens = trial.tokens();
    assert_eq!(tokens.find(&TokenHash([2; 32])).await.unwrap(), Some(token(2, "1")));
    assert_eq!(tokens.find(&TokenHash([5; 32])).await.unwrap(), None);
    assert_eq!(tokens.find_by_id("token-4").await.unwrap(), Some(token(4, "9")));
    assert_eq!(tokens.find_by_id("token-5").await.unwrap(), None);
}

pub(crate) async fn tokens_are_listed_per_enterprise_oldest_first<K: Keeper>() {
    let trial = four::<K>().await;
    assert_eq!(listed(trial.tokens(), "1").await, [token(1, "1"), token(2, "1"), token(3, "1")]);
    assert_eq!(listed(trial.tokens(), "9").await, [token(4, "9")]);
    assert_eq!(listed(trial.tokens(), "404").await, []);
}

pub(crate) async fn an_enterprise_removes_only_its_own_tokens<K: Keeper>() {
    let trial = four::<K>().await;
    let tokens = trial.tokens();
    assert!(!tokens.remove(&enterprise("9"), "token-2").await.unwrap());
    assert_eq!(tokens.find(&TokenHash([2; 32])).await.unwrap(), Some(token(2, "1")));
    assert!(tokens.remove(&enterprise("1"), "token-2").await.unwrap());
    assert!(!tokens.remove(&enterprise("1"), "token-2").await.unwrap(), "it is gone");
    assert_eq!(tokens.find(&TokenHash([2; 32])).await.unwrap(), None);
    assert_eq!(tokens.find_by_id("token-2").await.unwrap(), None);
    assert_eq!(listed(tokens, "1").await, [token(1, "1"), token(3, "1")]);
}

pub(crate) async fn tokens_that_expired_are_forgotten<K: Keeper>() {
    let trial = four::<K>().await;
    let tokens = trial.tokens();
    assert_eq!(tokens.forget_expired(Second(NOW + 98)).await.unwrap(), 0);
    assert_eq!(tokens.forget_expired(Second(NOW + 99)).await.unwrap(), 3);
    assert_eq!(listed(tokens, "1").await, [token(3, "1")], "it never ends");
    assert_eq!(tokens.find(&TokenHash([1; 32])).await.unwrap(), None);
    assert_eq!(tokens.find_by_id("token-1").await.unwrap(), None);
}

pub(crate) async fn of_a_secret_the_first_one_stays<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let tokens = trial.tokens();
    assert_eq!(tokens.secret("positions", [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(tokens.secret("positions", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(tokens.secret("channels", [3; 32]).await.unwrap(), [3; 32]);
}

pub(crate) async fn tokens_and_secrets_are_kept_across_restarts<K: Keeper>() {
    let trial = four::<K>().await;
    trial.tokens().secret("positions", [1; 32]).await.unwrap();
    trial.tokens().remove(&enterprise("1"), "token-1").await.unwrap();
    let trial = trial.reopened().await;
    assert_eq!(listed(trial.tokens(), "1").await, [token(2, "1"), token(3, "1")]);
    assert_eq!(trial.tokens().find(&TokenHash([1; 32])).await.unwrap(), None);
    assert_eq!(trial.tokens().secret("positions", [9; 32]).await.unwrap(), [1; 32]);
}
