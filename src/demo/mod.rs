//! The demo: a gateway with its console, a small identity provider and agents in one process, with lines to paste.
//!
//! The gateway is the real one with a real configuration; only what stands around it is made here. Not for
//! production: the identity provider gives a token to everybody who asks.

mod configuration;
mod document;
mod echo;
mod guide;
mod issuer;
mod json_rpc;
mod live_log;
mod login;
mod planner;
mod protocols;
mod tools;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::authn::ApiKeyText;
use crate::gateway::{self, Options, StartError};
use crate::model::Digest;
use crate::store::{Commit, DirectoryStore, ResourceStore as _, Writer};

use document::MadeUp;
use guide::Guide;
use issuer::Issuer;
use live_log::LiveLog;

/// Runs the demo until Ctrl-C. `port` is where the gateway listens if nobody else does.
///
/// # Errors
/// When the gateway, or what stands around it, cannot start.
pub fn run(port: u16, out: &mut dyn Write) -> Result<(), StartError> {
    gateway::install_crypto();
    let system = |e: std::io::Error| StartError::System(e.to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("demo")
        .enable_all()
        .build()
        .map_err(system)?;
    let [issuer, echo, tools, planner] = Site::four().map_err(system)?;
    let keys = Issuer::new(issuer.address).ok_or_else(|| {
        StartError::System("no key can be made for the demo's identity provider".to_owned())
    })?;
    let (id, key) =
        ApiKeyText::generate().ok_or_else(|| StartError::System("no random numbers".to_owned()))?;
    // Removed with everything in it when the demo ends.
    let folder = tempfile::Builder::new().prefix("portcullis-demo-").tempdir().map_err(system)?;
    let guide = Guide {
        gateway: free_address(port).map_err(system)?,
        ops: free_address(9464).map_err(system)?,
        issuer: issuer.address,
        echo: echo.address,
        tools: tools.address,
        planner: planner.address,
        key_id: id,
        key_digest: Digest::of(key.expose_secret().as_bytes()),
        key,
        admin: free_address(9465).map_err(system)?,
        folder: folder.path().to_owned(),
    };
    runtime.block_on(fill(&guide))?;
    let routers = [keys.router(), echo::router(), tools::router(), planner::router(planner.address)];
    for (site, router) in [issuer, echo, tools, planner].into_iter().zip(routers) {
        site.serve(&runtime, router).map_err(system)?;
    }
    let configuration = guide.configuration();
    out.write_all(guide.text().as_bytes()).and_then(|()| out.flush()).map_err(system)?;
    let ended = gateway::run(Options {
        documents: Box::new(MadeUp::new(configuration)),
        upgrade: false,
        access_log: Box::new(LiveLog::new(std::io::stdout())),
    });
    runtime.shutdown_background();
    ended
}

/// Puts into the store what it holds at first.
async fn fill(guide: &Guide) -> Result<(), StartError> {
    let store = DirectoryStore::open(guide.store(), Writer::Now).await?;
    let (who, what) = ("demo".to_owned(), "set up the demo".to_owned());
    let commit = Commit { at: jiff::Timestamp::now(), who, what, changes: guide.resources() };
    store.commit(commit).await.map(drop).map_err(|error| StartError::System(error.to_string()))
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// The wanted port on loopback, or another one when somebody has it.
fn free_address(wanted: u16) -> std::io::Result<SocketAddr> {
    listen(wanted).or_else(|_| listen(0))?.local_addr()
}

/// A server of the demo that listens already, and does not answer yet.
struct Site {
    listener: TcpListener,
    address: SocketAddr,
}

impl Site {
    /// Four of them, on ports of their own.
    fn four() -> std::io::Result<[Self; 4]> {
        Ok([Self::open()?, Self::open()?, Self::open()?, Self::open()?])
    }

    fn open() -> std::io::Result<Self> {
        let listener = listen(0)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    fn serve(self, runtime: &tokio::runtime::Runtime, router: axum::Router) -> std::io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let _in_runtime = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(())
    }
}
