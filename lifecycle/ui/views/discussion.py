"""Questions and answers on a field: beside the question in the worksheet, and beside an answer under review."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime

import streamlit as st

from lifecycle.actions import threads as actions
from lifecycle.language import counted, say, say_count
from lifecycle.queries import threads
from lifecycle.queries.threads import Mark, Message, Places, ThreadView
from lifecycle.queries.wording import Place
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import ago, exact, plain
from lifecycle.ui.fields import Slot
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains_of
from lifecycle.ui.views.findings import to_place

_WANTED, _FOLLOWED = "thread wanted", "thread of the link that was followed"


def marks_of(project_id: int) -> Places:
    """Which questions of the project have threads."""
    return cache.read(threads.marks, chains_of(project_id)[0], project_id=project_id)


def label(mark: Mark) -> str:
    """What the control at a question says."""
    if mark.open:
        return say_count("{number} open", "{number} open", mark.open)
    return say_count("{number} resolved", "{number} resolved", mark.threads)


def hint(mark: Mark) -> str:
    resolved = mark.threads - mark.open
    said = [counted(mark.open, "open question")] if mark.open else []
    said += [counted(resolved, "resolved question")] if resolved else []
    return say("{questions} about this", questions=", ".join(said))


def answer_at(place: Place, project_id: int, project: str) -> None:
    """Open the question with its threads unfolded."""
    state.put(_WANTED, [project_id, place.source_id, place.field_id])
    to_place(place, project)


def is_wanted(slot: Slot) -> bool:
    """Whether somebody came here to answer in a thread, from a page or by the link of a message; true once."""
    if state.value(_WANTED) == [slot.project_id, slot.source_id, slot.field_id]:
        state.take(_WANTED)
        return True
    named = navigation.here("thread")
    if not named or navigation.here("field") != slot.field_id or state.value(_FOLLOWED) == named:
        return False
    state.put(_FOLLOWED, named)
    return True


def panel(place: tuple[int, str, int], *, may_ask: bool, close: Callable[[], None], key: str) -> None:
    """All threads of one question (project, field, data source), and a form to ask."""
    found = _threads(*place)
    with st.container(border=True, gap="small", key=f"{key}:panel"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(say("**Questions and answers**"), width="content", anchors=False)
            st.button(say("Close"), key=f"{key}:close", type="tertiary", on_click=close)
        for thread in found:
            thread_block(thread, key)
        if may_ask:
            _ask(place, len(found), key)


def _threads(project_id: int, field_id: str, source_id: int) -> tuple[ThreadView, ...]:
    return cache.read(
        threads.of_field,
        *chains_of(project_id),
        by=identity.actor(),
        at=identity.this_hour(),
        project_id=project_id,
        field_id=field_id,
        source_id=source_id,
    )


def _ask(place: tuple[int, str, int], asked: int, key: str) -> None:
    project_id, field_id, source_id = place
    # Whoever came to answer finds one box to write in, not two.
    folded = st.expander(say("Ask something else"), icon=":material/forum:") if asked else nullcontext()
    # Named anew once it was sent: a form that is refused keeps what was typed, one that was sent is empty.
    with folded, st.form(f"{key}:ask:{asked}", border=False):
        text = st.text_area(
            say("Ask the team about this"),
            key=f"{key}:ask:text:{asked}",
            height="content",
            placeholder=say("What is unclear?"),
        )
        if st.form_submit_button(say("Ask"), icon=":material/send:"):
            perform(
                actions.ask,
                done=say("Asked. The team finds it on My work."),
                project_id=project_id,
                field_id=field_id,
                source_id=source_id,
                text=text or "",
            )


def thread_block(thread: ThreadView, key: str) -> None:
    """One thread: what was said, oldest first, and what this person can do about it."""
    key = f"{key}:{thread.id}"
    with st.container(border=True, gap="xsmall", key=key):
        st.markdown(_said(thread), anchors=False)
        if not (thread.may_reply or thread.may_resolve or thread.may_reopen):
            return
        _answer(thread, key)


def _said(thread: ThreadView) -> str:
    """As one element: a long thread must not slow the page down."""
    now = identity.now()
    turn = say(":violet-badge[:material/reply: Waits for you]") if thread.my_turn else ""
    state = turn or (
        say(":blue-badge[:material/forum: Open]")
        if thread.is_open
        else say(":green-badge[:material/check: Resolved]")
    )
    changed = (
        say(" :orange-badge[:material/history: The answer changed since]") if thread.answer_changed else ""
    )
    lines = [f"{state}{changed}"]
    lines += [f"{plain(each.text)}  \n:small[:gray[{plain(_by(each, now))}]]" for each in thread.messages]
    if thread.resolved_at is not None:
        resolved = say(
            "Resolved by {person}, {moment}", person=thread.resolved_by, moment=exact(thread.resolved_at)
        )
        lines.append(f":small[:gray[{plain(resolved)}]]")
    return "\n\n".join(lines)


def _by(message: Message, now: datetime) -> str:
    return f"{message.who}, {ago(message.at, now)}"


def _answer(thread: ThreadView, key: str) -> None:
    """One box for a reply or a last word: which of them, the button says."""
    key = f"{key}:{len(thread.messages)}:{thread.is_open}"
    if not thread.is_open:
        _reopen(thread, key)
        return
    with st.form(f"{key}:form", border=False):
        text = st.text_area(
            say("Your answer"),
            key=f"{key}:text",
            height="content",
            label_visibility="collapsed",
            placeholder=say("Your answer"),
        )
        with st.container(horizontal=True, gap="small"):
            said = thread.may_reply and st.form_submit_button(say("Reply"), icon=":material/reply:")
            resolved = thread.may_resolve and st.form_submit_button(say("Resolve"), icon=":material/check:")
    if said:
        perform(actions.reply, done=say("Sent."), thread_id=thread.id, text=text or "")
    elif resolved:
        perform(actions.resolve, done=say("Resolved."), thread_id=thread.id, text=text or "")


def _reopen(thread: ThreadView, key: str) -> None:
    """Folded away: what is resolved takes little room."""
    with (
        st.popover(say("Not resolved?"), icon=":material/undo:", type="tertiary"),
        st.form(f"{key}:form", border=False),
    ):
        text = st.text_area(say("What is still open"), key=f"{key}:text", height="content")
        again = st.form_submit_button(say("Open again"), icon=":material/undo:")
    if again:
        perform(actions.reopen, done=say("Open again."), thread_id=thread.id, text=text or "")


# ------------------------------------------------------------------ under review


def badge(marks: Mapping[tuple[int, str], Mark], place: Place) -> str:
    """At an answer under review: nothing where nobody asked."""
    mark = marks.get((place.source_id, place.field_id))
    if mark is None:
        return ""
    colour = "violet" if mark.open else "gray"
    return f" :{colour}[:material/forum: {label(mark)}]"


def of_review(project_id: int, places: Sequence[Place], *, may_ask: bool) -> None:
    """The threads about these answers, open ones in full, and a way to ask about any of them."""
    marks = marks_of(project_id)
    concerned = [place for place in places if (place.source_id, place.field_id) in marks]
    if not concerned and not (may_ask and places):
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(say("Questions and answers"), anchor=False, width="content")
        if may_ask and places:
            # Named anew once it was asked: it closes, and what was asked is not hidden beneath it.
            number = sum(mark.threads for mark in marks.values())
            box = st.popover(
                say("Ask about an answer"), icon=":material/forum:", key=f"review-ask:box:{number}"
            )
            with box:
                _choose_and_ask(project_id, places, number)
    if not concerned:
        st.caption(
            say("Nobody asked about these answers. The team sees a question at once, beside the answer.")
        )
    for place in concerned:
        with st.expander(
            f"{plain(place.title)} · {label(marks[place.source_id, place.field_id])}",
            expanded=bool(marks[place.source_id, place.field_id].open),
        ):
            for thread in _threads(project_id, place.field_id, place.source_id):
                thread_block(thread, f"review-thread:{place.key}")


def _choose_and_ask(project_id: int, places: Sequence[Place], number: int) -> None:
    titles = {place.key: place.title for place in places}
    with st.form(f"review-ask:{project_id}:{number}", border=False):
        chosen = st.selectbox(
            say("About"),
            list(titles),
            index=None,
            format_func=lambda name: titles.get(name, name),
            key=f"review-ask:about:{number}",
            placeholder=say("Choose an answer"),
        )
        text = st.text_area(say("What is unclear"), key=f"review-ask:text:{number}", height="content")
        if not st.form_submit_button(say("Ask"), icon=":material/send:"):
            return
    if chosen is None:
        st.warning(say("Choose the answer you ask about."))
        return
    field_id, _, source_id = chosen.partition("@")
    perform(
        actions.ask,
        done=say("Asked. The team finds it on My work."),
        project_id=project_id,
        field_id=field_id,
        source_id=int(source_id or 0),
        text=text or "",
    )
