//! A stand-in for what distributes calls to instances: each call to the next instance, an instance that is gone is passed
//! over, and a call that was under way on it is answered with 502 and never repeated.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::wire::Connection;

/// Serves until it is dropped.
pub(crate) struct RoundRobin {
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for RoundRobin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl RoundRobin {
    pub(crate) async fn over(instances: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (instances, turn) = (Arc::new(instances), Arc::new(AtomicUsize::new(0)));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (instances, turn) = (instances.clone(), turn.clone());
                tokio::spawn(async move {
                    // ends when the caller has gone
                    let _ = serve(stream, &instances, &turn).await;
                });
            }
        });
        Ok(Self { address, serving })
    }
}

async fn serve(stream: TcpStream, instances: &[SocketAddr], turn: &AtomicUsize) -> io::Result<()> {
    let mut caller = Connection::over(stream)?;
    let mut connections: Vec<Option<Connection>> = instances.iter().map(|_| None).collect();
    loop {
        let request = caller.receive().await?;
        let first = turn.fetch_add(1, Relaxed);
        match one_of(&mut connections, instances, first).await {
            None => caller.send(&refusal("503 Service Unavailable")).await?,
            Some(slot) => {
                let answer = match slot {
                    Some(connection) => connection.call(request.bytes()).await,
                    None => Err(io::ErrorKind::NotConnected.into()),
                };
                if let Ok(answer) = answer {
                    caller.send(answer.bytes()).await?;
                } else {
                    *slot = None;
                    caller.send(&refusal("502 Bad Gateway")).await?;
                }
            }
        }
    }
}

/// A connection to the instance whose turn it is, or to the next that can be reached.
async fn one_of<'a>(
    connections: &'a mut [Option<Connection>],
    instances: &[SocketAddr],
    first: usize,
) -> Option<&'a mut Option<Connection>> {
    for step in 0..instances.len() {
        let index = (first + step) % instances.len();
        let slot = &mut connections[index];
        if slot.as_ref().is_none_or(Connection::is_over) {
            *slot = Connection::open(instances[index]).await.ok();
        }
        if slot.is_some() {
            return connections.get_mut(index);
        }
    }
    None
}

fn refusal(status: &str) -> Bytes {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into()
}
