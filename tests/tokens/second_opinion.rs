//! The same token put to `jsonwebtoken`, in this process.
//!
//! The library does everything but choose the key, which is by `iss` and `kid` as RFC 8725 section 3.8 asks, and read the
//! clock: it reads the system's, and what is asked here is asked about a moment.

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// The library with the keys and the rules of a policy, as `verifiers.py` gets it.
pub(crate) struct SecondOpinion {
    now: f64,
    leeway: f64,
    audiences: Vec<String>,
    keys: Vec<Key>,
}

struct Key {
    issuer: String,
    kid: Option<String>,
    /// The one algorithm that it is for, where it says so.
    alg: Option<String>,
    crv: Option<String>,
    key: DecodingKey,
}

impl SecondOpinion {
    pub(crate) fn new(policy: &Value) -> Self {
        let number = |name: &str| policy[name].as_f64().expect("a number");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let audiences = policy["audiences"].as_array().expect("the audiences");
        let mut keys = Vec::new();
        for (issuer, set) in policy["providers"].as_object().expect("the providers") {
            for jwk in set.as_array().expect("its keys") {
                // What it cannot read, it cannot verify with.
                let Ok(read) = serde_json::from_value::<Jwk>(jwk.clone()) else { continue };
                let Ok(key) = DecodingKey::from_jwk(&read) else { continue };
                let (kid, alg, crv) = (text(&jwk["kid"]), text(&jwk["alg"]), text(&jwk["crv"]));
                keys.push(Key { issuer: issuer.clone(), kid, alg, crv, key });
            }
        }
        let audiences = audiences.iter().filter_map(text).collect();
        Self { now: number("now"), leeway: number("leeway"), audiences, keys }
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.accepted(token).is_some()
    }

    fn accepted(&self, token: &str) -> Option<()> {
        let header = decode_header(token).ok()?;
        let claims: Value = insecure_decode_claims(token).ok()?;
        let issuer = claims["iss"].as_str()?;
        let mut rules = Validation::new(header.alg);
        rules.set_audience(&self.audiences);
        rules.set_issuer(&[issuer]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        (rules.validate_exp, rules.validate_nbf) = (false, false);
        let fits = |key: &&Key| {
            key.issuer == issuer
                && header.kid.as_ref().is_none_or(|kid| key.kid.as_ref() == Some(kid))
                && key.fits(header.alg)
        };
        let mut keys = self.keys.iter().filter(fits);
        let found = keys.find_map(|key| decode::<Value>(token, &key.key, &rules).ok())?;
        self.is_in_time(&found.claims).then_some(())
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6.
    fn is_in_time(&self, claims: &Value) -> bool {
        let time = |name: &str| claims[name].as_f64();
        let begun = |name: &str| time(name).is_none_or(|time| time <= self.now + self.leeway);
        time("exp").is_some_and(|time| time + self.leeway > self.now) && begun("nbf") && begun("iat")
    }
}

impl Key {
    fn fits(&self, alg: Algorithm) -> bool {
        let curve = match alg {
            Algorithm::ES256 => Some("P-256"),
            Algorithm::ES384 => Some("P-384"),
            Algorithm::EdDSA => Some("Ed25519"),
            _ => None,
        };
        self.key.family() == alg.family()
            && alg.family() != AlgorithmFamily::Hmac
            && self.crv.as_deref() == curve
            && self.alg.as_ref().is_none_or(|said| said.parse() == Ok(alg))
    }
}
