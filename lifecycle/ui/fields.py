"""From a question's typed parts to widgets, and from what the widgets hold back to raw input.

A `Slot` is one field of one project (or of one of its data sources). Every widget's key begins with the slot's
prefix; `seed` puts a stored answer into the widgets, `read` takes raw input out of them, `draw` shows them. No
widget has a default: an empty one holds None, so that what nobody touched is never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

import streamlit as st

from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.language import say
from lifecycle.rules.parts import EARLIEST, LATEST
from lifecycle.ui import state
from lifecycle.ui.components import plain
from lifecycle.vocabulary import DURATION_UNITS, duration_unit, plain_number

KEPT: Literal["session"] = "session"
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "CAD", "AUD", "SEK", "DKK", "NOK", "PLN", "INR", "CNY")
MOST_BUTTONS = 5
LONGEST_BUTTONS = 90
NONE = "none"


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of one project; `source_id` 0 is the stage worksheet."""

    project_id: int
    field_id: str
    source_id: int = 0

    @property
    def prefix(self) -> str:
        return state.widget_key("answer", self.project_id, self.source_id, self.field_id, "")

    @property
    def fragment(self) -> str:
        return state.widget_key("field", self.project_id, self.source_id, self.field_id)

    def key(self, *parts: str) -> str:
        return self.prefix + ":".join(parts)


@dataclass(frozen=True)
class Surroundings:
    """What the choices of a field come from: people by key, and rows by reference (`D16/r1` to its label)."""

    people: Mapping[str, str]
    rows: Mapping[str, Mapping[str, str]]  # field id or "source" -> reference -> label


@dataclass(frozen=True)
class Changed:
    """What a widget calls when its value has changed."""

    callback: Callable[[Slot], None]
    slot: Slot

    @property
    def arguments(self) -> dict[str, Any]:
        return {"on_change": self.callback, "args": (self.slot,), "persist_state": KEPT}


# ------------------------------------------------------------------ stored -> widgets


def seed_part(key: str, part: PartSpec, stored: Any) -> None:
    """Put the stored form of one part into its widgets; None empties them."""
    for end, content in _contents(part, stored):
        state.put(key + end, content)


def _contents(part: PartSpec, stored: Any) -> Iterable[tuple[str, Any]]:
    match part.type:
        case "quantity" | "duration" | "money":
            word = "currency" if part.type == "money" else "unit"
            yield ":amount", plain_number(Decimal(stored["amount"])) if stored else None
            yield f":{word}", (stored[word] or None) if stored else None
        case "number":
            yield "", plain_number(Decimal(stored)) if stored is not None else None
        case "date":
            yield "", date.fromisoformat(stored) if stored else None
        case "yes_no":
            yield "", None if stored is None else "Yes" if stored else "No"
        case "tags":
            yield "", list(stored or ())
            yield f":{NONE}", stored == []
        case "choices" | "references":
            yield "", list(stored or ())
        case _:
            yield "", stored


# ------------------------------------------------------------------ widgets -> raw


def read_part(key: str, part: PartSpec) -> Any:
    """What the widgets of one part hold, as `rules.answers.parse` takes it."""
    match part.type:
        case "quantity" | "duration":
            return _pair(key, "unit")
        case "money":
            return _pair(key, "currency")
        case "tags":
            return [] if state.value(f"{key}:{NONE}") else (state.value(key) or None)
        case "choices" | "references":
            return state.value(key) or None
        case _:
            return state.value(key)


def _pair(key: str, word: str) -> Any:
    """Amount and word; text such as "3 months" in the amount alone is understood as well."""
    amount, name = state.value(f"{key}:amount"), state.value(f"{key}:{word}")
    if amount is None:
        return None
    return {"amount": amount, word: name} if name else amount


# ------------------------------------------------------------------ drawing


def is_wide(part: PartSpec) -> bool:
    """Whether a part wants a line of its own."""
    if part.type in ("long_text", "tags", "choices", "references"):
        return True
    return part.type == "choice" and _as_buttons(part) and sum(map(len, part.choices.values())) > 30


def is_pair(part: PartSpec) -> bool:
    """Whether it is an amount with a unit or currency beside it."""
    return part.type in ("quantity", "duration", "money")


def shows_example(part: PartSpec) -> bool:
    """Whether its widget has room for an example while it is empty."""
    return part.type in ("text", "long_text", "link")


def draw_part(
    key: str,
    part: PartSpec,
    label: str,
    around: Surroundings,
    changed: Changed,
    *,
    example: str = "",
    hide_label: bool = False,
) -> None:
    """The widgets of one part, its label above them; a hidden label is still read aloud."""
    how = changed.arguments
    if hide_label:
        how["label_visibility"] = "collapsed"
    if example and shows_example(part):
        how["placeholder"] = example
    _DRAWERS[part.type](key, part, plain(label), around, how)


def _text(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    st.text_input(label, value=None, key=key, **how)


def _long_text(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    st.text_area(label, value=None, key=key, height="content", **how)


def _number(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    # Not st.number_input: it cannot hold what is not a number, and what somebody typed must stay.
    st.text_input(_with_unit(label, part), value=None, key=key, **how)


def _quantity(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    amount, unit = st.columns([3, 2], vertical_alignment="bottom", wrap=False)
    amount.text_input(label, value=None, key=f"{key}:amount", **how)
    unit.text_input(say("Unit"), value=None, key=f"{key}:unit", placeholder=say("such as %"), **how)


def _duration(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    amount, unit = st.columns([3, 2], vertical_alignment="bottom", wrap=False)
    amount.text_input(label, value=None, key=f"{key}:amount", **how)
    unit.selectbox(
        say("Unit"),
        DURATION_UNITS,
        index=None,
        format_func=duration_unit,
        key=f"{key}:unit",
        placeholder=say("unit"),
        **how,
    )


def _money(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    amount, currency = st.columns([3, 2], vertical_alignment="bottom", wrap=False)
    amount.text_input(_with_unit(label, part), value=None, key=f"{key}:amount", **how)
    chosen = state.value(f"{key}:currency")
    currency.selectbox(
        say("Currency"),
        _including(CURRENCIES, chosen),
        index=None,
        key=f"{key}:currency",
        placeholder=say("such as EUR"),
        accept_new_options=True,
        **how,
    )


def _choice(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    options, words = tuple(part.choices), part.choices
    if _as_buttons(part):
        _one_of(label, options, lambda word: plain(words[word]), key, how)
        return
    st.selectbox(
        label,
        options,
        index=None,
        format_func=lambda word: words.get(word, word),
        key=key,
        placeholder=say("Choose"),
        **how,
    )


def _choices(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    words = part.choices
    st.multiselect(
        label,
        _including(tuple(words), *(state.value(key) or ())),
        format_func=lambda word: words.get(word, word),
        key=key,
        placeholder=say("Choose or add your own") if part.open else say("Choose"),
        accept_new_options=part.open,
        **how,
    )


def _tags(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    none = bool(state.value(f"{key}:{NONE}"))
    st.multiselect(
        label,
        _including((), *(state.value(key) or ())),
        key=key,
        placeholder=say("Type a word and press Enter"),
        accept_new_options=True,
        disabled=none,
        **how,
    )
    st.checkbox(say("There are none"), key=f"{key}:{NONE}", **{**how, "label_visibility": "visible"})


def _date(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    st.date_input(
        label, value=None, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD", key=key, **how
    )


def _yes_no(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    # As `rules.answers.parse` reads them; only what is shown is said.
    _one_of(label, ("Yes", "No"), {"Yes": say("Yes"), "No": say("No")}.__getitem__, key, how)


def _one_of(
    label: str, options: Sequence[str], words: Callable[[str], str], key: str, how: dict[str, Any]
) -> None:
    # Not st.pills: what is chosen there cannot be read in the dark theme.
    st.radio(label, options, index=None, format_func=words, key=key, horizontal=True, **how)


def _person(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    known = {f"@{person}": name for person, name in around.people.items()}
    labels = _apart(known)
    st.selectbox(
        label,
        _including(tuple(known), state.value(key)),
        index=None,
        format_func=lambda who: labels.get(who, who),
        key=key,
        placeholder=say("Choose, or type a name"),
        accept_new_options=True,
        **how,
    )


def _reference(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    labels = _targets(part, around)
    st.selectbox(
        label,
        _including(tuple(labels), state.value(key)),
        index=None,
        format_func=lambda row: labels.get(row) or say("a row that is gone"),
        key=key,
        placeholder=say("Choose") if labels else _nothing_to_choose(part),
        **how,
    )


def _references(key: str, part: PartSpec, label: str, around: Surroundings, how: dict[str, Any]) -> None:
    labels = _targets(part, around)
    st.multiselect(
        label,
        _including(tuple(labels), *(state.value(key) or ())),
        format_func=lambda row: labels.get(row) or say("a row that is gone"),
        key=key,
        placeholder=say("Choose") if labels else _nothing_to_choose(part),
        **how,
    )


_DRAWERS: Mapping[str, Callable[[str, PartSpec, str, Surroundings, dict[str, Any]], None]] = MappingProxyType(
    {
        "text": _text,
        "long_text": _long_text,
        "link": _text,
        "number": _number,
        "quantity": _quantity,
        "duration": _duration,
        "money": _money,
        "choice": _choice,
        "choices": _choices,
        "tags": _tags,
        "date": _date,
        "yes_no": _yes_no,
        "person": _person,
        "reference": _reference,
        "references": _references,
    }
)


def _as_buttons(part: PartSpec) -> bool:
    return len(part.choices) <= MOST_BUTTONS and sum(map(len, part.choices.values())) <= LONGEST_BUTTONS


def _with_unit(label: str, part: PartSpec) -> str:
    return f"{label} ({plain(part.unit)})" if part.unit else label


def _including(options: Sequence[str], *chosen: str | None) -> list[str]:
    return list(dict.fromkeys([*options, *(word for word in chosen if word)]))


def _apart(labels: Mapping[str, str]) -> dict[str, str]:
    """The same labels, numbered where two are alike: a widget tells options apart by their label only."""
    used: dict[str, int] = {}
    told_apart = {}
    for key, label in labels.items():
        used[label] = used.get(label, 0) + 1
        told_apart[key] = label if used[label] == 1 else f"{label} ({used[label]})"
    return told_apart


def _targets(part: PartSpec, around: Surroundings) -> dict[str, str]:
    return _apart({row: label for target in part.to for row, label in around.rows.get(target, {}).items()})


def _nothing_to_choose(part: PartSpec) -> str:
    places = [
        say("a data source") if target == "source" else say("rows of {field}", field=target)
        for target in part.to
    ]
    return say("Add {places} first", places=say(" or ").join(places))


def targets_of(field: FieldSpec) -> frozenset[str]:
    """The fields whose rows this field points at."""
    return frozenset(target for part in field.columns for target in part.to)
