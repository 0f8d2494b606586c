//! What a card has to say about the gateway: where the agent is reached, and how its callers authenticate.

use url::Url;

/// The gateway as a card describes it, for one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPolicy {
    /// The URL of the agent at the gateway, without a slash at the end; `None` when only a request says it.
    pub base: Option<String>,
    /// The path of that URL, without a slash at the end.
    pub route: String,
    /// The paths at the upstream to which requests below the base lead, without a slash at the end, the longest first.
    pub upstream_paths: Vec<String>,
    /// `host[:port]` of the upstream.
    pub upstream_authority: String,
    /// How callers authenticate.
    pub access: Access,
    /// What becomes of signatures.
    pub signatures: Signatures,
    /// The URL of the gateway's key set, for clients that verify what it signs; `None` unless it signs.
    pub keys_url: Option<String>,
}

/// How callers authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Not at all.
    Public,
    /// By an API key in a header.
    ApiKey {
        /// The header.
        header: String,
    },
    /// By a token of one of these providers, with these scopes.
    OAuth {
        /// In the order of the configuration.
        providers: Vec<CardProvider>,
        /// Those of the agent itself.
        scopes: Vec<String>,
        /// What the tokens may, or must, be bound to.
        bindings: CardBindings,
    },
}

/// What becomes of tokens that are bound to something of their holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardBindings {
    /// To a key, of which requests have proofs (RFC 9449).
    pub dpop: CardBinding,
    /// To the certificate of the client (RFC 8705).
    pub mtls: CardBinding,
    /// Whether a token must be bound to one of them.
    pub any: bool,
}

/// What becomes of tokens with a binding of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CardBinding {
    /// They are refused, or taken as if they had none.
    #[default]
    Off,
    /// They are accepted with what they are bound to.
    Optional,
    /// All others are refused.
    Required,
}

/// An identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardProvider {
    /// Its name in the configuration, and in the card.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// The document that it has.
    pub metadata: MetadataKind,
}

/// Which document describes an identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataKind {
    /// That of OpenID Connect Discovery.
    OpenId,
    /// That of an authorization server (RFC 8414).
    AuthorizationServer,
}

/// What becomes of the signatures of a card that is rewritten: a rewritten card is not what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signatures {
    /// They are removed.
    #[default]
    Strip,
    /// They are removed, and the card is signed with the gateway's key, whether it had some or not.
    Resign,
    /// A signed card is not served.
    Refuse,
}

impl CardBindings {
    /// What a token may be bound to, each as whether it has a proof and whether it has a certificate: the alternatives of a client, those
    /// that need the least first. With one of two bindings, both of them say nothing new.
    pub(super) fn alternatives(self) -> impl Iterator<Item = [bool; 2]> {
        let Self { dpop, mtls, any } = self;
        let allows = move |[proof, certificate]: [bool; 2]| {
            dpop.allows(proof) && mtls.allows(certificate) && (!any || proof || certificate)
        };
        let apart =
            [[false, false], [true, false], [false, true]].into_iter().filter(move |one| allows(*one));
        let has_both = allows([true, false]) && allows([false, true]);
        apart.chain([[true, true]].into_iter().filter(move |both| allows(*both) && !has_both))
    }
}

impl CardBinding {
    const fn allows(self, is_bound: bool) -> bool {
        match self {
            Self::Off => !is_bound,
            Self::Optional => true,
            Self::Required => is_bound,
        }
    }
}

impl CardProvider {
    /// The URL of its document: for OpenID Connect the suffix behind the issuer (Discovery 1.0 section 4), else between host
    /// and path (RFC 8414 section 3.1); `None` for an issuer that is no URL.
    pub(super) fn metadata_url(&self) -> Option<String> {
        let issuer = self.issuer.trim_end_matches('/');
        let url = Url::parse(issuer).ok().filter(Url::has_host)?;
        match self.metadata {
            MetadataKind::OpenId => Some(format!("{issuer}/.well-known/openid-configuration")),
            MetadataKind::AuthorizationServer => {
                let path = url.path().trim_end_matches('/');
                let origin = issuer.strip_suffix(path).unwrap_or(issuer);
                Some(format!("{origin}/.well-known/oauth-authorization-server{path}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alternatives_are_those_that_the_modes_allow() {
        use CardBinding::{Off, Optional, Required};
        const BARE: [bool; 2] = [false, false];
        const PROOF: [bool; 2] = [true, false];
        const CERTIFICATE: [bool; 2] = [false, true];
        for (dpop, mtls, any, wanted) in [
            (Off, Off, false, &[BARE][..]),
            (Optional, Off, false, &[BARE, PROOF]),
            (Required, Off, false, &[PROOF]),
            (Off, Optional, false, &[BARE, CERTIFICATE]),
            (Off, Required, false, &[CERTIFICATE]),
            (Optional, Optional, false, &[BARE, PROOF, CERTIFICATE]),
            (Optional, Optional, true, &[PROOF, CERTIFICATE]),
            (Required, Optional, false, &[PROOF, [true, true]]),
            (Required, Required, false, &[[true, true]]),
        ] {
            let bindings = CardBindings { dpop, mtls, any };
            assert_eq!(bindings.alternatives().collect::<Vec<_>>(), wanted, "{bindings:?}");
        }
    }

    #[test]
    fn metadata_is_behind_the_issuer_or_between_its_host_and_path() {
        for (issuer, metadata, wanted) in [
            (
                "https://i.example",
                MetadataKind::OpenId,
                Some("https://i.example/.well-known/openid-configuration"),
            ),
            (
                "https://i.example/t/",
                MetadataKind::OpenId,
                Some("https://i.example/t/.well-known/openid-configuration"),
            ),
            (
                "https://i.example:8443/t/1",
                MetadataKind::AuthorizationServer,
                Some("https://i.example:8443/.well-known/oauth-authorization-server/t/1"),
            ),
            (
                "https://i.example/",
                MetadataKind::AuthorizationServer,
                Some("https://i.example/.well-known/oauth-authorization-server"),
            ),
            ("corp", MetadataKind::AuthorizationServer, None),
        ] {
            let provider = CardProvider { name: "corp".to_owned(), issuer: issuer.to_owned(), metadata };
            assert_eq!(provider.metadata_url().as_deref(), wanted, "{issuer}");
        }
    }
}
