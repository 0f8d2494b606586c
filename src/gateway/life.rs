//! From the opening of the listeners to the end: signals, the drain, and the hand-over to a new process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::server::{ExecutionPhase, RunArgs, Server, ShutdownSignal, ShutdownSignalWatch};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, broadcast, mpsc};

use crate::config;
use crate::control::Control;
use crate::door::Drain;
use crate::model::Shard;

use super::notify::{News, Notifier};
use super::start_error::StartError;
use super::successor;

/// Connections that were accepted when draining began get this long to show up as in flight.
const SETTLE: Duration = Duration::from_millis(100);

/// How long before the end of the drain time the clients of streams are told that they end.
const PARTING: Duration = Duration::from_secs(1);

pub(super) type Stop = mpsc::UnboundedSender<ShutdownSignal>;

/// Adds the shards to a server.
pub(super) type Listen = Box<dyn FnOnce(&mut Server) -> std::io::Result<()> + Send>;

pub(super) struct PreparedServer {
    pub(super) server: Server,
    /// Where another process hands the listeners over, it waits for them.
    pub(super) listen: Listen,
    /// The shards that died.
    pub(super) deaths: mpsc::UnboundedReceiver<Shard>,
    pub(super) stopped: tokio::sync::Mutex<mpsc::UnboundedReceiver<ShutdownSignal>>,
}

/// Tells Pingora to stop when we have decided so.
struct Told(tokio::sync::Mutex<mpsc::UnboundedReceiver<ShutdownSignal>>);

#[async_trait]
impl ShutdownSignalWatch for Told {
    async fn recv(&self) -> ShutdownSignal {
        self.0.lock().await.recv().await.unwrap_or(ShutdownSignal::FastShutdown)
    }
}

/// Signals that are kept from now on, until somebody looks at them.
pub(super) struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
    quit: Signal,
}

/// Those that ask for something else than the end. They must never end a process that starts.
pub(super) struct Requests {
    hup: Signal,
    quit: Signal,
}

impl Requests {
    /// Keeps SIGHUP, SIGQUIT and SIGUSR1; the first thing that a process does.
    pub(super) fn new(runtime: &Runtime) -> std::io::Result<Self> {
        let _in_runtime = runtime.enter();
        // It ends no process from now on, whether or not there is a file to be opened again: see `records`.
        let _kept = signal(SignalKind::user_defined1())?;
        Ok(Self { hup: signal(SignalKind::hangup())?, quit: signal(SignalKind::quit())? })
    }

    /// Keeps SIGTERM and SIGINT as well; before anybody can see that the process is there. Until then they end it, as
    /// they end any program, and a start that hangs.
    pub(super) fn and_ends(self, runtime: &Runtime) -> std::io::Result<Signals> {
        let _in_runtime = runtime.enter();
        let Self { hup, quit } = self;
        Ok(Signals {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup,
            quit,
        })
    }
}

/// What a process keeps of the signals that it gets.
pub(super) enum Heard {
    /// SIGHUP and SIGQUIT.
    Requests(Requests),
    /// All.
    All(Signals),
}

impl Heard {
    /// Keeps all from now on.
    pub(super) fn and_ends(self, runtime: &Runtime) -> std::io::Result<Signals> {
        match self {
            Self::Requests(requests) => requests.and_ends(runtime),
            Self::All(signals) => Ok(signals),
        }
    }
}

/// What a signal asks of a process in which nothing is live yet.
pub(super) enum Early {
    /// To try again at once.
    Again,
    /// To end.
    End,
}

/// From the opening of the listeners to the end.
pub(super) struct Life {
    pub(super) server: PreparedServer,
    pub(super) stop: Stop,
    pub(super) signals: Signals,
    pub(super) reload: Arc<Notify>,
    pub(super) drain: Drain,
    pub(super) settings: Arc<config::Server>,
    pub(super) notifier: Notifier,
    pub(super) control: Control,
}

/// What ends the waiting.
enum End {
    /// Now: what is in flight is cut.
    AtOnce,
    /// After the drain.
    Drained,
    /// After the drain, and the listeners go to a new process.
    HandedOver,
}

impl Life {
    pub(super) async fn live(self) -> Result<(), StartError> {
        let Self { server, stop, mut signals, reload, drain, settings, notifier, control } = self;
        let fleet = control.fleet();
        let socket = successor::socket(&settings);
        let mut phases = server.server.watch_execution_phase();
        let has_ended = run_server(server)?;
        match signals.end(&reload, &socket, has_ended).await? {
            End::AtOnce => {
                tracing::info!("stopping at once");
                notifier.tell(News::Stopping);
                fleet.leave().await;
                return Ok(());
            }
            End::HandedOver => {
                drain.hand_over();
                drain.announce();
                fleet.leave().await;
                tracing::info!("handing the listeners to the new process");
                let successor = successor::signed(&socket);
                let _told = stop.send(ShutdownSignal::GracefulUpgrade);
                let has_them = || successor.iter().for_each(|pid| notifier.tell(News::MainPid(*pid)));
                wait_for_handover(&mut phases, has_them).await;
            }
            End::Drained => {
                drain.announce();
                fleet.drains();
                notifier.tell(News::Stopping);
                tracing::info!(delay = ?settings.shutdown.delay, drain = ?settings.shutdown.drain, "draining");
                tokio::select! {
                    () = tokio::time::sleep(settings.shutdown.delay) => {}
                    _ = signals.int.recv() => {
                        fleet.leave().await;
                        return Ok(());
                    }
                }
                let _told = stop.send(ShutdownSignal::GracefulTerminate);
            }
        }
        drain.start();
        let quiet = async {
            tokio::time::sleep(SETTLE).await;
            drain.idle().await;
        };
        let time = settings.shutdown.drain;
        let limit = async {
            tokio::time::sleep(time.saturating_sub(PARTING)).await;
            control.end_streams_of_drain();
            tokio::time::sleep(time.min(PARTING)).await;
        };
        tokio::select! {
            () = quiet => tracing::info!("nothing is in flight any more"),
            () = limit => {
                tracing::warn!(connections = drain.in_flight(), "the drain time is over; connections are cut");
            }
            _ = signals.int.recv() => tracing::info!("stopping at once"),
        }
        fleet.leave().await;
        Ok(())
    }
}

impl Signals {
    /// Waits for a signal that a process follows before anything is live. Cancel-safe.
    pub(super) async fn before_live(&mut self) -> Early {
        loop {
            tokio::select! {
                _ = self.hup.recv() => return Early::Again,
                _ = self.int.recv() => return Early::End,
                _ = self.term.recv() => return Early::End,
                _ = self.quit.recv() => {
                    tracing::error!("SIGQUIT, but nothing is live yet, so there is nothing to hand over");
                }
            }
        }
    }

    /// Waits for the end, and passes on what asks for a reload.
    async fn end(
        &mut self,
        reload: &Notify,
        socket: &Path,
        (mut has_ended, mut deaths): (mpsc::Receiver<()>, mpsc::UnboundedReceiver<Shard>),
    ) -> Result<End, StartError> {
        loop {
            tokio::select! {
                _ = self.hup.recv() => reload.notify_one(),
                _ = self.int.recv() => return Ok(End::AtOnce),
                _ = self.term.recv() => return Ok(End::Drained),
                _ = self.quit.recv() => {
                    if successor::waits_at(socket) {
                        return Ok(End::HandedOver);
                    }
                    tracing::error!(socket = %socket.display(), "SIGQUIT, but no new process waits for the listeners: start one with `portcullis run --upgrade` first");
                }
                _ = has_ended.recv() => return Err(StartError::System("the listeners ended".to_owned())),
                // What it had is lost, and the others would have to know; a new process has all.
                Some(shard) = deaths.recv() => {
                    return Err(StartError::Shard(shard.number()));
                }
            }
        }
    }
}

/// Runs the server on a thread of its own; the channel closes when it has ended.
fn run_server(
    prepared: PreparedServer,
) -> Result<(mpsc::Receiver<()>, mpsc::UnboundedReceiver<Shard>), StartError> {
    let (ended, has_ended) = mpsc::channel::<()>(1);
    let PreparedServer { mut server, listen, stopped, deaths } = prepared;
    let run = move || {
        server.bootstrap();
        match listen(&mut server) {
            Ok(()) => server.run(RunArgs { shutdown_signal: Box::new(Told(stopped)) }),
            Err(error) => tracing::error!(%error, "the listeners were not handed over"),
        }
        drop(ended);
    };
    std::thread::Builder::new().name("pingora".to_owned()).spawn(run).map_err(StartError::system)?;
    Ok((has_ended, deaths))
}

/// Waits until this process is to end; says when the listeners have been sent.
async fn wait_for_handover(phases: &mut broadcast::Receiver<ExecutionPhase>, sent: impl Fn()) {
    loop {
        match phases.recv().await {
            Ok(ExecutionPhase::GracefulUpgradeCloseTimeout) => sent(),
            Ok(ExecutionPhase::ShutdownStarted | ExecutionPhase::Terminated) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
