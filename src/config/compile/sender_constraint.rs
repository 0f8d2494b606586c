//! What agents ask of tokens that are bound to keys of their holder, with the keys of nonces in files.

use std::collections::HashMap;
use std::sync::Arc;

use super::input::{Input, Mention};
use super::made::{FromFiles, NonceFiles};
use crate::authn::{
    BoundTokens, Dpop, ForwardToken, NonceKeys, Nonces, OAuthPolicy, RequiredBindings, SenderConstraint,
};
use crate::config::language::settings::agent::{
    AgentEntry, Auth, BindingMode, Cnf, NonceMode, OAuth, SenderConstraint as Written,
};
use crate::config::language::settings::store::Store;
use crate::config::text::code::Code;
use crate::model::{PublicAddress, PublicOrigin};
use crate::routing::Agent;

/// Reads the files of such keys; what is wrong with them is reported, and what somebody should know of proofs is said.
pub(super) fn read(input: &Input<'_>) -> NonceFiles {
    let mut files = HashMap::new();
    for agent in &input.document.agents {
        let Some((oauth, written)) = written(agent) else { continue };
        if let Some(path) = &written.nonce.0.key_file {
            let file = Mention::new(&agent.source, path);
            match input.file(file).map(NonceKeys::parse) {
                Some(Ok(keys)) => {
                    files.insert(path.value.clone(), keys);
                }
                Some(Err(bad)) => {
                    let help = "make one with `openssl rand -hex 32`, and give all gateways the same";
                    input.bad_file(file, &bad.to_string(), help);
                }
                None => {}
            }
        }
        if written.dpop_mode() != BindingMode::Off {
            warn_of_hosts(input, agent);
            warn(input, agent, oauth, written);
        }
        if written.mtls_mode() != BindingMode::Off {
            warn_of_nobody(input, agent);
        }
    }
    files
}

/// Where no URL is written, the host of a proof is compared with the one that the request names. Who has stolen token and proof from
/// another server names that.
fn warn_of_hosts(input: &Input<'_>, agent: &AgentEntry) {
    let server = &input.document.server;
    let is_written = agent.public_url.is_some() || server.public_url.is_some();
    // A request reaches such an agent at one of its hosts alone, unless a proxy names another.
    let is_held = !agent.route.hosts.is_empty() && server.trusted_proxies.is_empty();
    if is_written || is_held {
        return;
    }
    let message = "proofs are compared with the host that the request itself names: one that was made for another server passes here \
                   with the name of that";
    let help = "write `server.public_url`, or `public_url` of the agent";
    input.report(&agent.source).say(Code::ProofOfAnyHost, agent.auth.place, message, help);
}

fn warn_of_nobody(input: &Input<'_>, agent: &AgentEntry) {
    let server = &input.document.server;
    let asks = server.listeners.iter().any(|listener| listener.client_certificates().is_some());
    if asks || server.client_certificate_header.is_some() {
        return;
    }
    let message = "no listener asks clients for certificates, and no proxy says which they have shown: each token that is bound to one \
                   is refused (`certificate_missing`)";
    let help = "write `client_certificates` at `tls` of a listener, or `server.client_certificate_header`";
    input.report(&agent.source).say(Code::CertificateOfNobody, agent.auth.place, message, help);
}

fn warn(input: &Input<'_>, agent: &AgentEntry, oauth: &OAuth, written: &Written) {
    let report = input.report(&agent.source);
    if oauth.forward_token != ForwardToken::No && agent.route.strip_path {
        let message = "the agent receives the proof with the token, and another path than the proof names (`strip_path`)";
        let help = "let the agent not compare `htu`, or remove `strip_path` or `forward_token`";
        report.say(Code::ProofForwarded, agent.auth.place, message, help);
    }
    let is_fleet = matches!(&input.document.store, Some((_, Store::Etcd(_))));
    if is_fleet && written.nonce.0.mode == NonceMode::Off {
        let message = "each member of the fleet remembers the proofs that it has seen itself: one that was stolen passes once at each \
                       other member, until it is `max_age` old";
        let help = "ask for nonces of a short age, with the same key at all members: `nonce: { mode: required, age: 10s, key_file: \
                    FILE }`";
        report.say(Code::ProofsPerMember, agent.auth.place, message, help);
    }
}

fn written(agent: &AgentEntry) -> Option<(&OAuth, &Written)> {
    match &agent.auth.value {
        Auth::OAuth(oauth) => Some((oauth, oauth.sender_constraint.as_deref()?)),
        Auth::ApiKey(_) | Auth::Public => None,
    }
}

/// What becomes of bound tokens at an agent; nothing when a file of its keys could not be read, which was reported. The proofs
/// that it has accepted stay remembered.
pub(super) fn bound_tokens(
    input: &Input<'_>,
    from: &FromFiles,
    entry: &AgentEntry,
    before: Option<&Arc<Agent>>,
) -> Option<BoundTokens> {
    let Some((_, written)) = written(entry) else { return Some(BoundTokens::Refuse) };
    let (dpop, mtls) = (written.dpop_mode(), written.mtls_mode());
    if (dpop, mtls) == (BindingMode::Off, BindingMode::Off) {
        return Some(match written.cnf {
            Cnf::Refuse => BoundTokens::Refuse,
            Cnf::Ignore => BoundTokens::Ignore,
        });
    }
    let proofs = before.and_then(|agent| agent.dpop()).map(|dpop| Arc::clone(&dpop.proofs));
    let dpop_policy = match dpop {
        BindingMode::Off => None,
        BindingMode::Optional | BindingMode::Required => Some(Box::new(Dpop {
            algorithms: written.algorithms,
            max_age: written.max_age,
            nonces: nonces(from, written)?,
            replay_entries: written.replay_entries,
            address: address(input, entry),
            proofs: proofs.unwrap_or_default(),
        })),
    };
    Some(BoundTokens::Check(Box::new(SenderConstraint {
        dpop: dpop_policy,
        accepts_certificates: mtls != BindingMode::Off,
        required: RequiredBindings {
            dpop: dpop == BindingMode::Required,
            mtls: mtls == BindingMode::Required,
            any: !written.any_of.is_empty(),
        },
    })))
}

/// Whether what a running agent has of elsewhere than its own settings is still the same.
pub(super) fn is_same(input: &Input<'_>, from: &FromFiles, entry: &AgentEntry, policy: &OAuthPolicy) -> bool {
    let Some(dpop) = policy.bound_tokens.dpop() else { return true };
    let nonces = written(entry).and_then(|(_, written)| nonces(from, written));
    nonces.as_ref() == Some(&dpop.nonces) && address(input, entry) == dpop.address
}

fn nonces(from: &FromFiles, written: &Written) -> Option<Nonces> {
    let settings = &written.nonce.0;
    let keys = match &settings.key_file {
        Some(path) => Some(from.nonces.get(&path.value)?.clone()),
        None => None,
    };
    Some(Nonces { are_required: settings.mode == NonceMode::Required, age: settings.age, keys })
}

/// The address under which clients know the agent, as far as it is written.
fn address(input: &Input<'_>, entry: &AgentEntry) -> PublicAddress {
    let origin = match (&entry.public_url, &input.document.server.public_url) {
        (Some(own), _) => PublicOrigin::Fixed(own.clone()),
        (None, Some(written)) if entry.route.hosts.is_empty() => {
            PublicOrigin::Fixed(written.origin(None).into())
        }
        (None, Some(written)) => {
            let (before, after) = written.around_host();
            PublicOrigin::AtHost { before: before.into(), after: after.into(), usual: written.host().into() }
        }
        (None, None) => PublicOrigin::OfRequest,
    };
    let base = match (&entry.public_url, &input.document.server.public_url) {
        (None, Some(written)) => written.base(),
        (Some(_), _) | (None, None) => "",
    };
    PublicAddress { origin, base: base.into() }
}
