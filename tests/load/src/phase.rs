//! People who call, and the judgement of every answer they get.
//!
//! Everything is bounded: a number of calls and a time, whichever is over first. Each connection has people of its own,
//! so that no two calls can share an upstream request.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    people::Person,
    upstream::MARK,
    wire::{Connection, Message},
};

/// Who is turned away comes back after this, which is earlier than they were told.
const IMPATIENCE: Duration = Duration::from_millis(250);
/// How many wrong answers are quoted.
const QUOTED: usize = 3;

/// What is asked, and what a right answer is.
#[derive(Clone)]
pub(crate) enum Question {
    /// `tools/list`: everybody gets the same bytes.
    ListTools(Bytes),
    /// `cost_by_service`: everybody gets their own costs.
    CostByService,
}

/// How a phase goes.
#[derive(Clone)]
pub(crate) struct Phase {
    pub(crate) question: Question,
    pub(crate) connections: usize,
    pub(crate) calls: usize,
    /// How often everybody asks; nothing for as often as there is time.
    pub(crate) turns: Option<usize>,
    pub(crate) at_most: Duration,
    /// Calls a second, evenly; nothing for as fast as answers come.
    pub(crate) rate: Option<f64>,
}

/// What became of the calls.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) answered: usize,
    /// 503 with `Retry-After`.
    pub(crate) shed: usize,
    /// Calls whose connection broke.
    pub(crate) lost: usize,
    /// The most calls that one caller lost.
    pub(crate) most_lost: usize,
    pub(crate) wrong: usize,
    pub(crate) quotes: Vec<String>,
    pub(crate) elapsed: Duration,
    latencies: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        count(self.answered) / self.elapsed.as_secs_f64()
    }

    /// The latency that a share of the answers did not pass.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let index = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(index).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.shed += other.shed;
        self.lost += other.lost;
        self.most_lost = self.most_lost.max(other.lost);
        self.wrong += other.wrong;
        self.quotes.extend(other.quotes);
        self.quotes.truncate(QUOTED);
        self.latencies.extend(other.latencies);
    }
}

/// For rates; no count here comes near the limits of a double.
#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

impl Question {
    fn request<'a>(&self, person: &'a Person) -> &'a Bytes {
        match self {
            Self::ListTools(_) => &person.list_tools,
            Self::CostByService => &person.cost_by_service,
        }
    }

    /// Whether `answer` is what `person` asked for, and nobody else's.
    fn is_right(&self, person: &Person, answer: &Message) -> bool {
        let right = match self {
            Self::ListTools(expected) => answer.body() == expected,
            Self::CostByService => str::from_utf8(answer.body()).is_ok_and(|text| {
                let mut marks = text.split(MARK).skip(1).peekable();
                marks.peek().is_some() && marks.all(|rest| rest.starts_with(&person.mark))
            }),
        };
        right && answer.status() == 200
    }
}

fn is_shed(answer: &Message) -> bool {
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    answer.status() == 503 && seconds.is_some_and(|seconds| seconds > 0)
}

/// What the connections of a phase share.
struct Progress {
    began: Instant,
    begun: AtomicUsize,
}

impl Phase {
    /// Runs to its end. `watch` is told how many calls have begun, at each of them.
    pub(crate) async fn run(&self, address: SocketAddr, people: &[Person], watch: impl Fn(usize)) -> Outcome {
        let progress = Arc::new(Progress { began: Instant::now(), begun: AtomicUsize::new(0) });
        let whole = Mutex::new(Outcome::default());
        let groups = people.chunks(people.len().div_ceil(self.connections)).take(self.connections);
        let callers = groups.enumerate().map(|(index, group)| {
            let (progress, whole, watch) = (&progress, &whole, &watch);
            async move {
                let outcome = self.caller(index, address, group, progress, watch).await;
                whole.lock().unwrap_or_else(PoisonError::into_inner).add(outcome);
            }
        });
        join_all(callers).await;
        let mut whole = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
        whole.elapsed = progress.began.elapsed();
        whole.latencies.sort_unstable();
        whole
    }

    async fn caller(
        &self,
        index: usize,
        address: SocketAddr,
        people: &[Person],
        progress: &Progress,
        watch: &impl Fn(usize),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut connection = None;
        let turns = self.turns.map_or(usize::MAX, |turns| turns * people.len());
        for (turn, person) in people.iter().cycle().take(turns).enumerate() {
            let begun = progress.begun.fetch_add(1, Relaxed);
            if begun >= self.calls || progress.began.elapsed() > self.at_most {
                break;
            }
            watch(begun);
            let due = self.due(index, turn, progress.began).await;
            let open = match connection.take() {
                Some(open) => Ok(open),
                None => Connection::open(address).await,
            };
            let answered = match open {
                Ok(mut open) => open.call(self.question.request(person)).await.map(|answer| (open, answer)),
                Err(error) => Err(error),
            };
            match answered {
                Err(_) => outcome.lost += 1,
                Ok((open, answer)) if self.question.is_right(person, &answer) => {
                    outcome.answered += 1;
                    outcome.latencies.push(due.elapsed());
                    connection = Some(open);
                }
                // of the stand-in that distributes calls: the instance was lost
                Ok((open, answer)) if answer.status() == 502 => {
                    outcome.lost += 1;
                    connection = Some(open);
                }
                Ok((_, answer)) if is_shed(&answer) => {
                    outcome.shed += 1;
                    sleep(IMPATIENCE).await;
                }
                Ok((_, answer)) => {
                    outcome.wrong += 1;
                    outcome.quotes.push(answer.excerpt());
                }
            }
        }
        outcome
    }

    /// Waits for the turn of a call, and says since when it waits: a call that has to queue behind the caller's own has
    /// waited since its turn, so that a slow answer is not forgiven the calls it delayed.
    async fn due(&self, index: usize, turn: usize, began: Instant) -> Instant {
        let Some(rate) = self.rate else { return Instant::now() };
        let turn = (count(index) + count(turn) * count(self.connections)) / rate;
        let due = began + Duration::from_secs_f64(turn);
        if due < Instant::now() {
            return due;
        }
        sleep_until(due).await;
        Instant::now()
    }
}
