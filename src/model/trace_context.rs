//! The place of a request in a trace, as `traceparent` and `tracestate` carry it (W3C Trace Context, level 1).
//!
//! Whether a client's word is believed is for the rooms that know the client.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

use super::request_id::hex_digit;

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;
/// The most bytes of a `tracestate` that are passed on (section 3.3.1.5: at least 512).
const MOST_STATE: usize = 512;
/// The most members of a `tracestate` (section 3.3.1.1).
const MOST_MEMBERS: usize = 32;
/// The longest key, and the longest value, of a member (section 3.3.1.3).
const MOST_PART: usize = 256;

/// The id of a trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(NonZeroU128);

/// The id of a span; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanId(NonZeroU64);

/// One span of a trace, as its children hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether the one who began the trace, or the caller, may have recorded it.
    pub sampled: bool,
}

impl TraceId {
    /// The id of these random bits.
    #[must_use]
    pub fn of(random: u128) -> Self {
        Self(NonZeroU128::new(random).unwrap_or(NonZeroU128::MIN))
    }

    /// Sixteen bytes in network order.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }

    /// A number that is spread evenly: of the part that is random also where not all of it is (section 2.2.3).
    #[must_use]
    pub fn spread(self) -> u64 {
        // The lower half is the part that is cut off.
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
        let lower = self.0.get() as u64;
        lower
    }
}

impl SpanId {
    /// The id of these random bits.
    #[must_use]
    pub fn of(random: u64) -> Self {
        Self(NonZeroU64::new(random).unwrap_or(NonZeroU64::MIN))
    }

    /// Eight bytes in network order.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl TraceContext {
    /// Reads a `traceparent` (section 3.2). Later versions are read like version 00, as far as that goes; nothing is returned
    /// for one that is malformed, whose ids are zero, or whose version is 255.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (known, rest) = value.split_at_checked(LENGTH)?;
        let mut parts = known.split(|byte| *byte == b'-');
        let [version, trace, span, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let version = hexadecimal(version, 2)?;
        let is_whole =
            if version == 0 { rest.is_empty() } else { rest.first().is_none_or(|next| *next == b'-') };
        if version == 0xff || !is_whole || parts.next().is_some() {
            return None;
        }
        let span = u64::try_from(hexadecimal(span, 16)?).ok()?;
        Some(Self {
            trace: TraceId(NonZeroU128::new(hexadecimal(trace, 32)?)?),
            span: SpanId(NonZeroU64::new(span)?),
            sampled: hexadecimal(flags, 2)? & 1 == 1,
        })
    }

    /// Calls `read` with the `traceparent` that children receive, which stands on the stack.
    pub fn with_text<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let halves = self.trace.to_bytes().into_iter().chain(self.span.to_bytes());
        let digits = halves.flat_map(|byte| [byte >> 4, byte & 0xf]).map(hex_digit);
        let is_digit = |at: &usize| !matches!(at, 35);
        for (place, digit) in (3..52).filter(is_digit).zip(digits) {
            if let Some(byte) = text.get_mut(place) {
                *byte = digit;
            }
        }
        if let (true, Some(last)) = (self.sampled, text.last_mut()) {
            *last = b'1';
        }
        read(&text)
    }
}

/// A number in so many hexadecimal digits of lower case.
fn hexadecimal(digits: &[u8], count: usize) -> Option<u128> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let text = str::from_utf8(digits)
        .ok()
        .filter(|text| text.len() == count && text.bytes().all(|b| is_digit(&b)))?;
    u128::from_str_radix(text, 16).ok()
}

/// Joins the values of all `tracestate` fields of a request (section 3.3); nothing when they are malformed, or too many or too
/// long to be passed on.
#[must_use]
pub fn trace_state<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let joined = values.collect::<Vec<_>>().join(&b","[..]);
    let members: Vec<&[u8]> = joined.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
    let written: Vec<&[u8]> = members.into_iter().filter(|member| !member.is_empty()).collect();
    let fits = !written.is_empty() && written.len() <= MOST_MEMBERS && joined.len() <= MOST_STATE;
    (fits && written.iter().all(|member| is_member(member))).then(|| written.join(&b","[..]))
}

/// Whether this is `key=value` (sections 3.3.1.3.1 and 3.3.1.3.2).
fn is_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|byte| *byte == b'=') else { return false };
    let (key, value) = member.split_at(at);
    let is_letter = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-*/@".contains(b);
    let begins = key.first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let tenants = key.iter().filter(|byte| **byte == b'@').count();
    let value = value.get(1..).unwrap_or_default();
    let is_value = |b: &u8| (0x20..=0x7e).contains(b) && *b != b'=';
    begins
        && tenants <= 1
        && key.len() <= MOST_PART
        && key.iter().all(is_letter)
        && (1..=MOST_PART).contains(&value.len())
        && value.iter().all(is_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_parent_is_read_and_written_as_it_came() {
        for text in [GOOD, "00-00000000000000000000000000000001-0000000000000001-00"] {
            let parent = TraceContext::parse(text.as_bytes()).unwrap();
            parent.with_text(|written| assert_eq!(written, text.as_bytes()));
            assert_eq!(text, format!("00-{}-{}-0{}", parent.trace, parent.span, u8::from(parent.sampled)));
        }
    }

    #[test]
    fn other_flags_and_later_versions_are_read_as_far_as_they_are_known() {
        for (text, sampled) in [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", true),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02", false),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later", true),
        ] {
            assert_eq!(TraceContext::parse(text.as_bytes()).unwrap().sampled, sampled, "{text}");
        }
    }

    #[test]
    fn a_malformed_parent_is_none() {
        for text in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "0-00af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0 ",
        ] {
            assert_eq!(TraceContext::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_state_is_joined_and_passed_on_when_it_is_well_formed_and_short() {
        let joined = |values: &[&str]| {
            trace_state(values.iter().map(|v| v.as_bytes())).map(|v| String::from_utf8(v).unwrap())
        };
        assert_eq!(joined(&["a=1 , b@c=2", "", "d/e=!\"~"]).as_deref(), Some("a=1,b@c=2,d/e=!\"~"));
        let many = (0..33).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        let long = format!("a={}", "v".repeat(257));
        let longer = format!("a={0},b={0}", "v".repeat(256));
        for bad in
            ["", ",", "a", "a=", "=1", "A=1", "a=1=2", "a@b@c=1", "a=\u{e4}", "-a=1", &many, &long, &longer]
        {
            assert_eq!(joined(&[bad]), None, "{bad}");
        }
    }

    #[test]
    fn no_id_is_zero() {
        assert_eq!(TraceId::of(0).to_string(), format!("{:032x}", 1));
        assert_eq!(SpanId::of(0).to_string(), format!("{:016x}", 1));
    }
}
