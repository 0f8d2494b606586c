//! What consumers of Kong show: the keys with which their tokens are verified, and API keys, which stay where they are.

use serde_json::{Map, json};

use super::super::draft::{Draft, Keys, Provider};
use super::super::item::Item;
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
        let mut providers = Vec::new();
        for consumer in consumers {
            let name = consumer.keep("username").unwrap_or("consumer");
            consumer.keep_all(&["custom_id"]);
            for secret in consumer.list("jwt_secrets") {
                jwt(secret, name, draft, &mut providers);
            }
            for kind in
                ["keyauth_credentials", "basicauth_credentials", "hmacauth_credentials", "oauth2_credentials"]
            {
                for credential in consumer.list(kind) {
                    credential.cannot(NO_KEYS);
                }
            }
            for group in ["acls", "groups"] {
                if let Some(groups) = consumer.get(group) {
                    groups.weak(
                        Verdict::Cannot,
                        "groups of consumers: whoever has a token of the issuer is let in, unless \
                                 `claims` or `scopes` say otherwise",
                    );
                }
            }
        }
        for secret in secrets {
            let name = secret.named("consumer").unwrap_or("consumer");
            jwt(*secret, name, draft, &mut providers);
        }
        Self { providers }
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

fn jwt(secret: Item<'_>, consumer: &str, draft: &mut Draft, providers: &mut Vec<String>) {
    let algorithm = secret.get("algorithm").and_then(Item::text).unwrap_or("HS256");
    if algorithm.starts_with("HS") {
        let why = "a symmetric key (HS256 and the like): whoever verifies can sign. Have its issuer sign with a private key";
        secret.weak(Verdict::Cannot, why);
        return;
    }
    let (Some(key), Some(pem)) = (secret.get("key"), secret.get("rsa_public_key")) else {
        secret.cannot("it has no key that could be imported");
        return;
    };
    let mut rest = Map::new();
    if let Some(algorithm) = secret.keep("algorithm") {
        rest.insert("algorithms".to_owned(), json!([algorithm]));
    }
    key.kept();
    let pem_text = pem.text().unwrap_or_default();
    let keys = if pem_text.contains("-----BEGIN ") {
        pem.kept();
        Keys::At("public_key", pem_text.into())
    } else {
        pem.changed("a reference to a key that stands elsewhere: write a key source");
        Keys::Nowhere
    };
    let provider = Provider { issuer: key.text().map(str::to_owned), keys, rest };
    let entered = draft.provider(consumer, provider);
    if let super::super::draft::Entered::Unbound(_) = entered {
        key.changed(
            "another consumer has this issuer, with another key: write one provider with a key set of both",
        );
    }
    if !providers.iter().any(|name| name == entered.name()) {
        providers.push(entered.name().to_owned());
    }
}
