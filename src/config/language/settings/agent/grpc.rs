//! Agents that look like services of gRPC, as far as their settings tell: HTTP/1.1 cannot carry their calls, which are refused then
//! ("gRPC over HTTP2").

use super::super::super::fields::Fields;
use super::AgentSettings;
use crate::config::text::code::Code;
use crate::upstream::UpstreamProtocol;

/// Warns of one to which HTTP/1.1 is spoken without anybody having said so.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    let upstream = &agent.upstream;
    let may_be_h2 = upstream.protocol.may_be_h2(upstream.targets.url().scheme() == "https");
    if upstream.protocol != UpstreamProtocol::Auto || may_be_h2 {
        return;
    }
    let is_checked_by_grpc = upstream.health.as_ref().is_some_and(|health| is_service(&health.path));
    if is_service(&agent.route.path) || is_checked_by_grpc {
        let message =
            "the agent looks like a service of gRPC, and HTTP/1.1 is spoken to it: its calls are refused";
        let help = "write `protocol: h2c` in its `upstream`; or `protocol: h1`, if it is none";
        fields.report().say(Code::GrpcOverHttp1, agent.route.place, message, help);
    }
}

/// Whether a path is that of a service, perhaps with a method: `/package.Service`, names as Protocol Buffers write them.
fn is_service(path: &str) -> bool {
    let service = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    service.rsplit_once('.').is_some_and(|(package, name)| {
        package.split('.').all(is_name)
            && is_name(name)
            && name.starts_with(|first: char| first.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_path() {
        for (path, wanted) in [
            ("/helloworld.Greeter", true),
            ("/helloworld.Greeter/SayHello", true),
            ("/grpc.health.v1.Health/Check", true),
            ("/Greeter", false),
            ("/agents.internal", false),
            ("/agents/helloworld.Greeter", false),
            ("/v1.2.Things", false),
            ("/.Greeter", false),
            ("/", false),
            ("", false),
        ] {
            assert_eq!(is_service(path), wanted, "{path}");
        }
    }
}
