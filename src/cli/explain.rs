//! `portcullis explain`: the real decision on a credential, with every check shown, and nothing forwarded.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::runtime::Runtime;

use crate::admin::{ExplainedCertificate, UnreadableHeader, message_path, told_metadata_url};
use crate::config::Snapshot;
use crate::control::load;
use crate::gate::{self, Explanation, Known};
use crate::idp::Refresher;
use crate::model::{CanonicalPath, Clock, Fetched, Host, Request, SystemClock};
use crate::routing::{Agent, Authenticator, Protocol};
use crate::telemetry::Metrics;

use super::exit::Exit;
use super::explain_message::{MessageArgs, is_stdin};
use super::explain_notes::{certificate_note, limits_note, without_session};
use super::explain_print::print;
use super::explain_target::{Target, route_note};
use super::place::{self, ConfigArg};

/// The longest wait for the keys of the agent's providers.
const KEYS_WAIT: Duration = Duration::from_secs(6);
/// The most of a file with certificates that is read, in bytes: a chain of many is some kilobytes long.
const LARGEST_CERTIFICATE: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The agent to decide for
    #[arg(long, value_name = "NAME")]
    agent: String,
    /// A file with the token or key (`-` for standard input); it is put where the agent reads it
    #[arg(long, value_name = "PATH")]
    token_file: Option<PathBuf>,
    /// A request header
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// A file with the client's certificate (PEM), which it shows in the handshake; its key is not read
    #[arg(long, value_name = "PATH")]
    client_cert: Option<PathBuf>,
    #[command(flatten)]
    message: MessageArgs,
    /// Ask the identity provider about a token of which only it knows whether it is active
    #[arg(long)]
    live: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The request's method
    #[arg(requires = "path")]
    method: Option<String>,
    /// The request's path, or a whole URL
    path: Option<String>,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    crate::gateway::install_crypto();
    let metrics = Metrics::new().map_err(std::io::Error::other)?;
    let runtime = place::runtime()?;
    let loaded = place::stores(&args.config, &runtime).and_then(|stores| {
        let loaded = runtime.block_on(load(&stores, &metrics));
        let (compiled, _) = loaded.map_err(|e| e.into_diagnostics().to_string())?;
        runtime.block_on(stores.deny_in(&compiled.snapshot)).map_err(|e| format!("error: {e}"))?;
        Ok(compiled.snapshot)
    });
    let snapshot = match loaded {
        Ok(snapshot) => snapshot,
        Err(message) => {
            writeln!(err, "{message}")?;
            return Ok(Exit::Failure);
        }
    };
    let Some(agent) = snapshot.agents.values().find(|agent| agent.name.as_str() == args.agent) else {
        let names: Vec<&str> = snapshot.agents.values().map(|a| a.name.as_str()).collect();
        writeln!(err, "error: there is no agent `{}`; there are: {}", args.agent, names.join(", "))?;
        return Ok(Exit::Usage);
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let posed = posed(args, agent).and_then(|mut posed| {
        let notes = notes(args, &snapshot, agent, &mut posed.headers);
        let shown = certificate(args.client_cert.as_deref(), &snapshot, &posed.headers, &*clock)?;
        Ok((posed, notes, shown))
    });
    let (posed, notes, shown) = match posed {
        Ok(posed) => posed,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Usage);
        }
    };
    for note in notes {
        writeln!(err, "note: {note}")?;
    }
    let report = match shown {
        Ok(certificate) => {
            runtime.block_on(fetch_keys(agent, &clock));
            let asked = Asked { args, posed: &posed, certificate, runtime: &runtime };
            report(asked, &snapshot, agent, &*clock)
        }
        Err(UnreadableHeader { bad, wanted }) => gate::explain_unreadable(agent, bad, wanted),
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report, out)?;
    }
    Ok(if report.allows() { Exit::Success } else { Exit::Failure })
}

/// What is asked about.
struct Posed {
    headers: HeaderMap,
    message: Option<Bytes>,
}

/// The question, and what waits for a provider.
struct Asked<'a> {
    args: &'a Args,
    posed: &'a Posed,
    certificate: Option<ExplainedCertificate>,
    runtime: &'a Runtime,
}

/// What somebody should know who reads the explanation. The id of a session is taken out of it.
fn notes(args: &Args, snapshot: &Snapshot, agent: &Agent, headers: &mut HeaderMap) -> Vec<String> {
    let route =
        args.path.as_deref().and_then(|path| route_note(snapshot, agent, args.method.as_deref(), path));
    let shows_one = args.client_cert.is_some();
    let certificate = certificate_note(snapshot, headers, shows_one);
    let all =
        [route, args.message.note(agent), limits_note(agent), certificate, without_session(agent, headers)];
    all.into_iter().flatten().collect()
}

/// The client's certificate, from a file or from the header of a proxy; the inner error is a header that cannot be read.
fn certificate(
    path: Option<&Path>,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    clock: &dyn Clock,
) -> Result<Result<Option<ExplainedCertificate>, UnreadableHeader>, String> {
    let of_header = ExplainedCertificate::of_header(snapshot, headers);
    let Some(path) = path else { return Ok(of_header) };
    if of_header != Ok(None) {
        return Err(
            "--client-cert and the header of a proxy each say which certificate it is: leave one out"
                .to_owned(),
        );
    }
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_CERTIFICATE).read_to_end(&mut pem))
        .map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let read = ExplainedCertificate::of_pem(snapshot, &pem, clock.now());
    read.map(|read| Ok(Some(read))).map_err(|no| format!("{}: {no}", path.display()))
}

/// The decision about it.
fn report(
    Asked { args, posed, certificate, runtime }: Asked<'_>,
    snapshot: &Snapshot,
    agent: &Arc<Agent>,
    clock: &dyn Clock,
) -> Explanation {
    let method = args.method.as_deref().and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let mut request = Request::with_headers(&posed.headers, clock.now());
    request.client_certificate = certificate.as_ref().map(|certificate| certificate.digest);
    let usual = message_path(agent);
    if posed.message.is_some() {
        request.method = &Method::POST;
        request.path = CanonicalPath::parse(usual.as_bytes()).unwrap_or(CanonicalPath::ROOT);
    }
    if let Some(method) = &method {
        request.method = method;
    }
    if let Some(target) = args.path.as_deref().and_then(Target::of) {
        request.host = target.host.and_then(|host| Host::parse(host).ok());
        request.scheme = if target.is_https { Scheme::HTTPS } else { Scheme::HTTP };
        request.authority = target.host;
        // A path that no request can have is told of in a note; the credential is explained all the same.
        request.path = CanonicalPath::parse(target.path.as_bytes()).unwrap_or(CanonicalPath::ROOT);
        request.query = target.query.map(str::as_bytes);
    }
    // Proofs name the host, and a client's request has it in this field.
    let host = posed.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    request.authority = request.authority.or(host);
    let introspection = match gate::live_question(agent, &request).filter(|_| args.live) {
        Some(question) => runtime.block_on(question.ask(request.now)),
        None => Fetched::NotAsked,
    };
    let certificate = certificate.map(|certificate| certificate.shown);
    let known = Known { introspection, certificate, ..Known::default() };
    let path = request.path.as_str();
    match &posed.message {
        None => gate::explain(agent, &request, known),
        Some(message) => gate::explain_message(agent, &request, message, known, || {
            told_metadata_url(snapshot, agent, path)
        }),
    }
}

fn posed(args: &Args, agent: &Agent) -> Result<Posed, String> {
    let has_message = args.message.is_given();
    if has_message && args.method.as_deref().is_some_and(|method| method != Method::POST.as_str()) {
        return Err("a message is sent with POST".to_owned());
    }
    if args.message.is_stdin() && args.token_file.as_deref().is_some_and(is_stdin) {
        return Err("standard input holds the token or the message, and not both".to_owned());
    }
    let mut headers = headers(args, agent)?;
    let message = args.message.read(agent, &mut headers)?;
    // In A2A's other binding the path says what is asked for, and only a POST has a body.
    let by_path = matches!(agent.protocol, Protocol::A2a(_))
        && args.method.as_deref().is_some_and(|method| method != Method::POST.as_str());
    Ok(Posed { headers, message: message.or_else(|| by_path.then(Bytes::new)) })
}

fn headers(args: &Args, agent: &Agent) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for text in &args.headers {
        let (name, value) = text.split_once(':').ok_or_else(|| format!("`{text}` is not `Name: value`"))?;
        let name: HeaderName = name.trim().parse().map_err(|_| format!("`{name}` is no header name"))?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes())
            .map_err(|_| "a header value cannot hold line breaks")?;
        headers.append(name, value);
    }
    let Some(path) = &args.token_file else { return Ok(headers) };
    let mut text = String::new();
    let read = if is_stdin(path) {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let (name, value) = gate::credential(agent, &text, &headers).map_err(|e| e.to_string())?;
    headers.append(name, value);
    Ok(headers)
}

/// Fetches the keys of the agent's providers.
async fn fetch_keys(agent: &Agent, clock: &Arc<dyn Clock>) {
    let mut refreshers = Vec::new();
    if let Authenticator::OAuth(policy) = &agent.authenticator {
        for provider in &policy.providers {
            refreshers.push(Refresher::spawn(Arc::clone(provider), Arc::clone(clock), None));
        }
        let fetched = async {
            for provider in &policy.providers {
                while !provider.tried() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        };
        // A provider that does not answer is a finding, not an error of this command.
        let _in_time = tokio::time::timeout(KEYS_WAIT, fetched).await;
    }
}
