//! An issuer for `make compare`: keys, and good and bad tokens, of each algorithm.
//!
//! `mint FOLDER COUNT` writes, for each of `rs256`, `es256` and `eddsa`:
//!
//! - `NAME.jwks.json` and `NAME.pem`, the public key;
//! - `NAME.tokens`, COUNT good tokens, a line each, that of line N for the subject `caller-N`;
//! - `NAME.wrong_audience`, `NAME.expired`, `NAME.bad_signature`, a token each;
//!
//! and `server.pem` and `server.key`, a certificate for `compare.test`. The issuer is `urn:compare:NAME`, the audience
//! `urn:compare:agent`; tokens are good for two hours.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use testkit::token::with;
use testkit::{Certificate, Key, now};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const HOURS: u64 = 3600;
const KID: &str = "compare-1";
const AUDIENCE: &str = "urn:compare:agent";

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mint FOLDER COUNT".into());
    };
    let (folder, count) = (Path::new(&folder), count.parse::<usize>()?);
    let now = now();
    let until = now + 2 * HOURS;
    for (name, alg) in [("rs256", "RS256"), ("es256", "ES256"), ("eddsa", "EdDSA")] {
        let issuer = Issuer { name, key: Key::new(alg, KID) };
        let stranger = Issuer { name, key: Key::new(alg, KID) };
        let write = |what: &str, text: &str| std::fs::write(folder.join(format!("{name}.{what}")), text);
        let mut tokens = String::new();
        for subject in 0..count {
            writeln!(tokens, "{}", issuer.token(subject, AUDIENCE, now, until))?;
        }
        write("tokens", &tokens)?;
        write("wrong_audience", &issuer.token(0, "urn:compare:another", now, until))?;
        write("expired", &issuer.token(0, AUDIENCE, now - 2 * HOURS, now - HOURS))?;
        write("bad_signature", &stranger.token(0, AUDIENCE, now, until))?;
        let jwk = with(issuer.key.jwk(), json!({"use": "sig", "alg": alg}));
        write("jwks.json", &json!({"keys": [jwk]}).to_string())?;
        write("pem", &issuer.key.pem())?;
    }
    let certificate = Certificate::for_name("compare.test");
    std::fs::write(folder.join("server.pem"), certificate.pem)?;
    std::fs::write(folder.join("server.key"), certificate.key)?;
    Ok(())
}

struct Issuer {
    name: &'static str,
    key: Key,
}

impl Issuer {
    /// The members in this order, as text: a peer that compares them does not meet another order each time.
    fn token(&self, subject: usize, audience: &str, issued: u64, expires: u64) -> String {
        let alg = self.key.alg();
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{KID}"}}"#);
        let claims = format!(
            r#"{{"iss":"urn:compare:{}","sub":"caller-{subject}","aud":"{audience}","iat":{issued},"exp":{expires},"scope":"load:read load:write","client_id":"compare","jti":"{subject:032}"}}"#,
            self.name
        );
        self.key.token_of_text(alg, &header, &claims)
    }
}
