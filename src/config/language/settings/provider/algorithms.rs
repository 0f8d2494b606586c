//! `algorithms` of a provider: what its tokens may be signed with.

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{SomeList, text};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::suggest::suggest;
use crate::config::text::yaml::Node;
use crate::model::{Algorithm, AlgorithmSet};

/// What can be written: the algorithms, and the newer name of one of them.
const WORDS: &[&str] =
    &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

impl Value for AlgorithmSet {
    type Read = Self;
    const SHAPE: Shape = SomeList::<Algorithm>::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        SomeList::<Algorithm>::read(report, node).map(|list| list.into_iter().collect())
    }
}

impl Value for Algorithm {
    type Read = Self;
    const SHAPE: Shape = Shape::Word(WORDS);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = text(report, node)?;
        let algorithm = text.parse();
        if algorithm.is_err() {
            let message = format!("{} is not an algorithm that is accepted here", node.shown());
            let help = match text.to_ascii_uppercase().as_str() {
                "NONE" => "unsigned tokens are never accepted".to_owned(),
                hmac if hmac.starts_with("HS") => {
                    "HMAC wants a secret that verifier and signer share; use a public-key algorithm"
                        .to_owned()
                }
                _ => suggest(&text, Self::ALL.map(Self::as_str)),
            };
            report.say(Code::BadAlgorithm, node.place, message, help);
        }
        algorithm.ok()
    }
}
