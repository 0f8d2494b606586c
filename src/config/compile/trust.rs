//! The certificates that agents trust in place of those of the system.

use std::collections::HashSet;

use url::Url;

use super::input::{Input, Mention};
use super::made::Trusted;
use super::{files, terms};
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
        let Some(authority) = authority(&upstream.url) else { continue };
        if upstreams.insert((authority.clone(), &path.value)) {
            let used_by = CertificateUse::Upstream(authority);
            terms.extend(terms::of_authorities(used_by, file, &trust.certificates));
        }
    }
    trusted
}

/// `host:port` of an upstream.
fn authority(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}
