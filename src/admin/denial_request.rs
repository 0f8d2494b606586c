//! A denial as an operator asks for it, over the API or at the command line, and what it comes to.
//!
//! Where it is kept, and how it comes into force, is for `control`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::authn::{ApiKeyText, signed_digest};
use crate::config::{Snapshot, parse_duration};
use crate::model::{DenialKind, Denied, Digest, Instant, IssuedBefore, ProviderName, Until, check_label};
use crate::store::Denial;

/// A day.
const DAY: Duration = Duration::from_secs(86_400);
/// How long a denial of tokens up to a time lasts without `until`: longer than any access token should.
const USUAL: Duration = Duration::from_secs(30 * 86_400);
/// The longest that a denial with an end lasts: a year, so that somebody looks at it again.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// A denial that ends sooner than this is told of: whoever made it may have meant a longer one.
const SOON: Duration = Duration::from_secs(7 * 86_400);
/// The longest name, in bytes: a `sub` has at most 255 (OpenID Connect Core section 2), URLs of clients are longer.
const LONGEST_VALUE: usize = 1024;
/// The longest token, in bytes: the most that `server.limits.token_bytes` can be.
const LONGEST_TOKEN: usize = 64 << 10;

/// The words for all tokens, for those up to now, for no end, and for the leeway of the provider.
const ALL: &str = "all";
const NOW: &str = "now";
const NEVER: &str = "never";
const LEEWAY: &str = "leeway";

/// What is to be denied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewDenial")]
pub struct DenialRequest {
    /// The name of the identity provider whose tokens it is about, or an issuer; without it, or with `any`, those of all.
    pub provider: Option<String>,
    /// What it names.
    #[schemars(with = "DenialKind")]
    pub by: String,
    /// The name. For `token_sha256` the token itself, which is not kept; for `api_key` the id of the key, or the key.
    pub value: String,
    /// `now`, `all`, or a time (RFC 3339): tokens that were issued then or before, and those that do not say when. Without it
    /// `now` for `sub` and `sid`, and `all` for the others.
    pub issued_before: Option<String>,
    /// `never`, a time (RFC 3339), or how long, such as `30d`; at most 366 days. Without it 30 days after `issued_before`; to
    /// be given with `all`.
    pub until: Option<String>,
    /// Added to `issued_before`, such as `30s`, for clocks of a provider that run ahead; `leeway` is that of the provider.
    pub skew: Option<String>,
    /// Why, in a few words.
    pub reason: Option<String>,
}

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedDenial {
    /// The denial.
    pub denial: Denial,
    /// What its author should know.
    pub warnings: Vec<String>,
}

/// A member of a request that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{member}`: {message}")]
pub struct WrongMember {
    /// Its name.
    pub member: &'static str,
    /// What is wrong, and what to write instead.
    pub message: String,
}

fn wrong<T>(member: &'static str, message: impl Into<String>) -> Result<T, WrongMember> {
    Err(WrongMember { member, message: message.into() })
}

impl DenialRequest {
    /// Reads it, for whoever is called `actor`, at `now`, where these providers are known.
    ///
    /// # Errors
    /// The first member that cannot be taken.
    pub fn read(&self, live: &Snapshot, actor: String, now: Instant) -> Result<AskedDenial, WrongMember> {
        let Some(kind) = DenialKind::parse(&self.by) else {
            let all: Vec<_> = DenialKind::ALL.iter().map(|kind| kind.as_str()).collect();
            return wrong("by", format!("expected one of {}", all.join(", ")));
        };
        let issuer = self.issuer(kind, live)?;
        let value = self.named(kind)?;
        let issued_before = self.issued_before(kind, issuer.as_deref(), live, now)?;
        let until = self.until(issued_before, now)?;
        let reason = self.reason.clone().unwrap_or_default();
        if !reason.is_empty() {
            check_label(&reason).or_else(|why| wrong("reason", why))?;
        }
        let denied = Denied { kind, issuer, value: value.into(), issued_before, until };
        let warnings = warnings(&denied, live, now);
        Ok(AskedDenial { denial: Denial { denied, reason, actor, at: now.timestamp() }, warnings })
    }

    fn issuer(&self, kind: DenialKind, live: &Snapshot) -> Result<Option<Box<str>>, WrongMember> {
        let Some(named) = self.provider.as_deref().filter(|named| *named != ProviderName::ANY) else {
            return Ok(None);
        };
        if kind == DenialKind::ApiKey {
            return wrong("provider", "an API key is of no identity provider; leave it out");
        }
        if let Some(provider) = live.providers.get(named) {
            return Ok(Some(provider.spec().issuer.as_str().into()));
        }
        // Actors may have names that another issuer gave, and a provider may be gone from the configuration.
        if named.contains("://") && is_name(named) {
            return Ok(Some(named.into()));
        }
        wrong("provider", "expected the name of an identity provider, its issuer, or `any`")
    }

    fn named(&self, kind: DenialKind) -> Result<String, WrongMember> {
        let value = &*self.value;
        match kind {
            DenialKind::TokenSha256 => token_digest(value).map(|digest| digest.to_hex()),
            DenialKind::ApiKey => {
                let key = ApiKeyText::parse(value).map(|key| key.id());
                match key.or(Some(value).filter(|id| ApiKeyText::is_id(id))) {
                    Some(id) => Ok(id.to_owned()),
                    None => wrong("value", "expected the id of an API key (8 characters), or the key"),
                }
            }
            DenialKind::Sub
            | DenialKind::ClientId
            | DenialKind::Jti
            | DenialKind::Sid
            | DenialKind::Act
            | DenialKind::Kid => match is_name(value) {
                true => Ok(value.to_owned()),
                false => wrong("value", format!("expected 1 to {LONGEST_VALUE} bytes of text in one line")),
            },
        }
    }

    fn issued_before(
        &self,
        kind: DenialKind,
        issuer: Option<&str>,
        live: &Snapshot,
        now: Instant,
    ) -> Result<IssuedBefore, WrongMember> {
        let usual = match kind {
            DenialKind::Sub | DenialKind::Sid => NOW,
            DenialKind::ClientId
            | DenialKind::Jti
            | DenialKind::Act
            | DenialKind::Kid
            | DenialKind::ApiKey
            | DenialKind::TokenSha256 => ALL,
        };
        let skew = self.skew(issuer, live)?;
        let at = match self.issued_before.as_deref().unwrap_or(usual) {
            ALL if skew.is_some() => return wrong("skew", "it is added to a time; `all` has none"),
            ALL => return Ok(IssuedBefore::All),
            _ if kind == DenialKind::ApiKey => {
                return wrong("issued_before", "an API key has no time of issue: expected `all`");
            }
            // A token of this second may have been issued before the thief had it, or after.
            NOW => Instant::from_unix(now.plus(Duration::from_nanos(999_999_999)).unix()),
            text => time("issued_before", text, "`now`, `all` or a time (RFC 3339)")?,
        };
        let at = at.plus(skew.unwrap_or_default());
        if at.since(now) > LONGEST {
            return wrong("issued_before", "at most 366 days from now; `all` is about later tokens as well");
        }
        Ok(IssuedBefore::At(at))
    }

    fn skew(&self, issuer: Option<&str>, live: &Snapshot) -> Result<Option<Duration>, WrongMember> {
        match self.skew.as_deref() {
            None => Ok(None),
            Some(LEEWAY) => {
                let is_of = |own: &str| issuer.is_none_or(|issuer| issuer == own);
                let of = live.providers.values().map(|provider| provider.spec());
                let of = of.filter(|spec| is_of(spec.issuer.as_str())).map(|spec| spec.leeway).max();
                Ok(Some(of.unwrap_or_default()))
            }
            Some(text) => match parse_duration(text) {
                Ok(time) if time <= DAY => Ok(Some(time)),
                Ok(_) => wrong("skew", "at most 1d"),
                Err(help) => wrong("skew", help),
            },
        }
    }

    fn until(&self, issued_before: IssuedBefore, now: Instant) -> Result<Until, WrongMember> {
        let end = match (self.until.as_deref(), issued_before) {
            (Some(NEVER), _) => return Ok(Until::Never),
            (None, IssuedBefore::At(at)) => at.plus(USUAL),
            (None, IssuedBefore::All) => {
                let message =
                    "with `issued_before: all` say when it ends: `never`, a time, or how long, such as `30d`";
                return wrong("until", message);
            }
            (Some(text), _) => match parse_duration(text) {
                Ok(time) => now.plus(time),
                Err(_) => time("until", text, "`never`, a time (RFC 3339), or how long, such as `30d`")?,
            },
        };
        if end <= now {
            return wrong("until", "it is over by then: expected a time to come");
        }
        if self.until.is_some() && end.since(now) > LONGEST {
            return wrong("until", "at most 366d, or `never`");
        }
        Ok(Until::At(end))
    }
}

/// Whether a text can be a name: it has a length, and is one line.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_VALUE).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// The digest by which a token is denied. Of a JWT it is that of header and payload, so that another signature under the same
/// statements is the same token; of any other token, that of the whole.
fn token_digest(token: &str) -> Result<Digest, WrongMember> {
    let is_text = |token: &str| token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > LONGEST_TOKEN || !is_text(token) {
        return wrong("value", "expected the token itself, as it is sent after `Bearer`");
    }
    Ok(signed_digest(token))
}

fn time(member: &'static str, text: &str, expected: &str) -> Result<Instant, WrongMember> {
    let at = text.parse::<jiff::Timestamp>().ok();
    match at.and_then(|at| Duration::try_from(at.as_duration()).ok()) {
        Some(since_epoch) => Ok(Instant::from_duration(since_epoch)),
        None => wrong(member, format!("expected {expected}")),
    }
}

fn warnings(denied: &Denied, live: &Snapshot, now: Instant) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Until::At(end) = denied.until
        && end.since(now) <= SOON
    {
        warnings.push(format!("it ends at {end}, within 7 days: whoever it names gets in again then"));
    }
    if let Some(issuer) = denied.issuer.as_deref()
        && !live.providers.values().any(|provider| provider.spec().issuer.as_str() == issuer)
    {
        warnings.push(format!("no identity provider of the configuration has the issuer {issuer}"));
    }
    if denied.kind == DenialKind::ApiKey && live.api_keys.get(&denied.value).is_none() {
        warnings.push(format!("the configuration has no API key {}", denied.value));
    }
    warnings
}
