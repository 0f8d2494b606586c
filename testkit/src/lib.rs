//! What stands around the gateway in a test: an identity provider, a signer, agents, callers, and the gateway itself as
//! a process.
//!
//! It knows nothing of the gateway's library. Whatever fails here fails the test, by a panic that says what was expected.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test kit fails the test, and a panic is how a test fails"
)]

pub mod api;
pub mod binary;
pub mod certificate;
pub mod client;
pub mod command;
pub mod cut;
pub mod dns;
pub mod etcd;
pub mod eventually;
pub mod fleet;
pub mod gateway;
pub mod grpc;
pub mod h2c;
pub mod issuer;
pub mod ports;
pub mod prover;
pub mod raw;
pub mod redis;
pub mod scripted;
pub mod sentinel;
pub mod signer;
pub mod since;
pub mod sockets;
pub mod token;
pub mod upstream;

pub use self::redis::Redis;
pub use binary::binary;
pub use certificate::Certificate;
pub use client::client;
pub use command::{Ran, portcullis, portcullis_with};
pub use cut::Cut;
pub use etcd::{Etcd, EtcdStart};
pub use eventually::eventually;
pub use fleet::{Fleet, FleetStart};
pub use gateway::{Gateway, Start, shards};
pub use issuer::{Issuer, now};
pub use ports::free_port;
pub use prover::Prover;
pub use sentinel::Sentinel;
pub use signer::Key;
pub use since::Since;
pub use upstream::Upstream;
