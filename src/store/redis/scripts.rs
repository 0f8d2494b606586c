//! The scripts that Redis runs. It is given each once for a connection, and again when it has forgotten them.

use redis::aio::MultiplexedConnection;

use super::fault::RedisFault;

/// What every script begins with.
const BUCKET: &str = include_str!("bucket.lua");

/// The names by which Redis knows the scripts.
#[derive(Debug, Clone)]
pub(super) struct Scripts {
    /// A member tells what it has let in.
    pub(super) tell: String,
    /// It asks for a request.
    pub(super) take: String,
    /// It says that it is there, and reads what others have told.
    pub(super) hear: String,
}

impl Scripts {
    /// Gives Redis the scripts.
    pub(super) async fn load(requests: &mut MultiplexedConnection) -> Result<Self, RedisFault> {
        let [tell, take, hear] =
            [include_str!("tell.lua"), include_str!("take.lua"), include_str!("hear.lua")];
        Ok(Self {
            tell: load(requests, tell).await?,
            take: load(requests, take).await?,
            hear: load(requests, hear).await?,
        })
    }
}

async fn load(requests: &mut MultiplexedConnection, script: &str) -> Result<String, RedisFault> {
    let mut command = redis::cmd("SCRIPT");
    command.arg("LOAD").arg(format!("{BUCKET}\n{script}"));
    Ok(command.query_async(requests).await?)
}
