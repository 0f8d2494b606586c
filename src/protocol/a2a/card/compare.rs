//! How a card that an operator wrote differs from what the gateway does.

use std::fmt;

use super::document::read;
use super::error::CardError;
use super::interfaces;
use super::json::{Json, Members, member};
use super::policy::{Access, CardPolicy};
use super::security;
use super::shape::Shapes;

/// A difference; each names its place as a JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A URL that is not under the public URL of the agent.
    Url(String),
    /// An interface that the gateway does not carry.
    Interface(String),
    /// A scheme of the gateway that the card does not have.
    SchemeMissing(String),
    /// Nothing requires a scheme, so that clients send no credential.
    NothingRequired,
    /// A requirement at an agent that takes no credential.
    RequiredAtPublic(&'static str),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(path) => write!(f, "{path} is not under the public URL of the agent"),
            Self::Interface(path) => write!(f, "{path} is of a binding that the gateway does not carry"),
            Self::SchemeMissing(name) => {
                write!(f, "$.securitySchemes has none that says what `{name}` is to callers")
            }
            Self::NothingRequired => f.write_str(
                "neither $.securityRequirements nor $.security names a scheme, so clients send no credential",
            ),
            Self::RequiredAtPublic(name) => {
                write!(f, "$.{name} asks for a credential that a public agent does not take")
            }
        }
    }
}

/// Compares the URLs and the schemes of a card with the policy.
///
/// # Errors
/// When the card cannot be read.
pub fn compare(card: &[u8], policy: &CardPolicy) -> Result<Vec<Difference>, CardError> {
    let card = read(card)?;
    let mut found = Vec::new();
    for (path, url, is_grpc) in interfaces::all(&card) {
        let under = |base: &String| url.is_some_and(|url| is_under(url, base));
        if is_grpc {
            found.push(Difference::Interface(path));
        } else if policy.base.as_ref().is_some_and(|base| !under(base)) {
            found.push(Difference::Url(path));
        }
    }
    schemes(&card, policy, &mut found);
    Ok(found)
}

fn schemes(card: &Members, policy: &CardPolicy, found: &mut Vec<Difference>) {
    let is_empty = |name| {
        matches!(member(card, name), None | Some(Json::Null))
            || member(card, name) == Some(&Json::List(Vec::new()))
    };
    let required = ["securityRequirements", "security"].into_iter().filter(|name| !is_empty(name));
    if policy.access == Access::Public {
        found.extend(required.map(Difference::RequiredAtPublic));
        return;
    }
    if required.count() == 0 {
        found.push(Difference::NothingRequired);
    }
    let written = match member(card, "securitySchemes") {
        Some(Json::Object(schemes)) => schemes.as_slice(),
        _ => &[],
    };
    for (name, wanted) in security::schemes(Shapes::of(card), &policy.access) {
        if !written.iter().any(|(_, scheme)| says(scheme, &wanted)) {
            found.push(Difference::SchemeMissing(name));
        }
    }
}

/// Whether a value says at least what is wanted.
fn says(value: &Json, wanted: &Json) -> bool {
    match (value, wanted) {
        (Json::Object(members), Json::Object(wanted)) => {
            // Whoever wrote the card has words of their own for people.
            let mut wanted = wanted.iter().filter(|(name, _)| name != "description");
            wanted.all(|(name, wanted)| member(members, name).is_some_and(|value| says(value, wanted)))
        }
        (Json::Text(value), Json::Text(wanted)) => value.eq_ignore_ascii_case(wanted),
        _ => value == wanted,
    }
}

/// Whether a URL is a base or below it.
fn is_under(url: &str, base: &str) -> bool {
    url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}
