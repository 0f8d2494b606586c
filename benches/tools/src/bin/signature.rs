//! What the signature alone of a token of `make compare` costs to verify, with the library that the gateway has.
//!
//! `signature FOLDER`, a folder that `mint` has filled, prints microseconds, the median of many rounds:
//! `{"rs256": …, "es256": …, "eddsa": …}`.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Map, Value};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How long each algorithm is measured.
const MEASURED: Duration = Duration::from_millis(700);
/// Signatures of one round, each of another token.
const ROUND: usize = 50;

fn main() -> Outcome<()> {
    let folder = std::env::args().nth(1).ok_or("usage: signature FOLDER")?;
    let folder = Path::new(&folder);
    let mut medians = Map::new();
    let algorithms = [("rs256", Algorithm::RS256), ("es256", Algorithm::ES256), ("eddsa", Algorithm::EdDSA)];
    for (name, algorithm) in algorithms {
        let keys: JwkSet = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.jwks.json")))?)?;
        let key = DecodingKey::from_jwk(keys.keys.first().ok_or("a key set without a key")?)?;
        let tokens = std::fs::read_to_string(folder.join(format!("{name}.tokens")))?;
        medians.insert(name.to_owned(), Value::from(median(&tokens, &key, algorithm)?));
    }
    writeln!(std::io::stdout(), "{}", Value::Object(medians))?;
    Ok(())
}

/// Microseconds of one verification.
fn median(tokens: &str, key: &DecodingKey, algorithm: Algorithm) -> Outcome<f64> {
    let halves: Option<Vec<_>> = tokens.lines().take(ROUND).map(|token| token.rsplit_once('.')).collect();
    let halves = halves.ok_or("a token without a signature")?;
    let (mut taken, end) = (Vec::new(), Instant::now() + MEASURED);
    while Instant::now() < end {
        let began = Instant::now();
        for (signed, signature) in &halves {
            if !crypto::verify(signature, signed.as_bytes(), key, algorithm)? {
                return Err("a good token is not".into());
            }
        }
        taken.push(began.elapsed().as_secs_f64() * 1e6 / halves.len() as f64);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken.get(taken.len() / 2).copied().ok_or("no round ended")?)
}
