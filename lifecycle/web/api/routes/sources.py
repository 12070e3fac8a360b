"""Data sources: one record per input, with its own questions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from lifecycle.actions import sources as actions
from lifecycle.errors import NotFound
from lifecycle.queries import worksheets
from lifecycle.web.api.asking import Reading, WritingWorksheets
from lifecycle.web.api.problems import Described, problem_response
from lifecycle.web.api.routes import worksheets as sheets
from lifecycle.web.api.routes.worksheets import (
    CONFLICTS,
    AnswerShape,
    FieldId,
    GivenAnswer,
    IfMatch,
    IfNoneMatch,
    SavedShape,
    SheetShape,
)
from lifecycle.web.api.shapes import LARGEST_NUMBER, Given, Number, ProjectKey, Shape

router = APIRouter(tags=["Data sources"])
_REFUSED: Described = {409: problem_response("Somebody saved first, or a rule says no")}


class SourceShape(Shape):
    id: int
    key: str
    name: str
    revision: int


class SourcesShape(Shape):
    """In their order; those that the project no longer uses are left out."""

    items: list[SourceShape]


class NewSource(Given):
    name: str = Field(max_length=10_000)


class RenamedSource(NewSource):
    base: int = Field(ge=0, le=LARGEST_NUMBER, description="The `revision` that your change starts from.")


@router.get("/projects/{key}/sources")
def list_sources(asking: Reading, key: ProjectKey) -> SourcesShape:
    """The inputs of a project."""
    with asking.read() as session:
        head = asking.project(session, key)
        found = worksheets.sources(session, project_id=head.id)
    return SourcesShape(
        items=[
            SourceShape(id=each.id, key=each.key, name=each.name, revision=each.revision) for each in found
        ]
    )


@router.post("/projects/{key}/sources", status_code=201, responses=_REFUSED)
def add_source(
    asking: WritingWorksheets, key: ProjectKey, given: NewSource, response: Response
) -> SourceShape:
    """Open a record for one more input."""
    with asking.write() as session:
        head = asking.project(session, key)
        number = actions.add(
            session, by=asking.by, at=asking.at, guide=asking.guide, project_id=head.id, name=given.name
        )
        made = _one(worksheets.sources(session, project_id=head.id), number)
    response.headers["Location"] = f"/api/v1/projects/{key}/sources/{number}"
    return made


@router.get("/projects/{key}/sources/{source}")
def read_source(asking: Reading, key: ProjectKey, source: Number) -> SheetShape:
    """The record of one data source: its questions with their answers."""
    with asking.read() as session:
        head = asking.project(session, key)
        sheet = worksheets.sheet(session, project_id=head.id)
        _one(sheet.sources, source)
    fields = [field for field in asking.guide.fields.values() if field.is_of_source]
    return SheetShape(
        project=key,
        stage=None,
        source=source,
        questions=[sheets.question_shape(field, sheet.answer(field.id, source), source) for field in fields],
    )


@router.put("/projects/{key}/sources/{source}", responses=_REFUSED)
def rename_source(
    asking: WritingWorksheets, key: ProjectKey, source: Number, given: RenamedSource
) -> SourceShape:
    """Give a data source another name."""
    with asking.write() as session:
        head = asking.project(session, key)
        actions.rename(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            project_id=head.id,
            source_id=source,
            name=given.name,
            base=given.base,
        )
        return _one(worksheets.sources(session, project_id=head.id), source)


@router.delete("/projects/{key}/sources/{source}", status_code=204, responses=_REFUSED)
def remove_source(asking: WritingWorksheets, key: ProjectKey, source: Number) -> None:
    """The project no longer uses it. Its record stays and can be brought back on the screen."""
    with asking.write() as session:
        head = asking.project(session, key)
        actions.remove(
            session, by=asking.by, at=asking.at, guide=asking.guide, project_id=head.id, source_id=source
        )


@router.get("/projects/{key}/sources/{source}/answers/{field}")
def read_source_answer(
    asking: Reading, key: ProjectKey, source: Number, field: FieldId, response: Response
) -> AnswerShape:
    """One answer of a data source's record; its ETag is what If-Match takes."""
    return sheets.read_one(asking, key, field, source, response)


@router.put("/projects/{key}/sources/{source}/answers/{field}", responses=CONFLICTS)
def save_source_answer(
    asking: WritingWorksheets,
    key: ProjectKey,
    source: Number,
    field: FieldId,
    given: GivenAnswer,
    response: Response,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> SavedShape:
    """Save one answer of a data source's record."""
    base = sheets.base_of(given.base, if_match, if_none_match)
    return sheets.save_one(asking, key, field, source, given, base, response)


@router.delete("/projects/{key}/sources/{source}/answers/{field}", responses=CONFLICTS)
def clear_source_answer(
    asking: WritingWorksheets,
    key: ProjectKey,
    source: Number,
    field: FieldId,
    response: Response,
    base: Annotated[int | None, Query(ge=0, le=LARGEST_NUMBER)] = None,
    if_match: IfMatch = None,
) -> SavedShape:
    """Take an answer back to unanswered; its history stays."""
    return sheets.clear_one(asking, key, field, source, sheets.base_of(base, if_match, None), response)


def _one(found: tuple[worksheets.SourceName, ...], number: int) -> SourceShape:
    for each in found:
        if each.id == number:
            return SourceShape(id=each.id, key=each.key, name=each.name, revision=each.revision)
    raise NotFound("data source", number)
