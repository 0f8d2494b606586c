//! A member of `Accept`, `Accept-Encoding` and their like: what a client would take, and how gladly (RFC 9110 section 12.4.2).

/// One member of such a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preference<'h> {
    /// What it names: a media type, a content coding, or a pattern for them.
    pub name: &'h str,
    /// How gladly it is taken, 0 to 1; 0 = not at all.
    pub quality: f32,
    parameters: &'h str,
}

impl<'h> Preference<'h> {
    /// The members of a value of the field.
    pub fn all(value: &'h str) -> impl Iterator<Item = Self> {
        value.split(',').map(Self::of)
    }

    fn of(member: &'h str) -> Self {
        let (name, parameters) = member.split_once(';').unwrap_or((member, ""));
        let plain = Self { name: name.trim(), quality: 1.0, parameters };
        // What cannot be read is not wanted.
        let quality = plain.parameter("q").map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
        Self { quality, ..plain }
    }

    /// The value of a parameter, without quotation marks.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'h str> {
        let pairs = self.parameters.split(';').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(own, _)| own.trim().eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim().trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_a_name_a_quality_and_parameters() {
        for (value, wanted) in [
            ("gzip", vec![("gzip", 1.0, None)]),
            ("br;q=0, gzip ; Q=0.5", vec![("br", 0.0, None), ("gzip", 0.5, None)]),
            ("a/b;v=\"1.0\";q=0.8, */*", vec![("a/b", 0.8, Some("1.0")), ("*/*", 1.0, None)]),
            ("x;q=y", vec![("x", 0.0, None)]),
            ("", vec![("", 1.0, None)]),
        ] {
            let found = Preference::all(value).map(|one| (one.name, one.quality, one.parameter("V")));
            assert_eq!(found.collect::<Vec<_>>(), wanted, "{value}");
        }
    }
}
