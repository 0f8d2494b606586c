//! Which way a fetch takes: straight, or through a proxy. With a proxy, names are resolved there, and so the addresses
//! that they lead to are that proxy's to judge; the addresses that stand in a URL are judged here all the same.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::FetchError;
use super::address::is_loopback;

/// Through which proxy a provider is fetched from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EgressProxy {
    /// What `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say, in capitals or small letters.
    #[default]
    Environment,
    /// None.
    Direct,
    /// This one, whatever the environment says.
    Through(ProxyUrl),
}

/// The address of a proxy. It may hold credentials, which are shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

impl ProxyUrl {
    /// Reads `http://[user:password@]host[:port]`, or the same with https.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const HELP: &str = "write the proxy's scheme, host and port, such as `http://proxy.example.com:3128`";
        let url = Url::parse(text).map_err(|_| HELP)?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        match url.scheme() {
            "http" | "https" if url.has_host() && bare => Ok(Self(url)),
            _ => Err(HELP),
        }
    }

    /// In the environment the scheme is often left out, and http is meant.
    fn of_environment(text: &str) -> Result<Self, &'static str> {
        if text.contains("://") { Self::parse(text) } else { Self::parse(&format!("http://{text}")) }
    }
}

/// Without credentials.
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

/// The ways out.
#[derive(Debug)]
pub(super) enum Egress {
    Direct,
    Through(ProxyUrl),
    Environment { https: Way, http: Way, no_proxy: Box<Matcher> },
}

/// What a variable of the environment says.
#[derive(Debug)]
pub(super) enum Way {
    Straight,
    Through(ProxyUrl),
    /// Somebody wants a proxy, and it is none that can be used: going straight could be what must not happen.
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
                    None => Way::Straight,
                    Some(text) => match ProxyUrl::of_environment(text.trim()) {
                        Ok(proxy) => Way::Through(proxy),
                        Err(_) => Way::Unusable { name },
                    },
                };
                let no_proxy = either("NO_PROXY").unwrap_or_default();
                // What it does not intercept is what `NO_PROXY` names.
                let no_proxy = Matcher::builder().all("http://proxy.invalid").no(no_proxy).build();
                Self::Environment {
                    https: way("HTTPS_PROXY"),
                    http: way("HTTP_PROXY"),
                    no_proxy: Box::new(no_proxy),
                }
            }
        }
    }

    /// The proxy for `url`. This machine is never asked for through another one.
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
                    Way::Straight => Ok(None),
                    Way::Through(proxy) => Ok(Some(proxy)),
                    Way::Unusable { name } => Err(FetchError::Setup {
                        cause: format!("{name} of the environment names no proxy such as http://proxy:3128"),
                    }),
                }
            }
        }
    }

    /// For the client: the proxy with its credentials.
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
    fn the_environment_says_which_way_and_a_provider_may_know_better() {
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
