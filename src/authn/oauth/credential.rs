//! The only token of a request, from the header and the other places in which the agent reads it.

use std::borrow::Cow;

use crate::authn::token_location;
use crate::authz::{Check, Facts, Trace};
use crate::model::{Reason, Request};

use super::policy::OAuthPolicy;

impl OAuthPolicy {
    /// The token, when there is exactly one, of at most `token_bytes` bytes.
    pub(super) fn extract<'a>(
        &self,
        request: &Request<'a>,
        trace: &mut impl Trace,
    ) -> Result<Cow<'a, str>, Reason> {
        let in_header = self.in_header(request.headers);
        let found = match &*self.also {
            [] => in_header.map(Cow::Borrowed),
            also => token_location::only(in_header, also, request.headers, request.query),
        };
        let places = || {
            let also = self.also.iter().map(|place| format!(" or {}", place.describe()));
            format!("{}{}", self.header, also.collect::<String>())
        };
        trace.check(Check::Credential, found.is_ok(), || Facts {
            seen: Some(match found {
                Ok(_) => format!("one credential in {}", places()),
                Err(Reason::MultipleTokens) => format!("more than one credential in {}, or more than one proof", places()),
                Err(Reason::TokenMalformed) => format!("control or non-ASCII bytes in {}", places()),
                Err(_) if request.headers.contains_key(&self.header) => {
                    format!("{} without a credential after `{}`", self.header, self.scheme.as_str())
                }
                Err(_) => format!("no {}", places()),
            }),
            wanted: format!("{}: {} TOKEN, once{}", self.header, self.scheme.as_str(), match &*self.also {
                [] => "",
                _ => ", or the token in one of the other places",
            }),
            fix: "send the token in one place, in the header with the prefix that the agent is configured to read",
        });
        let text = found?;
        let fits = text.len() <= self.token_bytes;
        trace.check(Check::Size, fits, || Facts {
            seen: Some(format!("{} bytes", text.len())),
            wanted: format!("at most {} bytes", self.token_bytes),
            fix: "ask for fewer claims in the token, or raise `server.limits.token_bytes`",
        });
        if fits { Ok(text) } else { Err(Reason::TokenTooLarge) }
    }
}
