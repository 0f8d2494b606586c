//! The store in etcd that a configuration names.

use std::sync::Arc;

use crate::config;
use crate::store::{EtcdOptions, EtcdStore, Unobserved};

use super::diff::shown;

/// The store of these settings, which is followed from now on.
pub(super) fn store(settings: &config::Etcd) -> EtcdStore {
    let mut store = EtcdStore::new(options(settings), Arc::new(Unobserved));
    store.follow();
    store
}

/// The settings for those who know no configuration.
fn options(settings: &config::Etcd) -> EtcdOptions {
    let certificate = settings.cert_file.as_ref().zip(settings.key_file.as_ref());
    let user = settings.username.as_ref().zip(settings.password_file.as_ref());
    EtcdOptions {
        endpoints: settings.endpoints.iter().map(ToString::to_string).collect(),
        prefix: settings.prefix.clone(),
        store_id: settings.store_id.as_ref().map(|id| id.as_str().to_owned()),
        ca_file: settings.ca_file.as_ref().map(|file| file.value.clone()),
        certificate: certificate.map(|(cert, key)| (cert.value.clone(), key.value.clone())),
        user: user.map(|(name, file)| (name.clone(), file.value.clone())),
        masked: shown,
    }
}
