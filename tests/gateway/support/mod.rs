//! What stands around the gateway in these tests.

pub(crate) mod command;
pub(crate) mod eventually;
pub(crate) mod gateway;
pub(crate) mod issuer;
pub(crate) mod raw;
pub(crate) mod scripted;
pub(crate) mod upstream;

pub(crate) use command::{Ran, portcullis, portcullis_with};
pub(crate) use eventually::eventually;
pub(crate) use gateway::{Gateway, Start, client};
pub(crate) use issuer::{Issuer, Key};
pub(crate) use upstream::Upstream;
