//! The figures as Markdown, for BENCHMARKS.md.

use std::process::Command;

use crate::{
    bench::Cost,
    phase::{Outcome, count},
    process::Cpu,
};

/// Begins a table of phases.
pub(crate) fn head() {
    println!("| | server | calls | CPU s per 10,000 calls | of it kernel | calls/s | p50 ms | p99 ms |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
}

/// One phase of one server.
pub(crate) fn row(what: &str, server: &str, costs: &[Cost]) {
    let calls: usize = costs.iter().map(|cost| cost.outcome.answered).sum();
    let (mut rates, mut medians, mut tails): (Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for Cost { outcome, .. } in costs {
        rates.push(outcome.per_second());
        medians.push(milliseconds(outcome, 50));
        tails.push(milliseconds(outcome, 99));
    }
    let (cpu, kernel) = (per_ten_thousand(costs, Cpu::total), per_ten_thousand(costs, |cpu| cpu.kernel));
    let (rate, p50, p99) = (median(rates), median(medians), median(tails));
    println!("| {what} | {server} | {calls} | {cpu:.2} | {kernel:.2} | {rate:.0} | {p50:.2} | {p99:.2} |");
}

/// Seconds for 10,000 answers.
pub(crate) fn per_ten_thousand(costs: &[Cost], part: fn(Cpu) -> f64) -> f64 {
    let calls: usize = costs.iter().map(|cost| cost.outcome.answered).sum();
    let seconds: f64 = costs.iter().map(|cost| part(cost.cpu)).sum();
    seconds * 10_000.0 / count(calls)
}

/// Of several rounds.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn milliseconds(outcome: &Outcome, percent: usize) -> f64 {
    outcome.percentile(percent).as_secs_f64() * 1000.0
}

/// What was measured where.
pub(crate) fn machine() {
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let date = Command::new("date").arg("+%Y-%m-%d").output().map(|output| output.stdout).unwrap_or_default();
    let date = String::from_utf8_lossy(&date);
    println!("{processors} processors ({model}), {}; load average before: {load}\n", date.trim());
}
