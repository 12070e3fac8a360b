"""Worksheets and data-source records: questions with their answers, read and written one by one or many at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import Field, JsonValue

from lifecycle.actions import answers as actions
from lifecycle.actions.answers import SavedAnswer
from lifecycle.errors import Invalid, NotFound
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.queries import worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import AnswerView
from lifecycle.store.database import Session
from lifecycle.vocabulary import AnswerState, Gate, Stage
from lifecycle.web.api.asking import Asking, Reading, WritingWorksheets
from lifecycle.web.api.problems import BaseMissing, Described, problem_response
from lifecycle.web.api.shapes import LARGEST_NUMBER, Given, ProjectKey, Shape

router = APIRouter(tags=["Worksheets"])
MOST_AT_ONCE = 200
FieldId = Annotated[str, Path(pattern="^[A-Z][A-Z0-9]{1,9}$", description="The question's id, such as D14.")]
IfMatch = Annotated[
    str | None, Header(max_length=60, description="Instead of `base`: the ETag of the answer you read.")
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=60, description="`*` instead of `base` = 0: only if there is no answer yet."),
]
Base = Annotated[
    int | None,
    Field(ge=0, le=LARGEST_NUMBER, description="The revision that your change starts from; 0: none."),
]
CONFLICTS: Described = {
    409: problem_response("Somebody saved first: both versions are shown. Or a rule says no"),
    412: problem_response("As 409, for a change sent with If-Match"),
    428: problem_response("Neither `base` nor If-Match says what you have seen"),
}


class PartShape(Shape):
    """One part of an answer, or one column of its rows."""

    id: str
    label: str
    type: str
    unit: str
    required: bool
    choices: dict[str, str]


class AnswerShape(Shape):
    """An answer as it is stored: numbers are text. `state` null: it was cleared, or nobody has answered yet."""

    field: str
    source: int | None
    state: AnswerState | None
    value: JsonValue
    owner: str | None
    due_on: date | None
    reason: str | None
    revision: int
    at: datetime | None
    by: str | None


class QuestionShape(Shape):
    """One question. `kind` is single (one value), parts (an object by part) or rows (a list of objects)."""

    id: str
    title: str
    question: str
    gate: Gate
    kind: str
    parts: list[PartShape]
    answer: AnswerShape


class SheetShape(Shape):
    """A worksheet, or the record of one data source."""

    project: str
    stage: Stage | None
    source: int | None
    questions: list[QuestionShape]


class GivenAnswer(Given):
    """`value` for answered, `owner` and `due_on` for dont_know, `reason` for not_applicable. No value clears it."""

    state: AnswerState = AnswerState.ANSWERED
    value: JsonValue = None
    owner: str | None = Field(None, max_length=1_000)
    due_on: date | None = None
    reason: str | None = Field(None, max_length=20_000)
    base: Base = None


class PlacedAnswer(GivenAnswer):
    """One of many."""

    field: str = Field(pattern="^[A-Z][A-Z0-9]{1,9}$")
    source: int | None = Field(None, ge=1, le=LARGEST_NUMBER)


class ManyAnswers(Given):
    answers: list[PlacedAnswer] = Field(min_length=1, max_length=MOST_AT_ONCE)


class SavedShape(Shape):
    """What is on the disk now. `changed` is false when the same answer was there already."""

    field: str
    source: int | None
    revision: int
    changed: bool


class SavedMany(Shape):
    answers: list[SavedShape]


class VersionsShape(Shape):
    """Every version of one answer, newest first; at most thirty."""

    versions: list[AnswerShape]


# ---------------------------------------------------------------- reading


@router.get("/projects/{key}/worksheets/{stage}")
def read_worksheet(asking: Reading, key: ProjectKey, stage: Stage) -> SheetShape:
    """The questions of a stage with their answers as they are now."""
    with asking.read() as session:
        head = asking.project(session, key)
        sheet = worksheets.sheet(session, project_id=head.id)
    fields = [field for field in asking.guide.fields.values() if field.stage is stage]
    return SheetShape(
        project=key,
        stage=stage,
        source=None,
        questions=[question_shape(field, sheet.answer(field.id), None) for field in fields],
    )


@router.get("/projects/{key}/answers/{field}")
def read_answer(asking: Reading, key: ProjectKey, field: FieldId, response: Response) -> AnswerShape:
    """One answer of the worksheets; its ETag is what If-Match takes."""
    return read_one(asking, key, field, None, response)


@router.get("/projects/{key}/answers/{field}/versions")
def read_versions(asking: Reading, key: ProjectKey, field: FieldId) -> VersionsShape:
    """How an answer came about."""
    with asking.read() as session:
        head = asking.project(session, key)
        known(asking.guide, field, None)
        found = worksheets.answer_history(session, project_id=head.id, field_id=field)
    return VersionsShape(versions=[answer_shape(field, each, None) for each in found])


# ---------------------------------------------------------------- writing


@router.put("/projects/{key}/answers/{field}", responses=CONFLICTS)
def save_answer(
    asking: WritingWorksheets,
    key: ProjectKey,
    field: FieldId,
    given: GivenAnswer,
    response: Response,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> SavedShape:
    """Save one answer. The same content again changes nothing."""
    base = base_of(given.base, if_match, if_none_match)
    return save_one(asking, key, field, None, given, base, response)


@router.delete("/projects/{key}/answers/{field}", responses=CONFLICTS)
def clear_answer(
    asking: WritingWorksheets,
    key: ProjectKey,
    field: FieldId,
    response: Response,
    base: Annotated[int | None, Query(ge=0, le=LARGEST_NUMBER)] = None,
    if_match: IfMatch = None,
) -> SavedShape:
    """Take an answer back to unanswered; its history stays."""
    return clear_one(asking, key, field, None, base_of(base, if_match, None), response)


@router.patch("/projects/{key}/answers", responses=CONFLICTS)
def save_answers(asking: WritingWorksheets, key: ProjectKey, given: ManyAnswers) -> SavedMany:
    """Save many answers at once: all of them, or nothing when one cannot be taken. Each names its `base`."""
    with asking.write() as session:
        head = asking.project(session, key)
        saved: list[SavedShape] = []
        problems: dict[str, str] = {}
        for each in given.answers:
            try:
                found = _save(
                    session, asking, head, each.field, each.source, each, base_of(each.base, None, None)
                )
            except Invalid as error:
                at = each.field if each.source is None else f"{each.field}@{each.source}"
                problems |= {
                    " · ".join(filter(None, (at, place))): text for place, text in error.problems.items()
                }
            else:
                saved.append(_saved(each.field, each.source, found))
        if problems:
            raise Invalid(problems)
    return SavedMany(answers=saved)


# ---------------------------------------------------------------- shared with data sources


def read_one(asking: Asking, key: str, field: str, source: int | None, response: Response) -> AnswerShape:
    with asking.read() as session:
        head = asking.project(session, key)
        known(asking.guide, field, source)
        sheet = worksheets.sheet(session, project_id=head.id)
        if source is not None and source not in {each.id for each in sheet.sources}:
            raise NotFound("data source", source)
        found = answer_shape(field, sheet.answer(field, source or 0), source)
    response.headers["ETag"] = f'"{found.revision}"'
    return found


def save_one(
    asking: Asking,
    key: str,
    field: str,
    source: int | None,
    given: GivenAnswer,
    base: int,
    response: Response,
) -> SavedShape:
    with asking.write() as session:
        found = _save(session, asking, asking.project(session, key), field, source, given, base)
    response.headers["ETag"] = f'"{found.revision}"'
    return _saved(field, source, found)


def clear_one(
    asking: Asking, key: str, field: str, source: int | None, base: int, response: Response
) -> SavedShape:
    with asking.write() as session:
        head = asking.project(session, key)
        found = actions.clear(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            project_id=head.id,
            field_id=field,
            source_id=source or 0,
            base=base,
        )
    response.headers["ETag"] = f'"{found.revision}"'
    return _saved(field, source, found)


def _save(
    session: Session,
    asking: Asking,
    head: ProjectHead,
    field: str,
    source: int | None,
    given: GivenAnswer,
    base: int,
) -> SavedAnswer:
    return actions.save(
        session,
        by=asking.by,
        at=asking.at,
        guide=asking.guide,
        project_id=head.id,
        field_id=field,
        source_id=source or 0,
        state=given.state,
        raw=given.value,
        owner=given.owner,
        due_on=given.due_on,
        reason=given.reason,
        base=base,
        method="api",
    )


def _saved(field: str, source: int | None, found: SavedAnswer) -> SavedShape:
    return SavedShape(field=field, source=source, revision=found.revision, changed=found.changed)


def known(guide: Guide, field: str, source: int | None) -> FieldSpec:
    """The question, where it belongs; raises NotFound."""
    found = guide.fields.get(field)
    if found is None or found.is_of_source != (source is not None):
        raise NotFound("question", field)
    return found


_TAG = re.compile(r'(?:W/)?"(\d{1,15})"')


def base_of(base: int | None, if_match: str | None, if_none_match: str | None) -> int:
    """The revision that a change starts from. Raises BaseMissing where nothing says it."""
    if if_none_match is not None and if_none_match.strip() == "*":
        return 0
    if if_match is not None:
        found = _TAG.fullmatch(if_match.strip())
        if found is None:
            raise Invalid({"If-Match": say('Send the ETag of the answer as you read it, such as "3".')})
        return int(found[1])
    if base is None:
        raise BaseMissing
    return base


def question_shape(field: FieldSpec, answer: AnswerView | None, source: int | None) -> QuestionShape:
    return QuestionShape(
        id=field.id,
        title=field.title,
        question=field.question,
        gate=field.gate,
        kind=field.kind,
        parts=[
            PartShape(
                id=part.id,
                label=part.label,
                type=part.type,
                unit=part.unit,
                required=part.required,
                choices=dict(part.choices),
            )
            for part in field.columns
        ],
        answer=answer_shape(field.id, answer, source),
    )


_NOBODY: Mapping[str, Any] = dict.fromkeys(("state", "value", "owner", "due_on", "reason", "at", "by"))


def answer_shape(field: str, answer: AnswerView | None, source: int | None) -> AnswerShape:
    if answer is None:
        return AnswerShape(field=field, source=source, revision=0, **_NOBODY)
    return AnswerShape(
        field=field,
        source=source,
        state=answer.state,
        value=answer.stored,
        owner=answer.owner,
        due_on=answer.due_on,
        reason=answer.reason,
        revision=answer.revision,
        at=answer.at,
        by=answer.by_name,
    )
