//! The two header values that are made anew for every request to an agent, the peer's address and the request's id. They
//! share one allocation. `forward` sets them, and all others.

use std::net::IpAddr;

use bytes::Bytes;
use http::HeaderValue;

use crate::model::{AddressText, RequestId};

use super::answer::header_value;

/// Room for the longest address (39 characters) and an id made here (32), rounded up.
const ROOM: usize = 80;

/// A short text on the stack.
struct Short {
    bytes: [u8; ROOM],
    len: usize,
}

impl AsRef<[u8]> for Short {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Short {
    /// Appends bytes; nothing when there is no room for them.
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len + bytes.len();
        self.bytes.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }
}

/// The header values of an address and an id.
pub(super) fn values(
    peer: Option<IpAddr>,
    id: &RequestId,
) -> pingora::Result<(Option<HeaderValue>, HeaderValue)> {
    let mut text = Short { bytes: [0; ROOM], len: 0 };
    let Some(peer) = peer else { return Ok((None, header_value(id)?)) };
    let address = text.push(AddressText::of(peer).as_bytes()).map(|()| text.len);
    let Some(end) = address.and_then(|end| id.with_bytes(|id| text.push(id)).map(|()| end)) else {
        // An id from a proxy may be longer than the room.
        return Ok((HeaderValue::from_str(&peer.to_string()).ok(), header_value(id)?));
    };
    let mut address = Bytes::from_owner(text);
    let value = |part| HeaderValue::from_maybe_shared(part).ok();
    match value(address.split_off(end)) {
        Some(id) => Ok((value(address), id)),
        None => Ok((None, header_value(id)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_values_are_made_for_an_id_of_any_length() {
        let peer = "2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap();
        for id in [RequestId::Made(7), RequestId::Given("x".into()), RequestId::Given("x".repeat(128).into())]
        {
            let (address, value) = values(Some(peer), &id).unwrap();
            assert_eq!(address.unwrap(), peer.to_string().as_str());
            assert_eq!(value, id.to_string().as_str());
            assert_eq!(values(None, &id).unwrap(), (None, value));
        }
    }
}
