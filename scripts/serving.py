"""A server as a child process, for tests, measurements and screenshots that need the real thing."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Server:
    """A started server. `kill` is kill -9, for the crash tests; `stop` asks first."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    database_url: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def output(self) -> str:
        """Everything it has printed so far."""
        return self.log.read_text("utf-8", errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    folder: Path,
    *,
    command: tuple[str, ...] = (sys.executable, "app.py"),
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    root: Path = ROOT,
) -> Iterator[Server]:
    """Run the server until the block ends, its data and output in `folder`; calling again reuses the data.

    LIFECYCLE_ and STREAMLIT_ variables of this process are not passed on; `environment` is. Raises
    AssertionError with what the server printed when it does not answer within START_SECONDS.
    """
    server = _start(folder, command, port or free_port(), environment or {}, root)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        server.stop()


def _start(
    folder: Path, command: tuple[str, ...], port: int, environment: Mapping[str, str], root: Path
) -> Server:
    database_url = f"sqlite:///{folder / 'lifecycle.db'}"
    # What a developer set for the own server must not colour a test or a measurement.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIFECYCLE_", "STREAMLIT_"))
    }
    own = {"PORT": str(port), "LIFECYCLE_DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    log = folder / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**inherited, **own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Server(process, port, log, database_url)


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended with {server.process.returncode}:\n{server.output()}")
        if _answers(server.port):
            return
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"the server did not answer in {START_SECONDS:.0f} seconds:\n{server.output()}")


def _answers(port: int) -> bool:
    """Any answer below 500 counts: before the first administrator exists every path redirects."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
