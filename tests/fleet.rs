//! Gateways that share one etcd, as processes on loopback with a proxy between each gateway and each member of etcd that
//! cuts, delays and swallows: whatever happens there, what runs goes on, and all run the same in the end.
//!
//! What every store promises is in `store_contract`; the console's page of it is in `e2e`.

#[cfg(test)]
#[path = "fleet/checked.rs"]
mod checked;

#[cfg(test)]
#[path = "fleet/clocks.rs"]
mod clocks;

#[cfg(test)]
#[path = "fleet/compaction.rs"]
mod compaction;

#[cfg(test)]
#[path = "fleet/denials.rs"]
mod denials;

#[cfg(test)]
#[path = "fleet/events.rs"]
mod events;

#[cfg(test)]
#[path = "fleet/forged.rs"]
mod forged;

#[cfg(test)]
#[path = "fleet/full.rs"]
mod full;

#[cfg(test)]
#[path = "fleet/limits.rs"]
mod limits;

#[cfg(test)]
#[path = "fleet/lost.rs"]
mod lost;

#[cfg(test)]
#[path = "fleet/many.rs"]
mod many;

#[cfg(test)]
#[path = "fleet/measure.rs"]
mod measure;

#[cfg(test)]
#[path = "fleet/members.rs"]
mod members;

#[cfg(test)]
#[path = "fleet/model.rs"]
mod model;

#[cfg(test)]
#[path = "fleet/moving.rs"]
mod moving;

#[cfg(test)]
#[path = "fleet/network.rs"]
mod network;

#[cfg(test)]
#[path = "fleet/page.rs"]
mod page;

#[cfg(test)]
#[path = "fleet/quorum.rs"]
mod quorum;

#[cfg(test)]
#[path = "fleet/resume.rs"]
mod resume;

#[cfg(test)]
#[path = "fleet/shared.rs"]
mod shared;

#[cfg(test)]
#[path = "fleet/stage.rs"]
mod stage;

#[cfg(test)]
#[path = "fleet/start.rs"]
mod start;

#[cfg(test)]
#[path = "fleet/strangers.rs"]
mod strangers;

#[cfg(test)]
#[path = "fleet/traffic.rs"]
mod traffic;

#[cfg(test)]
#[path = "fleet/users.rs"]
mod users;

#[cfg(test)]
#[path = "fleet/writing.rs"]
mod writing;
