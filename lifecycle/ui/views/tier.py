"""The risk tier with its points, as "because you answered…"."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import counted, mark, say
from lifecycle.queries.overview import ProjectOverview
from lifecycle.ui.components import plain
from lifecycle.ui.views import findings

MOST = 8
_WAY = ":material/arrow_forward:"
_WORDS = {1: mark("little at stake"), 2: mark("moderate"), 3: mark("high"), 4: mark("very high")}


def show(view: ProjectOverview) -> None:
    """The tier that rules go by, what the points propose, and why."""
    st.header(say("Risk tier"), anchor=False)
    known = (
        say("**Tier {tier}**, {words}", tier=view.tier, words=_WORDS[view.tier])
        if view.tier
        else say("**Not known yet**")
    )
    proposal = view.proposal
    if proposal is None:
        st.markdown(
            say("{known}. The points propose one once the questions about effect are answered.", known=known),
            anchors=False,
        )
        return
    agrees = (
        say("as the points propose")
        if proposal.tier == view.tier
        else say("the points propose tier {tier}", tier=proposal.tier)
    )
    st.markdown(
        say(
            "{known}; {agrees} ({points} of {most}).",
            known=known,
            agrees=agrees,
            points=proposal.points,
            most=counted(proposal.maximum, "point"),
        ),
        anchors=False,
    )
    _whence(view, proposal.tier)
    why = st.expander(
        say("Because you answered …"), icon=":material/balance:", key="tier:why", on_change="rerun"
    )
    if not why.open:
        return
    with why:
        for item in sorted(proposal.because, key=lambda item: -item.points)[:MOST]:
            points = counted(item.points, "point")
            st.markdown(f"{plain(item.text)} :small[:gray[{item.field} · {points}]]")
        for item in proposal.relieved_by:
            st.markdown(f":green[:material/shield:] {plain(item.text)} :small[:gray[{item.field}]]")


def _whence(view: ProjectOverview, proposed: int) -> None:
    """Who said the tier and why; where the points propose another, whether that takes an approver and who it was."""
    answer = view.tier_answer
    if answer is None or view.tier is None:
        return
    day = answer.at.date()
    if answer.why:
        said = say("Answered by {person} on {day}: “{why}”", person=answer.person, day=day, why=answer.why)
    else:
        said = say("Answered by {person} on {day}.", person=answer.person, day=day)
    with st.container(gap="xsmall"):
        st.caption(f"{plain(said)} {plain(_agreed(view, view.tier, proposed))}".rstrip())
        if st.button(plain(answer.place.short_title), key="tier:answer", type="tertiary", icon=_WAY):
            findings.to_place(answer.place, view.project.key)


def _agreed(view: ProjectOverview, tier: int, proposed: int) -> str:
    chosen = view.tier_choice
    if chosen and chosen.tier <= tier:
        return say(
            "{approver} agreed to tier {tier} where the points proposed {proposed}, on {day}: “{reason}”",
            approver=chosen.approver,
            tier=chosen.tier,
            proposed=chosen.proposed,
            day=chosen.at.date(),
            reason=chosen.reason,
        )
    if tier > proposed:
        return say("The team takes more care than the points ask for; that needs no approval.")
    if tier < proposed:
        return say(
            "Less than the points ask for: from the Design gate on, an approver of level "
            "{proposed} has to agree, with a reason.",
            proposed=proposed,
        )
    return ""
