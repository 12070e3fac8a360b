"""The outcome of a gate: go, send back, stop; what bars each stands beside its form, the same the action says."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import gates as actions
from lifecycle.errors import Invalid
from lifecycle.language import counted, say
from lifecycle.queries.gates import GateView
from lifecycle.ui import navigation, standing
from lifecycle.ui.components import plain, refusal
from lifecycle.ui.perform import perform
from lifecycle.ui.views import signatures
from lifecycle.vocabulary import Blocker, Gate, Outcome, Role, Stage

MOST_REASONS = 8


def show(view: GateView) -> None:
    """The forms while the gate is open, and what was decided before."""
    if view.is_current and view.project.is_open and view.gate is Gate.OPERATE:
        _operate(view)
        _tier(view)
    elif view.is_current and view.project.is_open:
        go, back, stop = st.columns(3, border=True)
        with go:
            _go(view)
        with back:
            _send_back(view)
        with stop:
            _stop(view)
        _tier(view)
    elif view.project.gate:
        st.caption(
            say(
                "Only the gate that the project works towards, {gate}, can be decided.",
                gate=view.project.gate.title,
            )
        )
    if view.outcomes:
        st.header(say("Decided at this gate"), anchor=False)
        for record in view.outcomes:
            signatures.outcome(record)
    elif not view.is_current:
        st.caption(say("Nothing was decided at this gate."))


def _operate(view: GateView) -> None:
    """The recurring gate is decided where its evidence stands, so that the two are kept together."""
    st.markdown(
        say(
            "What comes of the review (approve again, restrict, send back, retire) is recorded on the page Operation, "
            "beside what is known of the product."
        ),
        anchors=False,
    )
    if st.button(say("Open the review"), icon=":material/gavel:", key="outcome:operation", type="primary"):
        navigation.go("operation", project=view.project.key)
    _why_not(_against(view, Outcome.GO))


def _against(view: GateView, outcome: Outcome) -> tuple[Blocker, ...]:
    return next(choice.against for choice in view.choices if choice.outcome is outcome)


def _why_not(against: tuple[Blocker, ...]) -> None:
    """The reasons for the disabled button, in the order in which the rules give them."""
    for blocker in against[:MOST_REASONS]:
        st.markdown(f":small[:material/block: {plain(blocker.text)}]", anchors=False)
    if len(against) > MOST_REASONS:
        st.caption(say("and {reasons}", reasons=counted(len(against) - MOST_REASONS, "more reason")))


def _heading(outcome: Outcome, words: str) -> None:
    mark = standing.OUTCOMES[outcome]
    st.markdown(f"**:{mark.colour}[{mark.material}] {words}**", anchors=False)


def _go(view: GateView) -> None:
    against = _against(view, Outcome.GO)
    _heading(Outcome.GO, say("Go"))
    owed = any(item.state == "open" for item in view.conditions)
    with st.form("go", border=False):
        chosen = st.radio(
            say("Outcome"),
            [Outcome.GO.value, Outcome.GO_WITH_CONDITIONS.value],
            index=1 if owed else 0,
            format_func=lambda name: Outcome(name).title,
            key="go:outcome",
            label_visibility="collapsed",
        )
        reason = st.text_area(say("Reason (if any)"), key="go:reason")
        if st.form_submit_button(say("Record go"), type="primary", disabled=bool(against)):
            perform(
                actions.decide,
                done=say(
                    "{gate} is decided: {outcome}.",
                    gate=view.gate.title,
                    outcome=Outcome(chosen).title.lower(),
                ),
                project_id=view.project.id,
                gate=view.gate,
                outcome=Outcome(chosen),
                reason=reason,
            )
    _why_not(against)


def _send_back(view: GateView) -> None:
    against = _against(view, Outcome.RECYCLE)
    _heading(Outcome.RECYCLE, say("Send back"))
    with st.form("recycle", border=False):
        stage = st.selectbox(
            say("To which stage"),
            [stage.value for stage in view.stages_back],
            index=None,
            format_func=lambda name: Stage(name).title,
            key="recycle:stage",
            placeholder=say("Choose"),
        )
        reason = st.text_area(say("Why"), key="recycle:reason")
        if st.form_submit_button(say("Send back"), disabled=bool(against)):
            perform(
                actions.decide,
                done=say("The project is sent back."),
                project_id=view.project.id,
                gate=view.gate,
                outcome=Outcome.RECYCLE,
                reason=reason,
                to_stage=Stage(stage) if stage else None,
            )
    _why_not(against)


def _stop(view: GateView) -> None:
    against = _against(view, Outcome.STOP)
    _heading(Outcome.STOP, say("Stop"))
    with st.form("stop", border=False):
        st.caption(
            say(
                "Stopping because the evidence says so is a good outcome: it frees people for what will work."
            )
        )
        reason = st.text_area(say("What the evidence says"), key="stop:reason")
        if st.form_submit_button(say("Stop here"), disabled=bool(against)):
            perform(
                actions.decide,
                done=say("The project is stopped. What was learned stays."),
                project_id=view.project.id,
                gate=view.gate,
                outcome=Outcome.STOP,
                reason=reason,
            )
    _why_not(against)


# ------------------------------------------------------------------ tier


def _tier(view: GateView) -> None:
    """Another tier than the points propose, with its reason; for an approver alone."""
    if (
        "gates.choose_tier" not in view.may
        or Role.APPROVER not in view.project.roles
        or view.proposal is None
    ):
        return
    with st.expander(say("Choose another risk tier"), icon=":material/tune:"), st.form("tier", border=False):
        st.caption(say("The points propose tier {tier}.", tier=view.proposal.tier))
        tier = st.selectbox(
            say("Tier"), [1, 2, 3, 4], index=None, key="tier:tier", placeholder=say("Choose"), width=160
        )
        reason = st.text_area(say("Why"), key="tier:reason")
        if st.form_submit_button(say("Choose this tier")):
            if tier is None:
                refusal(Invalid({"tier": say("Choose a tier.")}))
                return
            perform(
                actions.choose_tier,
                done=say("The tier is chosen."),
                project_id=view.project.id,
                tier=tier,
                reason=reason,
            )
