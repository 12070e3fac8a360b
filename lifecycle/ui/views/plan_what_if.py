"""Trying another go-live date: what moves with it, and which checks would fail or pass. Nothing is stored."""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.language import say, say_count
from lifecycle.queries import plans as queries
from lifecycle.queries.plans import MovedPlan, Observed, PlanView
from lifecycle.rules.planning import Consequence, ReviewPlan, Schedule
from lifecycle.ui import cache, identity
from lifecycle.ui.components import day, plain
from lifecycle.ui.project import chains
from lifecycle.vocabulary import Gate, Role


def show(view: PlanView, observed: Observed) -> None:
    """A date to try, and beneath it what it would change."""
    st.header(say("What if it goes live on another day?"), anchor=False)
    with (
        st.form(f"plan:{view.project.id}:what-if", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        tried = st.date_input(
            say("Go-live to try"),
            value=None,
            min_value=view.today,
            format="YYYY-MM-DD",
            key=f"plan:{view.project.id}:try",
            width=200,
        )
        st.form_submit_button(say("Show what moves"), icon=":material/swap_horiz:")
    if not isinstance(tried, date) or tried == view.schedule.go_live:
        st.caption(say("Choose a day to see which dates move and which checks turn. Nothing is saved."))
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
    said = say(
        "Live on {day}, {late}; as planned now, {late_now}.",
        day=day(tried),
        late=_late(after),
        late_now=_late(before),
    )
    st.markdown(plain(f"{said} {_chances(view, moved)}".strip()), anchors=False)


def _chances(view: PlanView, moved: MovedPlan) -> str:
    if moved.forecast is None or moved.forecast.chance is None:
        return ""
    chance = round(moved.forecast.chance * 100)
    now = view.forecast.chance if view.forecast else None
    if now is None:
        return say("The date holds in {chance} of 100 cases.", chance=chance)
    return say(
        "The date holds in {chance} of 100 cases, the planned one in {now}.",
        chance=chance,
        now=round(now * 100),
    )


def _late(reviews: int) -> str:
    if not reviews:
        return say("no review is too late")
    return say_count("{number:,} review comes too late", "{number:,} reviews come too late", reviews)


def _dates(view: PlanView, moved: MovedPlan) -> None:
    before = {(each.gate, each.role): each for each in view.schedule.reviews}
    rows = [
        _row(say("{gate} gate", gate=plan.gate.title), was, plan.on)
        for plan in moved.schedule.gates
        if (was := _gate_date(view.schedule, plan.gate)) != plan.on
    ]
    rows += [
        _row(
            say("Ask {role} for {gate}", role=review.role.title, gate=review.gate.title),
            _last_call(before, review),
            review.last_call,
        )
        for review in moved.schedule.reviews
        if review.last_call != _last_call(before, review)
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True, alt=say("Dates that would move"))


def _gate_date(schedule: Schedule, gate: Gate) -> date | None:
    return next((plan.on for plan in schedule.gates if plan.gate is gate), None)


def _last_call(known: dict[tuple[Gate, Role], ReviewPlan], review: ReviewPlan) -> date | None:
    was = known.get((review.gate, review.role))
    return was.last_call if was else None


def _row(what: str, before: date | None, after: date | None) -> dict[str, str]:
    shift = (after - before).days if after and before else None
    return {
        say("What"): what,
        say("Now"): day(before) if before else "–",
        say("Then"): day(after) if after else "–",
        say("Moves"): say("{shift:+d} days", shift=shift) if shift is not None else "",
    }


def _checks(found: tuple[Consequence, ...]) -> None:
    for each in found:
        mark = (
            say(":red[:material/cancel: Would fail]")
            if each.fails
            else say(":green[:material/check_circle: Would pass]")
        )
        said = " ".join(each.sentences) or each.title
        st.markdown(f"{mark} **{each.check_id}** {plain(said)}", anchors=False)
