//! The same bytes in other pieces: what a request means does not depend on where the network cuts it.

use super::body::Body;
use super::case::{SMUGGLED, Wanted, World, post};

#[tokio::test]
async fn a_good_request_cut_anywhere_arrives_the_same() {
    let world = World::new().await;
    let mut cases = 0;
    for (request, body) in [
        (post("Content-Length: 5\r\nX-A: b", "he\r\n\r"), Body::Length(b"he\r\n\r".to_vec())),
        (
            post(
                "X-A: b\r\nTransfer-Encoding: chunked",
                "2;a=\"b\"\r\nhe\r\n3\r\nl\r\n\r\n0\r\nX: y\r\n\r\n",
            ),
            Body::Chunked(b"hel\r\n".to_vec()),
        ),
        (
            b"\r\nPOST http://gateway.test/open HTTP/1.1\r\nHost: GATEWAY.test\r\nX-A: b\r\n\r\n".to_vec(),
            Body::None,
        ),
    ] {
        let mut wanted = Wanted::of("POST /open HTTP/1.1", body);
        wanted.fields = vec![("x-a", "b".to_owned())];
        for at in 1..request.len() {
            let (one, other) = request.split_at(at);
            cases += world.forwards(&format!("cut at {at}"), &[one, other], &wanted).await;
        }
        let bytes: Vec<[u8; 1]> = request.iter().map(|byte| [*byte]).collect();
        cases += world.forwards("byte by byte", &bytes, &wanted).await;
    }
    eprintln!("{cases} cuts of good requests, each the same");
}

#[tokio::test]
async fn a_bad_request_cut_anywhere_is_refused_the_same() {
    let world = World::new().await;
    let mut cases = 0;
    for lines in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\n\tx",
    ] {
        let request = post(lines, SMUGGLED);
        let head = request.len() - SMUGGLED.len();
        for at in 1..head {
            let (one, other) = request.split_at(at);
            cases += world.refuses(&format!("{lines:?} cut at {at}"), &[one, other], &[400]).await;
        }
    }
    eprintln!("{cases} cuts of bad requests, 0 bytes at the agent");
}
