//! The certificate of a request's client, as its SHA-256: that of the TLS handshake, or the one that a trusted proxy names.

use std::sync::Arc;

use pingora::http::RequestHeader;
use pingora::protocols::tls::SslDigest;

use crate::config::ClientCertificateHeader;
use crate::model::{AuthMethod, Decision, Digest, Reason, Refusal};
use crate::protocol::{BadCertificate, certificate_digest};

use super::answer::Own;
use super::context::Context;
use super::noted;
use super::origin::Origin;
use super::service::Gateway;

impl Gateway {
    /// The certificate of the TLS handshake, which Pingora has hashed once for the connection. That of a proxy which gives the
    /// certificates of its clients is never that of a client.
    pub(super) fn certificate_of(&self, tls: Option<&Arc<SslDigest>>, origin: &Origin) -> Option<Digest> {
        let tls = tls.filter(|tls| !tls.cert_digest.is_empty() && self.header_of(origin).is_none())?;
        tls.cert_digest.as_slice().try_into().ok().map(Digest::from_bytes)
    }

    /// Notes the certificate that a trusted proxy names. What others say in the header says nothing.
    pub(super) fn note_certificate(&self, head: &RequestHeader, ctx: &mut Context) -> Result<(), Own> {
        let Some(header) = self.header_of(&ctx.origin) else { return Ok(()) };
        match certificate_digest(header.format, head.headers.get_all(&header.name.value).iter()) {
            Ok(certificate) => {
                ctx.certificate = certificate;
                Ok(())
            }
            Err(bad) => Err(self.bad_certificate(head, ctx, (header, bad))),
        }
    }

    /// The header in which the sender of a request names the certificate.
    fn header_of(&self, origin: &Origin) -> Option<&ClientCertificateHeader> {
        self.parts.certificate_header.as_deref().filter(|_| origin.trusted)
    }

    /// Counts and notes a request whose proxy names no certificate that can be read; returns its response.
    fn bad_certificate(
        &self,
        head: &RequestHeader,
        ctx: &Context,
        (header, bad): (&ClientCertificateHeader, BadCertificate),
    ) -> Own {
        tracing::debug!(error = %bad, peer = ?ctx.origin.peer, "a client certificate of a proxy cannot be read");
        self.no_agent.decided(None, AuthMethod::None, Decision::Deny, Reason::NoRoute);
        if let Some(decisions) = &self.parts.decisions {
            noted::bad_certificate(decisions, head, ctx, (header, bad));
        }
        Refusal::CertificateUnreadable.into()
    }
}
