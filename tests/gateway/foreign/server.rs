//! Servers that others wrote, each as a process of its own on loopback.

use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use testkit::{Certificate, eventually, free_port};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::SOON;

/// A server that was configured by a file.
pub(super) struct Server {
    /// HTTP/1.1.
    pub(super) plain: u16,
    /// HTTP/2 in plain text.
    pub(super) h2c: u16,
    /// TLS, with HTTP/2 and HTTP/1.1.
    pub(super) tls: u16,
    folder: TempDir,
    program: &'static str,
    arguments: &'static [&'static str],
    process: Option<Child>,
}

impl Server {
    /// nginx, whose answers are `nginx` and the protocol that it was spoken to.
    pub(super) async fn nginx(certificate: &Certificate) -> Self {
        let write = |[plain, h2c, tls]: [u16; 3]| {
            let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|what| format!("  {what}_temp_path {what};\n"))
                .concat();
            let server = |listen: &str| {
                format!(
                    "  server {{ listen 127.0.0.1:{listen}; keepalive_timeout 60;\n    \
                     location / {{ return 200 \"nginx $server_protocol\"; }} }}\n"
                )
            };
            format!(
                "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n  \
                 access_log off;\n{temporary}  ssl_certificate both.pem;\n  ssl_certificate_key both.pem;\n{}{}{}}}\n",
                server(&plain.to_string()),
                server(&format!("{h2c} http2")),
                server(&format!("{tls} ssl http2")),
            )
        };
        Self::start("/usr/sbin/nginx", &["-e", "stderr", "-p", ".", "-c", "conf"], certificate, write).await
    }

    /// HAProxy, whose answers are `haproxy` and the protocol that it was spoken to.
    pub(super) async fn haproxy(certificate: &Certificate) -> Self {
        let write = |[plain, h2c, tls]: [u16; 3]| {
            format!(
                "defaults\n  mode http\n  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n\
                 frontend all\n  bind 127.0.0.1:{plain}\n  bind 127.0.0.1:{h2c} proto h2\n  \
                 bind 127.0.0.1:{tls} ssl crt both.pem alpn h2,http/1.1\n  \
                 http-request return status 200 content-type text/plain lf-string \"haproxy %HV\"\n"
            )
        };
        Self::start("/usr/sbin/haproxy", &["-db", "-f", "conf"], certificate, write).await
    }

    async fn start(
        program: &'static str,
        arguments: &'static [&'static str],
        certificate: &Certificate,
        write: impl Fn([u16; 3]) -> String,
    ) -> Self {
        installed(program);
        let folder = tempfile::tempdir().expect("a folder");
        let ports = [(); 3].map(|()| free_port());
        let both = format!("{}{}", certificate.pem, certificate.key);
        std::fs::write(folder.path().join("both.pem"), both).expect("the certificate is written");
        std::fs::write(folder.path().join("conf"), write(ports)).expect("the configuration is written");
        let [plain, h2c, tls] = ports;
        let mut server = Self { plain, h2c, tls, folder, program, arguments, process: None };
        server.begins().await;
        server
    }

    /// Starts it, or starts it again.
    pub(super) async fn begins(&mut self) {
        self.process = Some(spawn(self.program, self.arguments, self.folder.path()));
        for port in [self.plain, self.h2c, self.tls] {
            listens(self.program, port).await;
        }
    }

    /// Ends it.
    pub(super) async fn ends(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("it ends");
        }
    }
}

/// nghttpd, which speaks HTTP/2 in plain text and nothing else.
pub(super) struct Nghttpd {
    pub(super) port: u16,
    _folder: TempDir,
    _process: Child,
}

impl Nghttpd {
    /// One that has these files, allows ten streams a connection, and sends bodies back.
    pub(super) async fn start(files: &[(&str, &[u8])]) -> Self {
        let program = "nghttpd";
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).expect("a file is written");
        }
        let port = free_port();
        let listens_at = port.to_string();
        let arguments = [
            "--no-tls",
            "-a",
            "127.0.0.1",
            "-d",
            ".",
            "-m",
            "10",
            "--echo-upload",
            "--trailer=x-last: 1",
            &listens_at,
        ];
        let process = spawn(program, &arguments, folder.path());
        listens(program, port).await;
        Self { port, _folder: folder, _process: process }
    }
}

/// Says how to get a program that is missing.
fn installed(program: &str) {
    assert!(Path::new(program).exists(), "{program} is missing; scripts/setup.sh test installs it");
}

fn spawn(program: &str, arguments: &[&str], folder: &Path) -> Child {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup.sh test installs it"))
}

async fn listens(program: &str, port: u16) {
    let connects = async || TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop);
    eventually(&format!("{program} listens at {port}"), SOON, connects).await;
}
