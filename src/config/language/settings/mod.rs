//! The settings: each is declared once, where it is read and where the type stands that it is read to.

pub(in crate::config) mod agent;
pub(in crate::config) mod api_key;
pub(in crate::config) mod limit;
pub(in crate::config) mod provider;
pub(in crate::config) mod resource;
pub(in crate::config) mod root;
pub(in crate::config) mod scope;
pub(in crate::config) mod server;
pub(in crate::config) mod store;
