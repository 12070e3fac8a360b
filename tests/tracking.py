"""An MLflow tracking server for tests: the real one where it is installed, else one that answers as it does.

`python -m venv …; pip install mlflow-skinny flask flask-cors sqlalchemy alembic pandas aiohttp` and
LIFECYCLE_TEST_MLFLOW=that environment's python let the same tests run against the real server; installing it takes
minutes, so no run asks for it by itself. The small one answers in the shapes that MLflow's REST documentation gives.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
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


@dataclass
class Tracking:
    """A running server, written to by its own REST API."""

    url: str

    def call(self, what: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}{_API}{what}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def experiment(self, name: str) -> str:
        return str(self.call("experiments/create", name=name)["experiment_id"])

    def run(self, experiment_id: str) -> str:
        made = self.call("runs/create", experiment_id=experiment_id, start_time=1_770_000_000_000)
        return str(made["run"]["info"]["run_id"])

    def log(self, run_id: str, metric: str, *entries: tuple[int, int, float]) -> None:
        """Entries are step, milliseconds, value."""
        metrics = [
            {"key": metric, "step": step, "timestamp": at, "value": value} for step, at, value in entries
        ]
        self.call("runs/log-batch", run_id=run_id, metrics=metrics)

    def model(self, name: str, run_id: str) -> None:
        self.call("registered-models/create", name=name)
        self.call("model-versions/create", name=name, source="s3://models/here", run_id=run_id)


@contextmanager
def tracking_server(folder: Path) -> Iterator[Tracking]:
    with _real(folder) if REAL else _small() as url:
        yield Tracking(url)


@contextmanager
def _real(folder: Path) -> Iterator[str]:
    port = free_port()
    store = ("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--workers", "1")
    place = ("--default-artifact-root", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port))
    without_jobs = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = (REAL, "-m", "mlflow", "server", *store, *place)
    with (folder / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=without_jobs)
    try:
        _wait(f"http://127.0.0.1:{port}", server, folder / "mlflow.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


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


def _answers(contents: _Contents, said: dict[str, Any]) -> dict[str, Any]:
    def create_experiment() -> dict[str, Any]:
        contents.experiments[said["name"]] = str(len(contents.experiments) + 1)
        return {"experiment_id": contents.experiments[said["name"]]}

    def create_run() -> dict[str, Any]:
        run_id = uuid4().hex
        contents.runs[run_id] = (said["experiment_id"], [])
        return {"run": _run(contents, run_id)}

    def log() -> dict[str, Any]:
        contents.runs[said["run_id"]][1].extend(said["metrics"])
        return {}

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

    def create_model() -> dict[str, Any]:
        contents.models[said["name"]] = []
        return {"registered_model": {"name": said["name"]}}

    def create_version() -> dict[str, Any]:
        contents.models[said["name"]].append(said["run_id"])
        return {"model_version": {"name": said["name"], "version": str(len(contents.models[said["name"]]))}}

    def versions() -> dict[str, Any]:
        name = said["filter"].removeprefix("name='").removesuffix("'").replace("''", "'")
        return {"model_versions": [{"name": name, "run_id": run_id} for run_id in contents.models[name]]}

    return {
        "experiments/create": create_experiment,
        "experiments/get-by-name": lambda: {
            "experiment": {"experiment_id": contents.experiments[said["experiment_name"]]}
        },
        "runs/create": create_run,
        "runs/log-batch": log,
        "runs/search": search,
        "runs/get": lambda: {"run": _run(contents, said["run_id"])},
        "metrics/get-history": history,
        "registered-models/create": create_model,
        "registered-models/get": lambda: {
            "registered_model": {"name": said["name"], "v": contents.models[said["name"]]}
        },
        "model-versions/create": create_version,
        "model-versions/search": versions,
    }


@contextmanager
def _small() -> Iterator[str]:
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
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
