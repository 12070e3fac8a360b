"""Search over everything a person may read: names of projects, answers, data sources and conditions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.queries.projects import readable_ids
from lifecycle.queries.wording import all_names
from lifecycle.rules.answers import decode, describe, describe_part
from lifecycle.store.tables import Condition, CurrentAnswer, DataSource, Project
from lifecycle.vocabulary import Actor, AnswerState, Gate

SHORTEST = 2
MOST = 60
_CANDIDATES = 400  # rows looked at in words: some match only in the name of a part
_AROUND = 70


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where all words stand. `kind` is project, answer, source or condition.

    `key` is that of the question as addresses name it (`X05@3`), `gate` that of a condition.
    """

    kind: str
    project_key: str
    project_name: str
    title: str
    excerpt: str
    key: str = ""
    source_id: int = 0
    gate: Gate | None = None
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The first MOST of them; `is_cut` when there may be more."""

    hits: tuple[Hit, ...]
    is_cut: bool


def search(session: Session, *, by: Actor, guide: Guide, text: str) -> Found:
    """Where all the words of `text` stand, whatever their case; projects by name first. Four statements.

    What a choice is called counts as what was answered, what its part is called does not.
    """
    words = tuple(dict.fromkeys(text.split()))[:8]
    if len("".join(words)) < SHORTEST:
        return Found((), False)
    readable = col(Project.id).in_(readable_ids(by))
    found: list[Hit] = []
    for part in (_projects, _sources, _conditions):
        found += part(session, words, readable)
    found += _answers(session, words, readable, guide)
    return Found(tuple(found[:MOST]), len(found) > MOST)


def _holds(column: Any, word: str) -> ColumnElement[bool]:
    """Databases fold the case of plain letters; for others the word is tried in its usual spellings."""
    spellings = {word, word.lower(), word.upper(), word.capitalize()} if not word.isascii() else {word}
    return or_(*(func.lower(column).like(_pattern(each), escape="\\") for each in sorted(spellings)))


def _pattern(word: str) -> str:
    plain = "".join(letter.lower() if letter.isascii() else letter for letter in word)
    for mark in ("\\", "%", "_"):
        plain = plain.replace(mark, f"\\{mark}")
    return f"%{plain}%"


def _projects(session: Session, words: Sequence[str], readable: ColumnElement[bool]) -> Iterator[Hit]:
    columns = (Project.name, Project.purpose, Project.organisation)
    matching = and_(*(or_(*(_holds(column, word) for column in columns)) for word in words))
    rows = session.execute(
        select(Project).where(readable, matching).order_by(col(Project.name), col(Project.id)).limit(MOST + 1)
    ).scalars()
    for row in rows:
        said = excerpt(" · ".join(filter(None, (row.purpose, row.organisation))), words)
        yield Hit("project", row.key, row.name, row.name, said, is_archived=row.archived_at is not None)


def _sources(session: Session, words: Sequence[str], readable: ColumnElement[bool]) -> Iterator[Hit]:
    rows = session.execute(
        select(DataSource, Project)
        .join(Project, col(Project.id) == col(DataSource.project_id))
        .where(
            readable, col(DataSource.removed_at).is_(None), *(_holds(DataSource.name, each) for each in words)
        )
        .order_by(col(DataSource.name), col(DataSource.id))
        .limit(MOST + 1)
    )
    for source, project in rows:
        archived = project.archived_at is not None
        yield Hit(
            "source",
            project.key,
            project.name,
            source.name,
            "",
            source_id=source.id or 0,
            is_archived=archived,
        )


def _conditions(session: Session, words: Sequence[str], readable: ColumnElement[bool]) -> Iterator[Hit]:
    rows = session.execute(
        select(Condition, Project)
        .join(Project, col(Project.id) == col(Condition.project_id))
        .where(readable, *(_holds(Condition.text, each) for each in words))
        .order_by(col(Condition.id).desc())
        .limit(MOST + 1)
    )
    for condition, project in rows:
        gate = Gate(condition.gate)
        title = say("Condition at {gate}", gate=gate.title)
        archived = project.archived_at is not None
        said = excerpt(condition.text, words)
        yield Hit("condition", project.key, project.name, title, said, gate=gate, is_archived=archived)


def _answers(
    session: Session, words: Sequence[str], readable: ColumnElement[bool], guide: Guide
) -> Iterator[Hit]:
    rows = session.execute(
        select(CurrentAnswer, Project)
        .join(Project, col(Project.id) == col(CurrentAnswer.project_id))
        .where(
            readable, col(CurrentAnswer.state).is_not(None), *(_answers_with(guide, each) for each in words)
        )
        .order_by(col(CurrentAnswer.at).desc(), col(CurrentAnswer.answer_id))
        .limit(_CANDIDATES)
    ).all()
    sources = _source_names(session, {row.source_id for row, _ in rows})
    names = all_names(session)
    for row, project in rows:
        field = guide.fields.get(row.field_id)
        said = _said(field, row, names) if field else ""
        is_gone = row.source_id and row.source_id not in sources
        if field is None or is_gone or not all(word.casefold() in said.casefold() for word in words):
            continue
        where = sources.get(row.source_id, "")
        yield Hit(
            "answer",
            project.key,
            project.name,
            f"{field.title} · {where}" if where else field.title,
            excerpt(said, words),
            key=f"{row.field_id}@{row.source_id}" if row.source_id else row.field_id,
            source_id=row.source_id,
            is_archived=project.archived_at is not None,
        )


def _answers_with(guide: Guide, word: str) -> ColumnElement[bool]:
    stored = json.dumps(word, ensure_ascii=False)[1:-1]
    chosen = [
        and_(
            col(CurrentAnswer.field_id) == field_id,
            or_(*(_holds(CurrentAnswer.value, json.dumps(key, ensure_ascii=False)) for key in keys)),
        )
        for field_id, keys in _choices_called(guide, word.casefold()).items()
    ]
    return or_(
        _holds(CurrentAnswer.value, stored),
        _holds(CurrentAnswer.reason, word),
        _holds(CurrentAnswer.owner, word),
        *chosen,
    )


def _choices_called(guide: Guide, word: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in guide.fields.values():
        for part in field.columns:
            keys = [key for key, label in part.choices.items() if word in label.casefold()]
            if keys:
                found.setdefault(field.id, []).extend(keys)
    return found


def _said(field: FieldSpec, row: CurrentAnswer, names: Mapping[str, str]) -> str:
    """What was answered in words, without the names of its parts."""
    if row.state == AnswerState.NOT_APPLICABLE:
        return row.reason or ""
    if row.state == AnswerState.DONT_KNOW:
        owner = (row.owner or "").removeprefix("@")
        return names.get(owner, owner)
    try:
        value = decode(field, json.loads(row.value or "null"), names)
        return " · ".join(_values(field, value))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return ""


def _values(field: FieldSpec, value: Any) -> Iterator[str]:
    if field.kind == "single":
        yield describe(field, value)
        return
    for record in value if field.kind == "rows" else (value,):
        given = (part for part in field.columns if record.get(part.id) is not None)
        yield from (describe_part(part, record[part.id]) for part in given)


def _source_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    wanted = [each for each in ids if each]
    if not wanted:
        return {}
    found = session.execute(
        select(col(DataSource.id), col(DataSource.name)).where(
            col(DataSource.id).in_(wanted), col(DataSource.removed_at).is_(None)
        )
    )
    return {key or 0: name for key, name in found}


def excerpt(text: str, words: Sequence[str]) -> str:
    """The text on one line around the first of the words."""
    line = " ".join(text.split())
    places = [at for word in words if (at := line.casefold().find(word.casefold())) >= 0]
    start = max(0, min(places, default=0) - _AROUND)
    end = min(len(line), start + 3 * _AROUND)
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
