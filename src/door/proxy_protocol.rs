//! The PROXY protocol, versions 1 and 2 (the specification that HAProxy publishes): for whom a proxy that passes bytes
//! on has connected. Read to its last byte and not beyond. Who may speak it is for `relays`.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How a header of version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// How a header of version 1 begins.
const WORD: &[u8] = b"PROXY ";
/// The longest header of version 1, its line end with it.
const LONGEST_LINE: usize = 107;
/// The most that may follow the first 16 bytes of a header of version 2: addresses, and what is told beside them.
const MOST_BEHIND: usize = 4096;

/// Reads a header: the client, or nobody when the proxy speaks for itself or cannot say for whom.
///
/// # Errors
/// What the connection says, and [`ErrorKind::InvalidData`] for what is no such header.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>> {
    let mut first = [0; SIGNATURE.len()];
    stream.read_exact(&mut first).await?;
    if first == SIGNATURE {
        return read_version_2(stream).await;
    }
    if !first.starts_with(WORD) {
        return Err(malformed("the connection does not begin with the PROXY protocol"));
    }
    let mut line = Vec::with_capacity(LONGEST_LINE);
    line.extend_from_slice(&first);
    while !line.ends_with(b"\r\n") {
        if line.len() == LONGEST_LINE {
            return Err(malformed("the line is too long"));
        }
        line.push(stream.read_u8().await?);
    }
    version_1(&line).ok_or_else(|| malformed("the line is not one of version 1"))
}

/// The line, less its meaning when that is nobody.
fn version_1(line: &[u8]) -> Option<Option<SocketAddr>> {
    let mut words = str::from_utf8(line).ok()?.strip_suffix("\r\n")?.split(' ');
    let ("PROXY", family) = (words.next()?, words.next()?) else { return None };
    if family == "UNKNOWN" {
        return Some(None);
    }
    let (source, destination) = (words.next()?, words.next()?);
    let (port, destination_port) = (words.next()?, words.next()?);
    let address = |text: &str| match family {
        "TCP4" => text.parse().ok().map(IpAddr::V4),
        "TCP6" => text.parse().ok().map(IpAddr::V6),
        _ => None,
    };
    let (source, _) = (address(source)?, address(destination)?);
    let (port, _) = (number(port)?, number(destination_port)?);
    words.next().is_none().then_some(Some(SocketAddr::new(source, port)))
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

async fn read_version_2(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>> {
    let [command, family, high, low] = {
        let mut fixed = [0; 4];
        stream.read_exact(&mut fixed).await?;
        fixed
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MOST_BEHIND {
        return Err(malformed("the header is too long"));
    }
    let mut behind = vec![0; length];
    stream.read_exact(&mut behind).await?;
    version_2(command, family, &behind).ok_or_else(|| malformed("the header is not one of version 2"))
}

fn version_2(command: u8, family: u8, behind: &[u8]) -> Option<Option<SocketAddr>> {
    match (command, family) {
        // LOCAL: the proxy itself, such as for a health check. What else it says is to be ignored.
        (0x20, _) => Some(None),
        (0x21, 0x11) => {
            let (source, rest) = behind.split_first_chunk::<4>()?;
            let ([_, _, _, _, a, b, _, _], _) = rest.split_first_chunk::<8>()?;
            Some(Some(SocketAddr::new(Ipv4Addr::from(*source).into(), u16::from_be_bytes([*a, *b]))))
        }
        (0x21, 0x21) => {
            let (source, rest) = behind.split_first_chunk::<16>()?;
            let (_, rest) = rest.split_first_chunk::<16>()?;
            let ([a, b, _, _], _) = rest.split_first_chunk::<4>()?;
            Some(Some(SocketAddr::new(Ipv6Addr::from(*source).into(), u16::from_be_bytes([*a, *b]))))
        }
        // Not said, datagrams, and unix sockets: nothing that a caller of ours could have.
        (0x21, 0x00 | 0x12 | 0x22 | 0x31 | 0x32) => Some(None),
        _ => None,
    }
}

fn malformed(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(command: u8, family: u8, behind: &[u8]) -> Vec<u8> {
        let length = u16::try_from(behind.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, behind].concat()
    }

    const V4: [u8; 12] = [203, 0, 113, 7, 10, 0, 0, 1, 0xc8, 0x21, 0, 80];

    fn v6() -> Vec<u8> {
        let source = "2001:db8::7".parse::<Ipv6Addr>().unwrap().octets();
        let destination = "2001:db8::1".parse::<Ipv6Addr>().unwrap().octets();
        [&source[..], &destination, &[0, 9, 1, 187]].concat()
    }

    /// What a header says, and what is left behind it.
    async fn told(header: &[u8]) -> (Result<Option<SocketAddr>>, String) {
        let bytes = [header, b"GET /"].concat();
        let mut stream = &bytes[..];
        let told = read(&mut stream).await;
        (told, String::from_utf8_lossy(stream).into_owned())
    }

    #[tokio::test]
    async fn a_header_says_who_the_client_is_and_nothing_behind_it_is_taken() {
        let tlvs = [&V4[..], &[3, 0, 4, 1, 2, 3, 4], &[0x20, 0, 0]].concat();
        let longest = b"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
        for (header, client) in [
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 51233 80\r\n".to_vec(), Some("203.0.113.7:51233")),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 9 443\r\n".to_vec(), Some("[2001:db8::7]:9")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (longest.to_vec(), None),
            (version_2(0x21, 0x11, &V4), Some("203.0.113.7:51233")),
            (version_2(0x21, 0x11, &tlvs), Some("203.0.113.7:51233")),
            (version_2(0x21, 0x11, &[&V4[..], &[0; MOST_BEHIND - 12]].concat()), Some("203.0.113.7:51233")),
            (version_2(0x21, 0x21, &v6()), Some("[2001:db8::7]:9")),
            (version_2(0x20, 0x00, &[]), None),
            (version_2(0x20, 0x11, &V4), None),
            (version_2(0x21, 0x00, &[1, 2, 3]), None),
            (version_2(0x21, 0x12, &V4), None),
            (version_2(0x21, 0x31, &[0; 216]), None),
        ] {
            let (found, rest) = told(&header).await;
            let wanted = client.map(|text| text.parse().unwrap());
            let shown = String::from_utf8_lossy(&header).into_owned();
            assert_eq!((found.ok(), rest.as_str()), (Some(wanted), "GET /"), "{shown:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let too_long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_LINE - 15));
        let mut wrong_version = version_2(0x21, 0x11, &V4);
        wrong_version[12] = 0x11;
        for header in [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            b"proxy TCP4 203.0.113.7 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 1\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2 3\r\n".to_vec(),
            b"PROXY TCP4  203.0.113.7 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 +1 2\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 1 65536\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.007 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n".to_vec(),
            b"PROXY TCP6 203.0.113.7 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY UDP4 203.0.113.7 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\nGET / HTTP/1.1\r\n".to_vec(),
            too_long.into_bytes(),
            wrong_version,
            version_2(0x22, 0x11, &V4),
            version_2(0x21, 0x13, &V4),
            version_2(0x21, 0x11, &V4[..11]),
            version_2(0x21, 0x21, &v6()[..35]),
            version_2(0x21, 0x11, &[0; MOST_BEHIND + 1]),
        ] {
            let kind = told(&header).await.0.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::InvalidData), "{:?}", String::from_utf8_lossy(&header));
        }
    }
}
