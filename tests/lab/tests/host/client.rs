//! A client that writes its own bytes: nothing is normalised, added or hidden on the way to the host.

use std::fmt::Write as _;
use std::time::Duration;

use lab::host::Host;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(host: &Host) -> Self {
        Self { stream: TcpStream::connect(host.address()).await.unwrap(), received: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until `part` was received, at any place.
    pub(crate) async fn read_until(&mut self, part: &str) {
        let reading = async {
            while !self.text().contains(part) {
                assert_ne!(self.stream.read_buf(&mut self.received).await.unwrap(), 0, "closed before `{part}`");
            }
        };
        assert!(timeout(PATIENCE, reading).await.is_ok(), "`{part}` did not come");
    }

    /// Reads until the host closes the connection.
    pub(crate) async fn read_all(mut self) -> String {
        let reading = self.stream.read_to_end(&mut self.received);
        // a reset is an end as well
        let _ = timeout(PATIENCE, reading).await.unwrap();
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.starts_with(&format!("{name}: ")))
    }
}

/// One request on a connection of its own, with a `Content-Length` if there is a body.
pub(crate) async fn ask(host: &Host, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: public.example\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    if !body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    let mut connection = Connection::open(host).await;
    connection.send(&format!("{head}\r\n{body}")).await;
    parse(&connection.read_all().await)
}

pub(crate) async fn get(host: &Host, target: &str) -> Answer {
    ask(host, "GET", target, &[], "").await
}

pub(crate) fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: `{text}`"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers: Vec<_> = lines.map(str::to_lowercase).collect();
    let is_chunked = headers.iter().any(|header| header == "transfer-encoding: chunked");
    Answer { status: status.unwrap(), headers, body: if is_chunked { unchunk(body) } else { body.to_owned() } }
}

fn unchunk(mut chunked: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = chunked.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        body.push_str(rest.get(..length).unwrap());
        chunked = rest.get(length + 2..).unwrap();
    }
    body
}
