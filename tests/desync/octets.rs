//! Every byte in every place of a head: where the grammar has no room for it, the head is refused.

use super::body::Body;
use super::case::{Wanted, World};

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[tokio::test]
async fn a_byte_that_has_no_place_is_refused() {
    let world = World::new().await;
    let mut cases = 0;
    for byte in 0..=255_u8 {
        let is_control = byte < 0x20 || byte == 0x7f;
        let places: [(&str, bool, &[u8], &[u8]); 7] = [
            ("method", !is_token(byte), b"PO", b"ST /open HTTP/1.1\r\nHost: gateway.test\r\n\r\n"),
            (
                "path",
                is_control || byte >= 0x80 || b" \"#<>`".contains(&byte),
                b"GET /op",
                b"en HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
            ),
            (
                "query",
                is_control || b" #".contains(&byte),
                b"GET /open?a",
                b"b HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
            ),
            ("version", byte != b'1', b"GET /open HTTP/1.", b"\r\nHost: gateway.test\r\n\r\n"),
            (
                "name",
                !is_token(byte) && byte != b':',
                b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nX-",
                b"Y: z\r\n\r\n",
            ),
            (
                "value",
                is_control && byte != b'\t',
                b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nX: a",
                b"b\r\n\r\n",
            ),
            ("end", byte != b'\r', b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nX: a", b"\nY: b\r\n\r\n"),
        ];
        for (place, is_bad, before, after) in places {
            // HTTP/1.0 is good as well.
            let is_bad = is_bad && !(place == "version" && byte == b'0');
            if is_bad {
                let request = [before, &[byte], after].concat();
                cases += world.refuses(&format!("{byte:#04x} in the {place}"), &[request], &[400]).await;
            }
        }
    }
    assert!(cases >= 900, "{cases}");
    eprintln!("{cases} heads with a byte out of place, 0 bytes at the agent");
}

#[tokio::test]
async fn every_byte_that_has_a_place_is_forwarded() {
    let world = World::new().await;
    let mut cases = 0;
    for byte in (1..=255_u8).filter(|byte| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f)) {
        let request =
            [b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nX-A: a", &[byte][..], b"b\r\n\r\n"].concat();
        let mut wanted = Wanted::of("GET /open HTTP/1.1", Body::None);
        wanted.fields = vec![("x-a", format!("a{}b", char::from(byte)))];
        cases += world.forwards(&format!("{byte:#04x} in a value"), &[request], &wanted).await;
    }
    let names: String = (0..=255_u8).filter(|byte| is_token(*byte)).map(char::from).collect();
    let request = format!("GET /open HTTP/1.1\r\nHost: gateway.test\r\nX{names}: z\r\n\r\n");
    let mut wanted = Wanted::of("GET /open HTTP/1.1", Body::None);
    let name: &'static str = format!("x{}", names.to_lowercase()).leak();
    wanted.fields = vec![(name, "z".to_owned())];
    cases += world.forwards("every byte of a name", &[request], &wanted).await;
    for byte in (0x21..=255_u8).filter(|byte| *byte != 0x7f && *byte != b'#') {
        let request = [b"GET /open?a", &[byte][..], b"b HTTP/1.1\r\nHost: gateway.test\r\n\r\n"].concat();
        let is_encoded = byte >= 0x80 || b"\"<>^`{|}".contains(&byte);
        let sent = if is_encoded { format!("%{byte:02X}") } else { char::from(byte).to_string() };
        let wanted = Wanted::of(&format!("GET /open?a{sent}b HTTP/1.1"), Body::None);
        cases += world.forwards(&format!("{byte:#04x} in a query"), &[request], &wanted).await;
    }
    eprintln!("{cases} heads with unusual bytes, each forwarded as it should");
}
