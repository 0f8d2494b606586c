//! A certificate that a file holds, and where the file is named: kept with the snapshot for those who look at its end.

use super::text::source::At;
use crate::model::{CertificateTerm, CertificateUse};

/// A certificate that a file holds, and where the file is named.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) term: CertificateTerm,
    pub(super) at: At,
    /// The file, as a message may show it.
    pub(super) file: String,
}

impl Named {
    /// Whether the listener at this address shows it, or verifies clients against it.
    pub(super) fn is_of_listener(&self, address: &str) -> bool {
        match &self.term.used_by {
            CertificateUse::Listener(listener) | CertificateUse::Clients(listener) => listener == address,
            CertificateUse::Upstream(_) | CertificateUse::Provider(_) => false,
        }
    }
}
