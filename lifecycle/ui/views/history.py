"""Everything that happened in a project, in words, newest first; one answer's versions; all signatures."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from lifecycle.language import counted, say
from lifecycle.queries import history as queries
from lifecycle.queries.history import EventLine
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, identity, navigation
from lifecycle.ui.components import day, empty_state, exact, page_header, plain, text_in_row
from lifecycle.ui.methods import way_in
from lifecycle.ui.views import elsewhere, exports, findings, signatures
from lifecycle.vocabulary import Gate

_LONGEST = 240


def show(project: ProjectHead) -> None:
    """Events, signatures, or the versions of the answer that the address names."""
    page_header(
        say("History"),
        about=say(
            "{project}. The log only grows: nothing in it is ever altered or deleted. Times are UTC.",
            project=project.name,
        ),
    )
    parts = {say("Events"): _events, say("Signatures"): _signatures, say("One answer"): _answer}
    tabs = st.tabs(list(parts), key="history", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw(project)
                if draw is _events:
                    exports.show(project)


# ------------------------------------------------------------------ events


def _events(project: ProjectHead) -> None:
    before = navigation.here("before") or ""
    page = cache.read_now(
        queries.events,
        by=identity.actor(),
        at=identity.now(),
        guide=cache.guide(),
        key=project.key,
        before=int(before) if before.isdecimal() else None,
    )
    came = elsewhere.found(project)
    if came:
        st.info(elsewhere.sentence(came), icon=":material/upload_file:")
    if not page.events and not came:
        empty_state(
            say("Nothing happened yet"),
            say("Every change of this project will be listed here."),
            icon="timeline",
        )
    for on, lines in groupby(page.events, key=lambda line: line.at.date()):
        st.markdown(f"**{day(on)}**", anchors=False)
        with st.container(gap="xsmall"):
            for line in lines:
                _event(line, project)
    with st.container(horizontal=True):
        if before and st.button(say("Newest"), icon=":material/first_page:", key="history:newest"):
            navigation.go("history", project=project.key)
        if page.older is not None and st.button(
            say("Older"), icon=":material/arrow_forward:", key="history:older"
        ):
            navigation.go("history", project=project.key, before=page.older)


def _event(line: EventLine, project: ProjectHead) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="small", wrap=False):
        st.markdown(f":small[:gray[{line.at:%H:%M}]]", width=44, anchors=False)
        text_in_row(_words(line))
        if line.place is not None:
            findings.jump(
                line.place, project=project.key, key=f"event:{line.sequence}", label=line.place.field_id
            )
        elif line.gate is not None:
            _to_gate(line.gate, line.sequence, project)


def _to_gate(gate: Gate, sequence: int, project: ProjectHead) -> None:
    if st.button(say("Gate"), key=f"event:{sequence}:gate", type="tertiary", help=gate.title):
        navigation.go("gate", project=project.key, gate=gate.value)


def _words(line: EventLine) -> str:
    """Who did what; for an answer what it was and what it became; then what followed from it."""
    lines = [f"{plain(line.sentence)} :small[:gray[{plain(line.who)}]]"]
    if line.after is not None and line.before != line.after:
        lines.append(f":small[:gray[{_short(line.before)} →] {_short(line.after)}]")
    lines += [
        f":small[:orange[:material/subdirectory_arrow_right: {plain(said)}]]" for said in line.consequences
    ]
    return "  \n".join(lines)


def _short(text: str | None) -> str:
    text = " ".join((text or say("No answer")).split())
    return plain(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


# ------------------------------------------------------------------ signatures


def _signatures(project: ProjectHead) -> None:
    records = cache.read_now(
        queries.signatures, by=identity.actor(), at=identity.now(), guide=cache.guide(), key=project.key
    )
    theirs = elsewhere.found(project)
    if theirs:
        elsewhere.show(theirs)
    if not records and not theirs:
        empty_state(
            say("Nobody has signed yet"), say("Ask for reviews at the gate of this project."), icon="draw"
        )
    if not records:
        return
    st.caption(
        say(
            "{records}, newest first. None is ever edited or deleted.",
            records=counted(len(records), "signature record"),
        )
    )
    for record in records:
        signatures.signature(record)


# ------------------------------------------------------------------ one answer


def _answer(project: ProjectHead) -> None:
    guide = cache.guide()
    asked = navigation.here("field")
    field_id = st.selectbox(
        say("Question"),
        [field.id for field in guide.fields.values() if not field.is_of_source],
        index=None,
        format_func=lambda name: f"{name} · {guide.field(name).title}" if name in guide.fields else name,
        key="history:field",
        placeholder=f"{asked} …" if asked else say("Choose a question"),
        width=520,
    )
    chosen = field_id or (asked if asked in guide.fields else None)
    if chosen is None:
        st.caption(say("Choose a question to see every version of its answer."))
        return
    source = navigation.here("source") or ""
    versions = cache.read_now(
        queries.answer_changes,
        by=identity.actor(),
        at=identity.now(),
        guide=guide,
        key=project.key,
        field_id=chosen,
        source_id=int(source) if source.isdecimal() and not field_id else 0,
    )
    st.header(plain(guide.field(chosen).title), anchor=False)
    if not versions:
        st.caption(say("It was never answered."))
    for version in versions:
        with st.container(border=True, gap="xsmall"):
            before, after = st.columns(2)
            before.markdown(
                say(":small[:gray[Before]]  \n:gray[{before}]", before=plain(version.before)), anchors=False
            )
            after.markdown(say(":small[:gray[After]]  \n{after}", after=plain(version.after)), anchors=False)
            method = "" if version.method == "web" else say(" · by {way}", way=way_in(version.method))
            back = say(" · brought back") if version.restored_from else ""
            st.caption(plain(f"{version.who}, {exact(version.at)}{method}{back}"))
