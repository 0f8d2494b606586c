//! How callers authenticate: the schemes and requirements of a card are replaced by those of the gateway.

use super::json::{Json, Members, member_mut, remove, set};
use super::policy::{Access, CardProvider, MetadataKind};
use super::shape::Shapes;

/// The name of the scheme of an API key.
const API_KEY: &str = "api_key";

/// Replaces them, for each generation that the card has.
pub(super) fn replace(card: &mut Members, shapes: Shapes, access: &Access) {
    let schemes = schemes(shapes, access);
    if schemes.is_empty() {
        for name in ["securitySchemes", "securityRequirements", "security"] {
            remove(card, name);
        }
    } else {
        let scopes = match access {
            Access::OAuth { scopes, .. } => scopes.as_slice(),
            Access::Public | Access::ApiKey { .. } => &[],
        };
        let names = || schemes.iter().map(|(name, _)| name.as_str());
        let new = names().map(|name| {
            let list = Json::object([("list", Json::texts(scopes))]);
            Json::object([("schemes", Json::object([(name, list)]))])
        });
        let old = names().map(|name| Json::object([(name, Json::texts(scopes))]));
        let (new, old) = (Json::List(new.collect()), Json::List(old.collect()));
        set(card, "securitySchemes", Json::Object(schemes));
        if shapes.new {
            set(card, "securityRequirements", new);
        }
        if shapes.old {
            set(card, "security", old);
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
        Access::OAuth { providers, .. } => {
            providers.iter().map(|provider| (provider.name.clone(), of_provider(shapes, provider))).collect()
        }
    }
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
