//! Instructions a call, counted by callgrind: the same on every machine and whatever else it does.
//!
//! The processor that valgrind emulates has AVX2 but neither ADX nor AVX-512, so the cryptographic library takes another way
//! through RSA than on most hardware, and the kernel's part of a call is not counted. The counts tell two builds apart;
//! they do not tell the time. The profiles stay in `target/load` for `callgrind_annotate`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    Failure,
    bench::Bench,
    phase::{Phase, Question, count},
    process::Process,
};

const CALLS: usize = 200;
/// What may differ: allocation and scheduling are not the same twice.
const TOLERANCE: f64 = 0.03;

pub(crate) async fn run(handler: &Path, write: bool) -> Result<(), Failure> {
    let bench = Bench::start(handler, 1).await?;
    let folder = xtask::repository_root().join("target/load");
    std::fs::create_dir_all(&folder)?;
    let out = folder.join("callgrind.out");
    let to = format!("--callgrind-out-file={}", out.display());
    // one caller and one thread, so that nothing depends on who comes first
    let server =
        bench.handler(&["valgrind", "--quiet", "--tool=callgrind", &to], &[("TOKIO_WORKER_THREADS", "1")]).await?;
    let phase = |question| Phase {
        question,
        connections: 1,
        calls: CALLS,
        turns: None,
        at_most: Duration::from_mins(2),
        rate: None,
    };
    let (mut counts, mut dumps) = (String::new(), 0);
    for (name, question) in [("tools/list", bench.list_question()), ("cost_by_service", Question::CostByService)] {
        let phase = phase(question);
        bench.cost(&server, &phase, 1).await?;
        control(&server, "--zero")?;
        let answered = bench.cost(&server, &phase, 1).await?.outcome.answered;
        control(&server, "--dump")?;
        dumps += 1;
        let each = total(&out, dumps)? / count(answered) / 1000.0;
        counts.extend([name, &format!(" {each:.0}\n")]);
    }
    print!("thousands of instructions a call:\n{counts}");
    let kept = xtask::repository_root().join("tests/load/instructions");
    if write {
        return Ok(std::fs::write(kept, counts)?);
    }
    compare(&std::fs::read_to_string(kept)?, &counts)
}

fn control(server: &Process, order: &str) -> Result<(), Failure> {
    let output = Command::new("callgrind_control").arg(order).arg(server.id().to_string()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::Valgrind(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The sum of a dump; valgrind numbers them.
fn total(out: &Path, dump: usize) -> Result<f64, Failure> {
    let path = PathBuf::from(format!("{}.{dump}", out.display()));
    let text = std::fs::read_to_string(&path)?;
    let sums = text.lines().filter_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    let sums = sums.filter_map(|sum| sum.split_whitespace().next()?.parse::<f64>().ok());
    sums.reduce(f64::max).ok_or_else(|| Failure::Valgrind(format!("no sum in {}", path.display())))
}

/// More than is kept is a regression; less should be kept.
fn compare(kept: &str, counted: &str) -> Result<(), Failure> {
    for (kept, counted) in kept.lines().zip(counted.lines()) {
        let number = |line: &str| line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok());
        let (Some(was), Some(is)) = (number(kept), number(counted)) else { continue };
        if (is - was).abs() > was * TOLERANCE {
            return Err(Failure::Broken(format!("{counted}, but {kept} is kept; if it is meant, run it with --write")));
        }
    }
    Ok(())
}
