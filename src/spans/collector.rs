//! A collector: one request, what became of it, and whether it is to be sent again.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use url::Url;

use crate::model::{Clock as _, SystemClock, inert, pem_without_marks};
use crate::net::{deepest, retry_after};

use super::options::Destination;

/// What is read of an answer: a partial success is a number and a sentence.
const LONGEST_ANSWER: usize = 64 * 1024;
/// What is shown of that sentence, in characters.
const LONGEST_WHY: usize = 200;
/// Messages, and the answers to them.
const PROTOBUF: &str = "application/x-protobuf";

/// Why there is no client for the collector.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The trusted certificates cannot be used.
    #[error("ca_file: {0}")]
    Trust(String),
    /// The own certificate cannot be used.
    #[error("cert_file, key_file: {0}")]
    Identity(String),
    /// The client cannot be made.
    #[error("{0}")]
    Client(String),
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The message was taken, but for what the collector says.
    Taken(Option<Rejected>),
    /// The same message would meet the same answer.
    Refused(String),
    /// Sent again later, it may be taken; the collector may say when.
    Later { why: String, after: Option<Duration> },
}

/// What was rejected of a message that was taken (OTLP 1.9, "Partial Success"). It is not sent again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) count: u64,
    pub(super) why: Box<str>,
}

/// A collector that is sent messages of one kind.
#[derive(Debug)]
pub(super) struct Collector {
    client: reqwest::Client,
    endpoint: Url,
    headers: HeaderMap,
    gzip: bool,
}

impl Collector {
    pub(super) fn new(destination: Destination) -> Result<Self, CollectorError> {
        let Destination { endpoint, headers, tls, gzip, timeout } = destination;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .timeout(timeout);
        if let Some(pem) = &tls.ca {
            let roots = reqwest::Certificate::from_pem_bundle(&pem_without_marks(pem));
            let roots = roots.map_err(|error| CollectorError::Trust(error.to_string()))?;
            if roots.is_empty() {
                return Err(CollectorError::Trust("it holds no certificate".to_owned()));
            }
            builder = builder.tls_certs_only(roots);
        }
        if let Some((certificate, key)) = &tls.identity {
            let both = [&*pem_without_marks(certificate), b"\n", &*pem_without_marks(key)].concat();
            let identity = reqwest::Identity::from_pem(&both);
            builder =
                builder.identity(identity.map_err(|error| CollectorError::Identity(error.to_string()))?);
        }
        let client = builder.build().map_err(|error| CollectorError::Client(error.to_string()))?;
        Ok(Self { client, endpoint, headers, gzip })
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: &Bytes) -> Answer {
        let request = self.client.post(self.endpoint.clone()).headers(self.headers.clone());
        let request = request.header(CONTENT_TYPE, PROTOBUF);
        let request = match self.gzip.then(|| zipped(message)).flatten() {
            Some(zipped) => request.header(CONTENT_ENCODING, "gzip").body(zipped),
            None => request.body(message.clone()),
        };
        match request.send().await {
            Ok(response) => match of(response.status(), response.headers()) {
                Answer::Taken(_) => Answer::Taken(rejected(response).await),
                other => other,
            },
            Err(error) => Answer::Later { why: deepest(&error), after: None },
        }
    }
}

/// What a status says (OTLP 1.9, "OTLP/HTTP Response").
fn of(status: StatusCode, headers: &HeaderMap) -> Answer {
    let why = || format!("it answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Answer::Taken(None),
        429 | 502..=504 => Answer::Later { why: why(), after: retry_after(headers, SystemClock.now()) },
        _ => Answer::Refused(why()),
    }
}

/// What the body of a good answer says was rejected. One that cannot be read says nothing: the message was taken.
async fn rejected(mut response: reqwest::Response) -> Option<Rejected> {
    let kind = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    if !kind.starts_with(PROTOBUF) {
        return None;
    }
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > LONGEST_ANSWER {
            return None;
        }
    }
    partial(&body)
}

fn partial(body: &[u8]) -> Option<Rejected> {
    // That for logs is the same but for the names of its fields.
    let partial = ExportTraceServiceResponse::decode(body).ok()?.partial_success?;
    let count = u64::try_from(partial.rejected_spans).ok().filter(|count| *count > 0)?;
    Some(Rejected { count, why: inert(&partial.error_message, LONGEST_WHY) })
}

fn zipped(message: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;
    use opentelemetry_proto::tonic::collector::logs::v1::{
        ExportLogsPartialSuccess, ExportLogsServiceResponse,
    };
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn busy_collectors_are_asked_again_and_others_are_not() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        for (status, again) in [
            (200, false),
            (202, false),
            (400, false),
            (401, false),
            (404, false),
            (413, false),
            (500, false),
            (429, true),
            (502, true),
            (503, true),
            (504, true),
        ] {
            let answer = of(StatusCode::from_u16(status).unwrap(), &headers);
            let after = Some(Duration::from_secs(7));
            assert_eq!(
                matches!(&answer, Answer::Later { after: said, .. } if *said == after),
                again,
                "{status}"
            );
            assert_eq!(answer == Answer::Taken(None), status < 300, "{status}");
        }
    }

    #[test]
    fn what_a_collector_rejects_of_a_message_is_read_of_either_signal() {
        let logs = |rejected_log_records, error_message: &str| {
            let error_message = error_message.to_owned();
            let partial_success = Some(ExportLogsPartialSuccess { rejected_log_records, error_message });
            ExportLogsServiceResponse { partial_success }.encode_to_vec()
        };
        let rejected = |count, why: &str| Some(Rejected { count, why: why.into() });
        for (body, wanted) in [
            (Vec::new(), None),
            (logs(0, "a warning"), None),
            (logs(-1, "nonsense"), None),
            (logs(3, "too old\n"), rejected(3, "too old\\u{a}")),
            (b"{}".to_vec(), None),
        ] {
            assert_eq!(partial(&body), wanted, "{body:?}");
        }
        let partial_success =
            Some(ExportTracePartialSuccess { rejected_spans: 2, error_message: "x".to_owned() });
        let spans = ExportTraceServiceResponse { partial_success }.encode_to_vec();
        assert_eq!(partial(&spans), rejected(2, "x"));
    }
}
