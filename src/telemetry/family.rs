//! One metric family: what is declared of it, and its series.

use std::fmt;

use prometheus::proto::Metric;
use prometheus::{GaugeVec, IntGaugeVec, Opts, Registry};

use super::label::Label;

/// What is said of a family, once: registration, handles, removal, the page on metrics and the bound on series come from
/// it.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// Its name on the page.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Its labels, in the order in which handles are asked for.
    pub labels: &'static [Label],
    /// What it means, in a sentence.
    pub help: &'static str,
    /// The upper bounds of a histogram's buckets, in seconds.
    pub buckets: &'static [f64],
}

impl Declaration {
    /// The most series that it can have, where the configuration has at most `names` names of each kind.
    #[must_use]
    pub fn most_series(&self, names: usize) -> usize {
        self.labels.iter().map(|label| label.values().unwrap_or(names)).product()
    }

    pub(super) fn opts(&self) -> Opts {
        Opts::new(self.name, self.help)
    }

    pub(super) fn label_names(&self) -> Vec<&'static str> {
        self.labels.iter().map(|label| label.name()).collect()
    }
}

/// When the only series of a family without labels is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// From the start.
    Always,
    /// As soon as somebody asks for its handle.
    OnceUsed,
}

/// The series of one type of metric, with any number of labels.
pub(super) trait Series: prometheus::core::Collector + Clone + Sized + 'static {
    type Handle;

    fn declared(declaration: &Declaration) -> Result<Self, prometheus::Error>;
    fn of(&self, values: &[&str]) -> Self::Handle;
    fn remove(&self, values: &[&str]);
}

macro_rules! series {
    ($($vector:ty: $handle:ty, |$declaration:ident| $opts:expr;)+) => {$(
        impl Series for $vector {
            type Handle = $handle;

            fn declared($declaration: &Declaration) -> Result<Self, prometheus::Error> {
                Self::new($opts, &$declaration.label_names())
            }

            fn of(&self, values: &[&str]) -> Self::Handle {
                self.with_label_values(values)
            }

            fn remove(&self, values: &[&str]) {
                // A series that went away in between is not an error.
                let _gone = self.remove_label_values(values);
            }
        }
    )+};
}

series! {
    IntGaugeVec: prometheus::IntGauge, |declaration| declaration.opts();
    GaugeVec: prometheus::Gauge, |declaration| declaration.opts();
}

/// A family with `N` labels.
pub(super) struct Family<S, const N: usize> {
    declaration: &'static Declaration,
    series: S,
}

impl<S: Series, const N: usize> Family<S, N> {
    /// Registers the family.
    pub(super) fn register(
        registry: &Registry,
        declaration: &'static Declaration,
        shown: Shown,
    ) -> Result<Self, prometheus::Error> {
        let series = S::declared(declaration)?;
        registry.register(Box::new(series.clone()))?;
        if N == 0 && shown == Shown::Always {
            series.of(&[]);
        }
        Ok(Self { declaration, series })
    }

    /// The handle of the series with these values, in the order of the declaration.
    pub(super) fn of(&self, values: [&str; N]) -> S::Handle {
        self.series.of(&values)
    }

    /// Drops the series with these values.
    pub(super) fn remove(&self, values: [&str; N]) {
        self.series.remove(&values);
    }

    /// Its name.
    pub(super) const fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// All its series.
    pub(super) const fn series(&self) -> &S {
        &self.series
    }

    /// Every series as it is now.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        self.series.collect().into_iter().flat_map(|mut family| family.take_metric()).collect()
    }

    /// Drops the series with a name that does not stay.
    pub(super) fn retain(&self, stays: &dyn Fn(Label, &str) -> bool) {
        if self.declaration.labels.iter().all(|label| label.values().is_some()) {
            return;
        }
        for metric in self.metrics() {
            let value = |label: &Label| {
                let pair = metric.get_label().iter().find(|pair| pair.name() == label.name());
                pair.map_or("", |pair| pair.value())
            };
            let values: Vec<&str> = self.declaration.labels.iter().map(value).collect();
            if !self.declaration.labels.iter().zip(&values).all(|(label, value)| stays(*label, value)) {
                self.series.remove(&values);
            }
        }
    }
}

impl<S, const N: usize> fmt::Debug for Family<S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Family").field(&self.declaration.name).finish()
    }
}
