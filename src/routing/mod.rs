//! Which agent: host and path to one compiled endpoint with everything that a request needs.
//!
//! Values here are built when a configuration is compiled and never change. Where an upstream's name points to
//! is filled in by a loop of `control`.

mod agent;
mod cors;
mod host;
mod methods;
mod path;
mod places;
mod router;
mod set_headers;
mod upstream;

pub use agent::{Agent, AgentId, Authenticator, next_id};
pub use cors::{AllowedOrigin, Cors, CorsHeaders, CorsRules};
pub use host::{Host, HostError, HostRule};
pub use methods::Methods;
pub use path::{CanonicalPath, PathError};
pub use places::{Hall, Place, Places};
pub use router::{Route, RouteConflict, Router};
pub use set_headers::SetHeaders;
pub use upstream::{Endpoint, Trust, Upstream, UpstreamHost, UpstreamTls};
