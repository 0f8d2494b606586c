//! Identity providers of a document, with the keys that they had before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::document::{IdentityProvider, KeySource as Written};
use super::{Input, files};
use crate::keys::{KeySource, Provider, ProviderSpec};
use crate::model::ProviderName;

pub(super) fn compile(input: &Input<'_>) -> BTreeMap<ProviderName, Arc<Provider>> {
    let providers = input.document.identity_providers.iter();
    providers.filter_map(|p| Some((p.name.value.clone(), provider(input, p)?))).collect()
}

fn provider(input: &Input<'_>, written: &IdentityProvider) -> Option<Arc<Provider>> {
    let source = source(input, written);
    let extra_ca = match &written.ca_file {
        Some(path) => {
            files::authorities(input, path)?;
            Some(Arc::from(input.file(path)?))
        }
        None => None,
    };
    let spec = ProviderSpec {
        name: written.name.value.clone(),
        issuer: written.issuer.value.clone(),
        source: source?,
        algorithms: written.algorithms,
        leeway: written.leeway,
        refresh: written.refresh,
        max_stale: written.max_stale,
        insecure_http: written.insecure_http,
        extra_ca,
    };
    let before = input.previous.and_then(|snapshot| snapshot.providers.get(&spec.name));
    if let Some(before) = before.filter(|before| *before.spec() == spec) {
        return Some(Arc::clone(before));
    }
    let metrics = input.metrics.provider(&spec.name);
    Some(Provider::new(spec, metrics))
}

fn source(input: &Input<'_>, written: &IdentityProvider) -> Option<KeySource> {
    Some(match &written.source.value {
        Written::Discovery => KeySource::Discovery,
        Written::JwksUri(url) => KeySource::JwksUri(url.clone()),
        Written::JwksFile(path) => {
            input.file(path)?;
            KeySource::JwksFile(path.value.clone())
        }
        Written::Inline(value) => KeySource::Inline(value.clone()),
        Written::PublicKeyFile(path) => {
            input.file(path)?;
            KeySource::PublicKeyFile(path.value.clone())
        }
        Written::PublicKey(pem) => KeySource::PublicKey(pem.clone()),
    })
}
