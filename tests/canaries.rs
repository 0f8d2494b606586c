//! Canaries: what is secret goes in at every door, at every log level, and must come out nowhere. And the rest of what
//! answers, logs and metrics promise: one body for every refusal of a class, one line for every request, no new metric
//! series whatever strangers send, and a refusal that takes as long for one reason as for another.

#[cfg(test)]
#[path = "canaries/answers.rs"]
mod answers;

#[cfg(test)]
#[path = "canaries/configuration.rs"]
mod configuration;

#[cfg(test)]
#[path = "canaries/levels.rs"]
mod levels;

#[cfg(test)]
#[path = "canaries/lines.rs"]
mod lines;

#[cfg(test)]
#[path = "canaries/secret.rs"]
mod secret;

#[cfg(test)]
#[path = "canaries/series.rs"]
mod series;

#[cfg(test)]
#[path = "canaries/stage.rs"]
mod stage;

#[cfg(test)]
#[path = "canaries/timing.rs"]
mod timing;

#[cfg(test)]
#[path = "canaries/told.rs"]
mod told;

#[cfg(test)]
#[path = "canaries/traffic.rs"]
mod traffic;
