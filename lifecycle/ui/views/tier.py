"""The risk tier with its points, as "because you answered…"."""

from __future__ import annotations

import streamlit as st

from lifecycle.queries.overview import ProjectOverview
from lifecycle.ui.components import counted, plain
from lifecycle.ui.views import findings

MOST = 8
_WAY = ":material/arrow_forward:"
_WORDS = {1: "little at stake", 2: "moderate", 3: "high", 4: "very high"}


def show(view: ProjectOverview) -> None:
    """The tier that rules go by, what the points propose, and why."""
    st.header("Risk tier", anchor=False)
    known = f"**Tier {view.tier}**, {_WORDS[view.tier]}" if view.tier else "**Not known yet**"
    proposal = view.proposal
    if proposal is None:
        st.markdown(
            f"{known}. The points propose one once the questions about effect are answered.", anchors=False
        )
        return
    agrees = (
        "as the points propose" if proposal.tier == view.tier else f"the points propose tier {proposal.tier}"
    )
    st.markdown(
        f"{known}; {agrees} ({proposal.points} of {counted(proposal.maximum, 'point')}).", anchors=False
    )
    _whence(view, proposal.tier)
    why = st.expander("Because you answered …", icon=":material/balance:", key="tier:why", on_change="rerun")
    if not why.open:
        return
    with why:
        for item in sorted(proposal.because, key=lambda item: -item.points)[:MOST]:
            st.markdown(f"{plain(item.text)} :small[:gray[{item.field} · {counted(item.points, 'point')}]]")
        for item in proposal.relieved_by:
            st.markdown(f":green[:material/shield:] {plain(item.text)} :small[:gray[{item.field}]]")


def _whence(view: ProjectOverview, proposed: int) -> None:
    """Who said the tier and why; where the points propose another, whether that takes an approver and who it was."""
    answer = view.tier_answer
    if answer is None or view.tier is None:
        return
    why = f": “{answer.why}”" if answer.why else "."
    said = f"Answered by {answer.person} on {answer.at:%Y-%m-%d}{why}"
    with st.container(gap="xsmall"):
        st.caption(f"{plain(said)} {plain(_agreed(view, view.tier, proposed))}".rstrip())
        if st.button(plain(answer.place.short_title), key="tier:answer", type="tertiary", icon=_WAY):
            findings.to_place(answer.place, view.project.key)


def _agreed(view: ProjectOverview, tier: int, proposed: int) -> str:
    chosen = view.tier_choice
    if chosen and chosen.tier <= tier:
        return (
            f"{chosen.approver} agreed to tier {chosen.tier} where the points proposed {chosen.proposed}, "
            f"on {chosen.at:%Y-%m-%d}: “{chosen.reason}”"
        )
    if tier > proposed:
        return "The team takes more care than the points ask for; that needs no approval."
    if tier < proposed:
        return (
            f"Less than the points ask for: from the Design gate on, an approver of level {proposed} "
            "has to agree, with a reason."
        )
    return ""
