//! What a request says that names its target. `proxy` finds it in the request.

use http::HeaderName;

/// What the requests are placed by that go to the same target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashBy {
    /// The proven caller: issuer and subject, or the API key.
    Principal,
    /// The client's address.
    Address,
    /// A field of the request.
    Header(HeaderName),
    /// A cookie.
    Cookie(Box<str>),
}
