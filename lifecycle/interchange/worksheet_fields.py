"""An answer laid out in cells: its state, who finds out, and a record of cells for each row or for its parts.

The same shape is made from what is stored and from what stands in a file, so that the two can be compared cell by
cell, and read from a file into what an answer takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from lifecycle.actions.answers import GivenAnswer
from lifecycle.errors import Invalid
from lifecycle.guide import ONLY, FieldSpec, PartSpec
from lifecycle.interchange.worksheet_cells import (
    EMPTY,
    STATES,
    Around,
    Cells,
    Formula,
    cells_of,
    folded,
    person_text,
    plain,
    raw_of,
    reworded,
    said_again,
    written,
)
from lifecycle.language import mark, say
from lifecycle.queries.worksheets import AnswerView
from lifecycle.rules.answers import parse
from lifecycle.rules.parts import Problem, parse_part, shortened
from lifecycle.vocabulary import AnswerState

_OWNER = PartSpec(id="owner", type="person")
_DUE = PartSpec(id="due_on", type="date")
_REASON = PartSpec(id="reason", type="long_text")
# How the columns that every question has are called, in sentences and as headers.
COLUMNS = {
    "state": mark("How it is answered"),
    "owner": mark("Who finds out"),
    "due_on": mark("By when"),
    "reason": mark("Why it does not apply"),
}
_NO_PLACES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of the parts of an answer, or of one of its rows. `places`: where each stands in a file."""

    cells: Mapping[str, Cells]
    id: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        return not any(plain(cells.value) for cells in self.cells.values())


@dataclass(frozen=True, slots=True)
class FieldCells:
    """`none`: what stands where rows are said not to exist."""

    state: Any = None
    owner: Any = None
    due_on: Any = None
    reason: Any = None
    none: Any = None
    records: tuple[Record, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def plain(self, spec: FieldSpec) -> tuple[Any, ...]:
        """For comparing: blank rows, and where it stands, do not matter."""
        own = tuple(plain(cell) for cell in (self.state, self.owner, self.due_on, self.reason, self.none))
        ids = [part.id for part in spec.columns]
        rows = tuple(
            (plain(record.id), *(_both(record.cells.get(part, EMPTY)) for part in ids))
            for record in self.records
            if not record.is_blank
        )
        return (own, rows)


def _both(cells: Cells) -> tuple[str, str]:
    return plain(cells.value), plain(cells.unit)


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What cannot be taken, and where: `place` is "Questions!E14"."""

    place: str
    text: str

    @property
    def sentence(self) -> str:
        return say("{place}: {text}", place=self.place, text=self.text) if self.place else self.text


# ------------------------------------------------------------------ stored -> cells


def laid_out(spec: FieldSpec, answer: AnswerView | None, around: Around) -> FieldCells:
    """An answer in cells. One from before its question changed shape cannot be shown and leaves them blank."""
    if answer is None or answer.state is None:
        return FieldCells()
    state = say(STATES[answer.state])
    if answer.state is AnswerState.DONT_KNOW:
        return FieldCells(state, person_text(answer.owner or "", around.people), answer.due_on)
    if answer.state is AnswerState.NOT_APPLICABLE:
        return FieldCells(state, reason=written(answer.reason or ""))
    try:
        records = tuple(_records(spec, answer.stored, around))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return FieldCells(state)
    none = spec.none_label if spec.kind == "rows" and answer.stored == [] else None
    return FieldCells(state, none=none, records=records)


def _records(spec: FieldSpec, stored: Any, around: Around) -> Iterator[Record]:
    if spec.kind == "rows":
        for row in stored:
            yield Record(_cells(spec, row, around), row["id"])
    else:
        yield Record(_cells(spec, {ONLY: stored} if spec.kind == "single" else stored, around))


def _cells(spec: FieldSpec, stored: Mapping[str, Any], around: Around) -> dict[str, Cells]:
    return {part.id: cells_of(part, stored.get(part.id), around) for part in spec.columns}


# ------------------------------------------------------------------ from another language


def in_our_words(found: FieldCells, was: FieldSpec, now: FieldSpec, language: str) -> FieldCells:
    """What a file in another language says, with the product's own words in the one spoken now.

    `was` is the question in that language, `now` in ours.
    """
    none = now.none_label if folded(plain(found.none)) == folded(was.none_label) else found.none
    return replace(
        found,
        state=said_again(found.state, STATES.values(), language),
        none=none if plain(found.none) else found.none,
        records=tuple(_reworded(record, was, now, language) for record in found.records),
    )


def _reworded(record: Record, was: FieldSpec, now: FieldSpec, language: str) -> Record:
    specs = {part.id: (part, ours) for part, ours in zip(was.columns, now.columns, strict=True)}
    cells = {
        part: reworded(held, *specs[part], language) if part in specs else held
        for part, held in record.cells.items()
    }
    return replace(record, cells=cells)


# ------------------------------------------------------------------ cells -> answer


def given_in(spec: FieldSpec, found: FieldCells) -> tuple[GivenAnswer | None, list[CellProblem]]:
    """What the cells answer; None with the reasons when they cannot be taken."""
    state = next((each for each, word in STATES.items() if _says(found.state, word)), None)
    if state is None and plain(found.state):
        words = ", ".join(map(say, STATES.values()))
        return None, [
            CellProblem(
                found.places.get("state", ""),
                say("“{word}” is none of {words}.", word=_short(found.state), words=words),
            )
        ]
    has_content = bool(plain(found.none)) or any(not record.is_blank for record in found.records)
    if state in (AnswerState.DONT_KNOW, AnswerState.NOT_APPLICABLE):
        if has_content:
            text = say(
                "It says “{state}” and holds an answer as well. Empty one of the two.", state=STATES[state]
            )
            return None, [CellProblem(found.places.get("state", ""), text)]
        return _unanswered(spec, state, found)
    raw, problems = _raw(spec, found)
    if problems:
        return None, problems
    try:
        parse(spec, raw)
    except Invalid as error:
        return None, [CellProblem(_first_place(found), text) for text in error.problems.values()]
    return GivenAnswer(spec.id, raw), []


def _says(cell: Any, word: str) -> bool:
    return folded(plain(cell)) == folded(say(word))


def _short(cell: Any) -> str:
    return say("a formula") if isinstance(cell, Formula) else shortened(str(cell))


def _unanswered(
    spec: FieldSpec, state: AnswerState, found: FieldCells
) -> tuple[GivenAnswer | None, list[CellProblem]]:
    problems: list[CellProblem] = []
    said: dict[str, Any] = {}
    wanted = (_OWNER, _DUE) if state is AnswerState.DONT_KNOW else (_REASON,)
    for part in wanted:
        place = found.places.get(part.id, "")
        try:
            said[part.id] = parse_part(part, raw_of(part, Cells(getattr(found, part.id))))
        except Problem as problem:
            problems.append(CellProblem(place, _about(say(COLUMNS[part.id]), problem)))
            continue
        if said[part.id] is None:
            problems.append(CellProblem(place, say("Fill in “{column}”.", column=COLUMNS[part.id])))
    if problems:
        return None, problems
    due = date.fromisoformat(said["due_on"]) if "due_on" in said else None
    return GivenAnswer(
        spec.id, state=state, owner=said.get("owner"), due_on=due, reason=said.get("reason")
    ), []


def _raw(spec: FieldSpec, found: FieldCells) -> tuple[Any, list[CellProblem]]:
    records = [record for record in found.records if not record.is_blank]
    problems: list[CellProblem] = []
    rows: list[dict[str, Any]] = []
    for record in records:
        row = dict(_parts(spec, record, problems))
        rows.append({"id": record.id, **row} if record.id else row)
    if spec.kind != "rows":
        whole = rows[0] if rows else None
        return (whole.get(ONLY) if whole and spec.kind == "single" else whole), problems
    if not plain(found.none):
        return rows or None, problems
    place = found.places.get("none", "")
    if not _says(found.none, spec.none_label):
        problems.append(
            CellProblem(
                place,
                say(
                    "Only “{none}” can stand here; rows have a sheet of their own.",
                    none=spec.none_label,
                ),
            )
        )
    elif rows:
        problems.append(
            CellProblem(
                place,
                say(
                    "It says “{none}” and has rows as well. Empty one of the two.",
                    none=spec.none_label,
                ),
            )
        )
    return [], problems


def _parts(spec: FieldSpec, record: Record, problems: list[CellProblem]) -> Iterator[tuple[str, Any]]:
    for part in spec.columns:
        try:
            raw = raw_of(part, record.cells.get(part.id, EMPTY))
            parse_part(part, raw)
        except Problem as problem:
            label = part.label or spec.title
            problems.append(CellProblem(record.places.get(part.id, ""), _about(label, problem)))
        else:
            yield part.id, raw


def _about(label: str, problem: Problem) -> str:
    return say("“{label}” {problem}", label=label, problem=str(problem))


def _first_place(found: FieldCells) -> str:
    for record in found.records:
        if record.places:
            return next(iter(record.places.values()))
    return next(iter(found.places.values()), "")
