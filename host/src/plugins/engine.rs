//! The WebAssembly engine with its settings, and the thread that counts time for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use super::guest::Guest;
use super::idle::AllIdle;
use super::limits::Limits;
use super::v0_1;

/// How often the engine's clock ticks; a call ends at most so much after its time.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// What all plugins of a process share: the engine, what it offers to guests, and the limits of the host.
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Linker<Guest>,
    pub(super) limits: Limits,
    pub(super) live: Arc<AtomicUsize>,
    /// Instances that nothing calls now; they go when there is no room for another.
    pub(super) idle: AllIdle,
    capacity: usize,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("limits", &self.limits).field("live", &self.live).finish_non_exhaustive()
    }
}

impl Runtime {
    /// An engine for at most `instances` instances at a time, and its clock. The error says what of it this
    /// machine does not allow.
    pub fn new(limits: Limits, instances: u32) -> Result<Arc<Runtime>, String> {
        let trouble = |it: wasmtime::Error| format!("the engine for plugins does not start: {it:#}");
        let engine = Engine::new(&config(&limits, instances)).map_err(trouble)?;
        let mut linker = Linker::new(&engine);
        v0_1::offer(&mut linker).map_err(trouble)?;
        tick(&engine).map_err(|it| format!("the clock for plugins does not start: {it}"))?;
        let (live, idle) = (Arc::default(), AllIdle::default());
        Ok(Arc::new(Runtime { engine, linker, limits, live, idle, capacity: instances as usize }))
    }

    /// Instances that exist now, warm ones included.
    pub fn instances(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Whether instances may go on waiting for work: beyond half of what the host allows, rules that are called need
    /// the room more than those that may be called again.
    pub(super) fn has_room_to_wait(&self) -> bool {
        self.instances() <= self.capacity / 2
    }

    /// The limits of the host.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Each setting with its reason; compiled code on disk is of other settings as soon as one changes.
fn config(limits: &Limits, instances: u32) -> Config {
    let mut config = Config::new();
    config
        // Instances come from slots that are prepared once: a third more throughput on two threads.
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits, instances)))
        // An endless loop ends. Fuel would count instructions and not time, for the same price.
        .epoch_interruption(true)
        // Recursion that does not end is found before it touches the caller's stack of 2 MB.
        .max_wasm_stack(512 << 10)
        // The same bits on every machine: a NaN's payload may not differ.
        .cranelift_nan_canonicalization(true)
        // Their results differ between processors.
        .wasm_relaxed_simd(false)
        .cranelift_opt_level(OptLevel::Speed)
        // Backtraces of guests would cost memory a plugin; a trap's reason is enough.
        .generate_address_map(false)
        // Code that is needed at once is compiled at once, on all cores.
        .parallel_compilation(true)
        // Nothing is called that waits, so no bookkeeping for tasks is needed in each call.
        .concurrency_support(false)
        // Memory that a plugin never touches is not there.
        .memory_init_cow(true);
    config
}

fn pool(limits: &Limits, instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        // A component is some core instances: its own code and the adapters of its toolchain.
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances.saturating_mul(2))
        .total_tables(instances.saturating_mul(4))
        .table_elements(limits.table_elements)
        .max_tables_per_module(8)
        .max_memory_size(usize::try_from(limits.memory).unwrap_or(usize::MAX))
        // What a module from Python needs for its functions and globals; the default is too small for it.
        .max_core_instance_size(8 << 20)
        .max_component_instance_size(8 << 20)
        // So much of a slot is wiped by hand when its instance goes, which is cheaper than asking the kernel.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10)
        .max_unused_warm_slots(16);
    pool
}

/// Moves the engine's epoch on until the engine is gone.
fn tick(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let run = move || {
        loop {
            thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    };
    thread::Builder::new().name("plugin-clock".to_owned()).spawn(run).map(drop)
}

/// Ticks after which a call has taken longer than `time`. One more, since the first may come at once.
pub(super) fn ticks(time: Duration) -> u64 {
    let whole = time.as_micros().div_ceil(TICK.as_micros());
    u64::try_from(whole).unwrap_or(u64::MAX / 2).saturating_add(1)
}
