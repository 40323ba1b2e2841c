//! wasmtime, set up as Spin sets it up, and compiled code kept on disk so that a start costs
//! milliseconds.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::bindings::{key_value, postgres, redis, sqlite, variables};
use crate::guest::Guest;
use crate::http_out;

/// Most component instances alive at once: Spin's default, and part of its behaviour (the next one
/// is a 500).
const INSTANCES_MAX: u32 = 1_000;

/// The engine, its linker and the folder with compiled code.
pub struct Compiler {
    engine: Engine,
    linker: Linker<Guest>,
    cache: PathBuf,
}

impl Compiler {
    /// An engine whose compiled code is kept in `cache`.
    pub fn new(cache: &Path) -> Result<Self> {
        std::fs::create_dir_all(cache)
            .with_context(|| format!("cannot make {}", cache.display()))?;
        let engine = match Engine::new(&config(true)) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!(
                    "till: no pooling allocator here ({error:#}); every instance allocates for \
                     itself"
                );
                Engine::new(&config(false))?
            }
        };
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        http_out::add_to_linker(&mut linker)?;
        key_value::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        redis::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        variables::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        postgres::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        sqlite::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        Ok(Self { engine, linker, cache: cache.to_path_buf() })
    }

    /// Compiles a component, or takes it from the cache, and links it.
    pub fn load(&self, source: &Path) -> Result<wasmtime::component::InstancePre<Guest>> {
        let wasm = std::fs::read(source).with_context(|| {
            format!("cannot read {}; has the component been built?", source.display())
        })?;
        let compiled = self.cache.join(format!("{}.cwasm", self.key(&wasm)));
        let component = match self.cached(&compiled) {
            Some(component) => component,
            None => self.compile(source, &wasm, &compiled)?,
        };
        Ok(self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| error.context(source.display().to_string()))?)
    }

    fn cached(&self, compiled: &Path) -> Option<Component> {
        if !compiled.exists() {
            return None;
        }
        // SAFETY: the file was written by `compile` below under a name that holds the hash of the
        // wasm and of everything of this engine that compiled code depends on; wasmtime checks its
        // own header besides. Whoever can write to the state folder can already replace the
        // components themselves.
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        let loaded = unsafe { Component::deserialize_file(&self.engine, compiled) };
        loaded
            .inspect_err(|error| eprintln!("till: {} is not used: {error:#}", compiled.display()))
            .ok()
    }

    fn compile(&self, source: &Path, wasm: &[u8], compiled: &Path) -> Result<Component> {
        let begun = std::time::Instant::now();
        let component = Component::from_binary(&self.engine, wasm)
            .map_err(|error| error.context(source.display().to_string()))?;
        eprintln!("till: compiled {} in {} ms", source.display(), begun.elapsed().as_millis());
        // Renamed into place, so that a second till never maps half a file.
        let partial = compiled.with_extension(format!("{}.partial", std::process::id()));
        std::fs::write(&partial, component.serialize()?)
            .with_context(|| format!("cannot write {}", partial.display()))?;
        std::fs::rename(&partial, compiled)
            .with_context(|| format!("cannot name {}", compiled.display()))?;
        Ok(component)
    }

    /// Names compiled code by the wasm and by what of the engine (version, target, settings) it
    /// depends on.
    fn key(&self, wasm: &[u8]) -> String {
        struct Feed(Sha256);
        impl Hasher for Feed {
            fn write(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }
            fn finish(&self) -> u64 {
                0
            }
        }
        let mut feed = Feed(Sha256::new_with_prefix(wasm));
        self.engine.precompile_compatibility_hash().hash(&mut feed);
        feed.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn config(pooling: bool) -> Config {
    let mut config = Config::new();
    config.native_unwind_info(false);
    if pooling {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(INSTANCES_MAX)
            .total_memories(INSTANCES_MAX)
            .total_tables(2 * INSTANCES_MAX)
            .total_stacks(INSTANCES_MAX)
            .total_core_instances(4 * INSTANCES_MAX)
            .table_elements(100_000)
            .max_component_instance_size(10 << 20)
            .max_core_instance_size(10 << 20)
            .max_core_instances_per_component(200)
            .max_tables_per_component(64)
            .max_memories_per_component(32)
            .max_tables_per_module(2)
            .max_memories_per_module(2)
            .max_memory_size(4 << 30)
            .linear_memory_keep_resident(2 << 20)
            .table_keep_resident(512 << 10);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}
