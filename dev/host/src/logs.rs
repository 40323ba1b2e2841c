//! What guests print, and the line per run that `--log requests` prints.

use std::fs::{File, OpenOptions};
use std::io::{Error, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context, Result};
use bytes::Bytes;
use serde::Serialize;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::instruments::{Call, Counts};

/// One output of one component: appended to a file and, unless quiet, echoed to standard error.
#[derive(Clone)]
pub struct GuestOutput {
    file: Arc<File>,
    echo: bool,
}

impl GuestOutput {
    /// Opens `<folder>/<component>_<stream>.txt`. One open file serves every run; each guest write
    /// is one write to it, so lines of concurrent runs do not mix.
    pub fn open(folder: &Path, component: &str, stream: &str, echo: bool) -> Result<Self> {
        let path = folder.join(format!("{component}_{stream}.txt"));
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { file: Arc::new(file), echo })
    }

    fn put(&self, bytes: &[u8]) -> std::io::Result<()> {
        (&*self.file).write_all(bytes)?;
        if self.echo {
            std::io::stderr().write_all(bytes)?;
        }
        Ok(())
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // Written in place: the adapter's background task would still be writing when a short guest is
    // gone.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

impl AsyncWrite for GuestOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Error>> {
        Poll::Ready(self.put(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

/// The line one run leaves behind.
#[derive(Debug, Serialize)]
pub struct RunLine<'a> {
    /// When it ended, epoch milliseconds.
    pub at_ms: i64,
    /// Which component ran.
    pub component: &'a str,
    /// `http` or `cron`.
    pub trigger: &'static str,
    /// The request's method; empty for cron.
    pub method: &'a str,
    /// The request's path, without its query (a query may carry a token); the expression for cron.
    pub path: &'a str,
    /// From the start to the end of the guest, which may be later than the response.
    pub micros: u64,
    /// `ok` or why it failed.
    pub outcome: String,
    /// All host calls, those after the response included.
    pub counts: Counts,
    /// Each of them in order.
    pub calls: Vec<Call>,
}

impl RunLine<'_> {
    /// Prints the line on standard output.
    pub fn print(&self) {
        match serde_json::to_string(self) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("till: a run's line cannot be written: {error}"),
        }
    }
}
