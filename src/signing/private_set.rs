//! A JWK set with private keys (RFC 7517 section 5), each perhaps with the time at which it was made.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::key::SigningKey;
use super::key_error::KeyError;
use crate::model::{Instant, Secret, SigningAlgorithm, strict_json};

/// The member that says when a key was made, in seconds since the epoch, as with JWTs; a JWK may have members of its own
/// (RFC 7517 section 4).
const MADE: &str = "iat";
/// The most keys of a set: of each algorithm, one that signs, one before it and one after it are in use.
const KEYS: usize = 100;

/// A key of the gateway's making.
#[derive(Debug, Clone)]
pub struct DatedKey {
    /// The key.
    pub key: Arc<SigningKey>,
    /// When it was made, and so published.
    pub made: Instant,
}

impl DatedKey {
    /// A new key for this algorithm.
    ///
    /// # Errors
    /// When the system makes none.
    pub fn generate(algorithm: SigningAlgorithm, now: Instant) -> Result<Self, KeyError> {
        // What is written down has whole seconds.
        Ok(Self { key: Arc::new(SigningKey::generate(algorithm)?), made: Instant::from_unix(now.unix()) })
    }
}

/// The keys of a set, in its order. One without a time was made at the epoch.
pub(super) fn read(text: &[u8]) -> Result<Vec<DatedKey>, KeyError> {
    let not_a_set = |why: &str| KeyError::NotASet(why.to_owned());
    let set = strict_json::object(text, KEYS).map_err(|error| KeyError::NotASet(error.to_string()))?;
    let Some(Value::Array(keys)) = set.get("keys") else { return Err(not_a_set("it has no list `keys`")) };
    let mut known = BTreeSet::new();
    let read = |(index, jwk): (usize, &Value)| {
        let number = index + 1;
        let jwk = jwk.as_object().ok_or_else(|| not_a_set("a key is no object"))?;
        let key = Arc::new(SigningKey::from_jwk(jwk, number)?);
        if !known.insert(key.kid().to_owned()) {
            return Err(KeyError::Twice { number });
        }
        let made = Instant::from_unix(jwk.get(MADE).and_then(Value::as_u64).unwrap_or_default());
        Ok(DatedKey { key, made })
    };
    let keys: Vec<DatedKey> = keys.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(KeyError::NoKey) } else { Ok(keys) }
}

/// The text of a set with these keys.
pub(super) fn write(keys: &[DatedKey]) -> Secret {
    let jwk = |dated: &DatedKey| {
        let mut jwk = dated.key.public_jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.insert("d".to_owned(), Value::from(dated.key.private_member().expose_secret()));
            members.insert(MADE.to_owned(), Value::from(dated.made.unix()));
        }
        jwk
    };
    let keys: Vec<Value> = keys.iter().map(jwk).collect();
    Secret::new(format!("{:#}\n", json!({ "keys": keys })))
}

/// The text of a set with a new key for each of these algorithms, for an operator who keeps the keys.
///
/// # Errors
/// When the system makes none.
pub fn new_set(algorithms: &[SigningAlgorithm], now: Instant) -> Result<Secret, KeyError> {
    let keys = algorithms.iter().map(|algorithm| DatedKey::generate(*algorithm, now));
    Ok(write(&keys.collect::<Result<Vec<DatedKey>, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_as_it_was_written() {
        let now = Instant::from_unix(1_800_000_000);
        let made = |(algorithm, at): (SigningAlgorithm, Instant)| DatedKey::generate(algorithm, at).unwrap();
        let keys = [
            (SigningAlgorithm::Es256, now),
            (SigningAlgorithm::EdDsa, now),
            (SigningAlgorithm::EdDsa, Instant::from_unix(7)),
        ]
        .map(made);
        let read = read(write(&keys).expose_secret().as_bytes()).unwrap();
        let names = |keys: &[DatedKey]| -> Vec<_> {
            keys.iter().map(|dated| (dated.key.kid().to_owned(), dated.key.algorithm(), dated.made)).collect()
        };
        assert_eq!(names(&read), names(&keys));
    }

    /// As the version before EdDSA wrote it, and as others may: the algorithm follows from the kind of the key.
    #[test]
    fn a_key_that_names_no_algorithm_is_one_for_that_of_its_kind() {
        for algorithm in SigningAlgorithm::ALL {
            let key = DatedKey::generate(*algorithm, Instant::from_unix(7)).unwrap();
            let mut set: Value = serde_json::from_str(write(&[key]).expose_secret()).unwrap();
            set["keys"][0].as_object_mut().unwrap().remove("alg").unwrap();
            let read = read(set.to_string().as_bytes()).unwrap();
            assert_eq!(read[0].key.algorithm(), *algorithm);
        }
    }

    #[test]
    fn what_is_no_set_of_private_keys_is_refused() {
        let one = DatedKey::generate(SigningAlgorithm::Es256, Instant::from_unix(7)).unwrap();
        let twice = write(&[one.clone(), one.clone()]);
        let public = json!({"keys": [one.key.public_jwk()]}).to_string();
        for (text, wanted) in [
            ("", None),
            ("[]", None),
            ("{}", None),
            (r#"{"keys":{}}"#, None),
            (r#"{"keys":[1]}"#, None),
            (r#"{"keys":[],"keys":[]}"#, None),
            (r#"{"keys":[]}"#, Some(KeyError::NoKey)),
            (public.as_str(), Some(KeyError::Member { number: 1, member: "d" })),
            (twice.expose_secret(), Some(KeyError::Twice { number: 2 })),
        ] {
            let refused = read(text.as_bytes()).map(|keys| keys.len()).unwrap_err();
            match wanted {
                Some(wanted) => assert_eq!(refused, wanted, "{text}"),
                None => assert!(matches!(refused, KeyError::NotASet(_)), "{text}: {refused}"),
            }
        }
    }
}
