//! What the commands share that use the store of the configuration, while the service may run or not.

use anyhow::Context as _;

use crate::config::Config;
use crate::service::app::now;
use crate::service::shelf::Shelf;
use crate::service::start::shelf;
use crate::store::{Options, Store};

/// The store; its tables are not changed.
pub async fn open(config: &Config) -> anyhow::Result<Store> {
    let options =
        Options { max_connections: 2, acquire_timeout: config.store.acquire_timeout.duration(), migrate: false };
    Ok(Store::open(&config.database_url(), &options).await?)
}

/// The store, and the suites that are active.
pub async fn open_with_suites(config: &Config) -> anyhow::Result<(Store, Shelf)> {
    let store = open(config).await?;
    let shelf = shelf(config, &store).await?;
    shelf.reload(&store, now()).await.context("the suites")?;
    Ok((store, shelf))
}

/// Does something with the store.
pub fn with<T>(config: &Config, work: impl AsyncFnOnce(Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { work(open(config).await?).await })
}

/// Does something that blocks a thread for a while, which a runtime of one thread does not allow.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}
