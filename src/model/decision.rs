//! The words in which a decision is counted, logged and shown.

macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every one of them.
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

pub(super) use closed_words;

closed_words! {
    /// How callers of an agent prove themselves.
    AuthMethod {
        /// A signed token of an identity provider.
        OAuth = "oauth",
        /// A key that we made.
        ApiKey = "api_key",
        /// No proof, on purpose.
        Public = "public",
        /// The request reached no agent.
        None = "none",
    }
}

closed_words! {
    /// What came out.
    Decision {
        /// The request goes on to the agent.
        Allow = "allow",
        /// The request is refused: the caller's fault.
        Deny = "deny",
        /// The request is refused: not the caller's fault.
        Error = "error",
        /// The request would have been refused, and goes on because the agent is in shadow.
        ShadowDeny = "shadow_deny",
    }
}

closed_words! {
    /// What a refusal does.
    Enforcement {
        /// It refuses.
        Enforce = "enforce",
        /// It is counted and logged, and the request passes as at a public agent.
        Shadow = "shadow",
    }
}

closed_words! {
    /// What the verified-token cache said.
    CacheLabel {
        /// It was not asked: there is none on this way.
        Off = "off",
        /// The token was known, and good.
        Hit = "hit",
        /// The token was decided by what it says and who signed it.
        Miss = "miss",
    }
}
