//! The form of a token: parts, alphabet, padding, stray bits, other serialisations (RFC 7515 sections 2 and 7.1).

use portcullis::model::Reason::{
    AlgNotAllowed, KeyUnknown, MultipleTokens, SignatureInvalid, TokenMalformed, TokenTooLarge,
};
use serde_json::json;

use super::key::{ALGORITHMS, seal, with};
use super::suite::Suite;
use testkit::token::encode;

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        parts(suite, alg, kid);
        alphabet(suite, alg, kid);
        other_forms(suite, alg, kid);
    }
}

fn parts(suite: &mut Suite, alg: &str, kid: &str) {
    let good = suite.good(alg, kid);
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    for (name, text) in [
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{claims}")),
        ("signature and claims", format!("{claims}.{signature}")),
        ("four parts", format!("{good}.{signature}")),
        ("four parts, the last empty", format!("{good}.")),
        ("four parts, the first empty", format!(".{good}")),
        ("five parts", format!("{good}.{signature}.{signature}")),
        ("a dot too many in front of the claims", format!("{header}..{claims}.{signature}")),
        ("dots alone", "..".to_owned()),
        ("a colon for a dot", format!("{header}:{claims}.{signature}")),
        ("escaped dots", good.replace('.', "%2E")),
        ("no header", format!(".{claims}.{signature}")),
        ("no claims", format!("{header}..{signature}")),
        ("twice in a row", format!("{good}{good}")),
        ("twice with a dot", format!("{good}.{good}")),
        ("twice with a blank", format!("{good} {good}")),
        ("a second scheme", format!("Bearer {good}")),
        ("in quotes", format!("\"{good}\"")),
        ("in single quotes", format!("'{good}'")),
        ("in brackets", format!("<{good}>")),
        ("with a tilde after it (SD-JWT)", format!("{good}~")),
        ("with a parameter", format!("{good}; a=b")),
        ("with a fragment", format!("{good}#a")),
        ("with a null in its name", format!("{good}\u{e000}")),
    ] {
        suite.refuse(format!("{alg}: {name}"), text, &[TokenMalformed]);
    }
    suite.refuse(format!("{alg}: claims first"), format!("{claims}.{header}.{signature}"), &[AlgNotAllowed]);
    // Another byte, or a character that is no byte.
    let longer = format!("{good}A");
    suite.refuse(format!("{alg}: one character more"), longer, &[TokenMalformed, SignatureInvalid]);
    suite.refuse(format!("{alg}: no signature"), format!("{header}.{claims}."), &[SignatureInvalid]);
    suite.refuse(format!("{alg}: twice with a comma"), format!("{good},{good}"), &[MultipleTokens]);
    suite.refuse(format!("{alg}: comma at the end"), format!("{good},"), &[MultipleTokens]);
    let long = with(suite.claims(), json!({"x": "x".repeat(13_000)}));
    let long = suite.signed(alg, kid, &suite.header(alg, kid), &long);
    suite.refuse(format!("{alg}: too long"), long, &[TokenTooLarge]);
}

/// Header and claims with as many bytes beyond a multiple of three as asked for, encoded.
fn filled(suite: &Suite, alg: &str, kid: &str, rest: usize) -> (String, String) {
    let fill = |value: serde_json::Value| {
        (0..3)
            .map(|n| with(value.clone(), json!({"x": "?".repeat(n)})).to_string())
            .find(|text| text.len() % 3 == rest)
            .expect("three in a row leave each rest once")
    };
    (encode(fill(suite.header(alg, kid))), encode(fill(suite.claims())))
}

/// Text that lenient decoders take for the same bytes. The signature is made over the text as it stands, so that nothing
/// but the form is wrong.
fn alphabet(suite: &mut Suite, alg: &str, kid: &str) {
    let mut bad: Vec<(String, String)> = Vec::new();
    let sign = |header: &str, claims: &str| seal(header, claims, |m| suite.key(kid).sign(alg, m));
    for rest in [1, 2] {
        let (header, claims) = filled(suite, alg, kid, rest);
        let padding = "=".repeat(3 - rest);
        bad.push((format!("padded header, {rest}"), sign(&format!("{header}{padding}"), &claims)));
        bad.push((format!("padded claims, {rest}"), sign(&header, &format!("{claims}{padding}"))));
        bad.push((format!("one = in the claims, {rest}"), sign(&header, &format!("{claims}="))));
        bad.push((
            format!("padded inside, {rest}"),
            sign(&header, &format!("{}={}", &claims[..8], &claims[8..])),
        ));
        let strays = if rest == 1 { 16 } else { 4 };
        for stray in [1, strays / 2, strays - 1] {
            bad.push((
                format!("stray bits {stray} in the header, {rest}"),
                sign(&strayed(&header, stray), &claims),
            ));
            bad.push((
                format!("stray bits {stray} in the claims, {rest}"),
                sign(&header, &strayed(&claims, stray)),
            ));
        }
    }
    let (header, claims) = filled(suite, alg, kid, 0);
    for mark in [" ", "+", "/", "=", "*", "%", "%20", "\t", "\u{85}", ".", "~", "!", "\\n", "\u{fffd}"] {
        let inside = |text: &str, at: usize| format!("{}{mark}{}", &text[..at], &text[at..]);
        bad.push((format!("{mark:?} in the header"), sign(&inside(&header, 4), &claims)));
        bad.push((format!("{mark:?} in the claims"), sign(&header, &inside(&claims, 4))));
        if mark != " " && mark != "\t" {
            bad.push((format!("{mark:?} after the claims"), sign(&header, &format!("{claims}{mark}"))));
        }
    }
    bad.push(("one character too many".to_owned(), sign(&header, &format!("{claims}A"))));
    // In the standard alphabet the same bytes read + and /.
    let text = with(suite.claims(), json!({"x": "???>>>~~~\u{fff}\u{fff}"})).to_string();
    let standard = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(&text)
    };
    assert_ne!(standard, encode(&text));
    bad.push(("standard alphabet in the claims".to_owned(), sign(&header, &standard)));
    let good = suite.good(alg, kid);
    let (signed, signature) = good.rsplit_once('.').expect("a signature");
    for (name, text) in [
        ("padded signature", format!("{signature}=")),
        ("twice padded signature", format!("{signature}==")),
        ("a blank in the signature", format!("{} {}", &signature[..9], &signature[9..])),
        ("a = in the signature", format!("{}={}", &signature[..9], &signature[9..])),
        ("an escape after the signature", format!("{signature}%0A")),
        ("a star after the signature", format!("{signature}*")),
        ("standard alphabet in the signature", format!("+{}", &signature[1..])),
        ("slash in the signature", format!("/{}", &signature[1..])),
    ] {
        bad.push((name.to_owned(), format!("{signed}.{text}")));
    }
    // Signatures of 256, 64 and 132 bytes end in stray bits or, with 96 and 132, in none.
    let stray = match signature.len() % 4 {
        2 => &[1, 7, 15][..],
        3 => &[1, 2, 3],
        _ => &[],
    };
    for stray in stray {
        bad.push((
            format!("stray bits {stray} in the signature"),
            format!("{signed}.{}", strayed(signature, *stray)),
        ));
    }
    for (name, text) in bad {
        suite.refuse(format!("{alg}: {name}"), text, &[TokenMalformed]);
    }
}

/// The text with these bits in its last character, where no byte takes them up.
fn strayed(text: &str, stray: usize) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = text.split_at(text.len() - 1);
    let at = alphabet.find(last).expect("a character of the alphabet");
    format!("{rest}{}", &alphabet[at + stray..=at + stray])
}

fn other_forms(suite: &mut Suite, alg: &str, kid: &str) {
    let good = suite.good(alg, kid);
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let jwe = encode(json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": kid}).to_string());
    let direct = encode(json!({"alg": "dir", "enc": "A128CBC-HS256"}).to_string());
    for (name, text) in [
        ("encrypted", format!("{jwe}.{signature}.AAAAAAAAAAAAAAAA.{claims}.AAAAAAAAAAAAAAAAAAAAAA")),
        ("encrypted directly", format!("{direct}..AAAAAAAAAAAAAAAA.{claims}.AAAAAAAAAAAAAAAAAAAAAA")),
        ("with the header of an encrypted one", format!("{jwe}.{good}")),
        (
            "flattened JSON",
            format!(r#"{{"payload":"{claims}","protected":"{header}","signature":"{signature}"}}"#)
                .replace(',', "\u{2c}"),
        ),
    ] {
        let wanted: &[_] = if text.contains(',') { &[MultipleTokens] } else { &[TokenMalformed] };
        suite.refuse(format!("{alg}: {name}"), text, wanted);
    }
    let key = suite.key(kid);
    let nested = |cty: &str, payload: &str| {
        let header = with(suite.header(alg, kid), json!({"cty": cty})).to_string();
        super::key::token(header, payload, |m| key.sign(alg, m))
    };
    let quoted = format!("\"{good}\"");
    let found = [
        ("a token in a token", nested("JWT", &good)),
        ("a token in a token, as a string", nested("JWT", &quoted)),
        ("a token in a token, of small letters", nested("jwt", &good)),
        (
            "a token in a token, undeclared",
            super::key::token(suite.header(alg, kid).to_string(), &good, |m| key.sign(alg, m)),
        ),
        (
            "the claims encoded twice",
            super::key::token(suite.header(alg, kid).to_string(), claims, |m| key.sign(alg, m)),
        ),
        (
            "the header encoded twice",
            super::key::token(header, suite.claims().to_string(), |m| key.sign(alg, m)),
        ),
    ];
    for (name, text) in found {
        suite.refuse(format!("{alg}: {name}"), text, &[TokenMalformed]);
    }
    // The parts of two good tokens.
    let later = with(suite.claims(), json!({"sub": "mallory"}));
    let later = suite.signed(alg, kid, &suite.header(alg, kid), &later);
    let [_, other_claims, other_signature] = later.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let renamed = encode(with(suite.header(alg, kid), json!({"x": 1})).to_string());
    let gone = encode(suite.header(alg, "gone").to_string());
    for (name, text, wanted) in [
        ("claims of another token", format!("{header}.{other_claims}.{signature}"), &[SignatureInvalid]),
        ("signature of another token", format!("{header}.{claims}.{other_signature}"), &[SignatureInvalid]),
        ("header of another token", format!("{renamed}.{claims}.{signature}"), &[SignatureInvalid]),
        ("header of a key that is not there", format!("{gone}.{claims}.{signature}"), &[KeyUnknown]),
    ] {
        suite.refuse(format!("{alg}: {name}"), text, wanted);
    }
}
