//! The gateway as processes at one place: its folder, ports and configuration outlive any single process, so that a
//! successor can be started beside the first, and where standard output goes is the test's to say.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use testkit::gateway::free_port;
use testkit::{client, eventually};
use tokio::process::{Child, Command};

/// Where gateways run.
pub(crate) struct Place {
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    pub(crate) ops: u16,
    pub(crate) admin: u16,
    pub(crate) folder: TempDir,
    server: String,
    certificate: String,
}

/// One process there; it is killed when this is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    log: PathBuf,
}

impl Place {
    /// A folder with a configuration: a plain and a TLS listener, ops, the admin API, a store, a state folder, these
    /// further lines of `server` (indented by two), and this body.
    pub(crate) fn new(server: &str, body: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made =
            rcgen::generate_simple_self_signed(vec!["gateway.test".to_owned()]).expect("a certificate");
        let (port, tls_port, ops, admin) = (free_port(), free_port(), free_port(), free_port());
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("tls.pem", &made.cert.pem());
        write("tls.key", &made.signing_key.serialize_pem());
        let server = format!(
            "version: 1\nserver:\n  listeners:\n    - address: 127.0.0.1:{port}\n    \
             - address: 127.0.0.1:{tls_port}\n      tls:\n        certificates:\n          \
             - {{ cert_file: tls.pem, key_file: tls.key }}\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n  \
             admin: {{ address: \"127.0.0.1:{admin}\", token_file: admin.token }}\n{server}\
             store: {{ directory: store }}\n"
        );
        let server = if server.contains("state_dir:") {
            server
        } else {
            server.replacen("server:\n", "server:\n  state_dir: state\n", 1)
        };
        let place = Self { port, tls_port, ops, admin, folder, server, certificate: made.cert.pem() };
        place.write(body);
        place
    }

    /// Puts another configuration in the place of this one, in one step, with the same `server`.
    pub(crate) fn write(&self, body: &str) {
        let (config, new) = (self.config(), self.folder.path().join("portcullis.yaml.new"));
        std::fs::write(&new, format!("{}{body}", self.server)).expect("a file");
        std::fs::rename(new, config).expect("it takes the old one's place");
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("portcullis.yaml")
    }

    /// The socket at which a successor waits for the listeners.
    pub(crate) fn upgrade_socket(&self) -> PathBuf {
        self.folder.path().join("state/upgrade.sock")
    }

    /// A client that speaks HTTP/2 to the TLS listener, and the beginning of its URLs.
    pub(crate) fn http2(&self) -> (reqwest::Client, String) {
        // The plain client installs the process's TLS provider.
        let _provider = client();
        let root = reqwest::Certificate::from_pem(self.certificate.as_bytes()).expect("a certificate");
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        let at = std::net::SocketAddr::from(([127, 0, 0, 1], self.tls_port));
        let client = builder.resolve("gateway.test", at).build().expect("a client");
        (client, format!("https://gateway.test:{}", self.tls_port))
    }

    /// The token of the admin API.
    pub(crate) fn token(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("admin.token")).expect("the token");
        text.trim().to_owned()
    }

    /// Starts a process and waits until it is ready.
    pub(crate) async fn start(&self) -> Process {
        let mut process = self.launch(&[], Stdio::null());
        self.ready(&mut process).await;
        process
    }

    /// Starts a process, with these further arguments of `run`.
    pub(crate) fn launch(&self, args: &[&str], out: Stdio) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["run", "--log-format", "json", "-c"]).arg(self.config()).args(args);
        self.spawn(command, out, None)
    }

    /// Starts a process of whose output and log nobody ever reads a byte.
    pub(crate) fn launch_unheard(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["run", "--log-format", "json", "-c"]).arg(self.config());
        self.spawn(command, Stdio::piped(), Some(Stdio::piped()))
    }

    fn spawn(&self, mut command: Command, out: Stdio, err: Option<Stdio>) -> Process {
        let log = self.folder.path().join(format!("{}.log", free_port()));
        let err = err.unwrap_or_else(|| std::fs::File::create(&log).expect("a log").into());
        command.env_remove("PORTCULLIS_CONFIG").stdin(Stdio::null()).stdout(out).stderr(err);
        Process { child: command.kill_on_drop(true).spawn().expect("the gateway starts"), log }
    }

    /// Waits until the process is ready.
    pub(crate) async fn ready(&self, process: &mut Process) {
        eventually("the gateway is ready", Duration::from_secs(30), async || {
            let ended = process.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ends with {ended:?}: {}", process.log());
            let listens = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok();
            (listens && self.readyz().await == 200).then_some(())
        })
        .await;
    }

    /// What `/readyz` says; 0 when nobody answers.
    pub(crate) async fn readyz(&self) -> u16 {
        let asked = client().get(format!("http://127.0.0.1:{}/readyz", self.ops)).send().await;
        asked.map_or(0, |answer| answer.status().as_u16())
    }
}

impl Process {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal by name.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} is sent");
    }

    /// Waits for it to end by itself.
    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        let ended = tokio::time::timeout(within, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("it does not end: {}", self.log())).expect("it can be waited for")
    }
}
