//! What the handler writes, as the host logs it under `Host.Function.Console`, and what the host says about it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::HostError;

/// How long [`Console::wait_for_line`] waits before it gives up; only a failing test pays it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The handler's standard output.
    Stdout,
    /// The handler's standard error.
    Stderr,
    /// The host itself.
    Host,
}

/// The level at which the host logs a line, whatever the line itself says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Everything on standard output.
    Information,
    /// Lines on standard error that contain "warn" in any case.
    Warning,
    /// All other lines on standard error.
    Error,
}

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLine {
    /// Who wrote it.
    pub source: Source,
    /// How the host logs it.
    pub level: Level,
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// All lines since the host was started. A clone is the same console.
#[derive(Debug, Clone)]
pub struct Console {
    lines: watch::Sender<Vec<ConsoleLine>>,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { lines: watch::Sender::new(Vec::new()) }
    }

    /// What was written until now.
    #[must_use]
    pub fn lines(&self) -> Vec<ConsoleLine> {
        self.lines.borrow().clone()
    }

    /// Every line from the first on, as it is written: to show them live.
    #[must_use]
    pub fn follow(&self) -> Follow {
        Follow { lines: self.lines.subscribe(), next: 0 }
    }

    /// The first line that contains `part`, written already or yet to come.
    pub async fn wait_for_line(&self, part: &str) -> Result<ConsoleLine, HostError> {
        let mut follow = self.follow();
        let found = async {
            loop {
                match follow.next().await {
                    Some(line) if line.text.contains(part) => return Some(line),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        timeout(PATIENCE, found).await.ok().flatten().ok_or_else(|| HostError::NoSuchLine {
            part: part.to_owned(),
            seconds: PATIENCE.as_secs(),
            seen: self.lines().into_iter().map(|line| line.text).collect(),
        })
    }

    pub(super) fn host(&self, level: Level, text: impl Into<String>) {
        self.push(ConsoleLine { source: Source::Host, level, text: text.into() });
    }

    pub(super) fn stdout(&self, text: String) {
        self.push(ConsoleLine { source: Source::Stdout, level: Level::Information, text });
    }

    pub(super) fn stderr(&self, text: String) {
        let level = if text.to_lowercase().contains("warn") { Level::Warning } else { Level::Error };
        self.push(ConsoleLine { source: Source::Stderr, level, text });
    }

    /// How many lines there are: the place from which [`Console::last_errors`] looks.
    pub(super) fn mark(&self) -> usize {
        self.lines.borrow().len()
    }

    /// The last three lines of standard error since `mark`: all that the host repeats when the handler fails.
    pub(super) fn last_errors(&self, mark: usize) -> Vec<String> {
        let lines = self.lines.borrow();
        let errors = lines.iter().skip(mark).filter(|line| line.source == Source::Stderr);
        let mut last: Vec<_> = errors.rev().take(3).map(|line| line.text.clone()).collect();
        last.reverse();
        last
    }

    fn push(&self, line: ConsoleLine) {
        self.lines.send_modify(|lines| lines.push(line));
    }
}

/// Reads the console line by line; see [`Console::follow`].
#[derive(Debug)]
pub struct Follow {
    lines: watch::Receiver<Vec<ConsoleLine>>,
    next: usize,
}

impl Follow {
    /// The next line; `None` when the host is gone and every line was read.
    pub async fn next(&mut self) -> Option<ConsoleLine> {
        let next = self.next;
        let line = self.lines.wait_for(|lines| lines.len() > next).await.ok()?.get(next).cloned();
        self.next += 1;
        line
    }
}

#[cfg(test)]
mod tests {
    //! Proves the levels and that a follower misses nothing. How Application Insights shows them only Azure knows.
    use super::*;

    #[tokio::test]
    async fn standard_output_is_information_and_standard_error_is_an_error_unless_it_warns() {
        let console = Console::new();
        console.stdout("ERROR is only a word here".to_owned());
        console.stderr("out of luck".to_owned());
        console.stderr("a WARNING".to_owned());
        console.stderr("forewarned".to_owned());
        let levels: Vec<_> = console.lines().into_iter().map(|line| line.level).collect();
        assert_eq!(levels, [Level::Information, Level::Error, Level::Warning, Level::Warning]);
    }

    #[tokio::test]
    async fn a_follower_reads_every_line_once_and_ends_with_the_host() {
        let console = Console::new();
        console.stdout("before".to_owned());
        let mut follow = console.follow();
        console.stdout("after".to_owned());
        drop(console);
        assert_eq!(follow.next().await.unwrap().text, "before");
        assert_eq!(follow.next().await.unwrap().text, "after");
        assert_eq!(follow.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_never_comes_is_reported_with_what_came_instead() {
        let console = Console::new();
        console.stdout("something else".to_owned());
        let error = console.wait_for_line("ready").await.unwrap_err().to_string();
        assert_eq!(error, "no line with `ready` within 20 s; the console says:\nsomething else");
    }

    #[test]
    fn the_last_errors_are_the_last_three_lines_of_standard_error_of_one_process() {
        let console = Console::new();
        console.stderr("of the process before".to_owned());
        let mark = console.mark();
        for text in ["one", "two", "three", "four"] {
            console.stderr(text.to_owned());
            console.stdout("in between".to_owned());
        }
        assert_eq!(console.last_errors(mark), ["two", "three", "four"]);
        assert!(console.last_errors(console.mark()).is_empty());
    }
}
