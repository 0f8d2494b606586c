//! `auth.oauth.sender_constraint`: tokens that are bound to keys of their holder.

use std::path::PathBuf;
use std::time::Duration;

use super::super::super::fields::Fields;
use super::super::super::section::{Settings, section};
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{Count, FilePath, List, Time, word, words};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;
use crate::model::{Algorithm, AlgorithmSet};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

section! {
    /// `auth.oauth.sender_constraint`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SenderConstraint = "`sender_constraint`" {
        /// tokens that are bound to a key of their holder (DPoP, `cnf.jkt`): off refuses them, optional wants a proof with each
        /// request, required refuses all others as well
        dpop: BindingMode as BindingMode = BindingMode::Off;
        /// tokens that are bound to the certificate of the client (`cnf.x5t#S256`): off refuses them, optional wants that
        /// certificate, required refuses all others as well
        mtls: BindingMode as BindingMode = BindingMode::Off;
        /// `[dpop, mtls]`: a token must be bound in one of these ways; a mode that is off counts as optional then
        any_of: Vec<BindingName> as List<BindingName> = Vec::new();
        /// the algorithms of proofs; default ES256, ES384, EdDSA, PS256 and RS256
        algorithms: AlgorithmSet as AlgorithmSet = usual_algorithms();
        /// how far `iat` of a proof may be from now, either way
        max_age: Duration as Time<{ 3 * SECOND }, HOUR> = Duration::from_secs(300);
        /// off, or required: a proof must have a nonce of the gateway; or mode, age and key_file
        nonce: Nonce as Nonce = Nonce::default();
        /// the most proofs that are remembered, so that none passes twice; a key holds at most a hundredth of them
        replay_entries: usize as Count<16, 10_000_000> = 200_000;
        /// a token that is bound where dpop and mtls are off: refuse, or ignore: take it as a bearer token
        cnf: Cnf as Cnf = Cnf::Refuse;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            if let Some(read) = read {
                check_any_of(fields, read);
                check_ignored(fields, read);
                warn_of_lost_nonces(fields, read);
            }
        }
    }
}

section! {
    /// `auth.oauth.sender_constraint.nonce` written as a mapping
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct NonceSettings = "`nonce`" {
        /// off, or required: a proof must have a nonce of the gateway
        mode: NonceMode as NonceMode, required;
        /// how long a nonce is accepted; half as long as that one is given out
        age: Duration as Time<SECOND, HOUR> = NONCE_AGE;
        /// the file with the key that makes nonces, for gateways that share a load: 32 bytes, or 64 hexadecimal digits, and below
        /// them the key before, if there was one; read again when it changes. Default: a key of the process
        key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
    }
    impl { const STRICT: bool = true; }
}

const NONCE_AGE: Duration = Duration::from_secs(60);

/// What an agent asks of bindings of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingMode {
    /// Tokens with such a binding are refused.
    Off,
    /// Those that have one must show it.
    Optional,
    /// All must have one.
    Required,
}

/// A kind of binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingName {
    /// To a key, of which requests have proofs.
    Dpop,
    /// To a certificate.
    Mtls,
}

/// Whether proofs must have a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceMode {
    /// No.
    Off,
    /// Yes.
    Required,
}

/// What becomes of bound tokens where nothing checks what they are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cnf {
    /// They are refused.
    Refuse,
    /// They are bearer tokens.
    Ignore,
}

/// `auth.oauth.sender_constraint.nonce`, in either form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(pub NonceSettings);

words!(BindingMode { Off = "off", Optional = "optional", Required = "required" });
words!(BindingName { Dpop = "dpop", Mtls = "mtls" });
words!(NonceMode { Off = "off", Required = "required" });
words!(Cnf { Refuse = "refuse", Ignore = "ignore" });

impl SenderConstraint {
    /// What is asked of proofs, a mode that `any_of` turns on among it.
    pub(in crate::config) fn dpop_mode(&self) -> BindingMode {
        turned_on(self.dpop, !self.any_of.is_empty())
    }

    /// The same of certificates.
    pub(in crate::config) fn mtls_mode(&self) -> BindingMode {
        turned_on(self.mtls, !self.any_of.is_empty())
    }
}

const fn turned_on(mode: BindingMode, is_listed: bool) -> BindingMode {
    match (mode, is_listed) {
        (BindingMode::Off, true) => BindingMode::Optional,
        (mode, _) => mode,
    }
}

/// Those of the implementations in use. RSA of 3072 bits and more takes proofs of a kilobyte, and few use ES512.
fn usual_algorithms() -> AlgorithmSet {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
    [Es256, Es384, EdDsa, Ps256, Rs256].into_iter().collect()
}

impl Default for Nonce {
    fn default() -> Self {
        Self(NonceSettings { mode: NonceMode::Off, age: NONCE_AGE, key_file: None })
    }
}

impl Value for Nonce {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[NonceMode::SHAPE, Shape::Section(NonceSettings::SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        if node.is_map() {
            return NonceSettings::read(report, node).map(Self);
        }
        let mode = match word(report, node, &["off", "required"])? {
            "required" => NonceMode::Required,
            _ => NonceMode::Off,
        };
        Some(Self(NonceSettings { mode, ..Self::default().0 }))
    }

    fn shown(read: &Self) -> Option<String> {
        (*read == Self::default()).then(|| "off".to_owned())
    }
}

fn check_any_of(fields: &Fields<'_>, read: &SenderConstraint) {
    let Some(node) = fields.node("any_of").filter(|_| !read.any_of.is_empty()) else { return };
    let names = |name| read.any_of.iter().filter(|other| **other == name).count() == 1;
    if read.any_of.len() == 2 && names(BindingName::Dpop) && names(BindingName::Mtls) {
        return;
    }
    let message = "`any_of` names the two bindings of which one will do";
    let help = "write `any_of: [dpop, mtls]`; where one kind alone will do, write `dpop: required` or `mtls: required`";
    fields.report().say(Code::BadWord, node.place, message, help);
}

fn check_ignored(fields: &Fields<'_>, read: &SenderConstraint) {
    let is_checked = (read.dpop_mode(), read.mtls_mode()) != (BindingMode::Off, BindingMode::Off);
    if let Some(node) = fields.node("cnf").filter(|_| is_checked && read.cnf == Cnf::Ignore) {
        let message = "`cnf: ignore` where bindings are checked: a thief would leave the proof out";
        let help = "remove `cnf`, or turn `dpop` and `mtls` off";
        fields.report().say(Code::BindingConflict, node.place, message, help);
    }
}

fn warn_of_lost_nonces(fields: &Fields<'_>, read: &SenderConstraint) {
    let Nonce(nonce) = &read.nonce;
    let is_used = read.dpop_mode() != BindingMode::Off && nonce.mode == NonceMode::Required;
    if let Some(node) = fields.node("nonce").filter(|_| is_used && nonce.key_file.is_none()) {
        let message = "nonces are made with a key of the process: behind a balancer each gateway refuses those of the others, and a \
                       client that is sent to and fro asks for nonces for ever";
        let help =
            "give all gateways the same `nonce: { mode: required, key_file: FILE }`; alone, one needs none";
        fields.report().say(Code::NonceKeyMissing, node.place, message, help);
    }
}
