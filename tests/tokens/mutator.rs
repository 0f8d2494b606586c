//! Tokens that are right but for nought to three changes, by chance and yet the same for the same seed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::curve::{Curve, curves};
use super::der;
use super::key::{ALGORITHMS, Key};
use super::suite::{CORP, Suite, TWIN};
use testkit::token::encode;

/// Members of an object as text: names with their quotes, so that anything can be written.
type Members = Vec<(String, String)>;

pub(crate) struct Mutator<'s> {
    suite: &'s Suite,
    curves: [Curve; 3],
    random: StdRng,
    /// Tokens of before, whose parts come back in others.
    pool: Vec<String>,
}

/// One token in the making.
struct Draft {
    kid: &'static str,
    twin: bool,
    header: Members,
    claims: Members,
    /// The algorithm that really signs.
    signs: &'static str,
    /// The key that really signs.
    signer: (bool, &'static str),
    /// Changes that come later.
    later: Vec<Later>,
}

#[derive(Clone, Copy, PartialEq)]
enum Later {
    HeaderText,
    ClaimsText,
    HeaderCode,
    ClaimsCode,
    SignatureBytes,
    SignatureCode,
    AfterSigning,
    Splice,
}

impl<'s> Mutator<'s> {
    pub(crate) fn new(suite: &'s Suite, seed: u64) -> Self {
        Self { suite, curves: curves(), random: StdRng::seed_from_u64(seed), pool: Vec::new() }
    }

    fn below(&mut self, n: usize) -> usize {
        self.random.random_range(0..n)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The next token: printable ASCII.
    pub(crate) fn token(&mut self) -> String {
        let mut draft = self.draft();
        let changes = self.pick(&[0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3]);
        for _ in 0..changes {
            match self.below(20) {
                0..=5 => self.change_header(&mut draft),
                6..=11 => self.change_claims(&mut draft),
                12 | 13 => self.change_signer(&mut draft),
                14 => draft.later.push(self.pick(&[Later::HeaderText, Later::ClaimsText])),
                15 => draft.later.push(self.pick(&[Later::HeaderCode, Later::ClaimsCode])),
                16 | 17 => draft.later.push(Later::SignatureBytes),
                18 => draft.later.push(Later::SignatureCode),
                _ => draft.later.push(self.pick(&[Later::AfterSigning, Later::Splice])),
            }
        }
        let token = self.made(&draft);
        if self.pool.len() < 200 {
            self.pool.push(token.clone());
        } else {
            let at = self.below(200);
            self.pool[at] = token.clone();
        }
        token
    }

    fn draft(&mut self) -> Draft {
        // RSA takes its time to sign.
        let (alg, kid) = match self.below(20) {
            0..=8 => ALGORITHMS[9],
            9..=14 => ALGORITHMS[6],
            15 => ALGORITHMS[7],
            16 => ALGORITHMS[8],
            _ => self.pick(&ALGORITHMS[..6]),
        };
        let twin = self.one_in(6);
        let quoted = |text: &str| format!("\"{text}\"");
        let header = [("alg", alg), ("typ", "JWT"), ("kid", kid)];
        let header = header.map(|(name, value)| (quoted(name), quoted(value)));
        let now = self.suite.now;
        let claims = [
            ("iss", quoted(if twin { TWIN } else { CORP })),
            ("sub", quoted("alice")),
            ("aud", quoted("api://desk")),
            ("exp", (now + 3000).to_string()),
            ("iat", (now - 60).to_string()),
            ("scope", quoted("a b")),
        ];
        let claims = claims.map(|(name, value)| (quoted(name), value));
        Draft {
            kid,
            twin,
            header: header.into(),
            claims: claims.into(),
            signs: alg,
            signer: (twin, kid),
            later: vec![],
        }
    }

    fn change_header(&mut self, draft: &mut Draft) {
        let any = self.pick(&ALGORITHMS);
        let (name, value): (&str, String) = match self.below(14) {
            0 => ("alg", format!("\"{}\"", any.0)),
            1 => {
                let names =
                    ["none", "HS256", "rs256", "ES256K", "Ed25519", "Ed448", "", "EdDSA ", "nOnE", "RS1"];
                ("alg", format!("\"{}\"", self.pick(&names)))
            }
            2 => ("kid", format!("\"{}\"", any.1)),
            3 => {
                let ids = [
                    "\"gone\"",
                    "\"\"",
                    "1",
                    "null",
                    "[]",
                    "\"rsa-rs256\"",
                    "\"\\u0065d\"",
                    "\"é\"",
                    "\"a\\u0000\"",
                ];
                ("kid", self.pick(&ids).to_owned())
            }
            4 => {
                draft.header.retain(|(name, _)| name != "\"kid\"");
                return;
            }
            5 => {
                let types = [
                    "\"at+jwt\"",
                    "\"jwt\"",
                    "\"application/at+jwt\"",
                    "\"JOSE\"",
                    "\"dpop+jwt\"",
                    "\"\"",
                    "null",
                    "1",
                    "[\"JWT\"]",
                    "\"JWT \"",
                    "\"Application/JWT\"",
                ];
                ("typ", self.pick(&types).to_owned())
            }
            6 => {
                let lists = ["[]", "[\"b64\"]", "[\"exp\"]", "null", "\"b64\"", "[\"kid\"]", "[1]"];
                ("crit", self.pick(&lists).to_owned())
            }
            7 => ("b64", self.pick(&["true", "false", "null", "0", "\"false\""]).to_owned()),
            8 => ("jwk", self.suite.twin(draft.kid).jwk().to_string()),
            9 => {
                let members = ["jku", "x5u", "x5c", "x5t", "cty", "zip", "enc", "nonce", "x"];
                let values =
                    ["\"https://a.test\"", "[\"AAAA\"]", "1", "null", "{\"a\":[1,{\"b\":2}]}", "\"JWT\""];
                (self.pick(&members), self.pick(&values).to_owned())
            }
            10 => {
                let copy = draft.header[self.below(draft.header.len())].clone();
                return draft.header.push(copy);
            }
            11 => {
                let at = self.below(draft.header.len());
                draft.header.remove(at);
                return;
            }
            12 => return draft.header.reverse(),
            _ => {
                let at = self.below(draft.header.len());
                draft.header[at].0 = self.rewritten(&draft.header[at].0.clone());
                return;
            }
        };
        let name = format!("\"{name}\"");
        match draft.header.iter_mut().find(|(n, _)| *n == name) {
            Some(member) => member.1 = value,
            None => draft.header.push((name, value)),
        }
    }

    fn change_claims(&mut self, draft: &mut Draft) {
        let now = self.suite.now;
        let (name, value): (&str, String) = match self.below(13) {
            0 => {
                let own = format!("\"{CORP}\"");
                let issuers = [
                    own.clone(),
                    format!("\"{TWIN}\""),
                    format!("\"{CORP}/\""),
                    format!("[{own}]"),
                    "1".into(),
                    "null".into(),
                    own.replace('/', "\\/"),
                    "\"\"".into(),
                    own.replace("corp", "c\\u006frp"),
                    own.replace("https", "HTTPS"),
                ];
                ("iss", issuers[self.below(issuers.len())].clone())
            }
            1 => {
                let audiences = [
                    "[\"api://desk\"]",
                    "[\"api://other\",\"api://desk\"]",
                    "\"api://other\"",
                    "[]",
                    "1",
                    "null",
                    "{}",
                    "[\"api://desk\",1]",
                    "\"api:\\/\\/desk\"",
                    "\"API://desk\"",
                    "[[\"api://desk\"]]",
                    "\"\"",
                    "{\"api://desk\":1}",
                ];
                ("aud", self.pick(&audiences).to_owned())
            }
            2 | 3 => {
                let name = self.pick(&["exp", "nbf", "iat"]);
                let times = [
                    (now + 60).to_string(),
                    (now - 3600).to_string(),
                    (now + 86400).to_string(),
                    format!("\"{}\"", now + 60),
                    "0".into(),
                    "-1".into(),
                    "1".into(),
                    "true".into(),
                    "null".into(),
                    "1e300".into(),
                    "1e999".into(),
                    "NaN".into(),
                    "Infinity".into(),
                    "-Infinity".into(),
                    "[]".into(),
                    "9007199254740991".into(),
                    "9007199254740992".into(),
                    "9e18".into(),
                    "99999999999999999999999".into(),
                    format!("{now}.5"),
                    format!("{}.75", now + 100),
                    format!("{now}e0"),
                    "4102444800.0".into(),
                    "0.5".into(),
                    "-0.0".into(),
                    (now - 29).to_string(),
                    (now - 30).to_string(),
                    (now - 31).to_string(),
                    (now + 30).to_string(),
                    (now + 31).to_string(),
                    format!("{}.5", now + 30),
                    format!("{}.5", now - 31),
                    format!("{}.5", now - 30),
                ];
                (name, times[self.below(times.len())].clone())
            }
            4 => {
                let name = self.pick(&["sub", "jti", "scope", "scp", "azp", "client_id"]);
                (name, self.pick(&["1", "null", "[\"a\"]", "{}", "\"x\"", "\"\"", "true", "[1]"]).to_owned())
            }
            5 => {
                let at = self.below(draft.claims.len());
                draft.claims.remove(at);
                return;
            }
            6 | 7 => {
                let (name, value) = draft.claims[self.below(draft.claims.len())].clone();
                let value = if self.one_in(2) { value } else { "\"other\"".to_owned() };
                let at = self.below(draft.claims.len() + 1);
                let name = if self.one_in(3) { self.rewritten(&name) } else { name };
                return draft.claims.insert(at, (name, value));
            }
            8 => return draft.claims.reverse(),
            9 => {
                let at = self.below(draft.claims.len());
                draft.claims[at].0 = self.rewritten(&draft.claims[at].0.clone());
                return;
            }
            10 => {
                let depth = self.pick(&[1, 5, 30, 31, 32, 40, 100]);
                let inner = self.pick(&["", "1", "{}"]);
                ("x", format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth)))
            }
            11 => {
                let values = [
                    "\"\\ud800\"",
                    "\"\\ud83d\\ude00\"",
                    "\"\\u0000\"",
                    "123456789012345678901234567890",
                    "1e-400",
                    "-0",
                    "1e999",
                    "NaN",
                    "{\"a\":1,\"a\":1}",
                    "{\"a\":{\"b\":[{\"c\":1,\"\\u0063\":2}]}}",
                    "\"\u{1f600}\"",
                    "[null,true]",
                    "{\"\":{}}",
                    "01",
                    "1.",
                    "\"\\x\"",
                    "'a'",
                ];
                ("x", self.pick(&values).to_owned())
            }
            _ => ("x", format!("\"{}\"", "y".repeat(self.below(3000)))),
        };
        let name = format!("\"{name}\"");
        match draft.claims.iter_mut().find(|(n, _)| *n == name) {
            Some(member) => member.1 = value,
            None => draft.claims.push((name, value)),
        }
    }

    /// The same JSON string, with one of its characters as an escape.
    fn rewritten(&mut self, quoted: &str) -> String {
        let at = 1 + self.below(quoted.len().max(3) - 2);
        match quoted.get(at..=at) {
            Some(c) if c != "\\" && at + 1 < quoted.len() => {
                format!("{}\\u{:04x}{}", &quoted[..at], c.as_bytes()[0], &quoted[at + 1..])
            }
            _ => quoted.to_owned(),
        }
    }

    fn change_signer(&mut self, draft: &mut Draft) {
        match self.below(5) {
            0 => draft.signer.0 = !draft.twin,
            1 => {
                let any = self.pick(&ALGORITHMS);
                (draft.signs, draft.signer.1) = any;
            }
            2 => draft.signs = "hmac",
            3 => draft.signs = "nothing",
            // Everything changes hands, and the token is right again under another name.
            _ => {
                let any = self.pick(&ALGORITHMS);
                (draft.signs, draft.signer.1) = any;
                for (name, value) in [("\"alg\"", any.0), ("\"kid\"", any.1)] {
                    if let Some(member) = draft.header.iter_mut().find(|(n, _)| n == name) {
                        member.1 = format!("\"{value}\"");
                    }
                }
            }
        }
    }

    fn made(&mut self, draft: &Draft) -> String {
        let mut header = self.text(&draft.header);
        let mut claims = self.text(&draft.claims);
        for (part, when) in [(&mut header, Later::HeaderText), (&mut claims, Later::ClaimsText)] {
            if draft.later.contains(&when) {
                *part = self.scribbled(part);
            }
        }
        let (mut header, mut claims) = (encode(header), encode(claims));
        for (part, when) in [(&mut header, Later::HeaderCode), (&mut claims, Later::ClaimsCode)] {
            if draft.later.contains(&when) {
                *part = self.recoded(part);
            }
        }
        let mut signature = self.signature(draft, format!("{header}.{claims}").as_bytes());
        if draft.later.contains(&Later::SignatureBytes) {
            signature = self.bent(draft, signature);
        }
        let mut signature = encode(signature);
        if draft.later.contains(&Later::SignatureCode) {
            signature = self.recoded(&signature);
        }
        let mut parts = [header, claims, signature];
        if draft.later.contains(&Later::Splice) && !self.pool.is_empty() {
            let at = self.below(self.pool.len());
            let other = self.pool[at].clone();
            let other: Vec<&str> = other.split('.').collect();
            let at = self.below(3);
            if let Some(part) = other.get(at) {
                parts[at] = (*part).to_owned();
            }
        }
        let mut token = parts.join(".");
        if draft.later.contains(&Later::AfterSigning) {
            token = self.recoded(&token);
        }
        token
    }

    fn text(&mut self, members: &Members) -> Vec<u8> {
        let (colon, comma) = if self.one_in(12) { (" : ", "\n ,\t") } else { (":", ",") };
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("{name}{colon}{value}")).collect();
        format!("{{{}}}", members.join(comma)).into_bytes()
    }

    /// Bytes of JSON, scribbled on.
    fn scribbled(&mut self, text: &[u8]) -> Vec<u8> {
        let at = self.below(text.len());
        let (head, tail) = text.split_at(at);
        let byte = self.random.random::<u8>();
        match self.below(9) {
            0 => [head, &[byte], tail].concat(),
            1 => [head, &tail[1..]].concat(),
            2 => [head, &[byte], &tail[1..]].concat(),
            3 => [b"\xef\xbb\xbf", text].concat(),
            4 => [text, self.pick(&[&b" "[..], b"\n", b"x", b"{}", b",", b"\0"])].concat(),
            5 => [self.pick(&[&b" "[..], b"\t\r\n", b"\0", b"//", b"["]), text].concat(),
            6 => String::from_utf8_lossy(text).encode_utf16().flat_map(u16::to_le_bytes).collect(),
            7 => [
                &b"{\"x\":\""[..],
                self.pick(&[&b"\xff"[..], b"\xed\xa0\x80", b"\xc3\xa9", b"\xc0\x80"]),
                b"\",",
                &text[1..],
            ]
            .concat(),
            _ => [head, b" ", tail].concat(),
        }
    }

    /// Base64url, written otherwise; never with a blank at its end, which belongs to the header's value.
    fn recoded(&mut self, part: &str) -> String {
        if part.is_empty() {
            return "A".to_owned();
        }
        let at = self.below(part.len());
        let (head, tail) = part.split_at(at);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let any = &alphabet[self.below(64)..][..1];
        match self.below(11) {
            0 => format!("{part}="),
            1 => format!("{part}=="),
            2 => format!("{head} {tail}"),
            3 => format!("{head}{any}{tail}"),
            4 => format!("{head}{}", &tail[1..]),
            5 => format!("{head}{any}{}", &tail[1..]),
            6 => part.replace('-', "+").replace('_', "/"),
            7 => format!("{head}.{tail}"),
            8 => URL_SAFE_NO_PAD.decode(part).map_or(part.to_owned(), |bytes| STANDARD.encode(bytes)),
            // The last character alone: often nothing but stray bits.
            9 => format!("{}{any}", &part[..part.len() - 1]),
            _ => format!("{head}{}{tail}", self.pick(&["%", "*", "~", "%3D", "=", "\\"])),
        }
        .trim()
        .to_owned()
    }

    fn key(&self, of: (bool, &'static str)) -> &'s Key {
        if of.0 { self.suite.twin(of.1) } else { self.suite.key(of.1) }
    }

    fn signature(&mut self, draft: &Draft, message: &[u8]) -> Vec<u8> {
        let key = self.key(draft.signer);
        match draft.signs {
            "nothing" => vec![],
            "hmac" => {
                let secret = if self.one_in(2) { key.pem().into_bytes() } else { key.spki() };
                ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret), message)
                    .as_ref()
                    .to_vec()
            }
            alg => key.sign(alg, message),
        }
    }

    /// A signature, changed in a way that fits its kind.
    fn bent(&mut self, draft: &Draft, mut good: Vec<u8>) -> Vec<u8> {
        if good.is_empty() {
            return vec![0];
        }
        let at = self.below(good.len());
        match self.below(10) {
            0 => good[at] ^= 1 << self.below(8),
            1 => good.truncate(at),
            2 => good.push(0),
            3 => good.insert(0, 0),
            4 => good.iter_mut().for_each(|b| *b = 0),
            _ => match self.key(draft.signer).alg() {
                alg @ ("ES256" | "ES384" | "ES512") => {
                    let curve = self.curves.iter().find(|c| c.alg == alg).expect("its curve");
                    if good.len() != 2 * curve.len {
                        return good;
                    }
                    let (r, s) = curve.parts(&good);
                    good = match self.random.random_range(0..5) {
                        0..=2 => curve.fixed(&r, &(&curve.n - &s)),
                        3 => der::wrap(0x30, &[der::integer(&r), der::integer(&s)].concat()),
                        _ => curve.fixed(&s, &r),
                    };
                }
                "EdDSA" if good.len() == 64 => {
                    let order = (BigUint::from(1u8) << 252)
                        + BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10)
                            .expect("a number");
                    let sum: BigUint = BigUint::from_bytes_le(&good[32..]) + order;
                    let mut s = sum.to_bytes_le();
                    s.resize(32, 0);
                    good.splice(32.., s);
                }
                _ => good.reverse(),
            },
        }
        good
    }
}
