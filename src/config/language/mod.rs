//! The language of the configuration: which settings there are, what may stand in each, and how trees become a
//! document. Files that a document names are the business of `compile`.

pub(in crate::config) mod bundle;
pub(in crate::config) mod document;
pub(in crate::config) mod feature;
pub(in crate::config) mod fields;
pub(in crate::config) mod json;
pub(in crate::config) mod known;
pub(in crate::config) mod ordered;
pub(in crate::config) mod read;
pub(in crate::config) mod reference;
pub(in crate::config) mod schema;
pub(in crate::config) mod section;
pub(in crate::config) mod settings;
pub(in crate::config) mod shape;
pub(in crate::config) mod units;
pub(in crate::config) mod value;
pub(in crate::config) mod values;
pub(in crate::config) mod web;
pub(in crate::config) mod written;
