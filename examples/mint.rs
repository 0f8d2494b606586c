//! An issuer for load: makes an RSA key and as many different tokens as wanted.
//!
//! `mint FOLDER COUNT` writes `FOLDER/key.pem` (the public key) and `FOLDER/tokens.txt`, a token a line: RS256, issuer
//! `urn:load:issuer`, audience `urn:load:agent`, good for an hour.

use std::fmt::Write as _;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis::model::{Clock as _, SystemClock};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mint FOLDER COUNT".into());
    };
    let (folder, count) = (Path::new(&folder), count.parse::<usize>()?);

    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der()?;
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(public.as_ref())
    );
    std::fs::write(folder.join("key.pem"), pem)?;

    let now = SystemClock.now().unix();
    let mut tokens = String::new();
    for subject in 0..count {
        let claims = format!(
            r#"{{"iss":"urn:load:issuer","sub":"caller-{subject}","aud":"urn:load:agent","iat":{now},"exp":{},"scope":"load:read load:write","client_id":"wrk","jti":"{subject:032}"}}"#,
            now + 3600
        );
        let header = r#"{"alg":"RS256","typ":"at+jwt"}"#;
        let content = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content.as_bytes(), &mut signature)?;
        writeln!(tokens, "{content}.{}", URL_SAFE_NO_PAD.encode(signature))?;
    }
    std::fs::write(folder.join("tokens.txt"), tokens)?;
    Ok(())
}
