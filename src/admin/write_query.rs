//! The query parameters of writes: whether it is only tried, and how far it is to have got when it is answered.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config;

use super::page::Query;
use super::problem::Problem;

/// How long a write waits for the fleet without `timeout`: a fleet that is well needs under a second.
const USUAL: Duration = Duration::from_secs(10);
/// The longest wait: proxies in front of the listener give up after about a minute.
const LONGEST: Duration = Duration::from_secs(60);

/// What a `timeout` looks like.
const TIMEOUT: &str = "^([0-9]{1,6}(ms|s|m))+$";

/// The parameters of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Write {
    /// Check everything, change nothing.
    pub(super) dry_run: bool,
    /// Write what would otherwise be refused for what others make of it.
    pub(super) force: bool,
    /// How far the change is to have got when it is answered.
    pub(super) wait: Wait,
}

/// How far a change is to have got when it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// It is live at this gateway.
    Own,
    /// It is live at every member of the fleet, or refused there, or this time is over.
    Fleet(Duration),
}

/// The parameters as they are written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Check everything, change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Write although some members of the fleet do not understand it; an identity provider in use also although its keys
    /// cannot be fetched.
    #[serde(default)]
    force: bool,
    /// Who is to have the change when it is answered: this gateway, or the whole fleet.
    wait: Option<Whom>,
    /// How long to wait for the fleet, at most `60s`.
    #[schemars(regex(pattern = TIMEOUT), example = "10s")]
    timeout: Option<String>,
}

/// Who is to have a change when it is answered.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Whom {
    #[serde(rename = "self")]
    Own,
    Fleet,
}

impl<S: Send + Sync> FromRequestParts<S> for Write {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<Asked>::from_request_parts(parts, state).await?;
        Self::read(asked).map_err(Problem::bad_query)
    }
}

impl Write {
    fn read(asked: Asked) -> Result<Self, String> {
        let wait = match (asked.wait, asked.timeout.as_deref().map(timeout).transpose()?) {
            (None, Some(_)) => return Err("`timeout` says something only beside `wait=fleet`".to_owned()),
            (None | Some(Whom::Own), _) => Wait::Own,
            (Some(Whom::Fleet), limit) => Wait::Fleet(limit.unwrap_or(USUAL)),
        };
        Ok(Self { dry_run: asked.dry_run, force: asked.force, wait })
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    let time = config::parse_duration(text).map_err(|why| format!("`timeout`: {why}"))?;
    if time > LONGEST { Err("`timeout` is at most 60s".to_owned()) } else { Ok(time) }
}
