//! The socket: plain HTTP or TLS, and its end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use tokio::task::JoinHandle;

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

/// Answers on a socket; `tls` are the files of the certificate and its key.
pub async fn listen(app: Arc<App>, socket: TcpListener, tls: Option<(&Path, &Path)>) -> anyhow::Result<Listening> {
    let handle = Handle::new();
    let router = router(app).into_make_service();
    // A batch is answered in pieces, which must not wait for each other's acknowledgement.
    let plain = NoDelayAcceptor::new();
    let server = match tls {
        Some((certificate, key)) => {
            // Another provider may have been installed by whoever embeds the service.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let files = RustlsConfig::from_pem_file(certificate, key).await;
            let files = files.with_context(|| format!("the certificate {} and its key", certificate.display()))?;
            let acceptor = RustlsAcceptor::new(files).acceptor(plain);
            tokio::spawn(axum_server::from_tcp(socket)?.acceptor(acceptor).handle(handle.clone()).serve(router))
        }
        None => tokio::spawn(axum_server::from_tcp(socket)?.acceptor(plain).handle(handle.clone()).serve(router)),
    };
    let Some(found) = handle.listening().await else {
        let error = server.await.context("the server")?.err();
        bail!("cannot listen: {}", error.map_or_else(String::new, |it| it.to_string()));
    };
    Ok(Listening { address: found, handle, server })
}

impl Listening {
    /// Takes no more connections, and lets running requests end within `grace`.
    pub async fn stop(self, grace: Duration) -> anyhow::Result<()> {
        self.handle.graceful_shutdown(Some(grace));
        self.server.await.context("the server")?.context("the server")
    }
}
