"""Every question of the guide through its widgets and back: what was stored is what would be saved again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.language import speaking
from lifecycle.rules.answers import parse
from lifecycle.ui import autosave, state
from lifecycle.ui.components import plain
from lifecycle.ui.fields import Slot
from lifecycle.vocabulary import AnswerState
from tests.rules.building import guide

FIELDS = tuple(guide().fields.values())


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The session state as a plain mapping."""
    values: dict[str, Any] = {}
    monkeypatch.setattr(state.st, "session_state", values)
    return values


def some(part: PartSpec) -> Any:
    """A value that this part can hold."""
    match part.type:
        case "number":
            low, high = part.min or Decimal(0), part.max or Decimal(10**6)
            return min(max(Decimal("1234") if part.whole else Decimal("1234.5"), low), high)
        case "quantity":
            return {"amount": "81.4", "unit": "%"}
        case "duration":
            return {"amount": "3", "unit": "months"}
        case "money":
            return {"amount": "640000", "currency": "EUR"}
        case "choice":
            return list(part.choices)[-1]
        case "choices":
            return list(part.choices)[:2]
        case "tags":
            return ["north", "south"]
        case "date":
            return "2027-02-28"
        case "yes_no":
            return False
        case "person":
            return "@person-abc"
        case "reference":
            return f"{part.to[0]}/r1"
        case "references":
            return [f"{part.to[0]}/r1", f"{part.to[0]}/r2"]
        case "link":
            return "https://example.org/record"
        case _:
            return "First line"


def answer_to(field: FieldSpec) -> Any:
    record = {part.id: some(part) for part in field.columns}
    if field.kind == "rows":
        return [{"id": "r1", **record}, {"id": "r7f3a", **record}]
    return record if field.kind == "parts" else record[field.columns[0].id]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_stored_answer_comes_back_from_its_widgets_unchanged(field: FieldSpec, kept: dict[str, Any]) -> None:
    slot = Slot(7, field.id, 3 if field.is_of_source else 0)
    stored = parse(field, answer_to(field))
    note = autosave.seed(slot, field, answered(stored))

    content, problems = autosave.draft(slot, field, note)

    assert problems == {}
    assert content.stored == stored
    assert not autosave.is_changed(slot, field, note)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("12500.5", "12\u202f500,5"),
        ("1.125", "1,125"),
        ("1234.125", "1\u202f234,125"),
        ("0.5", "0,5"),
        ("1200", "1\u202f200"),
    ],
)
def test_number_in_another_language_is_read_as_the_one_that_was_stored(
    stored: str, shown: str, kept: dict[str, Any]
) -> None:
    """The comma is the decimal sign there, and blanks make groups."""
    field, slot = guide().field("D05"), Slot(7, "D05")
    before = {"value": {"amount": stored, "unit": "%"}}

    with speaking("fr"):
        note = autosave.seed(slot, field, answered(before))

        assert kept[slot.key("value", "amount")] == shown
        assert not autosave.is_changed(slot, field, note)


def test_yes_and_no_are_kept_alike_in_every_language(kept: dict[str, Any]) -> None:
    field, slot = guide().field("D42"), Slot(7, "D42")
    with speaking("fr"):
        note = autosave.seed(slot, field, answered(False))

    assert not autosave.is_changed(slot, field, note)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_widgets_that_nobody_touched_hold_nothing(field: FieldSpec, kept: dict[str, Any]) -> None:
    slot = Slot(7, field.id)

    note = autosave.seed(slot, field, None)

    assert autosave.draft(slot, field, note) == (autosave.Content(), {})


def test_part_that_cannot_be_taken_keeps_its_saved_value_and_lets_the_others_through(
    kept: dict[str, Any],
) -> None:
    field, slot = guide().field("D05"), Slot(7, "D05")
    before = {"value": {"amount": "81.4", "unit": "%"}, "measured": "weekly"}
    note = autosave.seed(slot, field, answered(before))
    kept[slot.key("value", "amount")] = "about right"
    kept[slot.key("measured")] = "monthly"

    content, problems = autosave.draft(slot, field, note)

    assert content.stored == {**before, "measured": "monthly"}
    assert list(problems) == ["Value today"]


def test_removed_row_is_gone_and_the_others_keep_their_ids(kept: dict[str, Any]) -> None:
    field, slot = guide().field("D16"), Slot(7, "D16")
    rows = [{"id": "r1", "name": "Sales"}, {"id": "r2", "name": "Stores"}]
    note = autosave.seed(slot, field, answered(rows))

    autosave.keep(slot, type(note)(**{**plain_note(note), "rows": ("r2",)}))
    content, _ = autosave.draft(slot, field, autosave.note_of(slot) or note)

    assert content.stored == [{"id": "r2", "name": "Stores"}]


def test_what_people_write_means_nothing_in_markdown() -> None:
    written = "**x** [a](javascript:1) :material/home: $1$ <script> `c` # ~~d~~ :red[e] ![i](u)"

    shown = plain(written)

    assert shown.replace("\\", "").replace("\u2060", "") == written
    for sign in "*[$<`~":
        assert f"\\{sign}" in shown
    assert ":material" not in shown


def answered(stored: Any) -> Any:
    """An answer as the database gives it, revision 4."""
    return AnswerLike(stored)


class AnswerLike:
    """The part of AnswerView that seeding reads."""

    state = AnswerState.ANSWERED
    revision = 4
    owner = due_on = reason = None

    def __init__(self, stored: Any) -> None:
        self.stored = stored


def plain_note(note: autosave.Note) -> dict[str, Any]:
    return {name: getattr(note, name) for name in note.__slots__}
