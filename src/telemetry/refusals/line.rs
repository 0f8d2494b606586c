//! A kept refusal as a line of JSON, in the words of the control API, and back.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::model::{
    AgentName, AuthMethod, CacheLabel, Call, CallProtocol, Decision, FailedCheck, Grounds, Identity, Instant,
    Possession, ProviderName, Reason, RequestId, TokenSaid,
};

use super::super::path_text::PathText;
use super::super::request_record::RequestRecord;
use super::super::upstream_error::UpstreamError;

type Text<'a> = Cow<'a, str>;

/// What is kept. A member that is not known is left alone, so that an older gateway can read what a newer one kept.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    time: jiff::Timestamp,
    #[serde(borrow)]
    request_id: Text<'a>,
    agent: Option<Text<'a>>,
    auth_method: Text<'a>,
    method: Text<'a>,
    path: Text<'a>,
    remote: Option<IpAddr>,
    decision: Text<'a>,
    reason: Text<'a>,
    status: Option<u16>,
    provider: Option<Text<'a>>,
    key_id: Option<Text<'a>>,
    /// Of a caller that is proven.
    client_id: Option<Text<'a>>,
    upstream_error: Option<Text<'a>>,
    /// Absent from lines of gateways that did not read messages, and where none was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Asked<'a>>,
    failed: Option<Failed<'a>>,
    said: Option<Said<'a>>,
}

/// What the message of the request says.
#[derive(Serialize, Deserialize)]
struct Asked<'a> {
    /// Absent: MCP.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    protocol: Option<Text<'a>>,
    method: Option<Text<'a>>,
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Failed<'a> {
    #[serde(borrow)]
    check: Text<'a>,
    seen: Option<Text<'a>>,
    wanted: Text<'a>,
    fix: Text<'a>,
}

#[derive(Serialize, Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    iss: Option<Text<'a>>,
    aud: Option<Text<'a>>,
    kid: Option<Text<'a>>,
    client_id: Option<Text<'a>>,
}

/// Adds a line for an entry.
pub(super) fn write(entry: &RequestRecord, out: &mut Vec<u8>) {
    let failed = entry.grounds.as_ref().and_then(|grounds| grounds.failed.as_ref());
    let said = entry.grounds.as_ref().and_then(|grounds| grounds.said.as_ref());
    let identity = entry.identity.as_deref();
    let began = out.len();
    let line = Line {
        time: entry.at.timestamp(),
        request_id: entry.request_id.to_string().into(),
        agent: entry.agent.as_ref().map(|agent| agent.as_str().into()),
        auth_method: entry.auth_method.as_str().into(),
        method: entry.http_method.as_ref().map_or("", Method::as_str).into(),
        path: entry.path.text(),
        remote: entry.remote,
        decision: entry.decision.as_str().into(),
        reason: entry.reason.as_str().into(),
        status: entry.status,
        provider: entry.provider.as_ref().map(|provider| provider.as_str().into()),
        key_id: identity.and_then(|identity| identity.key_id.as_deref()).map(Text::from),
        client_id: identity.and_then(|identity| identity.client_id.as_deref()).map(Text::from),
        upstream_error: entry.upstream_error.map(|cause| cause.as_str().into()),
        operation: entry.call.as_deref().map(|call| Asked {
            protocol: (call.protocol != CallProtocol::Mcp).then(|| call.protocol.as_str().into()),
            method: call.method.as_deref().map(Text::from),
            name: call.name.as_deref().map(Text::from),
            version: call.version.as_deref().map(Text::from),
        }),
        failed: failed.map(|failed| Failed {
            check: (&*failed.check).into(),
            seen: failed.seen.as_deref().map(Text::from),
            wanted: (&*failed.wanted).into(),
            fix: (&*failed.fix).into(),
        }),
        said: said.map(|said| Said {
            iss: said.iss.as_deref().map(Text::from),
            aud: said.aud.as_deref().map(Text::from),
            kid: said.kid.as_deref().map(Text::from),
            client_id: said.client_id.as_deref().map(Text::from),
        }),
    };
    match serde_json::to_writer(&mut *out, &line) {
        Ok(()) => out.push(b'\n'),
        // Writing to memory does not fail, and every member has a writing.
        Err(_) => out.truncate(began),
    }
}

/// The entry of a line; `None` when the line is damaged.
pub(super) fn read(line: &[u8]) -> Option<RequestRecord> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let millis = u64::try_from(line.time.as_millisecond()).ok()?;
    let own = |text: Text<'_>| Box::from(&*text);
    let failed = line.failed.map(|failed| FailedCheck {
        check: failed.check.into_owned().into(),
        seen: failed.seen.map(own),
        wanted: own(failed.wanted),
        fix: failed.fix.into_owned().into(),
    });
    let said = line.said.map(|said| TokenSaid {
        iss: said.iss.map(own),
        aud: said.aud.map(own),
        kid: said.kid.map(own),
        client_id: said.client_id.map(own),
    });
    let proven = line.key_id.is_some() || line.client_id.is_some();
    let identity = proven.then(|| Identity {
        key_id: line.key_id.map(Text::into_owned),
        client_id: line.client_id.map(Text::into_owned),
        ..Identity::default()
    });
    let protocol = |word: Option<Text<'_>>| match word {
        None => Some(CallProtocol::Mcp),
        Some(word) => CallProtocol::ALL.iter().find(|known| *known.as_str() == *word).copied(),
    };
    let call = line.operation.and_then(|asked| {
        Some(Call {
            protocol: protocol(asked.protocol)?,
            method: asked.method.map(own),
            name: asked.name.map(own),
            version: asked.version.map(own),
        })
    });
    let grounds = (failed.is_some() || said.is_some()).then(|| Arc::new(Grounds { failed, said }));
    Some(RequestRecord {
        at: Instant::from_duration(Duration::from_millis(millis)),
        agent: line.agent.map(|name| AgentName::parse(&name)).transpose().ok()?,
        auth_method: *AuthMethod::ALL.iter().find(|word| word.as_str() == line.auth_method)?,
        decision: *Decision::ALL.iter().find(|word| word.as_str() == line.decision)?,
        reason: *Reason::ALL.iter().find(|word| word.as_str() == line.reason)?,
        provider: line.provider.map(|name| ProviderName::parse(&name)).transpose().ok()?,
        request_id: RequestId::Given(line.request_id.into()),
        http_method: Some(Method::from_bytes(line.method.as_bytes()).ok()?),
        path: PathText::whole(&line.path),
        remote: line.remote,
        identity: identity.map(Arc::new),
        cache: CacheLabel::Off,
        possession: Possession::NOT_JUDGED,
        call: call.map(Arc::new),
        // The grounds name it.
        limit: None,
        status: line.status,
        // A newer gateway may know more causes.
        upstream_error: line
            .upstream_error
            .map(|word| UpstreamError::named(&word).unwrap_or(UpstreamError::Failed)),
        grounds,
    })
}
