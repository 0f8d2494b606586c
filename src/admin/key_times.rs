//! The expiry of API keys: as requested, and of a successor when nothing is requested.

use std::time::Duration;

use serde_json::{Value, json};

use crate::config::{Code, parse_duration, show_duration};
use crate::model::Instant;

use super::problem::Problem;
use super::{AdminState, write};

/// The longest overlap and the longest lifetime: ten years with their leap days, and a week over.
const LONGEST_TIME: Duration = Duration::from_secs(3660 * 86_400);

/// The shortest lifetime: a key expires at a whole second.
pub(super) const SHORTEST_LIFE: Duration = Duration::from_secs(1);

/// The bounds of a requested duration, for the OpenAPI document.
pub(super) fn bounds(least: Duration) -> Value {
    json!({"minimum": show_duration(least), "maximum": show_duration(LONGEST_TIME)})
}

/// The pattern of durations in the OpenAPI document.
pub(super) const DURATION: &str = "^([0-9]{1,4}(ms|s|m|h|d)){1,3}$";

/// The expiry that a request asks for, as a timestamp or as a duration; it must be in the future.
pub(super) fn expiry(
    state: &AdminState,
    at: Option<&str>,
    after: Option<&str>,
) -> Result<Option<jiff::Timestamp>, Problem> {
    let now = state.admin.clock.now();
    match (at, after) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let message = "give `expires_at` or `expires_in`, not both";
            Err(Problem::invalid("/expires_in", Code::DuplicateValue, message))
        }
        (Some(at), None) => {
            let message = "`expires_at` is a moment to come (RFC 3339), such as 2030-01-01T00:00:00Z";
            let parsed = at.parse::<jiff::Timestamp>().ok();
            let now = write::timestamp(now);
            match parsed.filter(|at| now.is_none_or(|now| *at > now)) {
                Some(at) => Ok(Some(at)),
                None => Err(Problem::invalid("/expires_at", Code::BadDate, message)),
            }
        }
        (None, Some(after)) => {
            let after = duration("/expires_in", after)?;
            let message = "`expires_in` is a time over 0, such as 30d";
            let at = write::timestamp(now.plus(after)).filter(|_| after >= SHORTEST_LIFE);
            at.map(Some).ok_or_else(|| Problem::invalid("/expires_in", Code::BadDuration, message))
        }
    }
}

/// Parses a duration of at most 3660 days; `pointer` is the member that an error names.
pub(super) fn duration(pointer: &str, text: &str) -> Result<Duration, Problem> {
    match parse_duration(text) {
        Ok(time) if time <= LONGEST_TIME => Ok(time),
        Ok(_) => Err(Problem::invalid(pointer, Code::OutOfRange, "at most 3660d")),
        Err(help) => Err(Problem::invalid(pointer, Code::BadDuration, help)),
    }
}

/// The expiry of the successor of a key that was `made` and has its `end` then, when the request gives none. A key that
/// expires must not silently become one that does not, nor one that expires at once.
///
/// An old key with more than half of its lifetime left is rotated for another reason than its expiry, so the successor
/// keeps that expiry. Otherwise the successor gets the whole lifetime of the old key.
pub(super) fn end_of_successor(
    (made, end): (Option<jiff::Timestamp>, Option<jiff::Timestamp>),
    overlap: Duration,
    now: Instant,
) -> Result<Option<jiff::Timestamp>, Problem> {
    let Some(end) = end else { return Ok(None) };
    let seconds = |at: jiff::Timestamp| u64::try_from(at.as_second()).unwrap_or(0);
    let left = Duration::from_secs(seconds(end).saturating_sub(now.unix()));
    let life = made.map(|made| Duration::from_secs(seconds(end).saturating_sub(seconds(made))));
    match life {
        Some(life) if left < life / 2 => Ok(write::timestamp(now.plus(life)).or(Some(end))),
        None if left <= overlap => {
            let message = format!("the key ends at {end} already: say when the new one is to end");
            Err(Problem::invalid("/expires_in", Code::MissingField, message))
        }
        Some(_) | None => Ok(Some(end)),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn a_successor_neither_expires_at_once_nor_silently_lasts_for_ever() {
        const NOW: u64 = 1_700_000_000;
        let at = |days: i64| jiff::Timestamp::from_second(1_700_000_000 + days * 86_400).unwrap();
        let hour = Duration::from_secs(3600);
        // Creation and expiry of the old key and expiry of its successor, in days from now.
        for (made, ends, wanted) in [
            (Some(-30), None, Ok(None)),
            (Some(-1), Some(29), Ok(Some(29))),
            (Some(-29), Some(1), Ok(Some(30))),
            (None, Some(1), Ok(Some(1))),
            (None, Some(0), Err(422)),
        ] {
            let old = (made.map(at), ends.map(at));
            let found = end_of_successor(old, hour, Instant::from_unix(NOW));
            let found = found.map_err(|problem| problem.into_response().status().as_u16());
            assert_eq!(found, wanted.map(|days| days.map(at)), "{made:?} {ends:?}");
        }
    }
}
