"""Where a project stands: the track of its gates, the five areas of one gate, and the strip of its reviewers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from lifecycle.language import counted, mark, say
from lifecycle.ui import navigation, standing
from lifecycle.ui.components import exact, plain, until
from lifecycle.ui.standing import Mark
from lifecycle.vocabulary import Area, Gate, Level, Role, SignOffStatus

_SENTENCES = {
    Level.BLOCKED: mark("{gate} is blocked."),
    Level.NOT_STARTED: mark("{gate} is not started."),
    Level.IN_PROGRESS: mark("{gate} is in progress."),
    Level.WAITING: mark("{gate} waits for sign-offs alone."),
    Level.CONDITIONAL: mark("{gate} can go on, with something owed."),
    Level.READY: mark("{gate} is ready to be decided."),
    Level.PASSED: mark("{gate} is passed."),
}
_NOT_HERE = Mark(mark("Not asked at this gate"), "gray", "remove")


@dataclass(frozen=True, slots=True)
class Step:
    """One gate on the track."""

    gate: Gate
    level: Level
    target: date | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What one role amounts to at a gate. `names` are those who hold it or were asked."""

    role: Role
    status: SignOffStatus | None  # None: this gate does not ask the role
    since: datetime | None
    names: str


def sentence(gate: Gate, level: Level, weakest: Area, share: int) -> str:
    """Readiness in words: "Discovery is blocked. Weakest: checks, 92 % of them settled."."""
    said = say(_SENTENCES[level], gate=gate.title)
    if level in (Level.READY, Level.PASSED) or share == 1000:
        return said
    area = say("Weakest area: {area}, {percent} there.", area=weakest.title.lower(), percent=percent(share))
    return f"{said} {area}"


def percent(share: int) -> str:
    """Per mille as whole per cent, rounded down so that 100 % means all of it."""
    return say("{share} %", share=share // 10)


def track(steps: Sequence[Step], *, project: str, today: date) -> None:
    """The gates in order, each with its level and target date; a press opens the gate."""
    with st.grid(len(steps), min_column_width=120, gap="small"):
        for step in steps:
            mark = standing.LEVELS[step.level]
            with st.container(gap="xxsmall"):
                pressed = st.button(
                    short(step.gate),
                    key=f"track:{step.gate}",
                    type="primary" if step.is_current else "secondary",
                    width="stretch",
                    help=step.gate.title,
                )
                if pressed:
                    navigation.go("gate", project=project, gate=step.gate.value)
                planned = ""
                if step.target and step.level is not Level.PASSED:
                    planned = f" :gray[· {_due(step.target, today)}]"
                st.markdown(f":small[{mark.text}{planned}]", anchors=False)


def _due(target: date, today: date) -> str:
    how_far = until(target, today)
    return how_far if target < today else say("due {until}", until=how_far)


def short(gate: Gate) -> str:
    """For a narrow button."""
    return {Gate.DESIGN: say("Design"), Gate.MODEL: say("Model")}.get(gate, gate.title)


def areas(shares: Mapping[Area, int], weakest: Area) -> None:
    """The five shares; the smallest of them is the readiness."""
    for area in Area:
        share = shares[area]
        mark = ":green[:material/check_circle:]" if share == 1000 else ":gray[:material/clock_loader_40:]"
        if area is weakest and share < 1000:
            mark = ":orange[:material/south_east:]"
        note = f" · {say('weakest')}" if area is weakest and share < 1000 else ""
        st.progress(share / 1000, text=f"{mark} {area.title} {percent(share)}{note}")


def strip(reviewers: Sequence[Reviewer], now: datetime) -> None:
    """The reviewing roles side by side."""
    with st.grid(2, min_column_width=130, gap="small"):
        for one in reviewers:
            mark = standing.SIGN_OFFS[one.status] if one.status else _NOT_HERE
            with st.container(gap=None):
                st.markdown(f"**{one.role.title}**", anchors=False)
                st.markdown(f":small[{mark.text}{_for_how_long(one, now)}]", anchors=False)
                if one.names:
                    st.caption(plain(one.names), help=exact(one.since) if one.since else None)


def _for_how_long(one: Reviewer, now: datetime) -> str:
    if one.since is None or one.status not in (SignOffStatus.WAITING, SignOffStatus.STALE):
        return ""
    return f" :gray[{counted((now - one.since).days, 'day')}]"
