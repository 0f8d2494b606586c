//! What a response says of the limits that counted its request, beside what the agent says of its own.

use http::HeaderValue;
use pingora::http::ResponseHeader;

use crate::limits::fields;

use super::context::Context;

/// Adds what the limits say of the request to a response; its own items of other policies stay.
pub(super) fn tell(head: &mut ResponseHeader, ctx: &Context) -> pingora::Result<()> {
    let (Some(counted), Some(agent)) = (&ctx.counted, ctx.agent()) else { return Ok(()) };
    let (mut policies, mut left) = (String::new(), String::new());
    for (limit, standing) in counted.told(agent) {
        let comma = if policies.is_empty() { "" } else { ", " };
        policies.push_str(comma);
        policies.push_str(&limit.policy);
        fields::left(&mut left, &limit.name, standing);
    }
    if policies.is_empty() {
        return Ok(());
    }
    let ours = |name: &str| counted.told(agent).any(|(limit, _)| *limit.name == *name);
    for (field, value) in [(fields::POLICY, policies), (fields::LEFT, left)] {
        take_out(head, field, &ours)?;
        head.append_header(field, value)?;
    }
    Ok(())
}

/// Takes items of our names out of a field that the agent has set: only one may say what is left of a policy.
fn take_out(
    head: &mut ResponseHeader,
    field: &'static str,
    ours: &impl Fn(&str) -> bool,
) -> pingora::Result<()> {
    let theirs: Vec<HeaderValue> = head.headers.get_all(field).iter().cloned().collect();
    let without = |value: &HeaderValue| value.to_str().ok().and_then(|list| fields::without(list, ours));
    if !theirs.iter().any(|value| without(value).is_some()) {
        return Ok(());
    }
    head.remove_header(field);
    for value in theirs {
        match without(&value) {
            Some(rest) if rest.is_empty() => continue,
            Some(rest) => head.append_header(field, rest)?,
            None => head.append_header(field, value)?,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_says_nothing_in_our_name() {
        for (theirs, stays) in [
            (&["\"ours\";r=9"] as &[&str], &[] as &[&str]),
            (&["\"theirs\";r=9;t=1"], &["\"theirs\";r=9;t=1"]),
            (&["\"theirs\";r=9, \"ours\";r=1", "\"more\""], &["\"theirs\";r=9", "\"more\""]),
            (&[], &[]),
        ] {
            let mut head = ResponseHeader::build(200, None).unwrap();
            for value in theirs {
                head.append_header(fields::LEFT, *value).unwrap();
            }
            take_out(&mut head, fields::LEFT, &|name: &str| name == "ours").unwrap();
            let left: Vec<_> = head.headers.get_all(fields::LEFT).iter().collect();
            assert_eq!(left, stays, "{theirs:?}");
        }
    }
}
