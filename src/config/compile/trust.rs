//! The certificates that are trusted for agents in place of those of the system, and those that are shown to them.

use std::collections::HashSet;

use super::input::{Input, Mention};
use super::made::{ClientCertificates, Trusted};
use super::{files, terms};
use crate::config::language::settings::agent::AgentUrl;
use crate::config::named::Named;
use crate::model::CertificateUse;
use crate::upstream::Trust;

/// Reads the files of certificates; what is wrong with them is reported, at each agent that names one.
pub(super) fn read(input: &Input<'_>, terms: &mut Vec<Named>) -> Trusted {
    let mut trusted = Trusted::new();
    let mut upstreams = HashSet::new();
    for agent in &input.document.agents {
        let upstream = &agent.upstream;
        let Some(path) = &upstream.ca_file else { continue };
        let file = Mention::new(&agent.source, path);
        if !trusted.contains_key(&path.value)
            && let Some(list) = files::authorities(input, file)
        {
            let list = list.iter().map(|certificate| certificate.to_vec()).collect();
            trusted.insert(path.value.clone(), Trust::new(list));
        }
        let Some(trust) = trusted.get(&path.value) else { continue };
        for authority in upstream.targets.iter().filter_map(|target| authority(&target.url)) {
            if upstreams.insert((authority.clone(), &path.value)) {
                let used_by = CertificateUse::Upstream(authority);
                terms.extend(terms::of_authorities(used_by, file, &trust.certificates));
            }
        }
    }
    trusted
}

/// Reads the certificates that are shown to upstreams, with their keys; what is wrong with them is reported.
pub(super) fn shown(input: &Input<'_>, terms: &mut Vec<Named>) -> ClientCertificates {
    let mut certificates = ClientCertificates::new();
    for agent in &input.document.agents {
        let upstream = &agent.upstream;
        let (Some(list), Some(key)) = (&upstream.cert_file, &upstream.key_file) else { continue };
        let pair = (list.value.clone(), key.value.clone());
        if certificates.contains_key(&pair) {
            continue;
        }
        let file = Mention::new(&agent.source, list);
        let Some(certificate) = files::client_certificate(input, file, Mention::new(&agent.source, key))
        else {
            continue;
        };
        if let Some(authority) = authority(upstream.targets.url()) {
            terms.extend(terms::of_client(CertificateUse::Upstream(authority), file, certificate.chain()));
        }
        certificates.insert(pair, certificate);
    }
    certificates
}

/// `host:port` of an upstream; a service has no port.
fn authority(url: &AgentUrl) -> Option<String> {
    if url.is_service {
        return url.own_host().map(str::to_owned);
    }
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}
