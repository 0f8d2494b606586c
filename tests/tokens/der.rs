//! As much DER as keys and forged signatures need.

use num_bigint::BigUint;

/// Tag, length, content.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let length = match len {
        0..0x80 => vec![u8::try_from(len).expect("a byte")],
        0x80..0x100 => vec![0x81, u8::try_from(len).expect("a byte")],
        _ => [&[0x82], u16::try_from(len).expect("not so long").to_be_bytes().as_slice()].concat(),
    };
    [&[tag], length.as_slice(), content].concat()
}

/// INTEGER, never negative.
pub(crate) fn integer(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|b| b & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    wrap(2, &bytes)
}

/// OBJECT IDENTIFIER.
pub(crate) fn oid(id: &[u8]) -> Vec<u8> {
    wrap(6, id)
}
