"""An MLflow tracking server for tests: the real one where it is installed, else one that answers as it does.

`make mlflow` installs MLflow in an environment of its own and runs the same tests against the real server, logging
through MLflow's own client (LIFECYCLE_TEST_MLFLOW names that environment's python). That takes minutes, so no other
run asks for it. The small one answers in the shapes that the real one was seen to answer in.
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from scripts.serving import free_port

REAL = os.environ.get("LIFECYCLE_TEST_MLFLOW", "")
_API = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class Tracking:
    """A running server, and what writes to it: it is told what to do, and returns the id of what was made."""

    url: str
    write: Callable[[dict[str, Any]], str]

    def experiment(self, name: str) -> str:
        return self.write({"do": "experiment", "name": name})

    def run(self, experiment_id: str) -> str:
        return self.write({"do": "run", "experiment_id": experiment_id})

    def log(self, run_id: str, metric: str, *entries: tuple[int, int, float]) -> None:
        """Entries are step, milliseconds, value."""
        self.write({"do": "log", "run_id": run_id, "metric": metric, "entries": entries})

    def model(self, name: str, run_id: str) -> None:
        self.write({"do": "model", "name": name, "run_id": run_id})


@contextmanager
def tracking_server(folder: Path) -> Iterator[Tracking]:
    with _real(folder) if REAL else _small() as server:
        yield server


@contextmanager
def _real(folder: Path) -> Iterator[Tracking]:
    port = free_port()
    store = ("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--workers", "1")
    place = ("--default-artifact-root", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port))
    without_jobs = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = (REAL, "-m", "mlflow", "server", *store, *place)
    with (folder / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=without_jobs)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server, folder / "mlflow.log")
        with _client(url, folder / "client.log") as write:
            yield Tracking(url, write)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


@contextmanager
def _client(url: str, log: Path) -> Iterator[Callable[[dict[str, Any]], str]]:
    """MLflow's own client, in the environment that has it."""
    command = (REAL, str(Path(__file__).with_name("mlflow_writer.py")), url)
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as client,
    ):
        assert client.stdin
        assert client.stdout
        asked, answered = client.stdin, client.stdout

        def write(what: dict[str, Any]) -> str:
            asked.write(json.dumps(what).encode() + b"\n")
            asked.flush()
            line = answered.readline()
            assert line, log.read_text()[-2_000:]
            return str(json.loads(line))

        yield write
        asked.close()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()[-2_000:]
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                f"{url}/health", timeout=2
            ):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-2_000:])


# ------------------------------------------------------------------ the small one


@dataclass
class _Contents:
    experiments: dict[str, str] = field(default_factory=dict)  # name to id
    runs: dict[str, tuple[str, list[dict[str, Any]]]] = field(
        default_factory=dict
    )  # id to experiment, metrics
    models: dict[str, list[str]] = field(default_factory=dict)  # name to the runs of its versions

    def write(self, what: dict[str, Any]) -> str:
        match what["do"]:
            case "experiment":
                self.experiments[what["name"]] = str(len(self.experiments) + 1)
                return self.experiments[what["name"]]
            case "run":
                run_id = uuid4().hex
                self.runs[run_id] = (what["experiment_id"], [])
                return run_id
            case "log":
                self.runs[what["run_id"]][1].extend(
                    {"key": what["metric"], "step": step, "timestamp": at, "value": _kept(value)}
                    for step, at, value in what["entries"]
                )
            case "model":
                self.models.setdefault(what["name"], []).append(what["run_id"])
        return ""


def _kept(value: float) -> float | str:
    """As MLflow gives a value back."""
    if math.isnan(value):
        return "NaN"
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def _run(contents: _Contents, run_id: str) -> dict[str, Any]:
    """As MLflow sends it: of each metric the entry of the largest step, then time."""
    experiment_id, logged = contents.runs[run_id]
    newest: dict[str, dict[str, Any]] = {}
    for each in sorted(logged, key=lambda entry: (entry["step"], entry["timestamp"], str(entry["value"]))):
        newest[each["key"]] = each
    info = {"run_id": run_id, "run_uuid": run_id, "experiment_id": experiment_id, "status": "RUNNING"}
    return {"info": info, "data": {"metrics": list(newest.values())} if newest else {}, "inputs": {}}


class _NotThere(Exception):
    pass


def _answer(contents: _Contents, what: str, said: dict[str, Any]) -> dict[str, Any]:
    try:
        return _answers(contents, said)[what]()
    except KeyError:
        raise _NotThere from None


_FILTER = re.compile(r"name ?(=|ILIKE) ?(['\"])((?:(?!\2).)*)\2")


def _fits(comparison: str, pattern: str, name: str) -> bool:
    if comparison == "=":
        return name == pattern
    wild = {"_": ".", "%": ".*"}
    return bool(
        re.fullmatch("".join(wild.get(each, re.escape(each)) for each in pattern), name, re.IGNORECASE)
    )


def _answers(contents: _Contents, said: dict[str, Any]) -> dict[str, Any]:
    def search() -> dict[str, Any]:
        found = [
            _run(contents, key) for key, (of, _) in contents.runs.items() if of in said["experiment_ids"]
        ]
        start = int(said.get("page_token") or 0)
        end = start + min(said["max_results"], 2)  # so that tests see more than one page
        return {"runs": found[start:end], **({"next_page_token": str(end)} if end < len(found) else {})}

    def history() -> dict[str, Any]:
        return {
            "metrics": [
                each for each in contents.runs[said["run_id"]][1] if each["key"] == said["metric_key"]
            ]
        }

    def versions() -> dict[str, Any]:
        asked = _FILTER.fullmatch(said["filter"])
        if asked is None:
            return {}  # as the real one answers to quotes that do not fit
        names = [name for name in contents.models if _fits(asked[1], asked[3], name)]
        found = [{"name": name, "run_id": run_id} for name in names for run_id in contents.models[name]]
        return {"model_versions": found} if found else {}

    return {
        "experiments/get-by-name": lambda: {
            "experiment": {"experiment_id": contents.experiments[said["experiment_name"]]}
        },
        "runs/search": search,
        "runs/get": lambda: {"run": _run(contents, said["run_id"])},
        "metrics/get-history": history,
        "registered-models/get": lambda: {
            "registered_model": {"name": said["name"], "v": contents.models[said["name"]]}
        },
        "model-versions/search": versions,
    }


@contextmanager
def _small() -> Iterator[Tracking]:
    contents = _Contents()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            self._say(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:  # noqa: N802
            self._say(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _say(self, said: dict[str, Any]) -> None:
            try:
                code, found = 200, _answer(contents, urlsplit(self.path).path.removeprefix(_API), said)
            except _NotThere:
                code, found = 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "It does not exist"}
            body = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Tracking(f"http://127.0.0.1:{server.server_port}", contents.write)
    finally:
        server.shutdown()
        server.server_close()
