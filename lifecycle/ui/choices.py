"""What a person does to one answer besides typing: which version to keep, how it is answered, its rows.

All are for callbacks: they may fill widgets, and leave the drawing to their caller.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from lifecycle.actions import answers
from lifecycle.errors import Conflict
from lifecycle.queries import worksheets
from lifecycle.queries.worksheets import AnswerView
from lifecycle.ui import autosave, cache
from lifecycle.ui.fields import Slot
from lifecycle.ui.perform import attempt
from lifecycle.vocabulary import AnswerState


def keep_mine(slot: Slot, shown: int) -> None:
    """Save what this tab holds over the version that was shown beside it, revision `shown`."""
    note = autosave.note_of(slot)
    if note is None:
        return
    content, problems = autosave.draft(slot, cache.guide().field(slot.field_id), note)
    autosave.save(slot, note, content, shown, problems)


def keep_theirs(slot: Slot, answer: AnswerView | None) -> None:
    """Show what the database has; what this tab held is dropped."""
    autosave.seed(slot, cache.guide().field(slot.field_id), answer)


def set_mode(slot: Slot, mode: AnswerState) -> None:
    """Answer, don't know yet, or not applicable: shows other widgets; saved once they say enough."""
    autosave.change(slot, mode=mode.value, problems=(), panel="")
    autosave.save_if_changed(slot)


def clear(slot: Slot) -> None:
    """Take the answer back, with its widgets."""
    note = autosave.note_of(slot)
    if note is None or note.base is None:
        return
    outcome = attempt(
        answers.clear,
        project_id=slot.project_id,
        source_id=slot.source_id,
        field_id=slot.field_id,
        base=note.base,
    )
    if outcome.value is not None:
        autosave.seed(slot, cache.guide().field(slot.field_id), None)
        autosave.change(slot, base=outcome.value.revision)
    elif isinstance(outcome.refusal, Conflict):
        autosave.change(slot, conflict=True)
    else:
        autosave.change(slot, problems=(("", str(outcome.refusal)),))


def bring_back(slot: Slot, answer_id: int) -> None:
    """Save an earlier version again, as a new one, and show it."""
    note = autosave.note_of(slot)
    if note is None or note.base is None:
        return
    outcome = attempt(answers.restore, project_id=slot.project_id, answer_id=answer_id, base=note.base)
    if outcome.is_done:
        found = cache.read_now(worksheets.sheet, project_id=slot.project_id)
        autosave.seed(slot, cache.guide().field(slot.field_id), found.answer(slot.field_id, slot.source_id))
    elif isinstance(outcome.refusal, Conflict):
        autosave.change(slot, conflict=True)
    else:
        autosave.change(slot, problems=(("", str(outcome.refusal)),))


def add_row(slot: Slot) -> None:
    """One more empty row; it is saved once something stands in it. Ids are never used again."""
    note = autosave.note_of(slot)
    if note is not None:
        autosave.keep(slot, replace(note, rows=(*note.rows, f"r{uuid4().hex[:8]}"), none=False))


def remove_row(slot: Slot, row: str) -> None:
    note = autosave.note_of(slot)
    if note is not None:
        autosave.keep(slot, replace(note, rows=tuple(other for other in note.rows if other != row)))
        autosave.save_if_changed(slot)


def set_none(slot: Slot, none: bool) -> None:
    """Say that there are none, or take that back."""
    note = autosave.note_of(slot)
    if note is not None:
        autosave.keep(slot, replace(note, none=none, rows=() if none else note.rows))
        autosave.save_if_changed(slot)
