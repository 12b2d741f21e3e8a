//! One connection: its handshake, then one request and answer after another.

use std::{io, sync::atomic::Ordering, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{Fault, HUGE, Length, Way};
use crate::server::Socket;

/// Read and passed on at once.
const BUFFER: usize = 64 * 1024;

/// An error is a connection that ended, whoever ended it.
pub(super) async fn serve(mut client: TcpStream, way: &Way) -> io::Result<()> {
    let begun_under = way.at_connection();
    let acceptor = match (&begun_under, &way.tls) {
        (Some(Fault::Reset), _) => {
            client.readable().await?;
            return reset(&client);
        }
        (Some(Fault::Silence), _) => return swallow(&mut client).await,
        (_, None) => return exchange(client, way, false).await,
        (Some(Fault::Certificate(wrong)), Some(tls)) => tls.wrong(*wrong),
        (_, Some(tls)) => &tls.proper,
    };
    let trusts_wrong = matches!(begun_under, Some(Fault::Certificate(_)));
    exchange(acceptor.accept(client).await?, way, trusts_wrong).await
}

/// Passes requests and answers on until a fault says otherwise, or one side ends. Whoever trusts a wrong certificate is served,
/// so that a test sees it.
async fn exchange(mut client: impl Socket, way: &Way, trusts_wrong: bool) -> io::Result<()> {
    let mut service = TcpStream::connect(way.service).await?;
    let mut trouble = way.trouble.subscribe();
    let (mut question, mut answer) = (vec![0; BUFFER], vec![0; BUFFER]);
    let mut fault = None;
    loop {
        tokio::select! {
            read = client.read(&mut question) => {
                let Some(question) = taken(&question, read?) else { return Ok(()) };
                if let Some(path) = path(question) {
                    fault = way.at_request(path);
                }
                match &fault {
                    Some(Fault::Reset) => return reset(&client),
                    Some(Fault::Certificate(_)) if !trusts_wrong => return client.shutdown().await,
                    Some(Fault::Silence) => return swallow(&mut client).await,
                    Some(Fault::Redirect(location)) => return redirect(client, location).await,
                    Some(Fault::Huge(length)) => return huge(client, way, *length).await,
                    _ => service.write_all(question).await?,
                }
            }
            read = service.read(&mut answer) => {
                let Some(answer) = taken(&answer, read?) else { return client.shutdown().await };
                match fault {
                    Some(Fault::Late(delay)) => {
                        sleep(delay).await;
                        fault = None;
                        send(&mut client, answer).await?;
                    }
                    Some(Fault::CutOff) => {
                        let (half, _) = answer.split_at(answer.len() / 2);
                        return send(&mut client, half).await;
                    }
                    Some(Fault::Drip(pause)) => drip(&mut client, answer, pause).await?,
                    _ => send(&mut client, answer).await?,
                }
            }
            changed = trouble.changed() => {
                changed.map_err(io::Error::other)?;
                if way.ends_connections() {
                    return client.shutdown().await;
                }
            }
        }
    }
}

/// The bytes that were read; nothing at the end.
fn taken(buffer: &[u8], length: usize) -> Option<&[u8]> {
    buffer.get(..length).filter(|bytes| !bytes.is_empty())
}

/// The path of the request that begins here, if one does. Neither a form nor JSON begins like a request, and clients that
/// wait for each answer begin each request with a piece of its own.
fn path(piece: &[u8]) -> Option<&str> {
    let line = piece.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_request = matches!(method, "GET" | "POST") && version == "HTTP/1.1";
    is_request.then(|| target.split('?').next().unwrap_or(target))
}

async fn send(client: &mut impl Socket, bytes: &[u8]) -> io::Result<()> {
    client.write_all(bytes).await?;
    client.flush().await
}

async fn drip(client: &mut impl Socket, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        send(client, &[*byte]).await?;
        sleep(pause).await;
    }
    Ok(())
}

async fn redirect(mut client: impl Socket, location: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    send(&mut client, head.as_bytes()).await?;
    client.shutdown().await?;
    swallow(&mut client).await
}

async fn huge(mut client: impl Socket, way: &Way, length: Length) -> io::Result<()> {
    let framing = match length {
        Length::Announced => format!("content-length: {HUGE}"),
        Length::Unknown => "transfer-encoding: chunked".to_owned(),
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{framing}\r\n\r\n");
    send(&mut client, head.as_bytes()).await?;
    let body = vec![b'['; BUFFER];
    let piece = match length {
        Length::Announced => body,
        Length::Unknown => [format!("{BUFFER:x}\r\n").as_bytes(), &body, b"\r\n"].concat(),
    };
    for _ in 0..HUGE / BUFFER as u64 {
        send(&mut client, &piece).await?;
        way.sent.fetch_add(BUFFER as u64, Ordering::Relaxed);
    }
    if length == Length::Unknown {
        send(&mut client, b"0\r\n\r\n").await?;
    }
    swallow(&mut client).await
}

/// Takes what comes and says nothing, until the client ends.
async fn swallow(client: &mut impl Socket) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    while client.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// The connection ends with a reset instead of an orderly end, once it is dropped.
fn reset(client: &impl Socket) -> io::Result<()> {
    client.socket().set_zero_linger()
}
