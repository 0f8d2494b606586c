//! The values that stand in many fields: texts, numbers, lists, words. Those of one setting stand with it.

mod list;
mod number;
mod percent;
mod place;
mod text;
mod web;
mod word;

pub(in crate::config) use list::{List, SomeList};
pub use number::Part;
pub(in crate::config) use number::{Bytes, Count, Date, Flag, Size, Time};
pub(in crate::config) use percent::Percent;
pub(in crate::config) use place::{FilePath, Network, SocketAddress};
pub(in crate::config) use text::{ExactText, Label, scalar, some_text, text};
pub(in crate::config) use web::{
    CredentialHeader, ExactHost, Prefix, RequestMethod, RouteHost, RoutePath, SettableHeader, TOKEN, bad_url,
    header_conflict,
};
pub(in crate::config) use word::{word, words};
