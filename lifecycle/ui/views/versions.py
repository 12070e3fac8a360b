"""Two versions of one answer, or all of them: the choice when somebody saved first, and the history."""

from __future__ import annotations

import streamlit as st

from lifecycle.guide import FieldSpec
from lifecycle.language import say
from lifecycle.queries import worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import AnswerView
from lifecycle.ui import autosave, cache, choices
from lifecycle.ui.autosave import Note
from lifecycle.ui.components import ago, exact, plain
from lifecycle.ui.fields import Slot
from lifecycle.ui.project import chains
from lifecycle.ui.views.sheet import Sheet, redraw_with, said


def offer(slot: Slot, answer: AnswerView, sheet: Sheet) -> None:
    """Somebody saved while this tab shows an older answer that nobody here has touched."""
    with st.container(horizontal=True, vertical_alignment="center"):
        said_by = say("{who} changed this {when}.", who=plain(answer.by_name), when=ago(answer.at, sheet.now))
        st.markdown(f":blue[:material/sync: {said_by}]", width="content", anchors=False)
        st.button(
            say("Show it"),
            key=slot.key("theirs"),
            on_click=_theirs,
            args=(slot, sheet.project),
            type="tertiary",
        )


def choice(slot: Slot, field: FieldSpec, note: Note, answer: AnswerView | None, sheet: Sheet) -> None:
    """What this tab holds beside what is saved, each with the button that keeps it."""
    content, _ = autosave.draft(slot, field, note)
    shown = answer.revision if answer else 0
    st.warning(
        say(
            "This question has two versions: what this tab holds, and what is saved. Choose which to keep; "
            "the other one stays in the history only if it was saved."
        ),
        icon=":material/call_split:",
    )
    mine, theirs = st.columns(2, border=True)
    with mine:
        st.markdown(f"**{say('Yours, not saved')}**", anchors=False)
        st.markdown(
            said(field, content.state, content.stored, content.owner, content.due_on, content.reason, sheet)
        )
        st.button(
            say("Keep mine"),
            key=slot.key("keep_mine"),
            type="primary",
            on_click=_mine,
            args=(slot, shown),
            width="stretch",
        )
    with theirs:
        saved = autosave.content_of(answer)
        who = (
            say("Saved by {who}, {when}", who=plain(answer.by_name), when=ago(answer.at, sheet.now))
            if answer
            else say("Saved")
        )
        st.markdown(f"**{who}**", anchors=False)
        st.markdown(said(field, saved.state, saved.stored, saved.owner, saved.due_on, saved.reason, sheet))
        st.button(
            say("Keep theirs"),
            key=slot.key("theirs"),
            on_click=_theirs,
            args=(slot, sheet.project),
            width="stretch",
        )


def _mine(slot: Slot, shown: int) -> None:
    choices.keep_mine(slot, shown)
    redraw_with(slot)


def _theirs(slot: Slot, project: ProjectHead) -> None:
    answers = cache.read(worksheets.sheet, chains(project)[0], project_id=project.id)
    choices.keep_theirs(slot, answers.answer(slot.field_id, slot.source_id))
    redraw_with(slot)


def history(slot: Slot, field: FieldSpec, sheet: Sheet) -> None:
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
            st.markdown(f"**{say('History')}**", width="content", anchors=False)
            st.button(say("Close"), key=slot.key("close"), type="tertiary", on_click=_close, args=(slot,))
        for number, version in enumerate(versions):
            _version(slot, field, version, sheet, is_newest=number == 0)


def _version(slot: Slot, field: FieldSpec, version: AnswerView, sheet: Sheet, *, is_newest: bool) -> None:
    words = said(field, version.state, version.stored, version.owner, version.due_on, version.reason, sheet)
    st.markdown(words, anchors=False)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{plain(version.by_name)}, {exact(version.at)}", width="content")
        if sheet.may_edit and not is_newest:
            st.button(
                say("Put this back"),
                key=slot.key("bring_back", str(version.revision)),
                icon=":material/undo:",
                type="tertiary",
                on_click=_bring_back,
                args=(slot, version.answer_id),
            )


def _bring_back(slot: Slot, answer_id: int) -> None:
    choices.bring_back(slot, answer_id)
    redraw_with(slot)


def _close(slot: Slot) -> None:
    autosave.change(slot, panel="")
    redraw_with(slot)
