//! A finding of the validator for programs: with the resource and the part of it that it speaks of.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Diagnostics, Pointers, Severity, Source};
use crate::model::ResourceId;

/// An error, a warning or a note about a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Diagnostic")]
pub struct Finding {
    /// `error`, `warning` or `note`.
    #[schemars(extend("enum" = ["error", "warning", "note"]))]
    pub severity: &'static str,
    /// The stable name of the finding.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The resource, where the finding is about one that has a file of its own.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Option<String>")]
    pub resource: Option<ResourceId>,
    /// The part of the resource, as a JSON pointer (RFC 6901); empty for the whole.
    #[serde(rename = "path")]
    pub pointer: Option<String>,
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; 0 for the whole file.
    pub line: usize,
    /// The column in characters, counted from 1; 0 for the whole file.
    pub column: usize,
}

impl Finding {
    /// An error in a part of a resource that was never written to a file.
    #[must_use]
    pub fn in_resource(id: &ResourceId, pointer: String, code: &'static str, message: String) -> Self {
        Self {
            severity: "error",
            code,
            message,
            help: None,
            resource: Some(id.clone()),
            pointer: Some(pointer),
            file: PathBuf::new(),
            line: 0,
            column: 0,
        }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }

    /// The findings of `diagnostics`, which were made from `sources`.
    #[must_use]
    pub fn of(diagnostics: &Diagnostics, sources: &[Source]) -> Vec<Self> {
        let paths: HashSet<&OsStr> = diagnostics.iter().map(|found| found.path.as_os_str()).collect();
        let named = sources.iter().filter(|source| paths.contains(source.path.as_os_str()));
        let named: HashMap<&OsStr, &Source> = named.map(|source| (source.path.as_os_str(), source)).collect();
        let mut known: HashMap<&PathBuf, Option<(&ResourceId, Pointers)>> = HashMap::new();
        let findings = diagnostics.iter().map(|found| {
            let resource = known.entry(&found.path).or_insert_with(|| {
                let source = named.get(found.path.as_os_str())?;
                Some((source.entry.as_ref()?, Pointers::of(source)))
            });
            let resource = resource.as_ref();
            Self {
                severity: match found.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                    Severity::Note => "note",
                },
                code: found.code.as_str(),
                message: found.message.clone(),
                help: found.help.clone(),
                resource: resource.map(|(id, _)| (*id).clone()),
                pointer: resource.map(|(_, pointers)| pointers.at(found.line, found.column).to_owned()),
                file: found.path.clone(),
                line: found.line,
                column: found.column,
            }
        });
        findings.collect()
    }
}

/// Logs findings, each at its level.
pub fn tell(findings: &Diagnostics) {
    for finding in findings {
        match finding.severity {
            Severity::Error => tracing::error!("{finding}"),
            Severity::Warning => tracing::warn!("{finding}"),
            Severity::Note => tracing::info!("{finding}"),
        }
    }
}

fn as_text<S: serde::Serializer>(id: &Option<ResourceId>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn a_finding_names_the_resource_and_the_part_of_it() {
        let id = ResourceId::parse("agents/a").unwrap();
        let text = "upstream: http://127.0.0.1:9000\nroute: nowhere\nauth:\n  oauth:\n    identity_providers: [x]\n    header: a b\n";
        let sources =
            [Source::new("p.yaml", "version: 1\nagent: {}\n"), Source::of(id.clone(), "agents/a.yaml", text)];
        let findings = Finding::of(&parse(&sources, &|_| None).unwrap_err(), &sources);
        let parts: Vec<_> =
            findings.iter().map(|f| (f.code, f.resource.as_ref(), f.pointer.as_deref())).collect();
        for wanted in [
            ("bad-path", Some(&id), Some("/route")),
            ("bad-header", Some(&id), Some("/auth/oauth/header")),
            ("unknown-field", None, None),
        ] {
            assert!(parts.contains(&wanted), "{wanted:?} in {parts:?}");
        }
    }
}
