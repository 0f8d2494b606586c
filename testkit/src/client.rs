//! The well-behaved client; one that keeps no rule is in `raw`.

use std::sync::OnceLock;
use std::time::Duration;

/// One client for a whole test: its connections are kept alive. It follows no redirects and knows no proxy.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make = || {
        install_tls();
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        builder.timeout(Duration::from_secs(30)).build().expect("a client")
    };
    CLIENT.get_or_init(make).clone()
}

/// Makes sure that this process has a TLS library. One that another test has installed serves as well.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
