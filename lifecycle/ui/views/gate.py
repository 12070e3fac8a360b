"""One gate: how ready it is, what stands in the way, who signs, what is owed, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st

from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import gates as queries
from lifecycle.queries import worksheets
from lifecycle.queries.gates import GateView
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, identity, navigation, standing, state
from lifecycle.ui.components import blocker_list, page_header, plain, until
from lifecycle.ui.project import chains
from lifecycle.ui.unfolding import is_wanted
from lifecycle.ui.views import (
    conditions,
    evidence,
    findings,
    imported,
    outcome,
    readiness,
    requests,
    signatures,
)
from lifecycle.vocabulary import Gate, Level, Outcome, ProjectStatus, SignOffStatus

_NUMBER = " :gray["  # begins what a tab says beside its name
OPEN = (mark("Reviews"), mark("Checks"), mark("Conditions"), mark("Documents"), mark("Outcome"))


def show(project: ProjectHead) -> None:
    """The gate that the address names, else the one the project works towards."""
    if not project.is_adopted:
        imported.not_yet(project, say("Gate"))
        return
    view = cache.read_with_guide(
        queries.view,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=project.key,
        gate=_named(),
    )
    page_header(
        say("{gate} gate", gate=view.gate.title),
        about=f"{project.name}. {_exit_question(view.gate)}",
        mark=_mark(view),
        actions=lambda: _ways(view),
    )
    _switch(view)
    left, right = st.columns([5, 3], gap="large")
    with left:
        _in_the_way(view)
    with right:
        _how_ready(view)
    _parts(view)


def _mark(view: GateView) -> standing.Mark:
    """What has ended reads so at each of its gates."""
    if view.project.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        return standing.STATUSES[view.project.status]
    return standing.LEVELS[view.level]


def _named() -> Gate | None:
    named = navigation.here("gate")
    return Gate(named) if named in list(Gate) else None


def _exit_question(gate: Gate) -> str:
    return cache.guide().worksheet(gate.stage).exit_question


def _ways(view: GateView) -> None:
    if st.button(say("Worksheet"), icon=":material/edit_note:", key="gate:worksheet"):
        navigation.go("worksheet", project=view.project.key, stage=view.gate.stage.value)
    if st.button(say("Project"), icon=":material/flag:", key="gate:project"):
        navigation.go("project", project=view.project.key)


def _switch(view: GateView) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for gate in Gate:
            current = gate is view.project.gate
            pressed = st.button(
                readiness.short(gate),
                key=f"gate:{gate.value}",
                type="primary" if gate is view.gate else "secondary",
                icon=":material/flag:" if current else None,
                help=say("The project works towards this gate") if current else None,
            )
            if pressed:
                navigation.go("gate", project=view.project.key, gate=gate.value)


# ------------------------------------------------------------------ at a glance


def _in_the_way(view: GateView) -> None:
    st.header(say("What stands in the way"), anchor=False)
    if not view.is_current and view.project.gate:
        st.caption(_elsewhere(view))
    if not view.blockers:
        st.markdown(say(":green[:material/check_circle:] Nothing. The gate can be decided."), anchors=False)
        return
    blocker_list(view.blockers, project=view.project.key, guide=cache.guide(), most=6, here=view.gate)


def _elsewhere(view: GateView) -> str:
    """Why nothing is decided here; a passed gate that opened again says so."""
    gate = view.project.gate.title if view.project.gate else ""
    passed = [made for made in view.outcomes if made.outcome in (Outcome.GO, Outcome.GO_WITH_CONDITIONS)]
    if view.is_passed and passed and view.level is not Level.PASSED:
        return say(
            "The gate was passed on {day:%Y-%m-%d} and has opened again since: what is below has "
            "to be settled. The project itself stays in {gate}.",
            day=passed[0].at,
            gate=gate,
        )
    return say("The project works towards {gate}; this gate is not open now.", gate=gate)


def _how_ready(view: GateView) -> None:
    st.header(say("How ready it is"), anchor=False)
    said = readiness.sentence(view.gate, view.level, view.weakest, view.readiness)
    st.markdown(plain(said), anchors=False)
    readiness.areas(view.shares, view.weakest)
    if view.target_on:
        st.caption(
            say(
                "Planned for {day}, {until}",
                day=view.target_on.isoformat(),
                until=until(view.target_on, view.today),
            )
        )
    tier = say("Tier {tier}", tier=view.tier) if view.tier else say("The tier is not known yet")
    st.caption(
        say(
            "{tier}: {sign_offs} needed here.",
            tier=tier,
            sign_offs=counted(sum(role.is_required for role in view.roles), "sign-off"),
        )
    )


# ------------------------------------------------------------------ the parts


def _reviews(view: GateView) -> None:
    requests.show(view)
    _signed(view)


def _parts(view: GateView) -> None:
    """Five parts as tabs; each says in its name how much there is to do."""
    key = f"gate:parts:{view.gate}"
    labels = {name: _tab(name, view) for name in OPEN}
    # A tab is known by its label, and that changes with what is done in it.
    before = str(state.value(key) or "").partition(_NUMBER)[0]
    shown = next((name for name in OPEN if say(name) == before), None)
    if shown is not None and state.value(key) != labels[shown]:
        state.put(key, labels[shown])
    for name, tab in zip(OPEN, st.tabs(list(labels.values()), key=key, on_change="rerun"), strict=True):
        if is_wanted(tab, f"{key}:{name!s}"):
            with tab:
                _PARTS[name](view)


def _tab(name: str, view: GateView) -> str:
    valid = (SignOffStatus.SIGNED, SignOffStatus.CONDITIONAL)
    required = [role for role in view.roles if role.is_required]
    said = {
        "Reviews": f"{sum(role.status in valid for role in required)}/{len(required)}",
        "Checks": say_count("{number} failing", "{number} failing", len(findings.failing(view.findings))),
        "Conditions": say_count(
            "{number} open", "{number} open", sum(item.state == "open" for item in view.conditions)
        ),
        "Documents": "",  # no number: its list looks for new ones by itself, and the name would lag behind
        "Outcome": view.outcomes[0].outcome.title.lower() if view.outcomes else "",
    }[name]
    return f"{say(name)}{_NUMBER}{said}]" if said else say(name)


def _signed(view: GateView) -> None:
    if view.signatures:
        st.header(say("Signed so far"), anchor=False)
        for record in view.signatures:
            signatures.signature(record)


def _checks(view: GateView) -> None:
    enforced = [item for item in view.fails if item.is_enforced and not item.is_accepted]
    advice = [item for item in view.fails if not item.is_enforced and not item.is_accepted]
    accepted = [item for item in view.findings if item.is_accepted]
    unclear = [item for item in view.cannot_tell if item.is_enforced and not item.is_accepted]
    for title, items, most in (
        (say("Fails, and holds at this gate"), enforced, 30),
        (say("Cannot tell for want of answers"), unclear, 5),
        (say("Will fail at a later gate"), advice, 10),
        (say("Accepted"), accepted, 10),
    ):
        if items:
            st.header(title, anchor=False)
            findings.show(items, project=view.project, most=most, accept_at=view.gate)
    if not (enforced or unclear or advice or accepted):
        st.markdown(say(":green[:material/check_circle:] No check fails."), anchors=False)
    _waivers(view)
    passing = [item for item in view.passes if item.is_enforced]
    if passing:
        with st.expander(
            counted(len(passing), "check passes", "checks pass"), icon=":material/check_circle:"
        ):
            st.markdown(
                "\n".join(f"- {plain(item.title)} :gray[:small[{item.check_id}]]" for item in passing)
            )


def _waivers(view: GateView) -> None:
    if view.waivers or view.reasons:
        st.header(say("Waivers and reasons"), anchor=False)
    for waiver in view.waivers:
        findings.waiver(waiver, may_revoke="gates.revoke_waiver" in view.may)
    for reason in view.reasons:
        holds = "" if reason.holds else say(" · lapsed: an answer has changed since")
        signed = f"{reason.check_id} · {reason.title} · {reason.by}, {reason.at:%Y-%m-%d}{holds}"
        st.markdown(f"{plain(reason.reason)}  \n:small[:gray[{plain(signed)}]]", anchors=False)


def _conditions(view: GateView) -> None:
    if not view.conditions:
        st.caption(say("No decision asked for a condition here."))
    conditions.show(
        view.conditions,
        today=view.today,
        may_meet="gates.meet_condition" in view.may,
        may_drop="gates.withdraw_condition" in view.may,
        may_reopen="gates.reopen_condition" in view.may,
    )
    if "gates.add_condition" in view.may:
        conditions.add(view.project.id, view.gate, cache.read(worksheets.known_people))


def _documents(view: GateView) -> None:
    evidence.show_gate(view.project, view.gate)


_PARTS: Mapping[str, Callable[[GateView], None]] = MappingProxyType(
    {
        "Reviews": _reviews,
        "Checks": _checks,
        "Conditions": _conditions,
        "Documents": _documents,
        "Outcome": outcome.show,
    }
)
