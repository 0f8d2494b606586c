//! The same question put to three other verifiers, joserfc, PyJWT and jsonwebtoken, on tokens changed by chance.
//!
//! What we accept, one of them must accept too. Where we refuse and one of them accepts, the table below says why; a
//! disagreement that it does not explain fails the test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use portcullis::model::Reason::{self, KeyUnknown, NotYetValid, TokenMalformed, TypMismatch};
use serde_json::{Value, json};
use testkit::now;

use super::mutator::Mutator;
use super::second_opinion::SecondOpinion;
use super::suite::{CORP, LEEWAY, Suite, TWIN};
use super::world::World;

/// Why we refuse what another verifier accepts: our reason, the fact that it found about the token, and the rule.
const EXPLAINED: &[(Reason, &str, &str)] = &[
    (TokenMalformed, "padding", "RFC 7515 section 2: base64url without padding"),
    (
        TokenMalformed,
        "duplicate",
        "RFC 7519 section 4: a member twice is refused, since readers disagree on which counts",
    ),
    (
        TokenMalformed,
        "crit",
        "RFC 7515 section 4.1.11: no extension is understood here, not even one of nothing",
    ),
    (TokenMalformed, "b64", "RFC 7797 section 6: an encoding that is not understood must not be ignored"),
    (TokenMalformed, "kid_kind", "RFC 7515 section 4.1.4: `kid` is a string, and null is none"),
    (TokenMalformed, "typ_kind", "RFC 7515 section 4.1.9: `typ` is a string"),
    (TokenMalformed, "header_kind", "RFC 7515 section 5.2: what is registered has a type, used or not"),
    (TokenMalformed, "bom", "RFC 8259 section 8.1: no byte order mark"),
    (TokenMalformed, "utf8", "RFC 7515 section 3: UTF-8"),
    (TokenMalformed, "utf16", "RFC 7515 section 3: UTF-8, and no other Unicode"),
    (TokenMalformed, "constant", "RFC 8259 section 6: NaN and Infinity are no JSON"),
    (TokenMalformed, "overflow", "a number that is no finite double cannot be compared or passed on"),
    (TokenMalformed, "surrogate", "RFC 8259 section 8.2: half a surrogate pair is no character"),
    (TokenMalformed, "depth", "nesting is read to 32 levels"),
    (TokenMalformed, "time_kind", "RFC 7519 section 2: a time is a number; here between 0 and 2^53"),
    (
        TokenMalformed,
        "claim_kind",
        "RFC 7519 section 4.1: a registered claim of another type is invalid, not absent",
    ),
    (TypMismatch, "typ", "RFC 8725 section 3.11: another kind of token is no access token"),
    (KeyUnknown, "no_kid", "without `kid` the key is only clear when one alone fits"),
    (NotYetValid, "fraction", "a fraction of a second counts; others cut it off"),
];

/// What the test is run with: short in every run, long when asked for.
fn count() -> usize {
    if std::env::var_os("PORTCULLIS_LONG").is_some() { 100_000 } else { 10_000 }
}

/// One line of answer for each token.
fn asked(verifier: &'static str, policy: &Value, tokens: &[String]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".tools/venv-verifiers/bin/python");
    assert!(python.exists(), "{} is missing; scripts/setup.sh test makes it", python.display());
    let mut child = Command::new(python)
        .arg(root.join("tests/tokens/verifiers.py"))
        .arg(verifier)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = child.stdin.take().expect("its input");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let lines = thread::scope(|scope| {
        scope.spawn(move || {
            writeln!(input, "{policy}").expect("it reads");
            for token in tokens {
                writeln!(input, "{token}").expect("it reads");
            }
        });
        output.lines().map(|line| line.expect("text")).collect::<Vec<_>>()
    });
    assert!(child.wait().expect("it ends").success(), "{verifier} ends well");
    assert_eq!(lines.len(), tokens.len(), "{verifier} answers every token");
    lines
}

#[test]
fn no_token_is_accepted_that_two_other_verifiers_refuse() {
    let seed = std::env::var("PORTCULLIS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_801);
    let suite = Suite::new(now());
    let world = World::new(&suite.providers);
    let mut mutator = Mutator::new(&suite, seed);
    let tokens: Vec<String> = (0..count()).map(|_| mutator.token()).collect();
    assert!(tokens.iter().all(|token| token.bytes().all(|b| (0x20..0x7f).contains(&b))));
    let keys = |name: &str| suite.providers[name]["jwks"]["keys"].clone();
    let policy = json!({
        "now": suite.now, "leeway": LEEWAY, "audiences": ["api://desk"], "providers": {CORP: keys("corp"), TWIN: keys("twin")},
        "algorithms": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
    });
    let (joserfc, pyjwt) = thread::scope(|scope| {
        let joserfc = scope.spawn(|| asked("joserfc", &policy, &tokens));
        (joserfc.join(), asked("pyjwt", &policy, &tokens))
    });
    let joserfc = joserfc.expect("joserfc has answered");
    let second_opinion = SecondOpinion::new(&policy);

    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut alone, mut unexplained) = (Vec::new(), Vec::new());
    for ((token, joserfc), pyjwt) in tokens.iter().zip(&joserfc).zip(&pyjwt) {
        let reason = world.decide("twins", format!("Bearer {token}").as_bytes(), suite.now);
        let third = second_opinion.accepts(token);
        let theirs = [joserfc.starts_with("accept "), pyjwt.starts_with("accept "), third];
        let theirs = theirs.into_iter().filter(|accepts| *accepts).count();
        let line = || {
            format!(
                "we: {reason}; joserfc: {joserfc}; PyJWT: {pyjwt}; jsonwebtoken accepts: {third}: {token}"
            )
        };
        let class = if reason == Reason::Ok {
            if theirs == 0 {
                alone.push(line());
            }
            format!("accepted, and by {theirs} others")
        } else if theirs == 0 {
            "refused by all".to_owned()
        } else {
            let known = |word: &str| [joserfc, pyjwt].iter().any(|said| said.split(' ').any(|w| w == word));
            match EXPLAINED.iter().find(|(why, fact, _)| *why == reason && known(fact)) {
                Some((_, fact, _)) => format!("refused by us: {reason}, {fact}"),
                None => {
                    unexplained.push(line());
                    "refused by us, unexplained".to_owned()
                }
            }
        };
        *counts.entry(class).or_default() += 1;
    }
    eprintln!("{} tokens, seed {seed}: {counts:#?}", tokens.len());
    let few = |lines: &[String]| lines.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(alone.is_empty(), "{} accepted by us alone:\n{}", alone.len(), few(&alone));
    assert!(unexplained.is_empty(), "{} unexplained:\n{}", unexplained.len(), few(&unexplained));
    let of = |class: &str| counts.get(class).copied().unwrap_or_default();
    // Whether the changes are such that both answers are put to the test.
    let good = of("accepted, and by 2 others") + of("accepted, and by 3 others");
    assert!(good * 6 > tokens.len(), "too few good tokens");
    assert!(of("refused by all") * 4 > tokens.len(), "too few bad tokens");
}
