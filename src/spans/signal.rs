//! The kinds of messages that a collector is sent.

use url::Url;

/// A kind of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
}

impl Signal {
    /// The word of `OTEL_EXPORTER_OTLP_…` for it alone.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Logs => "LOGS",
        }
    }

    /// What it holds, for the log of the process.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Logs => "log records",
        }
    }

    /// The URL of a collector with the path of OTLP over HTTP, once. A base that names another signal's means its own collector.
    pub(super) fn at(self, mut base: Url) -> Url {
        let path = base.path().trim_end_matches('/');
        let others =
            [Self::Traces, Self::Logs].into_iter().find_map(|signal| path.strip_suffix(signal.path()));
        let path = format!("{}/{}", others.unwrap_or(path).trim_end_matches('/'), self.path());
        base.set_path(&path);
        base
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Logs => "v1/logs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_has_its_path_once() {
        for (base, traces, logs) in [
            ("http://a:4318", "http://a:4318/v1/traces", "http://a:4318/v1/logs"),
            ("http://a:4318/", "http://a:4318/v1/traces", "http://a:4318/v1/logs"),
            ("http://a/otlp", "http://a/otlp/v1/traces", "http://a/otlp/v1/logs"),
            ("http://a/otlp/v1/traces", "http://a/otlp/v1/traces", "http://a/otlp/v1/logs"),
            ("http://a/v1/logs/", "http://a/v1/traces", "http://a/v1/logs"),
        ] {
            let base: Url = base.parse().unwrap();
            for (signal, wanted) in [(Signal::Traces, traces), (Signal::Logs, logs)] {
                assert_eq!(signal.at(base.clone()).as_str(), wanted, "{base}");
            }
        }
    }
}
