//! The load: keep-alive connections that send prepared requests and look at nothing but status and length.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Writes the bytes of the next request.
pub type Requests = Arc<dyn Fn(&mut Vec<u8>, &mut Dice) + Send + Sync>;

/// A cheap source of numbers, a different one for each connection.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(bound)).unwrap_or(0)
    }
}

/// What is sent where.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// What it is asked.
    pub requests: Requests,
    /// The status of every answer.
    pub status: u16,
}

/// What came back.
#[derive(Debug)]
pub struct Answers {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Of each request, ascending.
    pub latencies: Vec<Duration>,
}

/// The same request again and again.
pub fn same(request: Vec<u8>) -> Requests {
    Arc::new(move |buffer, _| buffer.extend_from_slice(&request))
}

/// Sends requests on so many connections for that long. One thread of its own does it all.
pub fn drive(target: &Target, connections: usize, length: Duration) -> anyhow::Result<Answers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for number in 0..connections {
            let dice =
                Dice(0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1) << 32 ^ u64::from(began.elapsed().subsec_nanos()));
            tasks.spawn(connection(target.clone(), dice, began + length));
        }
        let mut latencies = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            latencies.extend(ended??);
        }
        let elapsed = began.elapsed();
        latencies.sort_unstable();
        ensure!(!latencies.is_empty(), "no request was answered");
        Ok(Answers { elapsed, latencies })
    })
}

async fn connection(target: Target, mut dice: Dice, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(target.address).await.context("the server cannot be reached")?;
    stream.set_nodelay(true)?;
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    let mut latencies = Vec::with_capacity(100_000);
    loop {
        let began = Instant::now();
        if began >= until {
            return Ok(latencies);
        }
        request.clear();
        (target.requests)(&mut request, &mut dice);
        let status = exchange(&mut stream, &request, &mut answer).await?;
        if status != target.status {
            bail!("answered with {status}: {}", String::from_utf8_lossy(&answer));
        }
        latencies.push(began.elapsed());
    }
}

/// Sends one request and reads its answer; returns the status.
pub async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> anyhow::Result<u16> {
    stream.write_all(request).await?;
    answer.clear();
    loop {
        ensure!(stream.read_buf(answer).await? > 0, "the server closed the connection");
        let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&answer[..head])?;
        let status = text.get(9..12).context("no status")?.parse()?;
        let length: usize = match text.split("\r\ncontent-length: ").nth(1) {
            Some(rest) => rest.split("\r\n").next().unwrap_or_default().parse()?,
            None => 0,
        };
        let total = head + 4 + length;
        while answer.len() < total {
            ensure!(stream.read_buf(answer).await? > 0, "the server closed the connection");
        }
        return Ok(status);
    }
}

/// One request on a connection of its own; returns the body of a successful answer.
pub fn once(address: SocketAddr, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await?;
        let mut answer = Vec::new();
        let status = exchange(&mut stream, request, &mut answer).await?;
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(0);
        ensure!((200..300).contains(&status), "answered with {status}: {}", String::from_utf8_lossy(&answer));
        Ok(answer.split_off(head + 4))
    })
}

/// A request without a body.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\r\n").into_bytes()
}

/// A request with a body. `authorization`: the header's value.
pub fn post(path: &str, authorization: &str, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nauthorization: {authorization}\r\n\
         content-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A form as clients post it.
pub fn form(path: &str, authorization: &str, body: &str) -> Vec<u8> {
    post(path, authorization, "application/x-www-form-urlencoded", body)
}
