//! `a2a` of an agent: what is served as its card, and what its callers may do.

use std::path::PathBuf;

use super::super::super::fields::Fields;
use super::super::super::section::{Settings, section};
use super::super::super::shape::Shape;
use super::super::super::value::{Boxed, Placed, Value};
use super::super::super::values::{FilePath, List, Size, word, words};
use super::push_host::PushHost;
use super::{A2aRules, AgentSettings, Spoken};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Kind, Node};
use crate::protocol::a2a::card::Signatures;

section! {
    /// `a2a`
    #[derive(Debug, Clone, PartialEq)]
    pub struct A2a = "`a2a`", default {
        /// the card that is served: rewrite (the agent's, with the gateway's URLs and credentials), passthrough (the agent's,
        /// as it is), or a file
        card: CardFrom as CardFrom = CardFrom::Rewrite;
        /// what becomes of the signatures of a card that is rewritten: strip them, resign (sign the card with the gateway's
        /// key, signed or not), or refuse a card that is signed
        signatures: Spanned<Signatures> as Placed<Signatures> = Spanned::new(Signatures::Strip, Place::WHOLE);
        /// who may use which operation; absent: whoever may call the agent may use all
        rules: Option<Box<A2aRules>> as Boxed<A2aRules>;
        /// the longest message that is read; longer ones get 413
        max_message: u64 as Size<1024, { 64 << 20 }> = 10 << 20;
        /// where the agent may send push notifications
        push: Push as Push = Push::default();
    }
    impl {
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            let Some(A2a { card: CardFrom::Passthrough | CardFrom::File(_), signatures, .. }) = read else { return };
            if signatures.value == Signatures::Resign {
                let message = "`resign` signs a card that is rewritten, and this one is served as it is";
                let help = "write `card: rewrite`, or leave `signatures` out";
                fields.report().say(Code::BadWord, signatures.place, message, help);
            }
        }
    }
}

section! {
    /// `a2a.push`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Push = "`push`", default {
        /// the hosts that URLs for push notifications may name; none: such URLs are refused
        allow_hosts: Vec<String> as List<PushHost> = Vec::new();
    }
    impl { const STRICT: bool = true; }
}

/// Refuses the block at an agent that speaks another protocol.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    let Some((place, _)) = fields.entry("a2a") else { return };
    let word = fields.node("protocol").map(|node| &node.kind);
    let is_other = |text: &str| matches!(text, "http" | "mcp");
    let is_other = word.is_none_or(|kind| matches!(kind, Kind::Scalar(scalar) if is_other(&scalar.text)));
    if agent.protocol != Spoken::A2a && is_other {
        let message = "`a2a` at an agent that does not speak A2A";
        let help = "write `protocol: a2a` beside it, or remove the block";
        fields.report().say(Code::ProtocolBlock, place, message, help);
    }
}

/// `a2a.card`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardFrom {
    /// The agent's card, rewritten.
    Rewrite,
    /// The agent's card, as it is.
    Passthrough,
    /// A file, served byte for byte.
    File(Spanned<PathBuf>),
}

section! {
    /// `a2a.card` written as a mapping
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct CardFile = "`card`" {
        /// the file with the card (JSON), served byte for byte
        file: Spanned<PathBuf> as Placed<FilePath>, required;
    }
}

const WORDS: [&str; 2] = ["rewrite", "passthrough"];

impl Value for CardFrom {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(&WORDS), Shape::Section(CardFile::SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        if node.is_map() {
            return CardFile::read(report, node).map(|card| Self::File(card.file));
        }
        let [rewrite, _] = WORDS;
        word(report, node, &WORDS).map(|word| if word == rewrite { Self::Rewrite } else { Self::Passthrough })
    }

    fn shown(read: &Self) -> Option<String> {
        match read {
            Self::Rewrite => Some("rewrite".to_owned()),
            Self::Passthrough => Some("passthrough".to_owned()),
            Self::File(_) => None,
        }
    }
}

words!(Signatures { Strip = "strip", Resign = "resign", Refuse = "refuse" });
