//! `api_keys`: the hashes of the keys that we made. The keys themselves are nowhere.

use super::super::document::ApiKeyEntry;
use super::super::fields::Fields;
use super::super::json;
use super::super::sections::API_KEY;
use super::super::value;
use crate::authn::{ApiKeyText, KEY_PREFIX};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Key, Kind, Node};
use crate::model::{AgentName, Digest};

pub(super) fn read<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<ApiKeyEntry> {
    let good_id = ApiKeyText::is_id(&key.text);
    if !good_id {
        let message = format!("`{}` is not the id of an API key", key.text);
        let help = "write the 8 letters and digits that stand between `pck_` and the next `_` of the key";
        report.say(Code::BadKeyId, key.place, message, help);
    }
    let fields = Fields::open(report, &API_KEY, key.place, node)?;
    let agent = fields.required("agent", agent);
    let name = fields.optional("name", value::label);
    let sha256 = fields.required("sha256", digest);
    let created_at = fields.optional("created_at", value::date);
    let expires_at = fields.optional("expires_at", value::date);
    let revoked_at = fields.optional("revoked_at", value::date);
    fields.close();
    Some(ApiKeyEntry {
        id: Spanned::new(good_id.then(|| key.text.clone())?, key.place),
        agent: agent?,
        name: name.map(|n| n.value),
        sha256: sha256?,
        created_at: created_at.map(|d| d.value),
        expires_at: expires_at.map(|d| d.value),
        revoked_at: revoked_at.map(|d| d.value),
    })
}

fn agent(report: &Report<'_>, node: &Node) -> Option<AgentName> {
    let text = value::text(report, node)?;
    let name = AgentName::parse(&text);
    if let Err(error) = &name {
        report.say(Code::BadName, node.place, format!("{} is not a name", node.shown()), error.to_string());
    }
    name.ok()
}

fn digest(report: &Report<'_>, node: &Node) -> Option<Digest> {
    let text = value::text(report, node)?;
    let number =
        matches!(&node.kind, Kind::Scalar(s) if s.plain && !s.from_env && json::is_yaml_number(&s.text));
    if number {
        let help = "put it in quotes; other YAML readers and writers would change it";
        report.say(Code::UnquotedHash, node.place, "this hash reads as a number", help);
        return None;
    }
    let digest = Digest::from_hex(&text);
    if digest.is_none() {
        let message = match text.starts_with(KEY_PREFIX) {
            true => "this is a key, and the place of its hash".to_owned(),
            false => "this is not a SHA-256".to_owned(),
        };
        let help = "write the 64 hexadecimal digits that `portcullis api-key create` printed, in quotes";
        // What stands here may be the key itself.
        report.find(Code::BadHash, node.place, message, |finding| finding.help(help).without_line());
    }
    digest
}
