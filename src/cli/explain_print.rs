//! What `portcullis explain` prints for people.

use std::io::Write;

use crate::gate::{Explanation, ShownCertificate, StreamEnd};

use super::explain_message::{print_response, print_rules};

/// Prints an explanation.
pub(super) fn print(report: &Explanation, out: &mut dyn Write) -> std::io::Result<()> {
    for line in &report.checks {
        let check = serde_json::to_value(line.check).ok();
        let name = check.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        writeln!(out, "{} {name}", if line.ok { "ok  " } else { "FAIL" })?;
        if let Some(seen) = &line.seen {
            writeln!(out, "       seen    {}", shown(seen))?;
        }
        writeln!(out, "       wanted  {}", shown(&line.wanted))?;
        if let Some(fix) = &line.fix {
            writeln!(out, "       fix     {fix}")?;
        }
    }
    if let Some(ruled) = &report.operation {
        print_rules(ruled, out)?;
    }
    if let Some(certificate) = &report.certificate {
        print_certificate(certificate, out)?;
    }
    if let Some(stream) = &report.stream {
        print_stream(stream, out)?;
    }
    let provider = report.provider.as_deref().map(|p| format!(", provider {p}")).unwrap_or_default();
    writeln!(out)?;
    writeln!(
        out,
        "{}: {} (status {}, agent {}{provider})",
        report.decision, report.reason, report.status, report.agent
    )?;
    print_response(report, out)
}

fn print_certificate(certificate: &ShownCertificate, out: &mut dyn Write) -> std::io::Result<()> {
    let ShownCertificate { sha256, thumbprint, ways } = certificate;
    writeln!(out, "\nclient certificate\n       SHA-256   {sha256}\n       x5t#S256  {thumbprint}")?;
    for way in ways {
        let word = if way.accepted { "accepted" } else { "refused" };
        writeln!(out, "       {word} by {}: {}", way.setting, way.why)?;
    }
    Ok(())
}

fn print_stream(stream: &StreamEnd, out: &mut dyn Write) -> std::io::Result<()> {
    let condition = if stream.asked_for { "" } else { ", if the response is one" };
    writeln!(out, "\nstream ({}{condition})\n       {}", stream.kind, stream.says)
}

/// A token can hold anything; a terminal must not be told to do things by it.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
