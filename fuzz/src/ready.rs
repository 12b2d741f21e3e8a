//! Asynchronous code that has nothing to wait for.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

/// What the future comes to without waiting.
///
/// Nothing that is fuzzed may ask a network, so waiting is a broken rule.
#[track_caller]
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits for something"),
    }
}
