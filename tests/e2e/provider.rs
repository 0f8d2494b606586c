//! An identity provider: `provider.mjs` in a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{client, free_port};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Clients of the provider; each signs with the algorithm that it is named after.
pub(crate) const CLIENTS: [&str; 3] = ["rs256", "es256", "eddsa"];

/// Where a provider lives: its port, and its keys on disk, so that one that comes back is the same one.
pub(crate) struct Site {
    pub(crate) port: u16,
    folder: TempDir,
}

impl Site {
    pub(crate) fn reserve() -> Self {
        Self { port: free_port(), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A running provider; it ends when this is dropped.
pub(crate) struct Provider {
    issuer: String,
    own: Option<Site>,
    child: Child,
}

impl Provider {
    /// Starts a provider with fresh keys.
    pub(crate) async fn start() -> Self {
        let site = Site::reserve();
        let provider = Self::start_at(&site).await;
        Self { own: Some(site), ..provider }
    }

    /// Starts the provider of `site`, with the keys that it had.
    pub(crate) async fn start_at(site: &Site) -> Self {
        let keys = site.folder.path().join("keys.json");
        let keys = keys.to_str().expect("a path");
        let child = launch("provider.mjs", &[&site.port.to_string(), keys]).await;
        Self { issuer: site.issuer(), own: None, child }
    }

    /// What the clients of `bound.mjs` find at a gateway, a line each.
    pub(crate) async fn bound_clients(&self, gateway: &str) -> Vec<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/bound.mjs");
        let mut command = Command::new("node");
        let output = command.arg(script).args([&self.issuer, gateway]).output().await.expect("node starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        assert!(output.status.success(), "{}{}", text(output.stdout), text(output.stderr));
        text(output.stdout).lines().map(str::to_owned).collect()
    }

    pub(crate) fn site(&self) -> &Site {
        self.own.as_ref().expect("a provider that was started with its own site")
    }

    /// An access token for `resource` by the client-credentials grant (RFC 6749 section 4.4, RFC 8707).
    pub(crate) async fn token(&self, client: &str, resource: &str) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id={client}&client_secret=not-a-secret\
             &scope=refunds:write&resource={resource}"
        );
        let answer = self.post("/token", &form).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
    }

    /// Revokes a token of a client (RFC 7009).
    pub(crate) async fn revoke(&self, client_id: &str, token: &str) -> u16 {
        let form = format!("client_id={client_id}&client_secret=not-a-secret&token={token}");
        let request = client().post(self.url("/token/revocation")).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().await.expect("the provider answers").status().as_u16()
    }

    /// The private key of its client `key`.
    pub(crate) fn client_key(&self) -> std::path::PathBuf {
        self.site().folder.path().join("keys.json.client.pem")
    }

    /// Makes new keys and signs with them at once; gives the number of keys that are published now.
    pub(crate) async fn rotate(&self) -> usize {
        self.post("/control/rotate", "").await.as_array().expect("key ids").len()
    }

    /// Tells this URI that alice has logged out; how that went.
    pub(crate) async fn log_out(&self, uri: &str) -> serde_json::Value {
        self.post("/control/logout", uri).await
    }

    /// Takes connections from now on, and never answers.
    pub(crate) async fn hang(&self) {
        self.post("/control/hang", "").await;
    }

    /// Ends the process: connections are refused from now on.
    pub(crate) async fn stop(mut self) {
        self.child.kill().await.expect("the provider can be stopped");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> serde_json::Value {
        let request = client()
            .post(self.url(path))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        let answer = request.send().await.expect("the provider answers");
        serde_json::from_slice(&answer.bytes().await.expect("its body")).expect("JSON from the provider")
    }
}

/// Starts a script of this suite, which says READY when it serves.
pub(crate) async fn launch(script: &str, arguments: &[&str]) -> Child {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
    assert!(
        suite.join("node_modules/oidc-provider").is_dir(),
        "tests/e2e/node_modules is missing: run `make setup` (it needs Node)"
    );
    let mut child = Command::new("node")
        .arg(suite.join(script))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node starts; `make setup` says what is missing");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.expect("its output") {
            if line.starts_with("READY ") {
                return;
            }
        }
        panic!("the identity provider ended before it was ready");
    };
    tokio::time::timeout(Duration::from_secs(60), ready)
        .await
        .expect("the identity provider is ready in time");
    child
}
