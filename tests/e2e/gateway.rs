//! The gateway with agents for the providers of this suite, and what it said of a request.

use testkit::{Start, Upstream, client};

use super::provider::{Provider, Site};

/// What a gateway is started with: named providers, an agent for each (`/one`), one for all of them (`/both`), one that asks
/// for a login (`/stepped`), two for tokens that are bound to a key (`/bound`, and `/fresh` with nonces), and a public one (`/open`).
pub(crate) struct Setup {
    providers: Vec<(String, String)>,
    refresh: &'static str,
    /// Further members of each provider, and lines of `server`.
    more: (&'static str, &'static str),
}

impl Setup {
    pub(crate) fn of(providers: &[(&str, &Provider)]) -> Self {
        let sites: Vec<_> = providers.iter().map(|(name, provider)| (*name, provider.site())).collect();
        Self::at(&sites)
    }

    pub(crate) fn at(sites: &[(&str, &Site)]) -> Self {
        let named = |(name, site): &(&str, &Site)| ((*name).to_owned(), site.issuer());
        Self { providers: sites.iter().map(named).collect(), refresh: "10m", more: ("", "") }
    }

    /// The same, with keys fetched anew every second.
    pub(crate) fn refreshed_each_second(self) -> Self {
        Self { refresh: "1s", ..self }
    }

    /// The same, and the logouts of the client `web` at the providers are taken.
    pub(crate) fn logging_out(self) -> Self {
        Self { more: (", events: { backchannel_logout: web }", "  state_dir: state\n"), ..self }
    }

    fn body(&self, upstream: &str) -> String {
        let agent = |name: &str, providers: &str| {
            format!(
                "  {name}:\n    route: /{name}\n    upstream: {upstream}\n    auth:\n      oauth:\n        \
                 identity_providers: [{providers}]\n        audiences: [\"urn:portcullis:alpha\"]\n        \
                 scopes: {{ all_of: [\"refunds:write\"] }}\n        claim_headers: {{ client_id: X-Caller-Client }}\n"
            )
        };
        let names: Vec<&str> = self.providers.iter().map(|(name, _)| name.as_str()).collect();
        let refresh = self.refresh;
        let provider = |(name, issuer): &(String, String)| {
            format!(
                "  {name}: {{ issuer: \"{issuer}\", leeway: 0s, refresh: {refresh}{more} }}\n",
                more = self.more.0
            )
        };
        let providers: String = self.providers.iter().map(provider).collect();
        let agents: String = names.iter().map(|name| agent(name, name)).collect();
        format!(
            "identity_providers:\n{providers}agents:\n{agents}{both}{stepped}        require: {REQUIRE}\n\
             {bound}        sender_constraint: {{ dpop: optional }}\n\
             {fresh}        sender_constraint: {{ dpop: required, nonce: required }}\n  open:\n    route: /open\n    \
             upstream: {upstream}\n    auth: public\n",
            both = agent("both", &names.join(", ")),
            stepped = agent("stepped", &names.join(", ")),
            bound = agent("bound", &names.join(", ")),
            fresh = agent("fresh", &names.join(", ")),
        )
    }
}

const REQUIRE: &str =
    "{ token_profile: rfc9068, clients: { allow: [web] }, acr_values: [\"urn:strong\"], max_auth_age: 1h }";

/// A running gateway with its agent; both end when this is dropped.
pub(crate) struct Gateway {
    running: testkit::Gateway,
    _upstream: Upstream,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: reqwest::header::HeaderMap,
}

/// The part of an access log line that this suite is about.
pub(crate) struct Logged {
    pub(crate) reason: String,
    pub(crate) provider: String,
}

impl Gateway {
    /// Starts the gateway and waits until it is ready, which does not need a provider that answers.
    pub(crate) async fn start(setup: &Setup) -> Self {
        let upstream = Upstream::start().await;
        let body = setup.body(&upstream.url());
        let running = Start { body: &body, server: setup.more.1, ..Start::default() }.ready().await;
        Self { running, _upstream: upstream }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.running.url(path)
    }

    /// Asks for `path`, with a bearer token if there is one.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = client().get(self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await.expect("the gateway answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, body: answer.text().await.expect("a body") }
    }

    /// What `/readyz` says.
    pub(crate) async fn readyz(&self) -> u16 {
        self.running.readyz().await
    }

    /// The sum of the samples of a metric whose labels hold all of `labels`; 0 when there is none.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        self.running.metric(name, labels).await
    }

    /// How often a decision was made for an agent.
    pub(crate) async fn decisions(&self, agent: &str, decision: &str) -> f64 {
        let labels = [format!("agent=\"{agent}\""), format!("decision=\"{decision}\"")];
        self.metric("portcullis_auth_decisions_total", &[&labels[0], &labels[1]]).await
    }

    /// The access log's line for a request, found by the id that the caller got.
    pub(crate) async fn logged(&self, answer: &Answer) -> Logged {
        let id = answer.header("x-request-id").expect("every answer has a request id");
        let line = self.running.logged(id).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Logged { reason: text(&line["auth"]["reason"]), provider: text(&line["auth"]["provider"]) }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `WWW-Authenticate`, or nothing.
    pub(crate) fn challenge(&self) -> &str {
        self.header("www-authenticate").unwrap_or_default()
    }

    /// A member of the JSON body.
    pub(crate) fn body_field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    /// A header of the request as the agent behind the gate got it.
    pub(crate) fn upstream_saw(&self, header: &str) -> Option<String> {
        let json = self.json();
        let pairs = json["headers"].as_array().expect("the headers that came");
        let named = |pair: &&serde_json::Value| {
            pair[0].as_str().is_some_and(|name| name.eq_ignore_ascii_case(header))
        };
        pairs.iter().find(named).and_then(|pair| pair[1].as_str()).map(str::to_owned)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}
