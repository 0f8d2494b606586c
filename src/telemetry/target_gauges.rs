//! How targets stand, read when somebody looks.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};

use crate::model::TargetState;

use super::families::{target_in_flight, target_state};
use super::family::Declaration;

/// A target, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetReading {
    /// Its URL without a path.
    pub url: String,
    /// How it stands.
    pub state: TargetState,
    /// The requests under way there.
    pub in_flight: usize,
}

/// Reads the targets that there are now, each once.
type Read = Box<dyn Fn() -> Vec<TargetReading> + Send + Sync>;

/// What is read when somebody looks.
#[derive(Clone)]
pub(super) struct TargetGauges {
    read: Arc<Mutex<Option<Read>>>,
    state: Desc,
    in_flight: Desc,
}

impl TargetGauges {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let desc = |declaration: &Declaration| {
            let labels = declaration.label_names().into_iter().map(str::to_owned).collect();
            Desc::new(declaration.name.to_owned(), declaration.help.to_owned(), labels, HashMap::new())
        };
        Ok(Self { read: Arc::default(), state: desc(target_state())?, in_flight: desc(target_in_flight())? })
    }

    /// Reads targets so from now on.
    pub(super) fn read(&self, read: impl Fn() -> Vec<TargetReading> + Send + Sync + 'static) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(read));
    }
}

impl Collector for TargetGauges {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.state, &self.in_flight]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let targets = read.as_ref().map(|read| read()).unwrap_or_default();
        let states = targets.iter().flat_map(|target| {
            TargetState::ALL.iter().map(move |state| {
                let labels = vec![label("state", state.as_str()), label("target", &target.url)];
                gauge(labels, f64::from(u8::from(*state == target.state)))
            })
        });
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 requests under way")]
        let in_flight =
            targets.iter().map(|target| gauge(vec![label("target", &target.url)], target.in_flight as f64));
        vec![family(target_state(), states.collect()), family(target_in_flight(), in_flight.collect())]
    }
}

impl fmt::Debug for TargetGauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TargetGauges")
    }
}

pub(super) fn family(declaration: &Declaration, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(declaration.name.to_owned());
    family.set_help(declaration.help.to_owned());
    family.set_field_type(MetricType::GAUGE);
    family.set_metric(metrics);
    family
}

pub(super) fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

pub(super) fn gauge(labels: Vec<LabelPair>, value: f64) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::from_label(labels);
    metric.set_gauge(gauge);
    metric
}
