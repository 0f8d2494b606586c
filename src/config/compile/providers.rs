//! Identity providers of a document, with the keys that they had before.

use std::sync::Arc;

use super::input::{Input, Mention};
use super::made::Providers;
use super::{files, terms};
use crate::config::language::settings::provider::{IdentityProvider, KeySource as Written};
use crate::config::named::Named;
use crate::config::text::code::Code;
use crate::idp::{KeySource, Provider, ProviderSpec, parse_key_set, parse_public_key};
use crate::model::CertificateUse;

/// What the providers of the document are to be; what is wrong with their files and keys is reported.
pub(super) fn specs(input: &Input<'_>, terms: &mut Vec<Named>) -> Vec<ProviderSpec> {
    input.document.identity_providers.iter().filter_map(|provider| spec(input, provider, terms)).collect()
}

/// The providers: those of before where nothing changed, and the keys of before where their source did not.
pub(super) fn make(input: &Input<'_>, specs: Vec<ProviderSpec>) -> Providers {
    let provider = |spec: ProviderSpec| {
        let metrics = input.metrics.provider(&spec.name);
        match input.previous.and_then(|previous| previous.providers.get(&spec.name)) {
            Some(before) if *before.spec() == spec => Arc::clone(before),
            Some(before) => Provider::succeeding(spec, metrics, before),
            None => Provider::new(spec, metrics),
        }
    };
    specs.into_iter().map(|spec| (spec.name.clone(), provider(spec))).collect()
}

fn spec<'a>(
    input: &Input<'a>,
    written: &'a IdentityProvider,
    terms: &mut Vec<Named>,
) -> Option<ProviderSpec> {
    let keys = keys(input, written);
    let extra_ca = match &written.ca_file {
        Some(path) => {
            let file = Mention::new(&written.source, path);
            let list = files::authorities(input, file)?;
            let used_by = CertificateUse::Provider(written.id.value.clone());
            terms.extend(terms::of_authorities(used_by, file, &list));
            Some(Arc::from(input.file(file)?))
        }
        None => None,
    };
    Some(ProviderSpec {
        name: written.id.value.clone(),
        issuer: written.issuer.value.clone(),
        source: keys?,
        algorithms: written.algorithms,
        leeway: written.leeway,
        refresh: written.refresh,
        max_stale: written.max_stale,
        insecure_http: written.insecure_http,
        egress_proxy: written.egress_proxy.clone(),
        extra_ca,
    })
}

/// The source of keys; what is here already must hold a key that the provider can use.
fn keys<'a>(input: &Input<'a>, written: &'a IdentityProvider) -> Option<KeySource> {
    let algorithms = written.algorithms;
    Some(match &written.keys.value {
        Written::Discovery => KeySource::Discovery,
        Written::JwksUri(url) => KeySource::JwksUri(url.clone()),
        Written::JwksFile(path) => {
            let path = Mention::new(&written.source, path);
            let parsed = parse_key_set(input.file(path)?, algorithms).map(drop);
            usable_file(input, path, parsed.map_err(|error| error.to_string()))?;
            KeySource::JwksFile(path.path().to_path_buf())
        }
        Written::Inline(value) => {
            let parsed = parse_key_set(value.to_string().as_bytes(), algorithms).map(drop);
            usable(input, written, parsed.map_err(|error| error.to_string()))?;
            KeySource::Inline(value.clone())
        }
        Written::PublicKeyFile(path) => {
            let path = Mention::new(&written.source, path);
            let parsed = match std::str::from_utf8(input.file(path)?) {
                Ok(pem) => parse_public_key(pem, algorithms).map(drop).map_err(|error| error.to_string()),
                Err(_) => Err("no text, and so no PEM".to_owned()),
            };
            usable_file(input, path, parsed)?;
            KeySource::PublicKeyFile(path.path().to_path_buf())
        }
        Written::PublicKey(pem) => {
            let parsed = parse_public_key(pem, algorithms).map(drop);
            usable(input, written, parsed.map_err(|error| error.to_string()))?;
            KeySource::PublicKey(pem.clone())
        }
    })
}

const HELP: &str = "give it a public key for one of the provider's `algorithms`";

fn usable<'a>(input: &Input<'a>, written: &'a IdentityProvider, parsed: Result<(), String>) -> Option<()> {
    let report = input.report(&written.source);
    parsed.map_err(|why| report.say(Code::BadKeySet, written.keys.place, why, HELP)).ok()
}

fn usable_file<'a>(input: &Input<'a>, file: Mention<'a>, parsed: Result<(), String>) -> Option<()> {
    parsed.map_err(|why| input.bad_file(file, &why, HELP)).ok()
}
