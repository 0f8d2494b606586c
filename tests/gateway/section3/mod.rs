//! Section 3 of the contract, "what a caller gets": a row for each of its rows and of its fine print.
//!
//! A row says what is sent and what must come of it; the tables share a world, and each is run as a whole, so that
//! one run names every row that fails.

mod row;
mod world;

pub(crate) mod api_keys;
mod claims;
mod cors;
mod faults;
mod identity;
mod keys;
mod oauth;
mod order;
mod shadow;
mod shape;
mod time;

use std::collections::BTreeSet;

use portcullis::model::Reason;

use crate::{a2a_rules, denials, introspection, limits, mcp_audience, mcp_rules, proof, sessions};

use world::World;

#[tokio::test]
async fn the_rows_together_cover_every_reason() {
    let world = World::new().await;
    let tables = [
        oauth::rows(&world),
        shape::rows(&world),
        time::rows(&world),
        claims::rows(&world),
        identity::rows(&world),
        order::rows(&world),
        api_keys::rows(&world),
    ];
    let covered: BTreeSet<&str> = tables.iter().flatten().map(|row| row.reason).collect();
    // Rows here send no messages and come from no page; suites of their own give these reasons, and see that they do.
    let suites = [mcp_audience::REASON, sessions::REASON, a2a_rules::REASON, denials::REASON];
    let elsewhere = mcp_rules::REASONS.into_iter().chain(suites).chain(limits::REASONS).chain(proof::REASONS);
    let elsewhere = elsewhere.chain(introspection::REASONS);
    let covered: BTreeSet<&str> = covered.into_iter().chain(elsewhere).collect();
    let every: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(covered, every);
}
