#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod runtime;
mod runtimes;

mod measure;
mod workload;

mod row;

mod cell;
mod client;
mod rounds;

mod curve;
mod report;

mod baseline;
mod calls;
mod count;

mod figure;
mod http;
mod overhead;
mod priorities;

use std::env;
use std::process::ExitCode;

use crate::baseline::Baseline;
use crate::cell::Column;
use crate::row::Row;
use crate::runtime::Flavor;

const USAGE: &str = "usage: rt-bench [ROWS...] [--rounds N] [--workers N] [--runtimes a,b]
       rt-bench curve [ROWS...] [--rounds N] [--runtimes a,b]
       rt-bench count [ROWS...] [--runtimes a,b] [--save]
       rt-bench calls [ROWS...] [--workers N] [--runtimes a,b]
       rt-bench http [--workers N] [--rounds N]
       rt-bench overhead [--workers N] [--rounds N]
       rt-bench priorities [--workers N] [--rounds N] [--svg FILE]";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["client", port] => client::run(port).map(|()| true).map_err(|error| error.to_string()),
        ["cell", runtime, row] => cell(runtime, row, None),
        ["cell", runtime, row, repeats] => cell(runtime, row, Some(repeats)),
        ["priorities", "cell", name, workers] => priorities::cell(name, workers),
        ["priorities", ref rest @ ..] => Options::parse(rest, |_, _| false).and_then(priorities),
        ["http", "cell", name, workers] => http::cell(name, workers),
        ["http", ref rest @ ..] => Options::parse(rest, |_, _| false).and_then(http),
        ["overhead", "cell", name, workers, rounds] => overhead::cell(name, workers, rounds),
        ["overhead", ref rest @ ..] => Options::parse(rest, |_, _| false).and_then(overhead),
        ["count", ref rest @ ..] => Options::parse(rest, |row, _| row.is_counted()).and_then(count),
        ["calls", ref rest @ ..] => Options::parse(rest, is_about_calls).and_then(calls),
        ["curve", ref rest @ ..] => Options::parse(rest, is_about_two).and_then(curve),
        ref rest => Options::parse(rest, Row::is_in_table).and_then(compare),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn cell(runtime: &str, row: &str, repeats: Option<&str>) -> Result<bool, String> {
    let column: Column = runtime.parse()?;
    let row: Row = row.parse()?;
    match repeats {
        None => println!("{}", column.measure(row)),
        Some(repeats) => {
            column.repeat(row, repeats.parse().map_err(|error| format!("`{repeats}`: {error}"))?)
        }
    }
    Ok(true)
}

fn count(chosen: Options) -> Result<bool, String> {
    let baseline = Baseline::load()?;
    let counts = count::count(&chosen.rows, &chosen.columns, &baseline)?;
    if chosen.save {
        baseline.update(&counts).save()?;
        return Ok(true);
    }
    Ok(baseline.holds(&counts))
}

/// Rows of which something is said, on one thread.
fn is_about_calls(row: Row, _: Flavor) -> bool {
    calls::allowed(row).is_some()
}

fn calls(chosen: Options) -> Result<bool, String> {
    calls::calls(&chosen.rows, &chosen.columns)
}

/// A curve has the rows of the table of two workers.
fn is_about_two(row: Row, _: Flavor) -> bool {
    row.is_in_table(Flavor::Workers(2))
}

fn curve(chosen: Options) -> Result<bool, String> {
    curve::curve(&chosen.rows, &chosen.columns, chosen.rounds)?;
    Ok(true)
}

fn compare(chosen: Options) -> Result<bool, String> {
    report::compare(&chosen.rows, &chosen.columns, chosen.rounds)
}

fn priorities(chosen: Options) -> Result<bool, String> {
    priorities::compare(chosen.flavor, chosen.rounds, chosen.svg.as_deref())
}

fn http(chosen: Options) -> Result<bool, String> {
    http::compare(chosen.flavor, chosen.rounds)
}

fn overhead(chosen: Options) -> Result<bool, String> {
    overhead::compare(chosen.flavor, chosen.rounds)
}

/// What the command line chooses; what it does not name is everything.
struct Options {
    rows: Vec<Row>,
    columns: Vec<Column>,
    rounds: usize,
    save: bool,
    flavor: Flavor,
    svg: Option<String>,
}

impl Options {
    fn parse(arguments: &[&str], is_default: impl Fn(Row, Flavor) -> bool) -> Result<Self, String> {
        let mut options = Self {
            rows: Vec::new(),
            columns: Vec::new(),
            rounds: 7,
            save: false,
            flavor: Flavor::CurrentThread,
            svg: None,
        };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument {
                "--runtimes" => {
                    options.columns =
                        value()?.split(',').map(str::parse).collect::<Result<_, _>>()?
                }
                "--workers" => options.flavor = value()?.parse()?,
                "--svg" => options.svg = Some((*value()?).to_owned()),
                "--rounds" => {
                    options.rounds =
                        value()?.parse().map_err(|error| format!("--rounds: {error}"))?;
                }
                "--save" => options.save = true,
                row => options.rows.push(row.parse()?),
            }
        }
        if options.rounds == 0 {
            return Err("--rounds: no median without a round".to_owned());
        }
        let flavor = options.flavor;
        if options.rows.is_empty() {
            options.rows = Row::ALL.into_iter().filter(|&row| is_default(row, flavor)).collect();
        }
        if options.columns.is_empty() {
            options.columns = Column::of(flavor);
        }
        Ok(options)
    }
}
