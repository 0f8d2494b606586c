//! A form that is posted, and the response to it. What either says is for those who ask.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

/// A form to be posted.
#[derive(Debug)]
pub struct Form {
    /// The form, as `application/x-www-form-urlencoded`.
    pub body: String,
    /// `Authorization`
    pub authorization: Option<HeaderValue>,
    /// `Accept`, where any document will not do.
    pub accept: Option<&'static str>,
}

/// The response to a form.
#[derive(Debug)]
pub struct FormResponse {
    /// Its status.
    pub status: StatusCode,
    /// `Content-Type`
    pub media_type: Option<HeaderValue>,
    /// Its body.
    pub body: Bytes,
}
