//! What a test's own thread logs.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

use serde_json::Value;
use tracing::level_filters::LevelFilter;

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Everything that is logged on this thread from now on, of every level and target.
///
/// One subscriber serves the whole process and sorts by thread: a subscriber of one thread alone would miss events whose
/// place in the code another test's thread, which has none, was first to reach.
pub(crate) struct Captured;

struct ToThisThread;

impl Write for ToThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Captured {
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .json()
                .flatten_event(true)
                .with_max_level(LevelFilter::TRACE)
                .with_writer(|| ToThisThread)
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
            tracing::callsite::rebuild_interest_cache();
        });
        LINES.take();
        Self
    }

    #[expect(clippy::unused_self, reason = "there is a text only after the start")]
    pub(crate) fn text(&self) -> String {
        String::from_utf8(LINES.with_borrow(Clone::clone)).unwrap()
    }

    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|event| event["event"] == name).collect()
    }
}
