//! Where gateways run: a folder, ports and a configuration, which outlive any single process, so that a successor can be
//! started beside the first.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::process::{Output, Process};
use crate::binary::binary;
use crate::certificate::Certificate;
use crate::client::client;
use crate::eventually::eventually;
use crate::ports::free_port;

/// The place of a gateway; `Start` makes it.
pub struct Place {
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
    pub(super) server: String,
    pub(super) certificate: Option<Certificate>,
    pub(super) through: Vec<String>,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(String, String)>,
}

impl Place {
    /// The URL of a path at the plain listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The file that `-c` names.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("portcullis.yaml")
    }

    /// The whole configuration with this body and the same `server`.
    pub fn text(&self, body: &str) -> String {
        format!("{}{body}", self.server)
    }

    /// Writes the configuration anew, with the same `server`.
    pub fn write_body(&self, body: &str) {
        std::fs::write(self.config(), self.text(body)).expect("the configuration is written");
    }

    /// Puts another configuration in the place of this one, in one step, with the same `server`.
    pub fn replace_body(&self, body: &str) {
        let new = self.folder.path().join("portcullis.yaml.new");
        std::fs::write(&new, self.text(body)).expect("a file");
        std::fs::rename(new, self.config()).expect("it takes the old one's place");
    }

    /// The socket at which a successor waits for the listeners.
    pub fn upgrade_socket(&self) -> PathBuf {
        self.folder.path().join("state/upgrade.sock")
    }

    /// The token of the admin API, which the gateway makes on its first start.
    pub fn admin_token(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("admin.token")).expect("the token file");
        text.trim_end().to_owned()
    }

    /// A client that speaks HTTP/2 to the TLS listener, and the beginning of its URLs.
    pub fn http2(&self) -> (reqwest::Client, String) {
        self.certificate.as_ref().expect("a certificate of `Start`").client(self.tls_port)
    }

    /// A file for the log of a process.
    pub fn log_file(&self) -> PathBuf {
        // A number that no other log of this place has.
        self.folder.path().join(format!("{}.log", free_port()))
    }

    /// Starts a process, with these further arguments of `run`.
    pub fn launch(&self, args: &[&str], output: Output) -> Process {
        self.launch_with(&self.env, args, output)
    }

    fn launch_with(&self, env: &[(String, String)], args: &[&str], output: Output) -> Process {
        let mut words: Vec<OsString> = self.through.iter().map(Into::into).collect();
        words.push(binary());
        words.extend_from_slice(&self.args);
        words.extend(args.iter().map(Into::into));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_remove("PORTCULLIS_CONFIG");
        command.envs(env.iter().map(|(name, value)| (name, value)));
        Process::spawn(command, output)
    }

    /// Starts a process whose log goes into a file, and waits until it is ready.
    pub async fn start(&self) -> Process {
        let mut process = self.launch(&[], Output::Log(self.log_file()));
        self.ready(&mut process).await;
        process
    }

    /// Starts a process that takes the listeners over when the one before it is told to go, and waits until it waits.
    /// It has none of the variables of `Start`: whoever starts it is not who started the first.
    pub async fn successor(&self) -> Process {
        let process = self.launch_with(&[], &["--upgrade"], Output::Log(self.log_file()));
        let socket = self.upgrade_socket().display().to_string();
        eventually("the successor waits at the socket", Duration::from_secs(10), async || {
            // The file alone may be left of one that has died; this lists those that somebody holds.
            let held = std::fs::read_to_string("/proc/net/unix").expect("the sockets of the system");
            held.lines().any(|line| line.ends_with(&socket)).then_some(())
        })
        .await;
        process
    }

    /// Waits until the ops listener answers, which is there from the first moment.
    pub async fn lives(&self, process: &mut Process) {
        eventually("the gateway is alive", Duration::from_secs(30), async || {
            let ended = process.has_ended();
            assert!(ended.is_none(), "it does not start: {:?}", process.stderr());
            (self.ops_get("/livez").await.0 == 200).then_some(())
        })
        .await;
    }

    /// Waits until the process listens, ready or not.
    pub async fn listens(&self, process: &mut Process) {
        let admin = if self.server.contains("\n  admin: ") { self.admin } else { self.port };
        eventually("the gateway listens", Duration::from_secs(30), async || {
            let ended = process.has_ended();
            assert!(ended.is_none(), "it does not start: {:?}", process.stderr());
            for port in [self.port, admin] {
                TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            }
            (self.ops_get("/livez").await.0 == 200).then_some(())
        })
        .await;
    }

    /// Waits until the process is ready.
    pub async fn ready(&self, process: &mut Process) {
        eventually("the gateway is ready", Duration::from_secs(30), async || {
            let ended = process.has_ended();
            assert!(ended.is_none(), "it ends with {ended:?}: {}", process.log());
            let listens = TcpStream::connect(("127.0.0.1", self.port)).await.is_ok();
            (listens && self.readyz().await == 200).then_some(())
        })
        .await;
    }

    /// What `/readyz` says; 0 when nobody answers.
    pub async fn readyz(&self) -> u16 {
        self.ops_get("/readyz").await.0
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
}
