//! Logging in at the demo's identity provider: clients register themselves (RFC 7591) and are given a code for a token
//! (RFC 6749 section 4.1) that only they can use (RFC 7636). Everybody who comes is let in, without a question.
//!
//! How that is asked over HTTP, and the token, are left to the issuer.

use std::collections::VecDeque;
use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::model::{is_loopback, is_loopback_name};

/// Clients and codes that are kept, the newest ones: more than one person tries out in one go.
const KEPT: usize = 200;

/// The clients that are known and the codes that were not used yet.
#[derive(Default)]
pub(super) struct Logins {
    clients: VecDeque<Registered>,
    codes: VecDeque<(String, Login)>,
}

struct Registered {
    id: String,
    redirects: Vec<String>,
}

/// A request at the authorization endpoint.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Login {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) redirect_uri: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
    pub(super) state: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) resource: Option<String>,
}

/// Why nobody is sent back to the client: it is not known there (RFC 6749 section 4.1.2.1).
pub(super) struct UnknownClient;

impl Logins {
    /// Takes a client in, and gives what is to be told to it; `None` without a place to send people back to.
    pub(super) fn register(&mut self, mut metadata: Map<String, Value>) -> Option<Value> {
        let redirects = metadata.get("redirect_uris")?.as_array()?;
        let redirects: Vec<String> = redirects
            .iter()
            .filter_map(Value::as_str)
            .filter(|uri| Url::parse(uri).is_ok())
            .map(Into::into)
            .collect();
        if redirects.is_empty() {
            return None;
        }
        let id = format!("demo-{:016x}", rand::random::<u64>());
        keep(&mut self.clients, Registered { id: id.clone(), redirects });
        metadata.insert("client_id".to_owned(), Value::from(id));
        metadata.insert("token_endpoint_auth_method".to_owned(), json!("none"));
        metadata.insert("grant_types".to_owned(), json!(["authorization_code"]));
        // A client registers with the scope of its first challenge, and would be held to it.
        metadata.remove("scope");
        Some(Value::Object(metadata))
    }

    /// Where to send back who came to log in: with a code, or with what is wrong.
    pub(super) fn log_in(&mut self, login: Login, issuer: &str) -> Result<Url, UnknownClient> {
        let mut back = Url::parse(&login.redirect_uri).map_err(|_| UnknownClient)?;
        let known = self.clients.iter().find(|client| client.id == login.client_id).ok_or(UnknownClient)?;
        if !known.redirects.iter().any(|registered| leads_to(registered, &back)) {
            return Err(UnknownClient);
        }
        let is_sound = login.response_type == "code"
            && login.code_challenge_method == "S256"
            && !login.code_challenge.is_empty();
        let mut query = back.query_pairs_mut();
        if let Some(state) = &login.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
        if is_sound {
            let code = format!("{:032x}", rand::random::<u128>());
            query.append_pair("code", &code);
            keep(&mut self.codes, (code, login));
        } else {
            query.append_pair("error", "invalid_request");
            query.append_pair(
                "error_description",
                "expected response_type=code and code_challenge_method=S256",
            );
        }
        drop(query);
        Ok(back)
    }

    /// The login of a code, which is good once, for the client that can show what its challenge was made of.
    pub(super) fn redeem(&mut self, code: &str, redirect: &str, verifier: &str) -> Option<Login> {
        let at = self.codes.iter().position(|(given, _)| given == code)?;
        let (_, login) = self.codes.remove(at)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        (challenge == login.code_challenge && redirect == login.redirect_uri).then_some(login)
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(one);
}

/// Whether people may be sent to `asked` by a client that registered `registered`: a program on this machine has another
/// port each time (RFC 8252 section 7.3).
fn leads_to(registered: &str, asked: &Url) -> bool {
    let Ok(mut registered) = Url::parse(registered) else { return false };
    if is_here(&registered) && is_here(asked) && registered.set_port(asked.port()).is_err() {
        return false;
    }
    registered == *asked
}

fn is_here(url: &Url) -> bool {
    let address = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(is_loopback);
    url.scheme() == "http" && url.host_str().is_some_and(|host| is_loopback_name(host) || address(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    /// What RFC 7636 appendix B makes of it.
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn registered(logins: &mut Logins, redirect: &str) -> String {
        let metadata = json!({"redirect_uris": [redirect], "scope": "a", "client_name": "c"});
        let Value::Object(metadata) = metadata else { unreachable!() };
        let told = logins.register(metadata).unwrap();
        assert_eq!(told["client_name"], "c");
        assert_eq!(told.get("scope"), None);
        told["client_id"].as_str().unwrap().to_owned()
    }

    fn login(client: &str, redirect: &str) -> Login {
        Login {
            response_type: "code".to_owned(),
            client_id: client.to_owned(),
            redirect_uri: redirect.to_owned(),
            code_challenge: CHALLENGE.to_owned(),
            code_challenge_method: "S256".to_owned(),
            state: Some("s".to_owned()),
            ..Login::default()
        }
    }

    fn code(back: &Url) -> String {
        back.query_pairs()
            .find(|(name, _)| name == "code")
            .map(|(_, code)| code.into_owned())
            .unwrap_or_default()
    }

    #[test]
    fn people_are_sent_back_only_to_where_the_client_is() {
        for (registered_as, asked, is_sent) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", true),
            ("http://localhost:1/cb", "http://localhost:2/cb", true),
            ("http://localhost:1/cb", "http://127.0.0.1:1/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/other", false),
            ("https://a.example/cb", "https://a.example:8443/cb", false),
            ("https://a.example/cb", "https://b.example/cb", false),
        ] {
            let mut logins = Logins::default();
            let client = registered(&mut logins, registered_as);
            let back = logins.log_in(login(&client, asked), "http://i");
            assert_eq!(back.is_ok(), is_sent, "{registered_as} {asked}");
        }
        assert!(Logins::default().log_in(login("nobody", "https://a.example/cb"), "http://i").is_err());
        assert!(Logins::default().register(Map::new()).is_none());
    }

    #[test]
    fn a_code_is_good_once_and_for_the_client_that_asked() {
        let redirect = "https://a.example/cb";
        for (sent_to, verifier, is_good) in [
            (redirect, VERIFIER, true),
            (redirect, "another", false),
            ("https://a.example/", VERIFIER, false),
        ] {
            let mut logins = Logins::default();
            let client = registered(&mut logins, redirect);
            let Ok(back) = logins.log_in(login(&client, redirect), "http://i") else { unreachable!() };
            assert!(
                back.as_str().starts_with("https://a.example/cb?state=s&iss=http%3A%2F%2Fi&code="),
                "{back}"
            );
            assert_eq!(logins.redeem(&code(&back), sent_to, verifier).is_some(), is_good);
            assert!(logins.redeem(&code(&back), redirect, VERIFIER).is_none(), "it was used");
        }
    }

    #[test]
    fn a_login_without_a_challenge_gets_no_code() {
        let mut logins = Logins::default();
        let client = registered(&mut logins, "https://a.example/cb");
        let plain =
            Login { code_challenge_method: "plain".to_owned(), ..login(&client, "https://a.example/cb") };
        let Ok(back) = logins.log_in(plain, "http://i") else { unreachable!() };
        assert_eq!(code(&back), "");
        assert!(back.as_str().contains("error=invalid_request"), "{back}");
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut logins = Logins::default();
        let oldest = registered(&mut logins, "https://a.example/cb");
        for _ in 0..KEPT {
            registered(&mut logins, "https://a.example/cb");
        }
        assert!(logins.log_in(login(&oldest, "https://a.example/cb"), "http://i").is_err());
    }
}
