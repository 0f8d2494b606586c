//! `auth.oauth.forward_token`: whether the agent gets the token, and where.

use http::HeaderName;

use super::super::fields::Fields;
use super::super::sections::FORWARD_TOKEN;
use super::super::value;
use super::auth::{credential_header, header_conflict};
use crate::authn::{ForwardToken, TokenForm};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};
use crate::model::reduced;

/// Reads it; `claim_headers` are those of the agent.
pub(super) fn read<'a>(
    report: &'a Report<'a>,
    node: &'a Node,
    claim_headers: &[(String, HeaderName)],
) -> Option<ForwardToken> {
    let read = match node.kind {
        Kind::Map(_) => moved(report, node, claim_headers)?,
        Kind::Scalar(_) | Kind::List(_) => match value::boolean(report, node)? {
            true => ForwardToken::AsItCame,
            false => ForwardToken::No,
        },
    };
    if read != ForwardToken::No {
        let message = "the agent receives its callers' tokens and could use them elsewhere";
        report.say(Code::TokenForwarded, node.place, message, "hand over single claims with `claim_headers`");
    }
    Some(read)
}

fn moved<'a>(
    report: &'a Report<'a>,
    node: &'a Node,
    claim_headers: &[(String, HeaderName)],
) -> Option<ForwardToken> {
    let fields = Fields::open(report, &FORWARD_TOKEN, node.place, node)?;
    let header = fields.required("header", credential_header);
    let form = fields.optional("scheme", |r, n| value::word(r, n, &["keep", "strip"]));
    let bad_form = form.is_none() && fields.has("scheme");
    fields.close();
    let Spanned { value: header, place, .. } = header.filter(|_| !bad_form)?;
    let spelled = reduced(header.as_str());
    if claim_headers.iter().any(|(_, other)| reduced(other.as_str()) == spelled) {
        header_conflict(report, place, &header, "is set from a claim already");
        return None;
    }
    let form =
        if form.is_some_and(|form| form.value == "strip") { TokenForm::Bare } else { TokenForm::Whole };
    Some(ForwardToken::Moved { header, form })
}
