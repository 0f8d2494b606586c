//! References to the environment: agentgateway has them as we do, and for the others a dollar sign is one.

use serde_json::Value;

/// Writes the texts of a value so that they mean here what they meant. `meant`: whether `$NAME` and `${NAME}` are references
/// in the source.
pub(super) fn translate(value: &mut Value, meant: bool) {
    match value {
        Value::String(text) => {
            if text.contains('$') {
                *text = if meant { referred(text) } else { text.replace("${", "$${") };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| translate(item, meant)),
        Value::Object(members) => members.values_mut().for_each(|member| translate(member, meant)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `$NAME` as `${NAME}`.
fn referred(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        written.push_str(before);
        written.push('$');
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (name, behind) = after.split_at_checked(end).unwrap_or((after, ""));
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            written.push_str(&format!("{{{name}}}"));
        } else {
            written.push_str(name);
        }
        rest = behind;
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_asks_our_environment_where_it_did_in_the_source_alone() {
        for (text, meant, not_meant) in [
            ("http://${HOST}", "http://${HOST}", "http://$${HOST}"),
            ("Bearer $KEY", "Bearer ${KEY}", "Bearer $KEY"),
            ("$A$B-$1", "${A}${B}-$1", "$A$B-$1"),
            ("plain", "plain", "plain"),
        ] {
            for (is_meant, wanted) in [(true, meant), (false, not_meant)] {
                let mut value = json!({ "a": [text] });
                translate(&mut value, is_meant);
                assert_eq!(value, json!({ "a": [wanted] }), "{text}");
            }
        }
    }
}
