"""Saving as people type, so that nothing typed is lost and nobody's answer is overwritten unseen.

Every slot on the screen has a note: the answer its widgets were seeded from, as content and revision. What the
widgets hold now is compared with that content, in each widget's `on_change` and again in every run of the page,
both through `save_if_changed`; a difference is saved on the noted revision. So a save that a slow page, a lost
connection or a restart swallowed is made up for, and a widget nobody touched never writes.

Three cases never save by themselves and ask instead: somebody saved first (the action says Conflict), a tab that
comes back after a restart with something the database does not have, and input that cannot be taken.
A widget on the screen is never refilled without being asked to: somebody may be typing in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from lifecycle.actions import answers
from lifecycle.canonical import canonical_json
from lifecycle.errors import Conflict, Invalid
from lifecycle.guide import FieldSpec
from lifecycle.language import say
from lifecycle.queries.worksheets import AnswerView
from lifecycle.rules.answers import clean_text, parse
from lifecycle.ui import cache, state
from lifecycle.ui.fields import Slot, read_part, seed_part
from lifecycle.ui.perform import attempt
from lifecycle.vocabulary import AnswerState

OWNER, DUE, REASON, ROW = "owner", "due", "reason", "r"


@dataclass(frozen=True, slots=True)
class Content:
    """What an answer says, in a form that compares: `stored` is plain JSON, state None is unanswered."""

    state: AnswerState | None = None
    stored: Any = None
    owner: str | None = None
    due_on: date | None = None
    reason: str | None = None

    @property
    def text(self) -> str:
        return canonical_json([self.state, self.stored, self.owner, self.due_on, self.reason])


@dataclass(frozen=True, slots=True)
class Note:
    """What this tab knows of one slot. `base` None: the browser brought its values, nobody has compared them yet."""

    base: int | None
    seed: str  # text of the content that the widgets were filled from
    mode: str = AnswerState.ANSWERED.value  # which widgets are shown
    rows: tuple[str, ...] = ()
    none: bool = False  # "there are none" is chosen
    problems: tuple[tuple[str, str], ...] = ()
    conflict: bool = False
    panel: str = ""  # what is open below the question: "history", "thread" or nothing
    offered: int = 0  # the newest revision by somebody else that was offered here

    @property
    def stored(self) -> Any:
        """The value in the seed."""
        return json.loads(self.seed)[1]

    @property
    def seeded_state(self) -> str | None:
        found: str | None = json.loads(self.seed)[0]
        return found


def content_of(answer: AnswerView | None) -> Content:
    """What the database says."""
    if answer is None or answer.state is None:
        return Content()
    return Content(answer.state, answer.stored, answer.owner, answer.due_on, answer.reason)


# ------------------------------------------------------------------ notes


def note_of(slot: Slot) -> Note | None:
    kept = state.value(_note_key(slot))
    return Note(**kept) if kept else None


def keep(slot: Slot, note: Note) -> None:
    # As plain values: session state holds no objects of ours.
    state.put(_note_key(slot), {name: getattr(note, name) for name in Note.__slots__})


def change(slot: Slot, **values: Any) -> None:
    note = note_of(slot)
    if note is not None:
        keep(slot, replace(note, **values))


def _note_key(slot: Slot) -> str:
    return state.widget_key("note", slot.prefix)


# ------------------------------------------------------------------ before drawing


def prepare(slot: Slot, field: FieldSpec, answer: AnswerView | None, *, is_new_here: bool) -> Note:
    """The slot's note, its widgets filled where nobody can be typing in them yet.

    `is_new_here`: the slot was not on the screen in the run before, so its widgets may be filled afresh.
    """
    note = note_of(slot)
    brought = state.brought(slot.prefix) if note is None or note.base is None else ()
    if brought:
        note = _note_of_brought(slot, brought, answer)
        keep(slot, note)
    elif (
        note is None
        or note.base is None
        or (
            is_new_here
            and not note.conflict
            and _revision(answer) != note.base
            and not is_changed(slot, field, note)
        )
    ):
        note = seed(slot, field, answer)
    return note


def seed(slot: Slot, field: FieldSpec, answer: AnswerView | None) -> Note:
    """Fill the widgets from the database. Only before they are drawn in this run, or in a callback."""
    content = content_of(answer)
    stored = content.stored if content.state is AnswerState.ANSWERED else None
    rows: tuple[str, ...] = ()
    if field.kind == "rows":
        rows = tuple(row["id"] for row in stored or ())
        for row in stored or ():
            seed_row(slot, field, row)
    else:
        for part in field.columns:
            value = (stored or {}).get(part.id) if field.kind == "parts" else stored
            seed_part(slot.key(part.id), part, value)
    for name, held in ((OWNER, content.owner), (DUE, content.due_on), (REASON, content.reason)):
        # Each key costs time in every widget drawn: none for what most answers never have.
        if held is not None or state.has(slot.key(name)):
            state.put(slot.key(name), held)
    mode = (content.state or AnswerState.ANSWERED).value
    note = Note(_revision(answer), content.text, mode, rows, none=stored == [])
    keep(slot, note)
    return note


def seed_row(slot: Slot, field: FieldSpec, row: Mapping[str, Any]) -> None:
    for part in field.rows:
        seed_part(row_key(slot, row["id"], part.id), part, row.get(part.id))


def row_key(slot: Slot, row: str, part: str) -> str:
    return slot.key(ROW, row, part)


def _note_of_brought(slot: Slot, brought: tuple[str, ...], answer: AnswerView | None) -> Note:
    ends = [key.removeprefix(slot.prefix) for key in brought]
    rows = dict.fromkeys(end.split(":")[1] for end in ends if end.startswith(f"{ROW}:"))
    mode = AnswerState.ANSWERED
    if REASON in ends:
        mode = AnswerState.NOT_APPLICABLE
    elif OWNER in ends or DUE in ends:
        mode = AnswerState.DONT_KNOW
    content = content_of(answer)
    return Note(None, content.text, mode.value, tuple(rows), none=not rows and content.stored == [])


def _revision(answer: AnswerView | None) -> int:
    return answer.revision if answer else 0


# ------------------------------------------------------------------ what the widgets hold


def draft(slot: Slot, field: FieldSpec, note: Note) -> tuple[Content, dict[str, str]]:
    """What the widgets say, and why some of it cannot be taken. Parts that cannot be taken stay as they were saved."""
    if note.mode == AnswerState.DONT_KNOW.value:
        return _dont_know(slot)
    if note.mode == AnswerState.NOT_APPLICABLE.value:
        return _not_applicable(slot)
    problems: dict[str, str] = {}
    stored = _value(slot, field, note, problems)
    return Content(None if stored is None else AnswerState.ANSWERED, stored), problems


def _not_applicable(slot: Slot) -> tuple[Content, dict[str, str]]:
    reason = clean_text(state.value(slot.key(REASON)) or "")
    problems = {} if reason else {"": say("Say why it does not apply; until then nothing is saved.")}
    return Content(AnswerState.NOT_APPLICABLE, reason=reason), problems


def _dont_know(slot: Slot) -> tuple[Content, dict[str, str]]:
    owner, due = state.value(slot.key(OWNER)), state.value(slot.key(DUE))
    problems = {}
    if not owner and not due:
        problems[""] = say("Say who finds out and by when; until then nothing is saved.")
    elif not owner:
        problems[""] = say("Say who finds out; until then nothing is saved.")
    elif not due:
        problems[""] = say("Say by when; until then nothing is saved.")
    return Content(AnswerState.DONT_KNOW, owner=owner, due_on=due), problems


def _value(slot: Slot, field: FieldSpec, note: Note, problems: dict[str, str]) -> Any:
    before = note.stored if note.seeded_state == AnswerState.ANSWERED.value else None
    if field.kind == "rows":
        return _rows(slot, field, note, before, problems)
    if field.kind == "parts":
        record = _record(field, slot.key, before or {}, problems, "", as_rows=False)
        return _whole(field, record or None, before, problems)
    return _whole(field, read_part(slot.key(field.columns[0].id), field.columns[0]), before, problems)


def _rows(slot: Slot, field: FieldSpec, note: Note, before: Any, problems: dict[str, str]) -> Any:
    if note.none:
        return []
    known = {row["id"]: row for row in before or ()}
    rows = []
    for number, row in enumerate(note.rows, start=1):
        place = say("row {number} · ", number=number) if len(note.rows) > 1 else ""
        content = _record(
            field, partial(row_key, slot, row), known.get(row, {}), problems, place, as_rows=True
        )
        rows.append({"id": row, **content})
    return _whole(field, rows or None, before, problems)


def _record(
    field: FieldSpec,
    key_of: Callable[[str], str],
    before: Mapping[str, Any],
    problems: dict[str, str],
    place: str,
    *,
    as_rows: bool,
) -> dict[str, Any]:
    """One record part by part, so that one part that cannot be taken does not keep the others from being saved."""
    record: dict[str, Any] = {}
    for part in field.columns:
        one = {part.id: read_part(key_of(part.id), part)}
        try:
            parsed = parse(field, [one] if as_rows else one)
        except Invalid as error:
            problems[f"{place}{part.label or part.id}"] = next(iter(error.problems.values()))
            parsed = [before] if as_rows else before
        found = (parsed[0] if as_rows else parsed) if parsed else {}
        if found.get(part.id) is not None:
            record[part.id] = found[part.id]
    return record


def _whole(field: FieldSpec, raw: Any, before: Any, problems: dict[str, str]) -> Any:
    try:
        return parse(field, raw)
    except Invalid as error:
        problems.update(error.problems)
        return before


def is_changed(slot: Slot, field: FieldSpec, note: Note) -> bool:
    """Whether the widgets hold anything but their seed, taken or not."""
    content, problems = draft(slot, field, note)
    return bool(problems) or (content.text != note.seed and not _merely_opened(content, note))


def _merely_opened(content: Content, note: Note) -> bool:
    """Empty widgets where "don't know" or "not applicable" is recorded: somebody only looked at them."""
    return content.state is None and note.seeded_state not in (None, AnswerState.ANSWERED.value)


# ------------------------------------------------------------------ saving


def save_if_changed(slot: Slot) -> bool:
    """Save what the widgets hold when it differs from their seed. True when something was written."""
    note = note_of(slot)
    if note is None or note.base is None or note.conflict:
        return False
    field = cache.guide().field(slot.field_id)
    content, problems = draft(slot, field, note)
    incomplete = note.mode != AnswerState.ANSWERED.value and problems
    if incomplete or content.text == note.seed or _merely_opened(content, note):
        if note.problems != tuple(problems.items()):
            keep(slot, replace(note, problems=tuple(problems.items())))
        return False
    return save(slot, note, content, note.base, problems)


def save(slot: Slot, note: Note, content: Content, base: int, problems: dict[str, str]) -> bool:
    """Save this content on that revision and note what became of it. True when it is in the database."""
    outcome = attempt(
        answers.save,
        project_id=slot.project_id,
        source_id=slot.source_id,
        field_id=slot.field_id,
        state=content.state or AnswerState.ANSWERED,
        raw=content.stored,
        owner=content.owner,
        due_on=content.due_on,
        reason=content.reason,
        base=base,
    )
    if outcome.value is not None:
        kept = replace(
            note,
            base=outcome.value.revision,
            seed=content.text,
            conflict=False,
            problems=tuple(problems.items()),
        )
    elif isinstance(outcome.refusal, Conflict):
        kept = replace(note, conflict=True, problems=())
    elif isinstance(outcome.refusal, Invalid):
        kept = replace(note, problems=tuple(outcome.refusal.problems.items()))
    else:
        kept = replace(note, problems=(("", str(outcome.refusal)),))
    keep(slot, kept)
    return outcome.is_done


# ------------------------------------------------------------------ after drawing


def compare_brought(slot: Slot, field: FieldSpec, answer: AnswerView | None) -> None:
    """Once the widgets are drawn: adopt what the browser brought when it is what the database has, else ask."""
    note = note_of(slot)
    if note is None or note.base is not None:
        return
    state.adopt_brought(slot.prefix)
    asks = is_changed(slot, field, note)
    keep(slot, replace(note, base=_revision(answer), conflict=asks))


def notice(slot: Slot, answer: AnswerView | None) -> bool:
    """Whether somebody saved this answer elsewhere since it was drawn here; true once for each revision."""
    note, newest = note_of(slot), _revision(answer)
    if note is None or note.base is None or newest <= note.base or newest == note.offered:
        return False
    keep(slot, replace(note, offered=newest))
    return True
