//! A person who logs in at the provider, and a client that asks for what a challenge names.

use std::collections::BTreeMap;

use testkit::client;

use super::provider::Provider;

const BACK: &str = "https://web.test/back";

impl Provider {
    /// An access token for `resource` by the authorization-code grant, after a login for which the client asked with these
    /// parameters.
    pub(crate) async fn log_in(&self, resource: &str, asked: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("client_id", "web"),
            ("response_type", "code"),
            ("redirect_uri", BACK),
            ("scope", "openid refunds:write"),
            ("resource", resource),
        ];
        parameters.extend(asked);
        let code = self.code(&form(&parameters)).await;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", BACK),
            ("client_id", "web"),
            ("client_secret", "not-a-secret"),
            ("resource", resource),
        ];
        let answer = self.post("/token", &form(&grant)).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
    }

    /// Follows the way of a browser until it comes back to the client.
    async fn code(&self, query: &str) -> String {
        let mut cookies = BTreeMap::<String, String>::new();
        let mut url = self.url(&format!("/auth?{query}"));
        for _ in 0..8 {
            let sent: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = client().get(&url).header("cookie", sent.join("; ")).send().await;
            let answer = answer.expect("the provider answers");
            for cookie in answer.headers().get_all("set-cookie") {
                let cookie = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
                let (name, value) = cookie.split_once('=').expect("a cookie");
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let location = answer.headers().get("location").expect("a way on").to_str().expect("text");
            if let Some(query) = location.strip_prefix(BACK) {
                let mut members = query.trim_start_matches('?').split('&');
                let code = members.find_map(|member| member.strip_prefix("code="));
                return code.unwrap_or_else(|| panic!("no code in {location}")).to_owned();
            }
            url = if location.starts_with('/') { self.url(location) } else { location.to_owned() };
        }
        panic!("the login at the provider does not end");
    }
}

/// What a client that knows RFC 9470 reads in a challenge, to ask the provider for.
pub(crate) fn asked_for(challenge: &str) -> Vec<(&'static str, String)> {
    let value = |name: &str| {
        let (_, rest) = challenge.split_once(&format!(", {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    ["acr_values", "max_age"].into_iter().filter_map(|name| Some((name, value(name)?))).collect()
}

fn form(members: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let written = members.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    written.collect::<Vec<_>>().join("&")
}
