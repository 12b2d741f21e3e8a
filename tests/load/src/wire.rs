//! HTTP/1.1 on a socket, as little of it as keeps the driver cheaper than what it drives: whole messages with a
//! `Content-Length`, which is all that the handler and the comparisons send.

use std::{io, net::SocketAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Nobody waits longer for one message, so that every run ends.
const PATIENCE: Duration = Duration::from_mins(1);
/// No head is longer.
const LONGEST_HEAD: usize = 64 * 1024;

/// One end of a connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    received: BytesMut,
}

/// One request or response, whole.
pub(crate) struct Message {
    bytes: Bytes,
    body_at: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        Self::over(stream)
    }

    pub(crate) fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: BytesMut::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> io::Result<Message> {
        let answer = async {
            self.send(request).await?;
            self.receive().await
        };
        timeout(PATIENCE, answer).await?
    }

    pub(crate) async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message).await
    }

    pub(crate) async fn receive(&mut self) -> io::Result<Message> {
        let body_at = loop {
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if self.received.len() > LONGEST_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.more().await?;
        };
        let length = header(&self.received[..body_at], "content-length").map_or(Some(0), |length| length.parse().ok());
        let end = body_at + length.unwrap_or(0_usize);
        while self.received.len() < end {
            self.more().await?;
        }
        Ok(Message { bytes: self.received.split_to(end).freeze(), body_at })
    }

    /// Whether the other end has closed while nothing was under way.
    pub(crate) fn is_over(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    async fn more(&mut self) -> io::Result<()> {
        self.received.reserve(16 * 1024);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Message {
    /// As it was on the wire.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }

    /// Of a response; 0 for anything else.
    pub(crate) fn status(&self) -> u16 {
        let code = self.bytes.get(9..12).and_then(|code| str::from_utf8(code).ok());
        code.and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.bytes[..self.body_at], name)
    }

    /// For a report of what went wrong.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.bytes).chars().take(600).collect()
    }
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = str::from_utf8(head).ok()?.split("\r\n").skip(1);
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A POST as JSON with a bearer token.
pub(crate) fn post(headers: &[(&str, &str)], token: &str, body: &str) -> Bytes {
    let mut request = format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.extend(["\r\n", body]);
    request.into()
}

/// A GET without a token.
pub(crate) fn get(path: &str) -> Bytes {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into()
}
