//! Files of one folder over a Unix socket: a client sends a name and a line's end, and gets the file.
//!
//! Reading a file blocks, so it is done on the pool for that: another client's answer does not wait for a
//! slow disk. Names that lead out of the folder are refused.
//!
//! `cargo run --example file_server` serves its own folder of examples, to itself. With a path it serves
//! the current folder at a socket there until it is stopped:
//!
//! ```text
//! cargo run --example file_server -- files.sock    # which must not exist: remove it afterwards
//! echo README.md | nc -U -N files.sock
//! ```
//!
//! It prints
//!
//! ```text
//! hello.rs: the file, byte for byte
//! ../Cargo.toml: error: only names in this folder
//! nothing.rs: error: not found
//! ```

#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use futures::io::BufReader;
use futures::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use rt::net::{UnixListener, UnixStream};
use rt::time::{Duration, sleep};

/// A name is longer than this only by mistake.
const LONGEST_NAME: u64 = 4096;

async fn serve(listener: UnixListener, folder: PathBuf) {
    loop {
        let Ok((stream, _peer)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        rt::spawn(attend(stream, folder.clone()));
    }
}

/// One client: a name, and the file or an error.
async fn attend(stream: UnixStream, folder: PathBuf) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut name = String::new();
    BufReader::new(reader.take(LONGEST_NAME)).read_line(&mut name).await?;
    let name = PathBuf::from(name.trim_end_matches('\n'));
    let answer = rt::spawn_blocking(move || read(&folder, &name)).await?;
    match answer {
        Ok(bytes) => writer.write_all(&bytes).await?,
        Err(error) => writer.write_all(format!("error: {error}").as_bytes()).await?,
    }
    writer.close().await
}

/// Blocks.
fn read(folder: &Path, name: &Path) -> Result<Vec<u8>, String> {
    if name.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err("only names in this folder".to_owned());
    }
    fs::read(folder.join(name)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "not found".to_owned(),
        _ => error.to_string(),
    })
}

async fn fetch(socket: &Path, name: &str) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(format!("{name}\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[rt::main]
async fn main() -> io::Result<()> {
    if let Some(socket) = env::args_os().nth(1) {
        let listener = UnixListener::bind(&socket)?;
        println!("serving the current folder at {}", Path::new(&socket).display());
        serve(listener, env::current_dir()?).await;
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let socket = env::temp_dir().join(format!("rt-files-{}.sock", std::process::id()));
    let server = rt::spawn(serve(UnixListener::bind(&socket)?, folder.clone())).abort_on_drop();

    for name in ["hello.rs", "../Cargo.toml", "nothing.rs"] {
        let answer = fetch(&socket, name).await;
        match answer {
            Ok(bytes) if fs::read(folder.join(name)).is_ok_and(|file| file == bytes) => {
                println!("{name}: the file, byte for byte");
            }
            Ok(bytes) => println!("{name}: {}", String::from_utf8_lossy(&bytes)),
            Err(error) => println!("{name}: {error}"),
        }
    }
    drop(server);
    fs::remove_file(&socket)
}
