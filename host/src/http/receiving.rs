//! A receiver of what actions send, for a simulation that is its own receiver.

use std::net::SocketAddr;
use std::sync::mpsc::Sender;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that came.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// The path that it was sent to.
    pub path: String,
    /// `X-Driftline-Timestamp`; empty: there was none.
    pub timestamp: String,
    /// `X-Driftline-Signature`; empty: there was none.
    pub signature: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Receives on a free port of this machine, answers 204 to everything, and hands it on until the task is aborted.
pub async fn receive(to: Sender<Came>) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for what actions send")?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let header = |name| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        let came = Came {
            path: uri.path().to_owned(),
            timestamp: header("x-driftline-timestamp"),
            signature: header("x-driftline-signature"),
            body: body.to_vec(),
        };
        // When nobody listens any more the story is over, and nothing is owed to anyone.
        let _ = to.send(came);
        StatusCode::NO_CONTENT
    });
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::warn!(%error, "nothing that actions send is received any more");
        }
    });
    Ok((address, serving))
}
