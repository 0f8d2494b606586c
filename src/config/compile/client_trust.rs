//! What listeners ask of the certificates of their clients, with the files of authorities.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::input::{Input, Mention};
use super::{files, terms};
use crate::config::client_trust::{Accepted, ClientTrust};
use crate::config::language::settings::server::{ClientCertificateMode, ClientCertificates};
use crate::config::named::Named;
use crate::config::text::source::Source;
use crate::model::CertificateUse;

/// What each listener of the document asks; what is wrong with the files is reported. One that asks what it asked before
/// keeps that, and with it the sessions that its clients resume. Listeners that run and serve no TLS any more as it is
/// written go on until the restart, and ask on.
pub(super) fn read(input: &Input<'_>, terms: &mut Vec<Named>) -> BTreeMap<SocketAddr, Arc<ClientTrust>> {
    let listeners = &input.document.server.listeners;
    let is_written = |address: &SocketAddr| {
        listeners.iter().any(|listener| listener.address.value == *address && listener.tls.is_some())
    };
    let before = input.previous.map(|snapshot| &snapshot.client_trust);
    let kept = before.into_iter().flatten().filter(|(address, _)| !is_written(address));
    let mut all: BTreeMap<_, _> = kept.map(|(address, trust)| (*address, Arc::clone(trust))).collect();
    // What nobody wrote names no file.
    let Some(at) = &input.document.server_at else { return all };
    for listener in listeners {
        let address = listener.address.value;
        let Some(asked) = listener.client_certificates() else { continue };
        let Some(trust) = trust((input, &at.source), address, asked, terms) else { continue };
        let same = before.and_then(|before| before.get(&address)).filter(|before| ***before == trust);
        all.insert(address, same.map_or_else(|| Arc::new(trust), Arc::clone));
    }
    all
}

fn trust(
    (input, source): (&Input<'_>, &Source),
    address: SocketAddr,
    asked: &ClientCertificates,
    terms: &mut Vec<Named>,
) -> Option<ClientTrust> {
    let accepted = match (&asked.ca_file, asked.any) {
        (None, true) => Accepted::Any,
        // The document has an error.
        (None, false) => return None,
        (Some(path), _) => {
            let file = Mention::new(source, path);
            let list = files::authorities(input, file)?;
            terms.extend(terms::of_authorities(CertificateUse::Clients(address.to_string()), file, &list));
            Accepted::IssuedBy(list)
        }
    };
    Some(ClientTrust { is_required: asked.mode == ClientCertificateMode::Required, accepted })
}
