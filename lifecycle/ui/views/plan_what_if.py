"""Trying another go-live date: what moves with it, and which checks would fail or pass. Nothing is stored."""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.queries import plans as queries
from lifecycle.queries.plans import MovedPlan, Observed, PlanView
from lifecycle.rules.planning import Consequence, ReviewPlan, Schedule
from lifecycle.ui import cache, identity
from lifecycle.ui.components import counted, day, plain
from lifecycle.ui.project import chains
from lifecycle.vocabulary import Gate, Role


def show(view: PlanView, observed: Observed) -> None:
    """A date to try, and beneath it what it would change."""
    st.header("What if it goes live on another day?", anchor=False)
    with (
        st.form(f"plan:{view.project.id}:what-if", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        tried = st.date_input(
            "Go-live to try",
            value=None,
            min_value=view.today,
            format="YYYY-MM-DD",
            key=f"plan:{view.project.id}:try",
            width=200,
        )
        st.form_submit_button("Show what moves", icon=":material/swap_horiz:")
    if not isinstance(tried, date) or tried == view.schedule.go_live:
        st.caption("Choose a day to see which dates move and which checks turn. Nothing is saved.")
        return
    moved = cache.read_with_guide(
        queries.moved,
        *chains(view.project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=view.project.key,
        observed=observed,
        go_live=tried,
    )
    _said(view, moved, tried)
    _dates(view, moved)
    _checks(moved.consequences)


def _said(view: PlanView, moved: MovedPlan, tried: date) -> None:
    before, after = len(view.schedule.late), len(moved.schedule.late)
    said = f"Live on {day(tried)}, {_late(after)}; as planned now, {_late(before)}."
    if moved.forecast and moved.forecast.chance is not None:
        said += f" The date holds in {round(moved.forecast.chance * 100)} of 100 cases"
        now = view.forecast.chance if view.forecast else None
        said += f", the planned one in {round(now * 100)}." if now is not None else "."
    st.markdown(plain(said), anchors=False)


def _late(reviews: int) -> str:
    return (
        f"{counted(reviews, 'review comes', 'reviews come')} too late" if reviews else "no review is too late"
    )


def _dates(view: PlanView, moved: MovedPlan) -> None:
    before = {(each.gate, each.role): each for each in view.schedule.reviews}
    rows = [
        _row(f"{plan.gate.title} gate", was, plan.on)
        for plan in moved.schedule.gates
        if (was := _gate_date(view.schedule, plan.gate)) != plan.on
    ]
    rows += [
        _row(f"Ask {review.role.title} for {review.gate.title}", _last_call(before, review), review.last_call)
        for review in moved.schedule.reviews
        if review.last_call != _last_call(before, review)
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True, alt="Dates that would move")


def _gate_date(schedule: Schedule, gate: Gate) -> date | None:
    return next((plan.on for plan in schedule.gates if plan.gate is gate), None)


def _last_call(known: dict[tuple[Gate, Role], ReviewPlan], review: ReviewPlan) -> date | None:
    was = known.get((review.gate, review.role))
    return was.last_call if was else None


def _row(what: str, before: date | None, after: date | None) -> dict[str, str]:
    shift = (after - before).days if after and before else None
    return {
        "What": what,
        "Now": day(before) if before else "–",
        "Then": day(after) if after else "–",
        "Moves": f"{shift:+d} days" if shift is not None else "",
    }


def _checks(found: tuple[Consequence, ...]) -> None:
    for each in found:
        mark = (
            ":red[:material/cancel: Would fail]"
            if each.fails
            else ":green[:material/check_circle: Would pass]"
        )
        said = " ".join(each.sentences) or each.title
        st.markdown(f"{mark} **{each.check_id}** {plain(said)}", anchors=False)
