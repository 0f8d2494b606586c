//! The texts of a configuration: YAML, and TOML of others, to trees in which everything knows its place, what is found wrong in them, and
//! what of them may be shown. What the values mean is the business of `language`.

pub(in crate::config) mod code;
pub(in crate::config) mod diagnostic;
pub(in crate::config) mod diagnostics;
pub(in crate::config) mod environment;
pub(in crate::config) mod findings;
pub(in crate::config) mod masked;
pub(in crate::config) mod passwords;
pub(in crate::config) mod report;
pub(in crate::config) mod shared_file;
pub(in crate::config) mod source;
pub(in crate::config) mod suggest;
pub(in crate::config) mod toml;
mod withheld;
pub(in crate::config) mod yaml;
