//! Section 3 of the contract, "what a caller gets": a row for each of its rows and of its fine print.
//!
//! A row says what is sent and what must come of it; the tables share a world, and each is run as a whole, so that
//! one run names every row that fails.

mod row;
mod world;

mod api_keys;
mod claims;
mod cors;
mod faults;
mod keys;
mod oauth;
mod order;
mod shadow;
mod shape;
mod time;

use std::collections::BTreeSet;

use portcullis::model::Reason;

use world::World;

/// The reasons that need a message; rows here send none.
const OF_MESSAGES: [&str; 4] = ["operation_denied", "mcp_header_mismatch", "mcp_batch", "mcp_body"];

/// The reason for pages of other origins, which agents that speak MCP refuse alone (`mcp_audience`).
const OF_PAGES: &str = "origin_denied";

#[tokio::test]
async fn the_rows_together_cover_every_reason() {
    let world = World::new().await;
    let tables = [
        oauth::rows(&world),
        shape::rows(&world),
        time::rows(&world),
        claims::rows(&world),
        order::rows(&world),
        api_keys::rows(&world),
    ];
    let covered: BTreeSet<&str> = tables.iter().flatten().map(|row| row.reason).collect();
    let every: BTreeSet<&str> = Reason::ALL
        .iter()
        .map(|reason| reason.as_str())
        .filter(|reason| !OF_MESSAGES.contains(reason) && *reason != OF_PAGES)
        .collect();
    assert_eq!(covered, every);
}
