"""Plan: what the go-live date asks of everybody before it, what is late already, and what another date would do."""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.actions import plans as actions
from lifecycle.errors import Invalid
from lifecycle.queries import plans as queries
from lifecycle.queries.plans import Observed, PlanView
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.forecasting import Forecast
from lifecycle.rules.planning import GatePlan
from lifecycle.ui import cache, identity, upkeep
from lifecycle.ui.components import counted, day, key_figures, page_header, plain, refusal, until
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.views import imported, plan_what_if, schedule


def show(project: ProjectHead) -> None:
    """The whole page."""
    if not project.is_adopted:
        imported.not_yet(project, "Plan")
        return
    seen = observed()
    view = cache.read_with_guide(
        queries.plan,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=project.key,
        observed=seen,
    )
    page_header("Plan", about=project.name)
    for sentence in _sentences(view):
        st.markdown(plain(sentence), anchors=False)
    if figures := _figures(view):
        key_figures(figures)
    schedule.time_line(view)
    schedule.ask_by(view)
    _gates(view)
    if view.schedule.gates and view.forecast:
        plan_what_if.show(view, seen)
    schedule.fixed(view)


def observed() -> Observed:
    """Lead times and stage lengths seen in this organisation, as of the last change anywhere."""
    return cache.read(queries.observed, today=upkeep.today(identity.now()))


# ------------------------------------------------------------------ what it comes to


def _sentences(view: PlanView) -> list[str]:
    planned = [plan for plan in view.schedule.gates if plan.on and not plan.is_derived]
    if not planned and view.schedule.go_live is None:
        return ["No gate has a date yet. Give the go-live one, and the plan works backwards from there."]
    said = [_next(view, planned)] if planned else []
    if view.schedule.go_live and view.forecast:
        said.append(_go_live(view.schedule.go_live, view.forecast, view.today))
    return [*said, _late(view)]


def _next(view: PlanView, planned: list[GatePlan]) -> str:
    nearest = min(planned, key=lambda plan: plan.on or date.max)
    return f"Next is {nearest.gate.title}, {until(nearest.on or view.today, view.today)}."


def _go_live(planned: date, found: Forecast, today: date) -> str:
    chance = round((found.chance or 0) * 100)
    said = f"Go-live is planned for {day(planned)}, {until(planned, today)}. "
    if chance >= 85:
        return said + f"At the usual pace it holds in {chance} of 100 cases."
    return (
        said + f"At the usual pace it holds in {chance} of 100 cases; "
        f"{found.likely_on.isoformat()} is as likely as not, {found.safe_on.isoformat()} holds in 85."
    )


def _late(view: PlanView) -> str:
    late = view.schedule.late
    if not late:
        return "Nobody has been asked too late."
    worst = max(late, key=lambda review: review.days_late)
    return (
        f"{counted(len(late), 'review comes', 'reviews come')} too late for the dates below. The latest is "
        f"{worst.role.title} at {worst.gate.title}, by {counted(worst.days_late, 'working day')}."
    )


def _figures(view: PlanView) -> list[tuple[str, str, str]]:
    found = view.forecast
    if found is None:
        return []
    planned = view.schedule.go_live
    chance = "–" if found.chance is None else f"{found.chance:.0%}"
    slowest = found.slowest
    basis = f"{slowest.observed} seen here" if slowest.observed else "by the guide's default"
    return [
        ("Planned go-live", planned.isoformat() if planned else "–", "question D37, or the Launch gate"),
        ("As likely as not by", found.likely_on.isoformat(), "the median"),
        ("85 of 100 cases by", found.safe_on.isoformat(), "of simulated runs"),
        ("Chance of the planned date", chance, f"{found.runs:,} runs"),
        ("Takes the longest", slowest.stage.title, f"{slowest.typical} working days, {basis}"),
    ]


# ------------------------------------------------------------------ dates of the gates


def _gates(view: PlanView) -> None:
    """One row for each gate ahead: its date, whose date it is, and whether its stage gets its time."""
    st.header("Dates of the gates", anchor=False)
    may_plan = "plans.set_date" in view.may
    if view.proposed and may_plan:
        _take_over(view)
    for plan in view.schedule.gates:
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            note = plain(_when(plan, view.today))
            st.markdown(
                f"**{plan.gate.title}**  \n:small[:gray[{note}]]{_shortage(plan)}",
                width="content",
                anchors=False,
            )
            if may_plan:
                _date_form(plan, view)


def _when(plan: GatePlan, today: date) -> str:
    if plan.on is None:
        return "No date yet"
    if plan.is_derived:
        return f"By {day(plan.on)} at the latest, to keep what comes after it"
    return f"Planned for {day(plan.on)}, {until(plan.on, today)}"


def _shortage(plan: GatePlan) -> str:
    if not plan.days_short or plan.days_left is None:
        return ""
    left = counted(max(plan.days_left, 0), "working day")
    return f"  \n:small[:orange[:material/hourglass_bottom: {left} for what usually takes {plan.days_usual}]]"


def _take_over(view: PlanView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Dates that nobody set follow from the go-live date.", width="content")
        if st.button("Set the proposed dates", key="plan:take-over", icon=":material/event_available:"):
            perform(
                actions.set_dates,
                done="The proposed dates are set.",
                project_id=view.project.id,
                dates=view.proposed,
            )


def _date_form(plan: GatePlan, view: PlanView) -> None:
    key = f"plan:{plan.gate}"
    target = view.targets.get(plan.gate)
    with st.form(key, border=False, width="content"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            on_date = st.date_input(
                f"Date of {plan.gate.title}",
                value=target,
                format="YYYY-MM-DD",
                key=f"{key}:{target}",
                label_visibility="collapsed",
                width=160,
            )
            submitted = st.form_submit_button("Set", help=f"Set the date of {plan.gate.title}")
            cleared = target is not None and st.form_submit_button("Clear", type="tertiary")
        if cleared:
            perform(
                actions.clear_date,
                done=f"{plan.gate.title} has no date any more.",
                project_id=view.project.id,
                gate=plan.gate,
            )
        elif submitted and on_date is None:
            refusal(Invalid({"date": "Choose the day first."}))
        elif submitted:
            perform(
                actions.set_date,
                done=f"{plan.gate.title} is planned for {on_date}.",
                project_id=view.project.id,
                gate=plan.gate,
                on_date=on_date,
            )
