//! Work that is done once for all who wait for it, and that nobody who leaves takes along.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// At most one piece of work at a time. It runs in a task of its own: a caller who hangs up must not take the others'
/// answer along.
pub(super) struct SharedTask<T> {
    latest: Mutex<Option<watch::Receiver<Option<T>>>>,
}

impl<T: Clone + Send + Sync + 'static> SharedTask<T> {
    pub(super) fn new() -> Self {
        Self { latest: Mutex::new(None) }
    }

    /// The outcome of the work that is under way, else that of `work`. Nothing when the work died without one.
    pub(super) async fn join<F>(&self, work: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut outcome = self.take_off(work);
        // an error means that the task died
        outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }

    fn take_off<F>(&self, work: impl FnOnce() -> F) -> watch::Receiver<Option<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = latest.as_ref().filter(|flight| is_running(flight)) {
            return running.clone();
        }
        let (sender, receiver) = watch::channel(None);
        let work = work();
        tokio::spawn(async move { sender.send_replace(Some(work.await)) });
        *latest = Some(receiver.clone());
        receiver
    }
}

fn is_running<T>(flight: &watch::Receiver<Option<T>>) -> bool {
    // a task that died has closed its channel
    flight.borrow().is_none() && flight.has_changed().is_ok()
}

#[cfg(test)]
mod tests {
    //! Proves that work is shared, outlives who began it, and begins anew after its end, be it a good one.

    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_leaves_strands_nobody() {
        let (flight, begun) = (SharedTask::new(), Arc::new(AtomicUsize::new(0)));
        let work = || {
            let begun = begun.clone();
            async move {
                let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_secs(5)).await;
                number
            }
        };
        let impatient = tokio::time::timeout(Duration::from_secs(1), flight.join(work));
        let (left, first, second) = tokio::join!(impatient, flight.join(work), flight.join(work));
        assert!(left.is_err());
        assert_eq!((first, second), (Some(1), Some(1)));
        assert_eq!(flight.join(work).await, Some(2), "what has ended is not joined");
    }

    #[tokio::test]
    async fn work_that_dies_leaves_no_outcome_and_blocks_nothing() {
        let flight = SharedTask::new();
        assert_eq!(flight.join(async || -> u8 { panic!("a bug") }).await, None);
        assert_eq!(flight.join(async || 1).await, Some(1));
    }
}
