// Reads lines of `kind hex`: octets of a request or a response. Writes what hyper makes of each:
// `accept`, `reject` or `incomplete`, one a line. The input ends behind the octets.
use hyper::body::HttpBody;
use hyper::{Body, Request, Response};
use std::error::Error;
use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

fn outcome_of(error: &hyper::Error) -> &'static str {
    if error.is_incomplete_message() {
        return "incomplete";
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(io) = one.downcast_ref::<std::io::Error>() {
            if io.kind() == std::io::ErrorKind::UnexpectedEof {
                return "incomplete";
            }
        }
        cause = one.source();
    }
    "reject"
}

async fn consume(mut body: Body) -> &'static str {
    while let Some(data) = body.data().await {
        if let Err(error) = data {
            return outcome_of(&error);
        }
    }
    match body.trailers().await {
        Ok(_) => "accept",
        Err(error) => outcome_of(&error),
    }
}

async fn response(octets: Vec<u8>) -> &'static str {
    let (near, far) = tokio::io::duplex(1 << 20);
    tokio::spawn(feed(far, octets, true));
    let (mut sender, connection) = match hyper::client::conn::handshake(near).await {
        Ok(pair) => pair,
        Err(_) => return "reject",
    };
    tokio::spawn(connection);
    let request = Request::builder().uri("/").header("Host", "a").body(Body::empty()).unwrap();
    match sender.send_request(request).await {
        Ok(response) => consume(response.into_body()).await,
        Err(error) => outcome_of(&error),
    }
}

async fn request(octets: Vec<u8>) -> &'static str {
    let (near, far) = tokio::io::duplex(1 << 20);
    tokio::spawn(feed(far, octets, false));
    let seen: Arc<Mutex<Option<&'static str>>> = Arc::new(Mutex::new(None));
    let first = seen.clone();
    let service = hyper::service::service_fn(move |request: Request<Body>| {
        let first = first.clone();
        async move {
            let outcome = consume(request.into_body()).await;
            first.lock().unwrap().get_or_insert(outcome);
            Ok::<_, hyper::Error>(Response::new(Body::empty()))
        }
    });
    let mut server = hyper::server::conn::Http::new();
    let result = server.http1_half_close(true).serve_connection(near, service).await;
    let outcome = *seen.lock().unwrap();
    match (outcome, result) {
        (Some(outcome), _) => outcome,
        (None, Err(error)) => outcome_of(&error),
        (None, Ok(())) => "incomplete",
    }
}

async fn feed(mut far: DuplexStream, octets: Vec<u8>, waits: bool) {
    let mut room = [0u8; 4096];
    if waits {
        let _ = far.read(&mut room).await;
    }
    let _ = far.write_all(&octets).await;
    let _ = far.shutdown().await;
    while let Ok(n) = far.read(&mut room).await {
        if n == 0 {
            break;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let stdout = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (kind, hex) = line.split_once(' ').unwrap();
        let octets = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let limit = Duration::from_secs(2);
        let outcome = match kind {
            "request" => tokio::time::timeout(limit, request(octets)).await,
            _ => tokio::time::timeout(limit, response(octets)).await,
        };
        writeln!(stdout.lock(), "{}", outcome.unwrap_or("hang")).unwrap();
    }
}
