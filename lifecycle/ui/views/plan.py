"""Plan: what the go-live date asks of everybody before it, what is late already, and what another date would do."""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.actions import plans as actions
from lifecycle.errors import Invalid
from lifecycle.language import counted, say, say_count, written_number
from lifecycle.queries import plans as queries
from lifecycle.queries.plans import Observed, PlanView
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.forecasting import Forecast, StageShare
from lifecycle.rules.planning import GatePlan, Timing
from lifecycle.ui import cache, identity, upkeep
from lifecycle.ui.components import day, key_figures, page_header, plain, refusal, until
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.views import imported, plan_what_if, schedule


def show(project: ProjectHead) -> None:
    """The whole page."""
    if not project.is_adopted:
        imported.not_yet(project, say("Plan"))
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
    page_header(say("Plan"), about=project.name)
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
    if not view.targets and view.schedule.go_live is None:
        return [say("No gate has a date yet. Give the go-live one, and the plan works backwards from there.")]
    said = []
    if view.schedule.go_live and view.forecast:
        said.append(_go_live(view.schedule.go_live, view.forecast, view.today))
    return [*said, _late(view)]


def _go_live(planned: date, found: Forecast, today: date) -> str:
    chance = round((found.chance or 0) * 100)
    longest = found.slowest
    return say(
        "Go-live is planned for {planned}, {until}. At the usual pace that date holds in "
        "{chance} of 100 cases. {stage} takes the longest of what is left: {days}, {basis}.",
        planned=day(planned),
        until=until(planned, today),
        chance=chance,
        stage=longest.stage.title,
        days=counted(longest.typical, "working day"),
        basis=_basis(longest),
    )


def _basis(longest: StageShare) -> str:
    if not longest.observed:
        return say("by the guide's default, no such stage having been finished here")
    return say_count(
        "after {number:,} such stage finished here and the guide's default",
        "after {number:,} such stages finished here and the guide's default",
        longest.observed,
    )


def _late(view: PlanView) -> str:
    """Who would come too late; else who has to be asked now."""
    late = view.schedule.late
    if late:
        worst = max(late, key=lambda review: review.days_late)
        return say_count(
            "{number:,} review comes too late for the dates below; the latest is {role} at {gate}, by {days}.",
            "{number:,} reviews come too late for the dates below; the latest is {role} at {gate}, by {days}.",
            len(late),
            role=worst.role.title,
            gate=worst.gate.title,
            days=counted(worst.days_late, "working day"),
        )
    now = [review for review in view.schedule.reviews if review.timing is Timing.TIGHT]
    if now:
        roles = ", ".join(
            say("{role} at {gate}", role=review.role.title, gate=review.gate.title) for review in now
        )
        return say("Ask now: {roles}. Nobody is too late yet.", roles=roles)
    return say("Everybody can still be asked in time.")


def _figures(view: PlanView) -> list[tuple[str, str, str]]:
    found = view.forecast
    if found is None:
        return []
    planned = view.schedule.go_live
    chance = "–" if found.chance is None else written_number(f"{found.chance:.0%}")
    return [
        (say("Planned go-live"), planned.isoformat() if planned else "–", say("as answered or set")),
        (say("Chance of that"), chance, say("in {runs:,} simulated runs", runs=found.runs)),
        (say("Likely by"), found.likely_on.isoformat(), say("in half of the runs")),
        (say("Safe by"), found.safe_on.isoformat(), say("in 85 of 100 runs")),
    ]


# ------------------------------------------------------------------ dates of the gates


def _gates(view: PlanView) -> None:
    """One row for each gate ahead: its date, whose date it is, and whether its stage gets its time."""
    st.header(say("Dates of the gates"), anchor=False)
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
        return say("No date yet")
    if plan.is_derived:
        return say("By {on} at the latest, to keep what comes after it", on=day(plan.on))
    return say("Planned for {on}, {until}", on=day(plan.on), until=until(plan.on, today))


def _shortage(plan: GatePlan) -> str:
    if not plan.days_short or plan.days_left is None:
        return ""
    left = say(
        "{days} for what usually takes {usual}",
        days=counted(max(plan.days_left, 0), "working day"),
        usual=plan.days_usual,
    )
    return f"  \n:small[:orange[:material/hourglass_bottom: {left}]]"


def _take_over(view: PlanView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(say("Dates that nobody set follow from the go-live date."), width="content")
        if st.button(say("Set the proposed dates"), key="plan:take-over", icon=":material/event_available:"):
            perform(
                actions.set_dates,
                done=say("The proposed dates are set."),
                project_id=view.project.id,
                dates=view.proposed,
            )


def _date_form(plan: GatePlan, view: PlanView) -> None:
    key = f"plan:{plan.gate}"
    target = view.targets.get(plan.gate)
    with st.form(key, border=False, width="content"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            on_date = st.date_input(
                say("Date of {gate}", gate=plan.gate.title),
                value=target,
                format="YYYY-MM-DD",
                key=f"{key}:{target}",
                label_visibility="collapsed",
                width=160,
            )
            submitted = st.form_submit_button(
                say("Set"), help=say("Set the date of {gate}", gate=plan.gate.title)
            )
            cleared = target is not None and st.form_submit_button(say("Clear"), type="tertiary")
        if cleared:
            perform(
                actions.clear_date,
                done=say("{gate} has no date any more.", gate=plan.gate.title),
                project_id=view.project.id,
                gate=plan.gate,
            )
        elif submitted and on_date is None:
            refusal(Invalid({"date": say("Choose the day first.")}))
        elif submitted:
            perform(
                actions.set_date,
                done=say("{gate} is planned for {on_date}.", gate=plan.gate.title, on_date=on_date),
                project_id=view.project.id,
                gate=plan.gate,
                on_date=on_date,
            )
