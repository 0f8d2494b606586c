//! Routing: from host and path to one compiled agent with everything that a request needs.
//!
//! Values here are built when a configuration is compiled and never change. The addresses of an upstream do; a loop of
//! `control` resolves them.

mod a2a;
mod agent;
mod agent_limits;
mod allowed_origin;
mod assertions;
mod at_expiry;
mod card_seen;
mod compiled;
mod cors;
mod cors_rules;
mod found;
mod metadata;
mod methods;
mod protocol;
mod right;
mod right_end;
mod route;
mod router;
mod session_place;
mod text_hash;
mod upstream_challenge;
mod well_known;

pub use a2a::{A2aAgent, CARD_PATHS, CardBody, CardOrigin, CardPlan, CardState, ServedCard};
pub use agent::Agent;
pub use agent_limits::{AgentLimit, AgentLimits, Counts, LimitScope};
pub use allowed_origin::{AllowedOrigin, AllowedOrigins};
pub use assertions::Assertions;
pub use at_expiry::AtExpiry;
pub use card_seen::CardSeen;
pub use compiled::{AgentId, Authenticator, Compiled, next_id};
pub use cors::{Cors, CorsHeaders};
pub use cors_rules::{CorsPreset, CorsRules};
pub use found::Match;
pub use methods::Methods;
pub use protocol::{ErrorForm, McpAgent, Protocol};
pub use right::{denied, lost, named_by, right};
pub use right_end::{ends_now, moved, right_ends, term};
pub use route::Route;
pub use router::{RouteConflict, Router};
pub use session_place::SessionPlace;
pub use upstream_challenge::UpstreamChallenge;
pub use well_known::{EVENTS_PATH, KEY_SET_PATH};
