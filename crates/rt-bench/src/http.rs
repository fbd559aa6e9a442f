//! A server that people would write: an axum `Router`, on tokio under `axum::serve` and here under
//! `rt::compat::serve`, with load from `wrk` (Debian's package of that name).
//!
//! The server has one core, the client the other. Each cell is a server of its own, which ends when its standard
//! input does, and then says how much CPU time it took.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};

use crate::measure::cpu_time;
use crate::runtime::{Flavor, LOOPBACK};

/// The columns, by name.
const NAMES: [&str; 2] = ["tokio", "rt"];

/// Connections that are kept, each with a request on its way.
const CONNECTIONS: &str = "64";

/// How long a cell is under load.
const TIME: &str = "3s";

fn app() -> Router {
    let user = async |Path(id): Path<u32>| Json([("id", id), ("age", 42)]);
    Router::new().route("/", get(async || "hello")).route("/users/{id}", get(user))
}

/// Serves until the standard input ends.
pub(crate) fn cell(name: &str, workers: &str) -> Result<bool, String> {
    let flavor: Flavor = workers.parse()?;
    thread::spawn(|| {
        let _end = io::stdin().read_to_end(&mut Vec::new());
        println!("{}", cpu_time().as_nanos());
        std::process::exit(0);
    });
    let served = match name {
        "tokio" => tokio(flavor),
        "rt" => ours(flavor),
        other => return Err(format!("no column `{other}`")),
    };
    served.map(|()| true).map_err(|error| error.to_string())
}

fn tokio(flavor: Flavor) -> io::Result<()> {
    let mut builder = match flavor {
        Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
        Flavor::Workers(_) => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(flavor.threads());
    builder.enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(LOOPBACK).await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, app()).await
    })
}

fn ours(flavor: Flavor) -> io::Result<()> {
    let mut builder = match flavor {
        Flavor::CurrentThread => rt::runtime::Builder::new_current_thread(),
        Flavor::Workers(_) => rt::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(flavor.threads());
    builder.build()?.block_on(async {
        let listener = rt::net::TcpListener::bind(LOOPBACK).await?;
        println!("{}", listener.local_addr()?);
        rt::compat::serve(listener, app()).await
    })
}

/// What came of a cell: requests a second, the 99th percentile of how long one took, CPU time of the server a request;
/// the last two in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    rate: f64,
    p99: f64,
    cpu: f64,
}

/// A server in a process of its own, on the first core.
struct Server {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    addr: SocketAddr,
}

impl Server {
    fn start(name: &str, flavor: Flavor) -> Result<Server, String> {
        let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(this).args(["http", "cell", name, &flavor.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process =
            command.spawn().map_err(|error| format!("can not start a server: {error}"))?;
        let output = process.stdout.take().ok_or("a server without an output")?;
        let mut output = BufReader::new(output);
        let addr = read_line(&mut output)?;
        let addr = addr.parse().map_err(|error| format!("`{name}` says `{addr}`: {error}"))?;
        Ok(Server { process, output, addr })
    }

    /// Its CPU time, in nanoseconds.
    fn end(mut self) -> Result<f64, String> {
        drop(self.process.stdin.take());
        let line = read_line(&mut self.output)?;
        let _status = self.process.wait();
        line.parse().map_err(|error| format!("`{line}`: {error}"))
    }
}

fn read_line(output: &mut impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    output.read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim().to_owned())
}

/// Load on the second core.
fn wrk(addr: SocketAddr, time: &str) -> Result<String, String> {
    let url = format!("http://{addr}/users/7");
    let wrk = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c", CONNECTIONS, "-d", time, "--latency", &url])
        .output();
    let wrk = wrk.map_err(|error| format!("can not start wrk: {error}"))?;
    if !wrk.status.success() {
        let message = String::from_utf8_lossy(&wrk.stderr);
        return Err(format!("wrk failed, {}: {message} (apt-get install wrk)", wrk.status));
    }
    Ok(String::from_utf8_lossy(&wrk.stdout).into_owned())
}

/// How many requests were answered, how many a second, and the 99th percentile in microseconds.
fn parse(report: &str) -> Option<(f64, f64, f64)> {
    if report.contains("Socket errors") || report.contains("Non-2xx") {
        return None;
    }
    let words = |start: &str| {
        let mut lines = report.lines().map(str::trim);
        lines.find_map(|line| line.strip_prefix(start)?.split_whitespace().next())
    };
    let line = report.lines().find(|line| line.contains(" requests in "))?;
    let count = line.split_whitespace().next()?.parse().ok()?;
    Some((count, words("Requests/sec:")?.parse().ok()?, micros(words("99%")?)?))
}

/// As `wrk` writes times: `850.00us`, `1.23ms`, `1.02s`.
fn micros(text: &str) -> Option<f64> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6)];
    let (number, unit) =
        units.iter().find_map(|(unit, of)| Some((text.strip_suffix(unit)?, of)))?;
    Some(number.parse::<f64>().ok()? * unit)
}

fn measure(name: &str, flavor: Flavor) -> Result<Outcome, String> {
    let server = Server::start(name, flavor)?;
    let load = |time| {
        let report = wrk(server.addr, time)?;
        parse(&report).ok_or_else(|| format!("wrk says of `{name}`:\n{report}"))
    };
    let (warm_up, ..) = load("1s")?;
    let (count, rate, p99) = load(TIME)?;
    Ok(Outcome { rate, p99, cpu: server.end()? / (warm_up + count) / 1e3 })
}

fn median(outcomes: &[Outcome], of: impl Fn(&Outcome) -> f64) -> f64 {
    let mut figures: Vec<_> = outcomes.iter().map(of).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints the table of so many interleaved rounds. Whether we are not behind.
pub(crate) fn compare(flavor: Flavor, rounds: usize) -> Result<bool, String> {
    let mut columns: [Vec<Outcome>; 2] = Default::default();
    for _ in 0..rounds {
        for (column, name) in columns.iter_mut().zip(NAMES) {
            column.push(measure(name, flavor)?);
        }
    }
    println!(
        "An axum Router on {} thread(s) of one core, wrk with {CONNECTIONS} connections on the other, {rounds} rounds: medians\n",
        flavor.threads()
    );
    println!("{:<8}{:>12}{:>12}{:>18}", "", "requests/s", "p99, us", "CPU/request, us");
    for (column, name) in columns.iter().zip(NAMES) {
        let [rate, p99, cpu] = [
            median(column, |outcome| outcome.rate),
            median(column, |outcome| outcome.p99),
            median(column, |outcome| outcome.cpu),
        ];
        println!("{name:<8}{rate:>12.0}{p99:>12.0}{cpu:>18.2}");
    }
    let ratio =
        median(&columns[1], |outcome| outcome.rate) / median(&columns[0], |outcome| outcome.rate);
    let each: Vec<_> =
        columns[1].iter().zip(&columns[0]).map(|(rt, tokio)| rt.rate / tokio.rate).collect();
    let (least, most) = each
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), &ratio| (least.min(ratio), most.max(ratio)));
    println!("\nrt / tokio: {ratio:.3} (from {least:.3} to {most:.3})");
    Ok(ratio >= 1.0)
}

#[cfg(test)]
mod tests {
    use super::{micros, parse};

    const REPORT: &str = "Running 3s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency   850.12us  100.00us   5.00ms   90.00%\n    Req/Sec    75.00k     1.00k   80.00k    80.00%\n  Latency Distribution\n     50%  820.00us\n     75%  900.00us\n     90%    1.00ms\n     99%    1.25ms\n  225000 requests in 3.00s, 30.00MB read\nRequests/sec:  75000.50\nTransfer/sec:     10.00MB\n";

    #[test]
    fn what_wrk_says_is_read() {
        assert_eq!(parse(REPORT), Some((225_000.0, 75_000.5, 1_250.0)));
        assert_eq!(micros("1.02s"), Some(1_020_000.0));
        assert_eq!(micros("850.00us"), Some(850.0));
    }

    #[test]
    fn a_run_with_errors_is_none() {
        let failed = format!("{REPORT}  Socket errors: connect 0, read 5, write 0, timeout 0\n");
        assert_eq!(parse(&failed), None);
    }
}
