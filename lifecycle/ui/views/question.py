"""One question on the screen: its widgets, its other ways to be answered, and its mark "Saved".

Each is a keyed fragment: an answer draws its own question again, those that choose from its rows, and what watches
all answers (the watchers of `sheet.begin_drawing`), not the page.
"""

from __future__ import annotations

from functools import partial

import streamlit as st

from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.threads import Mark
from lifecycle.queries.worksheets import AnswerView
from lifecycle.rules.answers import missing_parts
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.ui import autosave, choices, standing, state
from lifecycle.ui.autosave import DUE, OWNER, REASON, Note
from lifecycle.ui.components import ago, plain, text_in_row
from lifecycle.ui.fields import Changed, Slot, draw_part, is_pair, is_wide, shows_example
from lifecycle.ui.views import changes, discussion, versions
from lifecycle.ui.views.sheet import (
    Sheet,
    covering_of,
    failing_on,
    gate_of_sheet,
    is_drawn,
    note_failing,
    redraw_with,
    register,
    said,
    sheet_of,
    signers,
)
from lifecycle.vocabulary import AnswerState, Severity

MOST_FAILING, MOST_NAMED = 2, 3
_NOW = {
    Severity.BLOCK: mark("Blocks now"),
    Severity.WARNING: mark("Warns now"),
    Severity.NOTE: mark("Notes now"),
}
_LATER = {
    Severity.BLOCK: mark("Blocks from {gate}"),
    Severity.WARNING: mark("Warns from {gate}"),
    Severity.NOTE: mark("Notes from {gate}"),
}


def draw_question(slot: Slot, sheet: Sheet) -> None:
    """The question as a fragment of its own; `sheet.begin_drawing` came before the first of them."""
    field = sheet.guide.field(slot.field_id)
    autosave.prepare(slot, field, sheet.answer(slot), is_new_here=register(slot))
    if discussion.is_wanted(slot):
        autosave.change(slot, panel="thread")
    st.fragment(_question, key=slot.fragment)(slot, sheet.project, sheet.may_edit, sheet.asked_for)


def _question(slot: Slot, project: ProjectHead, may_edit: bool, asked_for: str | None) -> None:
    if may_edit:
        autosave.save_if_changed(slot)
    # Read here, because this runs alone as well: then what the page knew is old.
    sheet = sheet_of(project, may_edit=may_edit, asked_for=asked_for)
    field, answer = sheet.guide.field(slot.field_id), sheet.answer(slot)
    note = autosave.prepare(slot, field, answer, is_new_here=False)
    with st.container(border=True, key=f"question-{slot.source_id}-{slot.field_id}", gap="small"):
        _heading(field, sheet)
        changes.at_question(slot, project)
        _body(slot, field, note, answer, sheet)
        if note.base is None:
            autosave.compare_brought(slot, field, answer)
            note = autosave.note_of(slot) or note
        _footer(slot, field, note, answer, sheet)
        _below(slot, field, note, answer, sheet)
    is_drawn(slot)


def _heading(field: FieldSpec, sheet: Sheet) -> None:
    star = " :blue[:material/star:]" if field.production else ""
    asked = ""
    if sheet.asked_for == field.id:
        asked = f" :blue-badge[:material/arrow_forward: {say('You came here for this')}]"
    title = f"**{plain(field.title)}** :gray[:small[{field.id}]]{star}{asked}"
    st.markdown(f"{title}  \n{plain(field.question)}", help=field.help or None, anchors=False)


def _footer(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    """One line below the widgets: the mark, or an example while there is none; at its end the other ways to answer."""
    asked = sheet.thread(slot)
    widths = [2, 1] if asked else [4, 1]
    said, others = st.columns(widths, vertical_alignment="center", gap="small", wrap=False)
    with said:
        signed = _signed(slot, answer, sheet)
        if mark := _mark(field, note, answer, sheet):
            text_in_row(f"{mark}  \n{signed}" if signed else mark)
        elif _wants_example(field):
            example = say("For example: {example}", example=plain(field.example))
            text_in_row(f"{example}  \n{signed}" if signed else example, is_quiet=True)
        else:
            text_in_row(signed or " ", is_quiet=not signed)
    if not (asked or sheet.may_edit or sheet.may_ask):
        return
    with others.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if asked:
            _asked(slot, asked)
        if sheet.may_edit or sheet.may_ask:
            _menu(slot, note, answer, sheet)


def _asked(slot: Slot, mark: Mark) -> None:
    st.button(
        f"{mark.open or mark.threads}",
        key=slot.key("asked"),
        icon=":material/forum:" if mark.open else ":material/speaker_notes:",
        type="tertiary",
        help=discussion.hint(mark),
        on_click=_toggle,
        args=(slot, "thread"),
    )


def _toggle(slot: Slot, panel: str) -> None:
    note = autosave.note_of(slot)
    autosave.change(slot, panel="" if note and note.panel == panel else panel)
    redraw_with(slot)


def _wants_example(field: FieldSpec) -> bool:
    """A text shows its example inside the box, a choice is its own example."""
    is_plain = field.kind == "single" and (
        shows_example(field.columns[0]) or field.type in ("yes_no", "choice")
    )
    return bool(field.example) and not is_plain


def _mark(field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> str:
    """What the database has, said by a run that began after it had it, and what a begun answer still lacks."""
    if note.conflict:
        return f":orange-badge[:material/call_split: {say('Two versions')}]"
    if note.problems:
        return f":orange-badge[:material/error: {say('Not saved')}]"
    if answer is None or answer.state is None:
        return ""
    when = ago(answer.at, sheet.now)
    if answer.by_key == sheet.me:
        words = say("Saved, {when}", when=when)
    else:
        words = say("Saved by {who}, {when}", who=plain(answer.by_name), when=when)
    saved = f":green[:material/check: :small[{words}]]"
    lacking = missing_parts(field, answer.stored) if answer.state is AnswerState.ANSWERED else ()
    if not lacking:
        return saved
    still = say("Still missing: {lacking}", lacking=plain(", ".join(lacking)))
    return f"{saved}  \n:orange[:small[{still}]]"


def _signed(slot: Slot, answer: AnswerView | None, sheet: Sheet) -> str:
    """Whose signature rests on this answer, for whoever may change it: before the change, and after it."""
    found = covering_of(slot, sheet.project, answer) if sheet.may_edit else ()
    lines = []
    if lost := [one for one in found if not one.holds]:
        sentence = say_count(
            "{signers} signed another answer: that sign-off is stale until affirmed again.",
            "{signers} signed another answer: those sign-offs are stale until affirmed again.",
            len(lost),
            signers=signers(lost),
        )
        lines.append(f":orange[:material/history: :small[{plain(sentence)}]]")
    if held := [one for one in found if one.holds]:
        sentence = say_count(
            "{signers} signed this answer: changing it makes that sign-off stale.",
            "{signers} signed this answer: changing it makes those sign-offs stale.",
            len(held),
            signers=signers(held),
        )
        lines.append(f":violet[:material/draw: :small[{plain(sentence)}]]")
    return "  \n".join(lines)


# ------------------------------------------------------------------ answer states

_MENU = {
    "answer": mark(":material/edit: Answer it"),
    "dont_know": mark(":material/schedule: Don't know yet"),
    "not_applicable": mark(":material/do_not_disturb_on: Not applicable"),
    "history": mark(":material/history: History"),
    "thread": mark(":material/forum: Ask about this"),
    "clear": mark(":material/backspace: Clear"),
}


def _menu(slot: Slot, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    """Whoever may not answer may still look back and ask."""
    options = [name for name in _MODES if sheet.may_edit and _MODES[name].value != note.mode]
    if answer is not None:
        options.append("history")
    if sheet.may_ask:
        options.append("thread")
    if sheet.may_edit and answer is not None and answer.state is not None:
        options.append("clear")
    st.menu_button(
        say("More"),
        options,
        format_func=lambda name: say(_MENU[name]),
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
        choices.set_mode(slot, _MODES[name])
    elif name in ("history", "thread"):
        _toggle(slot, name)
    elif name == "clear":
        choices.clear(slot)
    redraw_with(slot)


def _changed(slot: Slot) -> None:
    """Every widget's `on_change`."""
    autosave.save_if_changed(slot)
    redraw_with(slot)


# ------------------------------------------------------------------ widgets


def _body(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    if not sheet.may_edit:
        _read_only(field, answer, sheet)
        return
    changed = Changed(_changed, slot)
    if note.mode == AnswerState.DONT_KNOW.value:
        _dont_know(slot, changed, sheet)
    elif note.mode == AnswerState.NOT_APPLICABLE.value:
        st.text_area(
            say("Why it does not apply"),
            value=None,
            key=slot.key(REASON),
            height="content",
            **changed.arguments,
        )
    elif field.kind == "rows":
        _rows(slot, field, note, changed, sheet)
    else:
        _parts(slot, field, changed, sheet)


def _read_only(field: FieldSpec, answer: AnswerView | None, sheet: Sheet) -> None:
    """The answer as text: a greyed-out widget is slow to draw and hard to read."""
    held = autosave.content_of(answer)
    st.markdown(said(field, held.state, held.stored, held.owner, held.due_on, held.reason, sheet))


def _dont_know(slot: Slot, changed: Changed, sheet: Sheet) -> None:
    who, when = st.columns(2)
    with who:
        owner = PartSpec(id=OWNER, type="person")
        draw_part(slot.key(OWNER), owner, say("Who finds out"), sheet.around, changed)
    with when:
        st.date_input(
            say("By when"),
            value=None,
            min_value=sheet.now.date(),
            format="YYYY-MM-DD",
            key=slot.key(DUE),
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
        example=example,
        hide_label=is_hidden,
    )


def _label(field: FieldSpec, part: PartSpec) -> str:
    label = part.label or field.title
    return label if part.required or field.kind == "single" else say("{label} (optional)", label=label)


def _rows(slot: Slot, field: FieldSpec, note: Note, changed: Changed, sheet: Sheet) -> None:
    if note.none:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/remove_done: {plain(field.none_label)}", width="content", anchors=False)
            st.button(
                say("Add one after all"), key=slot.key("add"), on_click=_add, args=(slot,), type="tertiary"
            )
        return
    for number, row in enumerate(note.rows, start=1):
        _row(slot, field, row, number, changed, sheet)
    _row_buttons(slot, field, note)


def _row(slot: Slot, field: FieldSpec, row: str, number: int, changed: Changed, sheet: Sheet) -> None:
    with st.container(gap="xsmall", key=f"row-{slot.field_id}-{row}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(say("Row {number}", number=number), width="content")
            st.button(
                say("Remove"),
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
        label = say("Add another") if note.rows else say("Add the first")
        st.button(label, key=slot.key("add"), icon=":material/add:", on_click=_add, args=(slot,))
        if not note.rows:
            st.button(field.none_label, key=slot.key("none"), type="tertiary", on_click=_none, args=(slot,))


def _add(slot: Slot) -> None:
    choices.add_row(slot)
    redraw_with(slot)


def _remove(slot: Slot, row: str) -> None:
    choices.remove_row(slot, row)
    redraw_with(slot)


def _none(slot: Slot) -> None:
    choices.set_none(slot, none=True)
    redraw_with(slot)


# ------------------------------------------------------------------ below the widgets


def _below(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    for place, problem in note.problems:
        sentence = say("{place}: {text}", place=place, text=problem) if place else problem
        st.markdown(f":orange[:material/error: {plain(sentence)}]", anchors=False)
    if note.conflict:
        versions.choice(slot, field, note, answer, sheet)
    elif note.base is not None and answer is not None and answer.revision > note.base:
        versions.offer(slot, answer, sheet)
    _failing(slot, field, sheet)
    if note.panel == "history":
        versions.history(slot, field, sheet)
    elif note.panel == "thread":
        discussion.panel(
            (slot.project_id, slot.field_id, slot.source_id),
            may_ask=sheet.may_ask,
            close=partial(_toggle, slot, "thread"),
            key=slot.key("thread"),
        )


def _failing(slot: Slot, field: FieldSpec, sheet: Sheet) -> None:
    """What fails because of this answer, close to where it was just given."""
    gate = gate_of_sheet(sheet.project, field.stage)
    found = failing_on(slot, gate)
    note_failing(slot, gate, found)
    if not found:
        return
    lines = [_finding(check, slot, sheet) for check in found[:MOST_FAILING]]
    if len(found) > MOST_FAILING:
        more = say("and {findings}", findings=counted(len(found) - MOST_FAILING, "more finding"))
        lines.append(f":gray[:small[{more}]]")
    st.markdown("\n\n".join(lines), anchors=False)


def _finding(check: CheckState, slot: Slot, sheet: Sheet) -> str:
    severity = check.severity or check.advice_severity
    mark = standing.SEVERITIES[severity]
    effect = say(_NOW[severity]) if check.enforced else say(_LATER[severity], gate=check.first_gate.title)
    others = dict.fromkeys(key.partition("@")[0] for key in check.fields)
    named = [
        sheet.guide.field(key).title for key in others if key in sheet.guide.fields and key != slot.field_id
    ]
    quiet = [check.check_id, effect]
    if named:
        quiet.append(say("with {fields}", fields=", ".join(named[:MOST_NAMED])))
    said = plain(check.messages[0] if check.messages else f"{check.title}.")
    return f":{mark.colour}[{mark.material}] {said}  \n:gray[:small[{plain(' · '.join(quiet))}]]"
