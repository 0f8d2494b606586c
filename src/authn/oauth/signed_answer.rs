//! A signed response about a token (RFC 9701): who signed it, for whom, and what it holds.
//!
//! `answer` reads what it holds as it reads a plain response.

use crate::idp::{Missing, Provider};
use crate::model::{Algorithm, Instant};

use super::jwt::Token;
use super::terms::Times;

/// `typ` of such a response (RFC 9701 section 5).
const TYPE: &str = "token-introspection+jwt";

/// What a response holds about the token, as JSON, when this provider signed it for this client.
///
/// # Errors
/// What is wrong with it.
pub(super) fn open(provider: &Provider, client: &str, body: &[u8], now: Instant) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is no text, and must be a signed JWT")?;
    let token = Token::parse(text.trim()).map_err(|malformed| format!("it is no signed JWT: {malformed}"))?;
    check_head(&token)?;
    check_claims(&token, provider, client, now)?;
    check_signature(&token, provider, now)?;
    let held = token.claims.member("token_introspection").filter(|held| held.is_object());
    held.map(|held| held.to_string().into_bytes())
        .ok_or_else(|| "`token_introspection` is no object".to_owned())
}

fn check_head(token: &Token<'_>) -> Result<(), String> {
    let typ = token.typ.as_deref().unwrap_or_default();
    let bare = match typ.split_at_checked("application/".len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    };
    if !bare.eq_ignore_ascii_case(TYPE) {
        return Err(format!("its `typ` is not {TYPE}"));
    }
    if token.critical { Err("it has `crit`, or `b64: false`".to_owned()) } else { Ok(()) }
}

fn check_claims(token: &Token<'_>, provider: &Provider, client: &str, now: Instant) -> Result<(), String> {
    if token.iss.as_deref() != Some(provider.spec().issuer.as_str()) {
        return Err("its `iss` is not the issuer of the provider".to_owned());
    }
    if !token.terms.aud.iter().any(|aud| &**aud == client) {
        return Err("its `aud` is not the `client_id` of the gateway".to_owned());
    }
    let (times, leeway) = (&token.terms.times, provider.spec().leeway.as_secs_f64());
    // It must say when it was made, and need not say when it ends (section 5).
    let ended = Times { exp: times.exp.or(Some(Times::ENDLESS)), ..*times }.are_over_at(now, leeway);
    if times.iat.is_none() || ended || times.are_early_at(now, leeway) {
        return Err("its `iat` is absent or in the future, or its `exp` has passed".to_owned());
    }
    Ok(())
}

fn check_signature(token: &Token<'_>, provider: &Provider, now: Instant) -> Result<(), String> {
    let allowed = |algorithm: &Algorithm| provider.spec().algorithms.contains(*algorithm);
    let algorithm = token.alg.as_deref().and_then(|alg| alg.parse().ok()).filter(allowed);
    let algorithm = algorithm.ok_or("its `alg` is not one of the provider's `algorithms`")?;
    let keys = provider.find(token.key_name(), algorithm, now).map_err(|missing| match missing {
        Missing::UnknownKid { .. } => {
            // For the next response; nobody waits for it here.
            let _fetch = provider.join_refetch(now);
            "the provider has no key with its `kid`"
        }
        Missing::Unavailable => "the keys of the provider are unavailable",
        Missing::WrongAlgorithm => "the provider's key is for another algorithm",
    })?;
    let is_good = keys.iter().any(|key| key.verify(algorithm, token.signed, &token.signature));
    if is_good { Ok(()) } else { Err("its signature is invalid".to_owned()) }
}
