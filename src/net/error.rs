//! The errors of a fetch, in words that an operator can act on.
//!
//! Their texts hold no query and no credentials of a URL.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use crate::model::ForbiddenAddress;

/// Why a fetch gave no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is plain http, and its host is not loopback.
    #[error("https required: {url} (plain http is for loopback hosts, or with insecure_http)")]
    HttpsRequired {
        /// What was asked for.
        url: String,
    },
    /// The URL cannot be fetched at all.
    #[error("not a URL that can be fetched: {url} ({why})")]
    BadUrl {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The host is a forbidden address, or resolves to nothing else.
    #[error("address refused: {host} is {address} ({kind})")]
    ForbiddenAddress {
        /// The host of the URL.
        host: String,
        /// The address that was refused.
        address: IpAddr,
        /// What kind of address it is.
        kind: ForbiddenAddress,
    },
    /// The name of the host has no address.
    #[error("cannot resolve {host}: {cause}")]
    Unresolved {
        /// The host of the URL.
        host: String,
        /// What the resolver said.
        cause: String,
    },
    /// The connection was refused.
    #[error("connect refused by {url}")]
    Refused {
        /// What was asked for.
        url: String,
    },
    /// The connection could not be made, TLS included.
    #[error("cannot connect to {url}: {cause}")]
    Connect {
        /// What was asked for.
        url: String,
        /// What the system or TLS said.
        cause: String,
    },
    /// The connection was not established in time.
    #[error("{url} could not be reached within {} s", seconds(.after))]
    ConnectTimeout {
        /// What was asked for.
        url: String,
        /// The limit.
        after: Duration,
    },
    /// The whole fetch took too long.
    #[error("{url} took longer than {} s", seconds(.after))]
    Timeout {
        /// What was asked for.
        url: String,
        /// The limit.
        after: Duration,
    },
    /// The response is a redirect.
    #[error("redirects are not followed ({status} to {to})")]
    Redirect {
        /// The status code.
        status: u16,
        /// The `Location`, without its query.
        to: String,
    },
    /// The status is not a success.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status code.
        status: u16,
        /// How long a busy server (429, 503) asks to wait (`Retry-After`, RFC 9110 section 10.2.3).
        retry_after: Option<Duration>,
    },
    /// The body is larger than the limit.
    #[error("the answer of {url} is over {}", size(.limit))]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The content coding is not supported; the request did not accept it either.
    #[error("the answer of {url} is encoded ({encoding}); identity and gzip are understood")]
    Encoded {
        /// What was asked for.
        url: String,
        /// The `Content-Encoding`.
        encoding: String,
    },
    /// The response is incomplete or not HTTP.
    #[error("the answer of {url} is broken: {cause}")]
    Broken {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The client itself could not be set up.
    #[error("cannot set up the client: {cause}")]
    Setup {
        /// What is wrong, for example with the extra CA.
        cause: String,
    },
}

impl FetchError {
    /// Whether the server responded over HTTP at all: another path on the same server may succeed.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::Redirect { .. } | Self::Status { .. } | Self::TooLarge { .. } | Self::Encoded { .. }
        )
    }

    /// How long the server asks to wait before the next request.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The error of a failed exchange. `connect` is the timeout of the connection, which reqwest's error does not hold.
    pub(super) fn from_reqwest(url: &str, connect: Duration, error: &reqwest::Error) -> Self {
        let url = url.to_owned();
        let mut cause = error.source();
        let mut deepest = None;
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<Self>() {
                return refused.clone();
            }
            if let Some(io) = inner.downcast_ref::<std::io::Error>() {
                // An I/O error wraps an error of ours or of TLS, and its `source` skips that one.
                if let Some(refused) = io.get_ref().and_then(|e| e.downcast_ref::<Self>()) {
                    return refused.clone();
                }
                if io.kind() == std::io::ErrorKind::ConnectionRefused {
                    return Self::Refused { url };
                }
            }
            deepest = Some(inner.to_string());
            cause = inner.source();
        }
        if error.is_timeout() && error.is_connect() {
            return Self::ConnectTimeout { url, after: connect };
        }
        let cause = deepest.unwrap_or_else(|| error.to_string());
        if error.is_connect() { Self::Connect { url, cause } } else { Self::Broken { url, cause } }
    }
}

fn seconds(time: &Duration) -> f64 {
    time.as_secs_f64()
}

fn size(bytes: &usize) -> String {
    if bytes.is_multiple_of(1024 * 1024) {
        format!("{} MiB", bytes / (1024 * 1024))
    } else {
        format!("{bytes} bytes")
    }
}
