//! Why a document could not be fetched, in words that an operator can act on.
//!
//! The texts carry no query string and no credentials of a URL.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use crate::model::ForbiddenAddress;

/// Why a fetch gave no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Plain http to a host that is not this machine.
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
    /// The host is an address, or resolves to addresses, that keys never come from.
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
    /// Nobody listens there.
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
    /// The connection was not there in time.
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
    /// The answer points elsewhere.
    #[error("redirects are not followed ({status} to {to})")]
    Redirect {
        /// The status code.
        status: u16,
        /// The `Location`, without its query.
        to: String,
    },
    /// The answer is no success.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status code.
        status: u16,
        /// For how long a busy host (429, 503) wants to be left alone (RFC 9110 section 10.2.3).
        retry_after: Option<Duration>,
    },
    /// The answer is larger than the limit.
    #[error("the answer of {url} is over {}", size(.limit))]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is compressed in a way that was not asked for and is not understood.
    #[error("the answer of {url} is encoded ({encoding}); identity and gzip are understood")]
    Encoded {
        /// What was asked for.
        url: String,
        /// The `Content-Encoding`.
        encoding: String,
    },
    /// The answer broke off or is not HTTP.
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
    /// Whether the host answered over HTTP, if only to say no: another path of the same host may do better.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::Redirect { .. } | Self::Status { .. } | Self::TooLarge { .. } | Self::Encoded { .. }
        )
    }

    /// For how long the host wants to be left alone.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What a failed exchange means. `connect` is the time limit for the connection.
    pub(super) fn from_reqwest(url: &str, connect: Duration, error: &reqwest::Error) -> Self {
        let url = url.to_owned();
        let mut cause = error.source();
        let mut deepest = None;
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<Self>() {
                return refused.clone();
            }
            if let Some(io) = inner.downcast_ref::<std::io::Error>() {
                // An error of ours or of TLS hides inside an I/O error, which `source` steps over.
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
