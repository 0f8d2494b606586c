//! Blocking work, off the threads that answer; and long work, on a thread of low priority, so that it does not delay
//! requests.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// How far the priority of such a thread is below that of the process, in steps of nice(2): on a busy processor it gets
/// about a third of the time that a worker gets. A lower priority could make a change take longer than a second.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Runs blocking work on one of the runtime's blocking threads. Work that has begun runs to its end, even when its caller has
/// stopped waiting.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and drops this future next.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Runs long work, such as reading or compiling a large configuration, on a thread of low priority, so that it does not
/// delay requests.
pub async fn at_leisure<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match blocking(|| yielding(work)).await {
        Some(done) => done,
        None => std::future::pending().await,
    }
}

/// Runs the work on a thread of low priority while this one waits. A lowered priority cannot be raised again, so a thread
/// of the runtime cannot be lowered for a while.
fn yielding<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let mut work = Some(work);
    let ended = scope(|scope| {
        let thread = Builder::new().name("reload".to_owned()).spawn_scoped(scope, || {
            // On Linux this is a matter of the thread alone. Where it is not allowed, it goes on as it is.
            #[cfg(target_os = "linux")]
            let _nicer = rustix::process::getpriority_process(None)
                .and_then(|own| rustix::process::setpriority_process(None, own + NICE));
            work.take().map(|work| work())
        });
        thread.ok().map(|thread| thread.join())
    });
    match ended {
        Some(Ok(done)) => done,
        Some(Err(panic)) => resume_unwind(panic),
        // A system that has no thread left still gets its change.
        None => work.take().map(|work| work()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_work_is_done_on_a_thread_that_yields_and_this_one_stays_as_it_is() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        let (there, thread) = at_leisure(move || (priority(), std::thread::current().id())).await;
        assert!(there > before, "{there} there, {before} here");
        let blocking = blocking(priority).await;
        assert_eq!((priority(), blocking), (before, before));
        assert_ne!(thread, std::thread::current().id());
    }
}
