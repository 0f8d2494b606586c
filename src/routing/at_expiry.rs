//! What becomes of a running stream when the right of its client ends: whether it ends with it, and when.
//!
//! When a right ends is in `right_end`, and a loop of `control` looks which streams are due.

use std::time::Duration;

use crate::model::{CloseCode, Extent, Instant, OnExpiry, StreamKind};
use crate::upstream::Ends;

/// What an agent says of the end of its callers' credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtExpiry {
    /// What becomes of streams; `None` = those that go on for as long as both sides like end, and answers may finish.
    pub on_expiry: Option<OnExpiry>,
    /// How long a stream goes on after the end of the credential, so that its client has time for a new one.
    pub grace: Duration,
    /// How much longer a stream that may finish goes on.
    pub finish_within: Duration,
    /// The code with which WebSockets are closed.
    pub close_code: CloseCode,
}

impl Default for AtExpiry {
    fn default() -> Self {
        Self {
            on_expiry: None,
            grace: Duration::from_secs(5),
            finish_within: Duration::from_secs(300),
            close_code: CloseCode::default(),
        }
    }
}

impl AtExpiry {
    /// When a stream ends whose client's right does at `right_ends`; `None` = it goes on. `spread` takes up to a tenth of the
    /// grace away, so that the clients of streams that began together do not all come again at once.
    #[must_use]
    pub fn ends(
        &self,
        (kind, extent): (StreamKind, Extent),
        right_ends: Instant,
        spread: u16,
    ) -> Option<Ends> {
        if kind == StreamKind::Body {
            // One answer, whose end says that it is whole.
            return None;
        }
        let more = match self.becomes(extent) {
            OnExpiry::Off => return None,
            OnExpiry::End => Duration::ZERO,
            OnExpiry::Finish => self.finish_within,
        };
        let less = self.grace / 10 * u32::from(spread) / u32::from(u16::MAX);
        let after = self.grace.saturating_sub(less).saturating_add(more);
        Some(Ends { at: right_ends.plus(after), after })
    }

    /// Whether a stream may begin that goes on for as long as both sides like, although the credential has ended and only its
    /// leeway is left.
    #[must_use]
    pub fn lets_begin_late(&self) -> bool {
        self.becomes(Extent::Open) == OnExpiry::Off
    }

    /// What becomes of a stream that is for this.
    #[must_use]
    pub fn becomes(&self, extent: Extent) -> OnExpiry {
        self.on_expiry.unwrap_or(match extent {
            Extent::Open => OnExpiry::End,
            Extent::Answer => OnExpiry::Finish,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [StreamKind; 4] =
        [StreamKind::WebSocket, StreamKind::Sse, StreamKind::Grpc, StreamKind::Body];
    const SECOND: Duration = Duration::from_secs(1);

    fn ends(at_expiry: AtExpiry, kind: StreamKind, extent: Extent, spread: u16) -> Option<u64> {
        let ends = at_expiry.ends((kind, extent), Instant::from_unix(1_000), spread)?;
        assert_eq!(Instant::from_unix(1_000).plus(ends.after), ends.at);
        Some(ends.at.since(Instant::from_unix(1_000)).as_millis().try_into().unwrap())
    }

    #[test]
    fn the_setting_and_what_a_stream_is_for_say_when_it_ends() {
        use Extent::{Answer, Open};
        let grace = Some(5_000);
        let finished = Some(305_000);
        for (on_expiry, open, answer) in [
            (None, grace, finished),
            (Some(OnExpiry::End), grace, grace),
            (Some(OnExpiry::Finish), finished, finished),
            (Some(OnExpiry::Off), None, None),
        ] {
            let at_expiry = AtExpiry { on_expiry, ..AtExpiry::default() };
            for kind in KINDS {
                let is_body = kind == StreamKind::Body;
                for (extent, wanted) in [(Open, open), (Answer, answer)] {
                    let wanted = wanted.filter(|_| !is_body);
                    assert_eq!(ends(at_expiry, kind, extent, 0), wanted, "{on_expiry:?} {kind} {extent:?}");
                }
            }
            assert_eq!(at_expiry.lets_begin_late(), open.is_none(), "{on_expiry:?}");
        }
    }

    #[test]
    fn streams_are_spread_over_the_last_tenth_of_the_grace() {
        let at_expiry = AtExpiry { grace: SECOND * 30, ..AtExpiry::default() };
        let of = |spread| ends(at_expiry, StreamKind::Sse, Extent::Open, spread).unwrap();
        assert_eq!((of(0), of(u16::MAX)), (30_000, 27_000));
        assert!((27_001..30_000).contains(&of(30_000)));
        let none = AtExpiry { grace: Duration::ZERO, ..at_expiry };
        assert_eq!(ends(none, StreamKind::Sse, Extent::Open, u16::MAX), Some(0));
        let all = AtExpiry { on_expiry: Some(OnExpiry::Finish), ..at_expiry };
        assert_eq!(ends(all, StreamKind::Sse, Extent::Open, u16::MAX), Some(327_000), "only of the grace");
    }
}
