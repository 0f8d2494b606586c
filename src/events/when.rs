//! Times in events: seconds since the epoch, or milliseconds, which senders of drafts write.

use std::time::Duration;

use serde_json::Value;

use crate::model::Instant;

/// From here on a number is of milliseconds: as seconds it is the year 5138, as milliseconds a day in 1973.
const MILLISECONDS: f64 = 1e11;
/// From here on it is neither: as milliseconds it is the year 5138.
const NO_TIME: f64 = 1e14;

/// The point in time that a number means.
pub(super) fn point(value: &Value) -> Option<Instant> {
    let number = value.as_f64().filter(|number| *number > 0.0 && *number < NO_TIME)?;
    let seconds = if number < MILLISECONDS { number } else { number / 1000.0 };
    Duration::try_from_secs_f64(seconds).ok().map(Instant::from_duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        for (value, wanted) in [
            (json!(1_600_975_810), Some(1_600_975_810.0)),
            (json!(1_600_975_810_500_u64), Some(1_600_975_810.5)),
            (json!(1_600_975_810.25), Some(1_600_975_810.25)),
            (json!(99_999_999_999_u64), Some(99_999_999_999.0)),
            (json!(100_000_000_000_u64), Some(100_000_000.0)),
            (json!(1_600_975_810_000_000_u64), None),
            (json!(0), None),
            (json!(-1), None),
            (json!("1600975810"), None),
            (json!(null), None),
        ] {
            assert_eq!(point(&value).map(Instant::unix_f64), wanted, "{value}");
        }
    }
}
