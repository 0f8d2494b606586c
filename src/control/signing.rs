//! Keeps the keys with which the gateway signs: those in the operator's file, or those of the gateway's own making, which
//! follow each other by a schedule.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::model::{Clock, Live, SigningAlgorithm};
use crate::signing::{KeyPlan, KeyRing, KeyStore, SigningFrom};
use crate::store::at_leisure;
use crate::telemetry::Metrics;

use super::own_task::OwnTask;

/// The time between two looks at the schedule and at the file, which another process or `portcullis jwks rotate` may have
/// changed: short beside the least time for which a key is published before it signs.
const LOOK: Duration = Duration::from_secs(60);

/// What keeps the keys of the live snapshot.
pub(super) struct Signing {
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// Made when the gateway first signs; keys in memory live as long.
    store: Option<Arc<KeyStore>>,
    task: Option<(KeyPlan, OwnTask)>,
}

impl Signing {
    pub(super) fn new(clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self { clock, metrics, store: None, task: None }
    }

    /// Keeps the keys as the snapshot says. When it returns, there is one to sign with, unless that failed, which is logged.
    pub(super) async fn follow(&mut self, snapshot: &Snapshot) {
        match &snapshot.signing_from {
            None => {
                self.task = None;
                publish(&snapshot.signing, KeyRing::default(), &self.metrics);
            }
            Some(SigningFrom::File(ring)) => {
                self.task = None;
                publish(&snapshot.signing, (**ring).clone(), &self.metrics);
            }
            Some(SigningFrom::Own(plan)) => {
                if self.task.as_ref().is_some_and(|(running, _)| running == plan) {
                    return;
                }
                self.task = None;
                let folder = snapshot.server.state_dir.as_deref();
                let store = self.store.get_or_insert_with(|| Arc::new(KeyStore::of(folder)));
                let mut keeper = Keeper {
                    clock: Arc::clone(&self.clock),
                    metrics: self.metrics.clone(),
                    store: Arc::clone(store),
                    plan: plan.clone(),
                    keys: Arc::clone(&snapshot.signing),
                    failed: None,
                };
                keeper.look().await;
                self.task = Some((plan.clone(), OwnTask::spawn(keeper.run())));
            }
        }
    }
}

struct Keeper {
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    store: Arc<KeyStore>,
    plan: KeyPlan,
    keys: Arc<Live<KeyRing>>,
    /// What was logged last, so that each failure is logged once.
    failed: Option<String>,
}

impl Keeper {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let (store, plan, now) = (Arc::clone(&self.store), self.plan.clone(), self.clock.now());
        match at_leisure(move || store.follow(&plan, now)).await {
            Ok(ring) => {
                self.failed = None;
                publish(&self.keys, ring, &self.metrics);
            }
            Err(error) => {
                let error = error.to_string();
                if self.failed.as_ref() != Some(&error) {
                    tracing::error!(error, "the keys with which the gateway signs cannot be had");
                    self.failed = Some(error);
                }
            }
        }
    }
}

fn publish(keys: &Live<KeyRing>, ring: KeyRing, metrics: &Metrics) {
    let before = keys.get();
    for algorithm in SigningAlgorithm::ALL {
        metrics.signing_key_made(*algorithm, ring.made(*algorithm));
        let kid = |ring: &KeyRing| ring.signer(*algorithm).map(|key| key.kid().to_owned());
        let (kid, before) = (kid(&ring), kid(&before));
        if kid == before {
            continue;
        }
        match kid {
            Some(kid) => tracing::info!(%algorithm, kid, "the gateway signs with this key"),
            None => tracing::info!(%algorithm, "the gateway signs nothing by this algorithm any more"),
        }
    }
    if *before != ring {
        keys.publish(Arc::new(ring));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Files, compile, parse};
    use crate::model::{FixedClock, Instant};
    use crate::signing::new_set;

    const DAY: Duration = Duration::from_secs(86_400);

    /// A configuration whose state is in `folder`, with this `signing`.
    fn snapshot(
        folder: &std::path::Path,
        signing: &str,
        files: &Files,
        before: Option<&Snapshot>,
    ) -> Snapshot {
        let state = folder.join("state");
        let text = format!("version: 1\nserver: {{ state_dir: {}{signing} }}\n", state.display());
        let sources = [crate::config::Source::new("test.yaml", text)];
        let document = parse(&sources, &|_| None).unwrap();
        compile(&document, files, before, &Metrics::new().unwrap()).unwrap().snapshot
    }

    fn kid(snapshot: &Snapshot) -> Option<String> {
        let of = |ring: &KeyRing| ring.signer(SigningAlgorithm::Es256).map(|key| key.kid().to_owned());
        snapshot.signing.with(of)
    }

    fn published(snapshot: &Snapshot) -> usize {
        snapshot.signing.with(|ring| ring.published().matches("\"kid\"").count())
    }

    /// Lets the keeper look until the keys are as wanted: its work is done on another thread.
    async fn eventually(is: impl Fn() -> bool) {
        while !is() {
            tokio::time::sleep(LOOK).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_key_is_published_before_it_signs_and_nobody_has_to_ask() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(Instant::from_unix(1_800_000_000)));
        let metrics = Metrics::new().unwrap();
        let mut signing = Signing::new(Arc::clone(&clock) as Arc<dyn Clock>, metrics.clone());
        let live = snapshot(folder.path(), ", signing: {}", &Files::new(), None);
        signing.follow(&live).await;
        let first = kid(&live).unwrap();
        let made = |at: u64| {
            let series = "portcullis_signing_key_created_timestamp_seconds{alg=\"ES256\"}";
            metrics.render().contains(&format!("{series} {at}\n"))
        };
        assert!(made(1_800_000_000), "{}", metrics.render());
        clock.advance(DAY * 30);
        eventually(|| published(&live) == 2).await;
        assert_eq!(kid(&live), Some(first.clone()));
        clock.advance(DAY);
        eventually(|| kid(&live) != Some(first.clone())).await;
        assert_eq!(published(&live), 2, "what the first one signed is still verified");
        assert!(made(1_800_000_000 + 30 * DAY.as_secs()), "{}", metrics.render());
        signing.follow(&snapshot(folder.path(), "", &Files::new(), Some(&live))).await;
        assert!(!metrics.render().contains("portcullis_signing_key_created"), "nothing is signed any more");
    }

    #[tokio::test]
    async fn keys_outlive_the_process_and_a_file_takes_their_place_and_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::from_unix(1_800_000_000);
        let start = || Signing::new(Arc::new(FixedClock::at(now)), Metrics::new().unwrap());
        let (mut signing, none) = (start(), Files::new());
        let silent = snapshot(folder.path(), "", &none, None);
        signing.follow(&silent).await;
        assert_eq!((kid(&silent), published(&silent)), (None, 0));
        let live = snapshot(folder.path(), ", signing: {}", &none, Some(&silent));
        signing.follow(&live).await;
        let own = kid(&live).unwrap();
        drop(signing);
        let again = snapshot(folder.path(), ", signing: {}", &none, None);
        let mut signing = start();
        signing.follow(&again).await;
        assert_eq!(kid(&again), Some(own.clone()));
        let set = new_set(&[SigningAlgorithm::Es256], now).unwrap().expose_secret().as_bytes().to_vec();
        let files = Files::from([("key.json".into(), Ok(set))]);
        let by_file = snapshot(folder.path(), ", signing: { key_file: key.json }", &files, Some(&again));
        signing.follow(&by_file).await;
        assert_ne!(kid(&by_file), Some(own.clone()));
        let back = snapshot(folder.path(), ", signing: {}", &none, Some(&by_file));
        signing.follow(&back).await;
        assert_eq!(kid(&back), Some(own));
    }
}
