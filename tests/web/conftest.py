"""Real servers on loopback around the probe's frame, and people signed in to them."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from scripts.serving import Server, serving

PASSWORD = "three quiet green rivers"
EMAIL = "ada@example.org"


@dataclass
class Installation:
    """A served probe. `marks` has one line per script run: the session token it ran with."""

    server: Server
    marks: Path
    clients: list[httpx.Client] = field(default_factory=list)

    def browser(self) -> httpx.Client:
        """A fresh browser: follows redirects no further than told, keeps cookies."""
        client = httpx.Client(base_url=self.server.url, timeout=20)
        self.clients.append(client)
        return client

    def set_up_code(self) -> str:
        found = re.findall(r"Set-up code: (\S+)", self.server.output())
        assert found, self.server.output()
        return str(found[-1])

    def runs(self) -> list[str]:
        return self.marks.read_text("utf-8").split() if self.marks.exists() else []

    def stream(self, client: httpx.Client | None, **headers: str) -> ClientConnection:
        """Streamlit's websocket with this browser's cookies."""
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()) if client else ""
        sent = {**({"Cookie": cookies} if cookies else {}), **headers}
        address = f"ws://127.0.0.1:{self.server.port}/_stcore/stream"
        return connect(address, additional_headers=sent, subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]


def form_of(response: httpx.Response) -> dict[str, str]:
    """The hidden fields of the page's form."""
    hidden = r'<input type="hidden" name="(\w+)"(?: autocomplete="\w+")? value="([^"]*)"'
    return {name: html.unescape(value) for name, value in re.findall(hidden, response.text)}


def send_form(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open the page, fill its form and send it, as a browser does."""
    return client.post(path.split("?")[0], data={**form_of(client.get(path)), **fields})


def sign_in(
    client: httpx.Client, email: str = EMAIL, password: str = PASSWORD, wanted: str = "/"
) -> httpx.Response:
    return send_form(client, f"/sign-in?next={wanted}", email=email, password=password)


@pytest.fixture
def empty_installation(tmp_path: Path) -> Iterator[Installation]:
    """A served probe that nobody has set up."""
    yield from _serve_probe(tmp_path)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A served probe whose administrator is ada@example.org."""
    for served in _serve_probe(tmp_path_factory.mktemp("served")):
        answer = send_form(
            served.browser(),
            f"/set-up?code={served.set_up_code()}",
            code=served.set_up_code(),
            organisation="Riverbank",
            name="Ada",
            email=EMAIL,
            password=PASSWORD,
            time_zone="Europe/Amsterdam",
        )
        assert answer.status_code == 303, answer.text
        yield served


@pytest.fixture
def signed_in(installation: Installation) -> Callable[[], httpx.Client]:
    """Make a browser in which the administrator is signed in."""

    def make() -> httpx.Client:
        client = installation.browser()
        assert sign_in(client).status_code == 303
        return client

    return make


def _serve_probe(folder: Path) -> Iterator[Installation]:
    marks = folder / "marks"
    probe = (sys.executable, "tests/web/probe/app.py")
    with serving(folder, command=probe, environment={"PROBE_MARKS": str(marks)}) as server:
        served = Installation(server, marks)
        yield served
        for client in served.clients:
            client.close()
