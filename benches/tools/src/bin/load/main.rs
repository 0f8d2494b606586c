//! The load of `make compare`: one thread that polls and never sleeps while it measures, and that is caller and agent
//! in one. It measures one gateway at a time and leaves the others frozen.
//!
//! `load AGENT_ADDRESS` takes one command a line on standard input, as JSON (`command.rs`), and answers each with a line
//! of JSON. Which gateways there are, and in which order they are measured, is the affair of `benches/compare`.

use std::io::{BufRead as _, Write as _};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

mod agent;
mod answer;
mod command;
mod cpu;
mod credentials;
mod http1;
mod http2;
mod requests;
mod slice;
mod tally;

use agent::Agent;
use command::Command;
use slice::Bench;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let address = std::env::args().nth(1).ok_or("usage: load AGENT_ADDRESS")?;
    let mut bench = Bench::new(Agent::new(address.parse()?)?);
    let commands = commands();
    loop {
        match commands.try_recv() {
            Ok(line) => {
                let reply = answer(&mut bench, &line)
                    .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
                let mut out = std::io::stdout().lock();
                writeln!(out, "{reply}")?;
                out.flush()?;
            }
            Err(TryRecvError::Disconnected) => return Ok(()),
            // Between slices the agent answers whoever asks, and may rest.
            Err(TryRecvError::Empty) => bench.agent.turn(Duration::from_millis(1))?,
        }
    }
}

fn answer(bench: &mut Bench, line: &str) -> Outcome<String> {
    match serde_json::from_str(line)? {
        Command::Slice(order) => Ok(serde_json::to_string(&bench.slice(&order)?)?),
        Command::Agent { body } => {
            bench.agent.body(body);
            Ok(serde_json::to_string(&bench.agent.take_witness())?)
        }
    }
}

/// Lines of standard input; read by a thread of their own, which sleeps until there is one.
fn commands() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
