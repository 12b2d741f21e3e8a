//! What is measured, and what is promised.

use std::{cell::RefCell, path::Path, time::Duration};

use crate::{
    Failure,
    bench::{Bench, Cost, all_right},
    phase::{Phase, Question, count},
    process::{Cpu, Process},
    report::{self, median, per_ten_thousand},
    scale_out::RoundRobin,
};

/// Concurrent calls at saturation: enough to keep two processors busy, few enough to wait for one another briefly.
const CONNECTIONS: usize = 64;
/// The handler and its comparison take turns, so that what else the machine does meets both.
const ROUNDS: usize = 3;
const INSTANCES: usize = 3;

/// How much of everything.
struct Size {
    people: usize,
    calls: usize,
    at_most: Duration,
    slow_connections: usize,
    overload_connections: usize,
    overload_calls: usize,
    scale_out_calls: usize,
}

const WHOLE: Size = Size {
    people: 10_000,
    calls: 20_000,
    at_most: Duration::from_secs(12),
    slow_connections: 1_024,
    overload_connections: 4_096,
    overload_calls: 40_000,
    scale_out_calls: 12_000,
};

const SHORT: Size = Size {
    people: 4_096,
    calls: 1_000,
    at_most: Duration::from_secs(5),
    slow_connections: 256,
    overload_connections: 4_096,
    overload_calls: 9_000,
    scale_out_calls: 3_000,
};

impl Size {
    fn phase(&self, question: Question) -> Phase {
        Phase { question, connections: CONNECTIONS, calls: self.calls, turns: None, at_most: self.at_most, rate: None }
    }

    fn slow(&self) -> Phase {
        let phase = self.phase(Question::CostByService);
        Phase { connections: self.slow_connections, ..phase }
    }
}

/// Every check, few calls, no comparison.
pub(crate) async fn short(handler: &Path) -> Result<(), Failure> {
    let bench = Bench::start(handler, SHORT.people).await?;
    let server = bench.handler(&[], &[]).await?;
    bench.cost(&server, &SHORT.phase(bench.list_question()), CONNECTIONS).await?;
    bench.cost(&server, &SHORT.phase(Question::CostByService), CONNECTIONS).await?;
    distinct_people(&bench, &SHORT, 1_000).await?;
    bench.set_latency(50).await?;
    bench.cost(&server, &SHORT.slow(), SHORT.slow_connections).await?;
    drop(server);
    overload(&bench, &SHORT).await?;
    scale_out(&bench, &SHORT).await
}

/// Everything, with the comparisons.
pub(crate) async fn whole(handler: &Path) -> Result<(), Failure> {
    report::machine();
    let bench = Bench::start(handler, WHOLE.people).await?;
    memory_and_size(&bench, handler).await?;
    println!("\n`tools/list`:\n");
    compare(&bench, bench.list_question(), &bench.verifier(&[])?).await?;
    println!("\n`cost_by_service`, exchanged tokens cached, upstream answers at once:\n");
    compare(&bench, Question::CostByService, &bench.relay(&[])?).await?;
    println!("\n`cost_by_service`, {} connections, upstream takes 50 ms:\n", WHOLE.slow_connections);
    slow_upstream(&bench).await?;
    println!("\nDistinct people, each call of a first round an exchange:\n");
    distinct_people(&bench, &WHOLE, 1_000).await?;
    distinct_people(&bench, &WHOLE, 10_000).await?;
    println!();
    overload(&bench, &WHOLE).await?;
    scale_out(&bench, &WHOLE).await
}

/// The handler against a comparison: as fast as answers come, then at half of that.
async fn compare(bench: &Bench, question: Question, other: &Process) -> Result<(), Failure> {
    let handler = bench.handler(&[], &[]).await?;
    let phase = WHOLE.phase(question);
    let warm = Phase { calls: 1_000, ..phase.clone() };
    let servers = [&handler, other];
    for server in servers {
        bench.cost(server, &warm, CONNECTIONS).await?;
    }
    let costs = rounds(bench, servers, [&phase, &phase], CONNECTIONS).await?;
    let half = |costs: &[Cost]| {
        let rate = median(costs.iter().map(|cost| cost.outcome.per_second()).collect()) / 2.0;
        Phase { rate: Some(rate), calls: WHOLE.calls / 4, ..phase.clone() }
    };
    let halves = costs.each_ref().map(|costs| half(costs));
    let calm = rounds(bench, servers, halves.each_ref(), CONNECTIONS).await?;
    report::head();
    for (what, [handler, other]) in [("saturation", &costs), ("half of it", &calm)] {
        report::row(what, "handler", handler);
        report::row(what, "comparison", other);
    }
    ratio(&costs);
    Ok(())
}

async fn slow_upstream(bench: &Bench) -> Result<(), Failure> {
    bench.set_latency(50).await?;
    let (handler, relay) = (bench.handler(&[], &[]).await?, bench.relay(&[])?);
    let phase = WHOLE.slow();
    let warm = Phase { calls: 2 * phase.connections, ..phase.clone() };
    let servers = [&handler, &relay];
    for server in servers {
        bench.cost(server, &warm, phase.connections).await?;
    }
    let costs = rounds(bench, servers, [&phase, &phase], phase.connections).await?;
    bench.set_latency(0).await?;
    report::head();
    report::row("50 ms upstream", "handler", &costs[0]);
    report::row("50 ms upstream", "comparison", &costs[1]);
    ratio(&costs);
    let [handler, relay] = [handler.resident()?, relay.resident()?].map(megabytes);
    println!("resident after {} connections: {handler}, the comparison {relay}", phase.connections);
    Ok(())
}

async fn rounds(
    bench: &Bench,
    servers: [&Process; 2],
    phases: [&Phase; 2],
    people: usize,
) -> Result<[Vec<Cost>; 2], Failure> {
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((server, phase), costs) in servers.iter().zip(phases).zip(&mut costs) {
            costs.push(bench.cost(server, phase, people).await?);
        }
    }
    Ok(costs)
}

fn ratio([handler, other]: &[Vec<Cost>; 2]) {
    let rates = |costs: &[Cost]| median(costs.iter().map(|cost| cost.outcome.per_second()).collect());
    println!(
        "\nhandler to comparison: {:.2} by processor time, {:.2} by calls a second",
        per_ten_thousand(other, Cpu::total) / per_ten_thousand(handler, Cpu::total),
        rates(handler) / rates(other)
    );
}

/// Everybody once, then everybody again: Entra is asked once for each person.
async fn distinct_people(bench: &Bench, size: &Size, people: usize) -> Result<(), Failure> {
    let handler = bench.handler(&[], &[]).await?;
    let warm = Phase { calls: 2_000, ..size.phase(Question::CostByService) };
    let everybody = Phase { calls: people, turns: Some(1), at_most: Duration::from_mins(1), ..warm.clone() };
    bench.cost(&handler, &warm, CONNECTIONS).await?;
    let (before, resident) = (bench.exchanges().await?, handler.resident()?);
    let first = bench.cost(&handler, &everybody, people).await?;
    let grown = handler.resident()?.saturating_sub(resident);
    let second = bench.cost(&handler, &everybody, people).await?;
    // those who warmed the handler up have their tokens already
    let exchanges = bench.exchanges().await? - before;
    promise(exchanges == people - CONNECTIONS, || format!("{exchanges} exchanges for {people} people"))?;
    promise(first.outcome.answered == people, || "somebody was not served".to_owned())?;
    report::head();
    report::row(&format!("{people} people, first call"), "handler", &[first]);
    report::row(&format!("{people} people, again"), "handler", &[second]);
    let each = count(usize::try_from(grown).unwrap_or_default()) * 1024.0 / count(exchanges.max(1)) / 1000.0;
    println!("\nexchanges: {exchanges}; resident memory grew by {each:.1} KB for each\n");
    Ok(())
}

/// Four times as many callers as there are places: who is not served is told when to come back.
async fn overload(bench: &Bench, size: &Size) -> Result<(), Failure> {
    bench.set_latency(50).await?;
    let handler = bench.handler(&[], &[]).await?;
    let phase = Phase {
        connections: size.overload_connections,
        calls: size.overload_calls,
        at_most: Duration::from_secs(20),
        ..size.phase(Question::CostByService)
    };
    let outcome = phase.run(handler.address, &bench.people, |_| ()).await;
    bench.set_latency(0).await?;
    all_right(&outcome)?;
    println!(
        "overload, {} callers at once: {} answered ({:.0} a second), {} shed with 503 and Retry-After, {} lost, none wrong; \
         resident {}",
        phase.connections,
        outcome.answered,
        outcome.per_second(),
        outcome.shed,
        outcome.lost,
        megabytes(handler.resident()?)
    );
    promise(outcome.answered > 0 && outcome.shed > 0, || "nobody served, or nobody shed".to_owned())?;
    promise(outcome.lost == 0, || format!("{} callers got no answer at all", outcome.lost))
}

/// Three instances, one of which is killed while it serves.
async fn scale_out(bench: &Bench, size: &Size) -> Result<(), Failure> {
    const PEOPLE: usize = 300;
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(bench.handler(&[], &[]).await?);
    }
    let stand_in = RoundRobin::over(instances.iter().map(|instance| instance.address).collect()).await?;
    let people = bench.people.get(..PEOPLE).ok_or(Failure::Usage)?;
    let before = bench.exchanges().await?;
    let phase =
        Phase { calls: size.scale_out_calls, at_most: Duration::from_secs(20), ..size.phase(Question::CostByService) };
    let instances = RefCell::new(instances);
    let outcome = phase
        .run(stand_in.address, people, |begun| {
            if begun == size.scale_out_calls / 3 {
                instances.borrow_mut().truncate(INSTANCES - 1);
            }
        })
        .await;
    let exchanges = bench.exchanges().await? - before;
    all_right(&outcome)?;
    println!(
        "scale-out, {INSTANCES} instances, one killed under load: {} calls answered, {} lost, at most {} by one caller; \
         {exchanges} exchanges for {PEOPLE} people",
        outcome.answered, outcome.lost, outcome.most_lost
    );
    promise(outcome.most_lost <= 1, || format!("a caller lost {} calls", outcome.most_lost))?;
    promise(exchanges <= PEOPLE * INSTANCES, || format!("{exchanges} exchanges for {PEOPLE} people"))
}

async fn memory_and_size(bench: &Bench, handler: &Path) -> Result<(), Failure> {
    let size = std::fs::metadata(handler)?.len();
    let idle = bench.handler(&[], &[]).await?.resident()?;
    println!("binary: {}; resident when idle: {}", megabytes(size / 1024), megabytes(idle));
    Ok(())
}

fn promise(kept: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if kept { Ok(()) } else { Err(Failure::Broken(otherwise())) }
}

fn megabytes(kibibytes: u64) -> String {
    format!("{:.1} MB", count(usize::try_from(kibibytes).unwrap_or_default()) * 1024.0 / 1_000_000.0)
}
