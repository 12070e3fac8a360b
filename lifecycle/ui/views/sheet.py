"""What the questions on one screen share: the answers of now, what their choices come from, which are drawn.

`sheet_of` reads it, `begin_drawing` opens a drawing of the page, `redraw_with` draws again what one answer changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from lifecycle.errors import LifecycleError
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.queries import checks, threads, worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.threads import Mark, Places
from lifecycle.queries.worksheets import AnswerSheet, AnswerView
from lifecycle.rules.answers import decode, describe
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.checks.naming import listed
from lifecycle.rules.coverage import Covering, covering
from lifecycle.rules.permissions import may
from lifecycle.ui import autosave, cache, current_run, identity, state
from lifecycle.ui.components import one_line, plain
from lifecycle.ui.fields import Slot, Surroundings, targets_of
from lifecycle.ui.perform import redraw
from lifecycle.ui.project import chains, chains_of
from lifecycle.vocabulary import AnswerState, CheckResult, Gate, Stage

MOST_READ = 6  # fields of a check that is shown within each question it reads

_SHOWN = "questions_shown"
_BEFORE = "questions_shown_before"
_OWED = "questions_owed_a_drawing"
_WATCHERS = "questions_watched_by"
_FAILING = "failing_on_questions"  # one note for all: every key costs time in every widget drawn


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
    return say("Row {number} of {field}", number=number, field=field.title)


# ------------------------------------------------------------------ what concerns one question


def gate_of_sheet(project: ProjectHead, stage: Stage | None) -> Gate:
    """The gate at which the questions of this stage are judged; for Production and data sources the one ahead."""
    if stage is None or stage is project.stage:
        return project.gate or Gate.DISCOVERY
    return next(gate for gate in Gate if gate.stage is stage)


def checks_of(project_id: int, gate: Gate) -> tuple[CheckState, ...]:
    """Every check, judged at this gate on the answers of now."""
    return cache.read_with_guide(
        checks.checks_at, *chains_of(project_id), project_id=project_id, gate=gate, at=identity.this_hour()
    )


def is_begun(check: CheckState, answers: AnswerSheet) -> bool:
    """Whether anything that it reads has been answered: what nobody has begun is not wrong yet."""
    places = (key.partition("@") for key in check.fields)
    found = (answers.answer(field_id, int(source or 0)) for field_id, _, source in places)
    return any(answer is not None and answer.state is not None for answer in found)


def failing_on(slot: Slot, gate: Gate) -> tuple[CheckState, ...]:
    """The failing checks that read this question, the gravest first.

    One that reads much more says that the worksheet is not complete: it would stand in every question.
    """
    name = ("failing", slot.project_id, gate)
    by_key = current_run.once(name, lambda: _failing_by_key(slot.project_id, gate))
    return by_key.get(_key(slot), ())


def _failing_by_key(project_id: int, gate: Gate) -> dict[str, tuple[CheckState, ...]]:
    answers = cache.read(worksheets.sheet, chains_of(project_id)[0], project_id=project_id)
    found: dict[str, tuple[CheckState, ...]] = {}
    for check in sorted(checks_of(project_id, gate), key=lambda check: -check.advice_severity.weight):
        fails = check.result is CheckResult.FAILS and not check.is_settled
        if fails and len(check.fields) <= MOST_READ and is_begun(check, answers):
            for key in dict.fromkeys(check.fields):
                found[key] = (*found.get(key, ()), check)
    return found


def _key(slot: Slot) -> str:
    """As the rules name the answer: `D14`, `X05@3`."""
    return f"{slot.field_id}@{slot.source_id}" if slot.source_id else slot.field_id


def covering_of(slot: Slot, project: ProjectHead, answer: AnswerView | None) -> tuple[Covering, ...]:
    """The sign-offs that rest on this answer."""
    signed = cache.read_with_guide(
        worksheets.sign_offs, *chains(project), project_id=project.id, at=identity.this_hour()
    )
    if not signed:
        return ()
    return covering(signed, cache.guide(), _key(slot), answer.content if answer else "")


def signers(found: Sequence[Covering]) -> str:
    """Whose sign-offs these are: "Privacy (Discovery, Feasibility) and Legal (Discovery)".

    Where several people sign in one role they are told apart: "Model validation (Vic at Model)".
    """
    gates: dict[str, list[str]] = {}
    for one in found:
        gate = one.gate.title
        if one.person:
            gate = say("{person} at {gate}", person=one.person, gate=gate)
        gates.setdefault(one.role.title, []).append(gate)
    return listed([f"{role} ({', '.join(titles)})" for role, titles in gates.items()])


# ------------------------------------------------------------------ drawing


def begin_drawing(*, may_edit: bool, watchers: tuple[str, ...] = ()) -> None:
    """At the start of a run of the whole page, before the answers are read: makes up for saves that were missed.

    `watchers` are the keys of fragments of this page that show something of all answers (see `watcher`).
    """
    state.put(_WATCHERS, list(watchers))
    before = state.value(_SHOWN, [])
    state.put(_BEFORE, before)
    state.put(_SHOWN, [])
    state.put(_FAILING, {})
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


def note_failing(slot: Slot, gate: Gate, shown: tuple[CheckState, ...]) -> None:
    """Where a question is drawn: a save draws it again when other checks fail on it than those shown."""
    state.value(_FAILING)[slot.prefix] = [gate.value, hash(_said_by(shown))]


def _fails_otherwise(slot: Slot) -> bool:
    gate, before = state.value(_FAILING, {}).get(slot.prefix, (None, None))
    try:
        return gate is not None and hash(_said_by(failing_on(slot, Gate(gate)))) != before
    except LifecycleError:
        return True  # drawing it says what is wrong


def _said_by(shown: tuple[CheckState, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((check.check_id, check.messages) for check in shown)


def redraw_with(slot: Slot) -> None:
    """Draw again this question, those that choose from its rows or fail otherwise now, and what watches all."""
    guide = cache.guide()
    shown = [_slot(prefix) for prefix in state.value(_SHOWN, [])]
    watchers = [key for key in state.value(_WATCHERS, []) if _is_outdated(key)]
    also = [
        other
        for other in shown
        if slot.field_id in targets_of(guide.field(other.field_id)) or _fails_otherwise(other)
    ]
    # What is answered next breaks off a drawing that is under way: whatever did not come to its end is drawn with it.
    here = {other.fragment for other in shown}
    owed = [key for key in state.value(_OWED, []) if key in here]
    owed = list(dict.fromkeys([slot.fragment, *(other.fragment for other in also), *owed]))
    state.put(_OWED, owed)
    redraw(*owed, *watchers)


def is_drawn(slot: Slot) -> None:
    """This question stands on the page as it is now."""
    state.put(_OWED, [key for key in state.value(_OWED, []) if key != slot.fragment])


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
        return f":gray[{say('No answer')}]"
    if answer_state is AnswerState.DONT_KNOW:
        name = sheet.around.people.get((owner or "").removeprefix("@"), owner or say("nobody yet"))
        return say(
            "Don't know yet: {person} finds out by {day}",
            person=plain(name),
            day=due_on or say("no day yet"),
        )
    if answer_state is AnswerState.NOT_APPLICABLE:
        return say("Not applicable: {reason}", reason=plain(reason or say("no reason yet")))
    return plain(describe(field, decode(field, stored, sheet.around.people), sheet.references))
