//! Identity providers of a document, with the keys that they had before.

use std::sync::Arc;

use super::input::{Input, Mention};
use super::made::Providers;
use super::{files, introspection, terms};
use crate::config::language::settings::provider::{IdentityProvider, KeySource as Written};
use crate::config::named::Named;
use crate::config::text::code::Code;
use crate::idp::{
    KeySource, ParsedKeys, Provider, ProviderSpec, TokenKind, parse_bundle, parse_key_set, parse_public_key,
};
use crate::model::{Algorithm, AlgorithmSet, CertificateUse, ProviderName};

/// What a provider is to be, with the keys that stand in the document, where they were read.
pub(super) struct Wanted {
    spec: ProviderSpec,
    keys: Option<ParsedKeys>,
}

/// What the providers of the document are to be; what is wrong with their files and keys is reported.
pub(super) fn wanted(input: &Input<'_>, terms: &mut Vec<Named>) -> Vec<Wanted> {
    input.document.identity_providers.iter().filter_map(|provider| want(input, provider, terms)).collect()
}

/// The providers: those of before where nothing changed, and the keys of before where their source did not.
pub(super) fn make(input: &Input<'_>, wanted: Vec<Wanted>) -> Providers {
    let provider = |Wanted { spec, keys }: Wanted| {
        let metrics = input.metrics.provider(&spec.name);
        match (before(input, &spec.name), keys) {
            (Some(before), _) if *before.spec() == spec => Arc::clone(before),
            (_, Some(keys)) => Provider::holding(spec, metrics, keys),
            (Some(before), None) => Provider::succeeding(spec, metrics, before),
            (None, None) => Provider::new(spec, metrics),
        }
    };
    wanted.into_iter().map(|wanted| (wanted.spec.name.clone(), provider(wanted))).collect()
}

fn before<'a>(input: &Input<'a>, name: &ProviderName) -> Option<&'a Arc<Provider>> {
    input.previous?.providers.get(name)
}

fn want<'a>(input: &Input<'a>, written: &'a IdentityProvider, terms: &mut Vec<Named>) -> Option<Wanted> {
    let source = source(input, written);
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
    let introspection = match written.introspection.as_deref() {
        Some(asked) => Some(Box::new(introspection::of(input, written, asked, terms)?)),
        None => None,
    };
    let (source, keys) = source?;
    let spec = ProviderSpec {
        name: written.id.value.clone(),
        issuer: written.issuer.value.clone(),
        tokens: if written.spiffe.is_some() { TokenKind::JwtSvid } else { TokenKind::Jwt },
        source,
        algorithms: algorithms(written),
        leeway: written.leeway,
        refresh: written.refresh,
        max_stale: written.max_stale,
        insecure_http: written.insecure_http,
        egress_proxy: written.egress_proxy.clone(),
        extra_ca,
        implied_scopes: written.scope_implies.clone(),
        client_claim: written.client_claim.as_deref().map(Box::from),
        introspection,
    };
    Some(Wanted { spec, keys })
}

/// The source of keys; what is here already must hold a key that the provider can use. Keys in the document are read once,
/// and not again while nothing about them changes.
fn source<'a>(input: &Input<'a>, written: &'a IdentityProvider) -> Option<(KeySource, Option<ParsedKeys>)> {
    let algorithms = algorithms(written);
    let source = match &written.keys.value {
        Written::Discovery => KeySource::Discovery,
        Written::JwksUri(url) => KeySource::JwksUri(url.clone()),
        Written::JwksFile(path) => {
            let path = Mention::new(&written.source, path);
            let parsed = parse_key_set(input.file(path)?, algorithms).map(drop);
            usable_file(input, path, parsed.map_err(|error| error.to_string()))?;
            KeySource::JwksFile(path.path().to_path_buf())
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
        Written::Bundle => bundle(input, written)?,
        Written::Inline(value) => KeySource::Inline(value.clone()),
        Written::PublicKey(pem) => KeySource::PublicKey(pem.clone()),
    };
    let same = |before: &&Arc<Provider>| {
        let before = before.spec();
        before.source == source && before.algorithms == algorithms
    };
    let keys = match &source {
        _ if before(input, &written.id.value).filter(same).is_some() => None,
        KeySource::Inline(value) => {
            let parsed = parse_key_set(value.to_string().as_bytes(), algorithms);
            Some(usable(input, written, parsed.map_err(|error| error.to_string()))?)
        }
        KeySource::PublicKey(pem) => {
            let parsed = parse_public_key(pem, algorithms).map_err(|error| error.to_string());
            let keys = usable(input, written, parsed)?;
            Some(ParsedKeys { keys, skipped: Vec::new(), refresh_hint: None })
        }
        KeySource::Discovery
        | KeySource::JwksUri(_)
        | KeySource::JwksFile(_)
        | KeySource::PublicKeyFile(_) => None,
    };
    Some((source, keys))
}

/// The bundle of a trust domain; one in a file must hold a key of JWT-SVIDs.
fn bundle<'a>(input: &Input<'a>, written: &'a IdentityProvider) -> Option<KeySource> {
    let spiffe = written.spiffe.as_ref()?;
    match (&spiffe.bundle_url, &spiffe.bundle_file) {
        (Some(url), _) => Some(KeySource::JwksUri(url.clone())),
        (None, Some(path)) => {
            let path = Mention::new(&written.source, path);
            let parsed = parse_bundle(input.file(path)?, algorithms(written)).map(drop);
            usable_file(input, path, parsed.map_err(|error| error.to_string()))?;
            Some(KeySource::JwksFile(path.path().to_path_buf()))
        }
        (None, None) => None,
    }
}

/// The algorithms that its tokens may use: of JWT-SVIDs those of RSA and ECDSA alone (SPIFFE JWT-SVID section 2.1).
fn algorithms(written: &IdentityProvider) -> AlgorithmSet {
    match written.spiffe {
        Some(_) => written.algorithms.iter().filter(|algorithm| *algorithm != Algorithm::EdDsa).collect(),
        None => written.algorithms,
    }
}

const HELP: &str = "give it a public key for one of the provider's `algorithms`";

fn usable<'a, T>(input: &Input<'a>, written: &'a IdentityProvider, parsed: Result<T, String>) -> Option<T> {
    let report = input.report(&written.source);
    parsed.map_err(|why| report.say(Code::BadKeySet, written.keys.place, why, HELP)).ok()
}

fn usable_file<'a>(input: &Input<'a>, file: Mention<'a>, parsed: Result<(), String>) -> Option<()> {
    parsed.map_err(|why| input.bad_file(file, &why, HELP)).ok()
}
