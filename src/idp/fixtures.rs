//! What the tests of this room share: signers, specs, a clock that follows tokio's time, a scripted source.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::sync::Notify;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;

use crate::model::{Algorithm, AlgorithmSet, Clock, Instant, Issuer, ProviderName};
use crate::net::{EgressProxy, FetchError};
use crate::telemetry::Metrics;

use super::source::{Answer, Format, Source, SourceError, Validator};
use super::{KeySource, Provider, ProviderSpec};

pub(super) const ISSUER: &str = "https://idp.test/realms/a";
const START: u64 = 1_700_000_000;

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn from_base64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// A key pair.
pub(super) enum Signer {
    Rsa(RsaKeyPair),
    Ec(Algorithm, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    /// A new key pair for `algorithm`.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let ec = |parameters| Self::Ec(algorithm, EcdsaKeyPair::generate(parameters).unwrap());
        match algorithm {
            Algorithm::Es256 => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::Es512 => ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Algorithm::EdDsa => Self::Ed(Ed25519KeyPair::generate().unwrap()),
            _ => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        }
    }

    /// One RSA key pair for all tests of a process, since making one takes a while.
    pub(super) fn rsa() -> &'static Self {
        static RSA: OnceLock<Signer> = OnceLock::new();
        RSA.get_or_init(|| Self::new(Algorithm::Rs256))
    }

    /// The public half, without `kid` and `alg`.
    pub(super) fn jwk(&self) -> Value {
        match self {
            Self::Rsa(pair) => {
                let (_, key) = RSAPublicKey::from_der(pair.public_key().as_ref()).unwrap();
                let n = key.modulus.strip_prefix(&[0]).unwrap_or(key.modulus);
                json!({"kty": "RSA", "n": base64url(n), "e": base64url(key.exponent)})
            }
            Self::Ec(algorithm, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let crv = match algorithm {
                    Algorithm::Es256 => "P-256",
                    Algorithm::Es384 => "P-384",
                    _ => "P-521",
                };
                json!({"kty": "EC", "crv": crv, "x": base64url(x), "y": base64url(y)})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())})
            }
        }
    }

    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let pair = match self {
            Self::Rsa(pair) => pair,
            Self::Ec(_, pair) => return pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => return pair.sign(message).as_ref().to_vec(),
        };
        let encoding: &'static dyn signature::RsaEncoding = match algorithm {
            Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
            Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
            _ => &signature::RSA_PSS_SHA512,
        };
        let mut out = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &random, message, &mut out).unwrap();
        out
    }
}

/// `key` with more members, which replace those of the same name.
pub(super) fn with(mut key: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

/// A key set with new Ed25519 keys of these ids.
pub(super) fn set_of(kids: &[&str]) -> String {
    let key = |kid: &&str| with(Signer::new(Algorithm::EdDsa).jwk(), json!({"kid": kid}));
    json!({"keys": kids.iter().map(key).collect::<Vec<_>>()}).to_string()
}

pub(super) fn spec(source: KeySource) -> ProviderSpec {
    ProviderSpec {
        name: ProviderName::parse("corp").unwrap(),
        issuer: Issuer::new(ISSUER),
        source,
        algorithms: AlgorithmSet::all(),
        leeway: Duration::from_secs(30),
        refresh: Duration::from_secs(600),
        max_stale: Duration::from_secs(24 * 3600),
        insecure_http: false,
        egress_proxy: EgressProxy::Direct,
        extra_ca: None,
    }
}

pub(super) fn jwks_uri() -> KeySource {
    KeySource::JwksUri("https://idp.test/keys".parse().unwrap())
}

pub(super) fn provider(spec: ProviderSpec) -> Arc<Provider> {
    let metrics = Metrics::new().unwrap();
    let handles = metrics.provider(&spec.name);
    Provider::new(spec, handles)
}

/// A clock that moves as tokio's time does, paused or not, and that can be set wrong.
pub(super) struct TokioClock {
    began: tokio::time::Instant,
    ahead: AtomicI64,
}

impl TokioClock {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self { began: tokio::time::Instant::now(), ahead: AtomicI64::new(0) })
    }

    /// Sets it wrong by so many seconds.
    pub(super) fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        let set = START.saturating_add_signed(self.ahead.load(Ordering::SeqCst));
        Instant::from_unix(set).plus(self.began.elapsed())
    }
}

/// What a scripted source does when it is asked.
pub(super) enum Step {
    Give {
        body: String,
        etag: Option<&'static str>,
        max_age: Option<u64>,
    },
    Unchanged {
        max_age: Option<u64>,
    },
    Fail,
    /// Wants to be left alone for so many seconds.
    Busy(u64),
    /// Shows a fault of ours.
    Stumble,
    /// Waits for [`Script::release`], then does the next step.
    Hold,
}

impl Step {
    pub(super) fn give(body: impl Into<String>) -> Self {
        Self::Give { body: body.into(), etag: None, max_age: None }
    }
}

/// The script of a source, and what was asked of it.
pub(super) struct Script {
    steps: Mutex<VecDeque<Step>>,
    /// What is done when the steps are over.
    last: Box<dyn Fn() -> Step + Send + Sync>,
    fetches: Mutex<Vec<(tokio::time::Instant, Option<Validator>)>>,
    held: Notify,
}

impl Script {
    pub(super) fn new(
        steps: impl IntoIterator<Item = Step>,
        last: impl Fn() -> Step + Send + Sync + 'static,
    ) -> Arc<Self> {
        let steps = Mutex::new(steps.into_iter().collect());
        Arc::new(Self { steps, last: Box::new(last), fetches: Mutex::default(), held: Notify::new() })
    }

    pub(super) fn source(self: &Arc<Self>) -> Box<dyn Source> {
        Box::new(Scripted(Arc::clone(self)))
    }

    pub(super) fn count(&self) -> usize {
        self.fetches.lock().unwrap().len()
    }

    /// The times between the fetches.
    pub(super) fn gaps(&self) -> Vec<Duration> {
        self.fetches.lock().unwrap().windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }

    /// Whether the last fetch carried a validator.
    pub(super) fn last_was_conditional(&self) -> bool {
        self.fetches.lock().unwrap().last().is_some_and(|(_, validator)| validator.is_some())
    }

    pub(super) fn release(&self) {
        self.held.notify_one();
    }

    fn next(&self) -> Step {
        self.steps.lock().unwrap().pop_front().unwrap_or_else(|| (self.last)())
    }
}

struct Scripted(Arc<Script>);

#[async_trait]
impl Source for Scripted {
    async fn fetch(&mut self, known: Option<&Validator>) -> Result<Answer, SourceError> {
        self.0.fetches.lock().unwrap().push((tokio::time::Instant::now(), known.cloned()));
        let seconds = |max_age: Option<u64>| max_age.map(Duration::from_secs);
        loop {
            return match self.0.next() {
                Step::Hold => {
                    self.0.held.notified().await;
                    continue;
                }
                Step::Fail => Err(FetchError::Status {
                    url: "https://idp.test/keys".to_owned(),
                    status: 500,
                    retry_after: None,
                }
                .into()),
                Step::Busy(seconds) => {
                    let url = "https://idp.test/keys".to_owned();
                    let retry_after = Some(Duration::from_secs(seconds));
                    Err(FetchError::Status { url, status: 429, retry_after }.into())
                }
                Step::Stumble => panic!("this document is too much"),
                Step::Unchanged { max_age } => Ok(Answer::Unchanged { max_age: seconds(max_age) }),
                Step::Give { body, etag, max_age } => Ok(Answer::Document {
                    body: body.into(),
                    format: Format::KeySet,
                    validator: etag.map(|tag| Validator { place: ISSUER.to_owned(), tag: tag.to_owned() }),
                    max_age: seconds(max_age),
                }),
            };
        }
    }
}
