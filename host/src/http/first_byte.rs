//! Connections that are opened and say nothing.
//!
//! The server waits for the first bytes to tell HTTP/1 from HTTP/2, and its own clock begins behind that.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Accepts as another acceptor does, and ends what is silent from the beginning.
#[derive(Clone, Debug)]
pub struct Unsilent<A> {
    /// The other.
    pub acceptor: A,
    /// How long the first byte may take.
    pub pause: Duration,
}

/// A connection whose first byte is waited for.
pub struct FirstByte<S> {
    stream: S,
    /// Until the first byte came.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<I, S, A> Accept<I, S> for Unsilent<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = FirstByte<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepted, pause) = (self.acceptor.accept(stream, service), self.pause);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((FirstByte { stream, deadline: Some(Box::pin(sleep(pause))) }, service))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstByte<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match (&mut self.deadline, &read) {
            (Some(deadline), Poll::Pending) => {
                ready!(deadline.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was asked")))
            }
            (deadline, Poll::Ready(_)) => {
                *deadline = None;
                read
            }
            (None, Poll::Pending) => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstByte<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context,
        slices: &[io::IoSlice],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
