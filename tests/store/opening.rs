//! To open a store, at the first time and later.

use driftline::store::rows::{Filter, Retention, VersionRow};
use driftline::store::{Error, Options, Store};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::database::{self, Database};
use crate::open;
use crate::rows::{BEGIN, batch, result};

pub async fn execute(database: &Database, sql: &str) {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if database.url.starts_with("sqlite") {
        SqliteConnection::connect(&database.url).await.unwrap().execute(sql).await.unwrap();
    } else {
        PgConnection::connect(&database.url).await.unwrap().execute(sql).await.unwrap();
    }
}

pub async fn migrations_run_by_two_at_once_do_not_clash(database: Database) {
    let options = Options::default();
    let opening = (0..8).map(|_| {
        let (url, options) = (database.url.clone(), options.clone());
        tokio::spawn(async move { Store::open(&url, &options).await })
    });
    for opening in opening.collect::<Vec<_>>() {
        let store = opening.await.unwrap().unwrap();
        assert_eq!(store.schema_version().await.unwrap(), 1);
        store.commit(&batch(vec![result(BEGIN)])).await.unwrap();
    }
}

#[test]
fn many_processes_may_start_on_a_new_file_at_once() {
    crate::block_on(async {
        for _ in 0..15 {
            let database = database::sqlite();
            let opening = (0..8).map(|_| {
                let url = database.url.clone();
                tokio::spawn(async move { Store::open(&url, &Options::default()).await.map(|_| ()) })
            });
            for opening in opening.collect::<Vec<_>>() {
                opening.await.unwrap().unwrap();
            }
        }
    });
}

pub async fn tables_must_be_there_unless_asked_for(database: Database) {
    let asked = Options::default();
    let not_asked = Options { migrate: false, ..Options::default() };
    let error = Store::open(&database.url, &not_asked).await.unwrap_err();
    if database.url.starts_with("postgres") {
        assert!(matches!(error, Error::Schema { found: 0, .. }), "{error:?}");
        assert!(error.to_string().contains("`driftline migrate`"), "{error}");
    } else {
        assert!(error.to_string().contains("driftline.db"), "{error}");
    }
    Store::open(&database.url, &asked).await.unwrap().close().await;
    Store::open(&database.url, &not_asked).await.unwrap().ping().await.unwrap();
    execute(&database, "UPDATE _sqlx_migrations SET version = 0").await;
    let error = Store::open(&database.url, &not_asked).await.unwrap_err();
    assert!(error.to_string().contains("`driftline migrate`"), "{error}");
    assert!(!error.is_transient());
}

pub async fn newer_tables_are_refused(database: Database) {
    open(&database).await.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        SELECT 99, 'later', success, checksum, 0 FROM _sqlx_migrations";
    execute(&database, newer).await;
    for migrate in [true, false] {
        let error = Store::open(&database.url, &Options { migrate, ..Options::default() }).await.unwrap_err();
        assert!(matches!(error, Error::Schema { found: 99, wanted: 1 }), "{error:?}");
        assert!(error.to_string().contains("newer Driftline"), "{error}");
    }
}

pub async fn a_store_is_opened_again(database: Database) {
    let store = open(&database).await;
    store.ping().await.unwrap();
    store.commit(&batch(vec![result(BEGIN)])).await.unwrap();
    store.close().await;
    assert!(store.ping().await.is_err());
    let store = open(&database).await;
    assert_eq!(store.results(&Filter::default(), None, 9).await.unwrap().len(), 1);
}

/// Handlers of requests are spawned: this test is that it compiles.
#[test]
fn every_answer_may_be_awaited_on_any_thread() {
    fn check(_: impl Future + Send) {}
    let check_all = |store: &Store, version: &VersionRow, filter: &Filter, retention: &Retention| {
        check(store.close());
        check(store.ping());
        check(store.schema_version());
        check(store.results(filter, None, 1));
        check(store.result(Uuid::nil()));
        check(store.failures(filter, None, 1));
        check(store.stats(filter, 60));
        check(store.key("", ""));
        check(store.put_version(version));
        check(store.activate("", "", "", 0));
        check(store.deactivate("", "", 0));
        check(store.active());
        check(store.versions(""));
        check(store.version("", ""));
        check(store.prune(0, retention));
    };
    let _ = check_all;
}

#[test]
fn errors_do_not_show_the_password() {
    let urls = [
        "postgres://ann:s3cret@127.0.0.1:1/drift",
        "postgres://ann:s3cret@127.0.0.1:notaport/drift",
        "postgres://ann:s3cr%zzet@/drift?sslmode=unheard_of",
        "postgres://ann:s3cret@[::1/drift",
        "mysql://ann:s3cret@host/drift",
        "ann:s3cret@host/drift",
        "postgres://127.0.0.1:1/drift?user=ann&password=s3cret",
        "sqlite://ann:s3cret@/nowhere/at/all.db",
    ];
    crate::block_on(async {
        let options = Options { acquire_timeout: std::time::Duration::from_secs(2), ..Options::default() };
        for url in urls {
            let error = Store::open(url, &options).await.unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
            assert!(!error.to_string().contains("s3cr%zzet"), "{error}");
        }
    });
}

#[test]
fn a_store_says_nothing_of_its_password_when_debugged() {
    let database = database::postgres();
    crate::block_on(async {
        let url = database.url.replace("driftline@", "driftline:s3cret@");
        let store = Store::open(&url, &Options::default()).await.unwrap();
        assert_eq!(format!("{store:?}"), "Store::Postgres");
    });
}

#[test]
fn a_database_in_memory_is_refused() {
    crate::block_on(async {
        for url in ["sqlite::memory:", "sqlite://file?mode=memory"] {
            let error = Store::open(url, &Options::default()).await.unwrap_err();
            assert!(error.to_string().contains("name a file"), "{error}");
        }
    });
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let database = database::postgres();
    let name = format!("driftline_latin_{}", std::process::id());
    database::run(&database.url, &format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"));
    let (before, query) = database.url.split_once('?').map_or((database.url.as_str(), ""), |it| it);
    let (server, _) = before.rsplit_once('/').unwrap();
    let url = format!("{server}/{name}?{query}");
    crate::block_on(async {
        let error = Store::open(&url, &Options::default()).await.unwrap_err();
        assert!(error.to_string().contains("UTF8"), "{error}");
    });
    database::run(&database.url, &format!("DROP DATABASE {name} WITH (FORCE)"));
}
