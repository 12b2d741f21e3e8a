//! How log lines look and which are written: one flat JSON object per line on stdout.
//!
//! stdout on purpose: the Functions host maps every line on stderr to an error. Two rules can't be changed by `RUST_LOG`:
//! the audit is always written, and other people's crates never speak below `warn`, because their debug lines may print
//! headers, and headers hold tokens.

use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::{FilterExt, Targets, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// The target of lines that are evidence; see [`crate::audit`].
pub const AUDIT: &str = "audit";

/// Writes log lines to stdout from now on. `filter` is a valid `RUST_LOG`.
pub fn initialise(filter: &str) {
    report_panics();
    let subscriber = tracing_subscriber::registry().with(lines(filter, std::io::stdout));
    if subscriber.try_init().is_err() {
        // somebody else's subscriber is installed (a test's): its lines are as good
    }
}

/// A panic is a fault of this program, and ends one connection. Where it was is logged, never what it said: the message
/// may repeat what the code had in its hands, and that may be a secret.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(event = "panicked", place, "a fault of this program: please report it");
    }));
}

/// The layer that writes lines to `writer`.
pub fn lines<S, W>(filter: &str, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let wanted = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let ours_or_quiet = filter_fn(|metadata| is_ours(metadata) || *metadata.level() <= Level::WARN);
    let audit = filter_fn(|metadata| metadata.target() == AUDIT);
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(wanted.and(ours_or_quiet).or(audit))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let room = metadata.target().split("::").next();
    matches!(room, Some("handler" | "identity"))
}

#[cfg(test)]
mod tests {
    //! Proves the form of a line and the two rules. Only a live workspace could prove its retention.

    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn logged(filter: &str, log: impl FnOnce()) -> Vec<serde_json::Value> {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::registry().with(lines(filter, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_one_flat_object() {
        let lines = logged("info", || tracing::info!(event = "obo", outcome = "ok", duration_ms = 12, "exchanged"));
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let names: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["duration_ms", "event", "level", "message", "outcome", "timestamp"]);
        assert_eq!((&line["message"], &line["duration_ms"]), (&"exchanged".into(), &12.into()));
    }

    #[test]
    fn a_panic_is_logged_by_its_place_alone() {
        let lines = logged("info", || {
            let usual = std::panic::take_hook();
            report_panics();
            let outcome = std::panic::catch_unwind(|| panic!("a secret"));
            std::panic::set_hook(usual);
            assert!(outcome.is_err());
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line["event"], "panicked");
        assert!(line["place"].as_str().unwrap().contains("telemetry.rs:"), "{line}");
        assert!(!line.to_string().contains("secret"), "{line}");
    }

    #[test]
    fn the_audit_ignores_the_filter() {
        for filter in ["off", "error", "handler=off", "audit=off"] {
            let lines = logged(filter, || {
                tracing::info!(target: AUDIT, event = "audit", "accept");
                tracing::info!(event = "obo", "exchanged");
            });
            assert!(lines.iter().any(|line| line["event"] == "audit"), "{filter}: {lines:?}");
        }
    }

    #[test]
    fn other_crates_never_speak_below_warn() {
        let lines = logged("trace", || {
            tracing::trace!(target: "hyper::proto::h1", "GET / authorization: Bearer secret");
            tracing::info!(target: "azure_core::http", "authorization: Bearer secret");
            tracing::debug!(target: "identity::exchange", "ours");
            tracing::warn!(target: "hyper", "theirs");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["ours", "theirs"]);
    }
}
