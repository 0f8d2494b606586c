//! What a right answer is.

/// Where the number of the request stands in the body of its answer, in hexadecimal: answers cannot be mixed up unseen.
pub(crate) const NUMBER: usize = 16;

/// What follows the number; compared by the block, since a loop over bytes would cost more than the proxy.
static FILLING: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// The body that the agent sends: the request's number, then filling.
pub(crate) fn write_body(number: &[u8], length: usize, out: &mut Vec<u8>) {
    let end = out.len() + length;
    out.extend_from_slice(number);
    out.resize(end, b'x');
}

/// What a request looks for in its answer.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) number: u64,
    pub(crate) good: bool,
    /// Of the body, when the token is good.
    pub(crate) length: usize,
}

impl Wanted {
    /// Nothing, or what is wrong with status and length.
    pub(crate) fn head(&self, status: u16, length: Option<usize>) -> Result<(), String> {
        let status_wanted = if self.good { 200 } else { 401 };
        if status != status_wanted {
            return Err(format!("status {status}, not {status_wanted}"));
        }
        match length {
            None => Err("an answer without a length".to_owned()),
            Some(length) if self.good && length != self.length => {
                Err(format!("{length} bytes, not {}", self.length))
            }
            Some(_) => Ok(()),
        }
    }

    /// Whether these bytes belong at this place of the body.
    pub(crate) fn body(&self, offset: usize, bytes: &[u8]) -> bool {
        if !self.good {
            return true;
        }
        let (number, filling) = bytes.split_at(NUMBER.saturating_sub(offset).min(bytes.len()));
        let digits = number.iter().enumerate().all(|(i, byte)| *byte == self.digit(offset + i));
        digits && filling.chunks(FILLING.len()).all(|part| FILLING.starts_with(part))
    }

    fn digit(&self, at: usize) -> u8 {
        let shift = 4 * (NUMBER - 1).saturating_sub(at);
        b"0123456789abcdef".get((self.number >> shift & 15) as usize).copied().unwrap_or_default()
    }
}
