//! TLS handshakes that come a few bytes at a time.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use testkit::raw::Wire;

use super::fates::{Fate, Fates};
use super::slow_heads::SLACK;

const PAUSE: Duration = Duration::from_millis(150);

/// The first message of a client, as any client would send it.
fn client_hello() -> Vec<u8> {
    // The plain client installs the process's TLS provider.
    let _provider = testkit::client();
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from("gateway.test").expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).expect("a hello");
    bytes
}

/// So many callers whose hello does not come to its end within three times the limit.
pub(crate) async fn hellos(port: u16, count: usize, limit: Duration) -> Fates {
    let hello = client_hello();
    let pieces = usize::try_from((limit * 3).as_millis() / PAUSE.as_millis()).expect("a small number");
    let size = (hello.len() / pieces).max(1);
    Fates::of(count, |_| {
        let hello = hello.clone();
        async move {
            let Some(mut wire) = Wire::here(port).await else { return Fate::NoConnection };
            let sending = tokio::time::timeout(limit + SLACK, wire.drip(&hello, size, PAUSE));
            let taken = sending.await;
            let came = wire.rest(Duration::from_millis(200)).await;
            if came.ended || taken == Ok(false) { Fate::Closed } else { Fate::Open }
        }
    })
    .await
}
