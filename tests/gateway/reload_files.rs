//! Configurations that are more than one plain file: a directory, a Kubernetes volume, key files beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use testkit::{Gateway, Key, Start, Upstream, client, eventually};

const AT_ONCE: Duration = Duration::from_secs(1);

fn agent(name: &str, upstream: &Upstream) -> String {
    format!("agents:\n  {name}: {{ route: /{name}, upstream: \"{}\", auth: public }}\n", upstream.url())
}

async fn answers(gateway: &Gateway, path: &str, token: Option<&str>, wanted: u16) {
    eventually(&format!("{path} answers {wanted}"), AT_ONCE, async || {
        let mut request = client().get(gateway.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        (request.send().await.expect("an answer").status() == wanted).then_some(())
    })
    .await;
}

/// `conf/` with the text in one of its files.
fn directory(folder: &Path, text: &str) -> PathBuf {
    let conf = folder.join("conf");
    std::fs::create_dir(&conf).expect("a folder");
    std::fs::write(conf.join("10-server.yaml"), text).expect("it is written");
    conf
}

#[tokio::test]
async fn a_directory_is_read_as_one_configuration_and_new_files_count() {
    let upstream = Upstream::start().await;
    let start = Start { body: &agent("a", &upstream), layout: Some(directory), ..Start::default() };
    let gateway = start.ready().await;
    answers(&gateway, "/a", None, 200).await;
    let conf = gateway.folder.path().join("conf");
    std::fs::write(conf.join("20-b.yaml"), agent("b", &upstream)).expect("it is written");
    answers(&gateway, "/b", None, 200).await;
    answers(&gateway, "/a", None, 200).await;
    // The same name twice is an error that names the other place.
    std::fs::write(conf.join("30-again.yaml"), agent("b", &upstream)).expect("it is written");
    eventually("it is refused", AT_ONCE, async || {
        let log = gateway.stderr().join("\n");
        (log.contains("20-b.yaml") && log.contains("30-again.yaml")).then_some(())
    })
    .await;
    answers(&gateway, "/b", None, 200).await;
    std::fs::remove_file(conf.join("30-again.yaml")).expect("it is removed");
    std::fs::remove_file(conf.join("20-b.yaml")).expect("it is removed");
    answers(&gateway, "/b", None, 404).await;
    let good = gateway.metric("portcullis_config_last_reload_success", &[]).await;
    assert!((good - 1.0).abs() < f64::EPSILON);
}

/// As a ConfigMap is mounted: the file is a link into `..data`, which is a link to a folder with a time in its name.
fn volume(folder: &Path, text: &str) -> PathBuf {
    let mount = folder.join("mount");
    std::fs::create_dir(&mount).expect("a folder");
    swap(&mount, "..2026_01", text);
    std::os::unix::fs::symlink("..data/portcullis.yaml", mount.join("portcullis.yaml")).expect("a link");
    mount.join("portcullis.yaml")
}

/// As the kubelet updates it: a new folder, a link renamed over `..data`, the old folder removed.
fn swap(mount: &Path, version: &str, text: &str) {
    let old = std::fs::read_link(mount.join("..data")).ok();
    std::fs::create_dir(mount.join(version)).expect("a folder");
    std::fs::write(mount.join(version).join("portcullis.yaml"), text).expect("it is written");
    std::os::unix::fs::symlink(version, mount.join("..data_tmp")).expect("a link");
    std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).expect("the swap");
    if let Some(old) = old {
        std::fs::remove_dir_all(mount.join(old)).expect("the old folder is removed");
    }
}

#[tokio::test]
async fn the_symlink_swap_of_kubernetes_is_a_change_each_time() {
    let upstream = Upstream::start().await;
    let start = Start { body: &agent("v1", &upstream), layout: Some(volume), ..Start::default() };
    let gateway = start.ready().await;
    answers(&gateway, "/v1", None, 200).await;
    let mount = gateway.folder.path().join("mount");
    for (version, name) in [("..2026_02", "v2"), ("..2026_03", "v3"), ("..2026_04", "v4")] {
        swap(&mount, version, &gateway.text(&agent(name, &upstream)));
        answers(&gateway, &format!("/{name}"), None, 200).await;
    }
    answers(&gateway, "/v1", None, 404).await;
}

fn with_provider(source: &str, upstream: &Upstream) -> String {
    format!(
        "identity_providers:\n  corp: {{ issuer: \"https://idp.test\", {source} }}\nagents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [corp] }} }} }}\n",
        upstream.url()
    )
}

fn token(key: &Key) -> String {
    let now = testkit::now();
    let claims = json!({"iss": "https://idp.test", "sub": "s", "iat": now, "exp": now + 300});
    key.token(&key.header("ES256"), &claims)
}

#[tokio::test]
async fn a_replaced_key_file_brings_its_new_keys_and_a_spoilt_one_keeps_the_old() {
    let upstream = Upstream::start().await;
    let (old, new) = (Key::new("ES256", "old"), Key::new("ES256", "new"));
    let set = |key: &Key| json!({"keys": [key.jwk()]}).to_string();
    let body = with_provider("jwks_file: keys.json", &upstream);
    let files = [("keys.json", &*set(&old))];
    let gateway = Start { body: &body, files: &files, ..Start::default() }.ready().await;
    answers(&gateway, "/a", Some(&token(&old)), 200).await;
    answers(&gateway, "/a", Some(&token(&new)), 401).await;
    let file = gateway.folder.path().join("keys.json");
    std::fs::write(&file, set(&new)).expect("it is written");
    answers(&gateway, "/a", Some(&token(&new)), 200).await;
    answers(&gateway, "/a", Some(&token(&old)), 401).await;
    for spoilt in ["", "{\"keys\": []}", "not JSON"] {
        std::fs::write(&file, spoilt).expect("it is written");
        eventually("it is noticed", AT_ONCE, async || {
            let stale = gateway.metric("portcullis_jwks_stale", &[]).await;
            let reload = gateway.metric("portcullis_config_last_reload_success", &[]).await;
            (stale > 0.5 || reload < 0.5).then_some(())
        })
        .await;
        answers(&gateway, "/a", Some(&token(&new)), 200).await;
    }
    std::fs::write(&file, set(&old)).expect("it is written");
    answers(&gateway, "/a", Some(&token(&old)), 200).await;
}

#[tokio::test]
async fn a_replaced_pem_key_is_used() {
    let upstream = Upstream::start().await;
    let (old, new) = (Key::new("ES256", "old"), Key::new("ES256", "new"));
    let body = with_provider("public_key_file: key.pem", &upstream);
    let files = [("key.pem", &*old.pem())];
    let gateway = Start { body: &body, files: &files, ..Start::default() }.ready().await;
    answers(&gateway, "/a", Some(&token(&old)), 200).await;
    let fresh = gateway.folder.path().join("key.pem.tmp");
    std::fs::write(&fresh, new.pem()).expect("it is written");
    std::fs::rename(fresh, gateway.folder.path().join("key.pem")).expect("it is renamed");
    answers(&gateway, "/a", Some(&token(&new)), 200).await;
    answers(&gateway, "/a", Some(&token(&old)), 401).await;
}
