//! The place of one request in a trace: that of its caller, or a new one.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::{SpanId, TraceContext, TraceId, trace_state};

use super::sampling::Sampling;

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// Whose word is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parents {
    /// That of trusted proxies.
    Trusted,
    /// That of everybody.
    Follow,
    /// Nobody's.
    Ignore,
}

/// A request's spans: that of the gateway, and that of its call to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// The trace, the gateway's span in it, and whether it is sampled.
    pub(super) context: TraceContext,
    /// The span of the call to the agent.
    pub(super) call: SpanId,
    /// The caller's span, where the caller is believed.
    pub(super) parent: Option<SpanId>,
    /// What a caller said who is not believed.
    pub(super) link: Option<TraceContext>,
}

impl Trace {
    /// The spans of a request with these fields, whose caller may be a trusted proxy. `random` makes the ids.
    pub(super) fn begin(
        headers: &HeaderMap,
        is_trusted: bool,
        parents: Parents,
        sampling: &Sampling,
        random: impl Fn() -> u128,
    ) -> Self {
        let said = match parents {
            Parents::Ignore => None,
            Parents::Trusted | Parents::Follow => parent(headers),
        };
        // One number of 128 bits is enough for both spans.
        let spans = random();
        #[expect(clippy::cast_possible_truncation, reason = "each half is wanted")]
        let (span, call) = (SpanId::of((spans >> 64) as u64), SpanId::of(spans as u64));
        if let Some(parent) = said.filter(|_| is_trusted || parents == Parents::Follow) {
            let context = TraceContext { span, ..parent };
            return Self { context, call, parent: Some(parent.span), link: None };
        }
        let trace = TraceId::of(random());
        let context = TraceContext { trace, span, sampled: sampling.samples(trace) };
        Self { context, call, parent: None, link: said }
    }

    /// The trace.
    #[must_use]
    pub const fn id(&self) -> TraceId {
        self.context.trace
    }

    /// Tells the agent of the trace. What a caller said who is not believed goes no further.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let call = TraceContext { span: self.call, ..self.context };
        if let Ok(value) = call.with_text(HeaderValue::from_bytes) {
            headers.insert(TRACE_PARENT, value);
        }
        if !headers.contains_key(TRACE_STATE) {
            return;
        }
        let state = self.parent.and_then(|_| state(headers));
        match state.and_then(|state| HeaderValue::from_bytes(&state).ok()) {
            Some(state) => drop(headers.insert(TRACE_STATE, state)),
            None => drop(headers.remove(TRACE_STATE)),
        }
    }
}

/// What the one `traceparent` of a request says; several say nothing (W3C Trace Context, section 3.2.1).
fn parent(headers: &HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all(TRACE_PARENT).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { TraceContext::parse(value.as_bytes()) }
}

/// The state that came with it, as it is passed on.
pub(super) fn state(headers: &HeaderMap) -> Option<Vec<u8>> {
    trace_state(headers.get_all(TRACE_STATE).iter().map(HeaderValue::as_bytes))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn begin(fields: &HeaderMap, is_trusted: bool, parents: Parents, ratio: u32) -> Trace {
        let rules = Sampling { ratio, refused: 0, errors: 0, slower_than: Duration::MAX, keep_per_second: 0 };
        Trace::begin(fields, is_trusted, parents, &rules, || 7 << 64 | 8)
    }

    #[test]
    fn the_word_of_a_caller_counts_where_it_is_believed() {
        for (said, is_trusted, parents, ratio, follows, links, sampled) in [
            (Some(CALLER), true, Parents::Trusted, 0, true, false, true),
            (Some(UNSAMPLED), true, Parents::Trusted, 1_000_000, true, false, false),
            (Some(CALLER), false, Parents::Trusted, 0, false, true, false),
            (Some(UNSAMPLED), false, Parents::Trusted, 1_000_000, false, true, true),
            (Some(CALLER), false, Parents::Follow, 0, true, false, true),
            (Some(CALLER), true, Parents::Ignore, 0, false, false, false),
            (Some("00-zz"), true, Parents::Trusted, 1_000_000, false, false, true),
            (None, true, Parents::Trusted, 1_000_000, false, false, true),
        ] {
            let fields: Vec<_> = said.map(|said| ("traceparent", said)).into_iter().collect();
            let trace = begin(&headers(&fields), is_trusted, parents, ratio);
            let same = trace.id().to_string() == "0af7651916cd43dd8448eb211c80319c";
            let seen = (same, trace.parent.is_some(), trace.link.is_some(), trace.context.sampled);
            assert_eq!(seen, (follows, follows, links, sampled), "{said:?} {is_trusted} {parents:?}");
        }
    }

    #[test]
    fn two_parents_are_none() {
        let fields = headers(&[("traceparent", CALLER), ("traceparent", CALLER)]);
        assert_eq!(begin(&fields, true, Parents::Trusted, 0).parent, None);
    }

    #[test]
    fn the_agent_hears_of_the_call_and_of_no_state_that_a_stranger_sent() {
        for (is_trusted, state, wanted) in
            [(true, "a=1 , b=2", Some("a=1,b=2")), (true, "not well formed", None), (false, "a=1", None)]
        {
            let mut fields = headers(&[("traceparent", CALLER), ("tracestate", state)]);
            let trace = begin(&fields, is_trusted, Parents::Trusted, 0);
            trace.tell(&mut fields);
            let told = fields.get("traceparent").unwrap().to_str().unwrap();
            assert_eq!(told, format!("00-{}-{:016x}-0{}", trace.id(), 8, u8::from(is_trusted)));
            assert_eq!(fields.get("tracestate").map(|v| v.to_str().unwrap()), wanted);
        }
    }
}
