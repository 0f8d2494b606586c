//! Shapes of the admin API are derived from the types that serde reads and writes, and are not written beside them.

use super::text::File;

/// The derives of the admin API that serde knows and that give no shape, and the shapes that are written by hand for a type
/// that serde derives.
pub(crate) fn by_hand(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    if file.path.starts_with("src/admin/") {
        findings.extend(
            file.product
                .match_indices("#[derive(")
                .filter(|(at, _)| {
                    let derives = file.product[*at..].split(']').next().unwrap_or_default();
                    serde(derives) && !derives.contains("JsonSchema")
                })
                .map(|(at, _)| format!("line {}: serde without JsonSchema", file.line(at))),
        );
    }
    for (at, found) in file.product.match_indices("JsonSchema for ") {
        let rest = &file.product[at + found.len()..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if attributes(&file.product, &name).is_some_and(serde) {
            findings.push(format!("line {}: {name} is serde's, so derive its shape", file.line(at)));
        }
    }
    findings
}

/// The members of the API that are one of a few texts of the program: a closed set is an enum, so that its words stand
/// in the shape and a reader of them can be exhaustive.
pub(crate) fn stringly(file: &File) -> Vec<String> {
    let code = &file.product;
    let shapes = code.match_indices("#[derive(").filter(|(at, _)| {
        code[*at..].split(']').next().is_some_and(|derives| derives.contains("JsonSchema"))
    });
    let members = shapes.flat_map(|(at, _)| {
        let text = body(&code[at..]);
        let begins = at + code[at..].find('{').unwrap_or_default();
        text.match_indices("&'static str").map(move |(inside, _)| begins + inside)
    });
    members.map(|at| format!("line {}: a member of the API is &'static str", file.line(at))).collect()
}

/// What stands in the first pair of braces.
fn body(code: &str) -> &str {
    let begin = code.find('{').unwrap_or(code.len());
    let mut depth = 0_usize;
    let end = code[begin..].find(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &code[begin..end.map_or(code.len(), |end| begin + end)]
}

fn serde(derives: &str) -> bool {
    derives.contains("Serialize") || derives.contains("Deserialize")
}

/// What stands above a type: its attributes.
fn attributes<'f>(code: &'f str, name: &str) -> Option<&'f str> {
    let declared = ["struct ", "enum "].iter().find_map(|kind| {
        let whole = format!("{kind}{name}");
        let ends =
            |at: &usize| !code[at + whole.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        code.match_indices(&whole).map(|(at, _)| at).find(ends)
    })?;
    let above = &code[..declared];
    Some(&above[above.rfind(['}', ';']).map_or(0, |at| at + 1)..])
}
