//! The requests of one slice, one after the other until it is over, and how long their answers are waited for.

use std::rc::Rc;
use std::time::Duration;

use crate::answer::Wanted;
use crate::command::Plan;
use crate::credentials::Credentials;
use crate::http1::Source;

/// A gateway that has not come to rest after that long never will.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// The requests of one slice.
pub(crate) struct Requests {
    pub(crate) path: String,
    pub(crate) plan: Plan,
    pub(crate) credentials: Rc<Credentials>,
    pub(crate) length: usize,
    pub(crate) number: u64,
    pub(crate) over: bool,
}

impl Requests {
    /// The number of the next request, and what it wants; nothing when the slice is over.
    pub(crate) fn advance(&mut self) -> Option<Wanted> {
        if self.over {
            return None;
        }
        self.number += 1;
        let good = Credentials::is_good(self.plan, self.number);
        Some(Wanted { number: self.number, good, length: self.length })
    }
}

impl Source for Requests {
    fn next(&mut self, out: &mut Vec<u8>) -> Option<Wanted> {
        let wanted = self.advance()?;
        let number = wanted.number;
        out.extend_from_slice(b"GET ");
        out.extend_from_slice(self.path.as_bytes());
        out.extend_from_slice(b"?n=");
        for digit in (0..16).rev() {
            let digit = usize::try_from(number >> (4 * digit) & 15).unwrap_or_default();
            out.push(b"0123456789abcdef".get(digit).copied().unwrap_or_default());
        }
        out.extend_from_slice(b" HTTP/1.1\r\nHost: compare.test\r\nUser-Agent: compare/1\r\nAccept: */*\r\n");
        out.extend_from_slice(b"Authorization: Bearer ");
        self.credentials.write(self.plan, number, out);
        out.extend_from_slice(b"\r\n\r\n");
        Some(wanted)
    }
}
