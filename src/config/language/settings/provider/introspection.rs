//! `introspection` of a provider: how it is asked about tokens that only it can read (RFC 7662).

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{Count, ExactText, FilePath, Flag, List, Time, bad_url, some_text, words};
use super::super::super::web;
use super::ProviderSettings;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;
use crate::idp::IntrospectedTokens;
use crate::model::Algorithm;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

section! {
    /// `introspection` of a provider
    #[derive(Debug, Clone, PartialEq)]
    pub struct IntrospectionSettings = "`introspection`" {
        /// the URL of the introspection endpoint; default the one that the issuer's metadata names
        endpoint: Option<Spanned<Url>> as Placed<EndpointUrl>;
        /// who the gateway is there
        auth: ClientAuth as ClientAuth, required;
        /// opaque: it is asked about tokens that are no JWT; all: about its verified JWTs as well, so that revoked ones are
        /// refused
        tokens: IntrospectedTokens as IntrospectedTokens = IntrospectedTokens::Opaque;
        /// responses must be signed (RFC 9701)
        signed: bool as Flag = false;
        /// how long a question may take
        timeout: Duration as Time<100, { 30 * SECOND }> = Duration::from_secs(2);
        /// how long a token counts as active after it was asked about: a revoked one passes for so long
        max_ttl: Duration as Time<0, { 60 * MINUTE }> = Duration::from_secs(60);
        /// how long a token counts as inactive after it was asked about
        negative_ttl: Duration as Time<0, { 60 * MINUTE }> = Duration::from_secs(10);
        /// the most questions under way at once
        max_in_flight: usize as Count<1, 10_000> = 64;
        /// how its opaque tokens begin; empty: with anything
        token_prefix: Vec<String> as List<TokenPrefix> = Vec::new();
    }
    // A provider that was to be asked must not come up without.
    impl { const STRICT: bool = true; }
}

section! {
    /// `introspection.auth` of a provider
    #[derive(Debug, Clone, PartialEq)]
    pub struct ClientAuth = "`auth`" {
        /// the id of the gateway as a client of the provider
        client_id: String as ExactText, required;
        /// the file with its secret; a line end at its end is not part of it
        secret_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// how the secret is sent: basic, in `Authorization`, or post, in the form
        method: SecretMethod as SecretMethod = SecretMethod::Basic;
        /// instead of a secret, a key with which the gateway signs who it is (RFC 7523)
        private_key_jwt: Option<PrivateKeyJwt> as PrivateKeyJwt;
        /// instead of a secret, a certificate that the gateway shows (RFC 8705 section 2)
        tls: Option<ShownCertificate> as ShownCertificate;
    }
    impl {
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, _read: Option<&Self>) {
            check_proof(fields);
        }
    }
}

section! {
    /// `introspection.auth.private_key_jwt` of a provider
    #[derive(Debug, Clone, PartialEq)]
    pub struct PrivateKeyJwt = "`private_key_jwt`" {
        /// the file with the private key (PEM)
        key_file: Spanned<PathBuf> as Placed<FilePath>, required;
        /// what it signs with: RS256, PS256, ES256, ES384 or EdDSA
        alg: Algorithm as Algorithm, required;
    }
    impl { const STRICT: bool = true; }
}

section! {
    /// `introspection.auth.tls` of a provider
    #[derive(Debug, Clone, PartialEq)]
    pub struct ShownCertificate = "`tls`" {
        /// the certificate (PEM) that is shown to the provider, with its chain; one that it signed itself will do where the provider
        /// knows it
        cert_file: Spanned<PathBuf> as Placed<FilePath>, required;
        /// its private key
        key_file: Spanned<PathBuf> as Placed<FilePath>, required;
    }
    impl { const STRICT: bool = true; }
}

/// `introspection.auth.method` of a provider
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretMethod {
    /// HTTP Basic (RFC 6749 section 2.3.1).
    Basic,
    /// In the form.
    Post,
}

words!(IntrospectedTokens { Opaque = "opaque", All = "all" });
words!(SecretMethod { Basic = "basic", Post = "post" });

impl IntrospectionSettings {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &Spanned<PathBuf>> {
        let key = self.auth.private_key_jwt.as_ref().map(|signed| &signed.key_file);
        let shown = self.auth.tls.iter().flat_map(|shown| [&shown.cert_file, &shown.key_file]);
        self.auth.secret_file.iter().chain(key).chain(shown)
    }
}

/// With what a client may prove who it is.
const PROOFS: [&str; 3] = ["secret_file", "private_key_jwt", "tls"];

/// A client has a secret, a key or a certificate.
fn check_proof(fields: &Fields<'_>) {
    let (report, place) = (fields.report(), |name| fields.entry(name).map(|(place, _)| place));
    let mut proofs = PROOFS.into_iter().filter_map(|name| Some((name, place(name)?)));
    let Some((first, at)) = proofs.next() else {
        let message = "this client has no secret, no key and no certificate";
        let help = "write `secret_file`, `private_key_jwt` with `key_file` and `alg`, or `tls` with `cert_file` and `key_file`";
        report.say(Code::MissingField, fields.owner(), message, help);
        return;
    };
    for (other, place) in proofs {
        let message = format!("a client has `{first}` or `{other}`, not both");
        report.clash(Code::AuthConflict, place, at, message, "keep the one that the provider knows");
    }
    if let Some(method) = place("method").filter(|_| place("secret_file").is_none()) {
        let message = "`method` says how a secret is sent, and there is none";
        report.say(Code::UnknownField, method, message, "remove `method`");
    }
}

/// The endpoint must be one that is asked over https, unless plain HTTP is allowed.
pub(super) fn check(fields: &Fields<'_>, provider: &ProviderSettings) {
    let Some(introspection) = &provider.introspection else { return };
    if provider.spiffe.is_some()
        && let Some((place, _)) = fields.entry("introspection")
    {
        let message = "a trust domain issues JWT-SVIDs alone, and nobody can be asked about them";
        fields.report().say(Code::ProtocolBlock, place, message, "remove `introspection`");
    }
    if let Some(endpoint) = &introspection.endpoint
        && let Err(help) = web::fetch_url(endpoint.as_str(), provider.insecure_http)
    {
        fields.report().say(Code::BadUrl, endpoint.place, NOT_ASKED, help);
    }
    if let (Some(endpoint), Some(_)) = (&introspection.endpoint, &introspection.auth.tls)
        && endpoint.value.scheme() != "https"
    {
        let message = "a certificate is shown over https alone";
        let help = "write an https URL, or another way in `auth`";
        fields.report().say(Code::BadUrl, endpoint.place, message, help);
    }
}

const NOT_ASKED: &str = "tokens cannot be introspected at this URL";

/// A URL that can be asked, where plain HTTP is allowed.
enum EndpointUrl {}

impl Value for EndpointUrl {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        web::fetch_url(&text, true).map_err(|help| bad_url(report, node, &text, NOT_ASKED, help)).ok()
    }
}

/// How tokens begin: characters that may follow `Bearer` (RFC 6750 section 2.1).
enum TokenPrefix {}

impl Value for TokenPrefix {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(r"^[A-Za-z0-9._~+/-]{1,64}$");

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = ExactText::read(report, node)?;
        let is_good = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
        if text.len() > 64 || !text.bytes().all(is_good) {
            let message = format!("{} is not how an opaque token begins", node.shown());
            let help = "write 1 to 64 letters, digits and `-._~+/`, such as `pat_`";
            report.say(Code::BadClaim, node.place, message, help);
            return None;
        }
        Some(text)
    }
}
