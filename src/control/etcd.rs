//! The store in etcd that a configuration names.

use std::path::Path;
use std::sync::Arc;

use crate::config;
use crate::model::SystemClock;
use crate::store::{EtcdMoving, EtcdOptions, EtcdStore, Observer, SnapshotFile, Unobserved, Writer};
use crate::telemetry::Metrics;

use super::diff::shown;
use super::observe::Observed;
use super::shared_store::SharedStore;

/// The store of these settings, and what it has besides. A process that may write follows it from now on, and remembers
/// in its `state_dir` what is live; another one only reads it. With `metrics`, what it tells of itself is counted.
pub(super) async fn open(
    settings: &config::Etcd,
    state_dir: Option<&Path>,
    writer: Writer,
    metrics: Option<&Metrics>,
) -> (EtcdStore, SharedStore) {
    let observed = metrics.map(|metrics| Arc::new(Observed::new(metrics, Arc::new(SystemClock))));
    let observer = observed.clone().map(|observed| observed as Arc<dyn Observer>);
    let mut store = EtcdStore::new(options(settings), observer.unwrap_or_else(|| Arc::new(Unobserved)));
    match writer {
        Writer::Now | Writer::Later => {
            if let Some(folder) = state_dir {
                store.remember(SnapshotFile::in_folder(folder)).await;
            }
            store.follow();
        }
        Writer::Never => {}
    }
    let shared = SharedStore { health: store.health_source(), presence: store.presence(), observed };
    (store, shared)
}

/// The same, for a command.
pub(super) fn moving(settings: &config::Etcd) -> EtcdMoving {
    EtcdMoving::new(options(settings))
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
