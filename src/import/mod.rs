//! Configuration of other gateways into ours: which of it is kept, which changes, and which cannot be had, line by line.
//! Pure: files are read by who calls, nothing is fetched, and nothing of a source is run.
//!
//! A room of its own, with a file or folder for each product; what our settings mean is the business of `config`.

mod agentgateway;
mod cors;
mod documents;
mod draft;
mod envoy;
mod item;
mod keys;
mod kong;
mod ledger;
mod limit;
mod names;
mod neighbour;
mod part;
mod place;
mod reference;
mod spec;
mod traefik;
mod wso2;

use crate::config::{Diagnostics, Node, Source, document_to_yaml};

use draft::Draft;
use item::Item;
use ledger::Ledger;

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// A static bootstrap of Envoy.
    Envoy,
    /// Declarative configuration of Kong.
    Kong,
    /// Configuration of agentgateway.
    Agentgateway,
    /// APIs of the WSO2 API Platform gateway.
    Wso2,
    /// A dynamic file of Traefik.
    Traefik,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wso2, Self::Envoy, Self::Agentgateway, Self::Kong, Self::Traefik];

    /// What it is called on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Envoy => "envoy",
            Self::Kong => "kong",
            Self::Agentgateway => "agentgateway",
            Self::Wso2 => "wso2",
            Self::Traefik => "traefik",
        }
    }

    /// The product of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.word() == text)
    }

    /// What a file of it holds, for one that holds nothing of it.
    const fn expected(self) -> &'static str {
        match self {
            Self::Envoy => "`static_resources` with listeners and clusters",
            Self::Kong => "`services` with `routes`, as `_format_version` 3.0 has them",
            Self::Agentgateway => "`binds` with listeners and routes, or `mcp` with targets",
            Self::Wso2 => "`kind: RestApi` or `kind: Mcp` with a `spec`",
            Self::Traefik => "`http` with `routers` and `services`",
        }
    }

    /// Whether `$NAME` and `${NAME}` in its files mean the environment.
    const fn has_references(self) -> bool {
        match self {
            Self::Envoy | Self::Kong | Self::Wso2 | Self::Traefik => false,
            Self::Agentgateway => true,
        }
    }

    fn read(self, documents: &[Item<'_>], draft: &mut Draft) {
        match self {
            Self::Envoy => envoy::read(documents, draft),
            Self::Kong => kong::read(documents, draft),
            Self::Agentgateway => agentgateway::read(documents, draft),
            Self::Wso2 => wso2::read(documents, draft),
            Self::Traefik => traefik::read(documents, draft),
        }
    }
}

/// What became of a line of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file, as it was named.
    pub file: String,
    /// The number of the line, from 1.
    pub number: usize,
    /// `kept`, `changed: WHY` or `cannot: WHY`; WHY begins with `weak: ` for what weakens.
    pub verdict: String,
}

/// What came of an import.
#[derive(Debug)]
pub struct Imported {
    /// The document, as YAML.
    pub yaml: String,
    /// What became of each line that says something, in order.
    pub lines: Vec<Line>,
    /// Whether something weakens, or a source is itself weak.
    pub is_weak: bool,
}

/// Why nothing came of an import.
#[derive(Debug)]
pub enum Unreadable {
    /// What keeps a file from being read.
    Broken(Diagnostics),
    /// The files hold nothing that could be imported.
    Nothing {
        /// What became of each line, where the files hold something of the product at all.
        lines: Vec<Line>,
        /// For a person: what was expected.
        message: String,
    },
    /// For a person: what came of it cannot be written.
    Unwritable(String),
}

/// Imports the files of a product, which may name things of one another.
///
/// # Errors
/// What keeps the files from being read, of all files at once.
pub fn import(product: Product, sources: &[Source]) -> Result<Imported, Unreadable> {
    let documents = documents::read(sources).map_err(Unreadable::Broken)?;
    let ledger = Ledger::default();
    let mut draft = Draft::new(product.has_references());
    let roots: Vec<Item<'_>> = documents.iter().map(|(_, node)| Item::new(node, &ledger)).collect();
    product.read(&roots, &mut draft);
    let told = |(file, node): &(String, Node)| -> Vec<Line> {
        let lines = ledger.lines(node).into_iter();
        lines.map(|(number, verdict)| Line { file: file.clone(), number, verdict }).collect()
    };
    let lines: Vec<Line> =
        if ledger.is_empty() { Vec::new() } else { documents.iter().flat_map(told).collect() };
    if draft.is_empty() {
        let named: Vec<String> = sources.iter().map(|source| source.path.display().to_string()).collect();
        let (named, word, expected) = (named.join(", "), product.word(), product.expected());
        let message = format!("{named}:1:1: nothing to import for {word}: expected {expected}");
        return Err(Unreadable::Nothing { lines, message });
    }
    let too_large =
        |why| Unreadable::Unwritable(format!("{why}, or it is too large: import fewer files at a time"));
    let yaml = document_to_yaml(&draft.finish()).map_err(too_large)?;
    Ok(Imported { yaml, lines, is_weak: ledger.is_weak() })
}
