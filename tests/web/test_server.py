"""How the server starts, what it says when it cannot, and its socket."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from lifecycle.web.server import _listen
from scripts.serving import ROOT, free_port, serving
from tests.web.conftest import Installation

FRAME = ROOT / "lifecycle" / "ui" / "frame.py"
needs_frame = pytest.mark.skipif(not FRAME.is_file(), reason="there is no frame to serve yet")


def test_accepted_connections_answer_without_delay() -> None:
    with _listen("127.0.0.1", 0) as listening:
        listening.setblocking(True)
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = _run_probe(tmp_path, PORT=str(taken.getsockname()[1]))

    assert ended.returncode == 1
    assert "Choose another one, as in PORT=9000." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_newer_database_is_refused_with_a_sentence_and_left_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _run_probe(tmp_path, PORT=str(taken.getsockname()[1]))  # makes the database and ends
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    ended = _run_probe(tmp_path, PORT=str(free_port()))

    assert ended.returncode == 1
    assert "newer version of Lifecycle" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PORT", "eighty", "PORT must be a whole number"),
        ("LIFECYCLE_DATABASE_URL", "mysql://somewhere/else", "only sqlite and postgresql"),
    ],
)
def test_wrong_setting_is_a_sentence(tmp_path: Path, setting: str, value: str, sentence: str) -> None:
    """Through app.py itself, which reads the settings."""
    ended = _run(tmp_path, str(ROOT / "app.py"), **{setting: value})

    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_health_is_open_and_readiness_asks_the_database(installation: Installation) -> None:
    client = installation.browser()

    assert client.get("/healthz").text == "alive"
    assert client.get("/readyz").text == "ready"


def test_the_first_page_is_found_by_its_name(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    assert signed_in().get("/home?project=orders").headers["location"] == "/?project=orders"
    assert installation.browser().get("/home").headers["location"].startswith("/sign-in")


def test_bug_in_a_route_shows_a_sentence_and_no_traceback(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    page = signed_in().get("/broken")

    assert page.status_code == 500
    assert "Something broke on our side." in page.text
    assert "secret of the inside" not in page.text
    assert "Traceback" not in page.text
    # The log is written once the answer has gone out.
    deadline = time.monotonic() + 30
    while "a secret of the inside" not in installation.server.output():
        assert time.monotonic() < deadline, installation.server.output()
        time.sleep(0.05)


def test_server_prints_its_address_and_no_requests(installation: Installation) -> None:
    installation.browser().get("/reset/secretsecretsecretsecret")

    assert "secretsecret" not in installation.server.output()
    assert f"http://localhost:{installation.server.port}/set-up?code=" in installation.server.output()


def test_streamlit_reads_our_options_wherever_it_was_started(tmp_path: Path) -> None:
    options = ("runner.postScriptGC", "client.showErrorDetails", "browser.gatherUsageStats", "server.address")
    program = f"import app; from streamlit import config; print(*map(config.get_option, {options}))"

    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**_environment(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.split() == ["False", "none", "False", "127.0.0.1"]


@needs_frame
@pytest.mark.parametrize("mode", ["python", "streamlit", "uvicorn"])
def test_all_three_ways_to_start_serve_the_same_guarded_application(tmp_path: Path, mode: str) -> None:
    port = free_port()
    command = {
        "python": (sys.executable, "app.py"),
        "streamlit": (sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)),
        "uvicorn": (sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)),
    }[mode]

    with serving(tmp_path, command=command, port=port) as server:
        refused = httpx.get(f"{server.url}/portfolio")
        page = httpx.get(f"{server.url}/sign-in", follow_redirects=True)

        assert refused.headers["location"] == "/sign-in?next=%2Fportfolio"
        assert "Set up Lifecycle" in page.text
        assert "Set-up code: " in server.output()


def _run_probe(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return _run(folder, "tests/web/probe/app.py", **environment)


def _run(folder: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, program],
        cwd=ROOT,
        env={**_environment(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIFECYCLE_", "STREAMLIT_"))
    }
    return {**kept, "LIFECYCLE_DATABASE_URL": f"sqlite:///{folder / 'a.db'}"}
