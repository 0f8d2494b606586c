//! When a certificate expires, and what depends on it.

use std::fmt;
use std::time::Duration;

use super::{Instant, ProviderName};

/// How long before its expiry a certificate is warned of: 30 days are the last third of a certificate of 90 days, when
/// ACME clients renew it, so that the warning says that a renewal has failed.
const NOTICE: Duration = Duration::from_secs(30 * DAY);
/// Seconds.
const DAY: u64 = 24 * 60 * 60;

/// A certificate that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateTerm {
    /// What depends on it.
    pub used_by: CertificateUse,
    /// Its subject, or the first of its alternative names when it has none.
    pub subject: String,
    /// From then on it is expired (RFC 5280 section 4.1.2.5).
    pub not_after: Instant,
}

/// What depends on a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateUse {
    /// The listener at this address sends it to clients, in its chain.
    Listener(String),
    /// The clients of the listener at this address are verified against it.
    Clients(String),
    /// The upstream at this authority (`host:port`) is verified against it.
    Upstream(String),
    /// The server from which this provider's keys are fetched is verified against it.
    Provider(ProviderName),
}

impl CertificateUse {
    /// The word for its kind: a label value in metrics, and the kind of subject in the API.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Listener(_) => "listener",
            Self::Clients(_) => "clients",
            Self::Upstream(_) => "upstream",
            Self::Provider(_) => "provider",
        }
    }

    /// The address, authority or provider.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Listener(name) | Self::Clients(name) | Self::Upstream(name) => name,
            Self::Provider(name) => name.as_str(),
        }
    }
}

impl fmt::Display for CertificateUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

impl CertificateTerm {
    /// Whether it has expired at `now`.
    #[must_use]
    pub fn has_expired(&self, now: Instant) -> bool {
        now >= self.not_after
    }

    /// A warning for the operator; `None` while the expiry is more than 30 days away.
    #[must_use]
    pub fn warning(&self, now: Instant) -> Option<String> {
        let (subject, end) = (&self.subject, self.not_after);
        if self.has_expired(now) {
            return Some(format!("the certificate of {subject} expired on {end}"));
        }
        let left = end.since(now);
        if left > NOTICE {
            return None;
        }
        let when = match left.as_secs() / DAY {
            0 => "within a day".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        };
        Some(format!("the certificate of {subject} expires {when}, on {end}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_from_30_days_before_it_expires() {
        let end = 1_700_000_000;
        let term = CertificateTerm {
            used_by: CertificateUse::Listener("0.0.0.0:8443".to_owned()),
            subject: "CN=a.test".to_owned(),
            not_after: Instant::from_unix(end),
        };
        for (now, wanted) in [
            (end - 30 * DAY - 1, None),
            (end - 30 * DAY, Some("expires in 30 days, on 2023-11-14T22:13:20Z")),
            (end - 2 * DAY + 1, Some("expires in 1 day, on 2023-11-14T22:13:20Z")),
            (end - 1, Some("expires within a day, on 2023-11-14T22:13:20Z")),
            (end, Some("expired on 2023-11-14T22:13:20Z")),
            (end + 900 * DAY, Some("expired on 2023-11-14T22:13:20Z")),
        ] {
            let wanted = wanted.map(|words| format!("the certificate of CN=a.test {words}"));
            assert_eq!(term.warning(Instant::from_unix(now)), wanted, "{now}");
        }
        assert_eq!(term.used_by.to_string(), "listener 0.0.0.0:8443");
    }
}
