"""The server fixture against small stand-ins for app.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts.serving import serving

ANSWERS = """
import http.server, os
class Refuses(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403); self.end_headers()
print("database", os.environ["LIFECYCLE_DATABASE_URL"], "seen", os.environ.get("LIFECYCLE_LEFT_OVER"))
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Refuses).serve_forever()
"""


def test_serving_gives_own_database_and_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_LEFT_OVER", "from the developer's shell")
    with serving(tmp_path, command=(sys.executable, "-c", ANSWERS)) as server:
        pid = server.process.pid
    assert f"database sqlite:///{tmp_path}/lifecycle.db seen None" in server.output()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_serving_ends_the_process_when_the_test_fails(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        serving(tmp_path, command=(sys.executable, "-c", ANSWERS)) as server,
    ):
        raise ZeroDivisionError
    assert server.process.returncode is not None


def test_serving_shows_what_a_broken_start_printed(tmp_path: Path) -> None:
    broken = (sys.executable, "-c", "raise SystemExit('The database is newer than this program.')")
    with pytest.raises(AssertionError, match="newer than this program"), serving(tmp_path, command=broken):
        pass
