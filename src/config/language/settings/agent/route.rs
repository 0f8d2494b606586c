//! `route` of an agent: its path, its hosts and its methods.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use http::Method;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::{Field, Section, Shape};
use super::super::super::value::{Placed, Value};
use super::super::super::values::{Flag, RequestMethod, RouteHost, RoutePath, SomeList};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;
use crate::model::HostRule;

section! {
    /// `route`
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub struct Route = "`route`" {
        /// a path prefix, matched on whole segments
        path: String as RoutePath, required;
        /// only for these hosts; empty is every host
        hosts: Box<[HostRule]> as Hosts, inline;
        /// request methods, HEAD with GET; others get 405; default every method
        methods: Box<[Method]> as Distinct<RequestMethod> = Box::default();
        /// take the prefix off before the request goes on
        strip_path: bool as Flag = false;
    }
    // What restricts the route and could not be read must not leave it open.
    impl {
        const STRICT: bool = true;
        const SHORT: Option<&'static str> = Some("path");
    }
}

/// The hosts of a route, which are written in one field or another.
enum Hosts {}

const HOSTS: Section = Section {
    name: "`route`",
    one_of: false,
    declared: &[
        Field::may(
            "host",
            RouteHost::SHAPE,
            "only requests for this host, or for one label below it: *.example.com; default every host",
        ),
        Field::may("hosts", SomeList::<RouteHost>::SHAPE, "several such hosts"),
    ],
};

impl Value for Hosts {
    type Read = Box<[HostRule]>;
    const SHAPE: Shape = Shape::Section(&HOSTS);

    fn read(_report: &Report<'_>, _node: &Node) -> Option<Self::Read> {
        None
    }

    fn read_inline(fields: &Fields<'_>) -> Option<Self::Read> {
        let host = fields.optional::<Placed<RouteHost>>("host");
        let hosts = fields.optional::<SomeList<Placed<RouteHost>>>("hosts").unwrap_or_default();
        Some(distinct(fields.report(), host.into_iter().chain(hosts).collect()))
    }
}

/// A list with something in it, and nothing twice.
struct Distinct<V>(V);

impl<V: Value<Read: Eq + Hash + Display>> Value for Distinct<V> {
    type Read = Box<[V::Read]>;
    const SHAPE: Shape = SomeList::<V>::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        SomeList::<Placed<V>>::read(report, node).map(|list| distinct(report, list))
    }
}

fn distinct<T: Eq + Hash + Display>(report: &Report<'_>, list: Vec<Spanned<T>>) -> Box<[T]> {
    let mut seen: HashMap<&T, Place> = HashMap::new();
    for item in &list {
        if let Some(first) = seen.insert(&item.value, item.place) {
            let message = format!("{} is listed twice", item.shown());
            report.clash(Code::DuplicateValue, item.place, first, message, "remove one of them");
        }
    }
    list.into_iter().map(|item| item.value).collect()
}
