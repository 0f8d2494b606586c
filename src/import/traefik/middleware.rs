//! Middlewares: those that say who may call, and how often, and those that change the path.

use serde_json::Value;

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::Limit;
use super::super::spec::{Unread, closed};
use super::named::{bare, find};
use super::{headers, limit, token};

/// What the middlewares of a router say.
#[derive(Default)]
pub(super) struct Said {
    /// Absent where nothing that could be read asks for a credential.
    pub(super) auth: Option<Value>,
    pub(super) unread: Unread,
    /// Prefixes that are taken off.
    pub(super) strips: Vec<String>,
    /// What goes before the path.
    pub(super) adds: String,
    pub(super) max_body: Option<Value>,
    pub(super) cors: Option<Value>,
    pub(super) limits: Vec<Limit>,
    /// What tells the router from others.
    router: usize,
    /// How many were looked at.
    count: usize,
}

/// Middlewares that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 12] = [
    "circuitBreaker",
    "compress",
    "contentType",
    "errors",
    "grpcWeb",
    "passTLSClientCert",
    "redirectRegex",
    "redirectScheme",
    "replacePath",
    "replacePathRegex",
    "retry",
    "stripPrefixRegex",
];

/// Chains may stand in one another so deep.
const DEEPEST: usize = 8;

/// So many middlewares may a router have, with those in its chains: chains of chains would be without end.
const MOST: usize = 256;

impl Said {
    /// Nothing yet of what is said at a router.
    pub(super) fn at(router: Item<'_>) -> Self {
        Self { router: router.address(), ..Self::default() }
    }
}

/// Reads the middlewares that `names` names, in order.
pub(super) fn read<'a>(
    names: &[Item<'a>],
    all: &[(&'a str, Item<'a>)],
    (said, draft): (&mut Said, &mut Draft),
    depth: usize,
) {
    for item in names {
        said.count += 1;
        let is_within = depth < DEEPEST && said.count <= MOST;
        let name = item.text().unwrap_or_default();
        let Some(middleware) = find(all, name).filter(|_| is_within) else {
            said.unread = Unread::Something;
            item.weak(Verdict::Cannot, "this middleware is not in the files, or too deep in chains: what it refuses is let through here");
            continue;
        };
        item.kept();
        for (kind, item) in middleware.entries() {
            if kind == "chain" {
                read(&item.list("middlewares"), all, (&mut *said, &mut *draft), depth + 1);
            } else {
                one((kind, bare(name)), item, said, draft);
            }
        }
    }
}

fn one((kind, name): (&str, &str), item: Item<'_>, said: &mut Said, draft: &mut Draft) {
    let bucket = (item.address(), said.router);
    match kind {
        "stripPrefix" => {
            let prefixes = item.get("prefixes").map(|prefixes| prefixes.kept().texts()).unwrap_or_default();
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
            said.put(closed(), item);
        }
        "jwt" => {
            let auth = token::read(item, draft);
            said.put(auth, item);
        }
        "apiKey" => {
            item.changed("keys are not read: make new ones with `portcullis api-key create --agent NAME`");
            said.put(closed(), item);
        }
        "headers" => {
            let cors = headers::read(item, said.cors.is_some());
            said.cors = said.cors.take().or(cors);
        }
        "rateLimit" => said.limits.extend(limit::rate(item, bucket, name)),
        "inFlightReq" => said.limits.extend(limit::under_way(item, bucket, name)),
        "plugin" => plugins(item, said, draft),
        _ if HARMLESS.contains(&kind) => item.cannot(format!("`{kind}` has no counterpart here")),
        _ => {
            said.unread = Unread::Something;
            let why = "what this middleware refuses is let through here, unless you write it anew";
            item.weak(Verdict::Cannot, why);
        }
    }
}

fn plugins(item: Item<'_>, said: &mut Said, draft: &mut Draft) {
    for (name, plugin) in item.entries() {
        if name.contains("jwt") {
            let auth = token::read(plugin, draft);
            said.put(auth, plugin);
        } else {
            said.unread = Unread::Something;
            let why = "what this plugin refuses is let through here, unless you write it anew";
            plugin.weak(Verdict::Cannot, why);
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
    closed()
}
