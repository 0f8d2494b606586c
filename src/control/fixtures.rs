//! A reconciler that runs on a real folder, and orders to it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::model::{FixedClock, Instant, Live, ResourceId};
use crate::store::{FileDocuments, Writer};
use crate::telemetry::Metrics;

use super::{Control, Edit, EditError, Edited, Expect, Reconciler, Stores, To, Wanted, load};

pub(super) const DOCUMENT: &str = "version: 1
store: { directory: store }
identity_providers:
  inline:
    issuer: https://inline.example.com
    jwks: { keys: [{ kty: OKP, crv: Ed25519, kid: a, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }
";

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) control: Control,
}

impl World {
    pub(super) async fn start(document: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("portcullis.yaml"), document).unwrap();
        Self::over(folder).await
    }

    pub(super) async fn over(folder: TempDir) -> Self {
        crate::net::fixtures::install_tls();
        let path = folder.path().join("portcullis.yaml");
        let stores = Stores::open(Box::new(FileDocuments::new(path)), Writer::Now).await.unwrap();
        let metrics = Metrics::new().unwrap();
        let (compiled, files) = load(&stores, &metrics).await.unwrap();
        let live = Arc::new(Live::new(compiled.snapshot));
        let clock = Arc::new(FixedClock::at(Instant::from_unix(1_800_000_000)));
        let reconciler = Reconciler::new(stores, files, live, metrics, clock, None).await;
        let control = reconciler.control();
        tokio::spawn(reconciler.run());
        Self { folder, control }
    }

    pub(super) async fn edit(&self, id: &str, expect: Expect, to: To) -> Result<Edited, EditError> {
        self.control.edit(edit(id, expect, to)).await
    }

    pub(super) async fn put(&self, id: &str, value: Value) -> Edited {
        self.edit(id, Expect::Anything, To::Json(value)).await.unwrap()
    }

    pub(super) fn file(&self, id: &str) -> PathBuf {
        self.folder.path().join("store").join(format!("{id}.yaml"))
    }

    pub(super) fn has(&self, id: &str) -> bool {
        let live = self.control.live().written(&resource(id)).is_some();
        assert_eq!(live, self.file(id).exists(), "{id}: what runs is what is kept");
        live
    }
}

pub(super) fn resource(id: &str) -> ResourceId {
    ResourceId::parse(id).unwrap()
}

pub(super) fn edit(id: &str, expect: Expect, to: To) -> Edit {
    let wanted = vec![Wanted { id: resource(id), expect, to }];
    Edit { who: "tester".to_owned(), what: format!("change {id}"), wanted, dry_run: false, force: false }
}

pub(super) fn agent(auth: Value) -> Value {
    json!({"route": "/a", "upstream": "http://127.0.0.1:9000", "auth": auth})
}

pub(super) fn key(of: &str) -> Value {
    json!({"agent": of, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
}

/// An agent whose file is broken by hand; the text that ran before.
pub(super) async fn with_a_broken_agent(world: &World) -> String {
    let mut other = agent(json!("public"));
    other["route"] = json!("/b");
    world.put("agents/b", other).await;
    let good = fs::read_to_string(world.file("agents/b")).unwrap();
    fs::write(world.file("agents/b"), BROKEN).unwrap();
    assert!(matches!(world.control.reload().await, Err(EditError::Invalid(_))));
    good
}

pub(super) const BROKEN: &str = "route: /b\nupstream: http://127.0.0.1:9000\nauth: { oauth: { scope: x } }\n";

pub(super) fn by_hand(world: &World, id: &str, text: &str) {
    fs::write(world.file(id), text).unwrap();
}

pub(super) fn broken(world: &World) -> Vec<String> {
    world.control.status().broken.iter().map(|b| b.resource.as_ref().unwrap().to_string()).collect()
}

pub(super) fn text_of(world: &World, id: &str) -> Option<String> {
    world.control.live().source_of(&resource(id)).map(|source| source.text.to_string())
}
