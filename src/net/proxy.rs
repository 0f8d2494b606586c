//! The way out of a fetch: direct, or through a proxy. A proxy resolves names itself, so it must refuse their forbidden
//! addresses; literal addresses in a URL are checked here all the same.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::FetchError;
use super::address::is_loopback;

/// The proxy for fetches from a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EgressProxy {
    /// The proxy in `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in upper or lower case.
    #[default]
    Environment,
    /// No proxy.
    Direct,
    /// This proxy, whatever the environment says.
    Through(ProxyUrl),
}

/// The URL of a proxy. It may hold credentials, which are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

impl ProxyUrl {
    /// Parses `http://[user:password@]host[:port]`, or the same with https.
    ///
    /// # Errors
    /// The help for the operator: what to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const HELP: &str = "write the proxy's scheme, host and port, such as `http://proxy.example.com:3128`";
        let url = Url::parse(text).map_err(|_| HELP)?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        match url.scheme() {
            "http" | "https" if url.has_host() && bare => Ok(Self(url)),
            _ => Err(HELP),
        }
    }

    /// Parses a value from the environment, where a missing scheme means http, as in curl.
    fn of_environment(text: &str) -> Result<Self, &'static str> {
        if text.contains("://") { Self::parse(text) } else { Self::parse(&format!("http://{text}")) }
    }
}

/// The URL without credentials.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

/// The compiled way out.
#[derive(Debug)]
pub(super) enum Egress {
    Direct,
    Through(ProxyUrl),
    Environment { https: Way, http: Way, no_proxy: Box<Matcher> },
}

/// The proxy in one variable of the environment.
#[derive(Debug)]
pub(super) enum Way {
    Direct,
    Through(ProxyUrl),
    /// The variable is set and names no usable proxy. A fetch fails then: a direct one could be forbidden.
    Unusable {
        name: &'static str,
    },
}

impl Egress {
    pub(super) fn new(wanted: &EgressProxy, env: impl Fn(&str) -> Option<String>) -> Self {
        match wanted {
            EgressProxy::Direct => Self::Direct,
            EgressProxy::Through(proxy) => Self::Through(proxy.clone()),
            EgressProxy::Environment => {
                let either = |upper: &str| env(upper).or_else(|| env(&upper.to_ascii_lowercase()));
                let way = |name: &'static str| match either(name).filter(|text| !text.is_empty()) {
                    None => Way::Direct,
                    Some(text) => match ProxyUrl::of_environment(text.trim()) {
                        Ok(proxy) => Way::Through(proxy),
                        Err(_) => Way::Unusable { name },
                    },
                };
                // An absent `NO_PROXY` excludes no host.
                let no_proxy = either("NO_PROXY").unwrap_or_default();
                // The matcher intercepts every host but those that `NO_PROXY` names.
                let no_proxy = Matcher::builder().all("http://proxy.invalid").no(no_proxy).build();
                Self::Environment {
                    https: way("HTTPS_PROXY"),
                    http: way("HTTP_PROXY"),
                    no_proxy: Box::new(no_proxy),
                }
            }
        }
    }

    /// The proxy for `url`. Fetches from this machine never go through a proxy on another one.
    ///
    /// # Errors
    /// When the environment names a proxy that cannot be used.
    pub(super) fn of(&self, url: &Url) -> Result<Option<&ProxyUrl>, FetchError> {
        let here = is_loopback(url);
        match self {
            Self::Direct => Ok(None),
            Self::Through(proxy) => Ok(Some(proxy).filter(|proxy| !here || is_loopback(&proxy.0))),
            Self::Environment { .. } if here => Ok(None),
            Self::Environment { https, http, no_proxy } => {
                let intercepted = url.as_str().parse().ok().and_then(|uri| no_proxy.intercept(&uri));
                match if url.scheme() == "https" { https } else { http } {
                    _ if intercepted.is_none() => Ok(None),
                    Way::Direct => Ok(None),
                    Way::Through(proxy) => Ok(Some(proxy)),
                    Way::Unusable { name } => Err(FetchError::Setup {
                        cause: format!("{name} of the environment names no proxy such as http://proxy:3128"),
                    }),
                }
            }
        }
    }

    /// The proxy for `url` with its credentials, for the HTTP client.
    pub(super) fn url(&self, url: &Url) -> Option<Url> {
        self.of(url).ok().flatten().map(|proxy| proxy.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_credentials() {
        let proxy = ProxyUrl::parse("http://user:secret@proxy.test:3128").unwrap();
        assert_eq!(proxy.to_string(), "http://proxy.test:3128");
        assert!(!format!("{:?}", EgressProxy::Through(proxy)).contains("secret"));
        for bad in ["proxy:3128", "socks5://proxy:1080", "http://", "http://p/path", "http://p?q", "none", ""]
        {
            assert!(ProxyUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_providers_proxy_overrides_that_of_the_environment() {
        let env = |list: &'static [(&str, &str)]| {
            move |name: &str| {
                list.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            }
        };
        let upper: &[(&str, &str)] = &[
            ("HTTPS_PROXY", "http://s:1"),
            ("HTTP_PROXY", "p:2"),
            ("NO_PROXY", "direct.test, .inner.test,10.0.0.0/8"),
        ];
        let lower: &[(&str, &str)] = &[("https_proxy", "https://s:1"), ("no_proxy", "*")];
        let broken: &[(&str, &str)] = &[("HTTPS_PROXY", "socks5://s:1"), ("no_proxy", "direct.test")];
        let through = || EgressProxy::Through(ProxyUrl::parse("http://own:3").unwrap());
        let here = || EgressProxy::Through(ProxyUrl::parse("http://127.0.0.1:3").unwrap());
        const NONE: Result<Option<&str>, ()> = Ok(None);
        for (wanted, list, url, proxy) in [
            (EgressProxy::Environment, upper, "https://idp.test/", Ok(Some("http://s:1"))),
            (EgressProxy::Environment, upper, "http://idp.test/", Ok(Some("http://p:2"))),
            (EgressProxy::Environment, upper, "https://direct.test/", NONE),
            (EgressProxy::Environment, upper, "https://a.inner.test/", NONE),
            (EgressProxy::Environment, upper, "https://notdirect.test/", Ok(Some("http://s:1"))),
            (EgressProxy::Environment, upper, "https://10.1.2.3/", NONE),
            (EgressProxy::Environment, upper, "https://11.1.2.3/", Ok(Some("http://s:1"))),
            (EgressProxy::Environment, upper, "https://localhost/", NONE),
            (EgressProxy::Environment, upper, "https://127.0.0.1/", NONE),
            (EgressProxy::Environment, lower, "https://idp.test/", NONE),
            (
                EgressProxy::Environment,
                &[("https_proxy", "https://s:1")],
                "https://a/",
                Ok(Some("https://s:1")),
            ),
            (EgressProxy::Environment, &[("HTTPS_PROXY", "")], "https://a/", NONE),
            (EgressProxy::Environment, broken, "https://idp.test/", Err(())),
            (EgressProxy::Environment, broken, "http://idp.test/", NONE),
            (EgressProxy::Environment, broken, "https://direct.test/", NONE),
            (EgressProxy::Environment, &[], "https://idp.test/", NONE),
            (EgressProxy::Direct, upper, "https://idp.test/", NONE),
            (through(), upper, "https://direct.test/", Ok(Some("http://own:3"))),
            (through(), upper, "http://127.0.0.1/", NONE),
            (here(), upper, "http://127.0.0.1/", Ok(Some("http://127.0.0.1:3"))),
        ] {
            let egress = Egress::new(&wanted, env(list));
            let way = egress.of(&Url::parse(url).unwrap());
            let way = way.map(|way| way.map(ToString::to_string)).map_err(drop);
            assert_eq!(way, proxy.map(|proxy| proxy.map(str::to_owned)), "{wanted:?} {list:?} {url}");
        }
    }
}
