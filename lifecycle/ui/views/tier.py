"""The risk tier with its points, as "because you answered…"."""

from __future__ import annotations

import streamlit as st

from lifecycle.queries.overview import ProjectOverview
from lifecycle.ui.components import counted, plain

MOST = 8
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
    if view.tier_choice:
        chosen = view.tier_choice
        st.caption(plain(f"Tier {chosen.tier} was chosen by {chosen.approver}: {chosen.reason}"))
    why = st.expander("Because you answered …", icon=":material/balance:", key="tier:why", on_change="rerun")
    if not why.open:
        return
    with why:
        for item in sorted(proposal.because, key=lambda item: -item.points)[:MOST]:
            st.markdown(f"{plain(item.text)} :small[:gray[{item.field} · {counted(item.points, 'point')}]]")
        for item in proposal.relieved_by:
            st.markdown(f":green[:material/shield:] {plain(item.text)} :small[:gray[{item.field}]]")
