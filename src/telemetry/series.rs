//! The series of one family: what is counted under each set of labels, for Prometheus to collect.
//!
//! What a counter or a histogram is, and who counts where, is in `counter` and `histogram`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::family::{Declaration, Series};

/// What is counted under one set of labels.
pub(super) trait Counted: fmt::Debug + Send + Sync + 'static {
    /// What Prometheus calls it.
    const KIND: MetricType;

    /// Nothing counted yet. `buckets` are those of a histogram.
    fn begin(buckets: &'static [f64]) -> Self;

    /// Writes what was counted so far.
    fn show(&self, metric: &mut Metric);
}

/// The series of one family. Cheap to clone.
#[derive(Debug)]
pub(super) struct Counts<C>(Arc<Inner<C>>);

#[derive(Debug)]
struct Inner<C> {
    desc: Desc,
    buckets: &'static [f64],
    /// By the values of the labels. Looked at when a handle is resolved, and when somebody collects.
    series: Mutex<HashMap<Vec<String>, Arc<C>>>,
}

impl<C> Counts<C> {
    fn series(&self) -> MutexGuard<'_, HashMap<Vec<String>, Arc<C>>> {
        self.0.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `read` finds in each series, with the labels of that.
    pub(super) fn read<R>(&self, read: impl Fn(&C) -> Option<R>) -> Vec<(Vec<LabelPair>, R)> {
        let series = self.series();
        let found = series.iter().filter_map(|(values, counted)| Some((self.labels(values), read(counted)?)));
        found.collect()
    }

    fn labels(&self, values: &[String]) -> Vec<LabelPair> {
        let pair = |(name, value): (&String, &String)| {
            let mut pair = LabelPair::default();
            pair.set_name(name.clone());
            pair.set_value(value.clone());
            pair
        };
        let mut labels: Vec<_> = self.0.desc.variable_labels.iter().zip(values).map(pair).collect();
        labels.sort_by(|one, other| one.name().cmp(other.name()));
        labels
    }
}

impl<C: Counted> Series for Counts<C> {
    type Handle = Arc<C>;

    fn declared(declaration: &Declaration) -> Result<Self, prometheus::Error> {
        let labels = declaration.label_names().into_iter().map(str::to_owned).collect();
        let (name, help) = (declaration.name.to_owned(), declaration.help.to_owned());
        let desc = Desc::new(name, help, labels, HashMap::new())?;
        Ok(Self(Arc::new(Inner { desc, buckets: declaration.buckets, series: Mutex::default() })))
    }

    fn of(&self, values: &[&str]) -> Arc<C> {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        Arc::clone(self.series().entry(values).or_insert_with(|| Arc::new(C::begin(self.0.buckets))))
    }

    fn remove(&self, values: &[&str]) {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        self.series().remove(&values);
    }
}

impl<C: Counted> Collector for Counts<C> {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let metric = |(values, counted): (&Vec<String>, &Arc<C>)| {
            let mut metric = Metric::from_label(self.labels(values));
            counted.show(&mut metric);
            metric
        };
        let mut family = MetricFamily::default();
        family.set_name(self.0.desc.fq_name.clone());
        family.set_help(self.0.desc.help.clone());
        family.set_field_type(C::KIND);
        family.set_metric(self.series().iter().map(metric).collect());
        vec![family]
    }
}

impl<C> Clone for Counts<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
