//! API keys: their form, and the keys that one agent accepts.
//!
//! Only the SHA-256 of a key is ever stored. Check digits refuse typing errors and random probes before any look-up; the
//! digest is compared in constant time, and an unknown id costs the same comparison.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::authz::{Check, Facts, Trace};
use crate::model::{
    Copied, DenialKind, Denials, Digest, Identity, Instant, Reason, Request, Secret, SharedTimestamp,
};

use super::extract::{self, Scheme};

/// The prefix of every key, by which scanners for leaked secrets find one.
pub const KEY_PREFIX: &str = "pck_";

/// Base 62, in the order of ASCII: every character may stand in a header, a URL and a shell word without quotes.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 47 bits: of a million keys, a new id collides with one of them in fewer than one of 10^8 cases.
const ID_LEN: usize = 8;
/// 178 bits: beyond any search, so a fast hash without salt is enough to store it.
const SECRET_LEN: usize = 30;
/// Six digits of base 62 hold any CRC-32 (62^6 > 2^32 > 62^5).
const CHECK_LEN: usize = 6;
/// The largest multiple of 62 up to 256. Random bytes from here on are drawn again: they would favour the first characters.
const UNBIASED: u8 = 248;

/// A digest that no key has. An unknown id is compared with it, so that it takes as long as a wrong secret.
static NO_KEY: LazyLock<Digest> = LazyLock::new(|| Digest::of(b""));

/// A text with the form and the check digits of a key; whether an agent accepts it is not known yet.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeyText<'a> {
    id: &'a str,
    whole: &'a str,
}

impl<'a> ApiKeyText<'a> {
    /// Parses `pck_<id>_<secret><check>`; `None` when the form or the check digits are wrong.
    #[must_use]
    pub fn parse(whole: &'a str) -> Option<Self> {
        let (id, rest) = whole.strip_prefix(KEY_PREFIX)?.split_once('_')?;
        if !Self::is_id(id) || rest.len() != SECRET_LEN + CHECK_LEN || !is_base62(rest) {
            return None;
        }
        let (body, check) = whole.split_at_checked(whole.len() - CHECK_LEN)?;
        (check_digits(body) == check.as_bytes()).then_some(Self { id, whole })
    }

    /// The id inside the key; not a secret.
    #[must_use]
    pub const fn id(&self) -> &'a str {
        self.id
    }

    /// The digest of the whole key.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.whole.as_bytes())
    }

    /// Makes a new key, and gives its id with it; `None` when the system's random generator fails.
    #[must_use]
    pub fn generate() -> Option<(String, Secret)> {
        let random = SystemRandom::new();
        let id = random_base62(&random, ID_LEN)?;
        let body = format!("{KEY_PREFIX}{id}_{}", random_base62(&random, SECRET_LEN)?);
        let check = check_digits(&body);
        Some((id, Secret::new(body + str::from_utf8(&check).ok()?)))
    }

    /// Whether `text` has the form of a key's id.
    #[must_use]
    #[inline]
    pub fn is_id(text: &str) -> bool {
        text.len() == ID_LEN && is_base62(text)
    }
}

/// Whether all characters of `text` are in [`ALPHABET`].
fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The CRC-32 of everything before the check digits, in base 62, zero-padded.
fn check_digits(body: &str) -> [u8; CHECK_LEN] {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECK_LEN];
    for digit in digits.iter_mut().rev() {
        // A remainder is always an index into the alphabet.
        *digit = ALPHABET.get(rest % ALPHABET.len()).copied().unwrap_or(b'0');
        rest /= ALPHABET.len();
    }
    digits
}

fn random_base62(random: &SystemRandom, len: usize) -> Option<String> {
    let mut out = String::with_capacity(len);
    let mut byte = [0_u8];
    while out.len() < len {
        random.fill(&mut byte).ok()?;
        let [byte] = byte;
        if byte < UNBIASED {
            out.extend(ALPHABET.get(usize::from(byte) % ALPHABET.len()).copied().map(char::from));
        }
    }
    Some(out)
}

/// A key, as the configuration stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// SHA-256 of the whole key.
    pub digest: Digest,
    /// From then on the key is refused as expired.
    pub expires_at: Option<Instant>,
    /// From then on the key is refused as revoked.
    pub revoked_at: Option<Instant>,
    /// When this process last accepted the key.
    pub last_used: SharedTimestamp,
    /// The identity of its holder, for the log.
    pub identity: Copied<Identity>,
}

/// Why a key is refused, and whose it is, when its digest matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKeyRefusal<'a> {
    /// The reason.
    pub reason: Reason,
    /// The holder of an expired or revoked key: the log names the clients that still use it.
    pub identity: Option<&'a Arc<Identity>>,
    /// The denial of a revoked key, where it is denied.
    pub denied: Option<DenialKind>,
}

impl From<Reason> for ApiKeyRefusal<'_> {
    fn from(reason: Reason) -> Self {
        Self { reason, identity: None, denied: None }
    }
}

/// How callers of one agent authenticate with API keys.
#[derive(Debug, Clone)]
pub struct ApiKeyPolicy {
    /// The header that holds the key.
    pub header: HeaderName,
    /// The scheme before the key.
    pub scheme: Scheme,
    /// The agent's own keys by id. A key of another agent is not among them, and so is unknown.
    pub keys: Arc<HashMap<String, ApiKeyRecord>>,
    /// The denials of the process: a denied key counts as revoked.
    pub denials: Arc<Denials>,
}

impl ApiKeyPolicy {
    /// Authenticates the request by the key that it carries.
    ///
    /// # Errors
    /// The reason of the refusal, and the holder of an expired or revoked key.
    pub fn authenticate(
        &self,
        request: &Request<'_>,
        trace: &mut impl Trace,
    ) -> Result<&Arc<Identity>, ApiKeyRefusal<'_>> {
        let text = self.extract(request.headers, trace)?;
        let key = ApiKeyText::parse(text);
        trace.check(Check::ApiKeyFormat, key.is_some(), || Facts {
            seen: key.map(|key| format!("key {}", key.id())),
            wanted: "pck_, 8 characters, _, 30 characters and 6 check digits".to_owned(),
            fix: "copy the key again, whole: its check digits do not fit",
        });
        let key = key.ok_or(Reason::ApiKeyInvalid)?;
        let record = self.keys.get(key.id());
        let digest = key.digest();
        let known = digest == record.map_or(*NO_KEY, |record| record.digest);
        trace.check(Check::ApiKey, known, || Facts {
            seen: Some(match record {
                Some(_) => format!("key {}{}", key.id(), if known { "" } else { ", with another secret" }),
                None => format!("key {}, which is not one of this agent", key.id()),
            }),
            wanted: "a key of this agent".to_owned(),
            fix: "create a key for this agent (`portcullis api-key create`) and store its hash under `api_keys`",
        });
        let record = record.filter(|_| known).ok_or(Reason::ApiKeyInvalid)?;
        let identity = record.identity.here();
        let denied = self.denials.of_api_key(key.id(), request.now);
        check_times(record, denied, request.now, trace).map_err(|reason| ApiKeyRefusal {
            reason,
            identity: Some(identity),
            denied,
        })?;
        request.note_use(&record.last_used);
        Ok(identity)
    }

    fn extract<'h>(&self, headers: &'h HeaderMap, trace: &mut impl Trace) -> Result<&'h str, Reason> {
        let found =
            extract::credential(headers, &self.header, self.scheme.as_str()).map_err(|reason| match reason {
                Reason::TokenMissing => Reason::ApiKeyMissing,
                Reason::TokenMalformed => Reason::ApiKeyInvalid,
                other => other,
            });
        trace.check(Check::Credential, found.is_ok(), || Facts {
            seen: Some(match found {
                Ok(_) => format!("one key in {}", self.header),
                Err(Reason::MultipleTokens) => format!("more than one key in {}", self.header),
                Err(_) => format!("no key in {}", self.header),
            }),
            wanted: match self.scheme.as_str() {
                "" => format!("{}: KEY, once", self.header),
                word => format!("{}: {word} KEY, once", self.header),
            },
            fix: "send the API key in the header, and with the prefix, that the agent is configured to read",
        });
        found
    }
}

fn check_times(
    record: &ApiKeyRecord,
    denied: Option<DenialKind>,
    now: Instant,
    trace: &mut impl Trace,
) -> Result<(), Reason> {
    let passed = |at: Option<Instant>| at.is_some_and(|at| now >= at);
    let written = |at: Option<Instant>| at.map_or_else(|| "never".to_owned(), |at| format!("at {at}"));
    let revoked = denied.is_some() || passed(record.revoked_at);
    trace.check(Check::ApiKeyRevoked, !revoked, || Facts {
        seen: Some(match denied {
            Some(kind) => format!("a denial by {kind} names it"),
            None => format!("revoked {}", written(record.revoked_at)),
        }),
        wanted: format!("not revoked at {now}"),
        fix: "use another key",
    });
    if denied.is_some() {
        return Err(Reason::Revoked);
    }
    if revoked {
        return Err(Reason::ApiKeyRevoked);
    }
    let expired = passed(record.expires_at);
    trace.check(Check::ApiKeyExpiry, !expired, || Facts {
        seen: Some(format!("expires {}", written(record.expires_at))),
        wanted: format!("after {now}"),
        fix: "create a new key",
    });
    if expired { Err(Reason::ApiKeyExpired) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Silent;
    use crate::model::{DenialSet, Denied, Until};

    fn policy(key: &Secret, id: &str, expires: Option<u64>, revoked: Option<u64>) -> ApiKeyPolicy {
        let record = ApiKeyRecord {
            digest: Digest::of(key.expose_secret().as_bytes()),
            expires_at: expires.map(Instant::from_unix),
            revoked_at: revoked.map(Instant::from_unix),
            last_used: SharedTimestamp::default(),
            identity: Identity::of_api_key(id, expires.map(Instant::from_unix)).into(),
        };
        ApiKeyPolicy {
            header: HeaderName::from_static("x-api-key"),
            scheme: Scheme::bare(),
            keys: Arc::new(HashMap::from([(id.to_owned(), record)])),
            denials: Arc::default(),
        }
    }

    /// The outcome for a key, and the id of its holder where the policy names one.
    fn ask(policy: &ApiKeyPolicy, key: &str) -> (Result<(), Reason>, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", key.parse().unwrap());
        let id = |identity: &Arc<Identity>| identity.key_id.clone().unwrap();
        match policy.authenticate(&Request::with_headers(&headers, Instant::from_unix(100)), &mut Silent) {
            Ok(identity) => (Ok(()), Some(id(identity))),
            Err(refusal) => (Err(refusal.reason), refusal.identity.map(id)),
        }
    }

    #[test]
    fn a_generated_key_has_the_form_and_is_accepted_where_its_digest_is_configured() {
        let (id, key) = ApiKeyText::generate().unwrap();
        assert_eq!(key.expose_secret().len(), 4 + 8 + 1 + 30 + 6);
        let answer = ask(&policy(&key, &id, None, None), key.expose_secret());
        assert_eq!(answer, (Ok(()), Some(id)));
    }

    #[test]
    fn each_refusal_of_a_key_has_its_reason() {
        let (id, key) = ApiKeyText::generate().unwrap();
        let (_, other) = ApiKeyText::generate().unwrap();
        let text = key.expose_secret();
        let cases = [
            (policy(&key, &id, None, None), other.expose_secret(), Err(Reason::ApiKeyInvalid)),
            (policy(&other, &id, None, None), text, Err(Reason::ApiKeyInvalid)),
            (policy(&key, &id, None, None), &text[..48], Err(Reason::ApiKeyInvalid)),
            (policy(&key, &id, None, None), "", Err(Reason::ApiKeyMissing)),
            (policy(&key, &id, None, None), "a,b", Err(Reason::MultipleTokens)),
            (policy(&key, &id, Some(100), None), text, Err(Reason::ApiKeyExpired)),
            (policy(&key, &id, Some(101), None), text, Ok(())),
            (policy(&key, &id, None, Some(100)), text, Err(Reason::ApiKeyRevoked)),
            (policy(&key, &id, None, Some(101)), text, Ok(())),
            (policy(&key, &id, Some(1), Some(1)), text, Err(Reason::ApiKeyRevoked)),
        ];
        for (policy, key, wanted) in cases {
            // Only the holder of a key whose digest matched is named.
            let is_known = matches!(wanted, Ok(()) | Err(Reason::ApiKeyExpired | Reason::ApiKeyRevoked));
            assert_eq!(ask(&policy, key), (wanted, is_known.then(|| id.clone())));
        }
    }

    #[test]
    fn a_denied_key_is_refused_as_revoked_whatever_else_is_true_of_it() {
        let (id, key) = ApiKeyText::generate().unwrap();
        let (_, other) = ApiKeyText::generate().unwrap();
        let set: Arc<DenialSet> = Arc::new([Denied::api_key(&id, Until::Never)].into_iter().collect());
        for (expires, revoked) in [(None, None), (Some(1), None), (None, Some(1)), (None, Some(999))] {
            let policy = policy(&key, &id, expires, revoked);
            policy.denials.publish(Arc::clone(&set));
            let answer = ask(&policy, key.expose_secret());
            assert_eq!(answer, (Err(Reason::Revoked), Some(id.clone())), "{expires:?} {revoked:?}");
            assert_eq!(ask(&policy, other.expose_secret()), (Err(Reason::ApiKeyInvalid), None));
        }
    }

    #[test]
    fn one_changed_character_anywhere_breaks_the_check_digits() {
        let (_, key) = ApiKeyText::generate().unwrap();
        let text = key.expose_secret();
        for i in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[i] = if bytes[i] == b'x' { b'y' } else { b'x' };
            assert!(ApiKeyText::parse(std::str::from_utf8(&bytes).unwrap()).is_none(), "at {i}");
        }
    }

    #[test]
    fn check_digits_are_the_crc_32_in_base_62() {
        // CRC-32 of "123456789" is 0xCBF43926 = 3421780262 (the usual check value).
        assert_eq!(&check_digits("123456789"), b"3jZRME");
    }
}
