//! Whom a request counts for at a limit: under keys of this process, or, where members count together, so that all of them have the
//! same.

use std::net::IpAddr;

use crate::limits::{Per, Who};
use crate::model::{Identity, KeyedHash};
use crate::routing::{Agent, AgentLimit, Authenticator};

use super::Permit;

/// Whom a request counts for.
pub(super) fn whom(
    agent: &Agent,
    limit: &AgentLimit,
    identity: Option<&Identity>,
    permit: Option<&Permit>,
    address: Option<IpAddr>,
) -> Who {
    let caller = match (&limit.per, &agent.authenticator, identity) {
        (Per::Agent, ..) => return Who::Everybody,
        (Per::Address, ..) => return address.map_or(Who::Anonymous, Who::Address),
        (Per::Claim(_), ..) => limit.claim.and_then(|nth| permit?.counted(nth)),
        (Per::Principal | Per::ApiKey, Authenticator::ApiKey(_), Some(identity)) => {
            identity.key_id.as_deref().map(|id| match limit.is_common() {
                true => KeyedHash::common(&["key", id]),
                false => KeyedHash::of(("key", id)),
            })
        }
        (Per::Principal, Authenticator::OAuth(_), Some(identity)) => {
            of_issuer(agent, (limit, "sub"), identity, identity.sub.as_deref())
        }
        (Per::ClientId, Authenticator::OAuth(_), Some(identity)) => {
            of_issuer(agent, (limit, "client"), identity, identity.client_id.as_deref())
        }
        (Per::Principal | Per::ClientId | Per::ApiKey, ..) => None,
    };
    caller.map_or(Who::Anonymous, Who::Caller)
}

/// A name that means one caller only together with the issuer.
fn of_issuer(
    agent: &Agent,
    (limit, kind): (&AgentLimit, &str),
    identity: &Identity,
    name: Option<&str>,
) -> Option<KeyedHash> {
    let Authenticator::OAuth(policy) = &agent.authenticator else { return None };
    let (issuer, name) = (policy.providers.get(identity.provider?)?.spec().issuer.as_str(), name?);
    Some(match limit.is_common() {
        true => KeyedHash::common(&[kind, issuer, name]),
        false => KeyedHash::of((kind, issuer, name)),
    })
}
