//! How callers authenticate: the schemes and requirements of a card are replaced by those of the gateway.

use super::json::{Json, Members, member_mut, remove, set};
use super::policy::{Access, CardBinding, CardProvider, MetadataKind};
use super::shape::Shapes;

/// The name of the scheme of an API key.
const API_KEY: &str = "api_key";
/// The names of the schemes of proofs and of certificates, unless a provider has that name.
const PROOF: &str = "dpop";
const CERTIFICATE: &str = "mtls";
/// The schemes name no rule for what they are: people read it here.
const ABOUT_PROOFS: &str = "Access tokens that are bound to a key (DPoP, RFC 9449): each request has `Authorization: DPoP` and a proof in \
                            the field DPoP";
const ABOUT_CERTIFICATES: &str =
    "Access tokens that are bound to the client's certificate (RFC 8705), which connects with it";

/// One way to authenticate: the schemes that it takes together.
type Alternative = Vec<String>;

/// Replaces them, for each generation that the card has.
pub(super) fn replace(card: &mut Members, shapes: Shapes, access: &Access) {
    let schemes = schemes(shapes, access);
    if schemes.is_empty() {
        for name in ["securitySchemes", "securityRequirements", "security"] {
            remove(card, name);
        }
    } else {
        let alternatives = alternatives(access);
        set(card, "securitySchemes", Json::Object(schemes));
        if shapes.new {
            let of = |scopes: &[String]| Json::object([("list", Json::texts(scopes))]);
            let one = |all: &Alternative| Json::object([("schemes", requirement(all, access, of))]);
            set(card, "securityRequirements", Json::List(alternatives.iter().map(one).collect()));
        }
        if shapes.old {
            let one = |all: &Alternative| requirement(all, access, Json::texts);
            set(card, "security", Json::List(alternatives.iter().map(one).collect()));
        }
    }
    if let Some(Json::List(skills)) = member_mut(card, "skills") {
        for skill in skills.iter_mut().filter_map(Json::as_object_mut) {
            remove(skill, "securityRequirements");
            remove(skill, "security");
        }
    }
}

/// The schemes of the gateway. Those of a card of both generations are read by clients of either.
pub(super) fn schemes(shapes: Shapes, access: &Access) -> Members {
    match access {
        Access::Public => Vec::new(),
        Access::ApiKey { header } => {
            let name = || Json::text(header);
            let new = Json::object([("location", Json::text("header")), ("name", name())]);
            let old = [("in", Json::text("header")), ("name", name())];
            vec![(API_KEY.to_owned(), scheme(shapes, "apiKey", ("apiKeySecurityScheme", new), old.into()))]
        }
        Access::OAuth { providers, bindings, .. } => {
            let of = |provider: &CardProvider| (provider.name.clone(), of_provider(shapes, provider));
            let mut all: Members = providers.iter().map(of).collect();
            if all.is_empty() {
                // Nobody can be sent anywhere for a token, and a proof alone opens nothing.
                return all;
            }
            if bindings.dpop != CardBinding::Off {
                let members = [("description", Json::text(ABOUT_PROOFS)), ("scheme", Json::text("DPoP"))];
                let new = ("httpAuthSecurityScheme", Json::object(members.clone()));
                all.push((unused(PROOF, providers), scheme(shapes, "http", new, members.into())));
            }
            if bindings.mtls != CardBinding::Off {
                let members = [("description", Json::text(ABOUT_CERTIFICATES))];
                let new = ("mtlsSecurityScheme", Json::object(members.clone()));
                all.push((unused(CERTIFICATE, providers), scheme(shapes, "mutualTLS", new, members.into())));
            }
            all
        }
    }
}

/// The ways to authenticate, of which a client takes one.
fn alternatives(access: &Access) -> Vec<Alternative> {
    match access {
        Access::Public => Vec::new(),
        Access::ApiKey { .. } => vec![vec![API_KEY.to_owned()]],
        Access::OAuth { providers, bindings, .. } => {
            let of = |provider: &CardProvider, [proof, certificate]: [bool; 2]| {
                let proof = proof.then(|| unused(PROOF, providers));
                let certificate = certificate.then(|| unused(CERTIFICATE, providers));
                [Some(provider.name.clone()), proof, certificate].into_iter().flatten().collect()
            };
            // A client that cannot show anything finds what it can do before what it cannot.
            let all = bindings.alternatives().flat_map(|bound| providers.iter().map(move |one| (one, bound)));
            all.map(|(provider, bound)| of(provider, bound)).collect()
        }
    }
}

/// The schemes of an alternative, each with what `of` makes of the scopes that it takes; proofs and certificates have none.
fn requirement(alternative: &Alternative, access: &Access, of: impl Fn(&[String]) -> Json) -> Json {
    let scopes = |name: &str| match access {
        Access::OAuth { providers, scopes, .. } if providers.iter().any(|one| one.name == name) => {
            scopes.as_slice()
        }
        Access::OAuth { .. } | Access::ApiKey { .. } | Access::Public => &[],
    };
    Json::Object(alternative.iter().map(|name| (name.clone(), of(scopes(name)))).collect())
}

/// The name of a scheme that no provider has.
fn unused(name: &str, providers: &[CardProvider]) -> String {
    let mut name = name.to_owned();
    while providers.iter().any(|provider| provider.name == name) {
        name.push('_');
    }
    name
}

fn of_provider(shapes: Shapes, provider: &CardProvider) -> Json {
    let url = provider.metadata_url().map(Json::text);
    match (provider.metadata, url) {
        (MetadataKind::OpenId, Some(url)) => {
            let member = [("openIdConnectUrl", url)];
            let new = ("openIdConnectSecurityScheme", Json::object(member.clone()));
            scheme(shapes, "openIdConnect", new, member.into())
        }
        (MetadataKind::OpenId | MetadataKind::AuthorizationServer, url) => {
            let mut members = vec![("flows", Json::Object(Vec::new()))];
            members.extend(url.map(|url| ("oauth2MetadataUrl", url)));
            let new = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            scheme(shapes, "oauth2", ("oauth2SecurityScheme", Json::Object(new)), members)
        }
    }
}

/// One scheme, in the form of each generation: 1.0 names the kind by the member around it, 0.3 by `type`.
fn scheme(shapes: Shapes, kind: &str, (name, new): (&str, Json), old: Vec<(&str, Json)>) -> Json {
    let mut members = Members::new();
    if shapes.new {
        members.push((name.to_owned(), new));
    }
    if shapes.old {
        members.push(("type".to_owned(), Json::text(kind)));
        members.extend(old.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    Json::Object(members)
}
