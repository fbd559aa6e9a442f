"""What `.ci/run` asks about the workspace: of the README, and of `cargo metadata`."""

import json
import subprocess
import sys


def readme_blocks():
    """The fenced blocks of README.md: the heading above, the language, the lines."""
    heading, block = None, None
    with open("README.md", encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("```"):
                if block is None:
                    block = (heading, line.removeprefix("```").strip(), [])
                else:
                    yield block
                    block = None
            elif block is not None:
                block[2].append(line)
            elif line.startswith("#"):
                heading = line.lstrip("# ")


def test_command():
    lines = (line for _, _, lines in readme_blocks() for line in lines)
    if "cargo test" not in lines:
        sys.exit("README.md has no block with the line `cargo test`")
    return ["cargo test"]


def first_program():
    """The first block of Rust below a heading; a `# ` in front hides a line from the reader."""
    for heading, language, lines in readme_blocks():
        if heading is not None and language.split(",")[0] == "rust":
            return [line.removeprefix("# ") if line != "#" else "" for line in lines]
    sys.exit("README.md has no block of Rust: the first program")


def packages():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    return json.loads(subprocess.check_output(command))["packages"]


def published():
    return [package["name"] for package in packages() if package["publish"] != []]


def features(name):
    return [
        feature
        for package in packages()
        if package["name"] == name
        for feature in sorted(package["features"])
        if feature != "default"
    ]


if __name__ == "__main__":
    question, *rest = sys.argv[1:]
    answers = {
        "test-command": test_command,
        "first-program": first_program,
        "published": published,
        "features": features,
    }
    print("\n".join(answers[question](*rest)))
