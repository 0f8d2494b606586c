//! Signatures that the RFCs print, through the parts of the library that a gateway checks tokens with.
//!
//! Those of RFC 7515 and RFC 8037 stand beside the keys themselves, as unit tests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::idp::parse_key_set;
use portcullis::model::{Algorithm, AlgorithmSet};
use serde_json::{Value, json};

/// Figure 8 of RFC 7520.
const PAYLOAD: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0\
    aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3\
    ZXB0IG9mZiB0by4";

/// Figure 3, without the algorithm that a cookbook key does not name.
fn rsa() -> Value {
    json!({"kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "e": "AQAB",
        "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKr\
            Kb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpP\
            I9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwU\
            kRz5iaiQkqgc5gHdrNP5zw"})
}

/// Figure 1.
fn p521() -> Value {
    json!({"kty": "EC", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "crv": "P-521",
        "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"})
}

#[test]
fn the_signatures_of_rfc_7520_section_4_verify() {
    for (section, jwk, alg, signature) in [
        (
            "4.1",
            rsa(),
            Algorithm::Rs256,
            "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-\
             BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8\
             Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u\
             9ipH84ogoree7vjbU5y18kDquDg",
        ),
        (
            "4.2",
            rsa(),
            Algorithm::Ps384,
            "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_\
             1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm\
             8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJ\
             UAfmWjwZ6oD4ifKo8DYM-X72Eaw",
        ),
        (
            "4.3",
            p521(),
            Algorithm::Es512,
            "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYj\
             nAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
        ),
    ] {
        let parsed = parse_key_set(json!({"keys": [jwk]}).to_string().as_bytes(), AlgorithmSet::all());
        let parsed = parsed.expect("a key set");
        let key = parsed.keys.iter().next().expect("one key");
        // Figures 9, 16 and 23, in the order of members that is printed there.
        let header = format!("{{\"alg\":\"{alg}\",\"kid\":\"bilbo.baggins@hobbiton.example\"}}");
        let message = format!("{}.{PAYLOAD}", URL_SAFE_NO_PAD.encode(header));
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(key.verify(alg, message.as_bytes(), &signature), "section {section} verifies");
        assert!(!key.verify(alg, &message.as_bytes()[1..], &signature), "section {section}, another message");
        for other in AlgorithmSet::all().iter().filter(|other| *other != alg) {
            assert!(!key.verify(other, message.as_bytes(), &signature), "section {section} as {other}");
        }
    }
}

#[test]
fn the_encrypted_and_symmetric_keys_of_rfc_7520_are_not_for_us() {
    // Figure 5: the secret of section 4.4.
    let secret = json!({"kty": "oct", "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037", "use": "sig", "alg": "HS256",
        "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"});
    let mut private = rsa();
    private["d"] = "AQAB".into();
    let mut encryption = p521();
    encryption["use"] = "enc".into();
    for key in [secret, private, encryption] {
        let parsed = parse_key_set(json!({"keys": [key]}).to_string().as_bytes(), AlgorithmSet::all());
        assert!(parsed.is_err(), "{key}");
    }
}
