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

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::model::{Clock as _, SystemClock};

mod key;

use key::Key;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const HOURS: u64 = 3600;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mint FOLDER COUNT".into());
    };
    let (folder, count) = (Path::new(&folder), count.parse::<usize>()?);
    let now = SystemClock.now().unix();
    for (name, key) in [("rs256", Key::rs256()?), ("es256", Key::es256()?), ("eddsa", Key::eddsa()?)] {
        let issuer = Issuer { name, key };
        let write = |what: &str, text: &str| std::fs::write(folder.join(format!("{name}.{what}")), text);
        let good = |subject| issuer.token(subject, "urn:compare:agent", now, now + 2 * HOURS);
        let mut tokens = String::new();
        for subject in 0..count {
            writeln!(tokens, "{}", good(subject)?)?;
        }
        write("tokens", &tokens)?;
        write("wrong_audience", &issuer.token(0, "urn:compare:another", now, now + 2 * HOURS)?)?;
        write("expired", &issuer.token(0, "urn:compare:agent", now - 2 * HOURS, now - HOURS)?)?;
        write(
            "bad_signature",
            &Issuer { name, key: issuer.key.another()? }.token(
                0,
                "urn:compare:agent",
                now,
                now + 2 * HOURS,
            )?,
        )?;
        write("jwks.json", &format!(r#"{{"keys":[{}]}}"#, issuer.key.jwk()?))?;
        write("pem", &issuer.key.pem()?)?;
    }
    let certified = rcgen::generate_simple_self_signed(vec!["compare.test".to_owned()])?;
    std::fs::write(folder.join("server.pem"), certified.cert.pem())?;
    std::fs::write(folder.join("server.key"), certified.signing_key.serialize_pem())?;
    Ok(())
}

struct Issuer {
    name: &'static str,
    key: Key,
}

impl Issuer {
    fn token(&self, subject: usize, audience: &str, issued: u64, expires: u64) -> Outcome<String> {
        let header = format!(r#"{{"alg":"{}","typ":"at+jwt","kid":"compare-1"}}"#, self.key.algorithm());
        let claims = format!(
            r#"{{"iss":"urn:compare:{}","sub":"caller-{subject}","aud":"{audience}","iat":{issued},"exp":{expires},"scope":"load:read load:write","client_id":"compare","jti":"{subject:032}"}}"#,
            self.name
        );
        let content = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(content.as_bytes())?)))
    }
}
