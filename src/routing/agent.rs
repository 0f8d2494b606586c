//! One agent, as the requests of one shard hold it. What it was compiled to is in `compiled`.

use std::ops::Deref;
use std::sync::Arc;

use http::HeaderValue;

use crate::model::{AgentName, ProviderName};
use crate::upstream::{SetHeaders, UpstreamHost};

use super::compiled::{Authenticator, Compiled};

/// A compiled agent, as the requests of one shard hold it. How many do is counted here, so that shards do not write to what
/// they share; and so are the parts of which requests take copies that count.
#[derive(Debug)]
#[repr(align(64))]
pub struct Agent {
    compiled: Arc<Compiled>,
    /// Its name in the configuration.
    pub name: AgentName,
    /// The names of the providers that it accepts, in the order of its policy.
    providers: Box<[ProviderName]>,
    /// What it gets as `Host`, unless that is the client's.
    host: Option<HeaderValue>,
    /// The same at each of its targets, where there are several.
    hosts: Box<[HeaderValue]>,
    /// The headers that it gets with every request.
    pub set_headers: SetHeaders,
}

impl Agent {
    /// That of the first shard.
    #[must_use]
    pub fn new(compiled: Compiled) -> Self {
        let providers = match &compiled.authenticator {
            Authenticator::OAuth(policy) => policy.providers.iter().map(|p| p.spec().name.clone()).collect(),
            Authenticator::ApiKey(_) | Authenticator::Public => Box::default(),
        };
        let host = match &compiled.upstream.host {
            UpstreamHost::Fixed(host) => Some(host.clone()),
            UpstreamHost::Preserve => None,
        };
        let members = compiled.upstream.targets.iter().flat_map(|targets| &targets.members);
        let hosts = members.filter(|_| host.is_some()).map(|member| member.host.clone()).collect();
        let (name, set_headers) = (compiled.name.clone(), compiled.upstream.set_headers.clone());
        Self { compiled: Arc::new(compiled), name, providers, host, hosts, set_headers }
    }

    /// That of another shard.
    #[must_use]
    pub fn for_another_shard(&self) -> Self {
        Self {
            compiled: Arc::clone(&self.compiled),
            name: self.name.copied(),
            providers: self.providers.iter().map(ProviderName::copied).collect(),
            // It was a header value before.
            host: self.host.as_ref().and_then(|host| HeaderValue::from_bytes(host.as_bytes()).ok()),
            hosts: self
                .hosts
                .iter()
                .filter_map(|host| HeaderValue::from_bytes(host.as_bytes()).ok())
                .collect(),
            set_headers: self.set_headers.copied(),
        }
    }

    /// What it was compiled to, when nobody else has that.
    #[cfg(test)]
    pub(crate) fn into_compiled(self) -> Option<Compiled> {
        Arc::into_inner(self.compiled)
    }

    /// The name of a provider by its index among those that the agent accepts.
    #[must_use]
    pub fn provider_name(&self, index: Option<usize>) -> Option<&ProviderName> {
        self.providers.get(index?)
    }

    /// The `Host` that it gets; `None` when that is the client's. `target` is the index of the target, where there are several.
    #[must_use]
    pub fn host(&self, target: Option<usize>) -> Option<&HeaderValue> {
        let of_target = target.and_then(|target| self.hosts.get(target));
        of_target.or(self.host.as_ref())
    }
}

impl Deref for Agent {
    type Target = Compiled;

    fn deref(&self) -> &Compiled {
        &self.compiled
    }
}

impl From<Compiled> for Agent {
    fn from(compiled: Compiled) -> Self {
        Self::new(compiled)
    }
}
