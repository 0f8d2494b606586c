//! A finding of the validator for programs, with its resource and a pointer into it.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Code, Diagnostics, Pointers, Severity, Source};
use crate::model::ResourceId;

/// The stable name of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "DiagnosticCode")]
pub enum FindingCode {
    /// Of the validator.
    Configuration(Code),
    /// Of what makes changes.
    Change(ChangeCode),
}

/// The stable name of a finding that no text by itself gives rise to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeCode {
    /// A document is broken on disk; others are not held up by it.
    BrokenDocument,
    /// A document waits for others that were changed together with it.
    HeldUp,
    /// A value that is not shown was sent back in the place of none.
    MaskedValue,
    /// A reference to the environment, which only files may hold.
    EnvironmentReference,
    /// A value that cannot be written as YAML.
    NotYaml,
}

impl From<Code> for FindingCode {
    fn from(code: Code) -> Self {
        Self::Configuration(code)
    }
}

impl From<ChangeCode> for FindingCode {
    fn from(code: ChangeCode) -> Self {
        Self::Change(code)
    }
}

/// An error, a warning or a note about a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Diagnostic")]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The stable name of the finding.
    pub code: FindingCode,
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
    /// An error in a resource that is not in a file.
    #[must_use]
    pub fn in_resource(
        id: &ResourceId,
        pointer: String,
        code: impl Into<FindingCode>,
        message: String,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code: code.into(),
            message,
            help: None,
            resource: Some(id.clone()),
            pointer: Some(pointer),
            file: PathBuf::new(),
            line: 0,
            column: 0,
        }
    }

    /// Whether it refuses the configuration.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }

    /// The findings of `diagnostics` about `sources`.
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
                severity: found.severity,
                code: found.code.into(),
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
            (Code::BadPath.into(), Some(&id), Some("/route")),
            (Code::BadHeader.into(), Some(&id), Some("/auth/oauth/header")),
            (Code::UnknownField.into(), None, None),
        ] {
            assert!(parts.contains(&wanted), "{wanted:?} in {parts:?}");
        }
    }
}
