//! A public key or certificate in PEM. What it says holds as for any other key.

use portcullis::idp::parse_public_key;
use portcullis::model::AlgorithmSet;

use super::key_set;

pub(crate) const WORDS: &[&str] = &[
    "-----BEGIN PUBLIC KEY-----\n",
    "-----END PUBLIC KEY-----\n",
    "-----BEGIN RSA PUBLIC KEY-----\n",
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN ",
    "-----",
    "\n",
    "\r\n",
    "=",
    "==",
    "MCowBQYDK2VwAyEA",
    "A",
    "/",
    "+",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
    " ",
];

pub(crate) fn run(input: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(input) else { return "not text".to_owned() };
    match parse_public_key(text, AlgorithmSet::all()) {
        Ok(keys) => {
            assert_eq!(keys.len(), 1, "one key");
            key_set::sound(&keys, AlgorithmSet::all());
            "ok".to_owned()
        }
        Err(error) => {
            let said = error.to_string();
            assert!(said.len() < 4096 + text.len(), "an error without an end");
            said.chars().take(40).collect()
        }
    }
}
