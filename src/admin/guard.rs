//! The checks before every handler: the request names this listener (`Host`, against DNS rebinding), a write does not
//! come from a page of another origin (`Origin`, `Sec-Fetch-Site`, against cross-site request forgery), and the client
//! holds the token or a session. Handlers check no credentials.

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::model::{Digest, Host, Secret};

use super::caller::Caller;
use super::problem::{Problem, ProblemCode};
use super::{SharedState, cookie};

/// Every path below needs a credential.
const API: &str = "/api";
/// The path for logging in: the only `POST` of the API without a credential.
pub(super) const SESSION: &str = "/api/v1/session";
/// The content security policy of responses that are not pages: a browser that shows one runs nothing in it.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// The layer around all routes.
pub(super) async fn check(State(state): State<SharedState>, mut request: Request, next: Next) -> Response {
    let mut response = match admit(&state, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    set_security_headers(response.headers_mut());
    response
}

async fn admit(state: &SharedState, request: &mut Request) -> Result<(), Problem> {
    let own = own_authority(request.headers(), request.uri().authority().map(|a| a.as_str()))
        .filter(|own| is_ours(own, &state.admin.settings.hosts))
        .ok_or_else(|| {
            let detail = "this listener answers to IP addresses, to localhost, and to the names in `server.admin.hosts`";
            Problem::new(StatusCode::MISDIRECTED_REQUEST, ProblemCode::Misdirected, detail)
        })?;
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let schemes = schemes(state.is_tls(), &own, &state.admin.settings.hosts);
    let origin = Origin::of(request.headers(), &own, schemes);
    if writes && origin == Origin::Foreign {
        return Err(foreign("a page of another origin may not write here"));
    }
    let path = request.uri().path();
    let below = path.strip_prefix(API).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let login = path == SESSION && request.method() == Method::POST;
    if !below || login {
        return Ok(());
    }
    let caller = caller(state, request.headers(), request.extensions()).await?;
    if writes && caller.session.is_some() && origin != Origin::Own {
        return Err(foreign(
            "a write with a session comes from our own page: send `Origin`, or use the token",
        ));
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

async fn caller(
    state: &SharedState,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, Problem> {
    let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
    if let Some(value) = credentials.next() {
        let right = credentials.next().is_none()
            && bearer(value).is_some_and(|token| is_token(token, &state.admin.token));
        if !right {
            state.throttle.wait().await;
            return Err(Problem::unauthorized());
        }
        return Ok(Caller::new(None, extensions));
    }
    let session = cookie::values(headers).find_map(|id| state.sessions.find(id));
    match session {
        Some(session) => Ok(Caller::new(Some(session), extensions)),
        None => Err(Problem::unauthorized()),
    }
}

/// Compares digests in constant time, so that neither the length nor the content of the token leaks through timing.
pub(super) fn is_token(text: &str, token: &Secret) -> bool {
    Digest::of(text.as_bytes()) == Digest::of(token.expose_secret().as_bytes())
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The authority that the request names: exactly one `Host`, and the same in an absolute-form target (RFC 9112 section
/// 3.2).
fn own_authority(headers: &HeaderMap, target: Option<&str>) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?.to_ascii_lowercase();
    let alone = hosts.next().is_none();
    let agrees = target.is_none_or(|target| target.eq_ignore_ascii_case(&host));
    (alone && agrees).then_some(host)
}

/// Whether the authority is an IP address, `localhost` or a configured name. Any other name can be an attacker's that
/// resolves to this address (DNS rebinding).
fn is_ours(authority: &str, hosts: &[String]) -> bool {
    let Ok(host) = Host::parse(authority) else { return false };
    let name = host.as_str();
    host.address().is_some() || name == "localhost" || hosts.iter().any(|own| own == name)
}

/// The origin of the page that sent a request, which browsers state and other programs do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Own,
    Unsaid,
    Foreign,
}

impl Origin {
    fn of(headers: &HeaderMap, own: &str, schemes: &[&str]) -> Self {
        let origin = headers.get(header::ORIGIN).map(|origin| is_own_origin(origin, own, schemes));
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        match (origin, site) {
            (Some(false), _) => Self::Foreign,
            (_, Some(site)) if site != b"same-origin" && site != b"none" => Self::Foreign,
            (Some(true), _) | (_, Some(b"same-origin")) => Self::Own,
            _ => Self::Unsaid,
        }
    }
}

/// The schemes that our own page can have been loaded with. Under a configured name, a proxy in front may terminate TLS
/// for a listener without it.
fn schemes(tls: bool, own: &str, hosts: &[String]) -> &'static [&'static str] {
    let named = Host::parse(own).is_ok_and(|host| hosts.iter().any(|own| own == host.as_str()));
    match (tls, named) {
        (true, _) => &["https://"],
        (false, true) => &["http://", "https://"],
        (false, false) => &["http://"],
    }
}

fn is_own_origin(origin: &HeaderValue, own: &str, schemes: &[&str]) -> bool {
    let Ok(origin) = origin.to_str().map(str::to_ascii_lowercase) else { return false };
    schemes.iter().any(|scheme| origin.strip_prefix(scheme) == Some(own))
}

fn foreign(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, ProblemCode::ForbiddenOrigin, detail)
}

/// Adds the headers that keep browsers and caches from storing, sniffing, framing or running a response. A handler's own
/// values win.
fn set_security_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, NO_PAGE),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_localhost_or_a_configured_name() {
        let hosts = ["admin.example.com".to_owned()];
        for (host, wanted) in [
            ("127.0.0.1:9465", true),
            ("10.1.2.3", true),
            ("[::1]:9465", true),
            ("localhost", true),
            ("LOCALHOST:9465", true),
            ("admin.example.com", true),
            ("Admin.Example.Com:443", true),
            ("admin.example.com.", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("xadmin.example.com", false),
            ("admin.example.com.evil", false),
            ("0x7f.1", false),
            ("2130706433", false),
            ("[::1", false),
            ("", false),
            ("127.0.0.1:x", false),
            ("127.0.0.1@evil.example", false),
        ] {
            assert_eq!(is_ours(&host.to_ascii_lowercase(), &hosts), wanted, "{host}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let headers = |hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            headers
        };
        for (hosts, target, wanted) in [
            (&["LocalHost:1"][..], None, Some("localhost:1")),
            (&["localhost:1"], Some("LOCALHOST:1"), Some("localhost:1")),
            (&["localhost:1"], Some("evil.example"), None),
            (&["localhost", "localhost"], None, None),
            (&[], Some("localhost"), None),
        ] {
            assert_eq!(own_authority(&headers(hosts), target).as_deref(), wanted, "{hosts:?} {target:?}");
        }
    }

    #[test]
    fn origin_and_fetch_site_identify_the_sending_page() {
        let own = "gate.example:9465";
        let ours = ["gate.example".to_owned()];
        for (origin, site, tls, wanted) in [
            (None, None, false, Origin::Unsaid),
            (None, Some("none"), false, Origin::Unsaid),
            (None, Some("same-origin"), false, Origin::Own),
            (Some("http://gate.example:9465"), None, false, Origin::Own),
            (Some("http://GATE.example:9465"), Some("same-origin"), false, Origin::Own),
            (Some("https://gate.example:9465"), None, false, Origin::Own),
            (Some("https://gate.example:9465"), None, true, Origin::Own),
            (Some("http://gate.example:9465"), None, true, Origin::Foreign),
            (Some("http://gate.example"), None, false, Origin::Foreign),
            (Some("http://gate.example:9465.evil"), None, false, Origin::Foreign),
            (Some("http://evil.example"), None, false, Origin::Foreign),
            (Some("http://evil.example"), Some("same-origin"), false, Origin::Foreign),
            (Some("null"), None, false, Origin::Foreign),
            (Some(""), None, false, Origin::Foreign),
            (None, Some("same-site"), false, Origin::Foreign),
            (None, Some("cross-site"), false, Origin::Foreign),
            (Some("http://gate.example:9465"), Some("cross-site"), false, Origin::Foreign),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            let found = Origin::of(&headers, own, schemes(tls, own, &ours));
            assert_eq!(found, wanted, "{origin:?} {site:?} tls={tls}");
        }
    }

    #[test]
    fn only_under_a_configured_name_can_a_proxy_in_front_terminate_tls() {
        let ours = ["gate.example".to_owned()];
        for (tls, own, wanted) in [
            (false, "127.0.0.1:9465", &["http://"][..]),
            (false, "localhost", &["http://"]),
            (false, "gate.example", &["http://", "https://"]),
            (true, "gate.example", &["https://"]),
        ] {
            assert_eq!(schemes(tls, own, &ours), wanted, "{own} {tls}");
        }
    }

    #[test]
    fn a_token_is_read_from_one_bearer_field() {
        for (value, wanted) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("abc", None),
        ] {
            assert_eq!(bearer(&HeaderValue::from_static(value)), wanted, "{value}");
        }
        let token = Secret::new("abc".to_owned());
        for (text, wanted) in [("abc", true), ("ab", false), ("abcd", false), ("", false), ("ABC", false)] {
            assert_eq!(is_token(text, &token), wanted, "{text}");
        }
    }
}
