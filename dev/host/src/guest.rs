//! The state of one run of one component: a fresh one for every request and every tick, dropped at
//! its end.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::app::{App, Component};
use crate::http_out::Outbound;
use crate::instruments::Instruments;

/// Most handles of one kind a run may have open, as in Spin.
pub const HANDLES_MAX: usize = 256;

/// What a `Store` holds.
pub struct Guest {
    /// The application it belongs to.
    pub app: Arc<App>,
    /// The component that runs.
    pub component: Arc<Component>,
    /// Its host calls.
    pub instruments: Instruments,
    /// Its resources.
    pub table: ResourceTable,
    /// SQLite handles open now.
    pub connections_open: usize,
    /// PostgreSQL handles open now.
    pub databases_open: usize,
    /// Redis connections open now.
    pub redis_open: usize,
    /// Key-value handles open now.
    pub stores_open: usize,
    /// Its requests to elsewhere.
    pub outbound: Outbound,
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

impl Guest {
    /// A guest about to run. Only an HTTP trigger lets it call itself and its siblings.
    pub fn new(app: &Arc<App>, component: &Arc<Component>, by_http: bool) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.envs(&component.environment);
        wasi.stdout(component.stdout.clone());
        wasi.stderr(component.stderr.clone());
        let mut instruments = Instruments::default();
        if let Some(control) = &app.control {
            instruments.arm(control.settings.armed(&component.id));
        }
        Self {
            app: app.clone(),
            component: component.clone(),
            instruments,
            table: ResourceTable::new(),
            connections_open: 0,
            databases_open: 0,
            redis_open: 0,
            stores_open: 0,
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: Outbound::new(app, component, by_http),
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}
