//! Processor time of processes, and how to stop and wake them.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;

/// What these processes have used so far, user and system. Exact while they rest, a timer tick late while they run.
pub(crate) fn used(processes: &[i32]) -> Outcome<Duration> {
    let mut nanoseconds = 0;
    for process in processes {
        for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
            let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_cpu = text.split_whitespace().next().ok_or("schedstat is empty")?;
            nanoseconds += on_cpu.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Lets them run.
pub(crate) fn wake(processes: &[i32]) -> Outcome<()> {
    signal(processes, Signal::CONT)
}

/// Freezes them where they are; what is sent to them waits in the kernel.
pub(crate) fn freeze(processes: &[i32]) -> Outcome<()> {
    signal(processes, Signal::STOP)
}

fn signal(processes: &[i32], signal: Signal) -> Outcome<()> {
    for process in processes {
        kill_process(Pid::from_raw(*process).ok_or("no such process")?, signal)?;
    }
    Ok(())
}
