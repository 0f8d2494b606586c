//! `auth.api_key`: callers bring one of `api_keys`.

use http::HeaderName;

use super::super::super::section::section;
use super::super::super::values::{CredentialHeader, Prefix};

section! {
    /// `auth.api_key`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ApiKeyAuth = "`api_key`" {
        /// the request header with the key
        header: HeaderName as CredentialHeader = HeaderName::from_static("x-api-key");
        /// the word before the key, such as Bearer; "" is the bare key
        prefix: String as Prefix = String::new();
    }
    impl { const STRICT: bool = true; }
}
