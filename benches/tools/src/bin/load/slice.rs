//! One slice: wake a gateway, warm it up, let it come to rest, measure, let it come to rest, freeze it.
//!
//! Processor time is read only while nothing is under way, so that it belongs to the answers that were counted, all of
//! them and no other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Outcome;
use crate::agent::{Agent, Expected};
use crate::command::{Order, Protocol};
use crate::cpu;
use crate::credentials::Credentials;
use crate::http1::Callers;
use crate::http2::Sessions;
use crate::requests::{PATIENCE, Requests};
use crate::tally::{Complaints, Tally, Times};

/// What a gateway may have to do after its last answer: a log line, a connection for its pool.
const SETTLE: Duration = Duration::from_millis(1);

/// All that outlives a slice.
pub(crate) struct Bench {
    pub(crate) agent: Agent,
    callers: HashMap<SocketAddr, Callers>,
    sessions: Sessions,
    credentials: HashMap<PathBuf, Rc<Credentials>>,
    number: u64,
}

/// What one slice says.
#[derive(Serialize)]
pub(crate) struct Report {
    completed: usize,
    good: Times,
    bad: Times,
    cpu_ns: u64,
    wall_ns: u64,
    reconnects: u64,
    /// What is wrong with answers, and with what reached the agent.
    wrong: Vec<Complaints>,
}

impl Bench {
    pub(crate) fn new(agent: Agent) -> Self {
        let (callers, credentials) = (HashMap::new(), HashMap::new());
        Self { agent, callers, sessions: Sessions::default(), credentials, number: 0 }
    }

    pub(crate) fn slice(&mut self, order: &Order) -> Outcome<Report> {
        let credentials = self.credentials(&order.tokens)?;
        self.agent.body(order.body);
        self.agent.take_witness();
        self.agent.expected = Some(Expected {
            path: order.path.clone(),
            checked: order.checked,
            subjects: credentials.subjects(order.credentials),
        });
        let requests = Requests {
            path: order.path.clone(),
            plan: order.credentials,
            credentials,
            length: order.body,
            number: self.number,
            over: true,
        };
        cpu::wake(&order.processes)?;
        let outcome = self.measure(order, requests);
        cpu::freeze(&order.processes)?;
        self.agent.expected = None;
        if outcome.is_err() {
            // Answers may still be on their way; nobody is to take them for its own.
            self.callers.remove(&order.address);
            self.sessions.close(order.address);
        }
        outcome
    }

    fn measure(&mut self, order: &Order, mut requests: Requests) -> Outcome<Report> {
        let warm = self.run(order, &mut requests, Duration::from_millis(order.warm_up_ms))?;
        let before_at_agent = self.agent.take_witness();
        let before = cpu::used(&order.processes)?;
        let start = Instant::now();
        let mut tally = self.run(order, &mut requests, Duration::from_millis(order.measure_ms))?;
        let wall = start.elapsed();
        let used = cpu::used(&order.processes)?.saturating_sub(before);
        self.number = requests.number;
        let (good, bad) = (tally.good(), tally.bad());
        let seen = self.agent.take_witness();
        let mut wrong = vec![warm.wrong, before_at_agent.wrong, tally.wrong, seen.wrong];
        if seen.requests != good.count as u64 {
            let mut complaints = Complaints::default();
            complaints
                .add(|| format!("{} requests reached the agent for {} good ones", seen.requests, good.count));
            wrong.push(complaints);
        }
        wrong.retain(|complaints| complaints.count > 0);
        Ok(Report {
            completed: good.count + bad.count,
            good,
            bad,
            cpu_ns: u64::try_from(used.as_nanos())?,
            wall_ns: u64::try_from(wall.as_nanos())?,
            reconnects: tally.reconnects + warm.reconnects,
            wrong,
        })
    }

    /// Load for so long, until everything has come to rest.
    fn run(&mut self, order: &Order, requests: &mut Requests, length: Duration) -> Outcome<Tally> {
        requests.over = false;
        let tally = match order.protocol {
            Protocol::Http1 => self.run_http1(order, requests, length)?,
            Protocol::Http2 => self.sessions.run(order, requests, length, &mut self.agent)?,
        };
        let settle = Instant::now();
        while settle.elapsed() < SETTLE {
            self.agent.turn(Duration::ZERO)?;
        }
        Ok(tally)
    }

    fn run_http1(&mut self, order: &Order, requests: &mut Requests, length: Duration) -> Outcome<Tally> {
        let mut tally = Tally::default();
        let callers = match self.callers.entry(order.address) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Callers::connect(order.address, order.concurrency)?),
        };
        let start = Instant::now();
        callers.start(requests, &mut tally)?;
        loop {
            callers.turn(requests, &mut tally)?;
            self.agent.turn(Duration::ZERO)?;
            let elapsed = start.elapsed();
            requests.over = elapsed >= length;
            if requests.over && callers.busy() == 0 {
                return Ok(tally);
            }
            if elapsed > length + PATIENCE {
                return Err(format!("{} requests got no answer", callers.busy()).into());
            }
        }
    }

    fn credentials(&mut self, path: &PathBuf) -> Outcome<Rc<Credentials>> {
        if let Some(known) = self.credentials.get(path) {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(Credentials::read(path)?);
        self.credentials.insert(path.clone(), Rc::clone(&read));
        Ok(read)
    }
}
