"""Operating a server: figures, lines with ids, and an end that finishes what it began."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from lifecycle.settings import Settings, read_settings
from lifecycle.web import logs
from lifecycle.web.watching import Figures, Watching
from scripts.serving import serving
from tests.security.conftest import Place
from tests.security.conftest import place as place

PROBE = (sys.executable, "tests/web/probe/app.py")
SCRAPER = "a token of the test's own"


def test_metrics_are_for_the_token_alone(place: Place) -> None:
    program = place.browser(metrics_token=SCRAPER)
    assert program.get("/healthz").status_code == 200
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": SCRAPER}):
        assert program.get("/metrics", headers=headers).status_code == 404
    told = program.get("/metrics", headers={"Authorization": f"Bearer {SCRAPER}"})

    assert told.headers["content-type"].startswith("text/plain")
    assert 'lifecycle_requests_total{kind="health",method="GET",status="200"} 1.0' in told.text
    assert "lifecycle_request_seconds_bucket" in told.text
    assert "lifecycle_open_tabs 0.0" in told.text
    assert SCRAPER not in repr(Settings("sqlite://", metrics_token=SCRAPER))


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", [], 200),
        ("::1", [], 200),
        ("10.0.0.7", [], 404),
        ("127.0.0.1", [(b"x-forwarded-for", b"203.0.113.9")], 404),
        ("testclient", [], 404),
    ],
)
def test_metrics_without_a_token_are_for_this_machine_alone(
    client: str, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    watching = Watching(_nothing, figures=Figures(), settings=Settings("sqlite://"))  # type: ignore[arg-type]
    scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": headers, "client": (client, 1)}

    assert watching._answer_metrics(scope).status_code == status


def _nothing() -> None:
    raise AssertionError("never asked")


def test_addresses_make_no_figures_of_their_own(place: Place) -> None:
    program = place.browser(metrics_token=SCRAPER)
    for number in range(20):
        program.get(f"/no/such/{number}")
        program.request(f"BREW{number}", "/pot")
    told = program.get("/metrics", headers={"Authorization": f"Bearer {SCRAPER}"}).text

    assert sum(line.startswith("lifecycle_requests_total{") for line in told.splitlines()) <= 4


def test_line_of_a_request_has_its_id_and_its_person_and_no_address(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    browser = place.browser(place.cast.pat, logs_requests=True)
    with caplog.at_level(logging.INFO, logger="lifecycle.web.watching"):
        answer = browser.get(f"/reset/{'a' * 43}", headers={"X-Request-Id": "ours-12345678"})
        browser.get("/password", headers={"X-Request-Id": "x\ty"})
    first, second = (json.loads(_line(record)) for record in caplog.records)

    assert answer.headers["x-request-id"] == first["request"] == "ours-12345678"
    assert (first["status"], first["kind"], first["method"], first["level"]) == (410, "page", "GET", "info")
    assert (second["person"], len(second["request"])) == (place.cast.pat.key, 16)
    assert "a" * 43 not in caplog.text


def _line(record: logging.LogRecord) -> str:
    return logs.JsonLines().format(record)


def test_exception_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("lifecycle.test").exception("It broke")

    assert "\n" not in _line(caplog.records[-1])
    assert "two\\nlines" in _line(caplog.records[-1])


def test_server_that_is_asked_to_stop_finishes_what_it_began(tmp_path: Path) -> None:
    told: list[httpx.Response] = []
    with serving(tmp_path, command=PROBE, environment={"LIFECYCLE_LOG": "json", "PROBE_SLOW": "1"}) as server:
        set_up = httpx.get(f"{server.url}/sign-in")
        assert set_up.status_code == 303
        asking = threading.Thread(
            target=lambda: told.append(httpx.get(f"{server.url}/invitation/{'slow' * 6}", timeout=30))
        )
        asking.start()
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        asking.join(30)
        assert server.process.wait(15) in (0, -signal.SIGTERM)
        lines = [line for line in server.output().splitlines() if line.startswith("{")]

    assert [answer.text for answer in told] == ["finished"]
    assert "Traceback" not in server.output()
    for line in lines:
        assert {"time", "level", "message", "request", "person"} <= json.loads(line).keys()


def test_wrong_log_format_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="LIFECYCLE_LOG must be text or json, not “xml”"):
        read_settings({"LIFECYCLE_LOG": "xml"})
