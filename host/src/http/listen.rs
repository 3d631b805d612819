//! The socket: plain HTTP or TLS, and its end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::ServiceExt;
use axum::extract::Request;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use tokio::task::JoinHandle;

use super::clock::Clock;
use super::first_byte::Unsilent;
use super::frame::Framed;
use super::router;
use crate::service::app::App;

/// A socket that is listened on.
pub struct Listening {
    /// Its address; of port 0 the port that was found.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    server: JoinHandle<io::Result<()>>,
}

/// Takes an address, so that nothing else is begun where it is taken already.
pub fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let socket = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    socket.set_nonblocking(true).with_context(|| format!("cannot listen on {address}"))?;
    Ok(socket)
}

/// Answers on a socket. Connections wait for the head of a request for `pause`; `tls` are the files of the certificate and its key.
pub async fn listen(
    app: Arc<App>,
    socket: TcpListener,
    pause: Duration,
    tls: Option<(&Path, &Path)>,
) -> anyhow::Result<Listening> {
    let handle = Handle::new();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let router = ServiceExt::<Request>::into_make_service(Framed { scheme, ..router(app) });
    // A batch is answered in pieces, which must not wait for each other's acknowledgement.
    let plain = NoDelayAcceptor::new();
    let server = match tls {
        Some((certificate, key)) => {
            // Another provider may have been installed by whoever embeds the service.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let files = RustlsConfig::from_pem_file(certificate, key).await;
            let files = files.with_context(|| format!("the certificate {} and its key", certificate.display()))?;
            let acceptor = Unsilent { acceptor: RustlsAcceptor::new(files).acceptor(plain), pause };
            let server = bounded(axum_server::from_tcp(socket)?, pause);
            tokio::spawn(server.acceptor(acceptor).handle(handle.clone()).serve(router))
        }
        None => {
            let server = bounded(axum_server::from_tcp(socket)?, pause);
            tokio::spawn(server.acceptor(Unsilent { acceptor: plain, pause }).handle(handle.clone()).serve(router))
        }
    };
    let Some(found) = handle.listening().await else {
        let error = server.await.context("the server")?.err();
        bail!("cannot listen: {}", error.map_or_else(String::new, |it| it.to_string()));
    };
    Ok(Listening { address: found, handle, server })
}

/// Headers that do not come within `pause` end their connection: whoever sends one byte a minute, a thousand
/// times at once, must not hold a thousand connections.
fn bounded(mut server: Server<SocketAddr>, pause: Duration) -> Server<SocketAddr> {
    let (http, clock) = (server.http_builder(), Clock::default());
    http.http1().timer(clock.clone()).header_read_timeout(pause);
    http.http2().timer(clock).keep_alive_interval(pause).keep_alive_timeout(pause);
    server
}

impl Listening {
    /// Takes no more connections, and lets running requests end within `grace`.
    pub async fn stop(self, grace: Duration) -> anyhow::Result<()> {
        self.handle.graceful_shutdown(Some(grace));
        self.server.await.context("the server")?.context("the server")
    }
}
