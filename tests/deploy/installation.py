"""What docs/deploy.md has people set up, on one machine: its files as they are, but for names, ports and places."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.serving import ROOT, Server, free_port, serving
from tests.receivers import make_certificate

DEPLOY = ROOT / "deploy"
ANSWERS_WITHIN = 15.0
UPSTREAM = re.compile(r"^\s*server 127\.0\.0\.1:(\d+) ", re.MULTILINE)
MAIN = """daemon off;
master_process on;
pid {folder}/nginx.pid;
error_log {folder}/errors.log warn;
events {{ worker_connections 512; }}
http {{
    {places}
    include {folder}/lifecycle.conf;
}}
"""
PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Installation:
    """Two servers behind nginx. `certificate` is who it says it is; `log` what nginx passed on, and to whom."""

    url: str
    certificate: Path
    servers: tuple[Server, ...]
    log: Path

    def served(self, agent: str) -> list[str]:
        """Which servers answered this browser, by their ports, in order; only those of answered requests."""
        pattern = re.compile(rf'"{re.escape(agent)}" \S*?:(\d+) ')
        return pattern.findall(self.log.read_text("utf-8"))


def nginx() -> str:
    """The program; without it the test is skipped, but in CI, which installs it."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("CI must install nginx: .ci/run does")
    pytest.skip("there is no nginx here: apt-get install nginx-light")


def environment_file(name: str = "lifecycle.env") -> dict[str, str]:
    """The variables that every server gets."""
    lines = (DEPLOY / name).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def ports_of(configuration: str) -> list[str]:
    return UPSTREAM.findall(configuration)


@contextmanager
def installed(folder: Path, database_url: str, **environment: str) -> Iterator[Installation]:
    """Everything started, and gone when the block ends. `environment` is added to that of the document."""
    program = nginx()
    certificate = make_certificate(folder).file
    http, https, *ports = (free_port() for _ in range(4))
    url = f"https://127.0.0.1:{https}"
    written = (DEPLOY / "nginx.conf").read_text("utf-8")
    changes = {
        f"127.0.0.1:{old}": f"127.0.0.1:{new}" for old, new in zip(ports_of(written), ports, strict=True)
    }
    changes |= {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ": f"listen 127.0.0.1:{https} ",
        "/etc/ssl/lifecycle/fullchain.pem": str(certificate),
        "/etc/ssl/lifecycle/privkey.pem": str(certificate),
        "/var/log/nginx/lifecycle.log": str(folder / "access.log"),
    }
    (folder / "lifecycle.conf").write_text(_replaced(written, changes), "utf-8")
    places = "\n    ".join(f"{each}_temp_path {folder}/{each};" for each in PLACES)
    (folder / "main.conf").write_text(MAIN.format(folder=folder, places=places), "utf-8")
    own = {
        "LIFECYCLE_DATABASE_URL": database_url,
        "LIFECYCLE_PUBLIC_URL": url,
        **{name: str(folder / name.lower()) for name in ("LIFECYCLE_EVIDENCE_URL", "LIFECYCLE_UPLOADS")},
    }
    with ExitStack() as opened:
        servers = tuple(
            _served(opened, folder, port, {**environment_file(), **own, **environment}) for port in ports
        )
        opened.enter_context(_running_nginx(program, folder, https))
        yield Installation(url, certificate, servers, folder / "access.log")


def _replaced(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"deploy/nginx.conf no longer says “{old}”"
        text = text.replace(old, new)
    return text


def _served(opened: ExitStack, folder: Path, port: int, environment: Mapping[str, str]) -> Server:
    assert "ExecStart=/opt/lifecycle/.venv/bin/python app.py\n" in (DEPLOY / "lifecycle@.service").read_text(
        "utf-8"
    )
    place = folder / f"server-{port}"
    place.mkdir()
    command = (sys.executable, "app.py")
    return opened.enter_context(serving(place, command=command, port=port, environment=environment))


@contextmanager
def _running_nginx(program: str, folder: Path, port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [program, "-p", str(folder), "-c", str(folder / "main.conf")], stdin=subprocess.DEVNULL
    )
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.wait(ANSWERS_WITHIN)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + ANSWERS_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None, "nginx did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")
