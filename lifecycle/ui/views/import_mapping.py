"""The mapping of a register on screen: which column is what, which word is which stage; saved, renamed, deleted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.errors import LifecycleError
from lifecycle.interchange.mappings import RegisterMapping, locate, stage_key
from lifecycle.interchange.registers import RegisterReading, StageWord
from lifecycle.interchange.saved_mappings import (
    Choices,
    Place,
    adjusted,
    for_these_headers,
    keep_mapping,
    mapping_yaml,
)
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries.registers import SavedMappingView
from lifecycle.ui import components, state
from lifecycle.ui.components import plain
from lifecycle.ui.perform import perform
from lifecycle.ui.views.import_placing import PLACES, place_title

_NOTIONS = {
    "name": mark("Name of the project"),
    "external_id": mark("Id in the register"),
    "organisation": mark("Organisation"),
    "stage": mark("Stage"),
    "risk": mark("Risk"),
}
_NONE = ""
_A_PERSON = ""
_MOST_WORDS = 40
_SHOWN_AT_ONCE = 9


def columns(reading: RegisterReading, key: str) -> Choices:
    """A list for each notion with what its column holds, and one for the dates; returns what was chosen otherwise."""
    st.subheader(say("Columns"), anchor=False)
    st.caption(
        say("Proposed by the words of the headers and by what the columns hold. Change what is wrong.")
        if reading.mapping.proposed
        else plain(
            say("As the mapping “{mapping}” has them. Change what is wrong.", mapping=reading.mapping.title)
        )
    )
    place = locate(reading.mapping, reading.headers)
    chosen: dict[str, str | None] = {}
    with st.grid(3, min_column_width=280):
        for notion, title in _NOTIONS.items():
            with st.container(gap="xxsmall"):
                at = getattr(place, notion)
                widget = state.widget_key(key, "column", notion)
                found = _column(reading, say(title), widget, at, is_needed=notion == "name")
                if found != at:
                    chosen[notion] = None if found is None else reading.headers[found]
        dates = _dates(reading, key, [at for _, at in place.dates])
    return Choices(chosen, {}, dates)


def _column(reading: RegisterReading, title: str, key: str, at: int | None, *, is_needed: bool) -> int | None:
    """The place of the column that is chosen for a notion, its first texts beneath."""
    places = [*range(len(reading.headers))]
    options = places if is_needed else [-1, *places]
    if not state.has(key):
        state.put(key, -1 if at is None else at)
    chosen = st.selectbox(
        title,
        options,
        format_func=lambda place: (
            say("No such column") if place < 0 else components.one_line(reading.headers[place], 70)
        ),
        key=key,
    )
    found = chosen if chosen is not None and chosen >= 0 else None
    samples = reading.samples[found] if found is not None and found < len(reading.samples) else ()
    _samples(samples if found is not None else None)
    return found


def _samples(texts: Sequence[str] | None) -> None:
    if texts is None:
        st.caption(say("The file does not say it."))
    elif not texts:
        st.caption(say("All of its cells are blank."))
    else:
        st.caption(plain(" · ".join(components.one_line(text, 32) for text in texts[:3])))


def _dates(reading: RegisterReading, key: str, places: Sequence[int]) -> tuple[str, ...] | None:
    """The columns read as dates; None while they are those of the mapping."""
    widget = state.widget_key(key, "dates")
    if not state.has(widget):
        state.put(widget, list(places))
    with st.container(gap="xxsmall"):
        chosen = st.multiselect(
            say("Dates"),
            [*range(len(reading.headers))],
            format_func=lambda place: components.one_line(reading.headers[place], 40),
            key=widget,
            placeholder=say("No column"),
        )
        samples = [reading.samples[place][0] for place in chosen if reading.samples[place]]
        _samples(samples if chosen else None)
    return None if sorted(chosen) == sorted(places) else tuple(reading.headers[place] for place in chosen)


def stage_words(reading: RegisterReading, key: str) -> dict[str, Place | None]:
    """A list of places for each word of the stage column; returns what was chosen otherwise, by word."""
    words = _different([word for word in reading.stage_words if stage_key(word.word)])
    if not words:
        return {}
    st.subheader(say("Stage words"), anchor=False)
    unknown = sum(each.stage is None for each in words)
    said = say("A word has a place when it is in the list of known stage words: nobody guesses.")
    if unknown:
        said += say_count(
            " {number:,} word is not in it: give it a place, or leave it to be placed after the import.",
            " {number:,} words are not in it: give them a place, or leave them to be placed after the import.",
            unknown,
        )
    st.caption(said)
    chosen: dict[str, Place | None] = {}
    with st.grid(3, min_column_width=280):
        for word in words[:_SHOWN_AT_ONCE]:
            _word(word, key, chosen)
    further = words[_SHOWN_AT_ONCE:_MOST_WORDS]
    if further:
        with (
            st.expander(counted(len(further), "more word"), icon=":material/list:"),
            st.grid(3, min_column_width=280),
        ):
            for word in further:
                _word(word, key, chosen)
    if len(words) > _MOST_WORDS:
        st.caption(
            say(
                "The {number:,} least frequent words are placed after the import.",
                number=len(words) - _MOST_WORDS,
            )
        )
    return chosen


def _different(words: Sequence[StageWord]) -> list[StageWord]:
    """Words that are the same but for their spelling count as one."""
    found: dict[str, StageWord] = {}
    for each in words:
        key = stage_key(each.word)
        before = found.get(key)
        rows = each.rows + (before.rows if before else 0)
        found[key] = StageWord(before.word if before else each.word, rows, each.stage, each.status)
    return list(found.values())


def _word(word: StageWord, key: str, chosen: dict[str, Place | None]) -> None:
    place = _name_of((word.stage, word.status)) if word.stage else _A_PERSON
    widget = state.widget_key(key, "word", stage_key(word.word))
    if not state.has(widget):
        state.put(widget, place)
    found = st.selectbox(
        plain(
            say("“{word}” · {rows}", word=components.one_line(word.word, 60), rows=counted(word.rows, "row"))
        ),
        [_A_PERSON, *PLACES],
        format_func=lambda name: place_title(*PLACES[name]) if name in PLACES else say("A person decides"),
        key=widget,
    )
    if (found or _A_PERSON) != place:
        chosen[word.word] = PLACES.get(found or _A_PERSON)


def _name_of(place: tuple[object, object]) -> str:
    return next((name for name, known in PLACES.items() if known == place), _A_PERSON)


# ------------------------------------------------------------------ keeping a mapping


def keep(reading: RegisterReading, saved: Sequence[SavedMappingView]) -> None:
    """Save the mapping as it is now, under a new name or under the one it was chosen by; or take it as a file."""
    mine = next((view for view in saved if view.name == reading.mapping.name), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        if mine is not None and _differs(reading.mapping, mine):
            _save_changes(reading, mine)
        form = state.fresh("import:save")  # another one after saving, so that it is closed and empty
        with st.popover(say("Save this mapping"), icon=":material/bookmark_add:", key=f"{form}:popover"):
            title = st.text_input(
                say("Name of the mapping"),
                key=f"{form}:title",
                max_chars=60,
                help=say("It is used by itself for every later file that has these columns."),
            )
            if st.button(say("Save"), key=f"{form}:press", type="primary"):
                _save(reading, title or "")
        st.download_button(
            say("Mapping as a file"),
            mapping_yaml(reading.mapping).encode(),
            file_name=f"{reading.mapping.name}.yaml",
            mime="application/yaml",
            icon=":material/download:",
            type="tertiary",
        )


def _differs(mapping: RegisterMapping, view: SavedMappingView) -> bool:
    return mapping_yaml(mapping.changed(name=view.name, title=view.title)) != view.content


def _save_changes(reading: RegisterReading, view: SavedMappingView) -> None:
    if st.button(
        say("Save the changes to {mapping}", mapping=view.title),
        icon=":material/save:",
        key="import:save:changes",
    ):
        try:
            mapping = for_these_headers(reading.mapping, reading.headers, view.title).changed(name=view.name)
        except LifecycleError as error:
            components.refusal(error)
            return
        perform(
            keep_mapping,
            done=say("{mapping} is saved.", mapping=view.title),
            mapping=mapping,
            base=view.revision,
        )


def _save(reading: RegisterReading, title: str) -> None:
    try:
        mapping = for_these_headers(reading.mapping, reading.headers, title)
    except LifecycleError as error:
        components.refusal(error)
        return
    perform(
        keep_mapping,
        done=say("{mapping} is saved and used for files with these columns.", mapping=mapping.title),
        clears="import:save",
        mapping=mapping,
    )


def changed(mapping: RegisterMapping, choices: Choices) -> RegisterMapping | None:
    """The mapping with these choices, None when nothing was chosen otherwise."""
    if not (choices.columns or choices.places or choices.dates is not None):
        return None
    return adjusted(mapping, choices)
