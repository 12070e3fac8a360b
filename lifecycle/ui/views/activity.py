"""What changed lately in the projects that this person may read."""

from __future__ import annotations

from datetime import date, datetime
from itertools import groupby

import streamlit as st

from lifecycle.language import say
from lifecycle.queries import history
from lifecycle.queries.history import ActivityLine
from lifecycle.ui import cache, components, identity, navigation
from lifecycle.ui.components import plain

_BEFORE = "before"


def show() -> None:
    """The whole page; older events stand at an address of their own."""
    now = identity.now()
    components.page_header(
        say("Activity"), about=say("Every change in the projects you may read, newest first. Times are UTC.")
    )
    found = cache.read_now(
        history.activity, by=identity.actor(), at=now, guide=cache.guide(), before=_before()
    )
    if not found.lines:
        components.empty_state(
            say("Nothing has happened yet"),
            say("Every answer, review, sign-off and decision appears here the moment it is made."),
            icon="history",
            action=say("Register a project"),
            to="new-project",
        )
    for day, lines in groupby(found.lines, key=lambda line: line.event.at.date()):
        st.header(_day(day, now), anchor=False)
        with st.container(gap="xsmall"):
            for line in lines:
                _line(line)
    _pages(found.older)


def _before() -> int | None:
    text = navigation.here(_BEFORE) or ""
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _day(day: date, now: datetime) -> str:
    days = (now.date() - day).days
    return {0: say("Today"), 1: say("Yesterday")}.get(days) or components.day(day)


def _line(line: ActivityLine) -> None:
    event = line.event
    what, where = st.columns([5, 2], vertical_alignment="center", gap="small")
    said = f":small[:gray[{event.at:%H:%M}]] **{plain(event.who)}** · "
    said += plain(components.one_line(event.sentence, 200))
    if event.consequences:
        said += f"  \n:small[:gray[{plain(' '.join(event.consequences))}]]"
    what.markdown(said, anchors=False)
    label = components.one_line(line.project_name, 40)
    if where.button(plain(label), key=f"activity:{line.id}", type="tertiary", icon=":material/flag:"):
        navigation.go("project", project=line.project_key)


def _pages(older: int | None) -> None:
    with st.container(horizontal=True):
        if _before() is not None and st.button(
            say("Newest"), icon=":material/first_page:", key="activity:newest"
        ):
            navigation.go("activity")
        if older is not None and st.button(
            say("Older"), icon=":material/chevron_right:", key="activity:older"
        ):
            navigation.go("activity", before=older)
