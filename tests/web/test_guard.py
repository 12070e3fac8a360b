"""P10 at the door: what an anonymous client gets from a real server, and when an open tab is closed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from lifecycle.web.guard import is_open, safe_next
from scripts.serving import ROOT
from tests.web.conftest import Installation, form_of, sign_in

# Written out, not read from the product: opening another path must be a decision taken here too.
OPEN_TO_ANYBODY = {
    "/healthz",
    "/readyz",
    "/sign-in",
    "/sign-in/provider",
    "/sign-in/provider/callback",
    "/sign-in/provider/sign-out",
    "/sign-out",
    "/set-up",
    "/invitation/{token}",
    "/reset/{token}",
    "/language/{code}",
}
EXAMPLES = {"{token}": "a" * 43, "{code}": "fr", "{path:path}": "x", ":path": ""}
LEAVERS = 40
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def test_deep_link_signed_out_leads_through_sign_in_and_back(installation: Installation) -> None:
    client = installation.browser()

    refused = client.get("/worksheet?project=7&field=D14")

    assert refused.status_code == 303
    address = urlsplit(refused.headers["location"])
    assert address.path == "/sign-in"
    assert parse_qs(address.query) == {"next": ["/worksheet?project=7&field=D14"]}
    entered = sign_in(client, wanted="%2Fworksheet%3Fproject%3D7%26field%3DD14")
    assert entered.headers["location"] == "/worksheet?project=7&field=D14"
    assert '<html lang="en">' in client.get(entered.headers["location"]).text


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/upload_file/session/file",
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/metrics",
        "/_stcore/script-health-check",
        "/_stcore/agent/interact",
        "/media/0123456789abcdef.csv",
        "/component/anything/index.html",
        "/_stcore/bidi-components/anything/index.js",
        "/static/js/index.js",
        "/api/v1/projects",
        "/invitation/short",
        "/invitation/../worksheet",
        "/reset/aaaaaaaaaaaaaaaaaaaaaaaaa/more",
        "/sign-in/",
        "//sign-in",
        "/healthz/../worksheet",
        "/favicon.png",
        "/password",
        "/index.html",
    ],
)
def test_nothing_else_answers_an_anonymous_client(installation: Installation, path: str) -> None:
    client = installation.browser()

    for method in METHODS:
        answer = client.request(method, f"{installation.server.url}{path}")

        assert answer.status_code in (303, 401), (method, path, answer.status_code)
        assert len(answer.content) < 200


def test_api_refuses_with_a_problem_document(installation: Installation) -> None:
    answer = installation.browser().get("/api/v1/projects")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_every_route_of_the_application_is_refused_unless_listed(installation: Installation) -> None:
    """The routes are asked from the application itself, so that one added tomorrow is covered today."""
    client = installation.browser()
    paths = _all_paths(installation)

    assert len(paths) > 20
    assert paths >= OPEN_TO_ANYBODY
    for path in paths:
        answer = client.get(_example(path))
        if path in OPEN_TO_ANYBODY:
            assert answer.status_code in (200, 303, 404, 410), path
        else:
            assert answer.status_code in (303, 401), path
            assert answer.headers.get("location", "/sign-in").startswith("/sign-in")


@pytest.mark.parametrize(
    "cookie", [None, "lifecycle_session=", "lifecycle_session=made-up", "lifecycle_session=" + "x" * 4000]
)
def test_websocket_without_a_session_gets_nothing(installation: Installation, cookie: str | None) -> None:
    before = len(installation.runs())

    with pytest.raises(InvalidStatus) as refused:
        installation.stream(None, **({"Cookie": cookie} if cookie else {}))

    assert refused.value.response.status_code == 403
    assert len(installation.runs()) == before


def test_websocket_from_another_site_gets_nothing(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        installation.stream(signed_in(), Origin="https://elsewhere.example")

    assert refused.value.response.status_code == 403


def test_form_from_another_site_is_not_carried_out(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    client = signed_in()

    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert client.post("/sign-out", headers=headers).status_code == 403

    assert client.get("/").status_code == 200


def test_page_beside_the_app_cannot_bypass_the_frame(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    with installation.stream(signed_in()) as stream:
        messages = _rerun(stream, page="leak")

    assert "leak" not in installation.runs()
    assert any(message.HasField("navigation") for message in messages)
    assert not any("without the frame" in str(message) for message in messages)


def test_script_runs_for_the_person_of_the_cookie(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    client = signed_in()

    with installation.stream(client) as stream:
        messages = _rerun(stream)

    assert any("the frame drew this" in str(message) for message in messages)
    assert installation.runs()[-1] == client.cookies["lifecycle_session"]


def test_sign_out_closes_the_open_tab_and_sends_it_to_sign_in(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    client = signed_in()
    with installation.stream(client) as stream:
        _rerun(stream)
        page = client.get("/sign-out")
        client.post("/sign-out", data=form_of(page))

        last, code = _drain(stream, seconds=5)

    assert code == 4401
    assert last is not None
    assert last.auth_redirect.url == "/sign-in?because=ended"


def test_revoked_session_is_closed_within_five_seconds_while_idle(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    """Revoked in the database by another process: nobody tells the server."""
    with installation.stream(signed_in()) as stream:
        _rerun(stream)
        _revoke_all(installation)
        started = time.monotonic()

        _last, code = _drain(stream, seconds=6)

    assert code == 4401
    assert time.monotonic() - started < 5


def test_message_sent_just_before_the_tab_goes_is_run_all_the_same(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    """What somebody typed last reaches the server in the moment in which the page is reloaded or closed."""
    client = signed_in()
    before = len(installation.runs())

    for _ in range(LEAVERS):
        with installation.stream(client) as stream:
            stream.send(_rerun_message())

    deadline = time.monotonic() + 20
    while (run := len(installation.runs()) - before) < LEAVERS and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run == LEAVERS


def test_message_right_after_revocation_is_not_run(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    with installation.stream(signed_in()) as stream:
        _rerun(stream)
        _revoke_all(installation)
        before = len(installation.runs())

        stream.send(_rerun_message())
        _last, code = _drain(stream, seconds=2)

    assert code == 4401
    assert len(installation.runs()) == before


def test_idle_session_ends_though_a_timer_keeps_asking(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    client = signed_in()
    with _database(installation) as database:
        database.execute("UPDATE web_session SET last_seen_at = datetime('now', '-11 hours')")
    with installation.stream(client) as stream:
        _rerun(stream, automatic=True)
        time.sleep(0.5)
        after_timer = _hours_since_activity(installation)

        _rerun(stream)
        time.sleep(0.5)

    assert after_timer > 10
    assert _hours_since_activity(installation) < 1


def test_answers_carry_security_headers(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    screen, way_in = signed_in().get("/"), installation.browser().get("/sign-in")

    for answer in (screen, way_in):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
    assert "'unsafe-eval'" not in screen.headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in screen.headers["content-security-policy"]
    assert way_in.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/worksheet?project=1", "/worksheet?project=1"),
        ("/", "/"),
        (None, "/"),
        ("", "/"),
        ("worksheet", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\nSet-Cookie: a=b", "/"),
        ("/caf\u00e9", "/"),
        ("/" + "x" * 2_001, "/"),
        ("/sign-out", "/"),
        ("/sign-in?next=/sign-in", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_stays_on_this_site(wanted: str | None, goes_to: str) -> None:
    assert safe_next(wanted) == goes_to


def _example(path: str) -> str:
    for name, value in EXAMPLES.items():
        path = path.replace(name, value)
    return path


def test_open_paths_are_exactly_the_listed_ones() -> None:
    listed = {_example(path) for path in OPEN_TO_ANYBODY}

    assert all(is_open(path) for path in listed)
    assert not any(is_open(f"{path}/x") or is_open(path.upper()) for path in listed)


def _all_paths(installation: Installation) -> set[str]:
    program = (
        "from tests.web.probe.app import app\n"
        "print(*[route.path for route in app._build_starlette_app().routes], sep='\\n')"
    )
    environment = {**os.environ, "LIFECYCLE_DATABASE_URL": installation.server.database_url}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


# ---------------------------------------------------------------- Streamlit's messages


def _rerun_message(page: str = "", *, automatic: bool = False) -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = ""
    message.rerun_script.page_name = page
    message.rerun_script.is_auto_rerun = automatic
    return bytes(message.SerializeToString())


def _rerun(stream: ClientConnection, page: str = "", *, automatic: bool = False) -> list[ForwardMsg]:
    """Ask for a run and collect its messages until it has finished."""
    stream.send(_rerun_message(page, automatic=automatic))
    messages: list[ForwardMsg] = []
    while not messages or messages[-1].WhichOneof("type") != "script_finished":
        messages.append(ForwardMsg.FromString(stream.recv(timeout=10)))  # type: ignore[arg-type]
    return messages


def _drain(stream: ClientConnection, *, seconds: float) -> tuple[ForwardMsg | None, int | None]:
    """The last message before the close, and the close's code; None when it stays open that long."""
    last, deadline = None, time.monotonic() + seconds
    try:
        while True:
            last = ForwardMsg.FromString(stream.recv(timeout=max(deadline - time.monotonic(), 0)))  # type: ignore[arg-type]
    except ConnectionClosed as closed:
        return last, closed.rcvd.code if closed.rcvd else None
    except TimeoutError:
        return last, None


def _database(installation: Installation) -> sqlite3.Connection:
    return sqlite3.connect(installation.server.database_url.removeprefix("sqlite:///"))


def _revoke_all(installation: Installation) -> None:
    with _database(installation) as database:
        database.execute(
            "UPDATE web_session SET revoked_at = '2026-01-01 00:00:00.000000' WHERE revoked_at IS NULL"
        )


def _hours_since_activity(installation: Installation) -> float:
    with _database(installation) as database:
        [(hours,)] = database.execute(
            "SELECT 24 * (julianday('now') - julianday(max(last_seen_at))) FROM web_session"
        )
    return float(hours)
