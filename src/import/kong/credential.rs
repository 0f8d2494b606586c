//! What consumers of Kong show: the keys with which their tokens are verified, and API keys, which stay where they are.

use serde_json::{Map, json};

use crate::model::Algorithm;

use super::super::draft::{Draft, Provider};
use super::super::item::Item;
use super::super::keys::{self, Keys};
use super::super::ledger::Verdict;

/// Why no key of a consumer is imported.
pub(super) const NO_KEYS: &str =
    "keys are not read: make new ones with `portcullis api-key create --agent NAME`, and give them out";

/// Whose tokens the plugin `jwt` accepts: it asks for the claim that names the credential, of any consumer.
pub(super) struct Credentials {
    /// The names of identity providers here.
    pub(super) providers: Vec<String>,
}

impl Credentials {
    pub(super) fn read(consumers: &[Item<'_>], secrets: &[Item<'_>], draft: &mut Draft) -> Self {
        let mut credentials = Self { providers: Vec::new() };
        for consumer in consumers {
            let name = consumer.keep("username").unwrap_or("consumer");
            consumer.keep_all(&["custom_id"]);
            for secret in consumer.list("jwt_secrets") {
                credentials.jwt(secret, name, draft);
            }
            for kind in
                ["keyauth_credentials", "basicauth_credentials", "hmacauth_credentials", "oauth2_credentials"]
            {
                consumer.list(kind).into_iter().for_each(|credential| credential.cannot(NO_KEYS));
            }
            for group in ["acls", "groups"] {
                if let Some(groups) = consumer.get(group) {
                    groups
                        .cannot("there are no groups of consumers: write `claims` or `scopes` of the agent");
                }
            }
            for plugin in consumer.list("plugins") {
                plugin.weak(Verdict::Cannot, "what is refused to one consumer is not refused here");
            }
        }
        for secret in secrets {
            let name = secret.named("consumer").unwrap_or("consumer");
            credentials.jwt(*secret, name, draft);
        }
        credentials
    }

    fn jwt(&mut self, secret: Item<'_>, consumer: &str, draft: &mut Draft) {
        let algorithm = secret.get("algorithm").and_then(Item::text).unwrap_or("HS256");
        if algorithm.starts_with("HS") {
            let why = "a symmetric key (HS256 and the like): whoever verifies can sign. Have its issuer sign with a private key";
            secret.weak(Verdict::Cannot, why);
            return;
        }
        if algorithm.parse::<Algorithm>().is_err() {
            secret.cannot("no algorithm that is verified here");
            return;
        }
        let (Some(issuer), Some(pem)) = (secret.keep("key"), secret.get("rsa_public_key")) else {
            secret.cannot("it has no key that could be imported");
            return;
        };
        secret.keep_all(&["algorithm"]);
        let mut rest = Map::new();
        rest.insert("algorithms".to_owned(), json!([algorithm]));
        rest.insert("leeway".to_owned(), "0s".into());
        let keys = keys::pem(pem);
        if keys == Keys::Nowhere {
            return;
        }
        let name = draft.provider(consumer, Provider { issuer: Some(issuer.to_owned()), keys, rest }, secret);
        if !self.providers.contains(&name) {
            self.providers.push(name);
        }
    }
}

/// Requests that nobody has spoken for.
pub(super) fn anonymous(config: Option<Item<'_>>) {
    if let Some(anonymous) =
        config.and_then(|config| config.get("anonymous")).filter(|item| item.text() != Some(""))
    {
        anonymous.weak(
            Verdict::Changed,
            "requests without a valid credential pass in Kong, as this consumer; here they are refused",
        );
    }
}
