//! `spiffe` of an identity provider: a trust domain, whose workloads bring JWT-SVIDs.

use std::path::PathBuf;

use url::Url;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::{Field, Section, Shape};
use super::super::super::value::{Placed, Value};
use super::super::super::values::{FilePath, bad_url, some_text};
use super::super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};
use crate::model::Issuer;

/// Of the two profiles of a bundle's endpoint (SPIFFE Federation) there is one.
const ONLY_WEB: &str = "write an https URL as `bundle_url`, and no profile: a bundle is fetched as https_web says, from a server with a \
                        certificate of its host (`ca_file` of the provider names a private authority). https_spiffe, where the \
                        bundle itself authenticates its server, is not supported";
/// The longest name of a trust domain, in bytes (SPIFFE ID section 2.1).
const LONGEST: usize = 255;

section! {
    /// `spiffe` of an identity provider
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Spiffe = "`spiffe`" {
        /// the trust domain, such as prod.example.com: `sub` of its tokens begins with spiffe://prod.example.com/
        trust_domain: String as TrustDomain, required;
        /// fetch the bundle with the keys from this https URL (the profile https_web)
        bundle_url: Option<Url> as BundleUrl;
        /// read the bundle from this file, again when it changes
        bundle_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
    }
    impl {
        const STRICT: bool = true;
        const INSTEAD: &'static [(&'static str, &'static str)] =
            &[("profile", ONLY_WEB), ("bundle_endpoint_profile", ONLY_WEB), ("endpoint_spiffe_id", ONLY_WEB)];

        fn check(fields: &Fields<'_>, _read: Option<&Self>) {
            let (url, file) = (fields.entry("bundle_url"), fields.entry("bundle_file"));
            match (url, file) {
                (Some((url, _)), Some((file, _))) => {
                    let message = "the bundle comes from a URL or from a file, not from both";
                    let help = "keep `bundle_url` or `bundle_file`";
                    fields.report().clash(Code::KeySourceConflict, file, url, message, help);
                }
                (None, None) => {
                    let message = "nothing says where the keys of the trust domain are";
                    let help = "write `bundle_url: https://...` or `bundle_file: PATH`";
                    fields.report().say(Code::MissingField, fields.owner(), message, help);
                }
                _ => {}
            }
        }
    }
}

/// The name of a trust domain (SPIFFE ID section 2.1).
enum TrustDomain {}

impl Value for TrustDomain {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern("^[a-z0-9._-]{1,255}$");

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = some_text(report, node)?;
        let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
        if text.len() > LONGEST || !text.bytes().all(is_good) {
            let message = format!("{} is not the name of a trust domain", node.shown());
            let help = "write the name alone, such as `prod.example.com`: lower-case letters, digits, `.`, `-` and `_`";
            report.say(Code::BadIssuer, node.place, message, help);
            return None;
        }
        Some(text)
    }
}

/// Where a bundle is fetched. Plain HTTP is for this machine alone: whoever sits in between could sign for every workload.
enum BundleUrl {}

impl Value for BundleUrl {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        let help = match text.starts_with("spiffe://") {
            true => ONLY_WEB,
            false => "use https; plain http is for loopback hosts alone",
        };
        let bad = |_| bad_url(report, node, &text, "a bundle cannot be fetched from this URL", help);
        web::fetch_url(&text, false).map_err(bad).ok()
    }
}

/// `issuer`, or the trust domain in its place.
pub(super) enum WhoIssues {}

const ISSUER: Section = Section {
    name: "an identity provider",
    one_of: false,
    declared: &[Field::may(
        "issuer",
        Issuer::SHAPE,
        "compared byte for byte with `iss` of a token; needed without `spiffe`",
    )],
};

impl Value for WhoIssues {
    type Read = Spanned<Issuer>;
    const SHAPE: Shape = Shape::Section(&ISSUER);

    fn read(_report: &Report<'_>, _node: &Node) -> Option<Self::Read> {
        None
    }

    fn read_inline(fields: &Fields<'_>) -> Option<Self::Read> {
        let Some((place, spiffe)) = fields.entry("spiffe") else {
            return fields.required::<Placed<Issuer>>("issuer");
        };
        if let Some((issuer, _)) = fields.entry("issuer") {
            fields.optional::<Placed<Issuer>>("issuer");
            let message = "tokens of a trust domain are told by their `sub`, and their `iss` says nothing";
            fields.report().clash(Code::KeySourceConflict, issuer, place, message, "leave `issuer` out");
        }
        // What is wrong with it is said where the section is read.
        let node = spiffe.member("trust_domain")?;
        let Kind::Scalar(scalar) = &node.kind else { return None };
        Some(
            Spanned::new(Issuer::new(&format!("spiffe://{}", scalar.text)), node.place)
                .hidden(scalar.from_env),
        )
    }
}
