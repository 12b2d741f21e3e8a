//! What can go wrong between two services, switched on by a test.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::world::lock;

/// A fault of a service or of the way to it.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429, with the service's own error body.
    Throttled(RetryAfter),
    /// 503, with the service's own error body.
    Unavailable(RetryAfter),
    /// The proper answer, late.
    Slow(Duration),
    /// The proper answer's head and half of its body, then the end of the connection.
    Truncated,
    /// An HTML page, as a proxy on the way would send it, with this status.
    Html(StatusCode),
    /// The connection is reset after the request was read.
    ConnectionReset,
    /// This very answer.
    Answer(Response<Bytes>),
}

/// Whether and how a service says when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// It does not say.
    Unsaid,
    /// In this many seconds.
    Seconds(u32),
    /// At the moment this many seconds from now, as an HTTP date.
    Date(u32),
}

/// The faults of one service, waiting to happen.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Fault>,
    standing: Option<Fault>,
}

impl Faults {
    /// The next `count` requests meet `fault`, after those already in the queue.
    pub fn next(&self, count: usize, fault: &Fault) {
        lock(&self.0).queue.extend(std::iter::repeat_n(fault.clone(), count));
    }

    /// Every request meets `fault` until [`Self::clear`]; those of the queue come first.
    pub fn always(&self, fault: Fault) {
        lock(&self.0).standing = Some(fault);
    }

    /// Ends all faults.
    pub fn clear(&self) {
        *lock(&self.0) = Waiting::default();
    }

    /// What the present request meets.
    pub(crate) fn take(&self) -> Option<Fault> {
        let mut waiting = lock(&self.0);
        waiting.queue.pop_front().or_else(|| waiting.standing.clone())
    }
}
