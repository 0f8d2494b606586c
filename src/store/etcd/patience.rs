//! How long somebody waits for etcd who wants to write or to read the history. A client has its answer within five seconds,
//! also where several wait one after the other.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::fault::Fault;

/// How long a question may take: longer than one member of etcd may take before the next one is asked, and short enough for
/// a commit after it.
const ASKED: Duration = Duration::from_millis(2300);
/// How long a question that got no answer speaks for others, which waited for it meanwhile.
const TOLD_AGAIN: Duration = Duration::from_millis(500);

/// The patience of those who wait.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Why the last question got no answer, and when.
    fault: Mutex<Option<(Instant, Fault)>>,
}

impl Patience {
    /// The answer to a question, if it comes in time.
    pub(super) async fn wait<T>(&self, question: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        if let Some(fault) = self.recent() {
            return Err(fault);
        }
        let answer = timeout(ASKED, question).await.unwrap_or(Err(Fault::TimedOut(ASKED)));
        let fault = answer.as_ref().err().filter(|fault| fault.is_of_the_connection()).cloned();
        *self.lock() = fault.map(|fault| (Instant::now(), fault));
        answer
    }

    fn recent(&self) -> Option<Fault> {
        let recent = self.lock().clone().filter(|(at, _)| at.elapsed() < TOLD_AGAIN);
        recent.map(|(_, fault)| fault)
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, Fault)>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_for_the_same_silence_wait_once() {
        let patience = Patience::default();
        let began = Instant::now();
        for _ in 0..5 {
            let answer = patience.wait(std::future::pending::<Result<(), Fault>>()).await;
            assert_eq!(answer, Err(Fault::TimedOut(ASKED)));
        }
        assert_eq!(began.elapsed(), ASKED);
        tokio::time::advance(TOLD_AGAIN).await;
        assert_eq!(patience.wait(async { Ok(1) }).await, Ok(1), "then it is asked again");
        let denied = patience.wait(async { Err::<(), _>(Fault::Denied("no".to_owned())) }).await;
        assert!(denied.is_err());
        assert_eq!(patience.wait(async { Ok(2) }).await, Ok(2), "an answer is no silence");
    }
}
