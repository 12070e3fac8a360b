"""One question on the screen: its widgets, its answer states, its mark "Saved", its history and its conflict.

Each is a keyed fragment: an answer draws its own question again, those that choose from its rows, and what watches
all answers (the watchers of `begin_drawing`), not the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import streamlit as st

from lifecycle.guide import FieldSpec, Guide, PartSpec
from lifecycle.queries import worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import AnswerSheet, AnswerView
from lifecycle.rules.answers import decode, describe
from lifecycle.ui import autosave, cache, current_run, identity, state
from lifecycle.ui.autosave import DUE, OWNER, REASON, Note
from lifecycle.ui.components import ago, exact, one_line, plain
from lifecycle.ui.fields import (
    Changed,
    Slot,
    Surroundings,
    draw_part,
    is_pair,
    is_wide,
    shows_example,
    targets_of,
)
from lifecycle.ui.perform import redraw
from lifecycle.ui.project import chains
from lifecycle.vocabulary import AnswerState

_SHOWN = "questions_shown"
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
    me: str  # the key of who looks at it
    now: datetime
    asked_for: str | None = None  # the field of the address

    def answer(self, slot: Slot) -> AnswerView | None:
        return self.answers.answer(slot.field_id, slot.source_id)


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

    `watchers` are the keys of fragments of this page that show something of all answers; each save draws them anew.
    """
    state.put(_WATCHERS, list(watchers))
    before = state.value(_SHOWN, [])
    state.put(f"{_SHOWN}:before", before)
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


def draw_question(slot: Slot, sheet: Sheet) -> None:
    """The question as a fragment of its own, registered as shown."""
    is_new_here = slot.prefix not in state.value(f"{_SHOWN}:before", [])
    state.put(_SHOWN, [*state.value(_SHOWN, []), slot.prefix])
    autosave.prepare(slot, sheet.guide.field(slot.field_id), sheet.answer(slot), is_new_here=is_new_here)
    st.fragment(_question, key=slot.fragment)(slot, [sheet], sheet.project, sheet.may_edit, sheet.asked_for)


def _question(
    slot: Slot, fresh: list[Sheet], project: ProjectHead, may_edit: bool, asked_for: str | None
) -> None:
    if may_edit:
        autosave.save_if_changed(slot)
    # `fresh` is what the page has just read, once; when the fragment runs alone later, it reads for itself.
    sheet = fresh.pop() if fresh else sheet_of(project, may_edit=may_edit, asked_for=asked_for)
    field, answer = sheet.guide.field(slot.field_id), sheet.answer(slot)
    note = autosave.prepare(slot, field, answer, is_new_here=False)
    with st.container(border=True, key=f"question-{slot.source_id}-{slot.field_id}", gap="small"):
        _heading(field, sheet)
        _body(slot, field, note, sheet)
        if note.base is None:
            autosave.compare_brought(slot, field, answer)
            note = autosave.note_of(slot) or note
        _footer(slot, field, note, answer, sheet)
        _below(slot, field, note, answer, sheet)


def _heading(field: FieldSpec, sheet: Sheet) -> None:
    star = " :blue[:material/star:]" if field.production else ""
    asked = (
        " :blue-badge[:material/arrow_forward: You came here for this]" if sheet.asked_for == field.id else ""
    )
    title = f"**{plain(field.title)}** :gray[:small[{field.id}]]{star}{asked}"
    st.markdown(f"{title}  \n{plain(field.question)}", help=field.help or None, anchors=False)


def _footer(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    """One line below the widgets: the mark, or an example while there is none; at its end the other ways to answer."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        if mark := _mark(note, answer, sheet):
            st.markdown(mark, width="stretch", anchors=False)
        elif _wants_example(field):
            st.caption(f"For example: {plain(field.example)}", width="stretch")
        else:
            st.caption(" ", width="stretch")
        if sheet.may_edit:
            _menu(slot, note, answer)


def _wants_example(field: FieldSpec) -> bool:
    """A text shows its example inside the box, a choice is its own example."""
    is_plain = field.kind == "single" and (
        shows_example(field.columns[0]) or field.type in ("yes_no", "choice")
    )
    return bool(field.example) and not is_plain


def _mark(note: Note, answer: AnswerView | None, sheet: Sheet) -> str:
    """What the database has, said by a run that began after it had it."""
    if note.conflict:
        return ":orange-badge[:material/call_split: Two versions]"
    if note.problems:
        return ":orange-badge[:material/error: Not saved]"
    if answer is None or answer.state is None:
        return ""
    who = "" if answer.by_key == sheet.me else f" by {plain(answer.by_name)}"
    return f":green[:material/check: :small[Saved{who}, {ago(answer.at, sheet.now)}]]"


# ------------------------------------------------------------------ answer states

_MENU = {
    "answer": ":material/edit: Answer it",
    "dont_know": ":material/schedule: Don't know yet",
    "not_applicable": ":material/do_not_disturb_on: Not applicable",
    "history": ":material/history: History",
    "clear": ":material/backspace: Clear",
}


def _menu(slot: Slot, note: Note, answer: AnswerView | None) -> None:
    options = [name for name in ("answer", "dont_know", "not_applicable") if _MODES[name].value != note.mode]
    if answer is not None:
        options.append("history")
    if answer is not None and answer.state is not None:
        options.append("clear")
    st.menu_button(
        "More",
        options,
        format_func=lambda name: _MENU[name],
        key=slot.key("menu"),
        type="tertiary",
        on_click=_chosen,
        args=(slot,),
    )


_MODES = {
    "answer": AnswerState.ANSWERED,
    "dont_know": AnswerState.DONT_KNOW,
    "not_applicable": AnswerState.NOT_APPLICABLE,
}


def _chosen(slot: Slot) -> None:
    name = state.value(slot.key("menu"))
    if name in _MODES:
        autosave.set_mode(slot, _MODES[name])
    elif name == "history":
        note = autosave.note_of(slot)
        autosave.change(slot, panel="" if note and note.panel == "history" else "history")
    elif name == "clear":
        autosave.clear(slot)
    redraw_with(slot)


def _changed(slot: Slot) -> None:
    """Every widget's `on_change`."""
    autosave.save_if_changed(slot)
    redraw_with(slot)


def redraw_with(slot: Slot) -> None:
    """Draw again this question, those on the screen that choose from its rows, and what watches all answers."""
    guide = cache.guide()
    shown = [_slot(prefix) for prefix in state.value(_SHOWN, [])]
    watchers = state.value(_WATCHERS, [])
    also = [other for other in shown if slot.field_id in targets_of(guide.field(other.field_id))]
    redraw(*dict.fromkeys([slot.fragment, *(other.fragment for other in also), *watchers]))


def _slot(prefix: str) -> Slot:
    _, project_id, source_id, field_id, _ = prefix.split(":")
    return Slot(int(project_id), field_id, int(source_id))


# ------------------------------------------------------------------ widgets


def _body(slot: Slot, field: FieldSpec, note: Note, sheet: Sheet) -> None:
    changed = Changed(_changed, slot)
    if note.mode == AnswerState.DONT_KNOW.value:
        _dont_know(slot, changed, sheet)
    elif note.mode == AnswerState.NOT_APPLICABLE.value:
        st.text_area(
            "Why it does not apply",
            value=None,
            key=slot.key(REASON),
            height="content",
            disabled=not sheet.may_edit,
            **changed.arguments,
        )
    elif field.kind == "rows":
        _rows(slot, field, note, changed, sheet)
    else:
        _parts(slot, field, changed, sheet)


def _dont_know(slot: Slot, changed: Changed, sheet: Sheet) -> None:
    who, when = st.columns(2)
    with who:
        owner = PartSpec(id=OWNER, type="person")
        draw_part(slot.key(OWNER), owner, "Who finds out", sheet.around, changed, disabled=not sheet.may_edit)
    with when:
        st.date_input(
            "By when",
            value=None,
            min_value=sheet.now.date(),
            format="YYYY-MM-DD",
            key=slot.key(DUE),
            disabled=not sheet.may_edit,
            **changed.arguments,
        )


def _parts(slot: Slot, field: FieldSpec, changed: Changed, sheet: Sheet) -> None:
    _laid_out([(slot.key(part.id), part, _label(field, part)) for part in field.columns], changed, sheet)


def _laid_out(parts: list[tuple[str, PartSpec, str]], changed: Changed, sheet: Sheet) -> None:
    """Short parts side by side as far as there is room, long ones on a line of their own."""
    line: list[tuple[str, PartSpec, str]] = []
    for entry in parts:
        if is_wide(entry[1]):
            _line(line, changed, sheet)
            line = []
            _one(entry, changed, sheet)
        else:
            line.append(entry)
    _line(line, changed, sheet)


def _line(line: list[tuple[str, PartSpec, str]], changed: Changed, sheet: Sheet) -> None:
    if not line:
        return
    widest = 250 if any(is_pair(part) for _, part, _ in line) else 170
    grid = st.grid(3, min_column_width=widest, vertical_alignment="bottom")
    for entry in line:
        with grid.cell():
            _one(entry, changed, sheet)


def _one(entry: tuple[str, PartSpec, str], changed: Changed, sheet: Sheet) -> None:
    key, part, label = entry
    field = sheet.guide.field(changed.slot.field_id)
    example = field.example if field.kind == "single" else ""
    # The title above says it; it stays for those who do not see. A unit must be seen.
    is_hidden = field.kind == "single" and not part.unit
    draw_part(
        key,
        part,
        label,
        sheet.around,
        changed,
        disabled=not sheet.may_edit,
        example=example,
        hide_label=is_hidden,
    )


def _label(field: FieldSpec, part: PartSpec) -> str:
    label = part.label or field.title
    return label if part.required or field.kind == "single" else f"{label} (optional)"


def _rows(slot: Slot, field: FieldSpec, note: Note, changed: Changed, sheet: Sheet) -> None:
    if note.none:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/remove_done: {plain(field.none_label)}", width="content", anchors=False)
            if sheet.may_edit:
                st.button(
                    "Add one after all", key=slot.key("add"), on_click=_add, args=(slot,), type="tertiary"
                )
        return
    for number, row in enumerate(note.rows, start=1):
        _row(slot, field, row, number, changed, sheet)
    if sheet.may_edit:
        _row_buttons(slot, field, note)


def _row(slot: Slot, field: FieldSpec, row: str, number: int, changed: Changed, sheet: Sheet) -> None:
    with st.container(gap="xsmall", key=f"row-{slot.field_id}-{row}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(f"Row {number}", width="content")
            if sheet.may_edit:
                st.button(
                    "Remove",
                    key=slot.key("remove", row),
                    icon=":material/close:",
                    type="tertiary",
                    on_click=_remove,
                    args=(slot, row),
                )
        _laid_out(
            [(autosave.row_key(slot, row, part.id), part, _label(field, part)) for part in field.rows],
            changed,
            sheet,
        )


def _row_buttons(slot: Slot, field: FieldSpec, note: Note) -> None:
    with st.container(horizontal=True, gap="small"):
        label = "Add another" if note.rows else "Add the first"
        st.button(label, key=slot.key("add"), icon=":material/add:", on_click=_add, args=(slot,))
        if not note.rows:
            st.button(field.none_label, key=slot.key("none"), type="tertiary", on_click=_none, args=(slot,))


def _add(slot: Slot) -> None:
    autosave.add_row(slot)
    redraw_with(slot)


def _remove(slot: Slot, row: str) -> None:
    autosave.remove_row(slot, row)
    redraw_with(slot)


def _none(slot: Slot) -> None:
    autosave.set_none(slot, none=True)
    redraw_with(slot)


# ------------------------------------------------------------------ below the widgets


def _below(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    for place, problem in note.problems:
        sentence = f"{place}: {problem}" if place else problem
        st.markdown(f":orange[:material/error: {plain(sentence)}]", anchors=False)
    if note.conflict:
        _conflict(slot, field, note, answer, sheet)
    elif note.base is not None and answer is not None and answer.revision > note.base:
        _moved_on(slot, field, answer, sheet)
    if note.panel == "history":
        _history(slot, field, sheet)


def _moved_on(slot: Slot, field: FieldSpec, answer: AnswerView, sheet: Sheet) -> None:
    """Somebody saved while this tab shows an older answer that nobody here has touched."""
    with st.container(horizontal=True, vertical_alignment="center"):
        who = f"{plain(answer.by_name)} changed this {ago(answer.at, sheet.now)}"
        st.markdown(f":blue[:material/sync: {who}.]", width="content", anchors=False)
        st.button(
            "Show it", key=slot.key("theirs"), on_click=_theirs, args=(slot, sheet.project), type="tertiary"
        )


def _conflict(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    content, _ = autosave.draft(slot, field, note)
    shown = answer.revision if answer else 0
    st.warning(
        "This question has two versions: what this tab holds, and what is saved. Choose which to keep; "
        "the other one stays in the history only if it was saved.",
        icon=":material/call_split:",
    )
    mine, theirs = st.columns(2, border=True)
    with mine:
        st.markdown("**Yours, not saved**", anchors=False)
        st.markdown(
            said(field, content.state, content.stored, content.owner, content.due_on, content.reason, sheet)
        )
        st.button(
            "Keep mine",
            key=slot.key("keep_mine"),
            type="primary",
            on_click=_mine,
            args=(slot, shown),
            width="stretch",
        )
    with theirs:
        saved = autosave.content_of(answer)
        who = f"Saved by {plain(answer.by_name)}, {ago(answer.at, sheet.now)}" if answer else "Saved"
        st.markdown(f"**{who}**", anchors=False)
        st.markdown(said(field, saved.state, saved.stored, saved.owner, saved.due_on, saved.reason, sheet))
        st.button(
            "Keep theirs",
            key=slot.key("theirs"),
            on_click=_theirs,
            args=(slot, sheet.project),
            width="stretch",
        )


def _mine(slot: Slot, shown: int) -> None:
    autosave.keep_mine(slot, shown)
    redraw_with(slot)


def _theirs(slot: Slot, project: ProjectHead) -> None:
    answers = cache.read(worksheets.sheet, chains(project)[0], project_id=project.id)
    autosave.keep_theirs(slot, answers.answer(slot.field_id, slot.source_id))
    redraw_with(slot)


def _history(slot: Slot, field: FieldSpec, sheet: Sheet) -> None:
    """Every version, newest first."""
    versions = cache.read(
        worksheets.answer_history,
        chains(sheet.project)[0],
        project_id=slot.project_id,
        field_id=slot.field_id,
        source_id=slot.source_id,
    )
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown("**History**", width="content", anchors=False)
            st.button("Close", key=slot.key("close"), type="tertiary", on_click=_close, args=(slot,))
        for version in versions:
            words = said(
                field, version.state, version.stored, version.owner, version.due_on, version.reason, sheet
            )
            st.markdown(words, anchors=False)
            st.caption(f"{plain(version.by_name)}, {exact(version.at)}")


def _close(slot: Slot) -> None:
    autosave.change(slot, panel="")
    redraw_with(slot)


def said(
    field: FieldSpec,
    answer_state: AnswerState | None,
    stored: Any,
    owner: str | None,
    due_on: Any,
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
