"""Changes that reviewers ask for, where the team meets them: at the question and on the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from lifecycle.actions import reviews as actions
from lifecycle.language import mark, say
from lifecycle.queries import change_requests
from lifecycle.queries.change_requests import RequestedChange
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.permissions import may
from lifecycle.ui import cache, identity, state
from lifecycle.ui.components import ago, plain, refusal_words, show_refusal
from lifecycle.ui.fields import Slot
from lifecycle.ui.perform import attempt
from lifecycle.ui.project import chains
from lifecycle.ui.views.findings import jump
from lifecycle.ui.views.signatures import quoted

MARK = mark(":red-badge[:material/edit_note: Change asked for]")


def open_changes(project: ProjectHead) -> Mapping[str, Sequence[RequestedChange]]:
    """The open ones by key of the answer."""
    return cache.read_with_guide(
        change_requests.open_changes, *chains(project), project_id=project.id, at=identity.this_hour()
    )


def at_question(slot: Slot, project: ProjectHead) -> None:
    """Above the widgets of a question: who wants it changed and why, and the other way to settle it."""
    key = f"{slot.field_id}@{slot.source_id}" if slot.source_id else slot.field_id
    for change in open_changes(project).get(key, ()):
        with st.container(gap="xsmall", key=f"change-{change.sign_off_id}-{slot.source_id}-{slot.field_id}"):
            st.markdown(f"{say(MARK)} {_who(change)}  \n{quoted(change.comment)}", anchors=False)
            if project.is_open and may("reviews.answer_change", identity.actor(), project.roles):
                _answer(change)


def on_gate(changes: Sequence[RequestedChange], project: ProjectHead) -> None:
    """Under the role that asks: the answers to change, each with a way to its question."""
    for change in changes:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(say(MARK), width="content", anchors=False)
            jump(change.place, project=project.key, key=f"change:{change.sign_off_id}")
    if changes:
        st.markdown(quoted(changes[0].comment), anchors=False)


def what_came_of_it(change: RequestedChange) -> str:
    """For the reviewer: one line of Markdown."""
    title = plain(change.place.title)
    if change.is_changed:
        return say(":green[:material/check:] {title}: changed since", title=title)
    if change.said:
        return say(
            ":blue[:material/forum:] {title}: {person} answered  \n{answer}",
            title=title,
            person=plain(change.said_by),
            answer=quoted(change.said),
        )
    return say(
        ":orange[:material/radio_button_unchecked:] {title}: neither changed nor answered yet", title=title
    )


def _who(change: RequestedChange) -> str:
    said = say(
        "{role} at the {gate} gate · {who}, {when}",
        role=change.role.title,
        gate=change.gate.title,
        who=change.who,
        when=ago(change.at, identity.now()),
    )
    return f":small[:gray[{plain(said)}]]"


def _answer(change: RequestedChange) -> None:
    key = state.widget_key("change", change.sign_off_id, change.place.key)
    with st.popover(say("Answer instead of changing it"), icon=":material/reply:", type="tertiary"):
        st.text_area(say("Why it stays as it is"), key=f"{key}:said", persist_state="session")
        st.button(
            say("Send the answer"),
            key=f"{key}:send",
            type="primary",
            on_click=_send,
            args=(key, change.sign_off_id, change.place.key),
        )
    words = state.take(f"{key}:refused")
    if words:
        show_refusal(*words)


def _send(key: str, sign_off_id: int, place: str) -> None:
    outcome = attempt(
        actions.answer_change, sign_off_id=sign_off_id, key=place, text=state.value(f"{key}:said") or ""
    )
    if outcome.refusal is not None:
        state.put(f"{key}:refused", list(refusal_words(outcome.refusal)))
