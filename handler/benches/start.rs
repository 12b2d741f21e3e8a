//! Start to first answer: from exec until the handler answers `GET /healthz`, with the certificate read from the local
//! Azure's Key Vault over TLS, so the figure includes what its dependencies on this machine cost.
//!
//! Reports, asserts nothing. `cargo bench --package handler --bench start`.

#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a measurement that fails should stop")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lab::Lab;

const STARTS: usize = 30;

struct Handler(Child);

impl Drop for Handler {
    fn drop(&mut self) {
        // it may have exited by itself, which the missing answer has told already
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let seeding = seeding();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let lab = runtime.block_on(Lab::start()).unwrap();
    let pem = lab.pem_certificate().display().to_string();
    let vault = measure(&lab, &[]);
    let file = measure(&lab, &[("KEY_VAULT_URL", ""), ("OBO_CERTIFICATE_NAME", ""), ("AZURE_CERT_PATH", &pem)]);
    println!("start to first answer, {STARTS} starts each: minimum, median, maximum in milliseconds");
    for (name, mut times) in [("certificate from Key Vault", vault), ("certificate from a file", file)] {
        times.sort_unstable();
        let milliseconds = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
        println!(
            "{name:<28} {:>7.1} {:>7.1} {:>7.1}",
            milliseconds(times.first()),
            milliseconds(times.get(times.len() / 2)),
            milliseconds(times.last())
        );
    }
    println!("{:<28} {:>7.1} of it, in every process", "seeding randomness", seeding.as_secs_f64() * 1000.0);
    let size = std::fs::metadata(binary()).unwrap().len();
    println!("{:<28} {:>7.1} MB", "binary", size as f64 / 1_000_000.0);
}

/// What the first random bytes cost that the cryptographic library gives a process; the first TLS handshake needs some.
fn seeding() -> Duration {
    let began = Instant::now();
    aws_lc_rs::rand::fill(&mut [0; 32]).unwrap();
    began.elapsed()
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_handler"))
}

fn measure(lab: &Lab, settings: &[(&str, &str)]) -> Vec<Duration> {
    (0..STARTS).map(|_| start(lab, settings)).collect()
}

fn start(lab: &Lab, settings: &[(&str, &str)]) -> Duration {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut command = Command::new(binary());
    command.env_clear().envs(lab.settings()).stdout(Stdio::null());
    command.env("PUBLIC_URL", "http://localhost").env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    command.envs(settings.iter().copied());
    let began = Instant::now();
    let handler = Handler(command.spawn().unwrap());
    while !answers(address) {
        assert!(began.elapsed() < Duration::from_secs(20), "the handler did not start");
        std::thread::sleep(Duration::from_micros(200));
    }
    let took = began.elapsed();
    drop(handler);
    took
}

fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = [0; 12];
    stream.write_all(request).is_ok() && stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 200"
}
