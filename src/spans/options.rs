//! Where spans go and which are made, from the settings and, where they leave something out, from the variables that
//! OpenTelemetry names.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use super::sampling::Sampling;
use super::signal::Signal;
use super::subject_key::SubjectKey;
use super::trace::Parents;

/// The name under which the spans of all gateways are found, unless `OTEL_SERVICE_NAME` says another.
const SERVICE: &str = "portcullis";
/// How long a request to the collector may take, where nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where spans go and which are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The collector of spans.
    pub spans: Destination,
    /// That of the access log; `None` = it gets none.
    pub logs: Option<Destination>,
    /// How long spans and log records gather.
    pub interval: Duration,
    /// Which requests are kept.
    pub sampling: Sampling,
    /// Whose word about a trace is believed.
    pub parents: Parents,
    /// What hashes subjects.
    pub subject_key: Option<SubjectKey>,
    /// Whether operations of MCP are named.
    pub mcp: bool,
    /// What is said of the process: names and values.
    pub resource: Vec<(String, String)>,
}

/// A collector, and how it is reached.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its URL, with the path of OTLP.
    pub endpoint: Url,
    /// Fields of each request to it.
    pub headers: HeaderMap,
    /// Trust in it, and what it is shown.
    pub tls: Tls,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// How long a request may take.
    pub timeout: Duration,
}

/// What the settings say of a collector. What they leave out, the variables may say.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its URL.
    pub endpoint: Option<Url>,
    /// Fields of each request to it; none are left out.
    pub headers: HeaderMap,
    /// Trust in it, and what it is shown.
    pub tls: Tls,
    /// Whether requests are compressed.
    pub gzip: Option<bool>,
    /// How long a request may take.
    pub timeout: Option<Duration>,
}

/// Certificates in PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Those that are trusted; `None` = those of the system.
    pub ca: Option<Vec<u8>>,
    /// The own certificate, and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The variables of the process: the value of a name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is wrong with settings or variables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Nobody names a collector.
    #[error("no collector is named: write `otlp: {{ endpoint: URL }}`, or set OTEL_EXPORTER_OTLP_ENDPOINT")]
    NoEndpoint,
    /// A variable that cannot be used.
    #[error("{name}: {why}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong, and what to write.
        why: String,
    },
}

impl Written {
    /// The collector of a signal, with what is left out as the variables say it.
    ///
    /// # Errors
    /// When nobody names a collector, or a variable that counts cannot be used.
    pub fn filled(self, signal: Signal, environment: Environment<'_>) -> Result<Destination, OptionsError> {
        let variables = Variables { signal, environment };
        let Self { endpoint, headers, tls: Tls { ca, identity }, gzip, timeout } = self;
        Ok(Destination {
            endpoint: match endpoint {
                Some(base) => signal.at(base),
                None => variables.endpoint()?.ok_or(OptionsError::NoEndpoint)?,
            },
            headers: if headers.is_empty() { variables.headers()? } else { headers },
            tls: Tls {
                ca: match ca {
                    Some(ca) => Some(ca),
                    None => variables.file("CERTIFICATE")?,
                },
                identity: match identity {
                    Some(identity) => Some(identity),
                    None => variables.file("CLIENT_CERTIFICATE")?.zip(variables.file("CLIENT_KEY")?),
                },
            },
            gzip: match gzip {
                Some(gzip) => gzip,
                None => variables.gzip()?.unwrap_or(true),
            },
            timeout: match timeout {
                Some(timeout) => timeout,
                None => variables.timeout()?.unwrap_or(TIMEOUT),
            },
        })
    }
}

/// What is said of the process, as the variables name it.
#[must_use]
pub fn resource(environment: Environment<'_>) -> Vec<(String, String)> {
    let mut resource = vec![
        ("service.name".to_owned(), SERVICE.to_owned()),
        ("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let written = plain(environment, "OTEL_RESOURCE_ATTRIBUTES").map(|text| pairs(&text)).unwrap_or_default();
    let name = plain(environment, "OTEL_SERVICE_NAME").map(|name| ("service.name".to_owned(), name));
    for (key, value) in written.into_iter().chain(name) {
        resource.retain(|(known, _)| *known != key);
        resource.push((key, value));
    }
    resource
}

/// The value of a variable; an empty one is as if it were not set.
fn plain(environment: Environment<'_>, name: &str) -> Option<String> {
    environment(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The variables; one for the signal goes before the one for all signals.
#[derive(Clone, Copy)]
struct Variables<'a> {
    signal: Signal,
    environment: Environment<'a>,
}

impl Variables<'_> {
    /// Name and value of the one that counts.
    fn exporter(self, word: &str) -> Option<(String, String)> {
        let names = [self.own(word), format!("OTEL_EXPORTER_OTLP_{word}")];
        names.into_iter().find_map(|name| plain(self.environment, &name).map(|value| (name, value)))
    }

    /// The name of that for the signal alone.
    fn own(self, word: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{}_{word}", self.signal.word())
    }

    fn endpoint(self) -> Result<Option<Url>, OptionsError> {
        let Some((name, value)) = self.exporter("ENDPOINT") else { return Ok(None) };
        let url =
            Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url =
            url.ok_or_else(|| bad(&name, "write an http or https URL, such as http://127.0.0.1:4318"))?;
        // That for the signal is used as it is.
        Ok(Some(if name == self.own("ENDPOINT") { url } else { self.signal.at(url) }))
    }

    fn headers(self) -> Result<HeaderMap, OptionsError> {
        let Some((name, value)) = self.exporter("HEADERS") else { return Ok(HeaderMap::new()) };
        let mut headers = HeaderMap::new();
        for (key, value) in pairs(&value) {
            let field = key.parse::<HeaderName>().ok().zip(secret(&value));
            // The value is a secret more often than not, and is not said.
            let (key, value) =
                field.ok_or_else(|| bad(&name, "write fields as name=value, separated by commas"))?;
            headers.append(key, value);
        }
        Ok(headers)
    }

    fn file(self, word: &str) -> Result<Option<Vec<u8>>, OptionsError> {
        let Some((name, path)) = self.exporter(word) else { return Ok(None) };
        std::fs::read(&path).map(Some).map_err(|error| bad(&name, &format!("{path}: {error}")))
    }

    fn gzip(self) -> Result<Option<bool>, OptionsError> {
        let Some((name, value)) = self.exporter("COMPRESSION") else { return Ok(None) };
        match value.as_str() {
            "gzip" => Ok(Some(true)),
            "none" => Ok(Some(false)),
            _ => Err(bad(&name, "write gzip or none")),
        }
    }

    fn timeout(self) -> Result<Option<Duration>, OptionsError> {
        let Some((name, value)) = self.exporter("TIMEOUT") else { return Ok(None) };
        let milliseconds = value.parse().ok().filter(|milliseconds| *milliseconds > 0);
        milliseconds
            .map(Duration::from_millis)
            .map(Some)
            .ok_or_else(|| bad(&name, "write milliseconds, such as 10000"))
    }
}

fn bad(name: &str, why: &str) -> OptionsError {
    OptionsError::Variable { name: name.to_owned(), why: why.to_owned() }
}

/// `name=value` pairs, separated by commas, with values percent-encoded (W3C Baggage, as OpenTelemetry writes them).
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |value: &str| percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.trim().to_owned(), decoded(value)))
        .filter(|(key, _)| !key.is_empty())
        .collect()
}

/// The fields in a file, one `name: value` a line. Blank lines and lines that begin with `#` say nothing.
///
/// # Errors
/// The number of the first line that is none.
pub fn fields(file: &[u8]) -> Result<HeaderMap, usize> {
    let text = String::from_utf8_lossy(file);
    let mut headers = HeaderMap::new();
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(number)?;
        let name: HeaderName = name.trim().parse().map_err(|_| number)?;
        headers.append(name, secret(value.trim()).ok_or(number)?);
    }
    Ok(headers)
}

/// A value that no message shows.
fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}
