//! Work that may take a while and that no request waits for: on a thread of its own that yields to those that serve.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};
use std::time::Duration;

/// After so long the allocator is willing to give back what was freed.
const SETTLED: Duration = Duration::from_millis(1500);

/// How much such a thread yields, in steps of nice(2): where there is less than one processor for it, it gets about a
/// third of what a worker gets. With less, a change could take longer than a second.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Does the work and waits for it; the calling thread does nothing meanwhile.
pub(super) fn at_leisure<T: Send>(work: impl Fn() -> T + Sync) -> T {
    let done = scope(|scope| {
        let thread = Builder::new().name("reload".to_owned()).spawn_scoped(scope, || {
            // On Linux this is a matter of the thread alone. Where it is not allowed, it goes on as it is.
            #[cfg(target_os = "linux")]
            let _nicer = rustix::process::setpriority_process(None, NICE);
            work()
        });
        let ended = thread.ok().map(|thread| thread.join());
        ended.map(|ended| ended.unwrap_or_else(|panic| resume_unwind(panic)))
    });
    // A system that has no thread left still gets its change.
    done.unwrap_or_else(work)
}

/// Gives memory back to the system that a change took and needs no more. The allocator does so by and by, and when a
/// thread ends; without requests nothing else would make it.
pub(super) fn tidy_up_later() {
    drop(tokio::spawn(async {
        tokio::time::sleep(SETTLED).await;
        at_leisure(|| ());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_on_a_thread_that_yields_and_this_one_stays_as_it_is() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        let (there, thread) = at_leisure(|| (priority(), std::thread::current().id()));
        assert!(there > before, "{there} there, {before} here");
        assert_eq!(priority(), before);
        assert_ne!(thread, std::thread::current().id());
    }
}
