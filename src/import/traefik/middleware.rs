//! Middlewares: those that say who may call, and those that change the path.

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, Keys, Provider, key_set};
use super::super::item::Item;
use super::super::ledger::Verdict;

/// What the middlewares of a router say.
#[derive(Default)]
pub(super) struct Said {
    /// Absent where nothing asks for a credential.
    pub(super) auth: Option<Value>,
    /// Whether the prefix of the route is taken off.
    pub(super) strips: Vec<String>,
    /// What goes before the path.
    pub(super) adds: String,
    pub(super) max_body: Option<Value>,
}

/// Middlewares that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 10] = [
    "headers",
    "compress",
    "retry",
    "contentType",
    "errors",
    "redirectScheme",
    "redirectRegex",
    "circuitBreaker",
    "passTLSClientCert",
    "grpcWeb",
];

/// Reads one more middleware of a router.
pub(super) fn read(middleware: Item<'_>, said: &mut Said, draft: &mut Draft) {
    for (kind, item) in middleware.entries() {
        match kind {
            "stripPrefix" => {
                let prefixes =
                    item.get("prefixes").map(|prefixes| prefixes.kept().texts()).unwrap_or_default();
                said.strips.extend(prefixes.into_iter().map(str::to_owned));
            }
            "addPrefix" => said.adds = item.keep("prefix").unwrap_or_default().to_owned(),
            "buffering" => {
                if let Some(size) = item.keep("maxRequestBodyBytes").filter(|size| *size != "0") {
                    said.max_body = Some(format!("{size}B").into());
                }
            }
            "forwardAuth" => said.put(forward(item), item),
            "basicAuth" | "digestAuth" => {
                item.changed(
                    "passwords are not read, and there are none here: nobody gets in, until you write `auth`",
                );
                said.put(json!({ "api_key": {} }), item);
            }
            "jwt" => {
                let auth = jwt(item, draft);
                said.put(auth, item);
            }
            "apiKey" => {
                item.changed(
                    "keys are not read: make new ones with `portcullis api-key create --agent NAME`",
                );
                said.put(json!({ "api_key": {} }), item);
            }
            "plugin" => {
                for (name, plugin) in item.entries() {
                    if name.contains("jwt") {
                        let auth = jwt(plugin, draft);
                        said.put(auth, plugin);
                    } else {
                        plugin.weak(
                            Verdict::Cannot,
                            "what this plugin refuses is let through here, unless you write it anew",
                        );
                    }
                }
            }
            _ if HARMLESS.contains(&kind) => item.cannot(format!("`{kind}` has no counterpart here")),
            _ => item.weak(
                Verdict::Cannot,
                "what this middleware refuses is let through here, unless you write it anew",
            ),
        }
    }
}

impl Said {
    fn put(&mut self, auth: Value, item: Item<'_>) {
        if self.auth.is_some() {
            item.weak(Verdict::Cannot, "an agent has one way in: only the first of these middlewares counts");
        } else {
            self.auth = Some(auth);
        }
    }
}

/// Another server decides there, and nothing here: nobody gets in until someone has written who may.
fn forward(item: Item<'_>) -> Value {
    item.changed("no other server is asked here: nobody gets in, until you write `auth.oauth` with its identity provider");
    if let Some(tls) = item.at(&["tls", "insecureSkipVerify"]).filter(|tls| tls.is_true()) {
        tls.weak(Verdict::Changed, "Traefik does not verify the server that decides");
    }
    if let Some(trust) = item.get("trustForwardHeader").filter(|trust| trust.is_true()) {
        trust.changed("whose headers are believed is `server.trusted_proxies`");
    }
    json!({ "api_key": {} })
}

/// The middleware `jwt` of Traefik Hub.
fn jwt(item: Item<'_>, draft: &mut Draft) -> Value {
    for secret in ["signingSecret", "signingSecretBase64Encoded"] {
        if let Some(secret) = item.get(secret) {
            secret.weak(Verdict::Cannot, "a symmetric key (HS256 and the like): whoever verifies can sign");
        }
    }
    let mut rest = Map::new();
    let keys = keys(item, &mut rest);
    let issuer = bound(item, "iss").map(str::to_owned);
    if issuer.is_none() {
        let why = "no issuer is bound: any issuer whose key is in the set would do; write `issuer` instead of the one that \
                   stands there";
        item.weak(Verdict::Changed, why);
    }
    let entered = draft.provider("traefik", Provider { issuer, keys, rest });
    let mut oauth = Map::new();
    oauth.insert("identity_providers".to_owned(), json!([entered.name()]));
    match bound(item, "aud") {
        Some(audience) => {
            oauth.insert("audiences".to_owned(), json!([audience]));
        }
        None => item.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass"),
    }
    others(item, &mut oauth);
    json!({ "oauth": oauth })
}

/// Where the keys are.
fn keys(item: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    if let Some(url) = item.get("jwksUrl") {
        let text = url.text().unwrap_or_default();
        if text.starts_with("http://") {
            rest.insert("insecure_http".to_owned(), true.into());
            url.weak(Verdict::Kept, "keys come over plain HTTP");
        } else {
            url.kept();
        }
        Keys::At("jwks_uri", text.into())
    } else if let Some(file) = item.get("jwksFile") {
        inline(file)
    } else if let Some(pem) = item.keep("publicKey") {
        Keys::At("public_key", pem.into())
    } else {
        item.cannot("no key source that can be imported: write one");
        Keys::Nowhere
    }
}

/// What else a token must have, and where it goes.
fn others(item: Item<'_>, oauth: &mut Map<String, Value>) {
    if let Some(claims) = item.get("claims") {
        claims.changed("of `claims`, `iss` and `aud` are bound; write the others as `claims` of the agent");
        let rest = claims.text().unwrap_or_default();
        let others = rest
            .split("Equals(`")
            .skip(1)
            .filter(|term| !term.starts_with("iss`") && !term.starts_with("aud`"));
        if others.count() > 0 || rest.contains("||") || rest.contains('!') || rest.contains("Contains(") {
            claims.weak(
                Verdict::Cannot,
                "more than `iss` and `aud`: what else it asks for is not asked for here",
            );
        }
    }
    if let Some(forward) = item.get("forwardAuthorization") {
        if forward.is_true() {
            oauth.insert("forward_token".to_owned(), true.into());
            forward.weak(Verdict::Kept, "the agent gets the caller's token, and can use it elsewhere");
        } else {
            forward.kept();
        }
    }
    let mut headers = Map::new();
    for (header, claim) in item.get("forwardHeaders").map(Item::entries).unwrap_or_default() {
        if let Some(text) = claim.text() {
            headers.insert(text.to_owned(), header.into());
            claim.kept();
        }
    }
    if !headers.is_empty() {
        oauth.insert("claim_headers".to_owned(), Value::Object(headers));
    }
}

/// The text with which `claims` compares a claim, where all comparisons must hold.
fn bound<'a>(item: Item<'a>, claim: &str) -> Option<&'a str> {
    let claims = item.get("claims")?.text()?;
    if claims.contains("||") || claims.contains('!') {
        return None;
    }
    let begin = format!("Equals(`{claim}`,");
    let rest = claims.split(begin.as_str()).nth(1)?.trim_start().strip_prefix('`')?;
    rest.split('`').next()
}

/// A key set in the file, or the path of one.
fn inline(file: Item<'_>) -> Keys {
    let text = file.text().unwrap_or_default();
    if !text.trim_start().starts_with('{') {
        file.kept();
        return Keys::At("jwks_file", text.into());
    }
    match key_set(text) {
        Some((keys, true)) => {
            file.weak(
                Verdict::Changed,
                "symmetric keys (HS256 and the like) are left out: whoever verifies can sign",
            );
            keys
        }
        Some((keys, false)) => {
            file.kept();
            keys
        }
        None => {
            file.cannot("this is no key set in JSON: write a key source");
            Keys::Nowhere
        }
    }
}
