"""Makes the captures in crates/rt-course/README.md anew, from real runs in a terminal.

    python3 .ci/captures.py            writes them
    python3 .ci/captures.py --check    fails if one differs

What is another number in each run is shown as N, or as abcdef0 if it is a commit.

A comment `<!-- run: COMMAND -->` is run in the learner's folder, silently; behind `<!-- capture: COMMAND -->`
stands what the command printed. They share one folder, from the first line to the last.
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile

# Who commits in the learner's folder.
for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
    os.environ.setdefault(f"{name}_NAME", "learner")
    os.environ.setdefault(f"{name}_EMAIL", "learner@localhost")

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
README = os.path.join(TOP, "crates/rt-course/README.md")
SECONDS = 300


def in_terminal(command, folder):
    """What the command prints to a terminal, without its colours."""
    environment = dict(os.environ, CLONE=TOP, TERM="xterm", CARGO_TERM_PROGRESS_WHEN="never")
    environment.pop("NO_COLOR", None)
    ours, its = pty.openpty()
    child = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, stdin=its, stdout=its, stderr=its, close_fds=True
    )
    os.close(its)
    printed = b""
    while True:
        if not select.select([ours], [], [], SECONDS)[0]:
            child.kill()
            sys.exit(f"not done after {SECONDS} s: {command}")
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        printed += piece
    child.wait()
    os.close(ours)
    text = printed.decode("utf-8", "replace").replace("\r\n", "\n")
    assert "\x1b[" in text or "capture-plain" in command, f"no colours in a terminal: {command}"
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def settled(text):
    """The same in each run."""
    text = re.sub(r"(?<=before-goto-\d-)[0-9a-f]{7,}", "abcdef0", text)
    return re.sub(r"(?<=left: )\d{2,}", "N", text)


def silently(command, folder):
    environment = dict(os.environ, CLONE=TOP)
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
    # Red is no reason to stop: `check` says so with its exit code.
    if done.returncode not in (0, 1):
        sys.exit(f"{command} ends with {done.returncode}:\n{done.stdout}{done.stderr}")


def main():
    with open(README, encoding="utf-8") as file:
        lines = file.read().split("\n")
    made, at, count = [], 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.join(os.path.realpath(scratch), "my-runtime")
        subprocess.run(["cargo", "course", "new", folder], cwd=TOP, check=True, capture_output=True)
        while at < len(lines):
            line = lines[at]
            made.append(line)
            at += 1
            if found := re.fullmatch(r"<!-- run: (.*) -->", line):
                silently(found[1], folder)
            elif found := re.fullmatch(r"<!-- capture: (.*) -->", line):
                assert lines[at] == "```text", f"line {at + 1}: a block of text belongs here"
                end = lines.index("```", at + 1)
                text = settled(in_terminal(found[1], folder)).rstrip("\n").replace(os.path.realpath(scratch), "..")
                made += ["```text", f"$ {found[1]}", *(row.rstrip() for row in text.split("\n")), "```"]
                at = end + 1
                count += 1
    if "--check" in sys.argv:
        if made != lines:
            differing = [f"- {old}\n+ {new}" for old, new in zip(lines, made) if old != new]
            sys.exit("a capture differs from its run: python3 .ci/captures.py makes it anew\n" + "\n".join(differing[:20]))
    else:
        with open(README, "w", encoding="utf-8") as file:
            file.write("\n".join(made))
    print(f"{count} captures")


main()
