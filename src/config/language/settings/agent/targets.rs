//! `url` or `targets` of an upstream: where an agent runs, in one place or in several.

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::{Field, Section, Shape};
use super::super::super::value::{Placed, Value};
use super::super::super::values::{Count, Label, SomeList};
use super::agent_url::AgentUrl;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;
use crate::upstream;

section! {
    /// One of `upstream.targets`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Target = "a target" {
        /// http:// or https://, a host, and perhaps a port and a path; or srv+http:// or srv+https:// and the name of a service,
        /// whose SRV records say hosts and ports; or unix:/run/agent.sock
        url: Spanned<AgentUrl> as Placed<AgentUrl>, required;
        /// its part of the load beside the others; 0 takes no new requests, and those that run go on
        weight: usize as Count<0, 100> = 1;
        /// where it is, for people
        zone: Option<String> as Label;
    }
    impl {
        const STRICT: bool = true;
        const SHORT: Option<&'static str> = Some("url");
    }
}

/// The targets as they are written, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    first: Target,
    others: Vec<Target>,
    /// Whether they stand under `targets`.
    is_list: bool,
}

const URL: Field = Field::may(
    "url",
    AgentUrl::SHAPE,
    "http:// or https://, a host, and perhaps a port and a path to put before that of the request; or \
     srv+http:// or srv+https:// and the name of a service, whose SRV records say hosts and ports; or \
     unix:/run/agent.sock, and perhaps :/base; this or `targets`",
);
const TARGETS: Section = Section {
    name: "`upstream`",
    one_of: false,
    declared: &[
        URL,
        Field::may(
            "targets",
            SomeList::<Target>::SHAPE,
            "the places where the agent runs, at most 64, over which requests are spread; all have the same scheme and path",
        ),
    ],
};

impl Targets {
    /// The URL of the first.
    #[must_use]
    pub const fn url(&self) -> &Spanned<AgentUrl> {
        &self.first.url
    }

    /// All of them, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether they stand under `targets`, and not one alone as the `url`.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        self.is_list
    }

    /// Refuses what the gateway could not spread requests over: other schemes or paths, one place twice, and no weight at all.
    fn check(&self, report: &Report<'_>) {
        for (i, target) in self.iter().enumerate().skip(1) {
            let (url, first) = (&target.url, &self.first.url);
            let is_same = url.scheme() == first.scheme() && url.path() == first.path();
            if !is_same || url.socket.is_some() != first.socket.is_some() {
                let message = format!("{} has not the scheme and the path of the first target", url.shown());
                let help = "give all targets of an agent the same scheme and the same path";
                report.clash(Code::BadUrl, url.place, first.place, message, help);
            } else if let Some(other) = self.iter().take(i).find(|other| other.url.value == target.url.value)
            {
                let message = format!("{} is listed twice", url.shown());
                report.clash(Code::DuplicateValue, url.place, other.url.place, message, "remove one of them");
            }
        }
        if let Some(target) = self.others.get(upstream::Targets::MOST - 1) {
            let message = format!("an agent has at most {} targets", upstream::Targets::MOST);
            report.say(Code::OutOfRange, target.url.place, message, "remove some of them");
        }
        if self.iter().all(|target| target.weight == 0) {
            let message = "all targets have the weight 0, so that no request goes anywhere";
            let help = "give at least one target a weight";
            report.say(Code::OutOfRange, self.first.url.place, message, help);
        }
    }
}

impl Value for Targets {
    type Read = Self;
    const SHAPE: Shape = Shape::Section(&TARGETS);

    fn read(_report: &Report<'_>, _node: &Node) -> Option<Self> {
        None
    }

    fn read_inline(fields: &Fields<'_>) -> Option<Self> {
        let report = fields.report();
        match (fields.entry("url"), fields.entry("targets")) {
            (Some((first, _)), Some((place, _))) => {
                let help = "write all of them under `targets`";
                report.clash(
                    Code::WrongType,
                    place,
                    first,
                    "an upstream has `url` or `targets`, not both",
                    help,
                );
                None
            }
            (None, None) => {
                fields.say_missing(&URL);
                None
            }
            (Some(_), None) => {
                let url = fields.optional::<Placed<AgentUrl>>("url")?;
                let first = Target { url, weight: 1, zone: None };
                Some(Self { first, others: Vec::new(), is_list: false })
            }
            (None, Some(_)) => {
                let mut all = fields.optional::<SomeList<Target>>("targets")?.into_iter();
                let targets = Self { first: all.next()?, others: all.collect(), is_list: true };
                targets.check(report);
                Some(targets)
            }
        }
    }
}
