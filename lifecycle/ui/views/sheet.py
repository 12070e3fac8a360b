"""What the questions on one screen share: the answers of now, what their choices come from, which are drawn.

`sheet_of` reads it, `begin_drawing` opens a drawing of the page, `redraw_with` draws again what one answer changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from lifecycle.errors import LifecycleError
from lifecycle.guide import FieldSpec, Guide
from lifecycle.queries import threads, worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.threads import Mark, Places
from lifecycle.queries.worksheets import AnswerSheet, AnswerView
from lifecycle.rules.answers import decode, describe
from lifecycle.rules.permissions import may
from lifecycle.ui import autosave, cache, current_run, identity, state
from lifecycle.ui.components import one_line, plain
from lifecycle.ui.fields import Slot, Surroundings, targets_of
from lifecycle.ui.perform import redraw
from lifecycle.ui.project import chains
from lifecycle.vocabulary import AnswerState

_SHOWN = "questions_shown"
_BEFORE = "questions_shown_before"
_WATCHERS = "questions_watched_by"


@dataclass(frozen=True)
class Sheet:
    """What all questions of one drawing share."""

    project: ProjectHead
    guide: Guide
    answers: AnswerSheet
    around: Surroundings
    references: Mapping[str, str]  # `D16/r1` to the name of that row
    may_edit: bool
    may_ask: bool
    threads: Places  # which questions somebody asked about
    me: str  # the key of who looks at it
    now: datetime
    asked_for: str | None = None  # the field of the address

    def answer(self, slot: Slot) -> AnswerView | None:
        return self.answers.answer(slot.field_id, slot.source_id)

    def thread(self, slot: Slot) -> Mark | None:
        """None where nobody asked anything."""
        return self.threads.get((slot.source_id, slot.field_id))


def sheet_of(project: ProjectHead, *, may_edit: bool, asked_for: str | None = None) -> Sheet:
    """The answers of the project as they are now, put together once in a run."""
    name = ("sheet", project.id, may_edit, asked_for)
    return current_run.once(name, lambda: _sheet(project, may_edit, asked_for))


def _sheet(project: ProjectHead, may_edit: bool, asked_for: str | None) -> Sheet:
    own, organisation = chains(project)
    answers = cache.read(worksheets.sheet, own, project_id=project.id)
    people = cache.read(worksheets.known_people, organisation)
    rows = _rows_by_field(cache.guide(), answers, people)
    references = MappingProxyType({ref: label for labels in rows.values() for ref, label in labels.items()})
    return Sheet(
        project=project,
        guide=cache.guide(),
        answers=answers,
        around=Surroundings(people, rows),
        references=references,
        may_edit=may_edit,
        may_ask=project.is_open and may("threads.ask", identity.actor(), project.roles),
        threads=cache.read(threads.marks, own, project_id=project.id),
        me=identity.actor().key,
        now=identity.now(),
        asked_for=asked_for,
    )


def _rows_by_field(
    guide: Guide, answers: AnswerSheet, people: Mapping[str, str]
) -> Mapping[str, Mapping[str, str]]:
    """The rows that other questions may point at, named by their first words."""
    found: dict[str, dict[str, str]] = {
        "source": {f"source/{source.id}": source.name for source in answers.sources}
    }
    for (source_id, field_id), answer in answers.answers.items():
        field = guide.fields.get(field_id)
        if source_id or field is None or field.kind != "rows" or answer.state is not AnswerState.ANSWERED:
            continue
        found[field_id] = {
            f"{field_id}/{row['id']}": _row_name(field, row, number, people)
            for number, row in enumerate(answer.stored or (), start=1)
        }
    return found


def _row_name(field: FieldSpec, row: Mapping[str, Any], number: int, people: Mapping[str, str]) -> str:
    for part in field.rows:
        if part.type == "text" and row.get(part.id):
            return one_line(str(row[part.id]), 60)
    for part in field.rows:
        if part.type == "person" and row.get(part.id):
            return people.get(row[part.id].removeprefix("@"), row[part.id])
    return f"Row {number} of {field.title}"


# ------------------------------------------------------------------ drawing


def begin_drawing(*, may_edit: bool, watchers: tuple[str, ...] = ()) -> None:
    """At the start of a run of the whole page, before the answers are read: makes up for saves that were missed.

    `watchers` are the keys of fragments of this page that show something of all answers (see `watcher`).
    """
    state.put(_WATCHERS, list(watchers))
    before = state.value(_SHOWN, [])
    state.put(_BEFORE, before)
    state.put(_SHOWN, [])
    if may_edit:
        for prefix in before:
            autosave.save_if_changed(_slot(prefix))


def somebody_saved(project: ProjectHead) -> bool:
    """Whether a question on the screen was answered elsewhere since it was drawn; true once for each answer."""
    answers = cache.read(worksheets.sheet, chains(project)[0], project_id=project.id)
    shown = [_slot(prefix) for prefix in state.value(_SHOWN, [])]
    noticed = [autosave.notice(slot, answers.answer(slot.field_id, slot.source_id)) for slot in shown]
    return any(noticed)


def register(slot: Slot) -> bool:
    """Note that this question is drawn; True when it was not on the screen in the run before."""
    state.put(_SHOWN, [*state.value(_SHOWN, []), slot.prefix])
    return slot.prefix not in state.value(_BEFORE, [])


def redraw_with(slot: Slot) -> None:
    """Draw again this question, those on the screen that choose from its rows, and what watches all answers."""
    guide = cache.guide()
    shown = [_slot(prefix) for prefix in state.value(_SHOWN, [])]
    watchers = [key for key in state.value(_WATCHERS, []) if _is_outdated(key)]
    also = [other for other in shown if slot.field_id in targets_of(guide.field(other.field_id))]
    redraw(*dict.fromkeys([slot.fragment, *(other.fragment for other in also), *watchers]))


# ------------------------------------------------------------------ what watches all answers

Watched = TypeVar("Watched", bound=Callable[..., Hashable])
_watched: dict[str, Callable[..., Hashable]] = {}


def watcher(key: str) -> Callable[[Watched], Watched]:
    """For the function that says what the fragment `key` shows, from plain values: draws nothing."""

    def register_it(content: Watched) -> Watched:
        _watched[key] = content
        return content

    return register_it


def watch(key: str, *about: str | int) -> None:
    """Where the fragment `key` is drawn: a save draws it again only when it would show something else."""
    state.put(f"{key}:about", list(about))
    state.put(f"{key}:shows", hash(_watched[key](*about)))


def _is_outdated(key: str) -> bool:
    about = state.value(f"{key}:about")
    try:
        return about is None or hash(_watched[key](*about)) != state.value(f"{key}:shows")
    except LifecycleError:
        return True  # drawing it says what is wrong


def _slot(prefix: str) -> Slot:
    _, project_id, source_id, field_id, _ = prefix.split(":")
    return Slot(int(project_id), field_id, int(source_id))


# ------------------------------------------------------------------ an answer in words


def said(
    field: FieldSpec,
    answer_state: AnswerState | None,
    stored: Any,
    owner: str | None,
    due_on: date | None,
    reason: str | None,
    sheet: Sheet,
) -> str:
    """An answer in words, as Markdown in which nothing a person wrote means anything."""
    if answer_state is None:
        return ":gray[No answer]"
    if answer_state is AnswerState.DONT_KNOW:
        name = sheet.around.people.get((owner or "").removeprefix("@"), owner or "nobody yet")
        return f"Don't know yet: {plain(name)} finds out by {due_on or 'no day yet'}"
    if answer_state is AnswerState.NOT_APPLICABLE:
        return f"Not applicable: {plain(reason or 'no reason yet')}"
    return plain(describe(field, decode(field, stored, sheet.around.people), sheet.references))
