//! Runs a program, and keeps what everybody was told.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::StatusCode;
use lab::{
    fault::{Fault, Faults, RetryAfter},
    mcp_client::Answer,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    Tally,
    instance::Instance,
    program::{Call, Place, Program, Session, Step, Tool, Trouble, Who},
    verdict::{self, Asked},
    world::World,
};

/// How long every answer takes, so that calls made at once meet.
const USUAL: Duration = Duration::from_millis(3);

/// Late enough for others to overtake.
const SLOW: Duration = Duration::from_millis(15);

/// Longer than a call waits by itself, and over after one [`Step::Wait`].
const THROTTLED: u32 = 20;

struct Stage {
    world: World,
    instance: Arc<Instance>,
    /// The token of each session, and its `uti`.
    tokens: BTreeMap<Session, (String, String)>,
    /// Where an export goes on, and whose it is.
    cursors: Vec<(Who, Place, String)>,
    asked: Vec<Asked>,
    signed_in: usize,
}

/// Runs `program` and judges it.
pub(super) async fn run(program: &Program, tally: &Tally) -> Result<(), String> {
    let world = World::start().await;
    let instance = Arc::new(Instance::start(&world, program.cache).await);
    let mut stage =
        Stage { world, instance, tokens: BTreeMap::new(), cursors: Vec::new(), asked: Vec::new(), signed_in: 0 };
    for faults in [stage.world.lab.entra().faults(), stage.world.lab.resource_manager().faults()] {
        faults.always(Fault::Slow(USUAL));
    }
    for who in Who::ALL {
        for second in [false, true] {
            stage.sign_in(Session { who, second });
        }
    }
    for step in &program.steps {
        stage.take(step).await?;
    }
    stage.count(tally);
    verdict::of_journal(&stage.world, &stage.asked)
}

impl Stage {
    async fn take(&mut self, step: &Step) -> Result<(), String> {
        let (entra, azure) = (self.world.lab.entra(), self.world.lab.resource_manager());
        match step {
            Step::Ask(calls) => return self.ask(calls).await,
            Step::Wait => self.instance.wait(),
            Step::SignIn(session) => self.sign_in(*session),
            Step::Grant(who, place) => self.world.grant(*who, *place),
            Step::Revoke(who, place) => self.world.revoke(*who, *place),
            Step::EndSessions(who) => entra.revoke(self.world.person(*who)),
            Step::DemandSecondFactor(true) => drop(entra.require_mfa()),
            Step::DemandSecondFactor(false) => entra.remove_policies(),
            Step::Forbid(place) => self.world.forbid(*place),
            Step::Entra(trouble, count) => meet(entra.faults(), *trouble, *count),
            Step::Azure(Trouble::Throttled, count) => azure.throttle(*count, THROTTLED),
            Step::Azure(trouble, count) => meet(azure.faults(), *trouble, *count),
        }
        Ok(())
    }

    fn sign_in(&mut self, session: Session) {
        self.signed_in += 1;
        let id = format!("{session:?}-{}", self.signed_in);
        let token = self.world.sign_in(session, &id);
        self.tokens.insert(session, (token, id));
    }

    /// All calls at once, each in a task of its own.
    async fn ask(&mut self, calls: &[Call]) -> Result<(), String> {
        let mut tasks = JoinSet::new();
        let first = self.asked.len();
        for call in calls {
            let (call, arguments, cursor_of) = self.prepared(*call);
            let (token, token_id) = self.tokens[&call.session].clone();
            // zero would be the number of what nobody asked for
            let number = self.asked.len() as u64 + 1;
            let (instance, index) = (self.instance.clone(), self.asked.len());
            let question = arguments.clone();
            self.asked.push(Asked { call, arguments, token_id, cursor_of, answer: None });
            tasks.spawn(async move {
                let answer = instance.call(number, &token, call.tool.name(), &question);
                let answer = match call.patience {
                    None => Some(answer.await),
                    Some(patience) => tokio::time::timeout(Duration::from_millis(patience), answer).await.ok(),
                };
                (index, answer)
            });
        }
        while let Some(task) = tasks.join_next().await {
            let (index, answer) = task.map_err(|error| format!("a call panicked: {error}"))?;
            self.asked[index].answer = answer;
        }
        for asked in &self.asked[first..] {
            verdict::of_answer(&self.world, asked)?;
            let cursor = asked.answer.as_ref().and_then(next_cursor);
            self.cursors.extend(cursor.map(|cursor| (asked.call.session.who, asked.call.place, cursor)));
        }
        Ok(())
    }

    /// The call with its arguments, and whose cursor is among them. Without any file before, the next one is the first.
    fn prepared(&self, call: Call) -> (Call, Value, Option<Who>) {
        let last = self.cursors.last().filter(|_| call.tool == Tool::NextFile);
        let Some((owner, place, cursor)) = last else { return (call, call.arguments(), None) };
        let call = Call { place: *place, ..call };
        let mut arguments = call.arguments();
        arguments["cursor"] = json!(cursor);
        (call, arguments, Some(*owner))
    }

    fn count(&self, tally: &Tally) {
        use lab::journal::ServiceName::{Entra, ResourceManager};
        let journal = self.world.lab.journal();
        let told = self.asked.iter().filter_map(|asked| asked.answer.as_ref());
        let answered = told.clone().filter(|answer| verdict::is_answered(answer)).count();
        Tally::add(&tally.calls, self.asked.len());
        Tally::add(&tally.answered, answered);
        Tally::add(&tally.refused, told.clone().count() - answered);
        Tally::add(&tally.left, self.asked.len() - told.count());
        Tally::add(&tally.exchanges, journal.of(Entra).len());
        Tally::add(&tally.questions, journal.of(ResourceManager).len());
    }
}

pub(super) fn next_cursor(answer: &Answer) -> Option<String> {
    answer.structured()?.get("nextCursor")?.as_str().map(str::to_owned)
}

fn meet(faults: &Faults, trouble: Trouble, count: usize) {
    let fault = match trouble {
        Trouble::Slow => Fault::Slow(SLOW),
        Trouble::Throttled => Fault::Throttled(RetryAfter::Seconds(THROTTLED)),
        Trouble::Unavailable => Fault::Unavailable(RetryAfter::Seconds(THROTTLED)),
        Trouble::Reset => Fault::ConnectionReset,
        Trouble::Truncated => Fault::Truncated,
        Trouble::Html => Fault::Html(StatusCode::BAD_GATEWAY),
    };
    faults.next(count, &fault);
}
