//! The client certificate of an explanation, and what each way into the gateway makes of it.
//!
//! Whoever explains a request reads it; whether the token is bound to it is a check of the decision.

use schemars::JsonSchema;
use serde::Serialize;

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ExplainedCertificate")]
pub struct ShownCertificate {
    /// The SHA-256 of its DER in hexadecimal digits, of which the access log shows the first 16.
    pub sha256: String,
    /// The same as tokens name it: `cnf.x5t#S256` (RFC 8705 section 3.1).
    pub thumbprint: String,
    /// The ways by which clients show certificates to this gateway; empty where nobody asks for any.
    pub ways: Vec<CertificateWay>,
}

/// A way by which clients show certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CertificateWay {
    /// The setting, such as `tls of 0.0.0.0:8443`.
    pub setting: String,
    /// Whether the certificate gets in by it.
    pub accepted: bool,
    /// Why, or why not.
    pub why: String,
}
