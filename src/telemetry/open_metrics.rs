//! The page of metrics in the format of OpenMetrics 1.0, with examples at the buckets of histograms.
//!
//! The classic format is the `prometheus` crate's, which knows neither. What is counted is the same in both, but names and numbers are
//! written by other rules: a counter's family is named without `_total`, and all numbers are decimal ones (`le="1.0"`).

use std::collections::HashMap;
use std::fmt::Write as _;

use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::exemplars::Exemplar;

/// The units that a name can end with.
const UNITS: [&str; 2] = ["seconds", "bytes"];

/// The examples of histograms, by family and labels.
#[derive(Debug, Default)]
pub(super) struct Examples(HashMap<String, Vec<Option<Exemplar>>>);

impl Examples {
    /// Adds those of a family's series: for each bucket, the one above all bounds last.
    pub(super) fn add(&mut self, name: &str, series: Vec<(Vec<LabelPair>, Vec<Option<Exemplar>>)>) {
        for (labels, examples) in series {
            self.0.insert(key(name, &text(&labels)), examples);
        }
    }
}

/// The page.
pub(super) fn page(families: &[MetricFamily], examples: &Examples) -> String {
    let mut page = Page(String::new());
    for family in families {
        page.family(family, examples);
    }
    page.0.push_str("# EOF\n");
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, family: &MetricFamily, examples: &Examples) {
        let (kind, suffix) = match family.get_field_type() {
            MetricType::COUNTER => ("counter", "_total"),
            // A name that ends so is kept for metrics that are always 1.
            MetricType::GAUGE if family.name().ends_with("_info") => ("info", "_info"),
            MetricType::GAUGE => ("gauge", ""),
            MetricType::HISTOGRAM => ("histogram", ""),
            // There are none.
            MetricType::SUMMARY | MetricType::UNTYPED => return,
        };
        let name = family.name().strip_suffix(suffix).unwrap_or(family.name());
        self.say(format_args!("# TYPE {name} {kind}\n"));
        let has = |unit: &&&str| name.strip_suffix(**unit).is_some_and(|rest| rest.ends_with('_'));
        if let Some(unit) = UNITS.iter().find(has) {
            self.say(format_args!("# UNIT {name} {unit}\n"));
        }
        self.say(format_args!("# HELP {name} {}\n", escaped(family.help())));
        for metric in family.get_metric() {
            let labels = text(metric.get_label());
            let value = match family.get_field_type() {
                MetricType::COUNTER => metric.get_counter().get_value(),
                MetricType::HISTOGRAM => {
                    let examples = examples.0.get(&key(family.name(), &labels));
                    self.histogram(name, &labels, metric, examples.map_or(&[], Vec::as_slice));
                    continue;
                }
                _ => metric.get_gauge().get_value(),
            };
            self.say(format_args!("{name}{suffix}{} {}\n", braced(&labels), number(value)));
        }
    }

    fn histogram(&mut self, name: &str, labels: &str, metric: &Metric, examples: &[Option<Exemplar>]) {
        let histogram = metric.get_histogram();
        let counted = histogram.get_bucket().iter();
        let counted = counted.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
        let all = (f64::INFINITY, histogram.get_sample_count());
        let comma = if labels.is_empty() { "" } else { "," };
        for (at, (bound, count)) in counted.chain([all]).enumerate() {
            self.say(format_args!("{name}_bucket{{{labels}{comma}le=\"{}\"}} {count}", number(bound)));
            if let Some(Some(example)) = examples.get(at) {
                let (took, at) = (example.took.as_secs_f64(), example.at.unix_f64());
                self.say(format_args!(" # {{trace_id=\"{}\"}} {} {at:.3}", example.trace, number(took)));
            }
            self.0.push('\n');
        }
        let labels = braced(labels);
        self.say(format_args!("{name}_sum{labels} {}\n", number(histogram.get_sample_sum())));
        self.say(format_args!("{name}_count{labels} {}\n", histogram.get_sample_count()));
    }

    fn say(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a `String` does not fail.
        let _written = self.0.write_fmt(text);
    }
}

/// What stands for a series.
fn key(name: &str, labels: &str) -> String {
    format!("{name}{}", braced(labels))
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

fn text(labels: &[LabelPair]) -> String {
    let pairs: Vec<_> =
        labels.iter().map(|pair| format!("{}=\"{}\"", pair.name(), escaped(pair.value()))).collect();
    pairs.join(",")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

/// A number in its canonical form (OpenMetrics 1.0, "Considerations: Canonical Numbers"): with a point, and with an exponent of two
/// digits where it is very small.
fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{value:?}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => text.replace('e', "e+"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Instant, TraceId};

    #[test]
    fn numbers_are_canonical() {
        for (value, wanted) in [
            (0.0, "0.0"),
            (1e-6, "1e-06"),
            (2.5e-5, "2.5e-05"),
            (1e-4, "0.0001"),
            (0.025, "0.025"),
            (1.0, "1.0"),
            (3600.0, "3600.0"),
            (604_800.0, "604800.0"),
            (1.5e-12, "1.5e-12"),
            (1e300, "1e+300"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(number(value), wanted);
        }
    }

    fn family(
        name: &str,
        kind: MetricType,
        labels: &[(&str, &str)],
        fill: impl Fn(&mut Metric),
    ) -> MetricFamily {
        let pair = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        fill(&mut metric);
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help("What \"it\" is.".to_owned());
        family.set_field_type(kind);
        family.set_metric(vec![metric]);
        family
    }

    #[test]
    fn each_type_has_its_suffixes_and_a_bucket_its_example() {
        let counter = family("a_total", MetricType::COUNTER, &[("x", "q\"\\\n")], |metric| {
            let mut counter = prometheus::proto::Counter::default();
            counter.set_value(3.0);
            metric.set_counter(counter);
        });
        let gauge = |name| {
            family(name, MetricType::GAUGE, &[], |metric| {
                let mut gauge = prometheus::proto::Gauge::default();
                gauge.set_value(1.0);
                metric.set_gauge(gauge);
            })
        };
        let histogram = family("b_seconds", MetricType::HISTOGRAM, &[("agent", "a")], |metric| {
            let mut bucket = prometheus::proto::Bucket::default();
            bucket.set_upper_bound(1.0);
            bucket.set_cumulative_count(2);
            let mut histogram = prometheus::proto::Histogram::default();
            histogram.set_bucket(vec![bucket]);
            histogram.set_sample_count(3);
            histogram.set_sample_sum(4.5);
            metric.set_histogram(histogram);
        });
        let mut examples = Examples::default();
        let example = Exemplar {
            trace: TraceId::of(7),
            took: Duration::from_millis(2_500),
            at: Instant::from_duration(Duration::from_millis(1_700_000_000_250)),
        };
        let labels = histogram.get_metric()[0].get_label().to_vec();
        examples.add("b_seconds", vec![(labels, vec![None, Some(example)])]);
        let page = page(&[counter, gauge("c_bytes"), gauge("d_info"), histogram], &examples);
        let wanted = r#"# TYPE a counter
# HELP a What \"it\" is.
a_total{x="q\"\\\n"} 3.0
# TYPE c_bytes gauge
# UNIT c_bytes bytes
# HELP c_bytes What \"it\" is.
c_bytes 1.0
# TYPE d info
# HELP d What \"it\" is.
d_info 1.0
# TYPE b_seconds histogram
# UNIT b_seconds seconds
# HELP b_seconds What \"it\" is.
b_seconds_bucket{agent="a",le="1.0"} 2
b_seconds_bucket{agent="a",le="+Inf"} 3 # {trace_id="00000000000000000000000000000007"} 2.5 1700000000.250
b_seconds_sum{agent="a"} 4.5
b_seconds_count{agent="a"} 3
# EOF
"#;
        assert_eq!(page, wanted);
    }
}
