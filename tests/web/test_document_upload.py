"""A whole-project document through the browser's form: it leads to the new project, or names what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from lifecycle.actions import projects
from lifecycle.facts.documents import read_document
from lifecycle.interchange.project_documents import document_text
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE
from tests.clock import START
from tests.rules.building import guide
from tests.web.conftest import Installation


def whole(database: Database) -> dict[str, object]:
    with database.write() as session:
        project_id = projects.register(session, by=COMMAND_LINE, at=START, guide=guide(), name="Orders <b>")
        found: dict[str, object] = json.loads(
            document_text(read_document(session, project_id, guide=guide()))
        )
    return found


def sent(document: object) -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("orders.json", json.dumps(document).encode(), "application/json")}


def test_document_becomes_a_project_of_whoever_sent_it(
    signed_in: Callable[[], httpx.Client], database: Database
) -> None:
    client, document = signed_in(), whole(database)

    first = client.post("/project-document", files=sent(document))
    again = client.post("/project-document", files=sent(document))

    assert (first.status_code, again.status_code) == (303, 303)
    address = urlsplit(first.headers["location"])
    assert (address.path, address.query.startswith("project=orders-b")) == ("/project", True)
    assert first.headers["location"] != again.headers["location"]


def test_wrong_document_is_answered_with_its_places(
    installation: Installation, signed_in: Callable[[], httpx.Client], database: Database
) -> None:
    client, document = signed_in(), whole(database)
    wrong = {**document, "people": [], "secret<b>": 1}

    refusals = [
        (client.post("/project-document", files=sent(wrong)), 422, "is not part"),
        (
            client.post("/project-document", files=sent({**document, "schema_version": 9})),
            422,
            "Update Lifecycle",
        ),
        (client.post("/project-document", files={"file": ("x.json", b"\xff", "text/plain")}), 422, "UTF-8"),
        (client.post("/project-document", data={"file": "text"}), 422, "Choose a file first."),
        (installation.browser().post("/project-document", files=sent(document)), 401, "signed out"),
        (
            client.post(
                "/project-document", files=sent(document), headers={"Origin": "https://elsewhere.example"}
            ),
            403,
            "another",
        ),
    ]

    for answer, status, words in refusals:
        assert answer.status_code == status, answer.text
        assert words in answer.text
    assert client.get("/project-document").status_code == 303
