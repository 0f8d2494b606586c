//! An IP address as text, formatted on the stack: it goes into a header and a log line of every request, and the standard
//! library's formatter takes as long as everything else that is formatted there.

use std::fmt::Write as _;
use std::net::IpAddr;

/// The longest text of an address: eight groups of four hexadecimal digits, and the seven colons between them.
const MAX_LEN: usize = 39;

/// The text of an IP address, as [`IpAddr`]'s `Display` writes it.
#[derive(Debug, Clone, Copy)]
pub struct AddressText {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl AddressText {
    /// Formats an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let mut text = Self { bytes: [0; MAX_LEN], len: 0 };
        match address {
            IpAddr::V4(address) => {
                for (index, octet) in address.octets().into_iter().enumerate() {
                    if index > 0 {
                        text.push(b'.');
                    }
                    if octet >= 100 {
                        text.push(b'0' + octet / 100);
                    }
                    if octet >= 10 {
                        text.push(b'0' + octet / 10 % 10);
                    }
                    text.push(b'0' + octet % 10);
                }
            }
            IpAddr::V6(address) => {
                // `write_str` cannot fail, and every address fits.
                let _written = write!(text, "{address}");
            }
        }
        text
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII is pushed, so this is never the empty default.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The bytes of the text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }
}

impl std::fmt::Write for AddressText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::AddressText;
    use std::net::IpAddr;

    #[test]
    fn an_address_is_written_as_the_standard_library_writes_it() {
        let v4 = (0..=255).map(|n| IpAddr::from([n, 255 - n, n / 7, 100]));
        let v6 =
            ["::", "::1", "2001:db8::1", "fe80:1111:2222:3333:4444:5555:6666:7777", "::ffff:255.255.255.255"];
        for address in v4.chain(v6.map(|text| text.parse().unwrap())) {
            assert_eq!(AddressText::of(address).as_str(), address.to_string());
        }
    }
}
