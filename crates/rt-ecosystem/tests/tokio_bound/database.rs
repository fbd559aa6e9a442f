//! `sqlx` with SQLite in a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt, TryStreamExt};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Error, query, query_as, query_scalar};

use crate::runtimes::DEADLINE;
use crate::tokio_bound::runtimes::with_tokio;

const ACCOUNTS: i64 = 10;
const BALANCE: i64 = 1000;
const POOL: u32 = 8;

/// A folder that is gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("rt-{name}-{}", std::process::id()));
        let _before = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The bank in that folder.
pub(crate) async fn open(folder: &Folder) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bank.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(DEADLINE);
    let pool = SqlitePoolOptions::new().max_connections(POOL).acquire_timeout(DEADLINE);
    let pool = pool.connect_with(options).await.unwrap();
    let tables = "CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, \
                  balance INTEGER NOT NULL CHECK (balance >= 0)); \
                  CREATE TABLE IF NOT EXISTS transfers (amount INTEGER NOT NULL)";
    sqlx::raw_sql(tables).execute(&pool).await.unwrap();
    pool
}

async fn open_accounts(pool: &SqlitePool) {
    for id in 0..ACCOUNTS {
        let insert = query("INSERT INTO accounts VALUES (?, ?, ?)").bind(id);
        let insert = insert.bind(format!("owner {id}")).bind(BALANCE);
        assert_eq!(insert.execute(pool).await.unwrap().rows_affected(), 1);
    }
}

async fn money(pool: &SqlitePool) -> i64 {
    query_scalar("SELECT sum(balance) FROM accounts").fetch_one(pool).await.unwrap()
}

/// Moves money, or nothing at all.
async fn transfer(pool: &SqlitePool, from: i64, to: i64, amount: i64) -> Result<(), Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let add = "UPDATE accounts SET balance = balance + ? WHERE id = ?";
    query(add).bind(amount).bind(to).execute(&mut *transaction).await?;
    query(add).bind(-amount).bind(from).execute(&mut *transaction).await?; // may violate the check
    let note = query("INSERT INTO transfers VALUES (?)").bind(amount);
    note.execute(&mut *transaction).await?;
    transaction.commit().await
}

#[test]
fn what_was_inserted_is_queried_and_is_in_the_file_when_it_is_opened_again() {
    with_tokio(async || {
        let folder = Folder::new("queries");
        let pool = open(&folder).await;
        open_accounts(&pool).await;
        pool.close().await;

        let pool = open(&folder).await;
        let rich = query_as("SELECT id, owner FROM accounts WHERE id >= ? ORDER BY id DESC");
        let rows: Vec<(i64, String)> = rich.bind(8).fetch_all(&pool).await.unwrap();
        assert_eq!(rows, [(9, "owner 9".to_owned()), (8, "owner 8".to_owned())]);
        let mut stream = query_scalar::<_, i64>("SELECT id FROM accounts ORDER BY id").fetch(&pool);
        let mut expected = 0;
        while let Some(id) = stream.try_next().await.unwrap() {
            assert_eq!(id, expected, "a row of the stream is missing");
            expected += 1;
        }
        assert_eq!(expected, ACCOUNTS);
        drop(stream);
        let missing = query("DELETE FROM nowhere").execute(&pool).await.unwrap_err();
        assert!(missing.to_string().contains("no such table"), "it says: {missing}");
        pool.close().await;
    });
}

#[test]
fn a_transaction_is_done_or_rolled_back_as_a_whole() {
    with_tokio(async || {
        let folder = Folder::new("transactions");
        let pool = open(&folder).await;
        open_accounts(&pool).await;
        let balance = async |id: i64| -> i64 {
            let one = query_scalar("SELECT balance FROM accounts WHERE id = ?").bind(id);
            one.fetch_one(&pool).await.unwrap()
        };
        transfer(&pool, 0, 1, 300).await.unwrap();
        assert_eq!((balance(0).await, balance(1).await), (700, 1300));

        let refused = transfer(&pool, 0, 1, 701).await.unwrap_err();
        assert!(refused.as_database_error().unwrap().is_check_violation(), "it says: {refused}");
        assert_eq!((balance(0).await, balance(1).await), (700, 1300), "half of it was done");

        // On one connection, which would still see its own transaction.
        let mut connection = pool.acquire().await.unwrap();
        for is_dropped in [false, true] {
            let mut transaction = connection.begin().await.unwrap();
            query("DELETE FROM accounts").execute(&mut *transaction).await.unwrap();
            let left = query_scalar::<_, i64>("SELECT count(*) FROM accounts");
            assert_eq!(left.fetch_one(&mut *transaction).await.unwrap(), 0);
            if is_dropped {
                drop(transaction); // as of a task that is cancelled
            } else {
                transaction.rollback().await.unwrap();
            }
            let left = query_scalar::<_, i64>("SELECT count(*) FROM accounts");
            let left = left.fetch_one(&mut *connection).await.unwrap();
            assert_eq!(left, ACCOUNTS, "not rolled back; was it dropped? {is_dropped}");
        }
        transfer(&pool, 1, 0, 300).await.expect("a lock was left behind");
        drop(connection);
        pool.close().await;
    });
}

#[test]
fn a_pool_of_eight_gives_eight_at_once_and_lets_the_ninth_wait() {
    with_tokio(async || {
        let folder = Folder::new("pool");
        let pool = open(&folder).await;
        let mut held = join_all((0..POOL).map(|_| pool.acquire())).await;
        assert!(held.iter().all(Result::is_ok));
        assert_eq!((pool.size(), pool.num_idle()), (POOL, 0));
        let mut ninth = Box::pin(pool.acquire());
        assert!(ninth.as_mut().now_or_never().is_none(), "nine connections of a pool of eight");
        drop(held.pop()); // goes back in a task that sqlx spawns with tokio
        let answer: i64 =
            query_scalar("SELECT 42").fetch_one(&mut *ninth.await.unwrap()).await.unwrap();
        assert_eq!(answer, 42);
        drop(held);
        pool.close().await;

        let impatient = SqlitePoolOptions::new().max_connections(1);
        let impatient = impatient.acquire_timeout(Duration::from_millis(20));
        let impatient = impatient.connect("sqlite::memory:").await.unwrap();
        let _held = impatient.acquire().await.unwrap();
        let timed_out = impatient.acquire().await.unwrap_err(); // by a timer of tokio's
        assert!(matches!(timed_out, Error::PoolTimedOut), "it says: {timed_out}");
    });
}

#[test]
fn a_pool_of_eight_under_the_load_of_many_tasks_loses_and_makes_no_money() {
    with_tokio(async || {
        const TASKS: i64 = 40;
        const ROUNDS: i64 = 10;
        let folder = Folder::new("load");
        let pool = Arc::new(open(&folder).await);
        open_accounts(&pool).await;
        let tasks = (0..TASKS).map(|task| {
            let pool = pool.clone();
            rt::spawn(async move {
                let mut moved = 0;
                for round in 0..ROUNDS {
                    let amount = 1 + (task + round) % 7;
                    let (from, to) = (task % ACCOUNTS, (task + 1 + round) % ACCOUNTS);
                    transfer(&pool, from, to, amount).await.unwrap();
                    moved += amount;
                    assert_eq!(money(&pool).await, ACCOUNTS * BALANCE, "half a transfer was seen");
                }
                moved
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut moved = 0;
        for task in tasks {
            moved += task.await.expect("a transfer failed");
        }
        let noted: (i64, i64) = query_as("SELECT count(*), sum(amount) FROM transfers")
            .fetch_one(&*pool)
            .await
            .unwrap();
        assert_eq!(noted, (TASKS * ROUNDS, moved), "a transfer was lost or done twice");
        assert_eq!(money(&pool).await, ACCOUNTS * BALANCE);
        assert_eq!(pool.size(), POOL, "the tasks did not use the whole pool");
        pool.close().await;
    });
}
