//! Numbers in claims. JSON has one kind of number and leaves its precision to the parser (RFC 8259 section 6): here a number
//! whose value could have been rounded matches no rule and goes into no header.

use serde_json::Number;

/// 2^53: below it every integer has a float of its own, from there on several integers share one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number whose value is known exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Exact {
    /// An integer, however it was written: `100`, `1e2` and `100.0` are equal.
    Integer(i128),
    /// A number that is no integer, below 2^53.
    Fraction(f64),
}

/// Whether the value of a number is known exactly. `config` refuses a rule with any other, since nothing could match it.
#[must_use]
pub fn is_exact(number: &Number) -> bool {
    Exact::of(number).is_some()
}

impl Exact {
    /// The value of a number; `None` when parsing may have rounded it.
    #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
    pub(super) fn of(number: &Number) -> Option<Self> {
        let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        if let Some(integer) = integer {
            return Some(Self::Integer(integer));
        }
        let float = number.as_f64().filter(|float| float.abs() < EXACT)?;
        Some(if float.fract() == 0.0 { Self::Integer(float as i128) } else { Self::Fraction(float) })
    }

    /// The number as JSON writes it, without an exponent where it is an integer.
    pub(super) fn text(self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            // `of` lets only finite floats in, and `from_f64` refuses no other.
            Self::Fraction(float) => Number::from_f64(float).map_or_else(String::new, |n| n.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_may_have_been_rounded_has_no_value() {
        for (written, wanted) in [
            ("0", Some("0")),
            ("-7", Some("-7")),
            ("1e2", Some("100")),
            ("100.0", Some("100")),
            ("-0.0", Some("0")),
            ("1.5", Some("1.5")),
            ("9223372036854775807", Some("9223372036854775807")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("18446744073709551616", None),
            ("18446744073709551617", None),
            ("-9223372036854775809", None),
            ("1e300", None),
            ("9007199254740993.0", None),
        ] {
            let number: Number = serde_json::from_str(written).unwrap();
            assert_eq!(Exact::of(&number).map(Exact::text).as_deref(), wanted, "{written}");
        }
    }
}
