//! What one agent is told in assertions of callers without a token: holders of API keys, and whoever has proven nothing.
//!
//! Of a caller with a token that is part of its admission, which is remembered with the token.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::authz::{Asserted, Assertion};
use crate::model::Identity;

/// API keys of one agent that are remembered; of another one, an assertion is signed for each request.
const KEYS: usize = 4096;

/// What is remembered of callers without a token.
pub struct Assertions {
    keys: Cache<Box<str>, Arc<Asserted>>,
    nobody: Option<Arc<Asserted>>,
}

impl Assertions {
    /// Nothing yet, by these terms.
    #[must_use]
    pub fn new(terms: &Assertion) -> Self {
        let nobody = terms.on_public.then(|| Arc::new(terms.of_nobody()));
        Self { keys: Cache::new(KEYS), nobody }
    }

    /// What the agent is told of the holder of an API key, or of nobody; `None` where it is told nothing.
    #[must_use]
    pub fn of(&self, terms: &Assertion, holder: Option<&Identity>) -> Option<Arc<Asserted>> {
        let Some(Identity { key_id: Some(id), expires_at, .. }) = holder else { return self.nobody.clone() };
        self.keys.get(&**id).or_else(|| {
            let asserted = Arc::new(terms.of_api_key(id, *expires_at));
            self.keys.insert(id.as_str().into(), Arc::clone(&asserted));
            Some(asserted)
        })
    }
}

impl fmt::Debug for Assertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertions").finish_non_exhaustive()
    }
}
