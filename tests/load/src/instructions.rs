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
    let mut counts = String::new();
    println!("thousands of instructions a call:");
    for (name, question) in [("tools/list", bench.list_question()), ("cost_by_service", Question::CostByService)] {
        let profile = |who: &str| folder.join(format!("{who}.{}", name.replace('/', "_")));
        let (ours, theirs) = (profile("handler"), profile("comparison"));
        // one caller and one thread, so that nothing depends on who comes first
        let to = to_file(&ours);
        let server = bench.handler(&valgrind(&to), &[("TOKIO_WORKER_THREADS", "1")]).await?;
        let each = counted(&bench, &server, question.clone(), &ours).await?;
        drop(server);
        let to = to_file(&theirs);
        let bare = match question {
            Question::ListTools(_) => bench.verifier(&valgrind(&to))?,
            Question::CostByService => bench.relay(&valgrind(&to))?,
        };
        let compared = counted(&bench, &bare, question, &theirs).await?;
        println!("{name} {each:.0}, the comparison {compared:.0}");
        counts.extend([name, &format!(" {each:.0}\n")]);
    }
    let kept = xtask::repository_root().join("tests/load/instructions");
    if write {
        return Ok(std::fs::write(kept, counts)?);
    }
    compare(&std::fs::read_to_string(kept)?, &counts)
}

fn to_file(out: &Path) -> String {
    format!("--callgrind-out-file={}", out.display())
}

fn valgrind(to_file: &str) -> [&str; 4] {
    ["valgrind", "--quiet", "--tool=callgrind", to_file]
}

/// Thousands of instructions of a warm call.
async fn counted(bench: &Bench, server: &Process, question: Question, out: &Path) -> Result<f64, Failure> {
    let phase =
        Phase { question, connections: 1, calls: CALLS, turns: None, at_most: Duration::from_mins(2), rate: None };
    bench.cost(server, &phase, 1).await?;
    control(server, "--zero")?;
    let answered = bench.cost(server, &phase, 1).await?.outcome.answered;
    control(server, "--dump")?;
    Ok(total(out)? / count(answered) / 1000.0)
}

fn control(server: &Process, order: &str) -> Result<(), Failure> {
    let output = Command::new("callgrind_control").arg(order).arg(server.id().to_string()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::Valgrind(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The sum of the first dump; valgrind numbers them.
fn total(out: &Path) -> Result<f64, Failure> {
    let path = PathBuf::from(format!("{}.1", out.display()));
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
