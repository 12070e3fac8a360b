"""A filled-in worksheet comes back: what it would change, what somebody changed meanwhile, and applying it whole.

An answer is touched when its cells are not those that its revision in the file had. Untouched ones are left alone,
whatever happened since; touched ones are a change, or a conflict when somebody saved a newer answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from sqlmodel import Session

from lifecycle.actions.answers import Content, GivenAnswer, content_of, import_sheet
from lifecycle.errors import Invalid
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import FieldSpec, Guide
from lifecycle.interchange.worksheet_cells import Around
from lifecycle.interchange.worksheet_fields import CellProblem, given_in, in_our_words, laid_out
from lifecycle.interchange.worksheet_reading import FilledWorksheet, FoundField, Place, read_workbook
from lifecycle.interchange.worksheet_xlsx import around_of
from lifecycle.language import LANGUAGES, language, mark, say
from lifecycle.queries import projects, worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import AnswerSheet, AnswerView
from lifecycle.rules.answers import decode, describe
from lifecycle.vocabulary import Actor, AnswerState


@dataclass(frozen=True, slots=True)
class SheetChange:
    """One answer that the file changes, in words. `found`: the revision that it would replace.

    In a conflict `before` is what somebody saved meanwhile, and `by_name` says who.
    """

    place: Place
    title: str
    source: str
    cell: str
    before: str
    after: str
    found: int
    by_name: str
    given: GivenAnswer


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What importing the file would do. With problems it cannot be imported."""

    project: ProjectHead
    worksheet: str
    changes: tuple[SheetChange, ...]
    conflicts: tuple[SheetChange, ...]
    problems: tuple[CellProblem, ...]
    unchanged: int
    other_guide: str  # the guide version of the file where it is not the present one


@dataclass(frozen=True, slots=True)
class SheetImport:
    """What was done: how many answers changed, and the conflicts in which the newer answer was kept."""

    changed: int
    kept: tuple[SheetChange, ...]


@by_its_guide
def plan_import(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, content: bytes, name: str
) -> SheetPlan:
    """Nothing is written. Raises NotFound for a project this person may not read, Invalid for a file that is none."""
    project = projects.head(session, key=key, by=by, at=at)
    guide = guide.here()
    filled = _in_our_words(read_workbook(content, name, guide), guide)
    if filled.project != project.key:
        raise Invalid(
            say(
                "{name} is a worksheet of another project ({other}), not of “{project}”.",
                name=name,
                other=filled.project,
                project=project.name,
            )
        )
    return _Planning(session, guide, project, filled, at).plan()


@by_its_guide
def apply_import(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    key: str,
    content: bytes,
    name: str,
    overwrite: Collection[tuple[Place, int]] = (),
) -> SheetImport:
    """Save all that the file changes, or nothing: raises Invalid naming each cell that cannot be taken.

    Of the conflicts only those in `overwrite` are saved, each over the revision that was shown.
    """
    plan = plan_import(session, by=by, at=at, guide=guide, key=key, content=content, name=name)
    if plan.problems:
        raise Invalid({problem.place or name: problem.text for problem in plan.problems})
    chosen = [each for each in plan.conflicts if (each.place, each.found) in overwrite]
    given = [replace(each.given, base=each.found) for each in (*plan.changes, *chosen)]
    changed = import_sheet(session, by=by, at=at, guide=guide, project_id=plan.project.id, given=given)
    return SheetImport(changed, tuple(each for each in plan.conflicts if each not in chosen))


def _in_our_words(filled: FilledWorksheet, guide: Guide) -> FilledWorksheet:
    """Who fills a worksheet in may read another language than who brings it back."""
    if filled.language == language() or filled.language not in LANGUAGES:
        return filled
    theirs = guide.in_language(filled.language)
    fields = {
        place: replace(
            found,
            cells=in_our_words(found.cells, theirs.field(place[1]), guide.field(place[1]), filled.language),
        )
        for place, found in filled.fields.items()
    }
    return replace(filled, fields=fields)


class _Planning:
    def __init__(
        self, session: Session, guide: Guide, project: ProjectHead, filled: FilledWorksheet, at: datetime
    ) -> None:
        self.guide, self.project, self.filled = guide, project, filled
        self.now: AnswerSheet = worksheets.sheet(session, project_id=project.id)
        self.around = around_of(guide, self.now, worksheets.known_people(session))
        self.today = organisation_today(session, at)
        self.bases = self._bases(session)
        self.changes: list[SheetChange] = []
        self.conflicts: list[SheetChange] = []
        self.problems = list(filled.problems)
        self.sources = {source.id: source.name for source in self.now.sources}

    def _bases(self, session: Session) -> Mapping[tuple[int, str, int], AnswerView]:
        """The answers that were written into the file, where they are no longer the present ones."""
        moved = {
            (source_id, field_id, found.base)
            for (source_id, field_id), found in self.filled.fields.items()
            if found.base and found.base != self._revision(source_id, field_id)
        }
        return worksheets.versions(session, project_id=self.project.id, wanted=frozenset(moved))

    def _revision(self, source_id: int, field_id: str) -> int:
        answer = self.now.answer(field_id, source_id)
        return answer.revision if answer else 0

    def plan(self) -> SheetPlan:
        for place, found in self.filled.fields.items():
            self._look_at(place, self.guide.field(place[1]), found)
        touched = len(self.changes) + len(self.conflicts)
        other = self.filled.guide_version
        return SheetPlan(
            project=self.project,
            worksheet=self.filled.worksheet,
            changes=tuple(self.changes),
            conflicts=tuple(self.conflicts),
            problems=tuple(self.problems),
            unchanged=len(self.filled.fields) - touched,
            other_guide="" if other == self.guide.version else other,
        )

    def _look_at(self, place: Place, spec: FieldSpec, found: FoundField) -> None:
        current = self.now.answer(spec.id, place[0])
        revision = current.revision if current else 0
        base, is_known = self._base(place, found.base, current, revision)
        said = found.cells.plain(spec)
        if is_known and said == laid_out(spec, base, self.around).plain(spec):
            return
        if said == laid_out(spec, current, self.around).plain(spec):
            return
        if place[0] and place[0] not in self.sources:
            self.problems.append(CellProblem(found.place, say("This data source is no longer in use.")))
            return
        given, problems = given_in(spec, found.cells)
        if given is None:
            self.problems += problems
            return
        try:
            content = content_of(spec, given, self.today)
        except Invalid as error:
            self.problems += [
                CellProblem(
                    found.cells.places.get(_column(where), found.place),
                    say("{place}: {text}", place=_named(where), text=text) if where else text,
                )
                for where, text in error.problems.items()
            ]
            return
        if (is_known and content == _content_of(base)) or content == _content_of(current):
            return
        change = SheetChange(
            place=place,
            title=spec.title,
            source=self.sources.get(place[0], ""),
            cell=found.place,
            before=in_words(spec, _content_of(current), self.around),
            after=in_words(spec, content, self.around),
            found=revision,
            by_name=current.by_name if current else "",
            given=replace(given, source_id=place[0]),
        )
        (self.changes if is_known and found.base == revision else self.conflicts).append(change)

    def _base(
        self, place: Place, base: int | None, current: AnswerView | None, revision: int
    ) -> tuple[AnswerView | None, bool]:
        """The answer that the file was made from, and whether it is known: a file may have lost its revision."""
        if base == revision:
            return current, True
        if base == 0:
            return None, True
        answer = self.bases.get((*place, base or 0))
        return answer, answer is not None


# What an answer's refusal is about, with the column that holds it.
_PLACES = {
    "owner": ("owner", mark("Owner")),
    "due date": ("due_on", mark("Due date")),
    "reason": ("reason", mark("Reason")),
}


def _column(where: str) -> str:
    return _PLACES.get(where, ("", ""))[0]


def _named(where: str) -> str:
    return say(_PLACES[where][1]) if where in _PLACES else where.capitalize()


def _content_of(answer: AnswerView | None) -> Content:
    if answer is None or answer.state is None:
        return Content(None)
    return Content(answer.state, answer.value, answer.owner, answer.due_on, answer.reason)


def in_words(spec: FieldSpec, content: Content, around: Around) -> str:
    """An answer as a person reads it."""
    if content.state is None:
        return "—"
    if content.state is AnswerState.NOT_APPLICABLE:
        return say("Does not apply: {reason}", reason=content.reason)
    if content.state is AnswerState.DONT_KNOW:
        owner = (content.owner or "").removeprefix("@")
        who = around.people.get(owner, owner)
        if content.due_on is None:
            return say("Not known yet; {who} finds out", who=who)
        return say("Not known yet; {who} finds out by {due_on}", who=who, due_on=content.due_on.isoformat())
    references = MappingProxyType({key: name for rows in around.rows.values() for key, name in rows.items()})
    try:
        return describe(spec, decode(spec, json.loads(content.value or "null"), around.people), references)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return say("An answer from before this question changed")
