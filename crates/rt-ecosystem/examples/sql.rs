//! A database in a file: `sqlx`, which asks for tokio's runtime, in tasks of ours.
//!
//! To try it: `cd crates/rt-ecosystem && cargo run --example sql`
//!
//! Sixteen buyers share a pool of four connections, and buy what there is, one piece each time, until nothing is left. Each
//! purchase is a transaction: it is done as a whole, or rolled back.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rt::compat::TokioCompat;
use rt::runtime::Builder;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{query, query_as, query_scalar};

const BUYERS: i64 = 16;
const STOCK: i64 = 50;
const PRICE: i64 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The line that lets `sqlx` work here: a tokio runtime stands behind every worker.
    let runtime = Builder::new_multi_thread().tokio_compat(TokioCompat::new()).build()?;
    let file = File::new("rt-example.db");
    runtime.block_on(shop(&file.0))?;
    Ok(())
}

async fn shop(file: &Path) -> Result<(), sqlx::Error> {
    let pool = open(file).await?;
    println!("opened {}", file.display());

    let begun = Instant::now();
    let buyers: Vec<_> = (0..BUYERS).map(|buyer| rt::spawn(buys(pool.clone(), buyer))).collect();
    let (mut bought, mut refused) = (0, 0);
    for buyer in buyers {
        let (pieces, refusals) = buyer.await.expect("a buyer does not panic")?;
        bought += pieces;
        refused += refusals;
    }
    println!("{BUYERS} tasks bought {bought} pieces in {:.0?}", begun.elapsed());
    println!("{refused} purchases were rolled back: nothing was left");
    assert_eq!((bought, refused), (STOCK, BUYERS));
    pool.close().await;

    // Another pool, to see that it is in the file.
    let pool = open(file).await?;
    let left: i64 = query_scalar("SELECT pieces FROM stock").fetch_one(&pool).await?;
    let (sales, cash): (i64, i64) =
        query_as("SELECT count(*), sum(price) FROM sales").fetch_one(&pool).await?;
    println!("in the file: {left} pieces left, {sales} sales, {cash} in cash");
    // A purchase that was rolled back has left no sale behind.
    assert_eq!((left, sales, cash), (0, STOCK, STOCK * PRICE));

    let best =
        "SELECT buyer, count(*) AS pieces FROM sales GROUP BY buyer ORDER BY pieces DESC LIMIT 3";
    for (buyer, pieces) in query_as::<_, (i64, i64)>(best).fetch_all(&pool).await? {
        println!("  buyer {buyer:2}: {pieces} pieces");
    }
    pool.close().await;
    Ok(())
}

async fn open(file: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    let tables = "CREATE TABLE IF NOT EXISTS stock (pieces INTEGER NOT NULL CHECK (pieces >= 0)); \
                  CREATE TABLE IF NOT EXISTS sales (buyer INTEGER NOT NULL, price INTEGER NOT NULL)";
    sqlx::raw_sql(tables).execute(&pool).await?;
    let fill = "INSERT INTO stock SELECT ? WHERE NOT EXISTS (SELECT * FROM stock)";
    query(fill).bind(STOCK).execute(&pool).await?;
    Ok(pool)
}

/// Until it is refused: how many pieces it got, and how often it was refused.
async fn buys(pool: SqlitePool, buyer: i64) -> Result<(i64, i64), sqlx::Error> {
    let mut pieces = 0;
    loop {
        match purchase(&pool, buyer).await {
            Ok(()) => pieces += 1,
            Err(sqlx::Error::Database(error)) if error.is_check_violation() => {
                return Ok((pieces, 1));
            }
            Err(error) => return Err(error),
        }
        rt::task::yield_now().await; // the next one, please
    }
}

/// The sale first, so that there is something to roll back when the stock says no.
async fn purchase(pool: &SqlitePool, buyer: i64) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let sale = query("INSERT INTO sales VALUES (?, ?)").bind(buyer).bind(PRICE);
    sale.execute(&mut *transaction).await?;
    query("UPDATE stock SET pieces = pieces - 1").execute(&mut *transaction).await?;
    transaction.commit().await // dropped before, it is rolled back
}

/// A database that is gone at the end, with the files that SQLite puts beside it.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> File {
        let folder = std::env::temp_dir().join(format!("rt-sql-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
        File(folder.join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            let _gone = std::fs::remove_dir_all(folder);
        }
    }
}
