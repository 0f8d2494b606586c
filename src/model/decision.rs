//! The closed sets of words for a decision in metrics, logs and the API.

/// Declares an enum whose every variant has one word, the same in metrics, logs and the API.
macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every variant, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label value in metrics and the word in logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "enum": [$($word),+]})
            }
        }
    };
}

pub(crate) use closed_words;

closed_words! {
    /// How callers of an agent authenticate.
    AuthMethod {
        /// A bearer token that an identity provider signed.
        OAuth = "oauth",
        /// An API key of this gateway.
        ApiKey = "api_key",
        /// Not at all, because the operator says so.
        Public = "public",
        /// The request reached no agent.
        None = "none",
    }
}

closed_words! {
    /// The outcome of a decision.
    Decision {
        /// The request goes on to the agent.
        Allow = "allow",
        /// The request is refused because of its credential.
        Deny = "deny",
        /// The request is refused because the gateway could not check its credential.
        Error = "error",
        /// The credential would have been refused, and the request goes on because the agent is in shadow mode.
        ShadowDeny = "shadow_deny",
    }
}

closed_words! {
    /// What an agent does with a request whose credential is refused.
    Enforcement {
        /// It is answered with an error.
        Enforce = "enforce",
        /// The refusal is counted and logged, and the request passes as at a public agent.
        Shadow = "shadow",
    }
}

closed_words! {
    /// The part of the token cache in a decision.
    CacheLabel {
        /// None: the cache is off, or the decision was not about a token.
        Off = "off",
        /// The cache decided: it knew the token.
        Hit = "hit",
        /// The token itself was checked.
        Miss = "miss",
    }
}
