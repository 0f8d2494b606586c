//! The metric of the ends of certificates. Each series has the label of what depends on the certificate, so the
//! samples of this family do not have the same labels.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};

use crate::model::CertificateTerm;

use super::families::certificate_ends;
use super::family::Declaration;

type Series = BTreeMap<(&'static str, String, String), f64>;

/// The series as they are now. Not used on the request path.
#[derive(Debug, Clone)]
pub(super) struct CertificateMetrics {
    series: Arc<Mutex<Series>>,
    desc: Desc,
}

impl CertificateMetrics {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let Declaration { name, help, .. } = *certificate_ends();
        let desc = Desc::new(name.to_owned(), help.to_owned(), Vec::new(), HashMap::new())?;
        Ok(Self { series: Arc::default(), desc })
    }

    /// Shows these certificates and no others. Of two with the same labels, the one that ends first is shown.
    pub(super) fn show<'t>(&self, terms: impl IntoIterator<Item = &'t CertificateTerm>) {
        let mut series = Series::new();
        for term in terms {
            let labels = (term.used_by.kind(), term.used_by.name().to_owned(), term.subject.clone());
            let end = term.not_after.unix_f64();
            series.entry(labels).and_modify(|first| *first = first.min(end)).or_insert(end);
        }
        *self.series.lock().unwrap_or_else(PoisonError::into_inner) = series;
    }
}

impl Collector for CertificateMetrics {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics = series.iter().map(|((kind, name, subject), end)| metric(kind, name, subject, *end));
        let mut family = MetricFamily::default();
        family.set_name(certificate_ends().name.to_owned());
        family.set_help(certificate_ends().help.to_owned());
        family.set_field_type(MetricType::GAUGE);
        family.set_metric(metrics.collect());
        vec![family]
    }
}

fn metric(kind: &str, name: &str, subject: &str, end: f64) -> Metric {
    let label = |name: &str, value: &str| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    let mut gauge = Gauge::default();
    gauge.set_value(end);
    let mut metric = Metric::from_label(vec![label(kind, name), label("subject", subject)]);
    metric.set_gauge(gauge);
    metric
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;
    use crate::model::{CertificateTerm, CertificateUse, Instant, ProviderName};

    #[test]
    fn each_certificate_has_the_label_of_what_depends_on_it() {
        let metrics = Metrics::new().unwrap();
        let term = |used_by, subject: &str, end| CertificateTerm {
            used_by,
            subject: subject.to_owned(),
            not_after: Instant::from_unix(end),
        };
        let listener = || CertificateUse::Listener("0.0.0.0:8443".to_owned());
        let provider = CertificateUse::Provider(ProviderName::parse("corp").unwrap());
        metrics.certificates(&[
            term(listener(), "CN=a \"b\"", 200),
            term(listener(), "CN=a \"b\"", 100),
            term(CertificateUse::Upstream("agents.internal:443".to_owned()), "CN=c", 300),
            term(provider, "CN=c", 400),
        ]);
        let shown = metrics.render();
        let lines: Vec<&str> =
            shown.lines().filter(|line| line.starts_with("portcullis_tls_certificate_")).collect();
        let name = super::certificate_ends().name;
        assert_eq!(
            lines,
            [
                format!(r#"{name}{{listener="0.0.0.0:8443",subject="CN=a \"b\""}} 100"#),
                format!(r#"{name}{{upstream="agents.internal:443",subject="CN=c"}} 300"#),
                format!(r#"{name}{{provider="corp",subject="CN=c"}} 400"#),
            ]
        );
        metrics.certificates(&[]);
        assert!(!metrics.render().contains(name), "certificates that are gone are not shown");
    }
}
