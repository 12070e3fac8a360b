"""Whole projects as one JSON document, on their way in; they go out among the exports."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import Field

from lifecycle.actions.documents import import_document
from lifecycle.facts.document_parts import ProjectDocument
from lifecycle.interchange.project_documents import notes, read_document
from lifecycle.rules.permissions import require
from lifecycle.web.api.asking import Asking, WritingProjects
from lifecycle.web.api.problems import Described, problem_response
from lifecycle.web.api.shapes import Shape

router = APIRouter(tags=["Projects"])
_REFUSED: Described = {409: problem_response("A rule says no")}

Document = Annotated[
    dict[str, Any],
    Body(
        description="As `GET /projects/{key}/exports/document` gives it; its JSON Schema is in the documentation."
    ),
]


class CheckedShape(Shape):
    """What an import would do. A document that cannot be taken is refused, each place named."""

    name: str
    answers: int
    notes: list[str] = Field(description="What is taken in and cannot be shown here.")


class ImportedShape(Shape):
    """What came in, counted. Decisions, releases and files are recorded elsewhere and settle nothing here."""

    key: str
    answers: int
    decisions: int
    files: int
    releases: int
    incidents: int
    monitors: int
    monitors_paused: int
    readings: int
    notes: list[str]


@router.post("/project-documents/check")
def check_document(asking: WritingProjects, document: Document) -> CheckedShape:
    """Read a document as an import would, and store nothing."""
    require("projects.import_document", asking.by)
    found, _ = _read(asking, document)
    return CheckedShape(
        name=found.project.name, answers=len(found.answers), notes=list(notes(found, asking.guide))
    )


@router.post("/project-documents", status_code=201, responses=_REFUSED)
def import_project(asking: WritingProjects, document: Document, response: Response) -> ImportedShape:
    """Make a new project of a document; the person of the token becomes its product manager."""
    require("projects.import_document", asking.by)
    found, digest = _read(asking, document)
    with asking.write() as session:
        done = import_document(
            session, by=asking.by, at=asking.at, guide=asking.guide, document=found, digest=digest
        )
    response.headers["Location"] = f"/api/v1/projects/{done.key}"
    return ImportedShape(
        key=done.key,
        answers=done.answers,
        decisions=done.decisions,
        files=done.files,
        releases=done.releases,
        incidents=done.incidents,
        monitors=done.monitors,
        monitors_paused=done.paused,
        readings=done.readings,
        notes=list(notes(found, asking.guide)),
    )


def _read(asking: Asking, document: dict[str, Any]) -> tuple[ProjectDocument, str]:
    """The checked document, and the digest of its content for the log."""
    data = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    most = asking.house.settings.largest_import_megabytes
    return read_document(data, asking.guide, largest_megabytes=most), hashlib.sha256(data).hexdigest()
