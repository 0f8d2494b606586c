//! The gateway under test: the real binary, a folder with its configuration, and everything that it says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::binary::binary;
use crate::eventually;

/// How a gateway is started.
#[derive(Default)]
pub struct Start<'a> {
    /// The YAML below `server`: `identity_providers`, `agents`, `api_keys`.
    pub body: &'a str,
    /// Further lines of `server`, indented by two.
    pub server: &'a str,
    /// The admin listener, with these further members of `server.admin` (`""`, or `, hosts: [a.example]`).
    pub admin: Option<&'a str>,
    /// The folder of the store, as the configuration names it.
    pub store: Option<&'a str>,
    /// Files beside the configuration, or in folders there.
    pub files: &'a [(&'a str, &'a str)],
    /// Further arguments of `run`.
    pub args: &'a [&'a str],
    /// The command that starts it, with its arguments (`prlimit --nofile=512`); usually none.
    pub through: &'a [&'a str],
    /// A second listener with TLS from these files: `(cert, key)` pairs, named in `files`.
    pub tls: &'a [(&'a str, &'a str)],
    /// Writes the configuration into the folder in a way of its own and says what `-c` names.
    pub layout: Option<fn(&Path, &str) -> PathBuf>,
    /// Variables of its environment, besides our own.
    pub env: &'a [(&'a str, &'a str)],
}

/// A running gateway; it ends when this is dropped.
pub struct Gateway {
    /// The port of the plain listener.
    pub port: u16,
    /// The port of the TLS listener, if it has one.
    pub tls_port: u16,
    /// The port of the ops listener.
    pub ops: u16,
    /// The port of the admin listener, if it has one.
    pub admin: u16,
    /// Where its files are.
    pub folder: TempDir,
    server: String,
    through: Vec<String>,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

type Lines = Arc<Mutex<Vec<String>>>;

/// One client for a whole test: its connections are kept alive. It follows no redirects and knows no proxy.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make = || {
        // Already installed by another test in this process: that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        builder.timeout(Duration::from_secs(30)).build().expect("a client")
    };
    CLIENT.get_or_init(make).clone()
}

/// A port that nobody has at the moment: below those that the system gives to clients, and from another place for each
/// process, so that two tests do not reach for the same one.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    let begin = std::process::id().wrapping_mul(20);
    let ports = std::iter::repeat_with(|| {
        let at = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        u16::try_from(FIRST + at).expect("a port")
    });
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(COUNT as usize).find(is_free).expect("a free port")
}

impl Start<'_> {
    /// Starts it and waits until it listens and is ready.
    pub async fn ready(&self) -> Gateway {
        let gateway = self.alive().await;
        eventually("the gateway is ready", Duration::from_secs(30), async || {
            (gateway.ops_get("/readyz").await.0 == 200).then_some(())
        })
        .await;
        gateway
    }

    /// Starts it and waits until it listens, ready or not.
    pub async fn alive(&self) -> Gateway {
        let (port, tls_port, ops, admin) = (free_port(), free_port(), free_port(), free_port());
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in self.files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of a file");
            std::fs::write(path, content).expect("a file beside the configuration");
        }
        let mut server = format!("version: 1\nserver:\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n");
        server += &format!("  listeners:\n    - address: 127.0.0.1:{port}\n");
        if !self.tls.is_empty() {
            server += &format!("    - address: 127.0.0.1:{tls_port}\n      tls:\n        certificates:\n");
            for (cert, key) in self.tls {
                server += &format!("          - {{ cert_file: {cert}, key_file: {key} }}\n");
            }
        }
        if let Some(more) = self.admin {
            server += "  admin: { ";
            server += &format!("address: \"127.0.0.1:{admin}\", token_file: admin.token{more} }}\n");
        }
        server += self.server;
        if let Some(directory) = self.store {
            server += &format!("store: {{ directory: \"{directory}\" }}\n");
        }
        let text = format!("{server}{}", self.body);
        let config = self.layout.unwrap_or(|folder, text| {
            let config = folder.join("portcullis.yaml");
            std::fs::write(&config, text).expect("the configuration is written");
            config
        })(folder.path(), &text);
        let mut args: Vec<OsString> = ["run", "--log-format", "json", "-c"].map(Into::into).into();
        args.push(config.into());
        args.extend(self.args.iter().map(Into::into));
        let (stdout, stderr) = (Lines::default(), Lines::default());
        let env: Vec<_> =
            self.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let through: Vec<String> = self.through.iter().map(|&word| word.to_owned()).collect();
        let child = launch(&through, &args, &env, &stdout, &stderr);
        let mut gateway =
            Gateway { port, tls_port, ops, admin, folder, server, through, args, env, child, stdout, stderr };
        gateway.listens().await;
        gateway
    }
}

/// Starts the binary; what it says is added to the lines.
fn launch(
    through: &[String],
    args: &[OsString],
    env: &[(String, String)],
    stdout: &Lines,
    stderr: &Lines,
) -> Child {
    let mut words: Vec<OsString> = through.iter().map(Into::into).collect();
    words.push(binary());
    words.extend_from_slice(args);
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the gateway starts");
    collect(child.stdout.take().expect("its output"), stdout);
    collect(child.stderr.take().expect("its log"), stderr);
    child
}

fn collect(from: impl AsyncRead + Unpin + Send + 'static, lines: &Lines) {
    let sink = Arc::clone(lines);
    tokio::spawn(async move {
        let mut from = BufReader::new(from).lines();
        while let Ok(Some(line)) = from.next_line().await {
            sink.lock().expect("the lines").push(line);
        }
    });
}

impl Gateway {
    /// The URL of a path at the plain listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The file that `-c` names.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("portcullis.yaml")
    }

    /// Writes the configuration anew, with the same `server`.
    pub fn write_body(&self, body: &str) {
        std::fs::write(self.config(), self.text(body)).expect("the configuration is written");
    }

    /// The whole configuration with this body and the same `server`.
    pub fn text(&self, body: &str) -> String {
        format!("{}{body}", self.server)
    }

    /// Asks the ops listener: status and body.
    pub async fn ops_get(&self, path: &str) -> (u16, String) {
        let answer = client().get(format!("http://127.0.0.1:{}{path}", self.ops)).send().await;
        match answer {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }

    /// The sum of the samples of a metric whose labels hold all of `labels` (each as `name="value"`).
    pub async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let (_, page) = self.ops_get("/metrics").await;
        let samples = page.lines().filter(|line| {
            let of_name = line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
            of_name && labels.iter().all(|label| line.contains(label))
        });
        samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// The access log line of a request, by its id.
    pub async fn logged(&self, request_id: &str) -> Value {
        eventually("the request is logged", Duration::from_secs(10), async || {
            let lines = self.stdout.lock().expect("the lines");
            let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            parsed.into_iter().find(|line| line["request_id"] == request_id)
        })
        .await
    }

    /// Every line on standard output so far.
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lock().expect("the lines").clone()
    }

    /// Every line on standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lock().expect("the lines").clone()
    }

    /// Sends a signal by name (`TERM`, `HUP`, …).
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.expect("kill runs");
        assert!(sent.success(), "SIG{name} is sent");
    }

    /// Waits until every listener takes connections and the process says that it lives.
    async fn listens(&mut self) {
        let (port, ops) = (self.port, self.ops);
        let admin = if self.server.contains("\n  admin: ") { self.admin } else { port };
        eventually("the gateway listens", Duration::from_secs(30), async || {
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it does not start: {:?}", self.stderr());
            for port in [port, admin] {
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            }
            let alive = client().get(format!("http://127.0.0.1:{ops}/livez")).send().await;
            alive.is_ok_and(|answer| answer.status().is_success()).then_some(())
        })
        .await;
    }

    /// Ends the process with SIGKILL, at this very moment.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Starts the same binary again on the same folder and the same ports, and waits until it listens.
    pub async fn start_again(&mut self) {
        self.child = launch(&self.through, &self.args, &self.env, &self.stdout, &self.stderr);
        self.listens().await;
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        tokio::time::timeout(within, self.child.wait())
            .await
            .expect("it ends in time")
            .expect("it can be waited for")
    }
}
