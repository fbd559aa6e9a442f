"""A browser, driven over WebDriver's protocol: what the standard library needs for it, and no more."""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
# Whoever waits longer than this for a page that lies on this machine waits for ever.
PATIENCE = 60


class Browser:
    """Headless Chromium with a fresh profile; gone with the `with`."""

    def __init__(self, width=1200, height=700, flags=()):
        self.profile = tempfile.mkdtemp()
        self.port = free_port()
        log = open(pathlib.Path(self.profile) / "driver.log", "w")
        command = ["chromedriver", f"--port={self.port}", "--log-level=WARNING"]
        self.driver = subprocess.Popen(command, stdout=log, stderr=log)
        options = {
            "args": FLAGS + list(flags) + [f"--user-data-dir={self.profile}/profile", f"--window-size={width},{height}"]
        }
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = None
        try:
            self.wait_for_driver()
            made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.session = made["sessionId"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            if self.session:
                self.ask("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=PATIENCE)
            shutil.rmtree(self.profile, ignore_errors=True)

    def wait_for_driver(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ask("GET", "/status")
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()[:600]}") from None

    def do(self, path, body=None):
        method = "GET" if body is None else "POST"
        return self.ask(method, f"/session/{self.session}{path}", body)

    def open(self, path):
        self.do("/url", {"url": pathlib.Path(path).resolve().as_uri()})

    def run(self, script, *arguments):
        """The value of a script that says `return`."""
        return self.do("/execute/sync", {"script": script, "args": list(arguments)})

    def run_later(self, script, *arguments):
        """The value that a script gives to its last argument, a function."""
        return self.do("/execute/async", {"script": script, "args": list(arguments)})

    def pointer(self, *actions):
        """Moves a mouse: ("move", x, y), ("down",), ("up",)."""
        kinds = {
            "move": lambda x, y: {"type": "pointerMove", "x": int(x), "y": int(y), "duration": 0},
            "down": lambda: {"type": "pointerDown", "button": 0},
            "up": lambda: {"type": "pointerUp", "button": 0},
        }
        steps = [kinds[kind](*rest) for kind, *rest in actions]
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}
        self.do("/actions", {"actions": [source]})

    def wheel(self, x, y, by):
        step = {"type": "scroll", "x": int(x), "y": int(y), "deltaX": 0, "deltaY": by, "duration": 0}
        self.do("/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [step]}]})

    def press(self, key):
        steps = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.do("/actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def frames(self):
        """Waits until what was asked for is drawn."""
        self.run_later("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));")

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.do("/screenshot")))

    def log(self):
        """What went wrong on the page so far."""
        entries = self.do("/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
