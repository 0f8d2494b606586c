//! A task that ends with its owner.

use tokio::task::JoinHandle;

/// A task; dropping this ends it.
#[derive(Debug)]
pub(super) struct OwnTask(JoinHandle<()>);

impl OwnTask {
    /// Begins it on the current runtime.
    pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for OwnTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
