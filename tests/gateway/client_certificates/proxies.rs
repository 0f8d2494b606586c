//! nginx and HAProxy in front, with the lines of docs/CLIENT_CERTIFICATES.md: what they say of a client's certificate is what a
//! handshake with it would have said, and what the client says of one is lost on the way.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use portcullis::model::reduced;
use testkit::{Certificate, Gateway, Start, Upstream, eventually, free_port};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::made::Made;
use super::{agents, curl, told};

const SOON: Duration = Duration::from_secs(15);

/// The fenced blocks of the page in that language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CLIENT_CERTIFICATES.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let begin = format!("```{language}\n");
    page.split(&*begin).skip(1).map(|rest| rest.split("```").next().expect("its end").to_owned()).collect()
}

/// The settings that belong to the block of a proxy: those of the page that name the format.
fn setting(format: &str) -> String {
    let all = blocks("yaml");
    let wanted = format!("format: {format}");
    all.iter()
        .find(|block| block.starts_with("client_cert") && block.contains(&wanted))
        .expect("a setting")
        .clone()
}

/// A proxy as a process, before a gateway that believes it.
struct Proxied {
    gateway: Gateway,
    upstream: Upstream,
    port: u16,
    _process: Child,
}

impl Proxied {
    /// `write` makes the configuration from the port to listen at and that of the gateway.
    async fn start(
        (program, arguments): (&str, &[&str]),
        setting: &str,
        clients: &[(&str, &Made)],
        write: impl Fn(u16, u16) -> String,
    ) -> Self {
        assert!(Path::new(program).exists(), "{program} is missing; scripts/setup.sh test installs it");
        let upstream = Upstream::start().await;
        let certificate = Certificate::generate();
        let server = format!("  trusted_proxies: [127.0.0.1]\n  {setting}");
        let start = Start {
            body: &agents(&upstream.url()),
            server: &server,
            files: &[
                ("gateway.pem", &certificate.pem),
                ("both.pem", &(certificate.pem.clone() + &certificate.key)),
            ],
            ..Start::default()
        };
        let gateway = start.ready().await;
        let folder = gateway.folder.path();
        clients.iter().for_each(|(name, made)| made.write(folder, name));
        let port = free_port();
        std::fs::write(folder.join("conf"), write(port, gateway.port)).expect("the configuration is written");
        let process = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let connects = async || TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop);
        eventually(&format!("{program} listens at {port}"), SOON, connects).await;
        Self { gateway, upstream, port, _process: process }
    }

    /// Asks with each certificate and with none, honestly and with headers that name another.
    async fn holds(&self, what: &str, clients: &[(&str, &Made)], header: &str) {
        let folder = self.gateway.folder.path();
        let lie = format!("{header}: :AAAA:");
        let lies = ["-H", &lie, "-H", "Client-Cert-Chain: :AAAA:"];
        let clients = clients.iter().map(|(name, made)| (Some(*name), Some(*made)));
        for (client, wanted) in clients.chain([(None, None)]) {
            for http in ["--http1.1", "--http2"] {
                for lies in [&[][..], &lies[..]] {
                    let answer = curl(folder, self.port, client, &[&[http], lies].concat()).await;
                    let answer = answer.unwrap_or_else(|| panic!("{what}, {client:?}: no answer"));
                    told(&self.gateway, &answer, (200, wanted), &format!("{what}, {client:?}, {lies:?}"))
                        .await;
                    let kept = self.upstream.last();
                    let kept = kept.headers.iter().find(|(name, _)| reduced(name).contains("clientcert"));
                    assert_eq!(kept, None, "{what}");
                }
            }
        }
    }
}

fn nginx(lines: &str, before: &str) -> impl Fn(u16, u16) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("  {what}_temp_path {what};\n"))
        .concat();
    let (lines, before) = (lines.to_owned(), before.to_owned());
    move |port, gateway| {
        format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n  \
             access_log off;\n{temporary}{before}  ssl_certificate both.pem;\n  ssl_certificate_key both.pem;\n  \
             server {{\n    listen 127.0.0.1:{port} ssl http2;\n{lines}    \
             location / {{ proxy_pass http://127.0.0.1:{gateway}; }}\n  }}\n}}\n"
        )
    }
}

#[tokio::test]
async fn nginx_names_the_certificates_of_its_clients() {
    let program = ("/usr/sbin/nginx", &["-e", "stderr", "-p", ".", "-c", "conf"][..]);
    // It takes any authority, and no other dates than today's.
    let (own, other) = (Made::alone(300), Made::alone(200));
    let clients = [("own", &own), ("other", &other)];
    let lines = blocks("nginx").concat();
    let proxied = Proxied::start(program, &setting("pem_escaped"), &clients, nginx(&lines, "")).await;
    proxied.holds("nginx", &clients, "X-SSL-Client-Cert").await;

    // By hand, as Envoy would.
    let element = "  map $ssl_client_escaped_cert $element { \"\" \"\"; default 'By=a;Cert=\"$ssl_client_escaped_cert\"'; }\n";
    let lines = lines.lines().next().expect("a line").to_owned()
        + " proxy_set_header Host $host; proxy_set_header X-Forwarded-Client-Cert $element;\n";
    let proxied = Proxied::start(program, &setting("xfcc"), &clients, nginx(&lines, element)).await;
    proxied.holds("nginx, xfcc", &clients, "X-Forwarded-Client-Cert").await;
}

#[tokio::test]
async fn haproxy_names_the_certificates_of_its_clients() {
    let program = ("/usr/sbin/haproxy", &["-db", "-f", "conf"][..]);
    let (own, expired) = (Made::alone(300), Made::alone(-2));
    let clients = [("own", &own), ("expired", &expired)];
    let haproxy = |lines: String| {
        move |port: u16, gateway: u16| {
            format!(
                "defaults\n  mode http\n  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n\
                 frontend all\n  bind 127.0.0.1:{port} ssl crt both.pem alpn h2,http/1.1 verify optional ca-file own.pem \
                 crt-ignore-err all ca-ignore-err all\n{lines}  default_backend gateway\n\
                 backend gateway\n  server gateway 127.0.0.1:{gateway}\n"
            )
        }
    };
    let by_hand = "http-request del-header X-Forwarded-Client-Cert\n\
                   http-request set-header X-Forwarded-Client-Cert Hash=%[ssl_c_der,sha2(256),hex] if { ssl_c_used }\n";
    let blocks = blocks("haproxy");
    let [rfc9440, base64] = &blocks[..] else { panic!("two blocks") };
    for (format, header, lines) in [
        ("rfc9440", "Client-Cert", rfc9440.clone()),
        ("der_base64", "X-SSL-Client-Cert", base64.clone()),
        ("xfcc", "X-Forwarded-Client-Cert", by_hand.to_owned()),
    ] {
        let proxied = Proxied::start(program, &setting(format), &clients, haproxy(lines)).await;
        proxied.holds(&format!("HAProxy, {format}"), &clients, header).await;
    }
}
