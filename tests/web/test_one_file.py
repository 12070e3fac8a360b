"""The uploads of one file: who may, what is refused before it is read, and that the file is there afterwards."""

from __future__ import annotations

import http.client
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import select

from lifecycle.actions import projects
from lifecycle.facts.people import actor_of
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.store.database import open_database
from lifecycle.store.tables import PersonRow, Project
from tests.rules.building import guide
from tests.web.conftest import Installation

CONTENT = b"Use Case Name,Agency\nReader,Post\n"
UPLOAD = {"file": ("../../evil\\ours.csv", CONTENT, "text/csv")}


def test_file_waits_for_whoever_brought_it_under_its_plain_name(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    answer = signed_in().post("/register-file", files=UPLOAD)

    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    (token,) = parse_qs(address.query)["file"]
    assert address.path == "/import"
    database = _database_file(installation)
    with sqlite3.connect(database) as rows:
        ((ada,),) = rows.execute("SELECT key FROM person WHERE email = 'ada@example.org'")
    files = RegisterFiles(database)
    found = files.find(token, ada)
    assert found is not None
    assert (found.name, found.content) == ("ours.csv", CONTENT)
    assert files.find(token, "somebody-else") is None


def test_mapping_waits_apart_from_a_register(signed_in: Callable[[], httpx.Client]) -> None:
    answer = signed_in().post("/register-file", files=UPLOAD, data={"kind": "mapping"})
    assert list(parse_qs(urlsplit(answer.headers["location"]).query)) == ["mapping"]


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/register-file", "/import"),
        ("/readings-file", "/monitors"),
        ("/worksheet-file?project=berth-times", "/spreadsheets?project=berth-times"),
        ("/project-document", "/new-project"),
    ],
)
def test_nothing_else_is_stored(
    installation: Installation, signed_in: Callable[[], httpx.Client], path: str, page: str
) -> None:
    """On each of the forms that take one file."""
    _register_a_project(installation)
    client, folder = signed_in(), _database_file(installation).parent / "registers"
    before = set(folder.glob("*"))

    refusals = [
        (installation.browser().post(path, files=UPLOAD), 401, "signed out"),
        (
            client.post(path, files=UPLOAD, headers={"Origin": "https://elsewhere.example"}),
            403,
            "another",
        ),
        (client.post(path, data={"file": "text"}), 422, "Choose a file first."),
        (
            client.post(path, content=b"x", headers={"Content-Type": "multipart/form-data"}),
            400,
            "whole",
        ),
    ]

    for answer, status, words in refusals:
        assert answer.status_code == status
        assert words in answer.text
    assert _answer_to_announced(installation, client, path, 60_000_000) == 413
    assert set(folder.glob("*")) == before
    assert client.get(path).headers["location"] == page


@pytest.mark.parametrize("role", ["member", "leadership"])
def test_only_administrators_bring_registers(
    installation: Installation, signed_in: Callable[[], httpx.Client], role: str
) -> None:
    client = signed_in()
    with sqlite3.connect(_database_file(installation)) as rows:
        rows.execute("UPDATE person SET organisation_role = ?", (role,))
    try:
        answer = client.post("/register-file", files=UPLOAD)
    finally:
        with sqlite3.connect(_database_file(installation)) as rows:
            rows.execute("UPDATE person SET organisation_role = 'administrator'")

    assert answer.status_code == 403
    assert "Only an administrator" in answer.text


def _answer_to_announced(installation: Installation, client: httpx.Client, path: str, length: int) -> int:
    """The status for a file of that length, of which nothing was sent."""
    connection = http.client.HTTPConnection("127.0.0.1", installation.server.port, timeout=20)
    connection.putrequest("POST", path)
    connection.putheader("Cookie", f"lifecycle_session={client.cookies['lifecycle_session']}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def _register_a_project(installation: Installation) -> None:
    """Once, for a page that is about one."""
    database = open_database(installation.server.database_url)
    with database.write() as session:
        by = actor_of(session.exec(select(PersonRow)).one())
        if session.exec(select(Project).where(Project.key == "berth-times")).first() is None:
            now = datetime.now(UTC)
            projects.register(session, by=by, at=now, guide=guide(), name="Berth times", organisation="Quay")
    database.dispose()


def _database_file(installation: Installation) -> Path:
    return Path(installation.server.database_url.removeprefix("sqlite:///"))


def test_worksheet_upload_asks_for_a_project_that_one_may_read(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    folder = _database_file(installation).parent / "registers"
    before = set(folder.glob("*"))

    answer = signed_in().post("/worksheet-file?project=none", files=UPLOAD)

    assert answer.status_code == 404
    assert installation.browser().post("/worksheet-file?project=none", files=UPLOAD).status_code == 401
    assert set(folder.glob("*")) == before
