//! Says in the log that log lines are being lost, once a minute while it lasts: a counter alone is seen too late.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::lines;

/// How often the counters are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The least time between two sentences about one log.
const QUIET: Duration = Duration::from_secs(60);

/// What was told of one log.
#[derive(Debug)]
struct Told {
    lost: u64,
    at: Instant,
}

/// What was told so far.
#[derive(Debug, Default)]
struct Watch(BTreeMap<&'static str, Told>);

impl Watch {
    /// How many lines of which log were lost since that was told last, where it is time to tell it.
    fn look(&mut self, lost: &[(&'static str, u64)], now: Instant) -> Vec<(&'static str, u64)> {
        let mut news = Vec::new();
        for (log, lost) in lost.iter().copied() {
            let before = self.0.get(log).map_or(0, |told| told.lost);
            let is_quiet = self.0.get(log).is_some_and(|told| now.duration_since(told.at) < QUIET);
            if lost > before && !is_quiet {
                news.push((log, lost - before));
                self.0.insert(log, Told { lost, at: now });
            }
        }
        news
    }
}

/// Watches the logs of this process, for ever.
pub async fn tell_of_lost_lines() {
    let mut watch = Watch::default();
    loop {
        tokio::time::sleep(LOOK).await;
        for (log, lines) in watch.look(&lines::lost(), Instant::now()) {
            tracing::warn!(
                log,
                lines,
                "log lines were dropped: whoever reads them is too slow, or the disk is full"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_lines_are_told_at_once_and_then_once_a_minute() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        for (second, access, wanted) in [
            (0, 0, None),
            (1, 5, Some(5)),
            (2, 9, None),
            (60, 50, None),
            (61, 80, Some(75)),
            (300, 80, None),
            (301, 81, Some(1)),
        ] {
            let now = start + Duration::from_secs(second);
            let told = watch.look(&[("access", access), ("process", 0)], now);
            assert_eq!(
                told,
                wanted.map(|lines| ("access", lines)).into_iter().collect::<Vec<_>>(),
                "{second}"
            );
        }
    }
}
