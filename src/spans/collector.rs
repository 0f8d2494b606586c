//! The collector: one request, and whether it is to be sent again.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::model::{Clock as _, SystemClock, pem_without_marks};
use crate::net::{deepest, retry_after};

use super::options::Destination;

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
    /// The spans were taken.
    Taken,
    /// The same spans would meet the same answer.
    Refused(String),
    /// Sent again later, they may be taken; the collector may say when.
    Later { why: String, after: Option<Duration> },
}

/// A collector that is sent spans.
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
        let request = request.header(CONTENT_TYPE, "application/x-protobuf");
        let request = match self.gzip.then(|| zipped(message)).flatten() {
            Some(zipped) => request.header(CONTENT_ENCODING, "gzip").body(zipped),
            None => request.body(message.clone()),
        };
        match request.send().await {
            Ok(response) => of(response.status(), response.headers()),
            Err(error) => Answer::Later { why: deepest(&error), after: None },
        }
    }
}

/// What a status says (OTLP 1.9, "OTLP/HTTP Response").
fn of(status: StatusCode, headers: &HeaderMap) -> Answer {
    let why = || format!("it answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Answer::Taken,
        429 | 502..=504 => Answer::Later { why: why(), after: retry_after(headers, SystemClock.now()) },
        _ => Answer::Refused(why()),
    }
}

fn zipped(message: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

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
            assert_eq!(answer == Answer::Taken, status < 300, "{status}");
        }
    }
}
