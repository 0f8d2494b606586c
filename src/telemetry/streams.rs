//! The count of an agent's streams under way, by kind.

use std::sync::OnceLock;

use prometheus::IntGauge;

use crate::model::StreamKind;

/// The counts of one agent, made when the first stream of it begins.
#[derive(Debug, Default)]
pub(super) struct Streams(OnceLock<Box<[OnceLock<IntGauge>]>>);

/// A stream that is counted until this is dropped, also where the series of its agent have gone meanwhile.
#[derive(Debug)]
pub struct StreamUnderWay(Option<IntGauge>);

impl Streams {
    /// Counts a stream of this kind; `make` makes its count, the first time.
    pub(super) fn enter(&self, kind: StreamKind, make: impl FnOnce() -> IntGauge) -> StreamUnderWay {
        let counts = self.0.get_or_init(|| StreamKind::ALL.iter().map(|_| OnceLock::new()).collect());
        let count = counts.get(kind as usize).map(|count| count.get_or_init(make).clone());
        if let Some(count) = &count {
            count.inc();
        }
        StreamUnderWay(count)
    }
}

impl Drop for StreamUnderWay {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.dec();
        }
    }
}
