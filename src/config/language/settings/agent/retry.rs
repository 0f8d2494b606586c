//! `upstream.retry`: which requests may be sent again to another target, and how many.

use std::time::Duration;

use http::Method;

use super::super::super::section::section;
use super::super::super::values::{Count, List, Percent, RequestMethod, Time};

const SECOND: u64 = 1_000;

section! {
    /// `upstream.retry`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Retry = "`retry`", default {
        /// requests with these methods may be sent again as long as nothing was answered; those with another one only when
        /// none of them went out; default GET and HEAD
        methods: Vec<Method> as List<RequestMethod> = vec![Method::GET, Method::HEAD];
        /// of the requests in the window so many may be sent again
        budget: u8 as Percent<0> = 20;
        /// and so many a second beside them, of which as many may wait for an answer at once
        per_second: usize as Count<0, 1_000> = 3;
        /// the window
        window: Duration as Time<SECOND, { 60 * SECOND }> = Duration::from_secs(10);
    }
    impl { const STRICT: bool = true; }
}
