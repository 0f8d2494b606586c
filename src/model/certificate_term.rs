//! Until when a certificate is valid, and what depends on it.

use std::fmt;
use std::time::Duration;

use super::{Instant, ProviderName};

/// So long before its end a certificate is spoken of.
const NOTICE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const DAY: u64 = 24 * 60 * 60;

/// A certificate that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateTerm {
    /// What depends on it.
    pub used_by: CertificateUse,
    /// Whose it is: its subject, or the first of its names when it has none.
    pub subject: String,
    /// From then on it is worth nothing.
    pub not_after: Instant,
}

/// What depends on a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateUse {
    /// The listener of this address shows it, or an intermediate one, to callers.
    Listener(String),
    /// The upstream of this authority (`host:port`) must prove itself to it.
    Upstream(String),
    /// The keys of this provider are fetched from who proves itself to it.
    Provider(ProviderName),
}

impl CertificateUse {
    /// The word for its kind: the name of the metric's label, and the kind of subject in the API.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Listener(_) => "listener",
            Self::Upstream(_) => "upstream",
            Self::Provider(_) => "provider",
        }
    }

    /// Which of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Listener(name) | Self::Upstream(name) => name,
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

    /// What somebody should know of its end: `None` while that is more than 30 days away.
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
    fn the_end_is_told_from_30_days_before_it() {
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
