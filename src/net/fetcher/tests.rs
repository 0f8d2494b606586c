//! The fetcher against a small server that answers raw bytes.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use super::*;
use crate::net::fixtures::{Loopback, Reply, answer, install_tls};
use crate::net::form::Form;

fn fetcher() -> Fetcher {
    fetcher_with(&FetcherOptions::default())
}

fn fetcher_with(options: &FetcherOptions) -> Fetcher {
    install_tls();
    Fetcher::new(options, Limits::default()).unwrap()
}

/// A fetcher that does not wait for long.
fn hasty() -> Fetcher {
    install_tls();
    let limits = Limits { total: Duration::from_millis(150), ..Limits::default() };
    Fetcher::new(&FetcherOptions::default(), limits).unwrap()
}

fn parse(url: &str) -> Url {
    url.parse().unwrap()
}

fn text_of(outcome: Result<Fetched, FetchError>) -> String {
    match outcome {
        Ok(Fetched::Document(document)) => String::from_utf8_lossy(&document.body).into_owned(),
        Ok(Fetched::NotModified { .. }) => "not modified".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_document_comes_with_its_validator_and_its_age() {
    let headers = "ETag: \"v1\"\r\nCache-Control: public, Max-Age=300, must-revalidate\r\n";
    let server = Loopback::start(move |_| answer("200 OK", headers, "{}")).await;
    let Fetched::Document(document) = fetcher().fetch(&server.url("/keys?a=b"), None).await.unwrap() else {
        panic!("no document")
    };
    assert_eq!(&document.body[..], b"{}");
    assert_eq!(document.etag.as_deref(), Some("\"v1\""));
    assert_eq!(document.max_age, Some(Duration::from_secs(300)));
    let head = server.heads().remove(0).to_ascii_lowercase();
    assert!(head.starts_with("get /keys?a=b http/1.1\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
    assert!(!head.contains("if-none-match"), "{head}");
}

#[tokio::test]
async fn a_validator_makes_the_request_conditional_and_304_an_answer() {
    let server = Loopback::start(|head| {
        if head.to_ascii_lowercase().contains("if-none-match: \"v1\"\r\n") {
            answer("304 Not Modified", "Cache-Control: max-age=60\r\n", "")
        } else {
            answer("304 Not Modified", "", "")
        }
    })
    .await;
    let fetcher = fetcher();
    let outcome = fetcher.fetch(&server.url("/"), Some("\"v1\"")).await;
    assert_eq!(outcome, Ok(Fetched::NotModified { max_age: Some(Duration::from_secs(60)) }));
    let unasked = fetcher.fetch(&server.url("/"), None).await.unwrap_err().to_string();
    assert!(unasked.ends_with("answered 304"), "{unasked}");
}

#[tokio::test]
async fn anything_but_200_is_refused_in_plain_words() {
    for (status, headers, want) in [
        ("500 Oops", "", "URL answered 500"),
        ("404 Not Found", "", "URL answered 404"),
        ("204 No Content", "", "URL answered 204"),
        ("206 Partial Content", "", "URL answered 206"),
        (
            "302 Found",
            "Location: https://evil.test/x?secret=1\r\n",
            "redirects are not followed (302 to https://evil.test/x)",
        ),
        ("301 Moved", "", "redirects are not followed (301 to nowhere)"),
        (
            "200 OK",
            "Content-Encoding: br\r\n",
            "the answer of URL is encoded (br); identity and gzip are understood",
        ),
    ] {
        let server = Loopback::start(move |_| answer(status, headers, "{}")).await;
        let url = server.url("/keys");
        let said = fetcher().fetch(&url, None).await.unwrap_err().to_string();
        assert_eq!(said.replace(url.as_str(), "URL"), want);
        assert_eq!(server.heads().len(), 1, "nothing is followed or tried again");
    }
}

#[tokio::test]
async fn what_somebody_in_between_made_of_200_is_200() {
    let server = Loopback::start(|_| answer("203 Transformed", "ETag: \"v\"\r\n", "{}")).await;
    assert_eq!(text_of(fetcher().fetch(&server.url("/keys"), None).await), "{}");
}

#[tokio::test]
async fn gzip_is_unpacked_within_the_limit_although_identity_was_asked_for() {
    use std::io::Write as _;
    let packed = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    for (body, fits) in [(vec![b'0'; 1024 * 1024], true), (vec![b'0'; 1024 * 1024 + 1], false)] {
        let sent = packed(&body);
        let server = Loopback::start(move |_| {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                sent.len()
            );
            Reply::Bytes([head.as_bytes(), &sent].concat())
        })
        .await;
        let url = server.url("/keys");
        match fetcher().fetch(&url, None).await {
            Ok(Fetched::Document(document)) => assert!(fits && document.body == body),
            outcome => {
                let wanted = FetchError::TooLarge { url: url.to_string(), limit: 1024 * 1024 };
                assert_eq!((fits, outcome.unwrap_err()), (false, wanted));
            }
        }
    }
}

#[tokio::test]
async fn a_busy_host_says_when_to_come_back() {
    for (status, wanted) in [
        ("429 Too Many Requests", Some(Duration::from_secs(77))),
        ("503 Service Unavailable", Some(Duration::from_secs(77))),
        ("500 Oops", None),
    ] {
        let server = Loopback::start(move |_| answer(status, "Retry-After: 77\r\n", "")).await;
        let said = fetcher().fetch(&server.url("/keys"), None).await.unwrap_err();
        assert_eq!(said.retry_after(), wanted, "{status}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"] {
        let server = Loopback::start(move |_| Reply::Endless(head.into())).await;
        let url = server.url("/keys");
        let said = fetcher().fetch(&url, None).await.unwrap_err();
        assert_eq!(said, FetchError::TooLarge { url: url.to_string(), limit: 1024 * 1024 });
        assert!(said.to_string().ends_with("is over 1 MiB"), "{said}");
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_fine() {
    let body: String = "0".repeat(1024 * 1024);
    let server = Loopback::start(move |_| answer("200 OK", "", &body)).await;
    assert_eq!(text_of(fetcher().fetch(&server.url("/"), None).await).len(), 1024 * 1024);
}

#[tokio::test]
async fn a_slow_answer_ends_in_time_wherever_it_is_slow() {
    for head in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
        "HTTP/1.1 200 OK\r\n\r\n{",
    ] {
        let server = Loopback::start(move |_| Reply::Stall(head.into())).await;
        let url = server.url("/keys");
        let said = hasty().fetch(&url, None).await.unwrap_err().to_string();
        assert_eq!(said, format!("{url} took longer than 0.15 s"), "{head:?}");
    }
    let after = FetchError::Timeout { url: "https://idp.test/".to_owned(), after: Limits::default().total };
    assert_eq!(after.to_string(), "https://idp.test/ took longer than 5 s");
}

#[tokio::test]
async fn a_host_that_accepts_and_says_nothing_could_not_be_reached() {
    install_tls();
    let server = Loopback::start(|_| Reply::Stall(Vec::new())).await;
    let limits = Limits { connect: Duration::from_millis(100), ..Limits::default() };
    let fetcher = Fetcher::new(&FetcherOptions::default(), limits).unwrap();
    let url = parse(&format!("https://127.0.0.1:{}/", server.port()));
    let said = fetcher.fetch(&url, None).await.unwrap_err().to_string();
    assert_eq!(said, format!("{url} could not be reached within 0.1 s"));
}

#[tokio::test]
async fn a_broken_answer_is_an_error() {
    for bytes in ["", "hello", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", "HTTP/1.1 abc OK\r\n\r\n"] {
        let server = Loopback::start(move |_| Reply::Bytes(bytes.into())).await;
        let url = server.url("/keys");
        let said = fetcher().fetch(&url, None).await.unwrap_err();
        assert!(matches!(said, FetchError::Broken { .. }), "{bytes:?}: {said}");
        assert!(said.to_string().starts_with(&format!("the answer of {url} is broken: ")), "{said}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let port = Loopback::start(|_| answer("200 OK", "", "")).await.port();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap().port();
    drop(listener);
    assert_ne!(port, free);
    let url = parse(&format!("http://127.0.0.1:{free}/keys"));
    let said = fetcher().fetch(&url, None).await.unwrap_err().to_string();
    assert_eq!(said, format!("connect refused by {url}"));
}

#[test]
fn only_urls_that_are_safe_to_fetch_are_permitted() {
    let strict = fetcher();
    let lax = fetcher_with(&FetcherOptions { insecure_http: true, ..FetcherOptions::default() });
    for (url, fine, fine_with_insecure_http) in [
        ("https://idp.test/keys", true, true),
        ("https://10.0.0.1/keys", true, true),
        ("http://127.0.0.1:9/keys", true, true),
        ("http://127.9.9.9/keys", true, true),
        ("http://[::1]/keys", true, true),
        ("http://[::ffff:127.0.0.1]/keys", true, true),
        ("http://localhost/keys", true, true),
        ("http://idp.localhost/keys", true, true),
        ("http://idp.test/keys", false, true),
        ("http://10.0.0.1/keys", false, true),
        ("http://localhost.idp.test/keys", false, true),
        // What the URL parser makes of other spellings is what counts.
        ("http://0x7f.1/keys", true, true),
        ("http://2130706433/keys", true, true),
        ("https://169.254.169.254/keys", false, false),
        ("http://2852039166/keys", false, false),
        ("https://0xa9fea9fe/keys", false, false),
        ("https://[fe80::1]/keys", false, false),
        ("https://[::ffff:169.254.169.254]/keys", false, false),
        ("https://0.0.0.0/keys", false, false),
        ("https://[::]/keys", false, false),
        ("http://0/keys", false, false),
        ("https://user@idp.test/keys", false, false),
        ("https://user:secret@idp.test/keys", false, false),
        ("ftp://idp.test/keys", false, false),
        ("file:///etc/passwd", false, false),
        ("data:text/plain,x", false, false),
    ] {
        assert_eq!(strict.permits(&parse(url)).is_ok(), fine, "{url}");
        assert_eq!(lax.permits(&parse(url)).is_ok(), fine_with_insecure_http, "{url} with insecure_http");
    }
    let said = strict.permits(&parse("http://idp.test/keys?a=b")).unwrap_err().to_string();
    assert!(said.starts_with("https required: http://idp.test/keys "), "{said}");
    let said = strict.permits(&parse("https://user:secret@idp.test/?token=x")).unwrap_err().to_string();
    assert_eq!(said, "not a URL that can be fetched: https://idp.test/ (it carries credentials)");
}

#[tokio::test]
async fn a_forbidden_url_is_not_asked() {
    let said = fetcher().fetch(&parse("http://169.254.169.254/latest"), None).await.unwrap_err();
    assert!(matches!(said, FetchError::HttpsRequired { .. }), "{said}");
    let said = fetcher().fetch(&parse("https://169.254.169.254/latest"), None).await.unwrap_err();
    assert!(matches!(said, FetchError::ForbiddenAddress { .. }), "{said}");
}

#[tokio::test]
async fn a_name_leads_only_to_addresses_that_passed() {
    install_tls();
    let options = FetcherOptions { insecure_http: true, ..FetcherOptions::default() };
    let with = |lookup| Fetcher::with_lookup(&options, Limits::default(), lookup).unwrap();
    let server = Loopback::start(|_| answer("200 OK", "", "here")).await;
    let url = parse(&format!("http://idp.test:{}/", server.port()));

    let metadata = with(|_| Box::pin(async { Ok(vec!["169.254.169.254:0".parse().unwrap()]) }));
    let said = metadata.fetch(&url, None).await.unwrap_err();
    assert!(matches!(said, FetchError::ForbiddenAddress { .. }), "{said}");

    let both = with(|_| {
        Box::pin(async { Ok(vec!["169.254.169.254:0".parse().unwrap(), "127.0.0.1:0".parse().unwrap()]) })
    });
    assert_eq!(text_of(both.fetch(&url, None).await), "here");

    let nobody = with(|_| Box::pin(async { Err(std::io::Error::other("no such name")) }));
    let said = nobody.fetch(&url, None).await.unwrap_err().to_string();
    assert_eq!(said, "cannot resolve idp.test: no such name");

    let slow = with(|_| Box::pin(std::future::pending()));
    let limits = Limits { total: Duration::from_millis(100), ..Limits::default() };
    let slow = Fetcher { limits, ..slow };
    let said = slow.fetch(&url, None).await.unwrap_err();
    assert!(matches!(said, FetchError::Timeout { .. }), "{said}");
}

#[tokio::test]
async fn a_name_is_resolved_once_for_a_fetch_and_checked_with_each() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    install_tls();
    // The trick of rebinding: good at first, and another place when it is connected to.
    let lookup: Lookup = |_| {
        let good = ASKED.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        let address = if good { "127.0.0.1:0" } else { "169.254.169.254:0" };
        Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
    };
    let options = FetcherOptions { insecure_http: true, ..FetcherOptions::default() };
    let fetcher = Fetcher::with_lookup(&options, Limits::default(), lookup).unwrap();
    let server = Loopback::start(|_| answer("200 OK", "", "here")).await;
    let url = parse(&format!("http://idp.test:{}/", server.port()));
    for round in 0..3 {
        assert_eq!(text_of(fetcher.fetch(&url, None).await), "here");
        assert_eq!(
            ASKED.load(Ordering::SeqCst),
            2 * round + 1,
            "the address that was checked is connected to"
        );
        let said = fetcher.fetch(&url, None).await.unwrap_err();
        assert!(matches!(said, FetchError::ForbiddenAddress { .. }), "{said}");
        let form = || Form { body: String::new(), authorization: None, accept: None };
        let said = fetcher.post_form(&url, form()).await;
        assert_eq!(said.unwrap().body, "here");
        let said = fetcher.post_form(&url, form()).await.unwrap_err();
        assert!(matches!(said, FetchError::ForbiddenAddress { .. }), "{said}");
        ASKED.store(2 * round + 2, Ordering::SeqCst);
    }
    assert_eq!(server.heads().len(), 6, "the other place was never connected to");
}

#[test]
fn max_age_is_read_from_cache_control() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
        }
        max_age(&headers).map(|age| age.as_secs())
    };
    for (values, want) in [
        (&["max-age=60"][..], Some(60)),
        (&["public,max-age=60"], Some(60)),
        (&["MAX-AGE = 60"], Some(60)),
        (&["max-age=\"60\""], Some(60)),
        (&["no-cache", "max-age=0"], Some(0)),
        (&["max-age=5, max-age=60"], Some(5)),
        (&["s-maxage=60"], None),
        (&["no-store"], None),
        (&["max-age"], None),
        (&["max-age=-1"], None),
        (&["max-age=1.5"], None),
        (&[], None),
    ] {
        assert_eq!(of(values), want, "{values:?}");
    }
}

#[test]
fn an_extra_ca_that_is_none_is_said() {
    install_tls();
    for (pem, want) in [
        ("", "cannot set up the client: the extra CA holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "cannot set up the client: the extra CA cannot be used",
        ),
        (
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "cannot set up the client: the extra CA is no PEM certificate",
        ),
    ] {
        let options = FetcherOptions { extra_ca: Some(pem.into()), ..FetcherOptions::default() };
        let said = Fetcher::new(&options, Limits::default()).unwrap_err().to_string();
        assert!(said.starts_with(want), "{said}");
    }
}

/// Answers one request over TLS with a certificate of a CA of its own; gives the port and the CA in PEM.
fn tls_server() -> (u16, String) {
    install_tls();
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &rcgen::Issuer::new(ca, ca_key)).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let mut head = [0; 4096];
        if stream.read(&mut head).is_ok() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe").ok();
            stream.conn.send_close_notify();
            stream.flush().ok();
        }
    });
    (port, ca_pem)
}

#[tokio::test]
async fn an_extra_ca_is_trusted_and_without_it_the_same_server_is_not() {
    let (port, ca) = tls_server();
    let options = FetcherOptions { extra_ca: Some(ca.into_bytes()), ..FetcherOptions::default() };
    let outcome = fetcher_with(&options).fetch(&parse(&format!("https://127.0.0.1:{port}/")), None).await;
    assert_eq!(text_of(outcome), "safe");

    let (port, _) = tls_server();
    let url = parse(&format!("https://127.0.0.1:{port}/"));
    let said = fetcher().fetch(&url, None).await.unwrap_err().to_string();
    assert!(said.starts_with(&format!("cannot connect to {url}: invalid peer certificate")), "{said}");
}
