//! The canonical text of a JSON value (RFC 8785): what a signature is over.

use serde_json::Number;

use super::json::{Json, Members};
use super::text::quoted;

/// The canonical text of an object. URLs under the public base must be texts by then: what follows the base is no value.
pub(super) fn canonical(members: &Members) -> String {
    let mut out = String::new();
    object(members, &mut out);
    out
}

fn value(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(number) => out.push_str(&ecma_number(number)),
        Json::Text(text) | Json::Anchored(text) => out.push_str(&quoted(text)),
        Json::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                self::value(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => object(members, out),
    }
}

/// Members stand in the order of their UTF-16 code units (section 3.2.3).
fn object(members: &Members, out: &mut String) {
    let mut sorted: Vec<&(String, Json)> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (name, member)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(name));
        out.push(':');
        value(member, out);
    }
    out.push('}');
}

/// A number as `Number::toString` of ECMAScript writes it (section 3.2.2.3): the shortest digits that read back to the same
/// double, in exponential form outside of 1e-6 to 1e21.
fn ecma_number(number: &Number) -> String {
    let double = number.as_f64().unwrap_or_default();
    let Some((digits, point)) = shortest(double.abs()) else { return "0".to_owned() };
    let sign = if double < 0.0 { "-" } else { "" };
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let text = match point {
        1..=21 if count <= point => format!("{digits}{}", zeros(point - count)),
        1..=21 => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
            format!("{whole}.{fraction}")
        }
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            format!("{first}{fraction}e{:+}", point - 1)
        }
    };
    format!("{sign}{text}")
}

/// The shortest digits of a double, and where the point stands behind the first; `None` for zero.
///
/// They are taken from how `serde_json` writes it: of two that are as near it takes the even one, as ECMAScript wants it,
/// which the formatting of the standard library does not.
fn shortest(double: f64) -> Option<(String, i32)> {
    let text = Number::from_f64(double)?.to_string();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let leading = i32::try_from(all.len() - digits.len()).ok()?;
    let point = i32::try_from(whole.len()).ok()? - leading + exponent.parse::<i32>().ok()?;
    let digits = digits.trim_end_matches('0');
    (!digits.is_empty()).then(|| (digits.to_owned(), point))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8785 appendix B, by the bits of the doubles.
    const NUMBERS: [(u64, &str); 23] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];

    fn read(text: &str) -> String {
        let Ok(Json::Object(members)) = serde_json::from_str(text) else { panic!("an object: {text}") };
        canonical(&members)
    }

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        for (bits, wanted) in NUMBERS {
            let number = Number::from_f64(f64::from_bits(bits)).unwrap();
            assert_eq!(ecma_number(&number), wanted, "{bits:x}");
        }
        // Whole numbers of JSON are doubles, too.
        assert_eq!(read(r#"{"a":[10,1e3,-7,9007199254740993]}"#), r#"{"a":[10,1000,-7,9007199254740992]}"#);
    }

    #[test]
    fn texts_and_words_are_those_of_the_rfc() {
        // Section 3.2.2, but 333333333.33333329: a number with more digits than a double has may be read as its neighbour,
        // and that is what is served then.
        let given = "{\"numbers\":[333333333.3333333,1E30,4.50,2e-3,0.000000000000000000000000001],\
            \"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\"literals\":[null,true,false]}";
        let wanted = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
            \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(read(given), wanted);
    }

    #[test]
    fn members_stand_in_the_order_of_their_utf_16_code_units() {
        // Section 3.2.3.
        let given =
            "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}";
        let wanted =
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
        assert_eq!(read(given), wanted);
        assert_eq!(
            read(r#"{"b":{"d":[{"f":1,"e":2}],"c":{}},"a":[]}"#),
            r#"{"a":[],"b":{"c":{},"d":[{"e":2,"f":1}]}}"#
        );
    }
}
