//! Chapter 6: the standard streams, and pipes to children, by tokio's traits.
#![cfg(all(feature = "io-std", feature = "io-util", feature = "process"))]

use std::process::Stdio;
use std::time::Duration;

use rt::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy, stderr, stdin, stdout,
};
use rt::process::Command;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);
const CHILD: &str = "RT_TEST_IS_CHILD";

#[test]
fn a_child_answers_line_by_line() {
    within(LIMIT, || {
        if std::env::var_os(CHILD).is_some() {
            return rt::block_on(async {
                let mut lines = BufReader::new(stdin()).lines();
                let mut output = stdout();
                while let Some(line) = lines.next_line().await.unwrap() {
                    output.write_all(format!("<{line}>\n").as_bytes()).await.unwrap();
                    output.flush().await.unwrap();
                }
                let mut errors = stderr();
                copy(&mut &b"done"[..], &mut errors).await.unwrap();
                errors.shutdown().await.unwrap();
            });
        }
        rt::block_on(async {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["a_child_answers_line_by_line", "--exact", "--nocapture"])
                .env(CHILD, "1");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut input = child.stdin.take().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            for question in ["one", "two", "three"] {
                input.write_all(format!("{question}\n").as_bytes()).await.unwrap();
                let answer = format!("<{question}>");
                loop {
                    let line = lines.next_line().await.unwrap().expect("it ended too early");
                    if line.contains(&answer) {
                        break;
                    }
                }
            }
            input.shutdown().await.unwrap(); // the end of its input, with the pipe still here
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
            assert!(errors.contains("done"), "{errors}");
            assert!(child.wait().await.unwrap().success());
        });
    });
}
