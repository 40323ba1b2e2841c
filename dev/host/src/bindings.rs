//! Generated from the WIT texts: what guests import (`wit/`) and what a cron guest exports
//! (`wit/spin-cron.wit` at the root of the repository, which the guest side is generated from as
//! well).

#[expect(missing_docs, reason = "generated")]
mod host {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "edgetill:till/host",
        imports: { default: async | trappable },
        with: {
            "fermyon:spin/key-value.store": crate::kv::OpenStore,
            "fermyon:spin/redis.connection": crate::redis_out::OpenRedis,
            "spin:postgres/postgres.connection": crate::postgres::OpenDatabase,
            "spin:sqlite/sqlite.connection": crate::sqlite::OpenConnection,
        },
    });
}

/// The cron world.
#[expect(missing_docs, reason = "generated")]
pub mod cron {
    wasmtime::component::bindgen!({
        path: "../../wit/spin-cron.wit",
        world: "spin-cron",
        exports: { default: async },
    });
}

pub use host::Host_ as HostWorld;
pub use host::fermyon::spin::{key_value, redis, variables};
pub use host::spin::postgres::postgres;
pub use host::spin::sqlite::sqlite;
