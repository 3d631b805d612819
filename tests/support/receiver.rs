//! A receiver of what actions send: it keeps every request, and answers as it was told.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(missing_docs, reason = "for tests")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Came {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|it| it.0 == name).map_or("", |it| it.1.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub after: Duration,
}

pub fn reply(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: String::new(), after: Duration::ZERO }
}

#[derive(Default)]
struct Inside {
    came: Vec<Came>,
    replies: VecDeque<Reply>,
    always: Option<Reply>,
}

/// A receiver on a port of this machine.
pub struct Receiver {
    pub address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    _runtime: tokio::runtime::Runtime,
}

impl Receiver {
    pub fn new() -> Receiver {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let inside: Arc<Mutex<Inside>> = Arc::default();
        let state = Arc::clone(&inside);
        let router = Router::new().fallback(move |request: Request| answer(Arc::clone(&state), request));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        Receiver { address, inside, _runtime: runtime }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next requests so, one after the other, and then with 204 or what holds always.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.inside.lock().unwrap().replies.extend(replies);
    }

    /// Answers so from now on.
    pub fn always(&self, reply: Reply) {
        self.inside.lock().unwrap().always = Some(reply);
    }

    pub fn came(&self) -> Vec<Came> {
        self.inside.lock().unwrap().came.clone()
    }

    pub fn n(&self) -> usize {
        self.inside.lock().unwrap().came.len()
    }

    /// Waits until so many requests came.
    #[track_caller]
    pub fn until(&self, n: usize) -> Vec<Came> {
        let until = Instant::now() + Duration::from_secs(30);
        while self.n() < n {
            assert!(Instant::now() < until, "{} of {n} requests came", self.n());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.came()
    }
}

async fn answer(inside: Arc<Mutex<Inside>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap().to_vec();
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let came = Came {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers.iter().map(header).collect(),
        body,
        at: Instant::now(),
    };
    let reply = {
        let mut inside = inside.lock().unwrap();
        inside.came.push(came);
        let next = inside.replies.pop_front();
        next.or_else(|| inside.always.clone()).unwrap_or_else(|| reply(204))
    };
    tokio::time::sleep(reply.after).await;
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap());
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
